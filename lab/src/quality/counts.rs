//! What a chemist would object to in a folder of results, whatever its run: the counts of
//! `counts.py`.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::measures::{Measure, lower, told};

/// The measures, in the part `counts` of a score.
pub(crate) const MEASURES: [Measure; 8] = [
    told("features", "/counts/features"),
    told("spectra", "/counts/spectra"),
    lower("copies", "/counts/copies", 0.02),
    lower("ghosts", "/counts/ghosts", 0.02),
    lower("impossible losses", "/counts/impossible", 0.01),
    lower("fragments above ten precursors", "/counts/sum>10", 0.02),
    lower("flat background", "/counts/background", 0.02),
    told("labelled features", "/counts/labels"),
];

/// The counts in what the script printed, those of features and spectra as shares.
pub(crate) fn parsed(said: &str) -> Result<Value> {
    let mut counts: Value =
        serde_json::from_str(said.trim()).context("counts.py printed no JSON object")?;
    for (name, of) in [
        ("copies", "spectra"),
        ("ghosts", "spectra"),
        ("background", "spectra"),
        ("labels", "features"),
    ] {
        if counts[name].is_number() {
            counts[name] = json!({ "part": counts[name], "of": counts[of] });
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_shares() {
        let counts = parsed(
            "{\"features\": 578, \"spectra\": 400, \"copies\": 98, \"impossible\": 0.0202, \
             \"sum>10\": 0.1014, \"labels\": 289, \"background\": 10}\n",
        )
        .unwrap();
        let score = json!({ "counts": counts });
        let values: Vec<Option<f64>> =
            MEASURES.iter().map(|measure| measure.value(&score)).collect();
        assert_eq!(
            values,
            [
                Some(578.0),
                Some(400.0),
                Some(0.245),
                None,
                Some(0.0202),
                Some(0.1014),
                Some(0.025),
                Some(0.5)
            ]
        );
        assert!(parsed("Traceback").is_err());
    }
}
