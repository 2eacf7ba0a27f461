//! Linking: which features of the runs are one ion, and which ions one compound.

mod compounds;
mod features;
mod ion;
mod islands;
mod matching;
mod parting;
mod scatter;
mod sighted;
mod sighting;
mod wandering;

use cofactor_core::{Compound, Feature, Tolerance};

pub use self::ion::LinkedIon;
pub(crate) use self::sighted::SightedIons;
use crate::runs::by_name;
use crate::{RunAlignment, RunFeatures};

/// Ions and compounds of a study.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Linked {
    /// The ions, their features' ids in order.
    pub ions: Vec<LinkedIon>,
    /// The compounds; their ions are positions in `ions`.
    pub compounds: Vec<Compound>,
}

/// Links the features of runs that are aligned; runs left out show nothing. Every other feature is
/// of exactly one ion, or a part of an elution that one ion has. The order of the runs has no say.
/// A single run is its study as it stands.
///
/// `alignments`: one a run, as [`crate::align()`] gives them; `tolerance`: how far the m/z of an
/// ion may lie apart in two runs.
pub fn link(runs: &[RunFeatures], alignments: &[RunAlignment], tolerance: Tolerance) -> Linked {
    if let [run] = runs {
        return unchanged(run);
    }
    let order = by_name(runs);
    let features: Vec<RunFeatures> = order.iter().map(|&position| runs[position]).collect();
    let aligned: Vec<RunAlignment> = order.iter().map(|&i| alignments[i].clone()).collect();
    let mut linked =
        SightedIons::find(&features, &aligned, tolerance).linked(&features, &aligned, tolerance);
    for ion in &mut linked.ions {
        let mut sightings = vec![None; runs.len()];
        for (&position, sighting) in order.iter().zip(&ion.sightings) {
            sightings[position] = *sighting;
        }
        ion.sightings = sightings;
    }
    linked
}

fn unchanged(run: &RunFeatures) -> Linked {
    let ion = |feature: &Feature| LinkedIon {
        feature: feature.clone(),
        sightings: vec![Some(feature.position())],
    };
    Linked { ions: run.features.iter().map(ion).collect(), compounds: run.compounds.to_vec() }
}
