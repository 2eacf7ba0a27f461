#![doc = include_str!("../README.md")]

mod candidates;
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

pub use candidates::{Lipids, RuleSets};
pub use choices::{BINS, Bin, Choice, ChoiceScore, ChosenFeature, Count, score_choices};
pub use elution::Elution;
pub use error::Error;
pub use run::{Simulation, simulate};
pub use scenario::Scenario;
pub use score::{Score, ScoredSpectrum, score};
pub use truth::TruthCompound;
