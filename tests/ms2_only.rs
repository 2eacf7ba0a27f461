//! Precursors that only MS2 shows, intact and with their fragments, are found; nothing else is
//! taken for one.

use std::fs;
use std::path::Path;

use cofactor_core::{IsolationWindow, Scan};
use cofactor_sim::{Scenario, TruthCompound, simulate};

use crate::support::{
    Compound, Row, folder, hide_in_ms1, number, run, scans_by_hand, spectra, succeed, table, text,
    write_scans,
};

/// Shows in MS1 too, at another time.
const SHOWN: Compound = Compound { mz: 262.2, rt: 14.0, fragments: &[99.04, 150.1] };
/// Its intact ion is the last of its fragments.
const HIDDEN: Compound =
    Compound { mz: 250.1, rt: 40.0, fragments: &[80.05, 120.08, 150.1, 250.1] };

fn narrow(_cycle: usize) -> Vec<IsolationWindow> {
    vec![IsolationWindow { lower: 240.0, upper: 265.0 }]
}

/// Scans in which MS1 does not show [`HIDDEN`].
fn scans(compounds: &[Compound], windows: impl Fn(usize) -> Vec<IsolationWindow>) -> Vec<Scan> {
    let mut scans = scans_by_hand(compounds, windows);
    hide_in_ms1(&mut scans, HIDDEN.mz);
    scans
}

/// The features of a run, results in `folder`.
fn features_of(folder: &Path, scans: Vec<Scan>, config: &str) -> Vec<Row> {
    let (input, out, parameters) =
        (folder.join("run.mzML"), folder.join("out"), folder.join("config.toml"));
    write_scans(&input, scans);
    fs::write(&parameters, config).expect("the parameters are written");
    succeed(run(&input, &out).arg("--force").arg("--config").arg(parameters));
    table(&out.join("features.tsv")).1
}

fn only_in_ms2(features: &[Row]) -> Vec<&Row> {
    features.iter().filter(|row| row["found_in"] == "ms2").collect()
}

#[test]
fn a_precursor_below_the_limit_of_ms1_is_found_with_its_fragments() {
    let folder = folder();
    let features = features_of(folder.path(), scans(&[SHOWN, HIDDEN], narrow), "");
    let found = only_in_ms2(&features);
    assert_eq!(found.len(), 1, "{features:?}");
    let row = found[0];
    assert_eq!(row["feature_id"], features.len().to_string());
    assert!((number(row, "precursor_mz") - HIDDEN.mz).abs() < 1e-3, "{row:?}");
    assert!((number(row, "rt_seconds") - HIDDEN.rt).abs() < 0.3, "{row:?}");
    assert!((number(row, "height") / 1e6 - 1.0).abs() < 0.15, "{row:?}");
    assert_eq!((row["status"].as_str(), row["n_isotopologues"].as_str()), ("deconvolved", "0"));
    assert_eq!(row["isolation_window"], "240.0000-265.0000");
    let out = folder.path().join("out");
    let peaks = &spectra(&out.join("spectra.mgf"))[&row["feature_id"]].peaks;
    assert_eq!(peaks.len(), HIDDEN.fragments.len(), "{peaks:?}");
    for (peak, mz) in peaks.iter().zip(HIDDEN.fragments) {
        assert!((peak.0 - mz).abs() < 1e-3 && (peak.1 / 1e6 - 1.0).abs() < 0.15, "{peaks:?}");
    }
    // What it has in common with the other, which eluted before, is told apart.
    let shown = features.iter().find(|row| (number(row, "precursor_mz") - SHOWN.mz).abs() < 1e-3);
    assert_eq!(number(shown.expect("it is in MS1"), "n_fragments"), 2.0);
    let sirius = text(&out.join("spectra.ms"));
    let block =
        sirius.split(">compound feature_").find(|block| block.starts_with(&row["feature_id"]));
    assert!(!block.expect("it has a block").contains("ms1merged"));
    let mztab = text(&out.join("result.mztab"));
    let line =
        mztab.lines().find(|line| line.starts_with(&format!("SMF\t{}\t", row["feature_id"])));
    assert!(line.expect("it has a line").contains("\tms2\t"));
}

