//! Runs that come with rules: simulated, processed with them, and scored for what was chosen.

use std::fs;

use serde_json::Value;

use crate::support::{cofactor, end, succeed};

#[test]
fn a_run_with_rules_is_simulated_processed_and_scored() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    succeed(cofactor().args(["simulate", "--scenario", "lipids", "--seed", "2", "--out"]).arg(folder.path()));
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/phospholipids-positive.toml");
    assert_eq!(
        fs::read(path("rules.toml")).expect("rules are written"),
        fs::read(pack).expect("the pack is there"),
        "the rules of lipids are the pack"
    );
    succeed(cofactor().args(["simulate", "--scenario", "rule-sets", "--seed", "2", "--out"]).arg(folder.path()));
    succeed(cofactor().arg("rules").arg("check").arg(path("rules.toml")));
    let mut run = cofactor();
    run.arg("run").arg(path("run.mzML")).arg("--rules").arg(path("rules.toml")).arg("--out").arg(path("results"));
    succeed(run.args(["--mz", "200:262"]));

    let told = |more: &[&str]| {
        let mut score = cofactor();
        score.arg("score").arg("--truth").arg(path("truth.json")).arg("--results").arg(path("results")).args(more);
        succeed(&mut score).stdout
    };
    let json: Value = serde_json::from_str(&told(&["--json"])).expect("JSON");
    let number = |pointer: &str| json.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    assert!(number("/candidates/found") > 5, "{json}");
    assert!(number("/candidates/compounds") > number("/candidates/found"), "only one window was processed");
    assert!(number("/spectra/found") > 5, "{json}");
    let table = told(&[]);
    assert!(table.contains("cosine") && table.contains("judged"), "{table}");
}

#[test]
fn choices_are_read_from_the_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str| fs::write(path(name), text).expect("the folder takes files");
    write(
        "truth.json",
        r#"[{"id":0,"mz":200.0,"win":0,"rt":50.0,"sig":3.0,"tail":0.0,"h":1e6,"eff":0.5,"frags":[],"candidate":"set 1"},
            {"id":1,"mz":300.0,"win":0,"rt":50.0,"sig":3.0,"tail":0.0,"h":1e6,"eff":0.5,"frags":[],"candidate":"none"}]"#,
    );
    write("spectra.mgf", "");
    write(
        "features.tsv",
        "feature_id\tprecursor_mz\trt_seconds\tstatus\n1\t200.0\t50\tdeconvolved\n2\t300.0\t50\tdeconvolved\n",
    );
    write(
        "candidates.tsv",
        "feature_id\tcandidate\trank\tposterior\tq_value\tdecoy\n\
         1\tset 1\t1\t0.9900\t0.0000\tfalse\n1\tnone\t2\t0.0100\t\tfalse\n2\tset 4\t1\t0.6000\t0.0400\tfalse\n",
    );
    let score = || {
        let mut score = cofactor();
        score.arg("score").arg("--truth").arg(path("truth.json")).arg("--results").arg(folder.path()).arg("--json");
        score
    };
    let json: Value = serde_json::from_str(&succeed(&mut score()).stdout).expect("JSON");
    let candidates = &json["candidates"];
    assert_eq!(candidates["top_1"], serde_json::json!({ "part": 1, "of": 1 }));
    assert_eq!(candidates["none"], serde_json::json!({ "part": 0, "of": 1 }));
    assert_eq!(candidates["false_at_05"], serde_json::json!({ "part": 1, "of": 2 }));
    assert_eq!(candidates["false_at_01"], serde_json::json!({ "part": 0, "of": 1 }));
    // One choice of .99 that is right, one of .6 that is wrong.
    let error = candidates["calibration_error"].as_f64().expect("a number");
    assert!((error - 0.5 * (0.01 + 0.6)).abs() < 1e-12, "{error}");

    fs::remove_file(path("candidates.tsv")).expect("it was there");
    let ended = end(&mut score());
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("cannot read") && ended.stderr.contains("candidates.tsv"), "{}", ended.stderr);
}
