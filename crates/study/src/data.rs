//! A run as a study takes it: its traces, and what was found in them.

use cofactor_core::{Compound, Feature, TracedRun};

use crate::RunFeatures;

/// A run before anything is deconvolved.
#[derive(Debug, Clone)]
pub struct RunData {
    /// Name of the run.
    pub name: String,
    /// Position in the order of injection.
    pub order: Option<f64>,
    /// Its traces.
    pub run: TracedRun,
    /// Its features, ids in order.
    pub features: Vec<Feature>,
    /// Its compounds.
    pub compounds: Vec<Compound>,
}

impl RunData {
    /// What it says for itself.
    pub fn features(&self) -> RunFeatures<'_> {
        RunFeatures {
            name: &self.name,
            order: self.order,
            features: &self.features,
            compounds: &self.compounds,
        }
    }
}
