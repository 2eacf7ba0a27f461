//! An ion is one row of the study, and a row one ion; compounds and relations are what most runs
//! say.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::simulated::{Deviation, SimulatedRun, TrueIon, feature, ions, views};
use cofactor_study::cofactor_core::{
    Compound, CompoundIx, Feature, FeatureIx, FoundIn, Relation, Tolerance,
};
use cofactor_study::{Linked, RunAlignment, align, link};

const SECONDS: f64 = 600.0;
const TOLERANCE: Tolerance = Tolerance::ppm(10.0);

fn linked(runs: &[SimulatedRun]) -> Linked {
    link(&views(runs), &align(&views(runs), TOLERANCE), TOLERANCE)
}

/// Rows by the true ion of most of their sightings, and sightings that are of another ion.
fn rows(linked: &Linked, runs: &[SimulatedRun]) -> (BTreeMap<usize, usize>, usize) {
    let (mut rows, mut foreign) = (BTreeMap::new(), 0);
    for ion in &linked.ions {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for (run, sighting) in runs.iter().zip(&ion.sightings) {
            if let Some(truth) = sighting.and_then(|feature| run.truth[feature.0]) {
                *counts.entry(truth).or_default() += 1;
            }
        }
        if let Some((&truth, &most)) = counts.iter().max_by_key(|count| count.1) {
            *rows.entry(truth).or_default() += 1;
            foreign += counts.values().sum::<usize>() - most;
        }
    }
    (rows, foreign)
}

fn waves(n: usize, truth: &[TrueIon]) -> Vec<SimulatedRun> {
    let run = |i: usize| {
        let phase = i as f64;
        let shift = |t: f64| 2.0 * phase.sin() + 3.0 * (t / 90.0 + phase).sin();
        let mz_ppm = 3.0 * (2.1 * phase).sin();
        Deviation { mz_ppm, ..Deviation::shifted(shift) }.run(i, truth, SECONDS)
    };
    (0..n).map(run).collect()
}

/// Adds a feature to a run, as an ion of a compound of its own.
fn add(run: &mut SimulatedRun, mz: f64, rt_seconds: f64, truth: Option<usize>) {
    let at = run.features.partition_point(|f| f.precursor.mz < mz);
    run.features.insert(at, feature(0, mz, rt_seconds, 1e5));
    run.truth.insert(at, truth);
    run.compounds.clear();
    for (position, feature) in run.features.iter_mut().enumerate() {
        feature.id = position + 1;
        feature.compound = Some(CompoundIx(position));
        let ions = vec![FeatureIx(position)];
        run.compounds.push(Compound { neutral_mass: None, probability: None, ions });
    }
}

/// The ions within 2 mTh of an m/z.
fn near(linked: &Linked, mz: f64) -> Vec<&cofactor_study::LinkedIon> {
    let is_near = |f: &Feature| (f.precursor.mz - mz).abs() < 0.002;
    linked.ions.iter().filter(|ion| is_near(&ion.feature)).collect()
}

fn seen(ion: &cofactor_study::LinkedIon) -> Vec<usize> {
    (0..ion.sightings.len()).filter(|&run| ion.sightings[run].is_some()).collect()
}

#[test]
fn an_ion_is_a_row_and_a_row_an_ion() {
    for n in [2, 3, 8] {
        let runs = waves(n, &ions(400, SECONDS, 1));
        let linked = linked(&runs);
        let (rows, foreign) = rows(&linked, &runs);
        assert_eq!(foreign, 0);
        let surplus = rows.values().sum::<usize>() - rows.len();
        assert!(100 * surplus <= rows.len(), "{n} runs: {surplus} of {}", rows.len());
    }
}

#[test]
fn every_feature_is_of_one_ion_and_every_ion_of_one_compound() {
    let runs = waves(5, &ions(200, SECONDS, 2));
    let linked = linked(&runs);
    for (position, run) in runs.iter().enumerate() {
        let shown: Vec<usize> =
            linked.ions.iter().filter_map(|ion| ion.sightings[position]).map(|f| f.0).collect();
        let distinct: BTreeSet<usize> = shown.iter().copied().collect();
        assert_eq!((shown.len(), distinct.len()), (run.features.len(), run.features.len()));
    }
    for (position, ion) in linked.ions.iter().enumerate() {
        assert_eq!(ion.feature.position(), FeatureIx(position));
        let compound = &linked.compounds[ion.feature.compound.unwrap().0];
        assert!(compound.ions.contains(&FeatureIx(position)));
    }
    let order =
        |ion: &cofactor_study::LinkedIon| (ion.feature.precursor.mz, ion.feature.rt_seconds);
    assert!(linked.ions.windows(2).all(|pair| order(&pair[0]) <= order(&pair[1])));
}

