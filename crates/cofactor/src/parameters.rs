//! What each parameter means and which values it may have: to read a parameter file, and to print
//! one.

use std::fmt::Write;
use std::path::Path;

use cofactor_rules::{Bound, RuleSource, read_document};
use serde_json::Value;

use crate::config::Config;
use crate::error::Error;
use crate::files;

/// Columns of a line of the file that is printed.
const COLUMNS: usize = 100;

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Table of the file.
    pub section: &'static str,
    /// Key in it.
    pub key: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Least and greatest value of a number.
    pub range: Option<(f64, f64)>,
}

const fn number(
    section: &'static str,
    key: &'static str,
    least: f64,
    most: f64,
    meaning: &'static str,
) -> Parameter {
    Parameter { section, key, meaning, range: Some((least, most)) }
}

const fn other(section: &'static str, key: &'static str, meaning: &'static str) -> Parameter {
    Parameter { section, key, meaning, range: None }
}

/// Every parameter, in the order of the file.
pub const PARAMETERS: [Parameter; 27] = [
    other(
        "traces",
        "tolerance",
        "How far a peak may lie from its trace's mean m/z; the wider counts",
    ),
    number(
        "traces",
        "max_gap",
        0.0,
        1000.0,
        "Scans in a row that may show no peak before a trace ends",
    ),
    number("traces", "min_points", 1.0, 1000.0, "Points that a trace must have"),
    number(
        "features",
        "smoothing_scans",
        0.0,
        100.0,
        "Standard deviation of the Gaussian that smooths a trace before apexes are sought, in \
         scans",
    ),
    number(
        "features",
        "min_prominence_sd",
        0.0,
        1000.0,
        "Standard deviations of the noise that an apex must stand above its higher valley",
    ),
    number("features", "min_prominence", 0.0, 1.0, "… and at least this share of its height"),
    number(
        "features",
        "min_height_over_limit",
        0.0,
        1000000.0,
        "… and this many times the detection limit",
    ),
    number("features", "boundary", 0.0, 0.5, "Share of the apex at which a peak ends"),
    number("features", "min_points", 1.0, 1000.0, "Points that a peak must have"),
    number(
        "features",
        "max_plateau",
        1.0,
        1000000.0,
        "Typical peak widths for which a trace may stay above a third of a peak's height around \
         it; beyond, it is background that waxes and wanes",
    ),
    number("features", "max_charge", 1.0, 20.0, "Highest charge sought"),
    number(
        "features",
        "min_correlation",
        -1.0,
        1.0,
        "Least correlation of two traces that are called isotopologues or adducts",
    ),
    number(
        "features",
        "max_ms2_only_window",
        0.0,
        10000.0,
        "Widest isolation window in which precursors are sought that MS1 does not show, Th; 0 for \
         none",
    ),
    other(
        "deconvolution",
        "tolerance",
        "Fragment traces this near in m/z that never share a scan are one fragment",
    ),
    number(
        "deconvolution",
        "max_block",
        1.0,
        10000.0,
        "Precursors that a block may own before it is cut",
    ),
    number(
        "deconvolution",
        "min_points",
        1.0,
        1000.0,
        "Points that a fragment trace must have while a precursor elutes",
    ),
    number(
        "deconvolution",
        "grid_per_cycle",
        1.0,
        20.0,
        "Grid points of the elution profiles per MS1 cycle",
    ),
    number(
        "deconvolution",
        "max_isotopologues",
        1.0,
        10.0,
        "Isotopologue traces of a precursor that enter the fit",
    ),
    number("deconvolution", "max_sweeps", 1.0, 10000.0, "Sweeps of the solver at most"),
    number(
        "deconvolution",
        "curvature_weight",
        0.0,
        1000000.0,
        "Weight of the curvature penalty of elution profiles",
    ),
    number(
        "deconvolution",
        "min_evidence",
        0.0,
        1000.0,
        "Log-likelihood that a fragment must be worth to be reported: what each precursor that \
         shares in a trace has to add",
    ),
    number("deconvolution", "max_unlinked", 0.0, 100.0, "Most unlinked atoms of a block"),
    number(
        "deconvolution",
        "expected_yield",
        1e-06,
        1000.0,
        "Mean of the exponential prior of a fragment's yield: its height over that of its \
         precursor in MS1",
    ),
    number(
        "deconvolution",
        "min_separation",
        0.0,
        1000000.0,
        "Log-likelihood that separate elution profiles of two precursors must be worth …",
    ),
    number(
        "deconvolution",
        "profile_error",
        0.0,
        1.0,
        "… besides what it gains to follow this relative error of a common profile",
    ),
    number(
        "deconvolution",
        "decoy_rounds",
        0.0,
        1000.0,
        "Decoys made for each candidate, to estimate q-values",
    ),
    other(
        "deconvolution",
        "keep_isotopologues",
        "Whether isotopologues of fragments stay in the spectra",
    ),
];

