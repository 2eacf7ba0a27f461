//! The formats for other programs say the same as the tables, in their own units.

use std::collections::BTreeSet;
use std::path::Path;

use cofactor_mzml::{ReadParams, open};

use crate::support::{Row, folder, number, run, spectra, succeed, table, text, write_small_run};

/// The features with a spectrum, after a run.
fn results(out: &Path) -> Vec<Row> {
    let (_, features) = table(&out.join("features.tsv"));
    features.into_iter().filter(|row| number(row, "n_fragments") > 0.0).collect()
}

#[test]
fn every_format_has_every_spectrum() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_small_run(&input);
    succeed(&mut run(&input, &out));
    let features = results(&out);
    assert!(features.len() > 3);
    msp(&text(&out.join("spectra.msp")), &features);
    sirius(&text(&out.join("spectra.ms")), &features);
    gnps(&text(&out.join("gnps_quant.csv")), &features);
    mztab(&text(&out.join("result.mztab")), &table(&out.join("features.tsv")).1);
    mzml(&out, &features);
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

/// The number behind a key, in the lines of a block.
#[track_caller]
fn value(block: &str, key: &str) -> f64 {
    let line = block
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap_or_else(|| panic!("no {key} in\n{block}"));
    line.trim().trim_end_matches('s').parse().unwrap_or_else(|_| panic!("{line}"))
}

/// Retention times in minutes.
fn msp(text: &str, features: &[Row]) {
    let blocks: Vec<&str> = text.split_terminator("\n\n").collect();
    assert_eq!(blocks.len(), features.len());
    for (block, row) in blocks.iter().zip(features) {
        assert!(block.starts_with(&format!("NAME: feature {}\n", row["feature_id"])), "{block}");
        close(value(block, "PRECURSORMZ:"), number(row, "precursor_mz"), 1e-5);
        close(value(block, "RETENTIONTIME:") * 60.0, number(row, "rt_seconds"), 1e-3);
        assert_eq!(value(block, "Num Peaks:"), number(row, "n_fragments"));
        assert_eq!(
            block.lines().filter(|line| line.contains('\t')).count() as f64,
            number(row, "n_fragments")
        );
    }
}

/// Retention times in seconds; isotopologues and fragments.
fn sirius(text: &str, features: &[Row]) {
    let blocks: Vec<&str> = text.split(">compound feature_").skip(1).collect();
    assert_eq!(blocks.len(), features.len());
    for (block, row) in blocks.iter().zip(features) {
        close(value(block, ">parentmass"), number(row, "precursor_mz"), 1e-5);
        close(value(block, ">rt "), number(row, "rt_seconds"), 1e-3);
        let peaks = block
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
            .skip(1);
        assert_eq!(
            peaks.count() as f64,
            number(row, "n_fragments") + number(row, "n_isotopologues")
        );
    }
}

/// Retention times in minutes.
fn gnps(text: &str, features: &[Row]) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("row ID,row m/z,row retention time,run.mzML Peak area"));
    assert_eq!(lines.clone().count(), features.len());
    for (line, row) in lines.zip(features) {
        let fields: Vec<f64> =
            line.split(',').map(|field| field.parse().expect("a number")).collect();
        close(fields[0], number(row, "feature_id"), 0.0);
        close(fields[1], number(row, "precursor_mz"), 1e-5);
        close(fields[2] * 60.0, number(row, "rt_seconds"), 1e-3);
        close(fields[3], number(row, "area"), 0.06);
    }
}

/// Every feature, with a spectrum or without.
fn mztab(text: &str, features: &[Row]) {
    let rows = |prefix: &str| -> Vec<Vec<String>> {
        let of_prefix = text.lines().filter(|line| line.starts_with(prefix));
        of_prefix.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let header = rows("SFH\t").remove(0);
    let column = |name: &str| header.iter().position(|h| h == name).expect("the column is there");
    let (mz, rt, status) = (
        column("exp_mass_to_charge"),
        column("retention_time_in_seconds"),
        column("opt_global_status"),
    );
    let lines = rows("SMF\t");
    let compounds: BTreeSet<&String> =
        features.iter().map(|row| &row["compound_id"]).filter(|id| !id.is_empty()).collect();
    assert_eq!((lines.len(), rows("SML\t").len()), (features.len(), compounds.len()));
    for (line, row) in lines.iter().zip(features) {
        assert_eq!(line[1], row["feature_id"]);
        close(line[mz].parse().expect("m/z"), number(row, "precursor_mz"), 1e-5);
        close(line[rt].parse().expect("seconds"), number(row, "rt_seconds"), 1e-3);
        assert_eq!(line[status], row["status"]);
    }
}

/// The same peaks as in the MGF.
fn mzml(out: &Path, features: &[Row]) {
    let mut reader =
        open(&out.join("spectra.mzML"), &ReadParams::default()).expect("the file opens");
    let scans: Vec<_> = reader.by_ref().map(|scan| scan.expect("a scan").1).collect();
    let mgf = spectra(&out.join("spectra.mgf"));
    assert_eq!(scans.len(), features.len());
    assert!(scans.is_sorted_by(|a, b| a.header.rt_seconds <= b.header.rt_seconds));
    for row in features {
        let id = format!("scan={}", row["feature_id"]);
        let scan = scans.iter().find(|scan| scan.header.id == id).expect("the spectrum is there");
        assert_eq!(scan.header.window.expect("a window").to_string(), row["isolation_window"]);
        close(scan.header.rt_seconds, number(row, "rt_seconds"), 1e-3);
        let peaks = &mgf[&row["feature_id"]].peaks;
        assert_eq!(scan.mz.len(), peaks.len());
        for ((mz, intensity), (same_mz, same_intensity)) in
            scan.mz.iter().zip(&scan.intensity).zip(peaks)
        {
            close(*mz, *same_mz, 1e-6);
            close(f64::from(*intensity), *same_intensity, 0.01 + 1e-6 * same_intensity);
        }
    }
}
