//! Overlapping windows and collision energies are solved together: what fits a precursor by chance
//! in one window is missing in the other.

use cofactor_core::{IsolationWindow, Scan};
use cofactor_sim::{Scenario, ScoredSpectrum, score, simulate};

use crate::support::{
    Compound, folder, number, run, scans_by_hand, spectra, succeed, table, write_scans,
};

/// In both windows.
const SHARED: Compound = Compound { mz: 262.2, rt: 30.0, fragments: &[80.05, 150.1] };
/// Elutes exactly with it, and is in the first window alone.
const NEIGHBOUR: Compound = Compound { mz: 250.1, rt: 30.0, fragments: &[99.04, 120.08, 150.1] };
const FIRST: IsolationWindow = IsolationWindow { lower: 240.0, upper: 270.0 };
const SECOND: IsolationWindow = IsolationWindow { lower: 255.0, upper: 290.0 };

/// Precursor, status, other windows and m/z of the fragments of each feature.
fn results(windows: &[IsolationWindow]) -> Vec<(f64, String, String, Vec<f64>)> {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_scans(&input, scans_by_hand(&[SHARED, NEIGHBOUR], |_| windows.to_vec()));
    succeed(&mut run(&input, &out));
    let spectra = spectra(&out.join("spectra.mgf"));
    let mzs =
        |id: &str| spectra[id].peaks.iter().map(|peak| (peak.0 * 100.0).round() / 100.0).collect();
    let rows = table(&out.join("features.tsv")).1;
    let found = |row: &crate::support::Row| {
        (
            number(row, "precursor_mz"),
            row["status"].clone(),
            row["other_windows"].clone(),
            mzs(&row["spectrum_of"]),
        )
    };
    rows.iter().map(found).collect()
}

#[test]
fn a_second_window_parts_precursors_that_elute_exactly_together() {
    let alone = results(&[FIRST]);
    assert!(
        alone.len() == 2
            && alone.iter().all(|f| f.1.starts_with("not_separable:") && f.2.is_empty()),
        "{alone:?}"
    );
    let parted = results(&[FIRST, SECOND]);
    assert!(parted.len() == 2 && parted.iter().all(|f| f.1 == "deconvolved"), "{parted:?}");
    let (neighbour, shared) = (&parted[0], &parted[1]);
    assert!((neighbour.0 - NEIGHBOUR.mz).abs() < 1e-3 && (shared.0 - SHARED.mz).abs() < 1e-3);
    assert_eq!(neighbour.3, NEIGHBOUR.fragments);
    assert_eq!(shared.3, SHARED.fragments);
    assert_eq!(neighbour.2, "");
    assert!([FIRST, SECOND].iter().any(|window| shared.2 == window.to_string()), "{shared:?}");
}

#[test]
fn fragments_of_two_energies_are_one_spectrum_with_their_mean() {
    let low = Compound { fragments: &[80.05, 150.1], ..SHARED };
    let high = Compound { fragments: &[80.05, 99.04], ..SHARED };
    let mut scans = scans_by_hand(&[low], |_| vec![FIRST, FIRST]);
    for (scan, of_high) in scans.iter_mut().zip(scans_by_hand(&[high], |_| vec![FIRST, FIRST])) {
        if scan.header.index % 3 == 2 {
            *scan = of_high;
            scan.header.collision_energy = Some(60.0);
        }
    }
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_scans(&input, scans);
    succeed(&mut run(&input, &out));
    let spectra = spectra(&out.join("spectra.mgf"));
    assert_eq!(spectra.len(), 1);
    let spectrum = &spectra["1"];
    assert_eq!(spectrum.keys["COLLISION_ENERGY"], "30, 60");
    let [both, of_high, of_low] = spectrum.peaks[..] else { panic!("{:?}", spectrum.peaks) };
    for ((mz, height), (expected, share)) in
        [both, of_high, of_low].into_iter().zip([(80.05, 1.0), (99.04, 0.5), (150.1, 0.5)])
    {
        assert!((mz - expected).abs() < 1e-3, "{mz}");
        assert!((height / both.1 / share - 1.0).abs() < 0.05, "{mz}: {height} of {}", both.1);
    }
}

/// Mean cosine, precision and recall of a simulated run of which some windows are kept.
fn scores(seed: u64, kept: impl Fn(IsolationWindow) -> bool) -> [f64; 3] {
    let scenario = Scenario::named("overlapping").expect("there is such a scenario");
    let simulation = simulate(&scenario, seed).expect("the scenario is sound");
    let scans: Vec<Scan> =
        simulation.scans().filter(|scan| scan.header.window.is_none_or(&kept)).collect();
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_scans(&input, scans);
    succeed(&mut run(&input, &out));
    let rows = table(&out.join("features.tsv")).1;
    let all = spectra(&out.join("spectra.mgf"));
    let scored = rows.iter().filter_map(|row| {
        let spectrum = all.get(&row["feature_id"])?;
        Some(ScoredSpectrum {
            precursor_mz: number(row, "precursor_mz"),
            rt_seconds: number(row, "rt_seconds"),
            peaks: spectrum.peaks.clone(),
            ..ScoredSpectrum::default()
        })
    });
    let scores = score(&simulation.truth, &scored.collect::<Vec<_>>());
    [scores.cosine, scores.precision, scores.recall]
}

#[test]
fn overlapping_windows_make_spectra_better() {
    let mean = |kept: fn(IsolationWindow) -> bool| {
        let runs: Vec<[f64; 3]> = (1..=3).map(|seed| scores(seed, kept)).collect();
        [0, 1, 2].map(|i| runs.iter().map(|run| run[i]).sum::<f64>() / runs.len() as f64)
    };
    let every_second = mean(|window| (window.lower / 100.0).fract() == 0.0 && window.lower < 600.0);
    let all = mean(|_| true);
    println!("cosine, precision, recall: every second window {every_second:.3?}, all {all:.3?}");
    assert!(
        all[0] > every_second[0] + 0.02
            && all[1] > every_second[1]
            && all[2] > every_second[2] + 0.02
    );
}