#[test]
fn a_single_run_is_its_study() {
    let mut runs = waves(1, &ions(60, SECONDS, 3));
    runs[0].compounds[3].neutral_mass = Some(321.0);
    let linked = linked(&runs);
    let features: Vec<Feature> = linked.ions.iter().map(|ion| ion.feature.clone()).collect();
    assert_eq!(features, runs[0].features);
    assert_eq!(linked.compounds, runs[0].compounds);
    assert!(linked.ions.iter().all(|ion| ion.sightings == [Some(ion.feature.position())]));
}

#[test]
fn the_order_of_the_runs_has_no_say() {
    let runs = waves(6, &ions(150, SECONDS, 4));
    let before = linked(&runs);
    let permutation = [4, 1, 5, 0, 3, 2];
    let shuffled: Vec<SimulatedRun> = permutation.iter().map(|&i| runs[i].clone()).collect();
    let mut after = linked(&shuffled);
    for ion in &mut after.ions {
        let mut sightings = vec![None; 6];
        for (&run, sighting) in permutation.iter().zip(&ion.sightings) {
            sightings[run] = *sighting;
        }
        ion.sightings = sightings;
    }
    assert_eq!(after, before);
}

#[test]
fn isobars_side_by_side_stay_two() {
    let mut runs = waves(10, &ions(200, SECONDS, 5));
    let aligned = align(&views(&runs), TOLERANCE);
    // Each is missing in some runs, and in run 3 both.
    for (i, run) in runs.iter_mut().enumerate() {
        for (shift, number, missing) in [(0.0, 900, [1, 3]), (1.2, 901, [3, 6])] {
            if !missing.contains(&i) {
                let seconds = aligned[i].run_seconds(300.0 + shift) + 0.05 * (i % 3) as f64;
                let mz = 500.1234 * (1.0 + aligned[i].mz_offset_ppm * 1e-6);
                add(run, mz, seconds, Some(number));
            }
        }
    }
    let linked = linked(&runs);
    let found = near(&linked, 500.1234);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(seen(found[0]), [0, 2, 4, 5, 6, 7, 8, 9]);
    assert_eq!(seen(found[1]), [0, 1, 2, 4, 5, 7, 8, 9]);
    let (_, foreign) = rows(&linked, &runs);
    assert_eq!(foreign, 0);
}

#[test]
fn an_ion_that_a_run_shows_in_two_parts_stays_together_elsewhere() {
    let mut runs = waves(9, &ions(200, SECONDS, 6));
    let aligned = align(&views(&runs), TOLERANCE);
    for (i, run) in runs.iter_mut().enumerate() {
        let parts: &[f64] = if i == 4 { &[-0.8, 0.9] } else { &[0.0] };
        for part in parts {
            let seconds = aligned[i].run_seconds(300.0 + part) + 0.1 * (i % 4) as f64;
            add(run, 500.1234, seconds, Some(900));
        }
    }
    let linked = linked(&runs);
    let mut counts: Vec<usize> =
        near(&linked, 500.1234).into_iter().map(|ion| seen(ion).len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 9]);
}

#[test]
fn charges_are_not_mixed_and_unknown_ones_go_with_either() {
    let mut runs = waves(6, &ions(100, SECONDS, 7));
    let aligned = align(&views(&runs), TOLERANCE);
    for (i, run) in runs.iter_mut().enumerate() {
        let seconds = aligned[i].run_seconds(300.0);
        add(run, 500.1234, seconds, None);
        let charged = run.features.iter_mut().find(|f| f.precursor.mz == 500.1234).unwrap();
        (charged.charge_known, charged.precursor.charge) =
            [(true, 2), (true, 1), (false, 1)][i % 3];
        if i == 2 {
            charged.rt_seconds += 100.0;
        }
    }
    let linked = linked(&runs);
    let mut found = near(&linked, 500.1234);
    found.sort_by_key(|ion| (ion.feature.precursor.charge, !ion.feature.charge_known));
    let runs_of: Vec<Vec<usize>> = found.iter().map(|ion| seen(ion)).collect();
    assert_eq!(runs_of.len(), 3, "{found:#?}");
    assert!(runs_of.contains(&vec![2]));
    let known: Vec<u8> = found
        .iter()
        .filter(|ion| ion.feature.charge_known)
        .map(|ion| ion.feature.precursor.charge)
        .collect();
    assert_eq!(known, [1, 2]);
}

