//! Where to start, how many atoms to take, and the best of several fits.
//!
//! The only random numbers of the crate. Calls the solver, and is called by nothing in it.

mod independence;
mod rank;
mod starts;
mod svd;

pub use rank::{RankChoice, RankSearch, RankTrial, choose_rank};
pub use starts::{Start, solve_from, starting_activations};
