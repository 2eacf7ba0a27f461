//! What the solver may spend, how it goes about it, and what it returns.

use ndarray::{Array1, Array2, Zip};

use crate::problem::Problem;

/// How the factors are updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Multiplicative updates by majorisation (Lee & Seung 2001): plain, never raises the
    /// objective, slow.
    Multiplicative,
    /// Hyperbolic coordinate steps with screening, exact zeros and extrapolation: never raises the
    /// objective, fast.
    Coordinate,
}

/// What is minimised between data and model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Divergence {
    /// `x log(x/y) − x + y`.
    KullbackLeibler,
    /// β-divergence with β in [0, 2]: 0 is Itakura–Saito, 1 Kullback–Leibler, 2 half the squared
    /// distance. Only with [`Algorithm::Multiplicative`], dense data without censored cells, and no
    /// penalty or tie.
    Beta(f64),
}

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

/// Precision of the inner loops of [`Algorithm::Coordinate`]. The objective is always evaluated in
/// double precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// `f64`.
    Double,
    /// `f32`: twice the speed at most, the same optimum to about five digits. Refused where the
    /// weighted data span more than fits, or where cells are censored.
    Single,
}

/// What the solver may spend and when it stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// How the factors are updated.
    pub algorithm: Algorithm,
    /// What is minimised.
    pub divergence: Divergence,
    /// What a censored cell costs.
    pub censoring: Censoring,
    /// Precision of the inner loops.
    pub precision: Precision,
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
            algorithm: Algorithm::Coordinate,
            divergence: Divergence::KullbackLeibler,
            censoring: Censoring::Interval,
            precision: Precision::Double,
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
    /// stationary point. Unimodal and log-concave activations are left out.
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

impl Divergence {
    pub(crate) fn is_kl(self) -> bool {
        self == Self::KullbackLeibler
    }

    /// What the denominator of a cell that is not written out has.
    pub(crate) fn base(self, weight: f64) -> f64 {
        if self.is_kl() { weight } else { 0.0 }
    }

    /// Exponent of the multiplicative update that never raises the divergence (Févotte & Idier
    /// 2011).
    pub(crate) fn exponent(self) -> f64 {
        match self {
            Self::Beta(beta) if beta < 1.0 => 1.0 / (2.0 - beta),
            Self::Beta(beta) if beta > 2.0 => 1.0 / (beta - 1.0),
            Self::Beta(_) | Self::KullbackLeibler => 1.0,
        }
    }

    /// The divergence of one observed cell.
    pub fn of(self, x: f64, y: f64) -> f64 {
        match self {
            Self::KullbackLeibler => crate::cell_divergence(x, y, false),
            Self::Beta(beta) => beta_divergence(beta, x, y.max(1e-250)),
        }
    }
}

fn beta_divergence(beta: f64, x: f64, y: f64) -> f64 {
    if beta == 1.0 {
        crate::cell_divergence(x, y, false)
    } else if beta == 0.0 {
        let ratio = x.max(1e-250) / y;
        ratio - ratio.ln() - 1.0
    } else {
        (x.powf(beta) + (beta - 1.0) * y.powf(beta) - beta * x * y.powf(beta - 1.0))
            / (beta * (beta - 1.0))
    }
}
