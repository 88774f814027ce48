//! How long things took, in buckets that every process has alike.

use std::time::Duration;

/// Upper ends of the buckets, milliseconds: from a job that does nothing to half an hour. What took longer is in one more.
const ENDS: [u64; 20] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000,
];

/// Counts by bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram([u64; ENDS.len() + 1]);

/// Milliseconds; the same three numbers that the API shows.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Percentiles {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Histogram {
    pub fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0[ENDS.partition_point(|end| end * 1000 < micros)] += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// `None` if nothing was counted.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let all = self.count();
        let at = |share: f64| self.below((all as f64 * share).max(1.0));
        (all > 0).then(|| Percentiles { p50: at(0.5), p95: at(0.95), p99: at(0.99) })
    }

    /// The time that so many stayed below, within its bucket as if they were spread evenly there.
    fn below(&self, rank: f64) -> f64 {
        let mut passed = 0.0;
        for (bucket, count) in self.0.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = *count as f64;
            if passed + count >= rank {
                let low = bucket.checked_sub(1).map_or(0, |before| ENDS[before]) as f64;
                // Of what is beyond the last end nothing more is known.
                let high = ENDS.get(bucket).map_or(low, |end| *end as f64);
                return low + (high - low) * (rank - passed) / count;
            }
            passed += count;
        }
        ENDS[ENDS.len() - 1] as f64
    }

    /// Pairs of bucket and count, without those that are empty.
    pub(super) fn pairs(&self) -> Vec<(usize, u64)> {
        self.0.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect()
    }

    /// What is no bucket is left out.
    pub(super) fn of_pairs(pairs: &[(usize, u64)]) -> Self {
        let mut histogram = Self::default();
        for (bucket, count) in pairs {
            if let Some(place) = histogram.0.get_mut(*bucket) {
                *place = place.saturating_add(*count);
            }
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        millis.into_iter().for_each(|millis| histogram.add(Duration::from_millis(millis)));
        histogram
    }

    #[test]
    fn r52_percentiles_are_within_their_buckets() {
        assert_eq!(of([]).percentiles(), None);
        let even = of(1..=100).percentiles().unwrap();
        assert!((20.0..=50.0).contains(&even.p50) && (50.0..=100.0).contains(&even.p95), "{even:?}");
        assert!(even.p95 <= even.p99 && even.p99 <= 100.0, "{even:?}");
        let mostly = of(std::iter::repeat_n(3, 98).chain([900, 40_000])).percentiles().unwrap();
        assert!((2.0..=5.0).contains(&mostly.p50) && (2.0..=5.0).contains(&mostly.p95), "{mostly:?}");
        assert!((500.0..=1000.0).contains(&mostly.p99), "{mostly:?}");
    }

    #[test]
    fn r52_an_end_belongs_to_its_bucket_and_nothing_is_too_long() {
        assert_eq!(of([0, 1]).pairs(), [(0, 2)]);
        assert_eq!(of([2, 3]).pairs(), [(1, 1), (2, 1)]);
        let endless = Histogram::of_pairs(&[(20, 1), (21, 7), (9999, 7)]);
        assert_eq!(endless, of([u64::MAX]));
        assert_eq!(endless.percentiles().unwrap().p99, 2_000_000.0);
    }

    #[test]
    fn r52_to_merge_is_to_count_together() {
        let mut merged = of([1, 70, 3000]);
        merged.merge(&of([70, 9_000_000]));
        assert_eq!(merged, of([1, 70, 70, 3000, 9_000_000]));
        assert_eq!(Histogram::of_pairs(&merged.pairs()), merged);
    }
}
