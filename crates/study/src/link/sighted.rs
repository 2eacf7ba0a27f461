//! Which features of the runs are one ion, before anything is said of it.

use cofactor_core::statistics::median;
use cofactor_core::{Feature, FeatureIx, FoundIn, Tolerance};

use super::compounds::find_compounds;
use super::features::{Places, Runs, merged, relation};
use super::ion::LinkedIon;
use super::islands::islands;
use super::parting::part;
use super::scatter::Scatter;
use super::sighting::{Sighting, sightings};
use super::{Linked, wandering};
use crate::ragged::Pieces;
use crate::scale::MzScale;
use crate::{RunAlignment, RunFeatures};

/// The sightings of each ion; several in a run are parts of one elution.
pub(crate) struct SightedIons(Vec<Vec<Sighting>>);

impl SightedIons {
    /// Of runs in an order in which they may have a say.
    pub(crate) fn find(
        runs: &[RunFeatures],
        alignments: &[RunAlignment],
        tolerance: Tolerance,
    ) -> Self {
        let all = sightings(runs, alignments, &MzScale::new(tolerance));
        let used = alignments.iter().filter(|run| run.left_out.is_none()).count();
        Self(parted(&all, used))
    }

    /// The parts of elutions in a run, with what they are parts of.
    pub(crate) fn pieces(&self, run: usize) -> Vec<Pieces> {
        self.0.iter().flat_map(|ion| pieces(ion, run)).collect()
    }

    /// Without these parts in a run, whose other features then are at the positions `moved`.
    pub(crate) fn joined(&mut self, run: usize, moved: &[Option<FeatureIx>]) {
        for ion in &mut self.0 {
            ion.retain(|sighting| sighting.run != run || moved[sighting.feature.0].is_some());
            for sighting in ion.iter_mut().filter(|sighting| sighting.run == run) {
                sighting.feature = moved[sighting.feature.0].unwrap_or(sighting.feature);
            }
        }
    }

    /// The ions and compounds of the study.
    pub(crate) fn linked(
        &self,
        runs: &[RunFeatures],
        alignments: &[RunAlignment],
        tolerance: Tolerance,
    ) -> Linked {
        let runs = Runs { features: runs, alignments };
        let ions = self.0.iter().map(|members| shown(members, runs.features.len()));
        let mut ions: Vec<LinkedIon> = ions
            .filter_map(|sightings| {
                Some(LinkedIon { feature: merged(&sightings, runs)?, sightings })
            })
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
}

/// The parts of an elution in a run, but for the highest.
fn pieces(ion: &[Sighting], run: usize) -> Vec<Pieces> {
    let Some(main) = highest(ion, run) else { return Vec::new() };
    let is_whole = |s: &&Sighting| ion.iter().filter(|other| other.run == s.run).count() == 1;
    let mut widths: Vec<f64> = ion.iter().filter(is_whole).map(|s| s.width).collect();
    let fwhm_seconds = median(&mut widths).unwrap_or(main.width);
    let parts = ion.iter().filter(|s| s.run == run && s.feature != main.feature);
    parts.map(|part| Pieces { main: main.feature, part: part.feature, fwhm_seconds }).collect()
}

/// The highest sighting in a run.
fn highest(ion: &[Sighting], run: usize) -> Option<Sighting> {
    let in_run = ion.iter().filter(|sighting| sighting.run == run).copied();
    in_run.reduce(|a, b| if b.height > a.height { b } else { a })
}

/// Features that are one ion, by run.
fn shown(members: &[Sighting], runs: usize) -> Vec<Option<FeatureIx>> {
    (0..runs).map(|run| highest(members, run).map(|sighting| sighting.feature)).collect()
}

/// The sightings of each ion of so many runs. What does not elute is apart from what does.
fn parted(all: &[Sighting], runs: usize) -> Vec<Vec<Sighting>> {
    let (background, eluting): (Vec<Sighting>, Vec<Sighting>) =
        all.iter().partition(|sighting| sighting.is_background);
    let Some(scatter) = Scatter::learn(all, runs) else { return Vec::new() };
    let unite = |ions| wandering::united(ions, &eluting, &scatter);
    let mut ions = part_all(&eluting, &scatter, unite);
    let duration = median(&mut background.iter().map(|s| s.duration).collect::<Vec<f64>>());
    if let Some(duration) = duration {
        ions.extend(part_all(&background, &scatter.of_background(duration), |ions| ions));
    }
    ions
}

/// The ions of each island, after `unite` has made one of some of them.
fn part_all(
    sightings: &[Sighting],
    scatter: &Scatter,
    unite: impl Fn(Vec<Vec<usize>>) -> Vec<Vec<usize>>,
) -> Vec<Vec<Sighting>> {
    let (place, seconds) = scatter.reach();
    let mut ions = Vec::new();
    for island in islands(sightings, place, seconds) {
        for members in unite(part(&island, sightings, scatter)) {
            ions.push(members.into_iter().map(|i| sightings[i]).collect());
        }
    }
    ions
}
