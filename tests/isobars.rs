//! Two precursors of one m/z, the smaller on the flank of the other.

use cofactor_core::{IsolationWindow, Scan};

use crate::support::{
    Compound, Row, folder, number, run, scans_by_hand, spectra, succeed, table, write_scans,
};

const MZ: f64 = 200.1;
/// Height of the smaller over that of the other.
const SMALLER: f32 = 0.15;
const FRAGMENTS: &[f64] = &[120.05, 95.03];
const FRAGMENTS_OF_SMALLER: &[f64] = &[110.07, 81.04];

/// The scans of both, where peaks of one m/z are one.
fn together(scans: Vec<Scan>, smaller: Vec<Scan>) -> Vec<Scan> {
    let mut scans = scans;
    for (scan, other) in scans.iter_mut().zip(smaller) {
        let mut peaks: Vec<(f64, f32)> = scan.mz.drain(..).zip(scan.intensity.drain(..)).collect();
        peaks.extend(other.mz.into_iter().zip(other.intensity.iter().map(|x| SMALLER * x)));
        peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (mz, intensity) in peaks {
            if scan.mz.last() == Some(&mz) {
                *scan.intensity.last_mut().expect("one for each m/z") += intensity;
            } else {
                scan.mz.push(mz);
                scan.intensity.push(intensity);
            }
        }
    }
    scans
}

#[test]
fn a_small_isobar_on_the_flank_of_another_has_its_own_fragments() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    let window = |_: usize| vec![IsolationWindow { lower: 190.0, upper: 210.0 }];
    let alone = |rt, fragments| scans_by_hand(&[Compound { mz: MZ, rt, fragments }], window);
    write_scans(&input, together(alone(24.0, FRAGMENTS), alone(35.0, FRAGMENTS_OF_SMALLER)));
    succeed(&mut run(&input, &out));
    let spectra = spectra(&out.join("spectra.mgf"));
    let features = table(&out.join("features.tsv")).1;
    for (rt, fragments) in [(24.0, FRAGMENTS), (35.0, FRAGMENTS_OF_SMALLER)] {
        let is_it = |row: &&Row| {
            (number(row, "precursor_mz") - MZ).abs() < 0.001
                && (number(row, "rt_seconds") - rt).abs() < 1.0
        };
        let feature = features.iter().find(is_it).unwrap_or_else(|| panic!("none at {rt} s"));
        let peaks = spectra[&feature["feature_id"]].peaks.iter().map(|peak| peak.0);
        let lighter: Vec<f64> = peaks.filter(|mz| *mz < MZ - 0.1).collect();
        let is_own = |mz: &f64| fragments.iter().any(|own| (own - mz).abs() < 0.001);
        assert!(lighter.len() == 2 && lighter.iter().all(is_own), "{rt} s: {lighter:?}");
    }
}
