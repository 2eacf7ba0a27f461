//! The objective, always in double precision.

use ndarray::Array2;

use crate::activation::shape_penalty;
use crate::basis::Basis;
use crate::censored;
use crate::data::Data;
use crate::packed::Packed;
use crate::params::{Censoring, Params};
use crate::penalty::penalties;
use crate::problem::Problem;
use crate::real::Real;
use crate::state::State;

/// A datum below this, and a model value below this or this share of its datum, counts as zero: keeps ratios finite.
const TINY: f64 = 1e-250;

/// `kl(x | y) = x log(x/y) − x + y` of one cell; for a censored cell the least over `[0, x]`, which is
/// 0 for `y ≤ x`.
pub fn cell_divergence(x: f64, y: f64, censored: bool) -> f64 {
    if censored && y <= x {
        return 0.0;
    }
    let y = y.max(TINY * x.max(1.0));
    if x > TINY { x * (x / y).ln() - x + y } else { y }
}

/// What a cell costs whose datum and model are multiplied by its weight.
pub(crate) fn weighted_cost(datum: f64, model: f64, is_censored: bool, censoring: Censoring) -> f64 {
    if is_censored && censoring == Censoring::Likelihood {
        censored::cost(datum, model)
    } else {
        cell_divergence(datum, model, is_censored)
    }
}

/// Divergence, penalties and shape penalty of a state.
pub(crate) fn objective<F: Real>(problem: &Problem, data: &Data<F>, state: &State, params: &Params) -> f64 {
    divergence(problem, data, state, params)
        + penalties(problem, state)
        + shape_penalty(problem, &state.activations, params.curvature_weight)
}

/// Weighted divergence of all levels.
pub(crate) fn divergence<F: Real>(problem: &Problem, data: &Data<F>, state: &State, params: &Params) -> f64 {
    let level = |(l, level)| {
        let z = state.level_activations(level, l);
        level_divergence(&data.exact[l], &state.summed(level, l), &z, params)
    };
    problem.levels.iter().enumerate().map(level).sum()
}

/// Weighted divergence of `packed` (M × T) from `left · right` (M × K · K × T); unobserved cells are not read.
pub(crate) fn level_divergence(packed: &Packed<f64>, left: &Array2<f64>, right: &Array2<f64>, params: &Params) -> f64 {
    let full = packed.is_full();
    let basis = Basis::<f64>::new(right, !full);
    let mut model = vec![0.0; packed.longest()];
    let unwritten = if full { 0.0 } else { packed.base };
    let mut sum = 0.0;
    for m in 0..packed.rows() {
        let row = packed.row(m);
        let written = if full { packed.columns } else { row.datum.len() };
        fill_model(&mut model, left.row(m).iter(), &basis, row.index);
        let mut of_row = 0.0;
        for p in 0..written {
            let (w, y) = (row.weight[p], model[p].max(0.0));
            if w > 0.0 {
                let censored = row.least.is_some_and(|l| l[p] < row.datum[p]);
                of_row += if params.divergence.is_kl() {
                    weighted_cost(row.datum[p], w * y, censored, params.censoring)
                } else {
                    w * params.divergence.of(row.datum[p] / w, y)
                };
            }
            of_row -= unwritten * y;
        }
        if unwritten > 0.0 {
            of_row += unwritten * left.row(m).iter().zip(&basis.sums).map(|(d, s)| d * s).sum::<f64>();
        }
        sum += of_row;
    }
    sum
}

fn fill_model<'a>(model: &mut [f64], left: impl Iterator<Item = &'a f64>, basis: &Basis<f64>, index: Option<&[u32]>) {
    model.fill(0.0);
    for (k, &d) in left.enumerate().filter(|(_, d)| **d > 0.0) {
        match index {
            None => {
                let cells = basis.stretches[k].clone();
                let g = &basis.by_row[k * basis.stride + cells.start..k * basis.stride + cells.end];
                model[cells].iter_mut().zip(g).for_each(|(y, g)| *y += d * g);
            }
            Some(index) => {
                let g = index.iter().map(|&t| basis.by_row[k * basis.stride + t as usize]);
                model.iter_mut().zip(g).for_each(|(y, g)| *y += d * g);
            }
        }
    }
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
