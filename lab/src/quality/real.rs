//! Real runs: known compounds beside library spectra (`score_known.py`) and their labels, fatty
//! acids of phospholipids, and `counts.py`.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::labels::labels;
use super::measures::{Measure, higher, lower, told};
use super::outside::Outside;
use super::phospholipids::{FattyAcids, fatty_acids};
use crate::real_data::results;

/// A run, and what is known of it.
struct RealRun {
    name: &'static str,
    /// The file below `real/`, without its ending.
    file: &'static str,
    known: Known,
}

enum Known {
    /// A table of compounds below `real/`, and a library of their spectra.
    Compounds {
        table: &'static str,
        library: &'static str,
    },
    /// A table of phospholipids below `real/`.
    Phospholipids(&'static str),
    Nothing,
}

const FILES: [RealRun; 4] = [
    RealRun {
        name: "ionshed",
        file: "ionshed_35-65s",
        known: Known::Compounds {
            table: "ionshed_known.tsv",
            library: "libraries/massbank_ionshed.msp",
        },
    },
    RealRun {
        name: "steroids",
        file: "plasma10ng_steroids_535-560s",
        known: Known::Compounds {
            table: "steroids_known.tsv",
            library: "libraries/massbank_spiked_pos.msp",
        },
    },
    RealRun {
        name: "serum",
        file: "serum_aif_neg",
        known: Known::Phospholipids("serum_phospholipids.tsv"),
    },
    RealRun { name: "yeast", file: "yeast_swath_1980-2160s", known: Known::Nothing },
];

/// Their names.
pub(crate) const RUNS: [&str; 4] = [FILES[0].name, FILES[1].name, FILES[2].name, FILES[3].name];

/// The measures beside [`super::counts::MEASURES`].
pub(crate) const MEASURES: [Measure; 9] = [
    higher("root cosine", "/known/cosine", 0.01),
    higher("entropy similarity", "/known/entropy", 0.01),
    lower("foreign intensity", "/known/foreign", 0.02),
    higher("known compounds with a spectrum", "/known/spectra", 0.001),
    higher("root cosine of 0.7 or more", "/good", 0.001),
    higher("known ions labelled right", "/labels/right", 0.001),
    lower("known ions labelled wrong", "/labels/wrong", 0.001),
    told("known ions without a label", "/labels/none"),
    higher("phospholipids with both fatty acids", "/phospholipids", 0.0),
];

/// Deconvolves, scores and counts.
pub(crate) fn score(outside: &Outside<'_>, run: &str, seed: usize) -> Result<Value> {
    let real = FILES.iter().find(|real| real.name == run);
    let RealRun { file, known, .. } = real.with_context(|| format!("no real run is {run}"))?;
    let folder = outside.data.join("real");
    let file = folder.join(format!("{file}.mzML"));
    let results = outside.results(&file, "real", run, seed, &[])?;
    let mut score = json!({ "counts": outside.counts(&results, &file, None)? });
    match known {
        Known::Compounds { table, library } => {
            let table = folder.join(table);
            let said = outside.scripts.known(
                &results.join("spectra.mgf"),
                &outside.data.join(library),
                &table,
            )?;
            let known = means(&said)?;
            score["good"] = json!({ "part": known["good"], "of": known["n"] });
            score["known"] = known;
            score["labels"] = labels(&results::read(&results)?, &table)?;
        }
        Known::Phospholipids(table) => {
            let FattyAcids { found, ions } =
                fatty_acids(&results::read(&results)?, &folder.join(table))?;
            println!("{run}: fatty acids {found} of {ions}");
            score["phospholipids"] = json!(found);
        }
        Known::Nothing => {}
    }
    Ok(score)
}

/// The last line of `score_known.py`: `n=10 spectra=1.000 cosine=…`.
fn means(said: &str) -> Result<Value> {
    let line = said.lines().rfind(|line| line.starts_with("n="));
    let line = line.with_context(|| format!("score_known.py printed no means:\n{said}"))?;
    let mut means = Map::new();
    for word in line.split_whitespace() {
        let (name, value) = word.split_once('=').with_context(|| format!("{word} has no value"))?;
        let value: f64 = value.parse().with_context(|| format!("{word} is no number"))?;
        means.insert(name.to_owned(), value.into());
    }
    Ok(means.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_means_are_in_the_last_line() {
        let said = "Cotinine 177.1022    63.9  peaks   8   cosine 0.970 entropy 0.872 foreign \
                    0.00\nn=10 spectra=1.000 cosine=0.698 entropy=0.638 foreign=0.289 good=7\n";
        let right = json!({ "part": 5, "of": 10 });
        let score = json!({ "known": means(said).unwrap(), "labels": { "right": right } });
        let value =
            |name| MEASURES.iter().find(|measure| measure.name == name).unwrap().value(&score);
        assert_eq!(value("root cosine"), Some(0.698));
        assert_eq!(value("foreign intensity"), Some(0.289));
        assert_eq!(value("known ions labelled right"), Some(0.5));
        assert_eq!(value("phospholipids with both fatty acids"), None);
        assert!(means("no spectrum\n").is_err());
        assert!(means("n=x\n").is_err());
    }
}
