//! The built-in kinds of rules, one file each, on `engine` and `lang`.
//!
//! Only the registry names them; a kind knows another one by what that one shares.

mod blocks;
mod complement;
mod count;
mod exclude;
mod expression;
#[cfg(test)]
pub(crate) mod fixtures;
mod fragment_set;
mod library;
mod loss_statistics;
mod neutral_loss;
mod open;
mod partition;
mod peptide;
mod product_ion;
mod series;
mod shared;
mod subset;
mod template;
mod union;

pub use complement::{Complement, ComplementParams};
pub use exclude::{Exclude, ExcludeParams};
pub use expression::{Expression, ExpressionParams};
pub use fragment_set::{FragmentSet, FragmentSetParams};
pub use library::{Library, LibraryParams};
pub use loss_statistics::{LossStatistics, LossStatisticsParams};
pub use neutral_loss::{NeutralLoss, NeutralLossParams};
pub use open::{Open, OpenParams};
pub use partition::{Partition, PartitionParams};
pub use peptide::{PeptideIons, PeptideParams};
pub use product_ion::{ProductIon, ProductIonParams};
pub use series::{Series, SeriesParams};
pub use subset::{Subset, SubsetParams};
pub use union::{Union, UnionParams};
