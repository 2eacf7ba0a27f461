//! Runs of molecules through the public API: what the truth says is what scans show.

use cofactor_chem::{Adduct, Formula};
use cofactor_core::{Polarity, Scan};
use cofactor_sim::{
    ArtefactKind, Molecules, Relation, Scenario, Simulation, TruthCompound, simulate,
};

fn preset() -> Scenario {
    Scenario::named("molecules").expect("a preset")
}

/// Everything there is, in an instrument without noise and cap.
fn clean(seed: u64) -> Simulation {
    let molecules = Molecules {
        compounds: 150,
        flat_ions: [0, 0],
        saturation: 1e15,
        side_lobes_from: 1e15,
        mz_statistics_ppm: 0.0,
        ..Molecules::default()
    };
    let scenario = Scenario {
        gain: 1e-3,
        relative_noise: 0.0,
        mz_jitter_ppm: 0.0,
        noise_peaks: 0.0,
        background_ions: 0,
        molecules: Some(molecules),
        ..preset()
    };
    simulate(&scenario, seed).expect("a sound scenario")
}

/// The scan nearest to a time, of MS1 (channel 0) or of a window.
fn scan_at(simulation: &Simulation, seconds: f64, channel: usize) -> Scan {
    let Scenario { windows, cycle_seconds, .. } = preset();
    let cycle = (seconds / cycle_seconds).round() as usize;
    simulation.scan(cycle * (1 + windows.len()) + channel)
}

fn height(scan: &Scan, mz: f64) -> f64 {
    let near = |peak: &(&f64, &f32)| (peak.0 - mz).abs() < 3e-6 * mz;
    scan.mz.iter().zip(&scan.intensity).find(near).map_or(0.0, |(_, &height)| f64::from(height))
}

fn ion<'a>(simulation: &'a Simulation, name: &str, adduct: &str) -> Option<&'a TruthCompound> {
    simulation
        .truth
        .iter()
        .find(|ion| ion.name.as_deref() == Some(name) && ion.adduct.as_deref() == Some(adduct))
}

#[test]
fn two_chlorines_show_in_the_pattern_of_the_run() {
    let simulation = clean(1);
    let diclofenac = ion(&simulation, "diclofenac", "[M+H]+").expect("it is among so many");
    assert!((diclofenac.mz - 296.0240).abs() < 1e-4, "{}", diclofenac.mz);
    let scan = scan_at(&simulation, diclofenac.rt, 0);
    let mono = height(&scan, 296.0240);
    // ³⁵Cl³⁷Cl and ³⁷Cl₂ relative to ³⁵Cl₂, with what carbon adds.
    for (mz, ratio) in [(298.0212, 0.655), (300.0184, 0.110)] {
        let found = height(&scan, mz) / mono;
        assert!((found / ratio - 1.0).abs() < 0.05, "{mz}: {found} of {mono}");
    }
}

#[test]
fn adducts_have_the_mass_of_their_molecule_and_its_elution() {
    let simulation = clean(2);
    let mut seen = Vec::new();
    for entry in &simulation.truth {
        let name = entry.adduct.as_deref().expect("an ion species");
        let molecule: Formula = entry.formula.as_deref().expect("a formula").parse().unwrap();
        let adduct: Adduct = name.parse().unwrap();
        assert!((adduct.mz(molecule.mass()) - entry.mz).abs() < 1e-6, "{name} of {molecule}");
        let first = simulation.truth.iter().find(|ion| ion.compound == entry.compound).unwrap();
        assert_eq!((first.rt, first.sig, first.shape), (entry.rt, entry.sig, entry.shape));
        seen.push(name.to_owned());
    }
    for name in ["[M+H]+", "[M+Na]+", "[M+K]+", "[M+NH4]+", "[2M+H]+"] {
        assert!(seen.iter().any(|other| other == name), "no {name}");
    }
    assert!(simulation.truth.iter().any(|ion| ion.relation == Some(Relation::InSource)));
}

#[test]
fn anions_have_scans_and_species_of_their_polarity() {
    let scenario = Scenario::named("molecules-negative").unwrap();
    let simulation = simulate(&scenario, 1).unwrap();
    assert_eq!(simulation.scan(0).header.polarity, Some(Polarity::Negative));
    let ends_with_minus =
        |ion: &TruthCompound| ion.adduct.as_deref().is_some_and(|name| name.ends_with('-'));
    assert!(simulation.truth.iter().all(ends_with_minus));
}

#[test]
fn fragments_show_at_the_heights_of_the_truth() {
    let simulation = clean(3);
    let (mut right, mut all) = (0, 0);
    let smooth = simulation.truth.iter().filter(|ion| ion.shape.is_none() && ion.h > 1e5);
    for entry in smooth {
        let scan = scan_at(&simulation, entry.rt, 1 + entry.win);
        let at_the_time = entry.h * entry.eff * entry.elution().at(scan.header.rt_seconds);
        for &(mz, relative) in entry.frags.iter().filter(|(_, relative)| *relative > 0.05) {
            let ratio = height(&scan, mz) / (at_the_time * relative);
            all += 1;
            right += usize::from((0.8..1.25).contains(&ratio));
        }
    }
    // Some fragments coincide with those of others.
    assert!(all > 200 && 10 * right > 8 * all, "{right} of {all}");
}

#[test]
fn the_same_seed_gives_the_same_run_whatever_the_order() {
    let scenario = Scenario { duration_seconds: 40.0, ..preset() };
    let simulation = simulate(&scenario, 7).unwrap();
    let again = simulate(&scenario, 7).unwrap();
    assert_eq!((&again.truth, &again.artefacts), (&simulation.truth, &simulation.artefacts));
    let scans: Vec<Scan> = simulation.scans().collect();
    for index in (0..scans.len()).rev() {
        assert_eq!(again.scan(index), scans[index]);
    }
    assert_ne!(simulate(&scenario, 8).unwrap().truth, simulation.truth);
}

#[test]
fn side_lobes_and_background_are_named() {
    let simulation = simulate(&preset(), 1).unwrap();
    let of_kind = |kind| simulation.artefacts.iter().filter(move |one| one.kind == kind);
    assert!(of_kind(ArtefactKind::SideLobe).count() > 20);
    assert!(of_kind(ArtefactKind::Background).filter(|one| one.win.is_none()).count() >= 20);
    let lobe = of_kind(ArtefactKind::SideLobe).next().unwrap();
    let parent = &simulation.truth[lobe.ion.unwrap()];
    assert!((lobe.mz - parent.mz).abs() < 4.5 && lobe.rt == Some(parent.rt));
}

#[test]
fn numbers_that_make_no_run_are_named() {
    let scenario = preset().with_compounds(5000);
    let error = simulate(&scenario, 1).unwrap_err().to_string();
    assert!(error.contains("molecules.compounds"), "{error}");
}
