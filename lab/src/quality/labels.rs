//! Whether the ions of known compounds are called what they are.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::real_data::results::Results;

/// What all of the known ions are.
const PROTONATED: &str = "[M+H]+";
/// How far from its apex a compound may be found, in seconds.
const APEX_TOLERANCE: f64 = 4.0;
/// What makes an ion none of the compound itself.
const FOREIGN: [&str; 2] = ["in_source", "artefact"];

/// Shares of the ions of a table of known compounds with the right label, a wrong one, or none.
pub(super) fn labels(results: &Results, known: &Path) -> Result<Value> {
    let table = std::fs::read_to_string(known)
        .with_context(|| format!("cannot read {}", known.display()))?;
    let (mut right, mut wrong, mut none) = (0_u32, 0_u32, 0_u32);
    for (number, line) in (1..).zip(table.lines()).skip(1) {
        let cells: Vec<f64> =
            line.split('\t').skip(1).filter_map(|cell| cell.parse().ok()).collect();
        let [mz, seconds] = cells[..] else {
            bail!("{}, line {number}: not name, m/z and seconds", known.display());
        };
        let distance = |at: f64| (at - seconds).abs();
        let nearest = results
            .features_near(mz, seconds, APEX_TOLERANCE)
            .min_by(|a, b| distance(a.seconds).total_cmp(&distance(b.seconds)));
        match nearest {
            Some(feature) if FOREIGN.contains(&feature.relation.as_str()) => wrong += 1,
            Some(feature) if feature.adduct == PROTONATED => right += 1,
            Some(feature) if !feature.adduct.is_empty() => wrong += 1,
            _ => none += 1,
        }
    }
    let share = |part: u32| json!({ "part": part, "of": right + wrong + none });
    Ok(json!({ "right": share(right), "wrong": share(wrong), "none": share(none) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_data::results::Feature;

    #[test]
    fn the_nearest_feature_tells_the_label() {
        let feature = |mz, seconds, adduct: &str, relation: &str| Feature {
            mz,
            seconds,
            adduct: adduct.to_owned(),
            relation: relation.to_owned(),
            ..Feature::default()
        };
        let features = vec![
            feature(116.0706, 50.0, "[M+H]+", ""),
            feature(116.0706, 52.5, "[M+K]+", ""),
            feature(118.0863, 47.0, "[M+Na]+", ""),
            feature(130.0863, 55.0, "[M+H]+", "in_source"),
            feature(147.1128, 42.0, "", ""),
        ];
        let results = Results { features, spectra: vec![] };
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("known.tsv");
        std::fs::write(
            &known,
            "name\tmz\trt_seconds\na\t116.0706\t50.9\nb\t118.0863\t47.7\nc\t130.0863\t55\nd\t\
             147.1128\t42.2\ne\t162.1125\t46.9\n",
        )
        .unwrap();
        let shares = labels(&results, &known).unwrap();
        for (label, part) in [("right", 1), ("wrong", 2), ("none", 2)] {
            assert_eq!(shares[label], json!({ "part": part, "of": 5 }), "{label}");
        }
        std::fs::write(&known, "name\tmz\trt_seconds\na\t116.0706\n").unwrap();
        assert!(labels(&results, &known).unwrap_err().to_string().contains("line 2"));
    }
}