#[test]
fn a_run_that_is_left_out_shows_nothing() {
    let truth = ions(100, SECONDS, 8);
    let mut runs = waves(4, &truth);
    let failed = Deviation { missing: 1.0, noise: 60, ..Deviation::shifted(|_| 0.0) };
    runs.push(failed.run(9, &truth, SECONDS));
    let linked = linked(&runs);
    assert!(linked.ions.iter().all(|ion| ion.sightings[4].is_none()));
    assert!(linked.ions.iter().all(|ion| ion.sightings.iter().any(Option::is_some)));
}

/// Three runs of the same few ions, each as `change` makes it.
fn alike(change: impl Fn(usize, &mut SimulatedRun)) -> (Vec<SimulatedRun>, Linked) {
    let truth = ions(30, SECONDS, 9);
    let run = |i: usize| {
        let unshifted = Deviation { missing: 0.0, noise: 0, ..Deviation::shifted(|_| 0.0) };
        let mut run = unshifted.run(i, &truth, SECONDS);
        change(i, &mut run);
        run
    };
    let runs: Vec<SimulatedRun> = (0..3).map(run).collect();
    let linked = link(&views(&runs), &vec![RunAlignment::default(); 3], TOLERANCE);
    assert_eq!(linked.ions.len(), 30);
    (runs, linked)
}

/// Makes ions 4 and 7 of a run one compound: [M+H]+ and [M+Na]+.
fn pair(run: &mut SimulatedRun) {
    let mass = run.features[4].precursor.mz - 1.007_276;
    run.features[7].compound = Some(CompoundIx(4));
    run.features[4].precursor.adduct = Some("[M+H]+".to_owned());
    run.features[7].precursor.adduct = Some("[M+Na]+".to_owned());
    run.compounds[4] = Compound {
        neutral_mass: Some(mass),
        probability: Some(0.9),
        ions: vec![FeatureIx(4), FeatureIx(7)],
    };
}

#[test]
fn compounds_are_what_most_runs_say() {
    let (_, linked) = alike(|i, run| {
        if i != 1 {
            pair(run);
        }
    });
    let first = &linked.ions[4].feature;
    assert_eq!(first.compound, linked.ions[7].feature.compound);
    assert_eq!(first.precursor.adduct.as_deref(), Some("[M+H]+"));
    assert_eq!(linked.ions[7].feature.precursor.adduct.as_deref(), Some("[M+Na]+"));
    let compound = &linked.compounds[first.compound.unwrap().0];
    assert_eq!(compound.ions, [FeatureIx(4), FeatureIx(7)]);
    assert!((compound.neutral_mass.unwrap() - first.precursor.mz + 1.007_276).abs() < 0.002);
    assert!((compound.probability.unwrap() - 0.6).abs() < 1e-9);

    let (_, linked) = alike(|i, run| {
        if i == 1 {
            pair(run);
        }
    });
    assert_ne!(linked.ions[4].feature.compound, linked.ions[7].feature.compound);
    assert_eq!(linked.ions[4].feature.precursor.adduct, None);
    assert_eq!(linked.compounds.len(), 30);
    assert!(linked.compounds.iter().all(|compound| compound.neutral_mass.is_none()));
}

#[test]
fn relations_are_what_most_runs_say() {
    let (_, linked) = alike(|i, run| {
        if i != 1 {
            run.features[3].relation = Relation::Artefact { beside: FeatureIx(2) };
            run.features[3].compound = None;
        }
        if i == 0 {
            run.features[8].relation = Relation::InSource;
        }
        run.features[5].relation = Relation::Background;
        run.features[5].compound = None;
        run.features[5].rt_seconds = 100.0 + 150.0 * i as f64;
        (run.features[5].rt_start, run.features[5].rt_end) = (0.0, 590.0);
    });
    let relation = |position: usize| linked.ions[position].feature.relation;
    assert_eq!(relation(3), Relation::Artefact { beside: FeatureIx(2) });
    assert_eq!(relation(8), Relation::Molecule);
    assert_eq!(relation(5), Relation::Background);
    assert!([3, 5].iter().all(|&ion| linked.ions[ion].feature.compound.is_none()));
    assert_eq!(linked.compounds.len(), 28);
}

#[test]
fn a_feature_of_the_study_is_of_the_middle_and_of_its_highest_run() {
    let (runs, linked) = alike(|i, run| {
        let ion = &mut run.features[6];
        ion.rt_seconds = [100.0, 100.2, 100.5][i];
        ion.height = [1e5, 3e5, 2e5][i];
        ion.area = [4e5, 9e5, 9.5e5][i];
        ion.fwhm_seconds = [3.0, 4.5, 4.0][i];
    });
    let ion = &linked.ions[6].feature;
    assert_eq!((ion.rt_seconds, ion.fwhm_seconds), (100.2, 4.0));
    assert_eq!((ion.height, ion.area), (3e5, 9e5));
    assert_eq!(ion.isotopologues, runs[1].features[6].isotopologues);
}

