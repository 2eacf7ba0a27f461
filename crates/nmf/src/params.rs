//! What the solver may spend, how it goes about it, and what it returns.

use ndarray::{Array1, Array2, Zip};

use crate::problem::Problem;

/// What a censored cell, known to lie in `[0, limit]`, costs at a model y.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Censoring {
    /// The least divergence of any value it may have: nothing up to the limit, `kl(limit | y)`
    /// beyond.
    Interval,
    /// `−log P(X ≤ limit)` of a Poisson count, in units of the weight: begins below the limit
    /// already. Every sweep replaces the cell by what it is expected to hold (expectation
    /// maximisation).
    Likelihood,
}

/// What the solver may spend and when it stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// What a censored cell costs.
    pub censoring: Censoring,
    /// Sweeps over all factors at most; 0 fits the dictionaries alone.
    pub max_sweeps: usize,
    /// Stop when a sweep lowers the objective by less than this share of it …
    pub tolerance: f64,
    /// … and the KKT residual is at most this.
    pub kkt_tolerance: f64,
    /// Weight μ of the curvature penalty of log-concave activations, in units of the objective.
    pub curvature_weight: f64,
    /// Coordinate cycles that a dictionary row gets in each sweep; one step of second order takes
    /// their place in dense rows with few columns that are near their minimum.
    pub sweep_cycles: usize,
    /// Coordinate cycles a dictionary row gets at the end, and at most in total without sweeps.
    pub final_cycles: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            censoring: Censoring::Interval,
            max_sweeps: 200,
            tolerance: 1e-5,
            kkt_tolerance: f64::INFINITY,
            curvature_weight: 1.0,
            sweep_cycles: 3,
            final_cycles: 500,
        }
    }
}

/// Why the solver stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// The last sweep gained less than the tolerance, and the KKT residual is within its own; or
    /// the next would gain less than rounding hides.
    Converged,
    /// The next sweep would have raised the objective: with a cost on the entries, the new scale of
    /// an activation can take back what its new shape gains.
    Stalled,
    /// The sweeps were used up.
    SweepLimit,
    /// The observer asked for it.
    Stopped,
}

/// Where the solver stands after a sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Sweeps done.
    pub sweep: usize,
    /// Objective reached.
    pub objective: f64,
}

/// The solution of a [`crate::Problem`].
#[derive(Debug, Clone)]
pub struct Factorization {
    /// One dictionary a level, M_l × J_l; entries outside the support are exactly 0.
    pub dictionaries: Vec<Array2<f64>>,
    /// Common activations, K × G.
    pub activations: Array2<f64>,
    /// Own activations of the levels that have them, K × T_l.
    pub own_activations: Vec<Option<Array2<f64>>>,
    /// Efficiencies of each level, K.
    pub efficiencies: Vec<Array1<f64>>,
    /// Objective after the start and after each sweep; never rises.
    pub objective: Vec<f64>,
    /// `Σ |x ∂F/∂x| / Σ b` over all free entries, with the multipliers of hard sums: 0 at a
    /// stationary point. Log-concave activations are left out.
    pub kkt_residual: f64,
    /// `max (φ/a − 1)₊` over the free entries at zero: how strongly one of them wants to leave it;
    /// 0 at a minimum.
    pub locked_zero: f64,
    /// Why it stopped.
    pub termination: Termination,
}

impl Factorization {
    /// Activations of each atom as level `l` of `problem` sees them, K × T_l: its own, or the
    /// common ones sampled and times the efficiency.
    pub fn level_activations(&self, problem: &Problem, l: usize) -> Array2<f64> {
        match &self.own_activations[l] {
            Some(own) => own.clone(),
            None => {
                let mut seen = problem.levels[l].sampling.sample_rows(&self.activations);
                Zip::from(seen.rows_mut())
                    .and(&self.efficiencies[l])
                    .for_each(|mut row, e| row *= *e);
                seen
            }
        }
    }
}
