//! From a problem to its factorization: the state, one update of each factor, the sweeps.
//!
//! Every update takes problem, data and state. Nothing here chooses where to start, and nothing
//! tells how sure a solution is.

mod activation;
mod data;
mod imputed;
mod kkt;
mod momentum;
mod objective;
mod penalty;
mod row;
mod sampled;
mod state;
mod step;
mod sweeps;

pub use row::{RowBasis, RowFit, RowProblem};
pub use sweeps::{solve, solve_observed};
