//! How sure a solution is: standard errors, and what the data cannot tell apart.
//!
//! Reads problems and solutions and changes neither. No updates.

mod fisher;
mod gauge;
mod information;
mod profile_errors;
mod uncertainty;

pub use fisher::{RowUncertainty, row_uncertainty};
pub use profile_errors::{FittedLevel, ProfileErrors, RowErrors, profile_errors, row_errors};
pub use uncertainty::{Uncertainty, uncertainty};
