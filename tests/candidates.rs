//! Runs that come with rules: simulated, processed with them, and scored for what was chosen.

use std::fs;

use serde_json::Value;

use crate::support::{cofactor, end, succeed};

#[test]
fn a_run_with_rules_is_simulated_processed_and_scored() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    succeed(
        cofactor()
            .args(["simulate", "--scenario", "lipids", "--seed", "2", "--out"])
            .arg(folder.path()),
    );
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/phospholipids-positive.toml");
    let is_equal = fs::read(path("rules.toml")).expect("rules are written")
        == fs::read(pack).expect("the pack is there");
    assert!(is_equal, "the pack that comes with cofactor is that of rules/");
    succeed(
        cofactor()
            .args(["simulate", "--force", "--scenario", "rule-sets", "--seed", "2", "--out"])
            .arg(folder.path()),
    );
    succeed(cofactor().arg("rules").arg("check").arg(path("rules.toml")));
    let mut run = cofactor();
    run.arg("run")
        .arg(path("run.mzML"))
        .arg("--rules")
        .arg(path("rules.toml"))
        .arg("--out")
        .arg(path("results"));
    succeed(run.args(["--mz", "200:262"]));

    let told = |more: &[&str]| {
        let mut score = cofactor();
        score
            .arg("score")
            .arg("--truth")
            .arg(path("truth.json"))
            .arg("--results")
            .arg(path("results"))
            .args(more);
        succeed(&mut score).stdout
    };
    let json: Value = serde_json::from_str(&told(&["--json"])).expect("JSON");
    let number = |pointer: &str| json.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    assert!(number("/candidates/found") > 5, "{json}");
    assert!(
        number("/candidates/compounds") > number("/candidates/found"),
        "only one window was processed"
    );
    assert!(number("/spectra/found") > 5, "{json}");
    let table = told(&[]);
    assert!(table.contains("cosine") && table.contains("judged"), "{table}");
}

#[test]
fn choices_are_read_from_the_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let write =
        |name: &str, text: &str| fs::write(path(name), text).expect("the folder takes files");
    write(
        "truth.json",
        r#"[{"id":0,"mz":200.0,"win":0,"rt":50.0,"sig":3.0,"tail":0.0,
            "h":1e6,"eff":0.5,"frags":[],"candidate":"set 1"},
            {"id":1,"mz":300.0,"win":0,"rt":50.0,"sig":3.0,"tail":0.0,
             "h":1e6,"eff":0.5,"frags":[],"candidate":"none"}]"#,
    );
    write("spectra.mgf", "");
    write(
        "features.tsv",
        "feature_id\tprecursor_mz\trt_seconds\tstatus\n\
         1\t200.0\t50\tdeconvolved\n2\t300.0\t50\tdeconvolved\n",
    );
    write(
        "candidates.tsv",
        "feature_id\tcandidate\trank\tposterior\tq_value\tdecoy\n\
         1\tset 1\t1\t0.9900\t0.0000\tfalse\n1\tnone\t2\t0.0100\t\tfalse\n2\tset \
         4\t1\t0.6000\t0.0400\tfalse\n",
    );
    let score = || {
        let mut score = cofactor();
        score
            .arg("score")
            .arg("--truth")
            .arg(path("truth.json"))
            .arg("--results")
            .arg(folder.path())
            .arg("--json");
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
    assert!(
        ended.stderr.contains("cannot read") && ended.stderr.contains("candidates.tsv"),
        "{}",
        ended.stderr
    );
}

/// What `cofactor score --json` says of the candidates chosen in a simulated run.
fn chosen(scenario: &str, seed: u64) -> Value {
    chosen_with(scenario, seed, |_| true)
}

/// The same with those rules alone whose text `is_kept`.
fn chosen_with(scenario: &str, seed: u64, is_kept: impl Fn(&str) -> bool) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let seed = seed.to_string();
    succeed(
        cofactor()
            .args(["simulate", "--scenario", scenario, "--seed", &seed, "--out"])
            .arg(folder.path()),
    );
    let (input, rules, out) = (path("run.mzML"), path("rules.toml"), path("results"));
    let all = fs::read_to_string(&rules).expect("rules are written");
    let kept: Vec<&str> = all.split("\n[[").filter(|rule| is_kept(rule)).collect();
    fs::write(&rules, kept.join("\n[[")).expect("the folder takes files");
    succeed(cofactor().arg("run").arg(input).arg("--rules").arg(rules).arg("--out").arg(&out));
    let told = succeed(
        cofactor()
            .arg("score")
            .arg("--truth")
            .arg(path("truth.json"))
            .arg("--results")
            .arg(out)
            .arg("--json"),
    );
    let json: Value = serde_json::from_str(&told.stdout).expect("JSON");
    json["candidates"].clone()
}

/// A share, over several runs.
#[track_caller]
fn share(runs: &[Value], name: &str) -> f64 {
    let sum =
        |key: &str| runs.iter().map(|run| run[name][key].as_f64().expect("a number")).sum::<f64>();
    sum("part") / sum("of")
}

#[test]
fn the_right_set_is_found_none_is_said_where_none_is_right_and_claims_hold() {
    let runs = [31, 32, 33].map(|seed| chosen("rule-sets", seed));
    let told = |name| share(&runs, name);
    assert!(told("top_1") >= 0.9, "{}", told("top_1"));
    assert!(told("none") >= 0.9, "{}", told("none"));
    assert!(told("false_at_05") <= 0.06, "{}", told("false_at_05"));
    let error = |run: &Value| run["calibration_error"].as_f64().expect("a number");
    let mean = runs.iter().map(error).sum::<f64>() / runs.len() as f64;
    assert!(mean <= 0.08, "{mean}");
}

#[test]
fn chains_of_lipids_are_found_and_isomers_under_one_peak_are_called_inseparable() {
    let runs = [31, 32].map(|seed| chosen("lipids", seed));
    let told = |name| share(&runs, name);
    assert!(told("top_1") >= 0.95, "{}", told("top_1"));
    assert!(told("said_inseparable") >= 0.75, "{}", told("said_inseparable"));
    assert!(told("said_wrongly") <= 0.05, "{}", told("said_wrongly"));
}

#[test]
fn a_class_that_the_rules_leave_out_gets_few_names_of_another() {
    let is_kept = |rule: &str| !rule.contains("id = \"PC") && !rule.starts_with("test]]");
    let runs = [31, 32, 33].map(|seed| chosen_with("lipids", seed, is_kept));
    let told = |name| share(&runs, name);
    // Every PE is found: 25 compounds a run.
    assert!(told("top_1") >= 0.4, "{}", told("top_1"));
    assert!(told("false_at_05") <= 0.08, "{}", told("false_at_05"));
}
