//! Linking: which features of the runs are one ion, and which ions one compound.

mod compounds;
mod features;
mod ion;
mod islands;
mod matching;
mod parting;
mod scatter;
mod sighting;

use cofactor_core::statistics::median;
use cofactor_core::{Compound, Feature, FeatureIx, FoundIn, Tolerance};

use self::compounds::find_compounds;
use self::features::{Places, Runs, merged, relation};
pub use self::ion::LinkedIon;
use self::islands::islands;
use self::parting::part;
use self::scatter::Scatter;
use self::sighting::{Sighting, sightings};
use crate::runs::by_name;
use crate::scale::MzScale;
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
/// of exactly one ion. The order of the runs has no say. A single run is its study as it stands.
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
    let sorted = Runs { features: &features, alignments: &aligned };
    let mut linked = link_sorted(sorted, tolerance);
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

fn link_sorted(runs: Runs, tolerance: Tolerance) -> Linked {
    let scale = MzScale::new(tolerance);
    let all = sightings(runs.features, runs.alignments, &scale);
    let mut ions: Vec<LinkedIon> = parted(&all, runs)
        .into_iter()
        .map(|members| shown(&members, runs.features.len()))
        .filter_map(|sightings| Some(LinkedIon { feature: merged(&sightings, runs)?, sightings }))
        .collect();
    ions.sort_by(|a, b| {
        let is_hidden = |f: &Feature| f.found_in == FoundIn::Ms2;
        let (first, second) = (&a.feature, &b.feature);
        is_hidden(first)
            .cmp(&is_hidden(second))
            .then(first.channel.cmp(&second.channel))
            .then(first.precursor.mz.total_cmp(&second.precursor.mz))
            .then(first.rt_seconds.total_cmp(&second.rt_seconds))
            .then_with(|| a.sightings.cmp(&b.sightings))
    });
    let mut places: Places =
        runs.features.iter().map(|run| vec![None; run.features.len()]).collect();
    for (position, ion) in ions.iter_mut().enumerate() {
        ion.feature.id = FeatureIx(position).id();
        for (run, sighting) in ion.sightings.iter().enumerate() {
            if let Some(feature) = sighting {
                places[run][feature.0] = Some(FeatureIx(position));
            }
        }
    }
    for ion in &mut ions {
        ion.feature.relation = relation(ion.feature.position(), &ion.sightings, runs, &places);
    }
    let compounds = find_compounds(&mut ions, runs, &places, tolerance);
    Linked { ions, compounds }
}

/// Features that are one ion, by run.
fn shown(members: &[Sighting], runs: usize) -> Vec<Option<FeatureIx>> {
    let mut sightings = vec![None; runs];
    for member in members {
        sightings[member.run] = Some(member.feature);
    }
    sightings
}

/// The sightings of each ion. What does not elute is apart from what does.
fn parted(all: &[Sighting], runs: Runs) -> Vec<Vec<Sighting>> {
    let used = runs.alignments.iter().filter(|run| run.left_out.is_none()).count();
    let (background, eluting): (Vec<Sighting>, Vec<Sighting>) =
        all.iter().partition(|sighting| sighting.is_background);
    let Some(scatter) = Scatter::learn(all, used) else { return Vec::new() };
    let mut ions = part_all(&eluting, &scatter);
    let duration = median(&mut background.iter().map(|s| s.duration).collect::<Vec<f64>>());
    if let Some(duration) = duration {
        ions.extend(part_all(&background, &scatter.of_background(duration)));
    }
    ions
}

fn part_all(sightings: &[Sighting], scatter: &Scatter) -> Vec<Vec<Sighting>> {
    let (place, seconds) = scatter.reach();
    let mut ions = Vec::new();
    for island in islands(sightings, place, seconds) {
        for members in part(&island, sightings, scatter) {
            ions.push(members.into_iter().map(|i| sightings[i]).collect());
        }
    }
    ions
}
