//! What the solver returns, and tells on the way.

use ndarray::Array2;

use super::dictionary::DictionaryIx;
use super::joint::{LevelIx, Problem};

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
    /// The dictionaries of the problem, each M × J; entries outside the support are exactly 0.
    pub dictionaries: Vec<Array2<f64>>,
    /// Common activations, K × G.
    pub activations: Array2<f64>,
    /// Own activations of the levels that have them, K × T_l.
    pub own_activations: Vec<Option<Array2<f64>>>,
    /// Efficiencies of each level, K × R.
    pub efficiencies: Vec<Array2<f64>>,
    /// Objective after the start and after each sweep; never rises.
    pub objective: Vec<f64>,
    /// `Σ |x ∂F/∂x| / Σ b` over all free entries, with the multipliers of fixed sums: 0 at a
    /// stationary point. Log-concave activations are left out. Not a number where
    /// [`crate::Params::tells_residual`] says no.
    pub kkt_residual: f64,
    /// `max (φ/a − 1)₊` over the free entries at zero: how strongly one of them wants to leave it;
    /// 0 at a minimum. Not a number where the residual is not told.
    pub locked_zero: f64,
    /// Why it stopped.
    pub termination: Termination,
}

impl Factorization {
    /// A dictionary, M × J.
    pub fn dictionary(&self, dictionary: DictionaryIx) -> &Array2<f64> {
        &self.dictionaries[dictionary.0]
    }

    /// Efficiencies of the atoms in the parts of a level, K × R.
    pub fn efficiency(&self, level: LevelIx) -> &Array2<f64> {
        &self.efficiencies[level.0]
    }

    /// Activations of each atom as level `l` of `problem` sees them, K × T_l: its own, or the
    /// common ones sampled and times the efficiency.
    pub fn level_activations(&self, problem: &Problem, l: LevelIx) -> Array2<f64> {
        match &self.own_activations[l.0] {
            Some(own) => own.clone(),
            None => {
                let mut seen = problem[l].sampling.sample_rows(&self.activations);
                problem[l].efficiency.multiply(self.efficiency(l), &mut seen);
                seen
            }
        }
    }
}
