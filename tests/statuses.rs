//! A feature without a spectrum says why.

use cofactor_core::IsolationWindow;

use crate::support::{
    Compound, folder, number, run, scans_by_hand, spectra, succeed, table, write_scans,
};

/// The status of the only feature of a run with one compound without fragments, whose MS2 shows
/// everything so many times as high.
fn status_of_a_compound_without_fragments(
    windows: &dyn Fn(usize) -> Vec<IsolationWindow>,
    ms2_gain: f32,
) -> String {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    let mut scans = scans_by_hand(&[Compound { mz: 250.1, rt: 30.0, fragments: &[] }], windows);
    for scan in scans.iter_mut().filter(|scan| scan.header.ms_level == 2) {
        scan.intensity.iter_mut().for_each(|intensity| *intensity *= ms2_gain);
    }
    write_scans(&input, scans);
    succeed(&mut run(&input, &out));
    let features = table(&out.join("features.tsv")).1;
    let near = features.iter().find(|row| (number(row, "precursor_mz") - 250.1).abs() < 1e-3);
    near.expect("the precursor is found")["status"].clone()
}

#[test]
fn a_feature_without_a_spectrum_says_why() {
    let window = |lower: f64, upper: f64| vec![IsolationWindow { lower, upper }];
    let status = status_of_a_compound_without_fragments;
    assert_eq!(status(&|_| window(200.0, 300.0), 1.0), "nothing_coelutes");
    assert_eq!(status(&|_| window(200.0, 300.0), 1e4), "below_limit");
    assert_eq!(status(&|_| window(300.0, 350.0), 1.0), "not_isolated");
    let once = |cycle: usize| if cycle == 30 { window(200.0, 300.0) } else { window(300.0, 350.0) };
    assert_eq!(status(&once, 1.0), "too_few_scans");
}

#[test]
fn a_mixture_holds_nothing_heavier_than_its_main_compound() {
    let light = Compound { mz: 250.1, rt: 30.0, fragments: &[99.04, 120.08, 250.1] };
    let heavy = Compound { mz: 262.2, rt: 30.0, fragments: &[80.05, 262.2] };
    let window = IsolationWindow { lower: 240.0, upper: 270.0 };
    let mut scans = scans_by_hand(&[light, heavy], |_| vec![window]);
    for scan in scans.iter_mut().filter(|scan| scan.header.ms_level == 1) {
        let peaks = scan.mz.iter().zip(&mut scan.intensity);
        peaks.filter(|(mz, _)| **mz < 255.0).for_each(|(_, intensity)| *intensity *= 2.0);
    }
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_scans(&input, scans);
    succeed(&mut run(&input, &out));
    let features = table(&out.join("features.tsv")).1;
    let head = features.iter().find(|row| (number(row, "precursor_mz") - 250.1).abs() < 1e-3);
    let head = &head.expect("it is found")["feature_id"];
    assert!(features.iter().all(|row| row["spectrum_of"] == *head), "{features:?}");
    let peaks = &spectra(&out.join("spectra.mgf"))[head].peaks;
    let mzs: Vec<f64> = peaks.iter().map(|peak| (peak.0 * 100.0).round() / 100.0).collect();
    assert_eq!(mzs, [80.05, 99.04, 120.08, 250.1]);
    let fragments = table(&out.join("fragments.tsv")).1;
    let survivor = fragments.iter().find(|row| (number(row, "fragment_mz") - 262.2).abs() < 1e-3);
    assert_eq!(survivor.expect("it is listed")["status"], "shared");
}
