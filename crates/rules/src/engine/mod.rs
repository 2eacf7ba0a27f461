//! What rules mean: conditions, candidate sets, matching to what was observed, masks, decoys.
//!
//! No kind of rule is known here, and no file but those that a rule names; of TOML only what `lang`
//! gives.

mod candidates;
mod condition;
mod context;
mod decoy;
mod decoy_sets;
mod kind;
mod loaded_rule;
mod mass_error;
mod matching;
mod multisets;
mod observed;
mod pack_test;
mod rule;
mod ruleset;
mod silence;
mod sink;
mod test_run;

pub(crate) use candidates::wider;
pub use condition::{Interval, ObservedMz, Ratio, When};
pub use context::{Context, DataFile};
pub use decoy::Decoy;
pub(crate) use decoy::moved;
pub use kind::RuleKind;
pub use loaded_rule::{DEFAULT_MAX_CANDIDATES, DEFAULT_TOLERANCE, LoadedRule};
pub use mass_error::{MassError, confident_pairs};
pub use matching::{
    Ambiguity, FragmentMatch, match_fragments, match_observed, rank, union_mask, why_missing,
};
pub(crate) use multisets::{MAX_COUNT, MAX_HALVES, Multisets};
pub use observed::Observed;
pub(crate) use pack_test::{PackTest, TestBlock};
pub use rule::{Role, Rule, SpectrumIon};
pub(crate) use ruleset::Pack;
pub use ruleset::RuleSet;
pub use silence::{Lack, Nearest, SilentPack};
pub use sink::{Sink, TooManyCandidates};
pub use test_run::{TestOutcome, run_tests};
