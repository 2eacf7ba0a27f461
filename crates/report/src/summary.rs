//! What the page shows without a script: the parts of `report.json` that its head is made of.

use cofactor_core::FragmentStatus;
use serde::Deserialize;
use serde_json::Value;

use crate::compounds::SpectrumKind;

/// What the head of the page says; the rest is drawn from the data when it is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Summary {
    pub(crate) version: String,
    pub(crate) input: Named,
    pub(crate) rules: Vec<Named>,
    pub(crate) treatment: Option<String>,
    pub(crate) run: Value,
    pub(crate) stages: Vec<StageCounts>,
    pub(crate) warnings: Vec<String>,
    pub(crate) compounds: Vec<CompoundHead>,
    pub(crate) features: Vec<FeatureHead>,
}

/// A file.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) file_name: String,
    pub(crate) sha256: String,
}

/// What a stage produced.
#[derive(Debug, Deserialize)]
pub(crate) struct StageCounts {
    pub(crate) name: String,
    pub(crate) counts: serde_json::Map<String, Value>,
}

/// What is counted of a compound.
#[derive(Debug, Deserialize)]
pub(crate) struct CompoundHead {
    pub(crate) ions: Vec<usize>,
    pub(crate) spectrum: Option<SpectrumKind>,
}

/// What is counted of a feature.
#[derive(Debug, Deserialize)]
pub(crate) struct FeatureHead {
    pub(crate) status: String,
    pub(crate) fragments: Option<FragmentHeads>,
    pub(crate) ms1: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FragmentHeads {
    status: Vec<FragmentStatus>,
}

impl FeatureHead {
    pub(crate) fn has_spectrum(&self) -> bool {
        self.fragments.as_ref().is_some_and(|f| f.status.contains(&FragmentStatus::Matched))
    }
}
