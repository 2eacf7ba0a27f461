//! The solver: every factor in turn, each step exact for its majoriser or monotone by itself, until
//! nothing moves. Each sweep starts from factors extrapolated along the last move; where that would
//! raise the objective it is taken back.

use std::ops::ControlFlow;

use super::activation::starting;
use super::data::Data;
use super::imputed::imputed;
use super::kkt::{Kkt, residual};
use super::momentum::{Momentum, extrapolate};
use super::objective::objective;
use super::state::State;
use super::step::{
    fixed_sums, update_activations, update_dictionary, update_efficiency, update_own,
};
use crate::kernel::Packed;
use crate::problem::{
    Censoring, Error, Factorization, Params, Problem, Progress, Scale, Termination, check_number,
};
use crate::tuning::{
    ROUNDING_OF_NOTHING, ROUNDING_OF_SIGNAL, ROUNDING_OF_VALUE, START_CYCLES, TINY,
};

/// Solves the joint problem from its start.
///
/// # Errors
/// When the problem's arguments do not fit each other or hold unusable numbers.
pub fn solve(problem: &Problem, params: &Params) -> Result<Factorization, Error> {
    solve_observed(problem, params, |_| ControlFlow::Continue(()))
}

/// [`solve`], telling `observe` of every sweep; it may ask to stop.
///
/// # Errors
/// As [`solve`].
pub fn solve_observed(
    problem: &Problem,
    params: &Params,
    observe: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Factorization, Error> {
    problem.check()?;
    check_number("tolerance", params.tolerance, 0.0)?;
    check_number("curvature_weight", params.curvature_weight, 0.0)?;
    descend(problem, params, &Data::new(problem), observe)
}

fn descend(
    problem: &Problem,
    params: &Params,
    data: &Data,
    mut observe: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Factorization, Error> {
    let value = |state: &State| objective(problem, data, state, params);
    let kkt_residual = |state: &State| kkt(problem, data, state, params).residual;
    let within_tolerance =
        |s: &State| params.kkt_tolerance.is_infinite() || kkt_residual(s) <= params.kkt_tolerance;
    let mut now = State::start(problem, starting(problem));
    now.rescale(problem);
    for at in 0..problem.dictionaries.len() {
        if problem.dictionaries[at].start.is_none() {
            first_dictionary(problem, data, &mut now, at, params);
        }
    }
    let mut objectives = vec![value(&now)];
    let mut before = now.clone();
    let mut momentum = Momentum::new();
    let mut termination = Termination::SweepLimit;
    for sweep in 1..=params.max_sweeps {
        let last = objectives[objectives.len() - 1];
        let factor = momentum.factor();
        let mut next = extrapolate(problem, &now, &before, factor);
        let expected = with_expected(problem, &now, params);
        let expected = expected.as_ref().map(Data::new);
        let seen = expected.as_ref().unwrap_or(data);
        update_all(problem, seen, &mut next, params);
        let mut reached = value(&next);
        if reached > last && factor > 0.0 {
            momentum = Momentum::new();
            next = now.clone();
            update_all(problem, seen, &mut next, params);
            reached = value(&next);
        }
        if reached > last {
            debug_assert!(
                may_rise(problem, last, reached, data),
                "sweep {sweep} rose from {last:e} to {reached:e}"
            );
            let settled = reached - last <= rounding(last, data) && within_tolerance(&now);
            termination = if settled { Termination::Converged } else { Termination::Stalled };
            break;
        }
        momentum.advance();
        before = std::mem::replace(&mut now, next);
        objectives.push(reached);
        if observe(Progress { sweep, objective: reached }).is_break() {
            termination = Termination::Stopped;
            break;
        }
        let settled = last - reached <= params.tolerance * reached.abs().max(TINY);
        if settled && within_tolerance(&now) {
            termination = Termination::Converged;
            break;
        }
    }
    finish(problem, data, &mut now, params, &mut objectives);
    let kkt = if params.tells_residual { kkt(problem, data, &now, params) } else { Kkt::UNKNOWN };
    let (dictionaries, activations, own_activations, efficiencies) = now.into_factors();
    Ok(Factorization {
        dictionaries,
        activations,
        own_activations,
        efficiencies,
        objective: objectives,
        kkt_residual: kkt.residual,
        locked_zero: kkt.locked_zero,
        termination,
    })
}

/// One update of every factor: the activations, then what hangs on them.
fn update_all(problem: &Problem, data: &Data, state: &mut State, params: &Params) {
    update_activations(problem, data, state, params);
    if problem.scale == Scale::PeakActivation {
        state.rescale(problem);
    }
    for l in 0..problem.levels.len() {
        update_own(problem, data, state, l, params);
    }
    for l in 0..problem.levels.len() {
        update_efficiency(problem, data, state, l);
    }
    for at in 0..problem.dictionaries.len() {
        update_dictionary(problem, data, state, at, params, params.sweep_cycles);
    }
}

/// A dictionary that is not given starts as the regression on the starting activations.
fn first_dictionary(problem: &Problem, data: &Data, state: &mut State, at: usize, params: &Params) {
    if fixed_sums(problem, at).is_some() {
        state.dictionaries[at] =
            problem.dictionaries[at].support.mapv(|allowed| if allowed { 1.0 } else { 0.0 });
        state.rescale(problem);
    }
    let cycles = if params.max_sweeps == 0 { params.final_cycles } else { START_CYCLES };
    update_dictionary(problem, data, state, at, params, cycles);
}

/// The dictionaries fitted to the end.
fn finish(
    problem: &Problem,
    data: &Data,
    now: &mut State,
    params: &Params,
    objectives: &mut Vec<f64>,
) {
    let mut last = now.clone();
    for at in 0..problem.dictionaries.len() {
        let expected = with_expected(problem, &last, params);
        let expected = expected.as_ref().map(Data::new);
        let seen = expected.as_ref().unwrap_or(data);
        update_dictionary(problem, seen, &mut last, at, params, params.final_cycles);
    }
    let reached = objective(problem, data, &last, params);
    if reached <= objectives[objectives.len() - 1] {
        objectives.push(reached);
        *now = last;
    }
}

/// The problem with every censored cell as `state` expects it where [`Censoring::Likelihood`] wants
/// that: what is updated on these never raises the likelihood of `state`'s cost.
fn with_expected(problem: &Problem, state: &State, params: &Params) -> Option<Problem> {
    let any = || problem.levels.iter().any(|l| l.cells.any_censored());
    (params.censoring == Censoring::Likelihood && any()).then(|| imputed(problem, state))
}

/// Residual with the slopes of the objective itself: the expected cells have the same at the state.
fn kkt(problem: &Problem, data: &Data, state: &State, params: &Params) -> Kkt {
    let expected = with_expected(problem, state, params);
    residual(problem, expected.as_ref().map(Data::new).as_ref().unwrap_or(data), state)
}

/// How much two evaluations of an objective of about `value` may differ by rounding.
fn rounding(value: f64, data: &Data) -> f64 {
    let signal: f64 = data.rows.iter().map(Packed::signal).sum();
    ROUNDING_OF_VALUE * value.abs() + ROUNDING_OF_SIGNAL * signal + ROUNDING_OF_NOTHING
}

/// A rise is no error where rounding explains it, or where new scales of activations meet entry
/// costs.
fn may_rise(problem: &Problem, last: f64, reached: f64, data: &Data) -> bool {
    let costs = problem.scale == Scale::PeakActivation
        && problem.dictionaries.iter().any(|d| d.costs.iter().any(|c| *c > 0.0));
    reached <= last + rounding(last, data) || costs
}
