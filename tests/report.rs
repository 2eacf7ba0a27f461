//! The page to look at: it opens without anything else, agrees with the tables, and is rendered again as it was.

use std::fs;

use serde_json::Value;

use crate::errors::fail;
use crate::support::{cofactor, documented, folder, number, run, succeed, table, text, write_small_run};

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
        assert!(one.as_object().unwrap().keys().all(|key| known(&format!("features.{key}"))), "{one}");
        assert_eq!(one["id"].to_string(), row["feature_id"]);
        assert_eq!(one["status"], row["status"]);
        assert!((one["mz"].as_f64().unwrap() - number(row, "precursor_mz")).abs() < 1e-5);
        let mine: Vec<_> = fragments.iter().filter(|f| f["feature_id"] == row["feature_id"]).collect();
        assert_eq!(one["fragments"]["mz"].as_array().map_or(0, Vec::len), mine.len());
        if let Some(traces) = one["ms2"]["intensity"].as_array() {
            charted += 1;
            assert_eq!(traces.len(), mine.iter().filter(|f| f["status"] == "matched").count());
            let scans = one["ms2"]["rt"].as_array().unwrap().len();
            assert!(traces.iter().all(|trace| trace.as_array().is_some_and(|points| points.len() == scans)));
        }
    }
    assert!(charted > 0, "no feature has chromatograms");
    let levels: Vec<&Value> = data["totals"].as_array().unwrap().iter().map(|level| &level["level"]).collect();
    assert_eq!(levels, [1, 2]);
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
