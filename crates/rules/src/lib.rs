#![doc = include_str!("../README.md")]

mod engine;
pub mod kinds;
mod lang;
mod losses;
mod packs;
mod peptides;
mod registry;
mod spectra;
mod tuning;

pub use cofactor_chem::{Adduct, AdductError, Formula, FormulaError, IonFormula};
pub use engine::{
    Ambiguity, Context, DEFAULT_MAX_CANDIDATES, DEFAULT_TOLERANCE, DataFile, Decoy, FragmentMatch,
    Interval, Lack, LoadedRule, MassError, Nearest, Observed, ObservedMz, Ratio, Role, Rule,
    RuleKind, RuleSet, SilentPack, Sink, SpectrumIon, TestOutcome, TooManyCandidates, When,
    confident_pairs, match_fragments, match_observed, rank, run_tests, union_mask, why_missing,
};
pub use lang::{
    Bound, Diagnostic, Diagnostics, MassSum, MassText, Mistake, Moved, Place, RuleSource, Short,
    Shorthand, Spanned, read_document,
};
pub use losses::{LeftOut, LossTable, NoLosses};
pub use packs::{Name, NoPack, Page, RuleHead, SCHEMA, ShippedPack};
pub use registry::{KindEntry, Registry};
pub use spectra::{LibraryMember, LibraryPeak, LibrarySpectrum, read_library};
pub use tuning::FEWEST_PAIRS;
pub use {cofactor_chem, cofactor_core};
