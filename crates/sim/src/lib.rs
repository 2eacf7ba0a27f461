#![doc = include_str!("../README.md")]

mod candidates;
mod choices;
mod detect;
mod elution;
mod error;
mod ion_score;
mod lipids;
mod molecules;
mod noise;
mod rule_sets;
mod run;
mod scenario;
mod score;
mod truth;
mod truth_file;

pub use candidates::{Lipids, RuleSets};
pub use choices::{BINS, Bin, Choice, ChoiceScore, ChosenFeature, Count, score_choices};
pub use elution::Elution;
pub use error::Error;
pub use ion_score::{IonScore, score_ions};
pub use molecules::Molecules;
pub use run::{Simulation, simulate};
pub use scenario::Scenario;
pub use score::{Score, ScoredPrecursor, ScoredSpectrum, score};
pub use truth::{Artefact, ArtefactKind, PeakShape, Relation, TruthCompound};
pub use truth_file::Truth;
