//! Spectra, the candidates that were chosen, and the amounts of a study against the truth of what
//! was simulated.

use std::collections::HashMap;
use std::path::Path;

use cofactor_sim::{
    Choice, ChoiceScore, ChosenFeature, IonScore, Score, ScoredPrecursor, ScoredSpectrum,
    StudyScore, StudyTruth, Truth, TruthCompound, score as judge, score_choices, score_ions,
    score_study,
};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::libraries;
use crate::study_tables;
use crate::table::Table;

/// How well a result agrees with the truth.
#[derive(Debug, Clone, Serialize)]
pub struct Agreement {
    /// Of the spectra.
    pub spectra: Score,
    /// Of the candidates that were chosen; `None` where the truth names none.
    pub candidates: Option<ChoiceScore>,
    /// Of the ions that the spectra stand for; not there where the truth names no molecules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ions: Option<IonScore>,
    /// Of the tables of a study; not there where the truth is that of a run, or spectra alone are
    /// judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study: Option<StudyScore>,
}

/// What `truth.json` holds.
#[derive(Deserialize)]
#[serde(untagged)]
enum TruthFile {
    Study(StudyTruth),
    Run(Truth),
}

/// Judges spectra by the truth of a simulated run or study (`truth.json`), and the candidates of
/// `results`, a result folder; of a study also its amounts.
///
/// # Errors
/// If a file cannot be read or is not what it should be.
pub fn score(truth: &Path, spectra: &Path, results: Option<&Path>) -> Result<Agreement, Error> {
    let text = files::text(truth)?;
    let truth: TruthFile = serde_json::from_str(&text)
        .map_err(|source| Error::Truth { path: truth.to_owned(), source })?;
    let spectra = scored(spectra)?;
    match truth {
        TruthFile::Run(truth) => agreement(&truth, &truth.compounds, &spectra, results),
        TruthFile::Study(truth) => agreement_of_study(&truth, &spectra, results),
    }
}

/// How well what `results` say agrees with the truth, of the `counted` compounds.
fn agreement(
    truth: &Truth,
    counted: &[TruthCompound],
    spectra: &[ScoredSpectrum],
    results: Option<&Path>,
) -> Result<Agreement, Error> {
    let features = results.map(chosen_features).transpose()?;
    let links = results.map(links).transpose()?.unwrap_or_default();
    Ok(Agreement {
        spectra: judge(counted, spectra),
        candidates: features.and_then(|features| score_choices(counted, &features)),
        ions: score_ions(truth, spectra, &links),
        study: None,
    })
}

fn agreement_of_study(
    truth: &StudyTruth,
    spectra: &[ScoredSpectrum],
    results: Option<&Path>,
) -> Result<Agreement, Error> {
    let Some(results) = results else {
        let all: Vec<usize> = (0..truth.runs.len()).collect();
        let precursors: Vec<ScoredPrecursor> =
            spectra.iter().flat_map(ScoredSpectrum::precursors).collect();
        let view = truth.view(&all, &precursors);
        return agreement(&view.truth, &view.counted(), spectra, None);
    };
    let (positions, rows) = study_tables::read(results, truth)?;
    let precursors: Vec<ScoredPrecursor> = rows.iter().map(|row| row.precursor).collect();
    let view = truth.view(&positions, &precursors);
    let of_spectra = agreement(&view.truth, &view.counted(), spectra, Some(results))?;
    Ok(Agreement { study: Some(score_study(&view, &rows)), ..of_spectra })
}

/// The spectra of an MGF or MSP file; none of an empty one.
fn scored(path: &Path) -> Result<Vec<ScoredSpectrum>, Error> {
    let text = files::text(path)?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    Ok(libraries::read(path, &text)?
        .into_iter()
        .map(|spectrum| ScoredSpectrum {
            precursor_mz: spectrum.precursor_mz.unwrap_or(0.0),
            rt_seconds: spectrum.rt_seconds.unwrap_or(0.0),
            peaks: spectrum.peaks.iter().map(|peak| (peak.mz, peak.intensity)).collect(),
            members: spectrum
                .members
                .iter()
                .map(|member| ScoredPrecursor { mz: member.mz, rt_seconds: member.rt_seconds })
                .collect(),
            adduct: spectrum.adduct,
        })
        .collect())
}

/// Pairs of features that a result folder says are ions of one compound.
fn links(results: &Path) -> Result<Vec<[ScoredPrecursor; 2]>, Error> {
    let mut precursors: Vec<(String, ScoredPrecursor)> = Vec::new();
    let mut names: Vec<(usize, String)> = Vec::new();
    let features = Table::read(&results.join("features.tsv"))?;
    for line in features.lines() {
        // Files of other programs need not have the column.
        let linked = line.text("linked_features").unwrap_or_default();
        names.extend(linked.split(',').map(|name| (precursors.len(), name.to_owned())));
        let precursor = ScoredPrecursor {
            mz: line.number("precursor_mz")?,
            rt_seconds: line.number("rt_seconds")?,
        };
        precursors.push((line.text("feature_id")?.to_owned(), precursor));
    }
    let place: HashMap<&str, usize> =
        (0..).zip(&precursors).map(|(at, (name, _))| (name.as_str(), at)).collect();
    let mut pairs: Vec<[usize; 2]> = names
        .iter()
        .filter_map(|(one, name)| Some((*one, *place.get(name.as_str())?)))
        .map(|(one, other)| [one.min(other), one.max(other)])
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    Ok(pairs.into_iter().map(|pair| pair.map(|at| precursors[at].1)).collect())
}

