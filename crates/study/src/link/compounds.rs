//! Compounds of the study: ions that most runs that show them take for one molecule.

use std::collections::BTreeMap;

use cofactor_core::statistics::weighted_median;
use cofactor_core::{Compound, CompoundIx, Feature, FeatureIx, Relation, Tolerance};

use super::features::{Places, Runs, compound_in, majority};
use super::ion::LinkedIon;
use crate::scale::corrected;

/// Weight of a run that takes an ion for its compound's, but not for a certain species: as much as
/// even odds.
const UNDECIDED: f64 = 0.5;

/// Finds the compounds of `ions` (ids in order, relations set), and tells each ion its compound
/// and, where that is clear, its species.
pub(super) fn find_compounds(
    ions: &mut [LinkedIon],
    runs: Runs,
    places: &Places,
    tolerance: Tolerance,
) -> Vec<Compound> {
    let mut compounds = Vec::new();
    for members in groups(ions, runs, places) {
        let position = CompoundIx(compounds.len());
        let mass = neutral_mass(&members, ions, runs, tolerance);
        for &member in &members {
            let adduct = adduct(&ions[member.0], mass, runs, tolerance);
            let feature = &mut ions[member.0].feature;
            feature.compound = Some(position);
            feature.precursor.adduct = adduct;
        }
        let mut sorted = members;
        sorted.sort_by(|&a, &b| {
            let (a, b) = (&ions[a.0].feature, &ions[b.0].feature);
            rank(a).cmp(&rank(b)).then(b.height.total_cmp(&a.height)).then(a.id.cmp(&b.id))
        });
        let (neutral_mass, probability) = mass.unzip();
        compounds.push(Compound { neutral_mass, probability, ions: sorted });
    }
    compounds
}

/// Ions by their kind, as in a run.
fn rank(feature: &Feature) -> u8 {
    match (feature.relation, feature.precursor.adduct.as_deref()) {
        (Relation::Molecule, Some("[M+H]+" | "[M-H]-")) => 0,
        (Relation::Molecule, _) => 1,
        _ => 2,
    }
}

/// How many runs show two ions, and how many take them for one compound.
#[derive(Debug, Clone, Copy, Default)]
struct Agreement {
    together: usize,
    seen: usize,
}

/// The ions of each compound: those of whom the runs that show two agree most become one first, as
/// long as over all pairs most runs agree.
fn groups(ions: &[LinkedIon], runs: Runs, places: &Places) -> Vec<Vec<FeatureIx>> {
    let mut pairs: Vec<((FeatureIx, FeatureIx), Agreement)> = together(ions, runs, places)
        .into_iter()
        .map(|(pair, count)| {
            let seen = seen_both(&ions[pair.0.0], &ions[pair.1.0], runs);
            (pair, Agreement { together: count, seen })
        })
        .collect();
    pairs.sort_by(|a, b| {
        let share = |pair: &Agreement| pair.together as f64 / pair.seen as f64;
        share(&b.1).total_cmp(&share(&a.1)).then(b.1.seen.cmp(&a.1.seen)).then(a.0.cmp(&b.0))
    });
    let known: BTreeMap<(FeatureIx, FeatureIx), Agreement> = pairs.iter().copied().collect();
    let of_a_compound = |ion: &LinkedIon| ion.feature.relation.is_of_a_compound();
    let mut group_of: Vec<usize> = (0..ions.len()).collect();
    let mut groups: Vec<Vec<FeatureIx>> = ions
        .iter()
        .map(|ion| if of_a_compound(ion) { vec![ion.feature.position()] } else { Vec::new() })
        .collect();
    for ((a, b), _) in &pairs {
        let (first, second) = (group_of[a.0], group_of[b.0]);
        if first == second {
            continue;
        }
        let mut all = Agreement::default();
        for &one_ion in &groups[first] {
            for &another in &groups[second] {
                let pair = (one_ion.min(another), one_ion.max(another));
                let agreement = known.get(&pair).copied().unwrap_or_else(|| Agreement {
                    together: 0,
                    seen: seen_both(&ions[pair.0.0], &ions[pair.1.0], runs),
                });
                all.together += agreement.together;
                all.seen += agreement.seen;
            }
        }
        if 2 * all.together > all.seen {
            let joined = std::mem::take(&mut groups[second]);
            for ion in &joined {
                group_of[ion.0] = first;
            }
            groups[first].extend(joined);
        }
    }
    groups.retain(|group| !group.is_empty());
    for group in &mut groups {
        group.sort_unstable();
    }
    groups.sort();
    groups
}

