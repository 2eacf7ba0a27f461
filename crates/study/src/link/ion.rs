//! An ion of a study.

use cofactor_core::{Feature, FeatureIx};

/// An ion with what the runs show of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkedIon {
    /// The feature of the study: m/z and times are medians of the runs without their offsets and
    /// shifts, in seconds of the study; height, area, isotopologues and channel those of the run
    /// that shows it highest.
    pub feature: Feature,
    /// By run, in the order given: the feature of the run that it is.
    pub sightings: Vec<Option<FeatureIx>>,
}
