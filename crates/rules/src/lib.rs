#![doc = include_str!("../README.md")]

mod adduct;
mod arithmetic;
mod condition;
mod decoy;
mod diagnostic;
mod document;
mod elements;
mod formula;
mod formula_range;
mod ion_formula;
pub mod kinds;
mod link;
mod load;
mod mass_error;
mod mass_sum;
mod matching;
mod moved;
mod multisets;
mod observed;
mod pack;
mod pack_test;
mod peptides;
mod place;
mod read;
mod reference;
mod registry;
mod rule;
mod ruleset;
mod spanned;
mod spectra;
mod suggest;
mod table;

pub use adduct::{Adduct, AdductError};
pub use condition::{Interval, ObservedMz, Ratio, When};
pub use decoy::Decoy;
pub use diagnostic::{Diagnostic, Diagnostics, Mistake};
pub use document::{Bound, read_document};
pub use formula::{Formula, FormulaError};
pub use ion_formula::IonFormula;
pub use mass_error::{FEWEST_PAIRS, MassError, confident_pairs};
pub use mass_sum::{MassSum, MassText};
pub use matching::{
    Ambiguity, FragmentMatch, match_fragments, match_observed, union_mask, why_missing,
};
pub use moved::Moved;
pub use observed::Observed;
pub use pack::{DEFAULT_MAX_CANDIDATES, DEFAULT_TOLERANCE, Name, RuleHead, RuleSource, SCHEMA};
pub use pack_test::{TestOutcome, rank, run_tests};
pub use place::Place;
pub use reference::Page;
pub use registry::{KindEntry, Registry};
pub use rule::{Context, DataFile, Role, Rule, RuleKind, Sink};
pub use ruleset::{LoadedRule, RuleSet, TooManyCandidates};
pub use spanned::{Short, Shorthand, Spanned};
pub use spectra::{LibraryPeak, LibrarySpectrum, read_library};
