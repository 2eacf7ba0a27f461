//! What the page of a study shows without a script: the parts of its `report.json` that the head is
//! made of.

use std::collections::BTreeMap;

use cofactor_core::SampleKind;
use serde::Deserialize;

use crate::overview::{Fact, rule_names, stage};
use crate::summary::{CompoundHead, Named, StageCounts};

/// What the head of the page says; the rest is drawn from the data when it is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct StudySummary {
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) rules: Vec<Named>,
    pub(crate) stages: Vec<StageCounts>,
    pub(crate) warnings: Vec<String>,
    pub(crate) runs: Vec<RunHead>,
    pub(crate) compounds: Vec<CompoundHead>,
    pub(crate) features: Vec<StudyFeatureHead>,
}

/// A run.
#[derive(Debug, Deserialize)]
pub(crate) struct RunHead {
    pub(crate) name: String,
    pub(crate) kind: SampleKind,
    pub(crate) group: String,
    pub(crate) left_out: Option<String>,
}

/// What is counted of a feature.
#[derive(Debug, Deserialize)]
pub(crate) struct StudyFeatureHead {
    above_blank: Option<bool>,
    qc_cv: Option<f64>,
    disagreeing: Option<Vec<usize>>,
    seen: usize,
    elution_runs: Option<serde::de::IgnoredAny>,
}

/// Features whose elutions are kept, and those that a run shows.
pub(crate) fn charted(summary: &StudySummary) -> (usize, usize) {
    let kept = summary.features.iter().filter(|f| f.elution_runs.is_some()).count();
    (kept, summary.features.iter().filter(|f| f.seen > 0).count())
}

/// Coefficient of variation in quality controls up to which a feature is usually kept (Broadhurst
/// et al. 2018).
const STEADY: f64 = 0.3;

/// What the study is, and what was learnt of it.
pub(crate) fn facts(summary: &StudySummary) -> Vec<Fact> {
    let texts = [
        ("runs", Some(kinds(&summary.runs))),
        ("groups", groups(&summary.runs)),
        ("blanks", blanks(&summary.features)),
        ("quality controls", controls(&summary.features)),
        ("disagreement", disagreement(&summary.features)),
        ("rules", Some(rule_names(&summary.rules))),
        ("program", Some(format!("cofactor {}", summary.version))),
    ];
    let known = texts
        .into_iter()
        .filter_map(|(name, text)| Some(Fact { name: name.to_owned(), text: text? }));
    known.chain(summary.stages.iter().map(stage)).collect()
}

fn kinds(runs: &[RunHead]) -> String {
    let names = [
        (SampleKind::Sample, "samples"),
        (SampleKind::Blank, "blanks"),
        (SampleKind::Qc, "quality controls"),
    ];
    let counted = names
        .map(|(kind, name)| (runs.iter().filter(|run| run.kind == kind).count(), name))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"));
    let aside = runs.iter().filter(|run| run.left_out.is_some()).count();
    let aside = (aside > 0).then(|| format!("{aside} of them left out"));
    counted.chain(aside).collect::<Vec<_>>().join(", ")
}

fn groups(runs: &[RunHead]) -> Option<String> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *sizes.entry(&run.group).or_default() += 1;
    }
    let told: Vec<String> = sizes.iter().map(|(name, size)| format!("{name} ({size})")).collect();
    (told.len() > 1).then(|| told.join(", "))
}

fn blanks(features: &[StudyFeatureHead]) -> Option<String> {
    let count = |above| features.iter().filter(|f| f.above_blank == Some(above)).count();
    let (above, below) = (count(true), count(false));
    (above + below > 0)
        .then(|| format!("{below} of {} features are not above the blanks", above + below))
}

fn controls(features: &[StudyFeatureHead]) -> Option<String> {
    let mut variations: Vec<f64> = features.iter().filter_map(|f| f.qc_cv).collect();
    let steady = variations.iter().filter(|cv| **cv <= STEADY).count();
    let (count, middle) = (variations.len(), cofactor_core::statistics::median(&mut variations)?);
    Some(format!(
        "areas vary by {:.0} % (median coefficient of variation of {count} features); {steady} \
         vary by at most {:.0} %",
        100.0 * middle,
        100.0 * STEADY
    ))
}

fn disagreement(features: &[StudyFeatureHead]) -> Option<String> {
    let count = features.iter().filter(|f| f.disagreeing.is_some()).count();
    (count > 0).then(|| format!("of {count} features a run shows other fragments than the study"))
}
