//! The tables of the result folder.

use cofactor_core::{NO_CANDIDATE, Presence};
use cofactor_report::{CANDIDATE_COLUMNS, FRAGMENT_COLUMNS, RenderedFile, table};
use ndarray::Array2;
use ndarray_npy::WriteNpyExt;

use super::error::FactorError;
use super::input::LevelInput;
use super::levels::{MS1, MS2};
use super::outcome::FactorOutcome;
use super::outlook::{Judged, Verdict};
use super::setup::{Candidate, highest};
use crate::error::Error;

/// Names of the files of a result folder, with or without the factors in full precision.
pub fn names(npy: bool) -> Vec<&'static str> {
    const TABLES: [&str; 8] = [
        "features.tsv",
        "fragments.tsv",
        "candidates.tsv",
        "dict1.tsv",
        "dict2.tsv",
        "activations1.tsv",
        "activations2.tsv",
        "run.json",
    ];
    const ARRAYS: [&str; 4] = ["dict1.npy", "dict2.npy", "activations1.npy", "activations2.npy"];
    let arrays = ARRAYS.iter().filter(|_| npy);
    TABLES.iter().chain(arrays).copied().collect()
}

/// Every table, by name.
pub fn render(outcome: &FactorOutcome) -> Vec<RenderedFile> {
    let [first, second] = &outcome.fit.levels;
    let [input1, input2] = &outcome.input.levels;
    let files = [
        ("features.tsv", features(outcome)),
        ("fragments.tsv", fragments(outcome)),
        ("candidates.tsv", candidates(outcome)),
        ("dict1.tsv", dictionary(&first.dictionary, input1)),
        ("dict2.tsv", dictionary(&second.dictionary, input2)),
        ("activations1.tsv", activations(&first.activations)),
        ("activations2.tsv", activations(&second.activations)),
    ];
    files
        .into_iter()
        .map(|(name, text)| RenderedFile { name: name.to_owned(), content: text.into_bytes() })
        .collect()
}

/// The factors in full precision.
///
/// # Errors
/// If an array cannot be encoded.
pub fn render_npy(outcome: &FactorOutcome) -> Result<Vec<RenderedFile>, Error> {
    let [first, second] = &outcome.fit.levels;
    let arrays = [
        ("dict1.npy", &first.dictionary),
        ("dict2.npy", &second.dictionary),
        ("activations1.npy", &first.activations),
        ("activations2.npy", &second.activations),
    ];
    let encode = |(name, array): (&'static str, &Array2<f64>)| {
        let mut content = Vec::new();
        array.write_npy(&mut content).map_err(|source| FactorError::Encode { name, source })?;
        Ok(RenderedFile { name: name.to_owned(), content })
    };
    arrays.into_iter().map(encode).collect()
}

pub(super) fn features(outcome: &FactorOutcome) -> String {
    const HEADER: [&str; 9] = [
        "feature_id",
        "precursor_mz",
        "height",
        "n_fragments",
        "purity",
        "best_candidate",
        "posterior",
        "q_value",
        "status",
    ];
    table(&HEADER, (0..outcome.spectra.len()).map(|k| feature(outcome, k)))
}

fn feature(outcome: &FactorOutcome, k: usize) -> Vec<String> {
    let row = row_of(outcome, k);
    let axis = outcome.input[MS1].axis.as_ref();
    let spectrum = &outcome.spectra[k];
    let verdict = outcome.verdicts.get(k).and_then(Option::as_ref);
    let (best, posterior) = match verdict.map(|v| (v, v.best)) {
        Some((v, Some(best))) => (
            outcome.setup.atoms[k].candidates[best].set.name.clone(),
            Some(v.candidates[best].posterior),
        ),
        Some((v, None)) => (NO_CANDIDATE.to_owned(), v.none.as_ref().map(|none| none.posterior)),
        None => (String::new(), None),
    };
    vec![
        (k + 1).to_string(),
        axis.map(|axis| format!("{:.5}", axis[row])).unwrap_or_default(),
        digits(outcome.fit[MS1].dictionary[(row, k)]),
        spectrum.shown.to_string(),
        spectrum.purity.map(|purity| format!("{purity:.4}")).unwrap_or_default(),
        best,
        posterior.map(|p| format!("{p:.4}")).unwrap_or_default(),
        verdict.and_then(q_value).unwrap_or_default(),
        status(outcome, k),
    ]
}

fn q_value(verdict: &Verdict) -> Option<String> {
    verdict.q_value.map(|q| format!("{q:.4}"))
}

/// The row of the first matrix that names a precursor.
fn row_of(outcome: &FactorOutcome, k: usize) -> usize {
    outcome.setup.atoms[k].row.unwrap_or_else(|| highest(&outcome.fit[MS1].dictionary, k))
}

fn status(outcome: &FactorOutcome, k: usize) -> String {
    if outcome.input.rules.is_some() && outcome.setup.atoms[k].candidates.is_empty() {
        return "no_rule_applies".to_owned();
    }
    if outcome.spectra[k].shown == 0 {
        return "no_fragments".to_owned();
    }
    let verdict = outcome.verdicts.get(k).and_then(Option::as_ref);
    if verdict.is_some_and(|verdict| verdict.best.is_none()) {
        return "no_candidate_fits".to_owned();
    }
    let ids: Vec<String> = outcome.confounded[k].iter().map(|j| (j + 1).to_string()).collect();
    if ids.is_empty() {
        "deconvolved".to_owned()
    } else {
        format!("not_separable:{}", ids.join(","))
    }
}

