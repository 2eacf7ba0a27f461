//! Everything in the objective besides the divergence, as values and as majorisers
//! `Σ a x − b log x`, tight at the present factors.
//!
//! Couplings are Hellinger distances: `√(uv)` is bounded from below through Jensen's
//! inequality on both logarithms, so that one separable majoriser holds for both sides at once.

use ndarray::Array2;

use super::state::State;
use crate::kernel::Pull;
use crate::problem::{Coupling, Problem};
use crate::tuning::TINY;

/// Pull on the common activations (K × G).
pub(crate) fn activation_pull(problem: &Problem, state: &State) -> Pull {
    let mut pull = Pull::none(state.activations().dim().1);
    for (l, level) in problem.levels.iter().enumerate() {
        if let (Coupling::Soft { strength, .. }, Some(own)) = (&level.coupling, state.own(l)) {
            let h = state.activations().to_array();
            let sampled = level.sampling.sample_rows(&h);
            let ratio = Array2::from_shape_fn(own.dim(), |(k, t)| {
                (own[(k, t)] / state.efficiency(l)[(k, 0)] / sampled[(k, t)].max(TINY)).sqrt()
            });
            let (a, b) = pull.entries_mut(h.dim());
            *a += &(level.sampling.spread_rows(&Array2::ones(own.dim())) * *strength);
            *b += &(level.sampling.spread_rows(&ratio) * &h * *strength);
        }
    }
    pull
}

/// Pull on the own activations of level `l` (K × T).
pub(crate) fn own_pull(problem: &Problem, state: &State, l: usize) -> Pull {
    let (level, Some(own)) = (&problem.levels[l], state.own(l)) else { return Pull::none(0) };
    let mut pull = Pull::none(own.ncols());
    if let Coupling::Soft { strength, .. } = level.coupling {
        let sampled = level.sampling.sample_rows(&state.activations().to_array());
        let efficiency = state.efficiency(l);
        let (a, b) = pull.entries_mut(own.dim());
        for ((k, t), &x) in own.indexed_iter() {
            a[(k, t)] += strength / efficiency[(k, 0)];
            b[(k, t)] += strength * (sampled[(k, t)] * x / efficiency[(k, 0)]).sqrt();
        }
    }
    pull
}

/// The penalties' values.
pub(crate) fn penalties(problem: &Problem, state: &State) -> f64 {
    let mut sum = 0.0;
    for (dictionary, d) in problem.dictionaries.iter().zip(&state.dictionaries) {
        if dictionary.costs.iter().any(|c| *c > 0.0) {
            sum += d.dot(&dictionary.costs).sum();
        }
    }
    for (l, level) in problem.levels.iter().enumerate() {
        sum += level.efficiency.cost(state.efficiency(l));
        if let (Coupling::Soft { strength, .. }, Some(own)) = (&level.coupling, state.own(l)) {
            let sampled = level.sampling.sample_rows(&state.activations().to_array());
            let mut scaled = own.clone();
            scaled /= state.efficiency(l);
            sum += strength * hellinger(sampled.iter(), scaled.iter());
        }
    }
    sum
}

/// `Σ (√u − √v)²`.
fn hellinger<'a>(u: impl Iterator<Item = &'a f64>, v: impl Iterator<Item = &'a f64>) -> f64 {
    u.zip(v).map(|(u, v)| (u.sqrt() - v.sqrt()).powi(2)).sum()
}
