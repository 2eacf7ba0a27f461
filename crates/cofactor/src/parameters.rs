//! What each parameter means and which values it may have: to read a parameter file, and to print
//! one.

use std::fmt::Write;
use std::path::Path;

use cofactor_rules::{Bound, Moved, Place, RuleSource, read_document};
use serde_json::Value;

use crate::config::Config;
use crate::error::Error;
use crate::files;
use crate::former::FORMER;

/// Columns of a line of the file that is printed.
const COLUMNS: usize = 100;

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Where it is in the file.
    pub place: Place,
    /// Least and greatest value of a number.
    pub range: Option<(f64, f64)>,
    /// What it is counted in.
    pub unit: &'static str,
    /// What it means, and why the default is what it is.
    pub meaning: &'static str,
}

const fn number(
    place: Place,
    range: (f64, f64),
    unit: &'static str,
    meaning: &'static str,
) -> Parameter {
    Parameter { place, range: Some(range), unit, meaning }
}

const fn choice(place: Place, unit: &'static str, meaning: &'static str) -> Parameter {
    Parameter { place, range: None, unit, meaning }
}

/// Every parameter, in the order of the file.
pub const PARAMETERS: [Parameter; 25] = [
    choice(
        Place::new("", "tolerance"),
        "ppm, Da",
        "How far apart peaks of one m/z may lie, a peak from the mean of its trace and pieces of a \
         fragment's trace from one another: such as `\"10 ppm, 0.002 Da\"`, of which the wider \
         counts. `\"auto\"` is 10 ppm, at least 0.0015 Da; in a run whose m/z scatter by more than \
         3 ppm (standard deviation) from scan to scan it is five times that",
    ),
    number(
        Place::new("", "min_points"),
        (1.0, 1000.0),
        "points",
        "Points that a trace must have, and one of a fragment while a precursor elutes. Noise \
         peaks seldom repeat within the tolerance, weak fragments show few points. A fragment that \
         is so high that noise would hardly repeat it may show one less",
    ),
    number(
        Place::new("", "min_height_over_limit"),
        (0.0, 1000000.0),
        "detection limits",
        "Height that an MS1 peak must have. What hardly reaches over the limit has no shape to \
         follow",
    ),
    number(
        Place::new("", "min_prominence"),
        (0.0, 1.0),
        "share of the height",
        "How far an apex must stand above its higher valley. Multiplicative noise of 5–10 % makes \
         dips of its own",
    ),
    number(
        Place::new("", "max_charge"),
        (1.0, 20.0),
        "charges",
        "Highest charge sought. Peptides seldom have more",
    ),
    number(
        Place::new("", "max_ms2_only_window"),
        (0.0, 10000.0),
        "Th",
        "Widest isolation window in which precursors are sought that MS1 does not show, or shows \
         as one peak with another; 0 for none. In a wider one too much elutes at a time",
    ),
    number(
        Place::new("", "min_evidence"),
        (0.0, 1000.0),
        "log-likelihood",
        "What each precursor that shares in a fragment must add, for the fragment to be reported. \
         Half the logarithm of the number of cells, and the odds, some 1 : 50, that a trace is a \
         given precursor's",
    ),
    number(
        Place::new("", "min_separation"),
        (0.0, 1000000.0),
        "log-likelihood",
        "What separate elution profiles of two precursors must be worth. Position, width and skew, \
         each at half the logarithm of the number of cells",
    ),
    choice(
        Place::new("", "keep_isotopologues"),
        "true or false",
        "Whether isotopologues of fragments stay in the spectra. Most libraries hold spectra of \
         monoisotopic precursors",
    ),
    choice(
        Place::new("", "chemistry"),
        "true or false",
        "Whether it counts which neutral losses are usual in spectra of known compounds, where \
         elution leaves open whose a fragment is. Rule files with `loss-statistics` of their own \
         count anyway",
    ),
    number(
        Place::new("expert", "max_gap"),
        (0.0, 1000.0),
        "scans",
        "Scans in a row that may show no peak before a trace ends. Weak fragments flicker around \
         the detection limit",
    ),
    number(
        Place::new("expert", "smoothing_scans"),
        (0.0, 100.0),
        "scans",
        "Standard deviation of the Gaussian that smooths a trace before apexes are sought. Enough \
         to find one apex in a noisy peak, not enough to merge two",
    ),
    number(
        Place::new("expert", "min_prominence_sd"),
        (0.0, 1000.0),
        "standard deviations of the noise",
        "How far an apex must stand above its higher valley, besides `min_prominence`. Thousands \
         of points are looked at in a run: five happen by chance in hardly any",
    ),
    number(
        Place::new("expert", "boundary"),
        (0.0, 0.5),
        "share of the height",
        "Where a peak is said to end. The fit goes its own way",
    ),
    number(
        Place::new("expert", "peak_points"),
        (1.0, 1000.0),
        "points",
        "Points that an MS1 peak must have. Fewer do not show a shape",
    ),
    number(
        Place::new("expert", "max_plateau"),
        (1.0, 1000000.0),
        "typical peak widths",
        "How long a trace may stay above a third of a peak's height around it; beyond, it is \
         background that waxes and wanes. Isobars that elute one into the other do not reach that \
         far",
    ),
    number(
        Place::new("expert", "min_correlation"),
        (-1.0, 1.0),
        "Pearson correlation",
        "What two traces must reach to be called isotopologues or adducts. Isotopologues near the \
         detection limit reach 0.8 to 0.9",
    ),
    number(
        Place::new("expert", "max_block"),
        (1.0, 10000.0),
        "precursors",
        "Precursors that a block may own before it is cut. What crosses a cut is solved again on \
         both sides, which costs more than a larger block",
    ),
    number(
        Place::new("expert", "grid_per_cycle"),
        (1.0, 20.0),
        "grid points",
        "Grid points of the elution profiles per MS1 cycle. The levels are scanned at different \
         times",
    ),
    number(
        Place::new("expert", "max_isotopologues"),
        (1.0, 10.0),
        "traces",
        "Isotopologue traces of a precursor that enter the fit. More make spectra purer and, where \
         elutions overlap closely, less complete",
    ),
    number(
        Place::new("expert", "max_sweeps"),
        (1.0, 10000.0),
        "sweeps",
        "Sweeps of the solver at most. More change nothing that can be measured",
    ),
    number(
        Place::new("expert", "curvature_weight"),
        (0.0, 1000000.0),
        "log-likelihood",
        "Weight of the curvature penalty of elution profiles. The points of a profile together \
         weigh as a few units",
    ),
    number(
        Place::new("expert", "max_unlinked"),
        (0.0, 100.0),
        "atoms",
        "Most unlinked atoms of a block, fragments of something that MS1 does not show. Evidence \
         decides how many there are; this bounds the time",
    ),
    number(
        Place::new("expert", "profile_error"),
        (0.0, 1.0),
        "share of each point",
        "Relative error that the profiles of two ions of one compound may have, besides \
         `min_separation`; more where the isotopologues of a run tell more. What intense ions \
         differ by more than counting statistics explains; no height of a fragment is known better",
    ),
    number(
        Place::new("expert", "decoy_rounds"),
        (0.0, 1000.0),
        "rounds",
        "Decoys made for each candidate, to estimate q-values. With ten, a run with five claims \
         can reach 0.02",
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
    let moved: Vec<Moved> = FORMER.into_iter().chain(misplaced()).collect();
    Ok(read_document(&source, &bounds(), &moved)?)
}

/// What numbers may be.
fn bounds() -> Vec<Bound> {
    let bound =
        |parameter: &Parameter| parameter.range.map(|(least, most)| (parameter.place, least, most));
    PARAMETERS.iter().filter_map(bound).collect()
}

/// Every parameter where another one of the two tables would have it.
fn misplaced() -> impl Iterator<Item = Moved> {
    PARAMETERS.iter().map(|parameter| {
        let now = parameter.place;
        let elsewhere = if now.table.is_empty() { "expert" } else { "" };
        Moved { former: Place::new(elsewhere, now.key), now: Some(now), twin: None }
    })
}

/// The default of a parameter, as TOML has it.
pub fn default_of(parameter: &Parameter) -> String {
    let defaults = serde_json::to_value(Config::default()).unwrap_or(Value::Null);
    let Place { table, key } = parameter.place;
    let table = if table.is_empty() { &defaults } else { &defaults[table] };
    table[key].to_string()
}

/// A parameter file with every default, each under what it means.
pub fn file() -> String {
    let mut text = String::new();
    let mut table = "";
    for parameter in &PARAMETERS {
        // Writing to a string cannot fail.
        let place = parameter.place;
        if place.table != table {
            table = place.table;
            let _ = writeln!(text, "\n# What hardly anybody has a reason to touch.\n[{table}]");
        }
        let range = parameter
            .range
            .map_or_else(String::new, |(least, most)| format!(", {least} to {most}"));
        for line in wrapped(&format!("{} ({}{range}).", parameter.meaning, parameter.unit)) {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "{} = {}", place.key, default_of(parameter));
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
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let expert = keys(&defaults["expert"]);
        let mut expected: Vec<String> = keys(&defaults);
        expected.retain(|key| key != "expert");
        expected.extend(expert.iter().map(|key| format!("expert.{key}")));
        expected.sort();
        let mut described: Vec<String> =
            PARAMETERS.iter().map(|parameter| parameter.place.to_string()).collect();
        described.sort();
        assert_eq!(described, expected);
    }

    #[test]
    fn the_printed_file_holds_the_defaults_within_their_ranges() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parameters.toml");
        std::fs::write(&path, file()).unwrap();
        assert_eq!(read(&path).unwrap(), Config::default());
        assert!(file().lines().all(|line| line.chars().count() <= COLUMNS));
    }

    /// What is said of a file with this text.
    fn told(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, text).unwrap();
        read(&path).unwrap_err().to_string()
    }

    fn holds(message: &str, parts: &[&str]) {
        for part in parts {
            assert!(message.contains(part), "{part} is not in\n{message}");
        }
    }

    #[test]
    fn all_mistakes_are_shown_with_their_lines() {
        let message = told("max_charg = 2\nmin_prominence = 7\n[expert]\npeak_points = 'x'\n");
        holds(
            &message,
            &[
                "a.toml:1:1",
                "did you mean `max_charge`?",
                "a.toml:2:18",
                "from 0 to 1",
                "a.toml:4:15",
                "found the text \"x\", expected a whole number",
            ],
        );
    }

    #[test]
    fn every_former_key_says_what_it_is_now() {
        let message = told(
            "[traces]\ntolerance = \"5 ppm\"\n[features]\nboundary = 0.02\nmin_points = 6\n\
             [deconvolution]\ntolerance = \"20 ppm\"\nmin_evidence = 8.0\n",
        );
        holds(
            &message,
            &[
                "a.toml:2:1",
                "`traces.tolerance` is `tolerance` now",
                "write `tolerance = \"5 ppm\"` above all tables, or \"20 ppm\", which is that of \
                 `deconvolution.tolerance` here: they differ, and are one key now",
                "a.toml:4:1",
                "`features.boundary` is `expert.boundary` now",
                "write `boundary = 0.02` in the table [expert]",
                "a.toml:5:1",
                "`features.min_points` is `expert.peak_points` now",
                "a.toml:7:1",
                "`deconvolution.tolerance` is `tolerance` now",
                "a.toml:8:1",
                "`deconvolution.min_evidence` is `min_evidence` now",
            ],
        );
        assert!(!message.contains("unknown"), "{message}");
    }

    #[test]
    fn a_key_in_the_wrong_table_says_where_it_belongs() {
        let message = told("max_gap = 2\n[expert]\nmin_evidence = 8.0\n");
        holds(
            &message,
            &["a.toml:1:1", "`max_gap` is `expert.max_gap`", "a.toml:3:1", "above all tables"],
        );
    }
}
