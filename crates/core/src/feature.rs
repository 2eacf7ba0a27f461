//! A feature: a precursor with its isotopologues and its elution.

use serde::{Deserialize, Serialize};

use crate::{ChannelIx, CompoundIx, FeatureIx, Precursor, Relation};

/// The level that showed a precursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FoundIn {
    /// MS1.
    Ms1,
    /// MS2 alone: what its isolation window let through intact. MS1 shows nothing of it.
    Ms2,
}

impl FoundIn {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ms1 => "ms1",
            Self::Ms2 => "ms2",
        }
    }
}

/// One isotopologue peak of a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotopologue {
    /// Number of extra neutrons: 0 for the monoisotopic peak.
    pub number: u8,
    /// Position of its trace in the MS1 traces.
    pub trace: usize,
    /// m/z of the trace.
    pub mz: f64,
    /// Height at the apex of the feature.
    pub height: f64,
}

/// A precursor that was seen to elute.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Number from 1, in the order of m/z then retention time; those found in MS2 come after all
    /// others.
    pub id: usize,
    /// The level that showed it; heights, area and times are those of its intact ion there.
    pub found_in: FoundIn,
    /// The ion; `adduct` is filled where a partner supports it.
    pub precursor: Precursor,
    /// Whether isotopologues showed the charge; otherwise it is assumed to be 1.
    pub charge_known: bool,
    /// MS1 channel in which it was seen, or would have been.
    pub channel: ChannelIx,
    /// Apex, seconds.
    pub rt_seconds: f64,
    /// Start of elution, seconds.
    pub rt_start: f64,
    /// End of elution, seconds.
    pub rt_end: f64,
    /// Full width at half height, seconds.
    pub fwhm_seconds: f64,
    /// Height of the monoisotopic peak at the apex.
    pub height: f64,
    /// Area of the monoisotopic peak, intensity × seconds.
    pub area: f64,
    /// The monoisotopic peak in MS1 first, then its isotopologues; empty where MS1 shows nothing of
    /// it.
    pub isotopologues: Vec<Isotopologue>,
    /// What it is.
    pub relation: Relation,
    /// The compound that it is an ion of; `None` for what is no ion of one.
    pub compound: Option<CompoundIx>,
}

impl Feature {
    /// Its position in the list of all features of its run, whose ids count from 1 in their order.
    pub fn position(&self) -> FeatureIx {
        FeatureIx(self.id - 1)
    }

    /// The word of tables for what it is: `M`, an ion species, `in_source`, `artefact`,
    /// `background`.
    pub fn relation_text(&self) -> &str {
        match self.relation {
            Relation::Molecule => self.precursor.adduct.as_deref().unwrap_or("M"),
            Relation::InSource => "in_source",
            Relation::Artefact { .. } => "artefact",
            Relation::Background => "background",
        }
    }
}