/// Reads a parameter file.
///
/// # Errors
/// If it cannot be read, or every mistake in it with its line.
pub fn read(path: &Path) -> Result<Config, Error> {
    let text =
        files::text(path).map_err(|source| Error::Needed { role: "the parameter file", source })?;
    let source = RuleSource { name: path.display().to_string(), text };
    Ok(read_document(&source, &bounds())?)
}

/// What numbers may be.
fn bounds() -> Vec<Bound> {
    let bound =
        |one: &Parameter| one.range.map(|(least, most)| (one.section, one.key, least, most));
    PARAMETERS.iter().filter_map(bound).collect()
}

/// The default of a parameter, as TOML has it.
pub fn default_of(parameter: &Parameter) -> String {
    let defaults = serde_json::to_value(Config::default()).unwrap_or(Value::Null);
    defaults[parameter.section][parameter.key].to_string()
}

/// A parameter file with every default, each under what it means.
pub fn file() -> String {
    let mut text = String::new();
    let mut section = "";
    for one in &PARAMETERS {
        // Writing to a string cannot fail.
        if one.section != section {
            section = one.section;
            let _ = writeln!(text, "\n[{section}]");
        }
        let range =
            one.range.map_or_else(String::new, |(least, most)| format!(" ({least} to {most})"));
        for line in wrapped(&format!("{}{range}.", one.meaning)) {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "{} = {}", one.key, default_of(one));
    }
    text
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty()
            && lines[last].chars().count() + word.chars().count() + 3 > COLUMNS
        {
            lines.push(word.to_owned());
        } else {
            let gap = if lines[last].is_empty() { "" } else { " " };
            lines[last] += &format!("{gap}{word}");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_described_once() {
        let defaults = serde_json::to_value(Config::default()).unwrap();
        let keys: Vec<(String, String)> = defaults
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(section, keys)| {
                keys.as_object().unwrap().keys().map(move |key| (section.clone(), key.clone()))
            })
            .collect();
        let mut described: Vec<(String, String)> =
            PARAMETERS.iter().map(|one| (one.section.to_owned(), one.key.to_owned())).collect();
        described.sort();
        let mut keys = keys;
        keys.sort();
        assert_eq!(described, keys);
    }

    #[test]
    fn the_printed_file_holds_the_defaults_within_their_ranges() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parameters.toml");
        std::fs::write(&path, file()).unwrap();
        assert_eq!(read(&path).unwrap(), Config::default());
        assert!(file().lines().all(|line| line.chars().count() <= COLUMNS));
    }

    #[test]
    fn all_mistakes_are_shown_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(
            &path,
            "[traces]\nmax_gapp = 2\n[features]\nboundary = 7\nmin_points = 'x'\n",
        )
        .unwrap();
        let message = read(&path).unwrap_err().to_string();
        for part in [
            "a.toml:2:1",
            "did you mean `max_gap`?",
            "a.toml:4:12",
            "from 0 to 0.5",
            "a.toml:5:14",
            "found the text \"x\", expected a whole number",
        ] {
            assert!(message.contains(part), "{part} is not in\n{message}");
        }
    }
}
