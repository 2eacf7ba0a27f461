//! The objective of a state.

use super::activation::shape_penalty;
use super::data::Data;
use super::penalty::penalties;
use super::state::State;
use crate::kernel::level_divergence;
use crate::problem::{Params, Problem};

/// Divergence, penalties and shape penalty of a state.
pub(crate) fn objective(problem: &Problem, data: &Data, state: &State, params: &Params) -> f64 {
    divergence(problem, data, state, params)
        + penalties(problem, state)
        + shape_penalty(problem, state.activations(), params.curvature_weight)
}

/// Weighted divergence of all levels.
pub(crate) fn divergence(problem: &Problem, data: &Data, state: &State, params: &Params) -> f64 {
    let level = |l: usize| {
        let (summed, basis) = (state.summed(problem, l), state.basis(problem, l));
        level_divergence(&data.rows[l], &summed, &basis, params.censoring)
    };
    (0..problem.levels.len()).map(level).sum()
}
