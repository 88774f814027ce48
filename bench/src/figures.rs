//! Medians and percentiles.

/// The middle value; of an even number the mean of the two in the middle. Zero of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// Smallest and largest. Zeros of nothing.
pub fn range(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().min_by(f64::total_cmp).unwrap_or_default();
    let most = values.iter().copied().max_by(f64::total_cmp).unwrap_or_default();
    (least, most)
}

/// The smallest value that at least `percent` of all do not exceed (nearest rank). Zero of nothing.
pub fn percentile(sorted: &[u64], percent: f64) -> u64 {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_any_order() {
        for (values, expected) in
            [(&[][..], 0.0), (&[7.0], 7.0), (&[3.0, 1.0], 2.0), (&[9.0, 1.0, 5.0], 5.0), (&[4.0, 1.0, 3.0, 2.0], 2.5)]
        {
            assert_eq!(median(values).to_bits(), f64::to_bits(expected), "{values:?}");
        }
    }

    #[test]
    fn the_range_is_the_least_and_the_most() {
        assert_eq!(range(&[3.0, -1.0, 2.0]), (-1.0, 3.0));
        assert_eq!(range(&[]), (0.0, 0.0));
    }

    #[test]
    fn a_percentile_is_a_value_that_was_seen() {
        let hundred: Vec<u64> = (1..=100).collect();
        for (percent, expected) in [(0.0, 1), (1.0, 1), (50.0, 50), (50.5, 51), (99.0, 99), (99.1, 100), (100.0, 100)] {
            assert_eq!(percentile(&hundred, percent), expected, "{percent}");
        }
        assert_eq!(percentile(&[5], 99.0), 5);
        assert_eq!(percentile(&[1, 9], 50.0), 1);
        assert_eq!(percentile(&[], 50.0), 0);
    }
}
