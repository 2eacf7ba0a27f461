//! Runs of real library spectra: simulated by `semi/sim.py`, or put into real runs by
//! `semi/spike.py`; scored by `semi/score.py` and `counts.py`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use xtask::command;

use super::measures::{Measure, higher, lower, near, told};
use super::outside::Outside;
use crate::real_data::DATA;

/// The conditions of the simulator, and the real runs that hold spiked compounds.
pub(crate) const RUNS: [&str; 9] = [
    "orbi_medium",
    "orbi_crowded",
    "orbi_overlap",
    "tof_medium",
    "tof_crowded",
    "aif_medium",
    "plasma",
    "yeast",
    "serum",
];

/// The real runs, and how many compounds are put into each.
const SPIKED: [(&str, usize); 3] = [("plasma", 45), ("yeast", 60), ("serum", 120)];

/// What protonated or deprotonated ions are called; every other ion with brackets is an adduct.
const MAIN: [&str; 2] = ["[M+H]+", "[M-H]-"];

/// The measures beside [`super::counts::MEASURES`].
pub(crate) const MEASURES: [Measure; 29] = [
    higher("cosine", "/score/cos", 0.01),
    higher("entropy similarity", "/score/ent", 0.01),
    higher("precision", "/score/prec", 0.02),
    higher("recall", "/score/rec", 0.02),
    higher("F1", "/score/f1", 0.02),
    higher("first in the library", "/score/top1", 0.02),
    higher("first in the library, any precursor", "/score/top1_open", 0.02),
    higher("identified", "/score/id07", 0.02),
    lower("loss: not found", "/loss/a_not_found", 0.01),
    lower("loss: no spectrum", "/loss/b_no_spectrum", 0.01),
    lower("loss: given to a neighbour", "/loss/c_to_neighbour", 0.01),
    lower("loss: in no spectrum", "/loss/d_lost", 0.01),
    lower("loss: foreign peaks", "/loss/e_foreign", 0.01),
    lower("loss: called an isotopologue", "/loss/f_isotopologue", 0.01),
    lower("loss: wrong heights", "/loss/i_heights", 0.01),
    told("foreign peaks of a neighbour, a compound", "/foreign/neighbour"),
    told("foreign peaks of noise, a compound", "/foreign/noise"),
    near("95 % intervals hold the truth", "/score/calibration/ci95_single/scaled", 0.95, 0.03),
    near(
        "95 % intervals hold the truth, in groups",
        "/score/calibration/ci95_group/scaled",
        0.95,
        0.03,
    ),
    lower("error of purity", "/score/calibration/purity_single/mean_abs_err", 0.02),
    lower("error of purity, in groups", "/score/calibration/purity_group/mean_abs_err", 0.03),
    higher("correlation of purity", "/score/calibration/purity_single/r", 0.05),
    higher("ions of one compound grouped", "/groups/grouped", 0.03),
    lower("two compounds called one", "/groups/two_called_one", 0.02),
    lower("features without a true ion", "/groups/no_ion", 0.02),
    higher("labels of main ions right", "/labels/main_right", 0.03),
    higher("labels of adducts right", "/labels/adducts_right", 0.03),
    lower("labels wrong", "/labels/wrong", 0.02),
    lower("ions with a wrong charge", "/labels/wrong_charge", 0.01),
];

/// Simulates where that was not done, deconvolves, scores and counts.
pub(crate) fn score(outside: &Outside<'_>, run: &str, seed: usize) -> Result<Value> {
    let folder = outside.simulated("semi", run, seed, |part| simulate(outside, run, seed, part))?;
    let file = folder.join("run.mzML");
    let losses = outside.unbiased_losses()?;
    let losses: Vec<&str> = losses.iter().map(String::as_str).collect();
    let results = outside.results(&file, "semi", run, seed, &losses)?;
    let json = results.with_extension("json");
    let mut score = outside.scripts.command("semi/score.py");
    score
        .arg(&folder)
        .arg(format!("cofactor={}", results.display()))
        .arg(format!("--json={}", json.display()));
    command::output(&mut score)?;
    let text = std::fs::read_to_string(&json)
        .with_context(|| format!("semi/score.py did not write {}", json.display()))?;
    let mut score = parsed(&text).with_context(|| format!("cannot use {}", json.display()))?;
    score["counts"] = outside.counts(&results, &file, Some(&folder))?;
    if spiked(run).is_some() {
        // The truth does not know what else the real run holds.
        score["groups"]["no_ion"] = Value::Null;
    }
    Ok(score)
}

fn simulate(outside: &Outside<'_>, run: &str, seed: usize, part: &Path) -> Result<PathBuf> {
    let spiked = spiked(run);
    let script = if spiked.is_some() { "semi/spike.py" } else { "semi/sim.py" };
    let mut simulate = outside.scripts.command(script);
    simulate.arg(run).arg(seed.to_string()).current_dir(part);
    simulate.env(DATA, &outside.data);
    simulate.args(spiked.map(|compounds| compounds.to_string()));
    command::output(&mut simulate)?;
    let prefix = spiked.map_or("", |_| "spike_");
    Ok(part.join(format!("runs/{prefix}{run}-{seed}")))
}

