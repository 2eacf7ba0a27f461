//! Neutral losses counted in a spectral library: the table of a `loss-statistics` rule.

mod atoms;
mod compounds;
mod table;

pub use compounds::LeftOut;
pub use table::{LossTable, NoLosses};
