//! The solver: activations and dictionaries in turn, each step exact for its majoriser, until nothing moves. Each sweep starts
//! from activations extrapolated along the last move; where that would raise the objective it is taken back.

use ndarray::{Array2, ArrayView1, Axis};

use crate::activation::{majoriser, shape_penalty, starting, update};
use crate::dictionary::{Basis, Row, fit_row};
use crate::momentum::{Momentum, extrapolate};
use crate::objective::{TINY, divergence, effective_datum, sampled};
use crate::problem::{Error, Problem, Shape};

/// What the solver may spend and when it stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// Sweeps over activations and dictionaries at most; 0 fits the dictionaries alone.
    pub max_sweeps: usize,
    /// Stop when a sweep lowers the objective by less than this share of it.
    pub tolerance: f64,
    /// Weight μ of the curvature penalty of log-concave activations, in units of the objective.
    pub curvature_weight: f64,
    /// Coordinate cycles a dictionary row gets at the end, and at most in total without sweeps.
    pub final_cycles: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { max_sweeps: 200, tolerance: 1e-5, curvature_weight: 1.0, final_cycles: 500 }
    }
}

/// Why the solver stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// The last sweep gained less than the tolerance.
    Converged,
    /// The next sweep would have raised the objective: with a cost on the entries, the new scale of an activation can take
    /// back what its new shape gains.
    Stalled,
    /// The sweeps were used up.
    SweepLimit,
}

/// The solution of a [`Problem`].
#[derive(Debug, Clone)]
pub struct Factorization {
    /// One dictionary a level, M_l × K; entries outside the support are exactly 0.
    pub dictionaries: Vec<Array2<f64>>,
    /// Activations, K × G, each with maximum 1 unless fixed or zero.
    pub activations: Array2<f64>,
    /// Objective after the start and after each sweep; never rises.
    pub objective: Vec<f64>,
    /// `Σ |x ∂F/∂x| / Σ b` over all dictionary entries and free activations: 0 at a stationary point.
    pub kkt_residual: f64,
    /// Why it stopped.
    pub termination: Termination,
}

/// Coordinate cycles a dictionary row gets in each sweep.
const SWEEP_CYCLES: usize = 3;
/// Coordinate cycles of the first fit of the dictionaries.
const START_CYCLES: usize = 30;
/// A row's fit is finished when a cycle moves less than this share of its signal.
const ROW_TOLERANCE: f64 = 1e-7;

/// Solves the joint problem from its starting activations.
///
/// # Errors
/// When the problem's arguments do not fit each other or hold unusable numbers.
pub fn solve(problem: &Problem, params: &Params) -> Result<Factorization, Error> {
    problem.check()?;
    let rows: Rows = problem.levels.iter().map(|l| (0..l.data.nrows()).map(|m| Row::new(l, m)).collect()).collect();
    let mut now = State {
        dictionaries: problem.levels.iter().map(|l| Array2::zeros(l.support.dim())).collect(),
        activations: starting(problem),
    };
    now.normalise(problem);
    now.fit_dictionaries(problem, &rows, START_CYCLES);
    let mut objective = vec![now.objective(problem, params)];
    let mut before = now.activations.clone();
    let mut momentum = Momentum::new();
    let mut termination = Termination::SweepLimit;
    for _ in 0..params.max_sweeps {
        let last = objective[objective.len() - 1];
        let ahead = extrapolate(problem, &now.activations, &before, momentum.factor());
        let mut next = now.sweep(problem, &rows, params, ahead);
        let mut reached = next.objective(problem, params);
        if reached > last {
            momentum = Momentum::new();
            next = now.sweep(problem, &rows, params, now.activations.clone());
            reached = next.objective(problem, params);
        }
        if reached > last {
            termination = Termination::Stalled;
            break;
        }
        momentum.advance();
        before = std::mem::replace(&mut now, next).activations;
        objective.push(reached);
        if last - reached <= params.tolerance * reached.abs().max(TINY) {
            termination = Termination::Converged;
            break;
        }
    }
    now.fit_dictionaries(problem, &rows, params.final_cycles);
    objective.push(now.objective(problem, params));
    let State { dictionaries, activations } = now;
    let kkt_residual = kkt_residual(problem, &dictionaries, &activations);
    Ok(Factorization { dictionaries, activations, objective, kkt_residual, termination })
}

