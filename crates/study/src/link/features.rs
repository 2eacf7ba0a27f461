//! A feature of the study from those of the runs.

use std::collections::BTreeMap;

use cofactor_core::statistics::{median, weighted_median};
use cofactor_core::{CompoundIx, Feature, FeatureIx, FoundIn, Isotopologue, Precursor, Relation};

use crate::scale::corrected;
use crate::{RunAlignment, RunFeatures};

/// The runs of a study with where they lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs<'a> {
    pub(super) features: &'a [RunFeatures<'a>],
    pub(super) alignments: &'a [RunAlignment],
}

impl<'a> Runs<'a> {
    /// The features of an ion with their runs, given what each run shows of it.
    pub(super) fn seen(
        self,
        sightings: &'a [Option<FeatureIx>],
    ) -> impl Iterator<Item = (usize, &'a Feature)> {
        let shown = sightings.iter().enumerate();
        shown.filter_map(move |(run, seen)| Some((run, &self.features[run].features[(*seen)?.0])))
    }
}

/// The feature of the study that is seen as `sightings` (by run; at least one), but for its id, its
/// relation, its adduct and its compound, which its neighbours have a say in.
pub(super) fn merged(sightings: &[Option<FeatureIx>], runs: Runs) -> Option<Feature> {
    let seen: Vec<(usize, &Feature)> = runs.seen(sightings).collect();
    let mz = |run: usize, mz: f64| corrected(mz, runs.alignments[run].mz_offset_ppm);
    let weighted: Vec<(f64, f64)> =
        seen.iter().map(|&(run, f)| (mz(run, f.precursor.mz), f.height)).collect();
    let middle = |value: fn(&Feature) -> f64| {
        let times = seen.iter().map(|&(run, f)| runs.alignments[run].study_seconds(value(f)));
        median(&mut times.collect::<Vec<f64>>())
    };
    let rt_seconds = middle(|f| f.rt_seconds)?;
    let (run, highest) = seen.iter().copied().reduce(higher)?;
    let charge = charge(&seen);
    let isotopologues = highest.isotopologues.iter();
    Some(Feature {
        id: 0,
        found_in: highest.found_in,
        precursor: Precursor {
            mz: weighted_median(&weighted)?,
            charge: charge.unwrap_or(1),
            polarity: highest.precursor.polarity,
            adduct: None,
            rt_seconds: Some(rt_seconds),
        },
        charge_known: charge.is_some(),
        channel: highest.channel,
        rt_seconds,
        rt_start: middle(|f| f.rt_start)?,
        rt_end: middle(|f| f.rt_end)?,
        fwhm_seconds: median(&mut seen.iter().map(|(_, f)| f.fwhm_seconds).collect::<Vec<f64>>())?,
        height: highest.height,
        area: highest.area,
        isotopologues: isotopologues
            .map(|peak| Isotopologue { mz: mz(run, peak.mz), ..peak.clone() })
            .collect(),
        relation: Relation::Molecule,
        compound: None,
    })
}

/// The one that MS1 shows, or the more intense one; the first of equals.
fn higher<'a>(a: (usize, &'a Feature), b: (usize, &'a Feature)) -> (usize, &'a Feature) {
    let rank = |f: &Feature| f.found_in == FoundIn::Ms1;
    let is_better = (rank(b.1), b.1.height) > (rank(a.1), a.1.height);
    if is_better { b } else { a }
}

/// The charge that isotopologues show; `None` where none do, or two as often.
fn charge(seen: &[(usize, &Feature)]) -> Option<u8> {
    let known = seen.iter().filter(|(_, f)| f.charge_known);
    majority(known.map(|(_, f)| (f.precursor.charge, 1.0))).map(|(charge, _)| charge)
}

/// The value with most weight, and its share of all; `None` where two have as much.
pub(super) fn majority<T: Ord>(votes: impl Iterator<Item = (T, f64)>) -> Option<(T, f64)> {
    let mut weights: BTreeMap<T, f64> = BTreeMap::new();
    for (value, weight) in votes {
        *weights.entry(value).or_default() += weight;
    }
    let total: f64 = weights.values().sum();
    let most = weights.values().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut winners = weights.into_iter().filter(|(_, weight)| *weight == most);
    let winner = winners.next();
    winner.filter(|_| winners.next().is_none()).map(|(value, weight)| (value, weight / total))
}

/// Position in the study of each feature of each run; `None` where it has none.
pub(super) type Places = Vec<Vec<Option<FeatureIx>>>;

/// What an ion is to most of the runs that show it. Where as many say something else it is a
/// molecule, which claims least.
pub(super) fn relation(
    position: FeatureIx,
    sightings: &[Option<FeatureIx>],
    runs: Runs,
    places: &Places,
) -> Relation {
    let votes = runs.seen(sightings).map(|(run, f)| (kind(f, position, &places[run]), 1.0));
    match majority(votes) {
        Some((Kind::Artefact(beside), _)) => Relation::Artefact { beside },
        Some((Kind::InSource, _)) => Relation::InSource,
        Some((Kind::Background, _)) => Relation::Background,
        Some((Kind::Molecule, _)) | None => Relation::Molecule,
    }
}

/// What a run takes the ion at `position` for, given where its features are in the study.
fn kind(feature: &Feature, position: FeatureIx, places: &[Option<FeatureIx>]) -> Kind {
    match feature.relation {
        Relation::Molecule => Kind::Molecule,
        Relation::InSource => Kind::InSource,
        Relation::Background => Kind::Background,
        Relation::Artefact { beside } => match places.get(beside.0).copied().flatten() {
            Some(beside) if beside != position => Kind::Artefact(beside),
            _ => Kind::Molecule,
        },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Molecule,
    InSource,
    Artefact(FeatureIx),
    Background,
}

/// The compound that a run takes a feature for.
pub(super) fn compound_in<'a>(
    runs: Runs<'a>,
    run: usize,
    feature: &Feature,
) -> Option<(CompoundIx, &'a cofactor_core::Compound)> {
    let position = feature.compound?;
    Some((position, runs.features[run].compounds.get(position.0)?))
}
