//! The page to look at: it opens without anything else, agrees with the tables, and is rendered
//! again as it was.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::errors::fail;
use crate::support::{
    cofactor, documented, folder, number, run, succeed, table, text, write_small_run,
};

/// How large the page of 300 features may be, bytes.
const MOST_BYTES: usize = 5_000_000;

#[test]
fn rendered_again_it_is_the_same() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_small_run(&input);
    succeed(&mut run(&input, &out));
    let (page, before) = (out.join("report.html"), text(&out.join("report.html")));
    assert!(before.contains("<title>run.mzML"), "the run has its name on the page");
    fs::remove_file(&page).unwrap();
    succeed(cofactor().arg("report").arg(&out));
    assert!(text(&page) == before, "the page differs");
    fs::write(&page, "something else").unwrap();
    succeed(cofactor().arg("report").arg(&out));
    assert!(text(&page) == before, "the page differs");
}

#[test]
fn its_data_are_those_of_the_tables() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_small_run(&input);
    succeed(&mut run(&input, &out));
    let data: Value = serde_json::from_str(&text(&out.join("report.json"))).unwrap();
    let documented = documented("report.json.md");
    let known = |key: &String| documented.contains(key);
    assert!(
        data.as_object().unwrap().keys().all(known),
        "docs/files/report.json.md lacks a key of {:?}",
        data.as_object()
    );
    let (_, features) = table(&out.join("features.tsv"));
    let (_, fragments) = table(&out.join("fragments.tsv"));
    let listed = data["features"].as_array().unwrap();
    assert_eq!(listed.len(), features.len());
    let mut charted = 0;
    for (one, row) in listed.iter().zip(&features) {
        assert!(
            one.as_object().unwrap().keys().all(|key| known(&format!("features.{key}"))),
            "{one}"
        );
        assert_eq!(one["id"].to_string(), row["feature_id"]);
        assert_eq!(one["status"], row["status"]);
        assert!((one["mz"].as_f64().unwrap() - number(row, "precursor_mz")).abs() < 1e-5);
        let rows: Vec<_> =
            fragments.iter().filter(|f| f["feature_id"] == row["feature_id"]).collect();
        assert_eq!(one["fragments"]["mz"].as_array().map_or(0, Vec::len), rows.len());
        if let Some(traces) = one["ms2"]["intensity"].as_array() {
            charted += 1;
            assert_eq!(traces.len(), rows.iter().filter(|f| f["status"] == "matched").count());
            let scans = one["ms2"]["rt"].as_array().unwrap().len();
            assert!(
                traces
                    .iter()
                    .all(|trace| trace.as_array().is_some_and(|points| points.len() == scans))
            );
        }
    }
    assert!(charted > 0, "no feature has chromatograms");
    compounds_are_those_of_the_table(&data, &out);
    let levels: Vec<&Value> =
        data["totals"].as_array().unwrap().iter().map(|level| &level["level"]).collect();
    assert_eq!(levels, [1, 2]);
}

fn compounds_are_those_of_the_table(data: &Value, out: &Path) {
    let (_, rows) = table(&out.join("compounds.tsv"));
    let listed = data["compounds"].as_array().expect("a list of compounds");
    assert!(!listed.is_empty() && listed.len() == rows.len());
    for (compound, row) in listed.iter().zip(&rows) {
        assert_eq!(compound["id"].to_string(), row["compound_id"]);
        let ions: Vec<String> = compound["ions"]
            .as_array()
            .expect("a list of ions")
            .iter()
            .map(Value::to_string)
            .collect();
        let told: Vec<&str> =
            row["ions"].split(',').filter_map(|ion| Some(ion.split_once(':')?.0)).collect();
        assert_eq!(ions, told);
    }
    let page = text(&out.join("report.html"));
    let head = format!("<h2>{} compounds of ", rows.len());
    assert!(page.contains(&head), "the page has other compounds");
}

/// Features with spectra, chromatograms and many candidates, repeated until they are 300.
#[test]
fn the_page_of_300_features_is_small() {
    let folder = folder();
    let out = folder.path().join("out");
    succeed(cofactor().args(["simulate", "--scenario", "lipids", "--out"]).arg(folder.path()));
    succeed(
        run(&folder.path().join("run.mzML"), &out)
            .arg("--rules")
            .arg(folder.path().join("rules.toml")),
    );
    let mut data: Value = serde_json::from_str(&text(&out.join("report.json"))).unwrap();
    let features = data["features"].as_array_mut().unwrap();
    let charted = features.iter().filter(|f| f["ms1"].is_object()).count();
    assert!(
        charted * 3 > features.len() * 2,
        "{charted} of {} features have chromatograms",
        features.len()
    );
    *features = features.iter().cycle().take(300).cloned().collect();
    fs::write(out.join("report.json"), data.to_string()).unwrap();
    succeed(cofactor().arg("report").arg(&out));
    let page = text(&out.join("report.html"));
    assert!(page.contains("<h3>300 features</h3>"), "the page has other features");
    assert!(page.len() < MOST_BYTES, "{} bytes", page.len());
}

#[test]
fn folders_without_its_data_are_refused() {
    let folder = folder();
    let message = fail(cofactor().arg("report").arg(folder.path()), 2);
    assert!(message.contains("report.json") && message.contains("cofactor run"), "{message}");
    fs::write(folder.path().join("report.json"), "{\"schema\": 1,\n]").unwrap();
    let message = fail(cofactor().arg("report").arg(folder.path()), 2);
    assert!(message.contains("report.json") && message.contains("line 2 column 1"), "{message}");
    assert!(!folder.path().join("report.html").exists());
}