#[test]
fn what_only_ms2_shows_comes_last() {
    let (_, linked) = alike(|i, run| {
        if i < 2 {
            run.features[0].found_in = FoundIn::Ms2;
            run.features[0].height = 1e9;
        }
        run.features[1].found_in = FoundIn::Ms2;
    });
    assert_eq!(linked.ions[29].feature.found_in, FoundIn::Ms2);
    assert_eq!(linked.ions[0].feature.found_in, FoundIn::Ms1);
    assert!(linked.ions[0].feature.height < 1e9, "MS1 shows it in a run");
    assert_eq!(linked.ions.iter().filter(|i| i.feature.found_in == FoundIn::Ms2).count(), 1);
}

/// A run of features that have hardly room for each other.
fn crowded(number: usize, random: &mut ChaCha8Rng) -> SimulatedRun {
    let count = random.random_range(0..60);
    let mut run = SimulatedRun {
        name: format!("run{number}"),
        order: random.random_bool(0.5).then_some(number as f64),
        features: Vec::new(),
        compounds: Vec::new(),
        truth: vec![None; count],
    };
    for position in 0..count {
        let mz = 300.0 + 0.001 * random.random_range(0..40) as f64;
        let rt = random.random_range(0..60) as f64;
        let mut feature = feature(position, mz, rt, random.random_range(1e3..1e6));
        feature.precursor.charge = random.random_range(1..3);
        feature.charge_known = random.random_bool(0.5);
        if random.random_bool(0.2) {
            feature.found_in = FoundIn::Ms2;
            feature.isotopologues.clear();
        }
        let beside = FeatureIx(random.random_range(0..count));
        feature.relation = match random.random_range(0..6) {
            0 => Relation::InSource,
            1 => Relation::Artefact { beside },
            2 => Relation::Background,
            _ => Relation::Molecule,
        };
        feature.compound = None;
        if feature.relation.is_of_a_compound() {
            if run.compounds.is_empty() || random.random_bool(0.6) {
                let neutral_mass = random.random_bool(0.5).then_some(mz - 1.007);
                let probability = neutral_mass.map(|_| 0.9);
                run.compounds.push(Compound { neutral_mass, probability, ions: Vec::new() });
            }
            let compound = run.compounds.len() - 1;
            run.compounds[compound].ions.push(FeatureIx(position));
            feature.compound = Some(CompoundIx(compound));
        }
        run.features.push(feature);
    }
    run
}

#[test]
fn whatever_the_runs_show_the_study_holds_together() {
    let mut random = ChaCha8Rng::seed_from_u64(21);
    for _ in 0..60 {
        let count = random.random_range(2..7);
        let runs: Vec<SimulatedRun> = (0..count).map(|i| crowded(i, &mut random)).collect();
        let mut aligned = vec![RunAlignment::default(); count];
        if random.random_bool(0.3) {
            aligned[0].left_out = Some("it is".to_owned());
        }
        let linked = link(&views(&runs), &aligned, TOLERANCE);
        for (position, run) in runs.iter().enumerate() {
            let mut shown: Vec<usize> =
                linked.ions.iter().filter_map(|ion| Some(ion.sightings[position]?.0)).collect();
            shown.sort_unstable();
            let is_used = aligned[position].left_out.is_none();
            let expected = if is_used { run.features.len() } else { 0 };
            assert_eq!(shown, (0..expected).collect::<Vec<usize>>());
        }
        for (position, ion) in linked.ions.iter().enumerate() {
            let f = &ion.feature;
            assert_eq!(f.position(), FeatureIx(position));
            assert_eq!(f.compound.is_some(), f.relation.is_of_a_compound());
            if let Relation::Artefact { beside } = f.relation {
                assert!(beside.0 < linked.ions.len() && beside.0 != position);
            }
        }
        for (position, compound) in linked.compounds.iter().enumerate() {
            let ions = compound.ions.iter().map(|ion| &linked.ions[ion.0].feature);
            assert!(ions.clone().all(|f| f.compound == Some(CompoundIx(position))));
            assert!(ions.count() > 0);
        }
        let ions: usize = linked.compounds.iter().map(|compound| compound.ions.len()).sum();
        let expected = linked.ions.iter().filter(|ion| ion.feature.compound.is_some()).count();
        assert_eq!(ions, expected);
        let backwards: Vec<SimulatedRun> = runs.iter().rev().cloned().collect();
        aligned.reverse();
        let mut again = link(&views(&backwards), &aligned, TOLERANCE);
        again.ions.iter_mut().for_each(|ion| ion.sightings.reverse());
        assert_eq!(again, linked);
        assert_eq!(align(&views(&runs), TOLERANCE).len(), count);
    }
}
