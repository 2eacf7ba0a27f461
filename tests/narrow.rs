//! Peaks so narrow for the cycle that a fragment shows in two scans alone.

use std::fs;

use cofactor_sim::{Scenario, Simulation, TruthCompound, simulate};

use crate::support::{Row, folder, number, run, spectra, succeed, table, write_scans};

/// Peaks of three seconds from end to end, each alone, of which two scans or so show a fragment.
fn slow() -> Scenario {
    Scenario {
        cycle_seconds: 1.6,
        ms2_spacing_seconds: 0.2,
        group_size: [1, 1],
        groups: 40,
        sigma_seconds: [0.75, 0.75],
        tail: [0.0, 0.0],
        height: [3e6, 1e7],
        efficiency: [0.002, 0.004],
        noise_height: 200.0,
        ..Scenario::default()
    }
}

/// Each compound with the m/z of its spectrum below the precursor; none where it has no spectrum.
fn found(simulation: &Simulation) -> Vec<(&TruthCompound, Vec<f64>)> {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_scans(&input, simulation.scans().collect());
    let parameters = folder.path().join("config.toml");
    fs::write(&parameters, "[expert]\npeak_points = 3\n").expect("the parameters are written");
    succeed(run(&input, &out).arg("--config").arg(parameters));
    let spectra = spectra(&out.join("spectra.mgf"));
    let features = table(&out.join("features.tsv")).1;
    let peaks = |compound: &TruthCompound| {
        let is_it = |row: &&Row| {
            near_mz(number(row, "precursor_mz"), compound.mz)
                && (number(row, "rt_seconds") - compound.rt).abs() < 2.0
        };
        let spectrum = features.iter().find(is_it).and_then(|row| spectra.get(&row["feature_id"]));
        let mzs = spectrum.into_iter().flat_map(|spectrum| &spectrum.peaks).map(|peak| peak.0);
        mzs.filter(|mz| *mz < compound.mz - 0.01).collect()
    };
    simulation.truth.iter().map(|compound| (compound, peaks(compound))).collect()
}

fn near_mz(mz: f64, known: f64) -> bool {
    (mz / known - 1.0).abs() < 1e-5
}

#[test]
fn two_points_far_above_the_limit_are_a_fragment() {
    let scenario = slow();
    let (mut high, mut seen, mut fragments, mut right) = (0, 0, 0, 0);
    for seed in 1..=3 {
        let simulation = simulate(&scenario, seed).expect("the scenario is sound");
        for (compound, peaks) in found(&simulation) {
            let is_true = |mz: &&f64| compound.frags.iter().any(|f| near_mz(**mz, f.0));
            fragments += peaks.len();
            right += peaks.iter().filter(is_true).count();
            let least = 20.0 * scenario.detection_limit / (compound.h * compound.eff);
            let tall = compound.frags.iter().filter(|f| f.1 > least);
            high += tall.clone().count();
            seen += tall.filter(|f| peaks.iter().any(|mz| near_mz(*mz, f.0))).count();
        }
    }
    println!("{seen} of {high} fragments found; {right} of {fragments} are right");
    assert!(10 * seen >= 9 * high, "{seen} of {high}");
    assert!(20 * right >= 19 * fragments, "{right} of {fragments}");
}
