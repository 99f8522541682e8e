//! Where the lines of a page end: found for 64 bytes at a time, because half of the lines are shorter than what it costs
//! to start a search anew.

use super::wide::breaks;

/// The offsets of a page's line breaks, in order.
pub(super) struct Breaks<'p> {
    blocks: &'p [[u8; 64]],
    /// What is left behind the last whole block, made up with zeros; `None` once it was looked at.
    last: Option<[u8; 64]>,
    /// Where the next block begins.
    next: usize,
    /// The breaks of the block before that one which were not given yet, a bit each.
    found: u64,
}

impl<'p> Breaks<'p> {
    pub(super) fn new(page: &'p [u8]) -> Self {
        let (blocks, rest) = page.as_chunks();
        let mut last = [0; 64];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Self { blocks, last: Some(last), next: 0, found: 0 }
    }
}

impl Iterator for Breaks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            self.found = match self.blocks.split_first() {
                Some((block, rest)) => {
                    self.blocks = rest;
                    breaks(block)
                }
                None => breaks(&self.last.take()?),
            };
            self.next += 64;
        }
        let at = self.next - 64 + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte stands everywhere, beside those that differ from a line break by one bit or by one.
    fn page(length: usize) -> Vec<u8> {
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as u8
        };
        (0..length)
            .map(|_| if next() % 3 == 0 { [b'\n', 0x0b, 0x8a, 0x09, 0x00][next() as usize % 5] } else { next() })
            .collect()
    }

    #[test]
    fn every_line_break_is_found_and_nothing_else() {
        for length in (0..300).chain([4096, 4097]) {
            let page = page(length);
            let expected: Vec<usize> = (0..length).filter(|at| page[*at] == b'\n').collect();
            assert_eq!(Breaks::new(&page).collect::<Vec<_>>(), expected, "{length}");
        }
    }
}
