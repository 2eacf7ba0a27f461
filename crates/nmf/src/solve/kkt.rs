//! How far a solution is from stationary, without a scale.

use ndarray::Array2;

use super::data::Data;
use super::penalty::{activation_pull, own_pull};
use super::state::State;
use super::step::{activation_bound, fixed_sums, with_pull};
use crate::kernel::{Basis, Bound, Profiles, Pull, left_bound, right_bound};
use crate::problem::{AtomKind, Dictionary, Problem};
use crate::tuning::TINY;

/// What [`residual`] finds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kkt {
    /// `Σ |a x − b + μ g x| / Σ b`.
    pub(crate) residual: f64,
    /// `max (φ/a − 1)₊` over zeros.
    pub(crate) locked_zero: f64,
}

impl Kkt {
    /// Where nobody asked.
    pub(crate) const UNKNOWN: Self = Self { residual: f64::NAN, locked_zero: f64::NAN };
}

/// The residual over all free entries but those of shaped activations: `a x − b` is x times the
/// gradient, as the majoriser is tangent.
pub(crate) fn residual(problem: &Problem, data: &Data, state: &State) -> Kkt {
    let mut sums = Sums { off: 0.0, total: 0.0, locked: 0.0 };
    for (at, dictionary) in problem.dictionaries.iter().enumerate().filter(|(_, d)| !d.held) {
        let d = &state.dictionaries[at];
        let basis = state.basis_beside(problem, at);
        let bound = left_bound(data.beside(at), d, &basis);
        let pull = Pull::by_column(dictionary.costs.clone());
        let slope = bound.b.clone();
        let (a, b) = with_pull(bound, d, &pull);
        let mut gradient = &a * d - &b;
        match fixed_sums(problem, at) {
            Some((g, _)) => project(dictionary, problem.atoms(), d, &g, &mut gradient),
            None => sums.zeros(d, &a, &slope, |m, j| dictionary.support[(m, j)]),
        }
        sums.add(&gradient, &b);
    }
    for l in 0..problem.levels.len() {
        if let Some(own) = state.own(l) {
            let basis = Basis::new(&Profiles::whole(own));
            let bound = right_bound(&data.rows[l], &state.summed(problem, l), &basis, |_| true);
            let bound = Bound { a: bound.a.to_array(), b: bound.b.to_array() };
            let slope = bound.b.clone();
            let (a, b) = with_pull(bound, own, &own_pull(problem, state, l));
            sums.zeros(own, &a, &slope, |_, _| true);
            sums.add(&(&a * own - &b), &b);
        }
    }
    let free: Vec<usize> =
        (0..problem.atoms()).filter(|&k| problem.kinds[k] == AtomKind::Free).collect();
    if !free.is_empty() {
        let h = state.activations().to_array();
        let bound = activation_bound(problem, data, state);
        let bound = Bound { a: bound.a.to_array(), b: bound.b.to_array() };
        let slope = bound.b.clone();
        let (a, b) = with_pull(bound, &h, &activation_pull(problem, state));
        sums.zeros(&h, &a, &slope, |k, _| problem.kinds[k] == AtomKind::Free);
        let pick = |m: &Array2<f64>| m.select(ndarray::Axis(0), &free);
        sums.add(&pick(&(&a * &h - &b)), &pick(&b));
    }
    Kkt { residual: sums.off / sums.total.max(TINY), locked_zero: sums.locked }
}

struct Sums {
    off: f64,
    total: f64,
    locked: f64,
}

impl Sums {
    fn add(&mut self, gradient: &Array2<f64>, b: &Array2<f64>) {
        self.off += gradient.iter().map(|g| g.abs()).sum::<f64>();
        self.total += b.sum();
    }

    fn zeros(
        &mut self,
        factor: &Array2<f64>,
        a: &Array2<f64>,
        slope: &Array2<f64>,
        free: impl Fn(usize, usize) -> bool,
    ) {
        for (at, _) in factor.indexed_iter().filter(|(at, x)| **x <= 0.0 && free(at.0, at.1)) {
            if a[at] > 0.0 {
                self.locked = self.locked.max(slope[at] / a[at] - 1.0);
            }
        }
    }
}

/// Adds the multiplier of each atom's fixed sum.
fn project(
    dictionary: &Dictionary,
    atoms: usize,
    d: &Array2<f64>,
    g: &[f64],
    gradient: &mut Array2<f64>,
) {
    for k in 0..atoms {
        let columns: Vec<usize> = dictionary.columns_of(k).collect();
        let (mut sum, mut slope) = (0.0, 0.0);
        for &j in &columns {
            sum += d.column(j).iter().zip(g).map(|(x, g)| x * g).sum::<f64>();
            slope += gradient.column(j).sum();
        }
        if sum > 0.0 {
            for &j in &columns {
                for (m, &g) in g.iter().enumerate() {
                    gradient[(m, j)] -= slope / sum * g * d[(m, j)];
                }
            }
        }
    }
}
