//! The sum of a precursor's fragments over its height in MS1: the column sum that a dictionary of
//! fragments has, up to a factor that the run itself tells.

use cofactor_core::statistics::median;

use crate::tuning::{CASES_OF_YIELD, LEAST_YIELD_SPREAD};

/// Standard deviation of a normal distribution over its median absolute deviation.
const PER_MEDIAN: f64 = 1.4826;

/// A log-normal yield.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Yield {
    /// Mean of the natural logarithm.
    pub(crate) log_mean: f64,
    /// Standard deviation of the natural logarithm.
    pub(crate) spread: f64,
}

impl Yield {
    /// Before anything is seen: half of the precursor, within a factor of four or five.
    pub(crate) const EXPECTED: Self = Self { log_mean: -0.7, spread: 1.5 };

    /// Median and median deviation of the `logarithms` of yields, drawn to these.
    pub(crate) fn learnt(self, logarithms: &[f64]) -> Self {
        let Some(middle) = median(&mut logarithms.to_vec()) else { return self };
        let mut away: Vec<f64> = logarithms.iter().map(|log| (log - middle).abs()).collect();
        let spread = PER_MEDIAN * median(&mut away).unwrap_or(0.0);
        let cases = logarithms.len() as f64;
        let drawn = |found: f64, expected: f64| {
            (cases * found + CASES_OF_YIELD * expected) / (cases + CASES_OF_YIELD)
        };
        Self {
            log_mean: drawn(middle, self.log_mean),
            spread: drawn(spread.powi(2), self.spread.powi(2)).sqrt().max(LEAST_YIELD_SPREAD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_cases_are_believed_and_few_are_not() {
        let expected = Yield { log_mean: 0.0, spread: 1.0 };
        assert_eq!(expected.learnt(&[]), expected);
        let few = expected.learnt(&[3.0]);
        assert!(few.log_mean < 1.0, "{few:?}");
        let cases: Vec<f64> =
            (0..400).map(|i| 3.0 + 0.3 * (f64::from(i % 21) - 10.0) / 10.0).collect();
        let many = expected.learnt(&cases);
        assert!((many.log_mean - 3.0).abs() < 0.05 && many.spread < 0.4, "{many:?}");
    }
}
