#![doc = include_str!("../README.md")]

mod condition;
mod diagnostic;
mod elements;
mod formula;
pub mod kinds;
mod load;
mod matching;
mod pack;
mod pack_test;
mod read;
mod reference;
mod registry;
mod rule;
mod ruleset;
mod spanned;
mod suggest;

pub use condition::{Interval, When};
pub use diagnostic::{Diagnostic, Diagnostics, Mistake};
pub use formula::{Formula, FormulaError};
pub use matching::{Ambiguity, FragmentMatch, match_fragments, union_mask};
pub use pack::{DEFAULT_MAX_CANDIDATES, DEFAULT_TOLERANCE, Name, RuleHead, RuleSource, SCHEMA};
pub use pack_test::{TestOutcome, rank, run_tests};
pub use reference::Page;
pub use registry::{KindEntry, Registry};
pub use rule::{Context, Role, Rule, RuleKind, Sink};
pub use ruleset::{LoadedRule, RuleSet, TooManyCandidates};
pub use spanned::{Short, Shorthand, Spanned};
