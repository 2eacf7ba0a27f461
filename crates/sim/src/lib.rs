#![doc = include_str!("../README.md")]

mod choices;
mod elution;
mod error;
mod lipids;
mod noise;
mod rule_sets;
mod run;
mod scenario;
mod score;
mod truth;

pub use choices::{BINS, Bin, Choice, ChoiceScore, ChosenFeature, Count, score_choices};
pub use elution::Elution;
pub use error::Error;
pub use lipids::Lipids;
pub use rule_sets::RuleSets;
pub use run::{Simulation, simulate};
pub use scenario::Scenario;
pub use score::{Score, ScoredSpectrum, score};
pub use truth::TruthCompound;
