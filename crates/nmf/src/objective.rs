//! The divergence of one cell and of the whole problem.

use ndarray::{Array1, Array2, ArrayView2};

use crate::problem::{Level, Problem};

/// A datum below this, and a model value below this or this share of its datum, counts as zero: keeps ratios finite.
pub(crate) const TINY: f64 = 1e-250;

/// The least model value that counts beside the datum `x`.
pub(crate) fn least_model(x: f64) -> f64 {
    TINY * x.max(1.0)
}

/// `kl(x | y) = x log(x/y) − x + y` of one cell; for a censored cell the least over `[0, x]`, which is
/// 0 for `y ≤ x`.
pub fn cell_divergence(x: f64, y: f64, censored: bool) -> f64 {
    if censored && y <= x {
        return 0.0;
    }
    let y = y.max(least_model(x));
    if x > TINY { x * (x / y).ln() - x + y } else { y }
}

/// The datum that the updates see: a censored cell counts as its model value, capped at its limit.
#[inline]
pub(crate) fn effective_datum(x: f64, y: f64, censored: bool) -> f64 {
    if censored { x.min(y) } else { x }
}

/// Activations as one level samples them, `H · P` (K × T).
pub(crate) fn sampled(level: &Level, activations: &Array2<f64>) -> Array2<f64> {
    let mut out = Array2::zeros((activations.nrows(), level.sampling.len()));
    for (row, into) in activations.rows().into_iter().zip(out.rows_mut()) {
        level.sampling.sample_into(row, into);
    }
    out
}

/// Weighted divergence of one level given its model `y` (M × T); unobserved cells are not read.
pub(crate) fn level_divergence(level: &Level, model: ArrayView2<f64>) -> f64 {
    let rows: Array1<f64> = (0..level.data.nrows())
        .map(|m| {
            (0..level.data.ncols())
                .filter(|&t| level.weight[(m, t)] > 0.0)
                .map(|t| {
                    let at = (m, t);
                    level.weight[at] * cell_divergence(level.data[at], model[at], level.censored[at])
                })
                .sum::<f64>()
        })
        .collect();
    rows.sum()
}

/// Divergence of all levels and cost of their entries for given dictionaries and activations.
pub(crate) fn divergence(problem: &Problem, dictionaries: &[Array2<f64>], activations: &Array2<f64>) -> f64 {
    problem
        .levels
        .iter()
        .zip(dictionaries)
        .map(|(level, d)| {
            level_divergence(level, d.dot(&sampled(level, activations)).view()) + d.dot(&level.cost).sum()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn censored_cells_cost_nothing_below_their_limit() {
        assert_eq!(cell_divergence(5.0, 3.0, true), 0.0);
        assert_eq!(cell_divergence(5.0, 9.0, true), cell_divergence(5.0, 9.0, false));
        assert!(cell_divergence(5.0, 3.0, false) > 0.0);
    }

    #[test]
    fn divergence_is_zero_only_at_equality() {
        assert_eq!(cell_divergence(2.0, 2.0, false), 0.0);
        assert_eq!(cell_divergence(0.0, 2.0, false), 2.0);
        assert!(cell_divergence(2.0, 0.0, false).is_finite());
        assert!(cell_divergence(1e12, 0.0, false).is_finite());
        assert_eq!(cell_divergence(f64::from_bits(1), 1e12, false), 1e12);
    }
}
