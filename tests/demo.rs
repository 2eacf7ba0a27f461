//! The main job: simulate, deconvolve, score; every file of the result folder is there, whole, and
//! agrees with the others.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cofactor::parameters::{PARAMETERS, Parameter};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{
    RESULT_FILES, Row, cofactor, documented, folder, names_in, number, root, run, spectra, succeed,
    table, text,
};

#[test]
fn the_demo_gives_good_spectra_and_a_whole_result_folder() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("results"));
    succeed(
        cofactor()
            .args(["simulate", "--scenario", "demo", "--seed", "3", "--out"])
            .arg(folder.path()),
    );
    let told = succeed(&mut run(&input, &out));
    assert!(told.stdout.is_empty(), "results go to files, not to standard output");
    assert_eq!(names_in(&out), RESULT_FILES);

    let (header, features) = table(&out.join("features.tsv"));
    assert_eq!(header, documented("features.tsv.md"));
    features_are_sound(&features);
    spectra_are_those_of_the_tables(&out, &features);
    elution_peaks_at_one(&out, &features);
    the_record_is_true(&input, &out, features.len());
    the_truth_is_documented(&folder.path().join("truth.json"));
    the_score_is_good(&folder.path().join("truth.json"), &out.join("spectra.mgf"));
}

fn features_are_sound(features: &[Row]) {
    for (row, id) in features.iter().zip(1..) {
        assert_eq!(row["feature_id"], id.to_string());
        let (start, apex, end) =
            (number(row, "rt_start"), number(row, "rt_seconds"), number(row, "rt_end"));
        assert!(start <= apex && apex <= end, "{row:?}");
        assert!(number(row, "height") > 0.0 && number(row, "area") > 0.0, "{row:?}");
    }
}

fn has_spectrum(row: &Row) -> bool {
    row["spectrum_of"] == row["feature_id"]
}