/// In how many runs two ions are of one compound, for the pairs that are in any.
fn together(
    ions: &[LinkedIon],
    runs: Runs,
    places: &Places,
) -> BTreeMap<(FeatureIx, FeatureIx), usize> {
    let mut counts = BTreeMap::new();
    let is_ion = |ion: &FeatureIx| ions[ion.0].feature.relation.is_of_a_compound();
    for (run, data) in runs.features.iter().enumerate() {
        for compound in data.compounds {
            let place = |ion: &FeatureIx| places[run].get(ion.0).copied().flatten();
            let mut members: Vec<FeatureIx> =
                compound.ions.iter().filter_map(place).filter(is_ion).collect();
            members.sort_unstable();
            for (i, &first) in members.iter().enumerate() {
                for &second in &members[i + 1..] {
                    *counts.entry((first, second)).or_default() += 1;
                }
            }
        }
    }
    counts
}

/// Runs that show two ions as ions of compounds.
fn seen_both(a: &LinkedIon, b: &LinkedIon, runs: Runs) -> usize {
    let is_ion =
        |run: usize, ion: FeatureIx| runs.features[run].features[ion.0].relation.is_of_a_compound();
    let pairs = a.sightings.iter().zip(&b.sightings).enumerate();
    let shows_both = |&(run, (a, b)): &(usize, (&Option<FeatureIx>, &Option<FeatureIx>))| {
        [a, b].into_iter().all(|ion| ion.is_some_and(|ion| is_ion(run, ion)))
    };
    pairs.filter(shows_both).count()
}

/// The neutral mass that most runs give the compound of these ions, and its probability: what the
/// runs that show its most seen ion say, those that say nothing or something else with 0.
fn neutral_mass(
    members: &[FeatureIx],
    ions: &[LinkedIon],
    runs: Runs,
    tolerance: Tolerance,
) -> Option<(f64, f64)> {
    let shown = |ion: &FeatureIx| ions[ion.0].sightings.iter().flatten().count();
    let height = |ion: &FeatureIx| ions[ion.0].feature.height;
    let main = members
        .iter()
        .max_by(|a, b| shown(a).cmp(&shown(b)).then(height(a).total_cmp(&height(b))))?;
    let seen: Vec<(usize, &Feature)> = runs.seen(&ions[main.0].sightings).collect();
    let said: Vec<(f64, f64)> = seen.iter().filter_map(|&(run, f)| mass_in(runs, run, f)).collect();
    let (middle, _) = *said.iter().max_by(|a, b| {
        let support = |mass: f64| support(&said, mass, tolerance);
        support(a.0).total_cmp(&support(b.0)).then(b.0.total_cmp(&a.0))
    })?;
    let agreeing: Vec<(f64, f64)> =
        said.iter().copied().filter(|(mass, _)| tolerance.matches(middle, *mass)).collect();
    let probability = support(&said, middle, tolerance) / seen.len() as f64;
    let mass = weighted_median(&agreeing)?;
    (2 * agreeing.len() > seen.len()).then_some((mass, probability))
}

fn support(said: &[(f64, f64)], mass: f64, tolerance: Tolerance) -> f64 {
    let agreeing = said.iter().filter(|(other, _)| tolerance.matches(mass, *other));
    agreeing.map(|(_, probability)| probability).sum()
}

/// Neutral mass and probability of the compound that a run takes a feature for.
fn mass_in(runs: Runs, run: usize, feature: &Feature) -> Option<(f64, f64)> {
    let (_, compound) = compound_in(runs, run, feature)?;
    let mass = corrected(compound.neutral_mass?, runs.alignments[run].mz_offset_ppm);
    Some((mass, compound.probability.unwrap_or(1.0)))
}

/// The species of an ion where most of the evidence agrees on it, and on the neutral mass.
fn adduct(
    ion: &LinkedIon,
    mass: Option<(f64, f64)>,
    runs: Runs,
    tolerance: Tolerance,
) -> Option<String> {
    let votes = runs.seen(&ion.sightings).map(|(run, f)| {
        let said = f.precursor.adduct.clone();
        said.zip(weight(mass_in(runs, run, f), mass, tolerance))
            .map_or((None, UNDECIDED), |(adduct, weight)| (Some(adduct), weight))
    });
    let (adduct, share) = majority(votes)?;
    adduct.filter(|_| share > 0.5)
}

/// What the word of a run on a species weighs, given the neutral mass that it says and that of the
/// study; `None` where these disagree.
fn weight(own: Option<(f64, f64)>, study: Option<(f64, f64)>, tolerance: Tolerance) -> Option<f64> {
    let Some((own, probability)) = own else { return Some(1.0) };
    let agrees = study.is_some_and(|(mass, _)| tolerance.matches(mass, own));
    agrees.then_some(probability)
}
