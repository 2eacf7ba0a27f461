//! The result depends neither on the number of threads nor on what other runs are processed, or in
//! which order.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::batch::same_results;
use crate::support::{RESULT_FILES, cofactor, folder, run, succeed, text, write_small_run};

/// Number of threads, and the rest of `run.json` but for its seconds.
fn record(out: &Path) -> (Value, Value) {
    let mut record: Value =
        serde_json::from_str(&text(&out.join("run.json"))).expect("run.json is JSON");
    let threads = record["threads"].take();
    for stage in record["stages"].as_array_mut().expect("stages") {
        stage["seconds"].take();
    }
    (threads, record)
}

/// A run with rules in `folder`: its mzML file and its rules.
fn simulated(folder: &Path) -> (PathBuf, PathBuf) {
    succeed(
        cofactor()
            .args(["simulate", "--scenario", "rule-sets", "--seed", "4", "--out"])
            .arg(folder),
    );
    (folder.join("run.mzML"), folder.join("rules.toml"))
}

#[test]
fn one_two_and_four_threads_give_the_same_bytes() {
    let folder = folder();
    let (input, rules) = simulated(folder.path());
    let out = |threads: &str| {
        let out = folder.path().join(threads);
        succeed(run(&input, &out).arg("--rules").arg(&rules).args(["--threads", threads]));
        out
    };
    let single = out("1");
    for name in RESULT_FILES {
        assert!(text(&single.join(name)).lines().count() > 1, "{name} is empty");
    }
    for threads in [2, 4] {
        let several = out(&threads.to_string());
        same_results(&single, &several);
        let ((threads_single, record_single), (threads_several, record_several)) =
            (record(&single), record(&several));
        assert_eq!((threads_single, threads_several), (1.into(), threads.into()));
        assert_eq!(record_single, record_several);
    }
}

#[test]
fn the_order_of_runs_changes_nothing() {
    let folder = folder();
    let (first, rules) = simulated(folder.path());
    let [second, third] = ["b.mzML", "c.mzML"].map(|name| folder.path().join(name));
    write_small_run(&second);
    write_small_run(&third);
    let batch = |name: &str, runs: [&PathBuf; 3], threads: &str| {
        let out = folder.path().join(name);
        succeed(
            cofactor()
                .arg("run")
                .args(runs)
                .arg("--rules")
                .arg(&rules)
                .args(["--threads", threads, "--out"])
                .arg(&out),
        );
        out
    };
    let forward = batch("forward", [&first, &second, &third], "4");
    let backward = batch("backward", [&third, &second, &first], "4");
    let alone = batch("one-thread", [&second, &first, &third], "1");
    for run in ["run", "b", "c"] {
        for other in [&backward, &alone] {
            same_results(&forward.join(run), &other.join(run));
            assert_eq!(record(&forward.join(run)).1, record(&other.join(run)).1, "{run}");
        }
    }
}