/// The features of a result folder, each with the best of its explanations.
fn chosen_features(results: &Path) -> Result<Vec<ChosenFeature>, Error> {
    let mut best: HashMap<String, Choice> = HashMap::new();
    let candidates = Table::read(&results.join("candidates.tsv"))?;
    for line in candidates.lines() {
        let rank: usize = line.number("rank")?;
        let decoy: bool = line.number("decoy")?;
        if rank != 1 || decoy {
            continue;
        }
        let q_value =
            if line.text("q_value")?.is_empty() { None } else { Some(line.number("q_value")?) };
        let candidate = line.text("candidate")?.to_owned();
        let choice = Choice { candidate, posterior: line.number("posterior")?, q_value };
        best.insert(line.text("feature_id")?.to_owned(), choice);
    }
    let features = Table::read(&results.join("features.tsv"))?;
    features
        .lines()
        .map(|line| {
            Ok(ChosenFeature {
                precursor_mz: line.number("precursor_mz")?,
                rt_seconds: line.number("rt_seconds")?,
                status: line.text("status")?.to_owned(),
                best: best.remove(line.text("feature_id")?),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(candidates: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let features = "rt_seconds\tfeature_id\tprecursor_mz\tstatus\n\
             50.5\t1\t200.1\tdeconvolved\n60\t2\t300.2\tnot_separable:4\n";
        fs::write(folder.path().join("features.tsv"), features).unwrap();
        let header = "feature_id\tcandidate\trank\tposterior\tq_value\tdecoy\n";
        fs::write(folder.path().join("candidates.tsv"), header.to_owned() + candidates).unwrap();
        folder
    }

    #[test]
    fn the_best_candidate_is_joined_to_its_feature() {
        let results = folder(
            "1\tset 2\t1\t0.9100\t0.0120\tfalse\n1\tset 1\t2\t0.0900\t\tfalse\n1\tset 2 \
             decoy\t3\t0.2\t\ttrue\n2\tother\t1\t0.3\t\ttrue\n",
        );
        let features = chosen_features(results.path()).unwrap();
        assert_eq!(features.len(), 2);
        let wanted =
            Choice { candidate: "set 2".to_owned(), posterior: 0.91, q_value: Some(0.012) };
        assert_eq!(features[0].best.as_ref(), Some(&wanted));
        assert_eq!((features[0].precursor_mz, features[0].rt_seconds), (200.1, 50.5));
        // A decoy is no choice.
        assert_eq!(features[1].best, None);
        assert_eq!(features[1].status, "not_separable:4");
    }

    #[test]
    fn links_are_pairs_whichever_end_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let features = "feature_id\tprecursor_mz\trt_seconds\tlinked_features\n\
             1\t200.1\t50\t2\n2\t222.1\t50.1\t1,3\n3\t238.1\t50.2\t\n";
        fs::write(folder.path().join("features.tsv"), features).unwrap();
        let pairs = links(folder.path()).unwrap();
        let mzs: Vec<[f64; 2]> = pairs.iter().map(|pair| pair.map(|end| end.mz)).collect();
        assert_eq!(mzs, [[200.1, 222.1], [222.1, 238.1]]);
    }

    #[test]
    fn members_of_a_spectrum_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spectra.mgf");
        let text = "BEGIN IONS\nPEPMASS=200.1\nRTINSECONDS=50\nADDUCT=[M+H]+\n\
             MEMBERS=1:200.1:50,2:222.1:50.1\n60 1\nEND IONS\n";
        fs::write(&path, text).unwrap();
        let spectra = scored(&path).unwrap();
        assert_eq!(spectra[0].members[1], ScoredPrecursor { mz: 222.1, rt_seconds: 50.1 });
        assert_eq!(spectra[0].adduct.as_deref(), Some("[M+H]+"));
    }

    #[test]
    fn a_cell_that_is_no_number_is_named_with_its_line() {
        let results = folder("1\tset 2\t1\thigh\t\tfalse\n");
        let error = chosen_features(results.path()).unwrap_err().to_string();
        assert!(error.contains("candidates.tsv, line 2: `high` makes no `posterior`"), "{error}");
        let results = folder("1\tset 2\n");
        let error = chosen_features(results.path()).unwrap_err().to_string();
        assert!(error.contains("line 2: no column `rank`"), "{error}");
    }
}
