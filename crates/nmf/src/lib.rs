//! Joint non-negative factorization of several matrices that share their activations.
//!
//! For levels `l = 1 … L` with data `X_l` (M_l × T_l), find non-negative dictionaries `D_l` (M_l × K)
//! and common activations `H` (K × G) on a grid of G times such that
//!
//! ```text
//! X_l ≈ D_l · H · P_l
//! ```
//!
//! where `P_l` (G × T_l) is a known sparse, non-negative sampling operator: each level sees the same
//! activations at its own times. Minimised is
//!
//! ```text
//! F = Σ_l (Σ_mt w · kl(x | y) + Σ_mk c_k · d_mk) + Σ_k shape(h_k),     kl(x | y) = x log(x / y) − x + y
//! ```
//!
//! - A weight `w = 0` marks a cell that was not observed: its value is never read.
//! - A censored cell is only known to lie in `[0, x]`; its term is the distance to that interval,
//!   `min over v ≤ x of kl(v | y)`, so it costs nothing while the model stays below the limit.
//! - `D_l` is zero outside its support mask, exactly and always.
//! - An activation is held fixed, free, or log-concave (unimodal without a parametric family).
//!
//! The scale between a dictionary column and its activation is fixed by `max_g h_kg = 1`, so a
//! dictionary entry is the height that the atom contributes at its apex.
//!
//! The crate knows nothing of what the matrices mean.

mod activation;
mod basis;
mod cells;
mod check;
mod descent;
mod fisher;
mod isotonic;
mod kkt;
mod logconcave;
mod majorise;
mod momentum;
mod objective;
mod packed;
mod params;
mod penalty;
mod problem;
mod real;
mod regress;
mod row;
mod sampling;
mod simd;
mod solve;
mod state;
mod step;
mod tie;

#[cfg(all(feature = "bundled-lapack", not(feature = "openblas-system")))]
extern crate cofactor_lapack as _;

pub use cells::{Cell, Cells, Dense, Sparse};
pub use check::Error;
pub use fisher::{RowUncertainty, row_uncertainty};
pub use objective::cell_divergence;
pub use params::{Algorithm, Divergence, Factorization, Params, Precision, Progress, Termination};
pub use problem::{Coupling, Group, Held, Level, Problem, Scale, Shape, Tie, TieKind};
pub use row::{RowBasis, RowFit, regress_row};
pub use sampling::Sampling;
pub use solve::{solve, solve_observed};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