/// The rows of every level, prepared once.
type Rows = Vec<Vec<Row>>;

/// Where the solver stands.
struct State {
    dictionaries: Vec<Array2<f64>>,
    activations: Array2<f64>,
}

impl State {
    fn objective(&self, problem: &Problem, params: &Params) -> f64 {
        divergence(problem, &self.dictionaries, &self.activations)
            + shape_penalty(problem, &self.activations, params.curvature_weight)
    }

    /// One update of the activations, starting from `activations`, then of the dictionaries.
    fn sweep(&self, problem: &Problem, rows: &Rows, params: &Params, activations: Array2<f64>) -> Self {
        let mut next = Self { dictionaries: self.dictionaries.clone(), activations };
        update(problem, &next.dictionaries, &mut next.activations, params.curvature_weight);
        next.normalise(problem);
        next.fit_dictionaries(problem, rows, SWEEP_CYCLES);
        next
    }

    /// Puts the scale into the dictionaries: every activation that is not fixed gets maximum 1.
    fn normalise(&mut self, problem: &Problem) {
        for (k, mut row) in self.activations.rows_mut().into_iter().enumerate() {
            let peak = row.iter().copied().fold(0.0, f64::max);
            if problem.shapes[k] != Shape::Fixed && peak > 0.0 {
                row.mapv_inplace(|h| h / peak);
                for d in &mut self.dictionaries {
                    d.index_axis_mut(Axis(1), k).mapv_inplace(|x| x * peak);
                }
            }
        }
    }

    fn fit_dictionaries(&mut self, problem: &Problem, rows: &Rows, cycles: usize) {
        for ((level, d), rows) in problem.levels.iter().zip(&mut self.dictionaries).zip(rows) {
            let basis = sampled(level, &self.activations);
            let basis = Basis::new(basis.view(), &level.cost);
            for (m, (row, mut coefficients)) in rows.iter().zip(d.rows_mut()).enumerate() {
                let start = coefficients.to_vec();
                let fit = fit_row(row, &basis, |k| level.support[(m, k)], &start, cycles, ROW_TOLERANCE);
                coefficients.assign(&ArrayView1::from(&fit.coefficients));
            }
        }
    }
}

fn kkt_residual(problem: &Problem, dictionaries: &[Array2<f64>], activations: &Array2<f64>) -> f64 {
    let (mut off, mut total) = (0.0, 0.0);
    let mut add = |x: f64, a: f64, b: f64| {
        off += (a * x - b).abs();
        total += b;
    };
    for (level, d) in problem.levels.iter().zip(dictionaries) {
        let basis = sampled(level, activations);
        let model = d.dot(&basis);
        for ((m, k), &x) in d.indexed_iter().filter(|(_, x)| **x > 0.0) {
            let (mut a, mut b) = (level.cost[k], 0.0);
            for t in (0..model.ncols()).filter(|&t| level.weight[(m, t)] > 0.0) {
                let (s, y) = (basis[(k, t)] * level.weight[(m, t)], model[(m, t)].max(TINY));
                a += s;
                b += x * s * effective_datum(level.data[(m, t)], y, level.censored[(m, t)]) / y;
            }
            add(x, a, b);
        }
    }
    let h = majoriser(problem, dictionaries, activations);
    for (k, _) in problem.shapes.iter().enumerate().filter(|(_, s)| **s == Shape::Free) {
        for g in 0..activations.ncols() {
            add(activations[(k, g)], h.a[(k, g)], h.b[(k, g)]);
        }
    }
    off / total.max(TINY)
}