#[test]
fn what_a_precursor_in_ms1_explains_is_none() {
    let folder = folder();
    // A heavier one has the same ions as fragments; a lighter one has them by chance, but the two
    // could not be told apart.
    for mz in [262.2, 243.3] {
        let heavier = Compound { mz, rt: 40.0, fragments: HIDDEN.fragments };
        let features = features_of(folder.path(), scans(&[heavier], narrow), "");
        assert!(only_in_ms2(&features).is_empty(), "{features:?}");
    }
    // The window holds M+1 of this precursor, and not the precursor.
    let (below, isotopologue) = (239.2, 240.20335);
    let compounds = [
        Compound { mz: below, rt: 40.0, fragments: &[] },
        Compound { mz: isotopologue, rt: 40.0, fragments: &[80.05, 120.08, 240.20335] },
    ];
    let mut scans = scans_by_hand(&compounds, narrow);
    hide_in_ms1(&mut scans, isotopologue);
    let features = features_of(folder.path(), scans, "");
    assert!(only_in_ms2(&features).is_empty(), "{features:?}");
}

#[test]
fn nothing_is_sought_in_wide_windows_or_against_the_will_of_the_user() {
    let folder = folder();
    let wide = |_: usize| vec![IsolationWindow { lower: 200.0, upper: 265.0 }];
    let all = |_: usize| vec![IsolationWindow::ALL];
    let off = "max_ms2_only_window = 0\n";
    for (scans, config) in [
        (scans(&[SHOWN, HIDDEN], wide), ""),
        (scans(&[SHOWN, HIDDEN], all), ""),
        (scans(&[SHOWN, HIDDEN], narrow), off),
    ] {
        let features = features_of(folder.path(), scans, config);
        assert!(only_in_ms2(&features).is_empty(), "{features:?}");
    }
}

/// A simulated run with narrow windows. Most of its compounds elute with others of their window,
/// whose fragments their ions may be, or have fragments at random that no ion could lose.
fn crowded() -> Scenario {
    let windows =
        (0..8).map(|i| [250.0 + 25.0 * f64::from(i), 276.0 + 25.0 * f64::from(i)]).collect();
    Scenario {
        windows,
        ms2_spacing_seconds: 0.06,
        groups: 24,
        group_size: [1, 4],
        ..Scenario::default()
    }
}

#[test]
fn compounds_hidden_from_ms1_are_found_and_hardly_anything_else() {
    let (mut hidden, mut found, mut fragments, mut right, mut wrong) = (0, 0, 0, 0, 0);
    for seed in 1..=3 {
        let simulation = simulate(&crowded(), seed).expect("the scenario is sound");
        let mut scans: Vec<Scan> = simulation.scans().collect();
        let (out, shown): (Vec<&TruthCompound>, Vec<_>) =
            simulation.truth.iter().partition(|c| c.id % 4 == 0);
        out.iter().for_each(|compound| hide_in_ms1(&mut scans, compound.mz));
        let folder = folder();
        let features = features_of(folder.path(), scans, "");
        let spectra = spectra(&folder.path().join("out/spectra.mgf"));
        hidden += out.len();
        for row in only_in_ms2(&features) {
            let is_it = |c: &&&TruthCompound| {
                (number(row, "precursor_mz") / c.mz - 1.0).abs() < 1e-5
                    && (number(row, "rt_seconds") - c.rt).abs() < 3.0
            };
            assert!(!shown.iter().any(|c| is_it(&c)), "MS1 shows it: {row:?}");
            let Some(compound) = out.iter().find(is_it) else {
                wrong += 1;
                continue;
            };
            found += 1;
            let peaks = &spectra[&row["feature_id"]].peaks;
            let own = peaks.iter().filter(|peak| peak.0 < compound.mz - 0.01);
            for peak in own {
                fragments += 1;
                right +=
                    usize::from(compound.frags.iter().any(|f| (f.0 / peak.0 - 1.0).abs() < 1e-5));
            }
        }
    }
    println!(
        "{found} of {hidden} found, {wrong} others; {right} of {fragments} fragments are right"
    );
    assert!(5 * found >= hidden, "{found} of {hidden}");
    assert!(20 * wrong <= hidden, "{wrong} of {hidden}");
    assert!(10 * right >= 9 * fragments, "{right} of {fragments}");
}
