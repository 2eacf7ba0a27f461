//! The nouns and units of a tandem mass-spectrometry run, shared by all cofactor crates.
//!
//! Plain data without I/O and without matrices. Conventions that hold everywhere: retention times
//! are **seconds**, m/z is in Th, masses in Da, intensities in the arbitrary units of the file. A
//! field's unit is in its name (`rt_seconds`) or its type ([`Tolerance`]).

pub mod candidate;
pub mod compound;
pub mod deconvolution;
pub mod evidence;
pub mod feature;
pub mod index;
pub mod ion;
pub mod noise;
pub mod run;
pub mod scan;
pub mod source;
pub mod statistics;
pub mod study;
pub mod tolerance;
pub mod trace;

pub use candidate::{CandidateSet, Fragment, Presence};
pub use compound::{Compound, Relation};
pub use deconvolution::{
    Activation, CandidateResult, Deconvolution, DeconvolvedFeature, FragmentResult, FragmentStatus,
    MassShift, MemberShare, NO_CANDIDATE, RecordPeak, RuleRates, Similarity, SpectrumStatus,
};
pub use evidence::{Evidence, FeatureEvidence, LevelTotals, Neighbour};
pub use feature::{Feature, FoundIn, Isotopologue};
pub use index::{ChannelIx, CompoundIx, FeatureIx};
pub use ion::{Polarity, Precursor};
pub use noise::{ChannelTraces, DetectionLimit, EnoughPoints, NoiseModel};
pub use run::{Channel, ChannelData, ChannelRole, Run, RunKind, TracedRun};
pub use scan::{IsolationWindow, Scan, ScanHeader};
pub use source::{Loss, ScanSource};
pub use study::{CellStatus, Sample, SampleKind, Study, StudyCell, StudyRun};
pub use tolerance::Tolerance;
pub use trace::Trace;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
