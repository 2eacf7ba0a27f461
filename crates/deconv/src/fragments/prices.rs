//! What an atom has to be worth in a row, in units of log-likelihood.

use crate::index::AtomIx;
use crate::tuning::{LEAST_PRICE, YIELD_FREEDOM};

/// What the atoms have to be worth in a row.
pub(crate) struct Prices {
    /// Of an entry, by atom.
    entries: Vec<f64>,
    /// What is expected of the sum of each atom's fragments, where anything is.
    sums: Vec<Option<ExpectedSum>>,
}

/// What is expected of the sum of an atom's fragments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpectedSum {
    /// Sum of those in other rows, and the detection limit.
    pub(crate) rest: f64,
    /// Mean of the natural logarithm of the sum.
    pub(crate) log_mean: f64,
    /// Standard deviation of it.
    pub(crate) spread: f64,
}

impl Prices {
    pub(crate) fn new(entries: Vec<f64>, sums: Vec<Option<ExpectedSum>>) -> Self {
        Self { entries, sums }
    }

    /// The same for all `atoms`, whatever their sums.
    pub(crate) fn flat(price: f64, atoms: usize) -> Self {
        Self::new(vec![price; atoms], vec![None; atoms])
    }

    /// Of an entry of that height.
    pub(crate) fn price(&self, atom: AtomIx, height: f64) -> f64 {
        let sum = self.sums[atom.0].map_or(0.0, |sum| sum.price(height));
        (self.entries[atom.0] + sum).max(LEAST_PRICE)
    }
}

impl ExpectedSum {
    /// How much less probable the sum is with a fragment of `height` than without.
    fn price(self, height: f64) -> f64 {
        self.surprise(self.rest + height) - self.surprise(self.rest)
    }

    /// Negative logarithm of a density of Student's t: a sum that is far off is a compound unlike
    /// the others more probably than a normal distribution has it.
    fn surprise(self, sum: f64) -> f64 {
        let z = (sum.max(f64::MIN_POSITIVE).ln() - self.log_mean) / self.spread;
        0.5 * (YIELD_FREEDOM + 1.0) * (z * z / YIELD_FREEDOM).ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_is_expected_is_cheap_and_one_far_above_it_dear() {
        let sum = ExpectedSum { rest: 60.0, log_mean: 100_f64.ln(), spread: 0.5 };
        assert!(sum.price(40.0) < 0.0);
        assert!(sum.price(1e4) > 4.0 && sum.price(1e6) > sum.price(1e4));
        assert!(sum.price(0.0).abs() < 1e-12);
    }

    #[test]
    fn no_entry_is_free() {
        let sum = ExpectedSum { rest: 1.0, log_mean: 100_f64.ln(), spread: 0.1 };
        let prices = Prices::new(vec![1.0, 6.0], vec![Some(sum), None]);
        assert_eq!(prices.price(AtomIx(0), 99.0), LEAST_PRICE);
        assert_eq!(prices.price(AtomIx(1), 99.0), 6.0);
    }
}
