//! Joint, masked, hierarchical non-negative factorization of several matrices whose activations
//! hang together.
//!
//! For levels `l = 1 … L` with data `X_l` (M × T_l), find non-negative dictionaries `D` (M × J), of
//! which each column belongs to one of K atoms (`N`, J × K, says to which), and activations `H`
//! (K × G) on a grid of G times such that
//!
//! ```text
//! X_l ≈ D · N · diag(η_l) · H · P_l            shared activations ([`Coupling::Shared`])
//! X_l ≈ D · N · V_l                            own activations, soft or free ([`Coupling::Soft`],
//!                                              [`Coupling::Dictionary`])
//! ```
//!
//! where each level refers to a [`Dictionary`], its own or one that it shares with others of the
//! same rows, and `P_l` (G × T_l) is a known sparse, non-negative sampling operator: each level
//! sees the same activations at its own times, with its own efficiency `η_l` (K), or one in each
//! part of its columns ([`Efficiency`]). Minimised is
//!
//! ```text
//! F = Σ_l α_l Σ_mt w · kl(x | y)                      kl(x | y) = x log(x / y) − x + y
//!   + Σ_l λ_l Σ_kt (√(H P_l)_kt − √(v_kt / η_k))²     soft coupling
//!   + Σ_D Σ_j c_j Σ_m d_mj                            cost of the entries
//!   + Σ_l Σ_k ½ (ln η_k / σ_k)²                       log-normal efficiencies
//!   + Σ_k shape(h_k)                                  log-concave shape
//! ```
//!
//! - A weight `w = 0` marks a cell that was not observed: its value is never read.
//! - A censored cell is only known to lie in `[0, x]`; its term is the distance to that interval,
//!   `min over v ≤ x of kl(v | y)`, so it costs nothing while the model stays below the limit; or,
//!   by choice, the Poisson likelihood of the interval ([`Censoring`]).
//! - `D` is zero outside its support mask, exactly and always.
//! - An activation is held fixed, free, or log-concave in each of its segments of the grid.
//! - Weighted column sums may be tied to those of the first dictionary ([`Tie`]), and dictionaries
//!   and efficiencies be held.
//!
//! The scale between a dictionary column and its activation is a convention: [`Scale`] says which.
//! A tie of separate activations is such a convention too: it can always be met, and adds nothing
//! to what the data say.
//!
//! Every sweep takes hyperbolic coordinate steps with screening, exact zeros and extrapolation, or
//! the minimum of a majoriser where these do not apply. None raises the objective.
//!
//! The crate knows nothing of what the matrices mean.

mod errors;
mod kernel;
mod problem;
mod product;
mod solve;
mod start;
mod tuning;

extern crate cofactor_lapack as _;

pub use errors::{
    FittedLevel, ProfileErrors, RowErrors, RowUncertainty, Uncertainty, profile_errors, row_errors,
    row_uncertainty, uncertainty,
};
pub use kernel::cell_divergence;
pub use problem::{
    AtomKind, Cell, Cells, Censoring, Coupling, Dense, Dictionary, DictionaryIx, Efficiency, Error,
    Factorization, Level, LevelIx, LevelView, NewAtom, NewColumn, Params, Problem, Progress,
    Sampling, Scale, Segment, Sparse, Termination, Tie,
};
pub use product::{gram, model, scaled};
pub use solve::{RowBasis, RowFit, RowProblem, solve, solve_observed};
pub use start::{
    RankChoice, RankSearch, RankTrial, Start, choose_rank, solve_from, starting_activations,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
