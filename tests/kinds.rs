//! Runs that are not SWATH: each ends well and says in the status column why there is no spectrum,
//! or has one.

use std::path::Path;

use cofactor_core::IsolationWindow;

use crate::support::{
    Compound, Ended, Row, folder, run, spectra, succeed, table, write_run_by_hand,
};

const COMPOUNDS: [Compound; 2] = [
    Compound { mz: 250.1, rt: 20.0, fragments: &[80.05, 120.08, 150.1] },
    Compound { mz: 310.2, rt: 40.0, fragments: &[99.04, 150.1] },
];

fn features_of(
    folder: &Path,
    windows: impl Fn(usize) -> Vec<IsolationWindow>,
) -> (Ended, Vec<Row>) {
    let (input, out) = (folder.join("run.mzML"), folder.join("out"));
    write_run_by_hand(&input, &COMPOUNDS, windows);
    let ended = succeed(&mut run(&input, &out));
    (ended, table(&out.join("features.tsv")).1)
}

fn assert_no_spectra(folder: &Path, features: &[Row]) {
    for compound in COMPOUNDS {
        assert!(
            features.iter().any(|row| row["precursor_mz"].starts_with(&compound.mz.to_string())),
            "{features:?}"
        );
    }
    assert!(features.iter().all(|row| row["status"] == "no_fragment_scans"), "{features:?}");
    assert!(spectra(&folder.join("out/spectra.mgf")).is_empty());
}

#[test]
fn ms1_only() {
    let folder = folder();
    let (ended, features) = features_of(folder.path(), |_| Vec::new());
    assert_no_spectra(folder.path(), &features);
    assert!(ended.stderr.contains("MS1 only"), "{}", ended.stderr);
}

#[test]
fn data_dependent() {
    let folder = folder();
    let chosen = |cycle: usize| {
        let centre = 200.0 + 2.0 * cycle as f64;
        vec![IsolationWindow { lower: centre - 0.5, upper: centre + 0.5 }]
    };
    let (ended, features) = features_of(folder.path(), chosen);
    assert_no_spectra(folder.path(), &features);
    assert!(ended.stderr.contains("data-dependent (DDA)"), "{}", ended.stderr);
}

#[test]
fn all_ion_fragmentation() {
    let folder = folder();
    let (_, features) = features_of(folder.path(), |_| vec![IsolationWindow::ALL]);
    let spectra = spectra(&folder.path().join("out/spectra.mgf"));
    for compound in COMPOUNDS {
        let row = features
            .iter()
            .find(|row| row["precursor_mz"].starts_with(&compound.mz.to_string()))
            .unwrap();
        assert_eq!(
            (row["isolation_window"].as_str(), row["status"].as_str()),
            ("all", "deconvolved")
        );
        let found = &spectra[&row["feature_id"]].peaks;
        assert_eq!(found.len(), compound.fragments.len(), "{found:?}");
        for (peak, mz) in found.iter().zip(compound.fragments) {
            assert!((peak.0 - mz).abs() < 1e-3, "{found:?}");
        }
    }
}