fn spectra_are_those_of_the_tables(out: &Path, features: &[Row]) {
    let (header, fragments) = table(&out.join("fragments.tsv"));
    assert_eq!(header, documented("fragments.tsv.md"));
    let mut matched: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in fragments.iter().filter(|row| row["status"] == "matched") {
        matched.entry(&row["feature_id"]).or_default().push(row);
    }
    let spectra = spectra(&out.join("spectra.mgf"));
    let documented = documented("spectra.mgf.md");
    for feature in features {
        let id = feature["feature_id"].as_str();
        let rows = matched.remove(id).unwrap_or_default();
        assert_eq!(number(feature, "n_fragments"), rows.len() as f64);
        assert_eq!(spectra.contains_key(id), has_spectrum(feature), "{feature:?}");
        let Some(spectrum) = spectra.get(id) else {
            assert!(rows.is_empty(), "{feature:?}");
            continue;
        };
        assert!(spectrum.keys.keys().all(|key| documented.contains(key)), "{:?}", spectrum.keys);
        assert_eq!(spectrum.keys["Num peaks"], rows.len().to_string());
        assert_eq!(spectrum.keys["ISOLATION_WINDOW"], feature["isolation_window"]);
        assert!(spectrum.peaks.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(spectrum.peaks.len(), rows.len());
        for ((mz, intensity), row) in spectrum.peaks.iter().zip(rows) {
            assert!((mz - number(row, "fragment_mz")).abs() < 1e-5, "{row:?}");
            assert!((intensity - number(row, "intensity")).abs() < 0.06, "{row:?}");
            assert!((0.0..=1.0).contains(&number(row, "share")), "{row:?}");
            if !row["intensity_low"].is_empty() {
                assert!(
                    number(row, "intensity_low") <= *intensity
                        && *intensity <= number(row, "intensity_high")
                );
            }
        }
        assert!((0.0..=1.0).contains(&number(feature, "purity")), "{feature:?}");
    }
    assert!(matched.is_empty(), "fragments of unknown features: {:?}", matched.keys());
}

fn elution_peaks_at_one(out: &Path, features: &[Row]) {
    let (header, rows) = table(&out.join("elution.tsv"));
    assert_eq!(header, documented("elution.tsv.md"));
    for feature in features.iter().filter(|row| has_spectrum(row)) {
        let profile: Vec<(f64, f64)> = rows
            .iter()
            .filter(|row| row["feature_id"] == feature["feature_id"])
            .map(|row| (number(row, "rt_seconds"), number(row, "activation")))
            .collect();
        assert!(profile.is_sorted_by(|a, b| a.0 < b.0), "{feature:?}");
        let highest = profile.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
        let (apex, height) = highest.expect("a feature with a spectrum has a profile");
        assert_eq!(height, 1.0, "{feature:?}");
        let near = number(feature, "rt_start") - 3.0..=number(feature, "rt_end") + 3.0;
        assert!(near.contains(&apex), "apex at {apex}: {feature:?}");
    }
}

fn the_record_is_true(input: &Path, out: &Path, features: usize) {
    let record: Value =
        serde_json::from_str(&text(&out.join("run.json"))).expect("run.json is JSON");
    let keys: Vec<&String> = record.as_object().expect("an object").keys().collect();
    assert_eq!(keys, documented("run.json.md").iter().collect::<Vec<_>>());
    assert_eq!(record["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(record["input"]["file_name"], "run.mzML");
    let hash = Sha256::digest(fs::read(input).expect("the run is there"));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(record["input"]["sha256"], hash);
    parameters_are_documented(&record["parameters"]["config"]);
    assert_eq!(record["run"]["kind"], "dia");
    assert_eq!(record["run"]["channels"].as_array().map(Vec::len), Some(6));
    let stages = record["stages"].as_array().expect("a list of stages");
    assert_eq!(
        stages.iter().map(|stage| &stage["name"]).collect::<Vec<_>>(),
        ["read", "features", "deconvolve"]
    );
    assert_eq!(stages[0]["counts"]["scans"], record["run"]["scans"]);
    assert_eq!(stages[1]["counts"]["features"], features);
    assert_eq!(stages[2]["counts"]["spectra"], spectra(&out.join("spectra.mgf")).len());
    assert!(
        stages.iter().all(|stage| stage["seconds"].as_f64().is_some_and(|seconds| seconds >= 0.0))
    );
}

fn the_truth_is_documented(truth: &Path) {
    let compounds: Vec<BTreeMap<String, Value>> =
        serde_json::from_str(&text(truth)).expect("truth.json is JSON");
    let documented = documented("truth.json.md");
    let only_with_rules = ["candidate", "undetected", "inseparable_from"];
    let only_of_molecules = [
        "compound",
        "name",
        "formula",
        "adduct",
        "relation",
        "isotopologues",
        "shape",
        "second_rt",
    ];
    let elsewhere = [&only_with_rules[..], &only_of_molecules].concat();
    let mut expected: Vec<&String> =
        documented.iter().filter(|name| !elsewhere.contains(&name.as_str())).collect();
    assert_eq!(expected.len() + elsewhere.len(), documented.len());
    expected.sort();
    for compound in compounds {
        assert_eq!(compound.keys().collect::<Vec<_>>(), expected);
    }
}

/// Every parameter and its default stands in docs/files/README.md.
fn parameters_are_documented(config: &Value) {
    let keys = config.as_object().expect("keys");
    let expert = keys["expert"].as_object().expect("a table of keys");
    let (names, defaults): (Vec<String>, Vec<&Value>) = keys
        .iter()
        .filter(|(key, _)| *key != "expert")
        .map(|(key, default)| (key.clone(), default))
        .chain(expert.iter().map(|(key, default)| (format!("expert.{key}"), default)))
        .unzip();
    assert_eq!(documented("README.md#Parameters"), names);
    let page = text(&root().join("docs/files/README.md"));
    for (name, default) in names.iter().zip(defaults) {
        let is_named = |parameter: &&Parameter| parameter.place.to_string() == *name;
        let described = PARAMETERS.iter().find(is_named).expect("a description");
        let range = described
            .range
            .map_or_else(|| "–".to_owned(), |(least, most)| format!("{least} to {most}"));
        let Parameter { unit, meaning, .. } = described;
        let row = format!("| `{name}` | `{default}` | {range} | {unit} | {meaning} |");
        assert!(page.contains(&row), "docs/files/README.md has no {row}");
    }
}

fn the_score_is_good(truth: &Path, mgf: &Path) {
    let told =
        succeed(cofactor().arg("score").arg("--truth").arg(truth).arg("--spectra").arg(mgf)).stdout;
    let figure = |name: &str| {
        let line = told
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name} in\n{told}"));
        line[name.len()..].trim().parse::<f64>().unwrap_or_else(|_| panic!("{line}"))
    };
    assert_eq!(figure("found "), figure("compounds "), "{told}");
    assert!(figure("cosine ") > 0.7, "{told}");
    assert!(figure("precision ") > 0.7, "{told}");
}

#[test]
fn a_simulated_run_is_as_long_and_crowded_as_asked_for() {
    let folder = folder();
    let arguments =
        ["simulate", "--scenario", "long", "--minutes", "1", "--compounds", "8", "--out"];
    let told = succeed(cofactor().args(arguments).arg(folder.path()));
    assert!(told.stderr.contains("compounds in 426 scans"), "71 cycles of six: {}", told.stderr);
    let truth: Vec<Value> =
        serde_json::from_str(&text(&folder.path().join("truth.json"))).expect("JSON");
    assert!((4..=12).contains(&truth.len()), "two groups of 2 to 6");
    assert!(
        truth
            .iter()
            .all(|compound| compound["rt"].as_f64().is_some_and(|rt| (0.0..60.0).contains(&rt)))
    );
}
