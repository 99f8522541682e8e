//! A line of figures drawn with letters: one for each slot of time, a dot where there is none.

/// From nothing to the most.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// No value in that slot; never drawn as zero.
pub const NO_SAMPLE: char = '·';

/// One letter for each value, zero at the bottom and the greatest at the top.
pub fn drawn(values: &[Option<f64>]) -> String {
    let most = values.iter().flatten().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let letter = |value: &Option<f64>| match value {
        Some(value) if value.is_finite() && most > 0.0 => {
            let height = (value.max(0.0) / most * (HEIGHTS.len() - 1) as f64).round() as usize;
            HEIGHTS.get(height).copied().unwrap_or(NO_SAMPLE)
        }
        Some(value) if value.is_finite() => HEIGHTS[0],
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
        assert_eq!(drawn(&[]), "");
    }
}
