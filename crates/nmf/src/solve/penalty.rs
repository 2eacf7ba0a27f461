//! Everything in the objective besides the divergence, as values and as majorisers
//! `Σ a x − b log x`, tight at the present factors.
//!
//! Couplings and ties are Hellinger distances: `√(uv)` is bounded from below through Jensen's
//! inequality on both logarithms, so that one separable majoriser holds for both sides at once.

use ndarray::{Array2, ArrayView2, s};

use super::state::State;
use crate::kernel::{Pull, TINY};
use crate::problem::{Coupling, Level, Problem, Tie, TieKind};

/// Pull on the dictionary of level `l` (M × J).
pub(crate) fn dictionary_pull(problem: &Problem, state: &State, l: usize) -> Pull {
    let (level, d) = (&problem.levels[l], &state.dictionaries[l]);
    let mut pull = Pull::by_column(level.cost.clone());
    for (other, tied) in problem.levels.iter().enumerate() {
        let Some((tie, strength)) = soft_tie(tied) else { continue };
        if l != other && l != 0 {
            continue;
        }
        let u = state.tied_sums(problem, other, &tie.row_weights);
        let v = &tie.ratio * &state.reference_sums(problem);
        let (a, b) = pull.entries_mut(d.dim());
        for ((m, j), &x) in d.indexed_iter() {
            let k = level.owners[j];
            let (unit, ratio) = if l == other {
                (tie.row_weights[m], v[k] / u[k].max(TINY))
            } else {
                (tie.ratio[k], u[k] / v[k].max(TINY))
            };
            a[(m, j)] += strength * unit;
            b[(m, j)] += strength * x * unit * ratio.sqrt();
        }
    }
    pull
}

fn soft_tie(level: &Level) -> Option<(&Tie, f64)> {
    level.tie.as_ref().and_then(|tie| match tie.kind {
        TieKind::Soft(strength) => Some((tie, strength)),
        TieKind::Hard => None,
    })
}

/// Pull on the common activations (K × G).
pub(crate) fn activation_pull(problem: &Problem, state: &State) -> Pull {
    let h = &state.activations;
    let mut pull = Pull::none(h.ncols());
    for (l, level) in problem.levels.iter().enumerate() {
        if let (Coupling::Soft { strength, .. }, Some(own)) = (&level.coupling, &state.own[l]) {
            let sampled = level.sampling.sample_rows(h);
            let ratio = Array2::from_shape_fn(own.dim(), |(k, t)| {
                (own[(k, t)] / state.efficiencies[l][k] / sampled[(k, t)].max(TINY)).sqrt()
            });
            let (a, b) = pull.entries_mut(h.dim());
            *a += &(level.sampling.spread_rows(&Array2::ones(own.dim())) * *strength);
            *b += &(level.sampling.spread_rows(&ratio) * h * *strength);
        }
    }
    smooth(&mut pull, h, problem.smoothness);
    pull
}

/// Pull on the own activations of level `l` (K × T).
pub(crate) fn own_pull(problem: &Problem, state: &State, l: usize) -> Pull {
    let (level, Some(own)) = (&problem.levels[l], &state.own[l]) else { return Pull::none(0) };
    let mut pull = Pull::none(own.ncols());
    if let Coupling::Soft { strength, .. } = level.coupling {
        let sampled = level.sampling.sample_rows(&state.activations);
        let efficiency = &state.efficiencies[l];
        let (a, b) = pull.entries_mut(own.dim());
        for ((k, t), &x) in own.indexed_iter() {
            a[(k, t)] += strength / efficiency[k];
            b[(k, t)] += strength * (sampled[(k, t)] * x / efficiency[k]).sqrt();
        }
    }
    smooth(&mut pull, own, problem.smoothness);
    pull
}

fn smooth(pull: &mut Pull, h: &Array2<f64>, strength: f64) {
    if strength <= 0.0 || h.ncols() < 2 {
        return;
    }
    let (a, b) = pull.entries_mut(h.dim());
    let mean = (&h.slice(s![.., 1..]) * &h.slice(s![.., ..-1])).mapv(|p| strength * p.sqrt());
    for side in [s![.., 1..], s![.., ..-1]] {
        a.slice_mut(side).mapv_inplace(|v| v + strength);
        let mut b = b.slice_mut(side);
        b += &mean;
    }
}

/// The penalties' values.
pub(crate) fn penalties(problem: &Problem, state: &State) -> f64 {
    let mut sum = problem.smoothness * roughness(state.activations.view());
    for (l, level) in problem.levels.iter().enumerate() {
        let d = &state.dictionaries[l];
        if level.cost.iter().any(|c| *c > 0.0) {
            sum += d.dot(&level.cost).sum();
        }
        if let Some((tie, strength)) = soft_tie(level) {
            let u = state.tied_sums(problem, l, &tie.row_weights);
            let v = &tie.ratio * &state.reference_sums(problem);
            sum += strength * hellinger(u.iter(), v.iter());
        }
        if let Some(own) = &state.own[l] {
            sum += problem.smoothness * roughness(own.view());
            if let Coupling::Soft { strength, .. } = level.coupling {
                let sampled = level.sampling.sample_rows(&state.activations);
                let mut scaled = own.clone();
                for (mut row, e) in scaled.rows_mut().into_iter().zip(&state.efficiencies[l]) {
                    row.mapv_inplace(|h| h / e);
                }
                sum += strength * hellinger(sampled.iter(), scaled.iter());
            }
        }
    }
    sum
}

fn roughness(h: ArrayView2<f64>) -> f64 {
    if h.ncols() < 2 {
        return 0.0;
    }
    hellinger(h.slice(s![.., 1..]).iter(), h.slice(s![.., ..-1]).iter())
}

/// `Σ (√u − √v)²`.
fn hellinger<'a>(u: impl Iterator<Item = &'a f64>, v: impl Iterator<Item = &'a f64>) -> f64 {
    u.zip(v).map(|(u, v)| (u.sqrt() - v.sqrt()).powi(2)).sum()
}
