//! Result folders in place of the runs of a study.

use std::fs;
use std::path::{Path, PathBuf};

use crate::errors::fail;
use crate::support::{cofactor, folder, names_in, succeed, text};

const RUNS: [&str; 3] = ["run01.mzML", "run02.mzML", "run03.mzML"];

/// Runs in `samples`, and what `cofactor run` makes of them in `results`, a folder each.
fn processed(folder: &Path) -> [PathBuf; 2] {
    let [samples, results] = ["samples", "results"].map(|name| folder.join(name));
    let simulated = ["simulate", "--scenario", "demo", "--seed", "3", "--spread", "0.5", "--runs"];
    succeed(cofactor().args(simulated).arg("3").arg("--out").arg(&samples));
    let mut run = cofactor();
    run.arg("run").args(RUNS.map(|name| samples.join(name))).arg("--out").arg(&results);
    succeed(&mut run);
    [samples, results]
}

fn study(given: &[PathBuf], out: &Path) -> std::process::Command {
    let mut study = cofactor();
    study.arg("study").args(given).arg("--out").arg(out);
    study
}

/// The files of two studies are the same, but for the times that study.json has.
fn assert_same(first: &Path, second: &Path) {
    assert_eq!(names_in(first), names_in(second));
    let is_file = |name: &String| first.join(name).is_file();
    for name in names_in(first).iter().filter(|name| is_file(name)) {
        let [a, b] = [first, second].map(|study| text_without_times(&study.join(name)));
        assert!(a == b, "{name}");
    }
}

fn text_without_times(path: &Path) -> String {
    let is_time = |line: &&str| line.contains("\"seconds\"");
    let json = path.extension().is_some_and(|extension| extension == "json");
    let lines: Vec<String> = text(path).lines().map(str::to_owned).collect();
    let kept = lines.iter().map(String::as_str).filter(|line| !(json && is_time(line)));
    kept.collect::<Vec<&str>>().join("\n")
}

#[test]
fn result_folders_stand_for_their_runs() {
    let folder = folder();
    let [samples, results] = processed(folder.path());
    // The name of a study is that of its folder.
    let out = |place: &str| folder.path().join(place).join("joined");
    let runs = RUNS.map(|name| samples.join(name));
    let folders = ["run01", "run02", "run03"].map(|name| results.join(name));
    succeed(&mut study(&runs, &out("runs")));
    let mixed = [folders[0].clone(), runs[1].clone(), folders[2].clone()];
    for (place, given) in
        [("folders", &folders[..]), ("whole", std::slice::from_ref(&results)), ("mixed", &mixed)]
    {
        succeed(&mut study(given, &out(place)));
        assert_same(&out("runs"), &out(place));
    }
    let kept = succeed(study(&folders, &out("runs")).arg("--resume")).stderr;
    assert!(kept.contains("the results are kept"), "{kept}");
}

#[test]
fn result_folders_may_be_in_a_table_of_samples() {
    let folder = folder();
    let [samples, results] = processed(folder.path());
    let table = |path: &Path, files: [&str; 3]| {
        let line = |(file, group): (&str, &str)| format!("{file}\t{group}\n");
        let lines: String = files.into_iter().zip(["A", "B", "A"]).map(line).collect();
        fs::write(path, format!("file\tgroup\n{lines}")).expect("a table");
    };
    let [of_runs, of_results] = [samples.join("groups.tsv"), results.join("groups.tsv")];
    table(&of_runs, RUNS);
    table(&of_results, ["run01", "run02", "run03"]);
    let out = |place: &str| folder.path().join(place).join("joined");
    for (place, samples) in [("runs", &of_runs), ("results", &of_results)] {
        succeed(study(&[], &out(place)).arg("--samples").arg(samples));
    }
    assert_same(&out("runs"), &out("results"));
    let told = succeed(study(&[results], &out("both")).arg("--samples").arg(&of_runs)).stderr;
    assert!(!told.contains("warning"), "{told}");
    assert_same(&out("runs"), &out("both"));
}

#[test]
fn a_run_that_changed_or_went_is_told() {
    let folder = folder();
    let [samples, results] = processed(folder.path());
    let out = folder.path().join("joined");
    let told = |given: &Path| fail(&mut study(&[given.to_owned()], &out), 2);
    let first = samples.join(RUNS[0]);
    let whole = text(&first);
    fs::write(&first, whole.replacen("run01", "run_1", 1) + "\n").expect("it is written");
    let changed = told(&results);
    for part in ["results/run01 cannot be used", "is not the file of the record any more", "Give"] {
        assert!(changed.contains(part), "{changed}");
    }
    fs::remove_file(&first).expect("it is there");
    let gone = told(&results.join("run01"));
    for part in ["results/run01 cannot be used", "cannot read", "run01.mzML", "Give the run"] {
        assert!(gone.contains(part), "{gone}");
    }
    fs::write(results.join("run02/run.json"), "{}").expect("it is written");
    let no_record = told(&results.join("run02"));
    assert!(no_record.contains("is no run.json"), "{no_record}");
    assert!(!out.exists());
}
