//! Feature detection on its own: scans → mass traces → chromatographic peaks → precursor features.
//!
//! [`TraceBuilder`] takes scans one at a time and keeps only what continues: its memory grows with
//! the signal of the run, not with its length. [`find_features`] turns the MS1 traces into
//! precursors with their isotopologues, charge and adduct. [`noise`] estimates from the same traces
//! what a point's variance is and below which limit a scan shows nothing.

pub mod artefacts;
pub mod compounds;
pub mod elution;
pub mod features;
pub mod isobars;
pub mod isotopes;
mod isotopologue_pairs;
pub mod lag;
pub mod ms2_only;
pub mod noise;
pub mod params;
pub mod peaks;
pub mod profile_error;
pub mod saturation;
pub mod scans;
pub mod tracer;
mod tuning;
mod turns;

pub use artefacts::mark_artefacts;
pub use cofactor_core;
pub use compounds::find_compounds;
pub use features::{PointCounts, find_features, point_counts};
pub use isobars::{PartPrice, part_isobars};
pub use lag::{Lag, estimate_lag};
pub use ms2_only::find_ms2_only;
pub use noise::estimate_noise;
pub use params::{FeatureParams, TraceParams};
pub use profile_error::{ProfileError, estimate_profile_error};
pub use saturation::{Saturation, estimate_saturation};
pub use scans::{ScanTimes, drop_foreign_scans, split_at_pauses};
pub use tracer::TraceBuilder;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
