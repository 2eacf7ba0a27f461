//! `cargo xtask bench defaults`: the results for values around each default, on the same runs, as
//! tables; docs/defaults.md holds them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xtask::release;
use xtask::workspace::Workspace;

use super::knobs::{KNOBS, Knob};
use super::measures::measure;
use super::runs::{Program, at_once};
use crate::real_data::{self, scores::Scripts};

/// Scenarios that are run for each value, and what is shown of them.
const RUNS: [(&str, &[&str]); 4] = [
    ("easy", &["cosine", "precision", "recall"]),
    ("tailing", &["cosine", "precision"]),
    ("hard", &["cosine", "precision", "recall"]),
    ("rule-sets", &["true candidate first", "false at q <= 0.05"]),
];
/// Where the tables are in the page.
const MARK: &str = "<!-- tables -->\n";

/// What the user may choose.
pub(crate) struct DefaultsOptions {
    /// Seeds of each scenario, from 1.
    pub(crate) seeds: usize,
    /// Keys of parameters; all where empty.
    pub(crate) only: Vec<String>,
    /// Write docs/defaults.md.
    pub(crate) update: bool,
}

/// Builds, simulates, runs every value, prints the tables, and writes them where asked.
pub(crate) fn defaults(workspace: &Workspace, options: &DefaultsOptions) -> Result<()> {
    let binary = release::build(workspace)?;
    let out = workspace.target.join("bench").join("defaults");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let place = Program { binary: &binary, out: &out };
    let runs: Vec<(&str, usize)> = RUNS
        .iter()
        .flat_map(|(scenario, _)| (1..=options.seeds).map(move |seed| (*scenario, seed)))
        .collect();
    at_once(&runs, |&(scenario, seed)| place.simulate(scenario, seed))?;
    let library = match (real_data::folder()?, Scripts::find(workspace)) {
        (Some(data), Ok(scripts)) => Some((data, scripts)),
        _ => {
            println!(
                "The plasma run is left out: {} or the scripts of its score are not there.",
                real_data::DATA
            );
            None
        }
    };
    let mut text = String::new();
    for knob in KNOBS
        .iter()
        .filter(|knob| options.only.is_empty() || options.only.iter().any(|key| key == knob.key))
    {
        let table = table(knob, &place, &runs, library.as_ref())?;
        print!("\n{table}");
        text += &format!("\n{table}");
    }
    if options.update {
        let page = workspace.root.join("docs/defaults.md");
        let before = std::fs::read_to_string(&page)
            .with_context(|| format!("cannot read {}", page.display()))?;
        let (head, _) = before
            .split_once(MARK)
            .with_context(|| format!("{} has no {MARK:?}", page.display()))?;
        std::fs::write(&page, format!("{head}{MARK}{text}"))
            .with_context(|| format!("cannot write {}", page.display()))?;
    }
    Ok(())
}

fn table(
    knob: &Knob,
    place: &Program<'_>,
    runs: &[(&str, usize)],
    library: Option<&(PathBuf, Scripts)>,
) -> Result<String> {
    let mut text = format!("## {}\n\n{}\n\n| value |", knob.key, knob.why);
    let of_run = |(run, shown): &(&str, &[&str])| {
        shown.iter().map(|name| format!("{run}: {name}")).collect::<Vec<_>>()
    };
    let mut columns: Vec<String> = RUNS.iter().flat_map(of_run).collect();
    columns.extend(library.map(|_| "plasma: cosine".to_owned()));
    columns.iter().for_each(|name| text += &format!(" {name} |"));
    text += &format!("\n|---|{}\n", "---:|".repeat(columns.len()));
    for value in knob.values {
        let config = write_config(place.out, knob.key, value)?;
        let scores = at_once(runs, |&(scenario, seed)| place.scored_with(scenario, seed, &config))?;
        let mut figures: Vec<f64> = Vec::new();
        for (run, shown) in RUNS {
            for measure in shown.iter().filter_map(|name| measure(name)) {
                let of_run = runs.iter().zip(&scores).filter(|((scenario, _), _)| *scenario == run);
                let values: Vec<f64> =
                    of_run.filter_map(|(_, score)| measure.value(score)).collect();
                figures.push(values.iter().sum::<f64>() / values.len().max(1) as f64);
            }
        }
        if let Some((data, scripts)) = library {
            let cosines = place.plasma(data, scripts, &["--config", &config])?;
            figures.push(
                cosines.iter().map(|(_, cosine)| cosine).sum::<f64>() / cosines.len().max(1) as f64,
            );
        }
        let emphasis = if *value == knob.default { "**" } else { "" };
        write!(text, "| {emphasis}`{value}`{emphasis} |")?;
        figures.iter().try_for_each(|figure| write!(text, " {figure:.3} |"))?;
        text += "\n";
    }
    Ok(text)
}

fn write_config(folder: &Path, key: &str, value: &str) -> Result<String> {
    let path = folder.join("config.toml");
    // A key with its table in front is TOML as well.
    std::fs::write(&path, format!("{key} = {value}\n")).context("cannot write a config file")?;
    Ok(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_a_measure() {
        assert!(RUNS.iter().flat_map(|(_, shown)| *shown).all(|name| measure(name).is_some()));
    }

    #[test]
    fn a_config_file_has_key_and_value() {
        let folder = tempfile::tempdir().unwrap();
        let written = |key: &str, value: &str| {
            std::fs::read_to_string(write_config(folder.path(), key, value).unwrap()).unwrap()
        };
        assert_eq!(written("tolerance", "\"3 ppm\""), "tolerance = \"3 ppm\"\n");
        assert_eq!(written("expert.max_gap", "2"), "expert.max_gap = 2\n");
    }
}
