//! The run in a few words, for the head of the page.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compounds::CompoundCounts;
use crate::summary::{CompoundHead, Named, StageCounts, Summary};

/// A line of the overview.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What the run is, and what was learnt of it.
pub(crate) fn facts(summary: &Summary) -> Vec<Fact> {
    let channels = summary.run["channels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = [
        ("polarity", joined(channels, "polarity")),
        ("windows", windows(channels)),
        ("cycle", cycle(channels)),
        ("collision energy", joined(channels, "collision_energy")),
        ("noise", noise(channels)),
        ("mass error", mass_error(&summary.run["mass_shift"])),
        ("rules", Some(rule_names(&summary.rules))),
        ("sha256", Some(summary.input.sha256.clone())),
        ("program", Some(format!("cofactor {}", summary.version))),
    ];
    let known = texts
        .into_iter()
        .filter_map(|(name, text)| Some(Fact { name: name.to_owned(), text: text? }));
    known.chain(summary.stages.iter().map(stage)).collect()
}

/// What came out of a stage.
pub(crate) fn stage(stage: &StageCounts) -> Fact {
    let counts: Vec<String> =
        stage.counts.iter().map(|(name, n)| format!("{n} {}", count_name(name))).collect();
    Fact { name: stage.name.clone(), text: counts.join(", ") }
}

/// What is counted in a stage, for people.
fn count_name(name: &str) -> String {
    match name {
        "charge_known" => "of them with a known charge".to_owned(),
        "parted" => "peaks parted into two isobars".to_owned(),
        "ms2_only" => "in MS2 alone".to_owned(),
        "blocks" => "groups fitted together".to_owned(),
        _ => name.replace('_', " "),
    }
}

/// Counts of some compounds.
pub(crate) fn compound_counts(compounds: &[CompoundHead]) -> CompoundCounts {
    CompoundCounts::count(compounds.iter().map(|c| (c.ions.len(), c.spectrum)))
}

/// How many compounds have a spectrum, and of what.
pub(crate) fn of_compounds(counts: &CompoundCounts) -> Vec<(usize, &'static str)> {
    let kinds = [
        (counts.own, "with a spectrum of their own"),
        (counts.mixed, "in a mixture: compounds of the same elution have a spectrum in common"),
        (counts.without, "without a spectrum"),
    ];
    kinds.into_iter().filter(|(n, _)| *n > 0).collect()
}

/// How many features there are of each status, with what it means.
pub(crate) fn of_features(summary: &Summary) -> Vec<(usize, &'static str)> {
    let meanings = [
        ("deconvolved", "with a spectrum of their compound alone"),
        ("not_separable", "in a mixture: unrelated precursors of the same elution"),
        ("not_separable_candidates", "with a spectrum that takes two candidates at once"),
        ("nothing_coelutes", "without co-eluting fragments"),
        ("nothing_own", "whose fragments are as likely chance"),
        ("no_rule_applies", "that no rule speaks for"),
        ("below_limit", "too weak to show fragments"),
        ("not_isolated", "outside every isolation window"),
        ("too_few_scans", "with too few scans"),
        ("artefact", "that are shown beside a much more intense ion, and are none"),
        ("background", "that are there for most of the run and do not elute"),
        ("no_fragment_scans", "listed only: nothing to deconvolve in this run"),
    ];
    let count = |status: &str| {
        summary.features.iter().filter(|f| f.status.split(':').next() == Some(status)).count()
    };
    meanings
        .into_iter()
        .map(|(status, meaning)| (count(status), meaning))
        .filter(|(n, _)| *n > 0)
        .collect()
}

/// The different values of a property of the channels.
fn joined(channels: &[Value], key: &str) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.as_f64()?.to_string()),
        _ => None,
    };
    let values: BTreeSet<String> =
        channels.iter().filter_map(|channel| text(&channel[key])).collect();
    (!values.is_empty()).then(|| values.into_iter().collect::<Vec<_>>().join(", "))
}

