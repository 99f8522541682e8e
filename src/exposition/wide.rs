//! Bytes judged sixteen at a time: a page is judged byte by byte twice, for its line breaks and in its names, and nothing
//! else costs as much. What x86-64 always has (SSE2) does it in a third of the steps of plain arithmetic, which serves
//! other processors.

/// A bit for each byte that is a line break, the lowest for the first.
#[inline]
pub(super) fn breaks(block: &[u8; 64]) -> u64 {
    let quarters = block.as_chunks::<16>().0.iter().enumerate();
    quarters
        .fold(0, |found, (index, quarter)| found | u64::from(machine::either::<b'\n', b'\n'>(quarter)) << (16 * index))
}

/// How many bytes stand before the first one that `judge` gives a bit for; all of them when there is none.
#[inline]
pub(super) fn first(text: &[u8], judge: impl Fn(&[u8; 16]) -> u16) -> usize {
    let mut at = 0;
    while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let bits = judge(block);
        if bits != 0 {
            return at + bits.trailing_zeros() as usize;
        }
        at += 16;
    }
    at + first_of_few(&text[at..], judge)
}

#[cold]
fn first_of_few(text: &[u8], judge: impl Fn(&[u8; 16]) -> u16) -> usize {
    let mut block = [0; 16];
    block.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    text.len().min(judge(&block).trailing_zeros() as usize)
}

/// A bit for each byte that may not stand in a metric's name, the lowest for the first.
#[inline]
pub(super) fn outside_names(block: &[u8; 16]) -> u16 {
    // The colon comes after the nine.
    !machine::words::<b':'>(block)
}

/// The same for a label's name.
#[inline]
pub(super) fn outside_labels(block: &[u8; 16]) -> u16 {
    !machine::words::<b'9'>(block)
}

/// A bit for each quote and backslash.
#[inline]
pub(super) fn quotes(block: &[u8; 16]) -> u16 {
    machine::either::<b'"', b'\\'>(block)
}

#[cfg(target_arch = "x86_64")]
mod machine {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
        _mm_sub_epi8,
    };

    /// The bytes that are one of these two.
    #[inline]
    pub fn either<const ONE: u8, const OTHER: u8>(bytes: &[u8; 16]) -> u16 {
        #[inline]
        #[target_feature(enable = "sse2")]
        fn sse2<const ONE: u8, const OTHER: u8>(bytes: &[u8; 16]) -> u16 {
            let bytes = load(bytes);
            bits(_mm_or_si128(_mm_cmpeq_epi8(bytes, all(ONE)), _mm_cmpeq_epi8(bytes, all(OTHER))))
        }
        // SAFETY: every x86-64 has SSE2.
        unsafe { sse2::<ONE, OTHER>(bytes) }
    }

    /// Letters, underscores and what stands from `0` to `LAST`.
    #[inline]
    pub fn words<const LAST: u8>(bytes: &[u8; 16]) -> u16 {
        #[inline]
        #[target_feature(enable = "sse2")]
        fn sse2<const LAST: u8>(bytes: &[u8; 16]) -> u16 {
            let bytes = load(bytes);
            let letters = between(_mm_or_si128(bytes, all(0x20)), b'a', b'z');
            let digits = between(bytes, b'0', LAST);
            bits(_mm_or_si128(_mm_or_si128(letters, digits), _mm_cmpeq_epi8(bytes, all(b'_'))))
        }
        // SAFETY: every x86-64 has SSE2.
        unsafe { sse2::<LAST>(bytes) }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn load(bytes: &[u8; 16]) -> __m128i {
        let word = u128::from_le_bytes(*bytes);
        _mm_set_epi64x((word >> 64) as i64, word as i64)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn all(byte: u8) -> __m128i {
        _mm_set1_epi8(byte as i8)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn between(bytes: __m128i, first: u8, last: u8) -> __m128i {
        let above = _mm_sub_epi8(bytes, all(first));
        _mm_cmpeq_epi8(_mm_min_epu8(above, all(last - first)), above)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn bits(bytes: __m128i) -> u16 {
        _mm_movemask_epi8(bytes) as u16
    }
}

#[cfg(not(target_arch = "x86_64"))]
use plain as machine;

/// The same with eight bytes in a word.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod plain {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;

    pub fn either<const ONE: u8, const OTHER: u8>(bytes: &[u8; 16]) -> u16 {
        bits(bytes, |word| {
            let low = word & !HIGH;
            (between(low, ONE, ONE) | between(low, OTHER, OTHER)) & !word
        })
    }

    pub fn words<const LAST: u8>(bytes: &[u8; 16]) -> u16 {
        bits(bytes, |word| {
            let low = word & !HIGH;
            let letters = between(low | (ONES * 0x20), b'a', b'z');
            (letters | between(low, b'0', LAST) | between(low, b'_', b'_')) & !word
        })
    }

    /// Sets the high bit of each byte in these bounds. Without high bits in `word` no sum carries into the next byte.
    fn between(word: u64, first: u8, last: u8) -> u64 {
        (word + ONES * u64::from(0x80 - first)) & !(word + ONES * u64::from(0x7f - last))
    }

    /// The high bits of each byte that `judge` gives, side by side.
    fn bits(bytes: &[u8; 16], judge: impl Fn(u64) -> u64) -> u16 {
        let half = |word: &[u8; 8]| {
            let high = (judge(u64::from_le_bytes(*word)) & HIGH) >> 7;
            // The product brings the eight bits together in the highest byte.
            (high.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16
        };
        let (low, high) = bytes.split_at(8);
        let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, half);
        word(low) | word(high) << 8
    }
}

#[cfg(test)]
mod tests {
    use super::{first, machine, plain, quotes};

    #[test]
    fn every_byte_is_judged_right_wherever_it_stands_and_whatever_stands_beside_it() {
        for byte in 0..=u8::MAX {
            for at in 0..16 {
                for around in [0, b'\n', b'a', b'z', 0x7f, 0x80, 0xff] {
                    let mut bytes = [around; 16];
                    bytes[at] = byte;
                    let bits = |judge: fn(u8) -> bool| {
                        bytes.iter().rev().fold(0_u16, |bits, byte| bits << 1 | u16::from(judge(*byte)))
                    };
                    let check = |ours: [u16; 2], expected: u16| assert_eq!(ours, [expected; 2], "{bytes:?}");
                    let either = [machine::either::<b'"', b'\n'>(&bytes), plain::either::<b'"', b'\n'>(&bytes)];
                    check(either, bits(|byte| byte == b'"' || byte == b'\n'));
                    let names = [machine::words::<b':'>(&bytes), plain::words::<b':'>(&bytes)];
                    check(names, bits(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'));
                    let labels = [machine::words::<b'9'>(&bytes), plain::words::<b'9'>(&bytes)];
                    check(labels, bits(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
                }
            }
        }
    }

    #[test]
    fn the_first_byte_is_found_in_texts_of_any_length() {
        for length in 0..70 {
            for at in 0..=length {
                let mut text = vec![b'x'; length];
                text.iter_mut().skip(at).step_by(3).for_each(|byte| *byte = b'"');
                assert_eq!(first(&text, quotes), at, "{length}");
            }
        }
    }
}
