//! The result does not depend on the number of threads.

use serde_json::Value;

use crate::support::{RESULT_FILES, cofactor, folder, run, succeed, text};

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    succeed(cofactor().args(["simulate", "--scenario", "rule-sets", "--seed", "4", "--out"]).arg(folder.path()));
    let out = |threads: &str| {
        let out = folder.path().join(threads);
        let mut run = run(&path("run.mzML"), &out);
        succeed(run.arg("--rules").arg(path("rules.toml")).args(["--threads", threads]));
        out
    };
    let (one, two) = (out("1"), out("2"));
    for name in RESULT_FILES.iter().filter(|name| **name != "run.json") {
        let (a, b) = (text(&one.join(name)), text(&two.join(name)));
        assert!(a.lines().count() > 1, "{name} is empty");
        assert!(a == b, "{name} differs");
    }
    let record = |out: &std::path::Path| {
        let mut record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
        let threads = record["threads"].take();
        for stage in record["stages"].as_array_mut().unwrap() {
            stage["seconds"].take();
        }
        (threads, record)
    };
    let ((threads_one, record_one), (threads_two, record_two)) = (record(&one), record(&two));
    assert_eq!((threads_one, threads_two), (1.into(), 2.into()));
    assert_eq!(record_one, record_two);
}
