//! A line of figures drawn with letters: one for each slot of time, a dot where there is none.

use super::draw::scale;

/// From nothing to the most.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// No value in that slot; never drawn as zero.
pub const NO_SAMPLE: char = '·';

/// One letter for each value, zero or the least below it at the bottom and the greatest at the top.
pub fn drawn(values: &[Option<f64>]) -> String {
    let range = scale::with_zero(scale::extent(values.iter().flatten().copied()).unwrap_or_default());
    let letter = |value: &Option<f64>| match value {
        Some(value) if scale::is_drawable(*value) => {
            let height = (scale::height(*value, range) * (HEIGHTS.len() - 1) as f64).round() as usize;
            HEIGHTS.get(height).copied().unwrap_or(NO_SAMPLE)
        }
        _ => NO_SAMPLE,
    };
    values.iter().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_at_the_bottom_and_what_is_missing_is_no_zero() {
        let values = [None, Some(0.0), Some(50.0), Some(100.0), Some(f64::NAN), Some(-1.0)];
        assert_eq!(drawn(&values), "·▁▅█·▁");
        assert_eq!(drawn(&[Some(0.0), None]), "▁·");
        assert_eq!(drawn(&[Some(7.0), Some(7.0)]), "██");
        assert_eq!(drawn(&[Some(-7.0), Some(0.0)]), "▁█");
        assert_eq!(drawn(&[None, None]), "··");
        assert_eq!(drawn(&[]), "");
    }
}