/// How many compounds are put into a real run; `None` of a simulated one.
fn spiked(run: &str) -> Option<usize> {
    SPIKED.iter().find(|(name, _)| *name == run).map(|(_, compounds)| *compounds)
}

/// The score of cofactor in what the script wrote, with the sums and shares that are shown.
fn parsed(text: &str) -> Result<Value> {
    let all: Value = serde_json::from_str(text).context("not JSON")?;
    let score = all.get("cofactor").context("no `cofactor` in it")?;
    Ok(json!({
        "loss": loss(&score["breakdown"]["loss"]),
        "foreign": foreign(&score["breakdown"]),
        "groups": groups(&score["groups"], &score["features"]),
        "labels": labels(&score["groups"]["species"]),
        "score": score,
    }))
}

/// What of the cosine is lost to what; no entry is no loss.
fn loss(told: &Value) -> Value {
    let mut loss = json!({});
    for key in [
        "a_not_found",
        "b_no_spectrum",
        "c_to_neighbour",
        "d_lost",
        "e_foreign",
        "f_isotopologue",
        "i_heights",
    ] {
        loss[key] = json!(number(&told[key]) + number(&told[format!("{key}_grp")]));
    }
    loss
}

/// Foreign peaks a scored compound, by where they are from.
fn foreign(breakdown: &Value) -> Value {
    let told = &breakdown["foreign"];
    let peaks = |origin: &str| number(&told[origin]) + number(&told[format!("{origin} (group)")]);
    json!({
        "neighbour": share(peaks("neighbour's ion"), &breakdown["n"]),
        "noise": share(peaks("noise/background"), &breakdown["n"]),
    })
}

fn groups(told: &Value, features: &Value) -> Value {
    let share_of =
        |part: &str, whole: &str| share(number(&told[part]), &number(&told[whole]).into());
    json!({
        "grouped": share_of("same compound+window pairs grouped", "same compound+window pairs"),
        "two_called_one":
            share_of("called one compound: pairs of two", "called one compound: pairs"),
        "no_ion": share(number(&told["features without a true ion"]), features),
    })
}

/// Sum of what is told of `which` ions under keys that end with `what`.
fn sum(species: &Value, what: &str, which: &dyn Fn(&str) -> bool) -> f64 {
    let entries = species.as_object().into_iter().flatten();
    entries
        .filter(|(key, _)| key.strip_suffix(what).is_some_and(which))
        .fold(0.0, |sum, (_, count)| sum + number(count))
}

/// Shares of right and wrong labels, of the ions that were found.
fn labels(species: &Value) -> Value {
    let main = |ion: &str| MAIN.contains(&ion);
    let adduct = |ion: &str| ion.starts_with('[') && !main(ion);
    let share_of = |what: &str, which: &dyn Fn(&str) -> bool| {
        share(sum(species, what, which), &sum(species, " n", which).into())
    };
    json!({
        "main_right": share_of(" adduct right", &main),
        "adducts_right": share_of(" adduct right", &adduct),
        "wrong": share_of(" adduct wrong", &|_| true),
        "wrong_charge": share_of(" wrong charge", &|_| true),
    })
}

fn share(part: f64, whole: &Value) -> Value {
    json!({ "part": part, "of": whole })
}

/// 0 where nothing was counted.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_shares_are_made_of_what_the_script_writes() {
        let score = parsed(
            r#"{"raw": {"cos": 0.5}, "cofactor": {"n": 100, "features": 240, "cos": 0.75,
            "top1_open": 0.875,
            "breakdown": {"n": 100, "loss": {"e_foreign": 0.25, "e_foreign_grp": 0.125},
                "foreign": {"neighbour's ion": 150, "neighbour's ion (group)": 50}},
            "calibration": {"ci95_single": {"n": 9, "scaled": 0.9375}},
            "groups": {"same compound+window pairs": 8, "same compound+window pairs grouped": 6,
                "features without a true ion": 24,
                "species": {"[M+H]+ n": 80, "[M+H]+ adduct right": 40, "[M+K]+ n": 10,
                    "[M+Na]+ n": 10, "[M+Na]+ adduct right": 5, "in-source n": 100,
                    "in-source not found": 3, "in-source adduct wrong": 20}}}}"#,
        )
        .unwrap();
        let measured =
            |name| MEASURES.iter().find(|measure| measure.name == name).unwrap().value(&score);
        for (name, value) in [
            ("cosine", 0.75),
            ("first in the library, any precursor", 0.875),
            ("loss: foreign peaks", 0.375),
            ("loss: not found", 0.0),
            ("foreign peaks of a neighbour, a compound", 2.0),
            ("95 % intervals hold the truth", 0.9375),
            ("ions of one compound grouped", 0.75),
            ("features without a true ion", 0.1),
            ("labels of main ions right", 0.5),
            ("labels of adducts right", 0.25),
            ("labels wrong", 0.1),
        ] {
            assert_eq!(measured(name), Some(value), "{name}");
        }
        assert_eq!(measured("two compounds called one"), None);
        assert!(measured("ions with a wrong charge").is_some_and(f64::is_sign_positive));
        assert!(parsed("{\"raw\": {}}").is_err());
    }
}