fn windows(channels: &[Value]) -> Option<String> {
    let names: Vec<&str> = channels.iter().filter_map(|c| c["isolation_window"].as_str()).collect();
    let edges = || names.iter().filter_map(|name| name.split_once('-'));
    let number = |text: &str| text.parse::<f64>().ok();
    let lowest = edges().filter_map(|(low, _)| number(low)).reduce(f64::min);
    let highest = edges().filter_map(|(_, high)| number(high)).reduce(f64::max);
    match (names.len(), lowest.zip(highest)) {
        (0, _) => None,
        (count, Some((low, high))) => Some(format!("{count}, m/z {low} to {high}")),
        (_, None) => Some("none: everything is fragmented together".to_owned()),
    }
}

fn cycle(channels: &[Value]) -> Option<String> {
    let ms1 = channels.iter().find(|channel| channel["level"] == 1)?;
    Some(format!("{:.2} s, {} times", ms1["cycle_seconds"].as_f64()?, ms1["scans"]))
}

fn noise(channels: &[Value]) -> Option<String> {
    let of_level = |level: u8| {
        let noise = &channels.iter().find(|channel| channel["level"] == level)?["noise"];
        let guess = if noise["evidence"] == 0 { " (a guess)" } else { "" };
        Some(format!("{} in MS{level}{guess}", shown(noise["gain"].as_f64()?)))
    };
    let gains: Vec<String> = [1, 2].into_iter().filter_map(of_level).collect();
    let relative = channels.first()?["noise"]["relative"].as_f64()?;
    let relative = 100.0 * relative;
    Some(format!(
        "± {relative:.1} % of intense points; gain (variance over intensity) of weak ones {}",
        gains.join(", ")
    ))
}

/// A number of any size in a few digits.
fn shown(number: f64) -> String {
    if (1.0..1e5).contains(&number) { format!("{number:.0}") } else { format!("{number:.2e}") }
}

fn mass_error(shift: &Value) -> Option<String> {
    let (ppm, spread) = (shift["ppm"].as_f64()?, shift["spread_ppm"].as_f64()?);
    let corrected = if shift["corrected"] == true {
        "taken off before m/z were compared with rules"
    } else {
        "not corrected"
    };
    Some(format!(
        "{ppm:+.2} ± {spread:.2} ppm of {} fragments that rules name; {corrected}",
        shift["fragments"]
    ))
}

/// Names of the rule files.
pub(crate) fn rule_names(rules: &[Named]) -> String {
    let names: Vec<&str> = rules.iter().map(|rule| rule.file_name.as_str()).collect();
    if names.is_empty() {
        "none: every fragment up to the precursor is allowed".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn channel(level: u8, window: Option<&str>) -> Value {
        json!({
            "level": level,
            "isolation_window": window,
            "polarity": "positive",
            "scans": 31,
            "cycle_seconds": 0.8268,
            "collision_energy": if level == 2 { Some(30.0) } else { None },
            "noise": { "gain": 1234.5, "relative": 0.05, "evidence": 9 },
        })
    }

    #[test]
    fn channels_are_summed_up() {
        let dia = [
            channel(2, Some("144.5000-160.5000")),
            channel(2, Some("159.5000-175.5000")),
            channel(1, None),
        ];
        assert_eq!(windows(&dia).unwrap(), "2, m/z 144.5 to 175.5");
        assert_eq!(cycle(&dia).unwrap(), "0.83 s, 31 times");
        assert_eq!(joined(&dia, "collision_energy").unwrap(), "30");
        assert_eq!(
            super::noise(&dia).unwrap(),
            "± 5.0 % of intense points; gain (variance over intensity) of weak ones 1234 in MS1, \
             1234 in MS2"
        );
        assert_eq!(
            windows(&[channel(2, Some("all"))]).unwrap(),
            "none: everything is fragmented together"
        );
        assert_eq!(windows(&[channel(1, None)]), None);
    }

    #[test]
    fn the_mass_error_says_whether_it_was_corrected() {
        let shift = json!({ "ppm": -1.5, "spread_ppm": 2.0, "fragments": 12, "corrected": true });
        assert!(mass_error(&shift).unwrap().starts_with("-1.50 ± 2.00 ppm of 12 fragments"));
        assert_eq!(mass_error(&Value::Null), None);
    }
}
