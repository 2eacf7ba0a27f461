#![doc = include_str!("../README.md")]

mod candidates;
mod choices;
mod detect;
mod drawn_run;
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
mod study;
mod study_score;
mod study_truth;
mod truth;
mod truth_file;
mod variation;

pub use candidates::{Lipids, RuleSets};
pub use choices::{BINS, Bin, Choice, ChoiceScore, ChosenFeature, Count, score_choices};
pub use elution::Elution;
pub use error::Error;
pub use ion_score::{IonScore, score_ions};
pub use molecules::Molecules;
pub use run::{Simulation, simulate};
pub use scenario::Scenario;
pub use score::{Score, ScoredPrecursor, ScoredSpectrum, score};
pub use study::{StudyPlan, StudySimulation, simulate_study};
pub use study_score::{Measured, ScoredRow, StudyScore, score_study};
pub use study_truth::{StudyCompound, StudyTruth, StudyView, TrueCell, TrueRun};
pub use truth::{Artefact, ArtefactKind, PeakShape, Relation, TruthCompound};
pub use truth_file::Truth;
