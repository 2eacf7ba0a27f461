//! The built-in kinds of rules, one file each.

mod fragment_set;
mod neutral_loss;
mod open;

pub use fragment_set::{FragmentSet, FragmentSetParams};
pub use neutral_loss::{NeutralLoss, NeutralLossParams};
pub use open::{Open, OpenParams};
