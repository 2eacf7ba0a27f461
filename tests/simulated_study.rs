//! A study: simulated, joined, and scored against its truth, beside what single runs give.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cofactor_sim::{
    Scenario, ScoredSpectrum, StudyPlan, StudySimulation, score as score_run, simulate_study,
};
use serde_json::Value;

use crate::errors::fail;
use crate::support::{
    cofactor, documented, folder, names_in, number, run, spectra, succeed, table, text,
};

const PLAN: StudyPlan = StudyPlan { runs: 3, spread: 0.5 };

fn simulate(out: &Path, runs: &str) {
    let arguments = ["simulate", "--scenario", "demo", "--seed", "3", "--spread", "0.5", "--runs"];
    succeed(cofactor().args(arguments).arg(runs).arg("--out").arg(out));
}

/// The same study as `simulate` writes.
fn simulated() -> StudySimulation {
    let scenario = Scenario::named("demo").expect("a preset");
    simulate_study(&scenario, 3, PLAN).expect("the scenario is sound")
}

fn score(truth: &Path, results: &Path) -> Value {
    let mut score = cofactor();
    score.arg("score").arg("--json").arg("--truth").arg(truth).arg("--results").arg(results);
    serde_json::from_str(&succeed(&mut score).stdout).expect("JSON")
}

#[test]
fn a_study_is_simulated_joined_and_better_than_its_runs() {
    let folder = folder();
    let [simulated_runs, results] = ["simulated", "results"].map(|name| folder.path().join(name));
    simulate(&simulated_runs, "3");
    let names = ["run01.mzML", "run02.mzML", "run03.mzML"];
    let mut study = cofactor();
    study.arg("study").args(names.map(|name| simulated_runs.join(name)));
    succeed(study.arg("--out").arg(&results));
    let truth = simulated_runs.join("truth.json");
    let judged = score(&truth, &results);
    the_score_is_documented(&judged["study"]);
    let value = |pointer: &str| judged.pointer(pointer).and_then(Value::as_f64).expect("a number");
    let share =
        |name: &str| value(&format!("/study/{name}/part")) / value(&format!("/study/{name}/of"));
    assert_eq!(value("/study/runs"), 3.0);
    assert!(value("/study/cells/of") > 80.0 && share("cells") > 0.9, "{judged}");
    assert!(value("/study/fold_change_median") < 0.1, "{judged}");
    assert!(share("area_intervals") > 0.8 && share("fragment_intervals") > 0.8, "{judged}");
    assert!(value("/study/rows_per_ion") < 1.2, "{judged}");

    let alone: Vec<f64> = (0..PLAN.runs)
        .map(|position| cosine_of_a_run(&simulated_runs.join(names[position]), position))
        .collect();
    let mean = alone.iter().sum::<f64>() / alone.len() as f64;
    assert!(value("/spectra/cosine") > mean + 0.01, "{judged}\nsingle runs: {alone:?}");
    part_of_the_runs_is_judged_by_the_same_truth(&truth, &results);
    what_does_not_belong_together_is_told(&truth, &results);
}

/// Mean cosine of a run of the study by itself, of the compounds that are in it.
fn cosine_of_a_run(input: &Path, position: usize) -> f64 {
    let folder = folder();
    let out = folder.path().join("results");
    succeed(&mut run(input, &out));
    let truth = simulated().run(position).expect("so many runs").truth;
    let (_, features) = table(&out.join("features.tsv"));
    let spectra = spectra(&out.join("spectra.mgf"));
    let scored: Vec<ScoredSpectrum> = features
        .iter()
        .filter_map(|row| {
            Some(ScoredSpectrum {
                precursor_mz: number(row, "precursor_mz"),
                rt_seconds: number(row, "rt_seconds"),
                peaks: spectra.get(&row["feature_id"])?.peaks.clone(),
                ..ScoredSpectrum::default()
            })
        })
        .collect();
    score_run(&truth, &scored).cosine
}

