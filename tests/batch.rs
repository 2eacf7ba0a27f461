//! Many runs at once, runs that are there already, and runs that are repeated.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::errors::fail;
use crate::support::{
    RESULT_FILES, cofactor, end, folder, names_in, run, succeed, table, text, write_small_run,
};

/// Whether two folders hold the same results; run.json has times in it.
#[track_caller]
pub(crate) fn same_results(a: &Path, b: &Path) {
    for name in RESULT_FILES.iter().filter(|name| **name != "run.json") {
        assert!(text(&a.join(name)) == text(&b.join(name)), "{name} differs");
    }
}

/// Two runs of the same scans, the second of another length, and a file that is none.
fn runs(folder: &Path) -> [PathBuf; 3] {
    let [a, b, bad] = ["a.mzML", "b.mzML", "bad.mzML"].map(|name| folder.join(name));
    write_small_run(&a);
    let small = folder.join("small");
    succeed(
        cofactor().args(["simulate", "--scenario", "lipids", "--seed", "2", "--out"]).arg(&small),
    );
    fs::rename(small.join("run.mzML"), &b).expect("a run");
    fs::write(&bad, "no run").expect("a file");
    [a, b, bad]
}

#[test]
fn a_batch_goes_on_after_a_bad_file_and_equals_single_runs() {
    let folder = folder();
    let [a, b, bad] = runs(folder.path());
    let out = folder.path().join("out");
    let batch = || {
        let mut batch = cofactor();
        batch.arg("run").args([&a, &bad, &b]).arg("--out").arg(&out);
        batch
    };
    let ended = end(&mut batch());
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("bad.mzML is not an mzML file"), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 runs: 2 done, 0 kept, 1 failed"), "{}", ended.stderr);
    assert_eq!(names_in(&out), ["a", "b", "batch.tsv"]);
    let (_, rows) = table(&out.join("batch.tsv"));
    let outcomes: Vec<&str> = rows.iter().map(|row| row["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["done", "failed", "done"]);
    assert!(rows[1]["message"].contains("bad.mzML") && rows[0]["message"].is_empty());
    for (path, name) in [(&a, "a"), (&b, "b")] {
        let single = folder.path().join("single").join(name);
        succeed(&mut run(path, &single));
        same_results(&single, &out.join(name));
        let row = rows.iter().find(|row| row["folder"].ends_with(name)).expect("a row");
        for what in ["features", "compounds"] {
            let listed = table(&single.join(format!("{what}.tsv"))).1.len();
            assert_eq!(row[what], listed.to_string(), "{what}");
        }
    }
    // A bad file is mended: the rest is kept.
    fs::remove_dir_all(out.join("b")).expect("results");
    let ended = end(batch().arg("--resume"));
    assert!(ended.stderr.contains("1 done, 1 kept, 1 failed"), "{}", ended.stderr);
    same_results(&folder.path().join("single/b"), &out.join("b"));
}

#[test]
fn results_of_something_else_are_not_kept() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_small_run(&input);
    succeed(&mut run(&input, &out));
    let kept = |arguments: &[&str]| {
        succeed(run(&input, &out).arg("--resume").args(arguments)).stderr.contains("are kept")
    };
    assert!(kept(&[]));
    assert!(!kept(&["--rt", "0:40"]));
    assert!(kept(&["--rt", "0:40"]));
    let rules = folder.path().join("rules.toml");
    fs::write(
        &rules,
        "schema = 1\n\n[[rule]]\nid = \"a\"\nkind = \"neutral-loss\"\nlosses = [\"H2O\"]\n",
    )
    .expect("rules");
    let rules = rules.to_string_lossy().into_owned();
    assert!(!kept(&["--rules", &rules]));
    assert!(kept(&["--rules", &rules]));
    fs::write(
        &rules,
        "schema = 1\n\n[[rule]]\nid = \"a\"\nkind = \"neutral-loss\"\nlosses = [\"NH3\"]\n",
    )
    .expect("rules");
    assert!(!kept(&["--rules", &rules]));
    fs::write(out.join("run.json"), "{").expect("a record");
    assert!(!kept(&["--rules", &rules]));
}

#[test]
fn a_record_repeats_its_run() {
    let folder = folder();
    let [input, config, rules, out, again] =
        ["run.mzML", "config.toml", "rules.toml", "out", "again"]
            .map(|name| folder.path().join(name));
    write_small_run(&input);
    fs::write(&config, "min_separation = 4.3\n").expect("parameters");
    fs::write(
        &rules,
        "schema = 1\n\n[[rule]]\nid = \"a\"\nkind = \"neutral-loss\"\nlosses = [\"H2O\"]\n",
    )
    .expect("rules");
    succeed(
        run(&input, &out)
            .arg("--config")
            .arg(&config)
            .arg("--rules")
            .arg(&rules)
            .args(["--rt", "0:50.1"]),
    );
    fs::remove_file(&config).expect("it is not needed");
    let record = out.join("run.json");
    let repeat = || run_from(&record, &again);
    succeed(&mut repeat());
    same_results(&out, &again);
    let moved = folder.path().join("moved.mzML");
    fs::rename(&input, &moved).expect("a run");
    fs::remove_dir_all(&again).expect("results");
    let message = fail(&mut repeat(), 2);
    assert!(message.contains("run.mzML"), "{message}");
    assert!(!again.exists());
    succeed(repeat().arg(&moved));
    assert_eq!(text(&out.join("features.tsv")), text(&again.join("features.tsv")));
    fs::write(&rules, "schema = 1\n").expect("rules");
    let message = fail(repeat().arg(&moved), 2);
    assert!(message.contains("rules.toml is not the file of the record any more"), "{message}");
    let message = fail(repeat().args(["--rt", "0:9"]), 2);
    assert!(message.contains("cannot be used with"), "{message}");
}

/// `cofactor run --from RECORD --out OUT`, to be given further arguments.
fn run_from(record: &Path, out: &Path) -> Command {
    let mut command = cofactor();
    command.args(["run", "--from"]).arg(record).arg("--out").arg(out);
    command
}

#[test]
fn packs_that_come_with_the_program_are_recorded_by_name_and_hash() {
    const PACK: &str = "@generic-losses-positive";
    let folder = folder();
    let [input, out, again] = ["run.mzML", "out", "again"].map(|name| folder.path().join(name));
    write_small_run(&input);
    let first = || {
        let mut first = run(&input, &out);
        first.args(["--rules", PACK, "--resume"]);
        first
    };
    succeed(&mut first());
    let record = out.join("run.json");
    let mut written: serde_json::Value = serde_json::from_str(&text(&record)).expect("a record");
    assert_eq!(written["paths"]["rules"], serde_json::json!([PACK]));
    assert_eq!(written["rules"][0]["file_name"], PACK);
    let kept = succeed(&mut first());
    assert!(kept.stderr.contains("are kept"));
    let repeat = || run_from(&record, &again);
    succeed(&mut repeat());
    same_results(&out, &again);
    written["rules"][0]["sha256"] = "0".into();
    fs::write(&record, written.to_string()).expect("a record");
    let message = fail(&mut repeat(), 2);
    assert!(message.contains(&format!("{PACK} is not the file of the record")), "{message}");
}

#[test]
fn a_record_of_former_parameters_is_repeated_where_they_agree() {
    let folder = folder();
    let [input, out, again] = ["run.mzML", "out", "again"].map(|name| folder.path().join(name));
    write_small_run(&input);
    succeed(&mut run(&input, &out));
    let record = out.join("run.json");
    let written = text(&record);
    let mut former: Value = serde_json::from_str(&written).expect("JSON");
    let config = |pieces: &str| {
        json!({
            "traces": { "tolerance": "10 ppm, 0.0015 Da", "max_gap": 3 },
            "features": { "min_points": 4 },
            "deconvolution": { "tolerance": pieces, "min_points": 3 },
        })
    };
    let mut repeated = |pieces: &str| {
        former["parameters"]["config"] = config(pieces);
        fs::write(&record, former.to_string()).expect("a record");
        let mut repeat = cofactor();
        repeat.args(["run", "--from"]).arg(&record).arg("--out").arg(&again);
        repeat
    };
    let message = fail(&mut repeated("5 ppm"), 2);
    for part in ["`deconvolution.tolerance` is 5 ppm", "`tolerance` is one parameter now", "--from"]
    {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(!again.exists());
    succeed(&mut repeated("10 ppm, 0.0015 Da"));
    same_results(&out, &again);
    // What has such a record is made again: it is not known to have these parameters.
    succeed(run(&input, &out).arg("--resume"));
    let renewed: Value = serde_json::from_str(&text(&record)).expect("JSON");
    assert_eq!(
        renewed["parameters"],
        serde_json::from_str::<Value>(&written).expect("JSON")["parameters"]
    );
}