fn fragments(outcome: &FactorOutcome) -> String {
    let axis = outcome.input[MS2].axis.as_ref();
    let mut rows = Vec::new();
    for (id, spectrum) in (1..).zip(&outcome.spectra) {
        let mut lines: Vec<(f64, Vec<String>)> = Vec::new();
        for f in &spectrum.fragments {
            let rule = f.explained_by.as_ref();
            let mz = match (f.row, axis) {
                (Some(row), Some(axis)) => axis[row],
                (Some(row), None) => row as f64 + 1.0,
                (None, _) => rule.map_or(0.0, |r| r.mz),
            };
            let named = if axis.is_some() { format!("{mz:.5}") } else { format!("row {mz}") };
            lines.push((
                mz,
                vec![
                    id.to_string(),
                    named,
                    digits(f.intensity),
                    f.interval.map(|i| digits(i.0)).unwrap_or_default(),
                    f.interval.map(|i| digits(i.1)).unwrap_or_default(),
                    format!("{:.4}", f.share),
                    rule.map(|r| r.label.clone()).unwrap_or_default(),
                    rule.map(|r| r.rule_id.clone()).unwrap_or_default(),
                    rule.map(|r| r.presence.name().to_owned()).unwrap_or_default(),
                    if f.row.is_some() { "matched" } else { "missing" }.to_owned(),
                ],
            ));
        }
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        rows.extend(lines.into_iter().map(|line| line.1));
    }
    // Without `log_odds` and `probability`, which are those of runs.
    table(&FRAGMENT_COLUMNS[..10], rows.into_iter())
}

fn candidates(outcome: &FactorOutcome) -> String {
    let mut rows = Vec::new();
    for (k, verdict) in outcome.verdicts.iter().enumerate() {
        let Some(verdict) = verdict else { continue };
        let named = outcome.setup.atoms[k].candidates.iter().map(Some).zip(&verdict.candidates);
        let mut judged: Vec<(Option<&Candidate>, &Judged)> = named.collect();
        judged.extend(verdict.none.iter().map(|none| (None, none)));
        judged.sort_by(|a, b| b.1.posterior.total_cmp(&a.1.posterior));
        for (rank, (candidate, judged)) in (1..).zip(judged) {
            let (expected, matched, missing) = counts(candidate, &judged.shown);
            rows.push(vec![
                (k + 1).to_string(),
                candidate.map_or(NO_CANDIDATE.to_owned(), |c| c.set.name.clone()),
                candidate.map(|c| c.set.rule_id.clone()).unwrap_or_default(),
                rank.to_string(),
                format!("{:.4}", judged.posterior),
                Some(verdict).filter(|_| rank == 1).and_then(q_value).unwrap_or_default(),
                expected.map(|n| n.to_string()).unwrap_or_default(),
                matched.to_string(),
                missing.map(|n| n.to_string()).unwrap_or_default(),
                format!("{:.4}", judged.explained),
                judged.log_evidence.map(|e| format!("{e:.2}")).unwrap_or_default(),
                String::new(),
            ]);
        }
    }
    table(&CANDIDATE_COLUMNS, rows.into_iter())
}

/// Fragments that are expected, that show, and that are expected and do not; for none of the
/// candidates the rows that show.
fn counts(candidate: Option<&Candidate>, shown: &[bool]) -> (Option<usize>, usize, Option<usize>) {
    let Some(candidate) = candidate else {
        return (None, shown.iter().filter(|s| **s).count(), None);
    };
    let fragments = &candidate.set.fragments;
    let shows = |f: &usize| candidate.shows(*f, |m| shown[m]);
    let expected: Vec<usize> =
        (0..fragments.len()).filter(|&f| fragments[f].presence >= Presence::Expected).collect();
    let matched = (0..fragments.len()).filter(shows).count();
    (Some(expected.len()), matched, Some(expected.iter().filter(|f| !shows(f)).count()))
}

fn dictionary(factor: &Array2<f64>, input: &LevelInput) -> String {
    let mut header = vec![if input.axis.is_some() { "mz" } else { "row" }.to_owned()];
    header.extend((1..=factor.ncols()).map(|id| id.to_string()));
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let row = |(m, row): (usize, ndarray::ArrayView1<f64>)| {
        let place =
            input.axis.as_ref().map_or_else(|| (m + 1).to_string(), |axis| axis[m].to_string());
        [place].into_iter().chain(row.iter().map(|x| digits(*x))).collect()
    };
    table(&names, factor.rows().into_iter().enumerate().map(row))
}

fn activations(factor: &Array2<f64>) -> String {
    let mut header = vec!["feature_id".to_owned()];
    header.extend((1..=factor.ncols()).map(|t| t.to_string()));
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let row = |(k, row): (usize, ndarray::ArrayView1<f64>)| {
        [(k + 1).to_string()].into_iter().chain(row.iter().map(|x| digits(*x))).collect()
    };
    table(&names, factor.rows().into_iter().enumerate().map(row))
}

/// A number in six significant digits.
pub(crate) fn digits(x: f64) -> String {
    let rounded: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    let text = format!("{rounded:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_enough() {
        for (x, text) in [
            (0.0, "0"),
            (200.0, "200"),
            (1.0 / 3.0, "0.333333"),
            (1234567.0, "1234570"),
            (1e-9, "1e-9"),
        ] {
            assert_eq!(digits(x), text);
        }
    }
}
