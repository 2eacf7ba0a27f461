//! What the solver may spend and when it stops.

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
    /// Whether the solution tells how far from stationary it is, which takes about a sweep.
    pub tells_residual: bool,
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
            tells_residual: true,
        }
    }
}
