//! What an atom has to be worth in a row, in units of log-likelihood.

use crate::fragments::log_normal::LogNormal;
use crate::index::AtomIx;
use crate::tuning::{LEAST_PRICE, SAME_PRICE};

/// What the atoms have to be worth in a row.
#[derive(Clone)]
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
    pub(crate) sum: LogNormal,
}

impl Prices {
    pub(crate) fn new(entries: Vec<f64>, sums: Vec<Option<ExpectedSum>>) -> Self {
        Self { entries, sums }
    }

    /// The same for all `atoms`, whatever their sums.
    pub(crate) fn flat(price: f64, atoms: usize) -> Self {
        Self::new(vec![price; atoms], vec![None; atoms])
    }

    /// Whether they are about the same as others, where atoms have such heights or nothing.
    pub(crate) fn are(&self, others: &Self, heights: &[f64]) -> bool {
        let is_same = |atom: AtomIx, height: f64| {
            (self.price(atom, height) - others.price(atom, height)).abs() < SAME_PRICE
        };
        let mut atoms = heights.iter().enumerate().map(|(k, height)| (AtomIx(k), *height));
        atoms.all(|(atom, height)| is_same(atom, 0.0) && is_same(atom, height))
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
        self.sum.surprise(self.rest + height) - self.sum.surprise(self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around_100() -> LogNormal {
        LogNormal { log_mean: 100_f64.ln(), spread: 0.5 }
    }

    #[test]
    fn a_sum_that_is_expected_is_cheap_and_one_far_above_it_dear() {
        let sum = ExpectedSum { rest: 60.0, sum: around_100() };
        assert!(sum.price(40.0) < 0.0);
        assert!(sum.price(1e4) > 4.0 && sum.price(1e6) > sum.price(1e4));
        assert!(sum.price(0.0).abs() < 1e-12);
    }

    #[test]
    fn prices_are_the_same_if_nothing_that_they_are_asked_for_differs() {
        let sum = |rest: f64| Some(ExpectedSum { rest, sum: around_100() });
        let prices = |entry: f64, rest: f64| Prices::new(vec![6.0, entry], vec![sum(rest), None]);
        let known = prices(6.0, 60.0);
        assert!(prices(6.05, 61.0).are(&known, &[40.0, 0.0]));
        assert!(!prices(7.0, 60.0).are(&known, &[40.0, 0.0]), "an atom that the row has not");
        assert!(!prices(6.0, 300.0).are(&known, &[40.0, 0.0]));
        assert!(prices(6.0, 300.0).are(&known, &[0.0, 40.0]), "a sum says nothing of no entry");
    }

    #[test]
    fn no_entry_is_free() {
        let sum = ExpectedSum { rest: 1.0, sum: LogNormal { spread: 0.1, ..around_100() } };
        let prices = Prices::new(vec![1.0, 6.0], vec![Some(sum), None]);
        assert_eq!(prices.price(AtomIx(0), 99.0), LEAST_PRICE);
        assert_eq!(prices.price(AtomIx(1), 99.0), 6.0);
    }
}
