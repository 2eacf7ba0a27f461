//! Positive numbers that are log-normal: the sum of a precursor's fragments over its height in MS1,
//! which is the column sum that a dictionary of fragments has, up to a factor that the run itself
//! tells; heights of fragments.

use cofactor_core::statistics::{PER_MEDIAN_DEVIATION, median};

use crate::tuning::{CASES_OF_YIELD, LEAST_YIELD_SPREAD, YIELD_FREEDOM};

/// A log-normal distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LogNormal {
    /// Mean of the natural logarithm.
    pub(crate) log_mean: f64,
    /// Standard deviation of the natural logarithm.
    pub(crate) spread: f64,
}

impl LogNormal {
    /// A yield before anything is seen: half of the precursor, within a factor of four or five.
    pub(crate) const EXPECTED_YIELD: Self = Self { log_mean: -0.7, spread: 1.5 };

    /// That of numbers with these `logarithms`, if there are any.
    pub(crate) fn from_logarithms(logarithms: &[f64]) -> Option<Self> {
        let log_mean = median(&mut logarithms.to_vec())?;
        let mut away: Vec<f64> = logarithms.iter().map(|log| (log - log_mean).abs()).collect();
        let spread = PER_MEDIAN_DEVIATION * median(&mut away)?;
        Some(Self { log_mean, spread: spread.max(LEAST_YIELD_SPREAD) })
    }

    /// That of as many times these numbers.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { log_mean: self.log_mean + factor.ln(), ..self }
    }

    /// Negative logarithm of a density of Student's t, but for a constant: a number that is far off
    /// is unlike the others more probably than a normal distribution has it.
    pub(crate) fn surprise(self, number: f64) -> f64 {
        let z = (number.max(f64::MIN_POSITIVE).ln() - self.log_mean) / self.spread;
        0.5 * (YIELD_FREEDOM + 1.0) * (z * z / YIELD_FREEDOM).ln_1p() + self.spread.ln()
    }

    /// Median and median deviation of the `logarithms` of numbers, drawn to these.
    pub(crate) fn learnt(self, logarithms: &[f64]) -> Self {
        let Some(found) = Self::from_logarithms(logarithms) else { return self };
        let cases = logarithms.len() as f64;
        let drawn = |found: f64, expected: f64| {
            (cases * found + CASES_OF_YIELD * expected) / (cases + CASES_OF_YIELD)
        };
        Self {
            log_mean: drawn(found.log_mean, self.log_mean),
            spread: drawn(found.spread.powi(2), self.spread.powi(2)).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_cases_are_believed_and_few_are_not() {
        let expected = LogNormal { log_mean: 0.0, spread: 1.0 };
        assert_eq!(expected.learnt(&[]), expected);
        let few = expected.learnt(&[3.0]);
        assert!(few.log_mean < 1.0, "{few:?}");
        let cases: Vec<f64> =
            (0..400).map(|i| 3.0 + 0.3 * (f64::from(i % 21) - 10.0) / 10.0).collect();
        let many = expected.learnt(&cases);
        assert!((many.log_mean - 3.0).abs() < 0.05 && many.spread < 0.4, "{many:?}");
    }
}
