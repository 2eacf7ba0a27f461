//! Runs of another simulator with physics of its own, `other_sim.py`, scored by `other_score.py`.

use anyhow::{Context, Result};
use serde_json::Value;
use xtask::command;

use super::measures::{Measure, higher, lower, near, told};
use super::outside::Outside;

/// The scenarios.
pub(crate) const SCENARIOS: [&str; 9] =
    ["dense", "swath", "sets", "lipid", "losses", "negative", "slowms1", "aif", "profile"];

/// The measures, under the names that the script gives them.
pub(crate) const MEASURES: [Measure; 26] = [
    higher("cosine", "/main_cosine", 0.01),
    higher("precision", "/main_precision", 0.02),
    higher("recall", "/main_recall", 0.02),
    higher("F1", "/main_f1", 0.02),
    higher("cosine of all ions", "/cosine", 0.01),
    higher("F1 of all ions", "/f1", 0.02),
    higher("cosine, all peaks judged", "/public_cosine", 0.01),
    higher("F1, all peaks judged", "/public_f1", 0.02),
    higher("cosine where the rules have the truth", "/ruled_cosine", 0.01),
    higher("F1 where the rules have the truth", "/ruled_f1", 0.02),
    higher("true candidate first", "/cand_top1", 0.02),
    higher("true candidate first, of found", "/cand_top1_of_found", 0.02),
    higher("confident and right", "/conf_right_rate", 0.03),
    lower("confident and wrong", "/conf_wrong_rate", 0.01),
    higher("not confident where none is right", "/no_truth_not_confident", 0.03),
    lower("false at q <= 0.05", "/fdr_at_q05", 0.02),
    lower("calibration error", "/calib_error", 0.02),
    higher("missing fragments named", "/missing_recall", 0.03),
    higher("named missing and are", "/missing_precision", 0.03),
    lower("missing called matched", "/missing_called_matched", 0.02),
    higher("not scanned and said so", "/not_scanned_recall", 0.05),
    near("95 % intervals hold the truth", "/ci95_coverage", 0.95, 0.03),
    lower("fragments where nothing fragments", "/fp_listed_rate", 0.05),
    told("features with fragments, purity 0.5", "/fp_features"),
    told("features with fragments, purity 0.8", "/fp_features_80"),
    higher("correlation of areas", "/quant_r", 0.01),
];

/// Simulates where that was not done, deconvolves with the rules of the scenario, and scores.
pub(crate) fn score(outside: &Outside<'_>, scenario: &str, seed: usize) -> Result<Value> {
    let folder = outside.simulated("other_sim", scenario, seed, |part| {
        let mut simulate = outside.scripts.command("other_sim.py");
        command::output(simulate.arg(scenario).arg(seed.to_string()).arg(part))?;
        Ok(part.to_owned())
    })?;
    let rules = folder.join("rules.toml");
    let rules = rules.is_file().then(|| rules.to_string_lossy().into_owned());
    let more: Vec<&str> = rules.iter().flat_map(|rules| ["--rules", rules]).collect();
    let file = folder.join("run.mzML");
    let results = outside.results(&file, "other_sim", scenario, seed, &more)?;
    let mut score = outside.scripts.command("other_score.py");
    parsed(&command::output(score.arg(results).arg(folder))?)
}

fn parsed(said: &str) -> Result<Value> {
    serde_json::from_str(said.trim()).context("other_score.py printed no JSON object")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_prints_is_read() {
        let score = parsed(
            "{\"scenario\": \"sets\", \"cosine\": 0.9085, \"main_cosine\": 0.9734, \"cand_top1\": \
             0.8571, \"conf_wrong_rate\": 0.0, \"fdr_at_q05\": null, \"ci95_coverage\": 0.6794}\n",
        )
        .unwrap();
        let value =
            |name| MEASURES.iter().find(|measure| measure.name == name).unwrap().value(&score);
        assert_eq!(value("cosine"), Some(0.9734));
        assert_eq!(value("true candidate first"), Some(0.8571));
        assert_eq!(value("confident and wrong"), Some(0.0));
        assert_eq!((value("false at q <= 0.05"), value("recall")), (None, None));
        assert!(parsed("").is_err());
    }
}