fn the_score_is_documented(study: &Value) {
    let keys: BTreeSet<&String> = study.as_object().expect("keys").keys().collect();
    let page = text(&crate::support::root().join("docs/files/truth.json.md"));
    for key in keys {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
}

/// Amounts of two of the three runs.
fn part_of_the_runs_is_judged_by_the_same_truth(truth: &Path, results: &Path) {
    for name in ["abundance.tsv", "abundance_low.tsv", "abundance_high.tsv"] {
        let path = results.join(name);
        let cut = |line: &str| line.split('\t').take(3).collect::<Vec<&str>>().join("\t") + "\n";
        let part: String = text(&path).lines().map(cut).collect();
        fs::write(&path, part).expect("the folder can be written");
    }
    let judged = score(truth, results);
    assert_eq!(judged["study"]["runs"], 2);
    assert!(judged["study"]["cells"]["part"].as_f64() > Some(50.0), "{judged}");
}

fn what_does_not_belong_together_is_told(truth: &Path, results: &Path) {
    let told = |results: &Path| {
        let mut score = cofactor();
        fail(score.arg("score").arg("--truth").arg(truth).arg("--results").arg(results), 2)
    };
    let path = results.join("abundance.tsv");
    fs::write(&path, text(&path).replacen("run01", "other", 1)).expect("it can be written");
    let unknown = told(results);
    assert!(unknown.contains("the truth knows no run `other`"), "{unknown}");
    fs::remove_file(&path).expect("it is there");
    let none = told(results);
    assert!(
        none.contains("the truth is that of a study") && none.contains("abundance.tsv"),
        "{none}"
    );
}

#[test]
fn runs_are_the_same_however_many_there_are_and_samples_name_them() {
    let folder = folder();
    let [two, three] = ["two", "three"].map(|name| folder.path().join(name));
    simulate(&two, "2");
    simulate(&three, "3");
    let files = ["run01.mzML", "run02.mzML", "samples.tsv", "simulation.json", "truth.json"];
    assert_eq!(names_in(&two), files);
    for name in &files[..2] {
        let [a, b] = [&two, &three].map(|study| fs::read(study.join(name)).expect("a run"));
        assert!(a == b, "{name}");
    }
    let (header, samples) = table(&three.join("samples.tsv"));
    assert_eq!(header, ["file", "name", "type", "group", "batch", "order"]);
    let groups: Vec<&str> = samples.iter().map(|row| row["group"].as_str()).collect();
    assert_eq!(groups, ["A", "B", "A"]);
    assert_eq!((samples[2]["file"].as_str(), samples[2]["order"].as_str()), ("run03.mzML", "3"));

    let truth: Value = serde_json::from_str(&text(&three.join("truth.json"))).expect("JSON");
    let keys: Vec<&String> = truth.as_object().expect("keys").keys().collect();
    let documented = documented("truth.json.md#Studies");
    assert!(keys.iter().all(|key| documented.contains(key)), "{keys:?}");
    let compounds = truth["compounds"].as_array().expect("compounds");
    assert!(compounds.iter().all(|compound| compound["cells"].as_array().map(Vec::len) == Some(3)));
    assert!(compounds.iter().any(|compound| compound["difference"].is_f64()));
    assert!(compounds.iter().any(|compound| compound["cells"][0].is_null()));
}

#[test]
fn numbers_that_make_no_study_are_refused() {
    let folder = folder();
    let out = folder.path().join("out");
    let told = |arguments: &[&str]| {
        fail(cofactor().arg("simulate").args(arguments).arg("--out").arg(&out), 2)
    };
    for runs in ["0", "1001", "six"] {
        let message = told(&["--runs", runs]);
        assert!(message.contains("expected a whole number from 1 to 1000"), "{message}");
    }
    for spread in ["-1", "3.1", "nan", "wide"] {
        let message = told(&["--runs", "2", &format!("--spread={spread}")]);
        assert!(message.contains("expected a number from 0 to 3"), "{message}");
    }
    let alone = told(&["--spread", "0.5"]);
    assert!(alone.contains("--runs"), "{alone}");
    assert!(!out.exists());
}
