//! The files of a study: those of a run, of all its runs together, and what the runs say of each
//! feature.

mod abundance;
pub(crate) mod data;
pub(crate) mod overview;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
pub(crate) mod quality;
pub(crate) mod record;
pub(crate) mod runs;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use cofactor_core::{Evidence, Study, StudyRun};

use crate::folder::{Error, RenderedFile};
use crate::outside::field;
use crate::page::page;
use crate::quantities::Quantities;
use crate::record::RunRecord;
use crate::study::record::StudyRecord;
use crate::{candidates, compounds, elution, features, fragments, gnps, mgf, msp, mztab, sirius};

/// The files of [`render_study`], and the spectra as mzML that come with them.
pub const STUDY_FILES: [&str; 21] = [
    "abundance.tsv",
    "abundance_high.tsv",
    "abundance_low.tsv",
    "abundance_status.tsv",
    "alignment.tsv",
    "candidates.tsv",
    "compounds.tsv",
    "elution.tsv",
    "features.tsv",
    "fragments.tsv",
    "gnps_quant.csv",
    "quality.tsv",
    "report.html",
    "report.json",
    "result.mztab",
    "runs.tsv",
    "spectra.mgf",
    "spectra.ms",
    "spectra.msp",
    "spectra.mzML",
    "study.json",
];

/// Renders every file of the folder of a study that is text: those of a run by the same code
/// ([`render`](crate::render)), with a column a run in `gnps_quant.csv` and `result.mztab` and
/// `study.json` for `run.json`, and `abundance.tsv`, `abundance_low.tsv`, `abundance_high.tsv`,
/// `abundance_status.tsv`, `quality.tsv`, `runs.tsv` and `alignment.tsv`. `evidence` may be empty.
///
/// # Errors
/// If two runs have one name in the tables, there are not as many inputs in the record as runs, or
/// the record cannot be written as JSON.
pub fn render_study(
    study: &Study,
    evidence: &Evidence,
    record: &StudyRecord,
) -> Result<Vec<RenderedFile>, Error> {
    check_names(&study.runs)?;
    if study.runs.len() != record.inputs.len() {
        return Err(Error::Inputs { inputs: record.inputs.len(), runs: study.runs.len() });
    }
    let quantities = Quantities::of_study(study, &record.name, &record.inputs);
    let data = data::text(study, record)?;
    let mut files = as_run(study, evidence, &record.as_run(), &quantities);
    files.extend(
        abundance::NAMES.into_iter().zip(abundance::texts(study)).map(|(name, t)| file(name, t)),
    );
    files.extend([
        file("quality.tsv", quality::text(study)),
        file("runs.tsv", runs::text(&study.runs)),
        file("alignment.tsv", runs::alignment(&study.runs)),
        file("study.json", record.to_json(&study.runs)?),
        file("report.html", page(&data)?),
        file("report.json", data),
    ]);
    Ok(files)
}

fn file(name: &str, text: String) -> RenderedFile {
    RenderedFile { name: name.to_owned(), content: text.into_bytes() }
}

/// The files that a run has too.
fn as_run(
    study: &Study,
    evidence: &Evidence,
    record: &RunRecord,
    quantities: &Quantities,
) -> Vec<RenderedFile> {
    let (result, source) = (&study.result, record.input.file_name.as_str());
    vec![
        file("compounds.tsv", compounds::text(result)),
        file("features.tsv", features::text(result)),
        file("fragments.tsv", fragments::text(result)),
        file("candidates.tsv", candidates::text(result)),
        file("elution.tsv", elution::text(result)),
        file("spectra.mgf", mgf::text(result, evidence, source)),
        file("spectra.msp", msp::text(result, evidence, record)),
        file("spectra.ms", sirius::text(result, record)),
        file("gnps_quant.csv", gnps::text(result, quantities)),
        file("result.mztab", mztab::text(result, evidence, record, quantities)),
    ]
}

/// Fails if two columns of a table would have one name.
fn check_names(runs: &[StudyRun]) -> Result<(), Error> {
    let mut seen = BTreeSet::from([abundance::ROW_NAMES.to_owned()]);
    let twice = runs.iter().find(|run| !seen.insert(field(&run.sample.name)));
    twice.map_or(Ok(()), |run| Err(Error::RunName { name: field(&run.sample.name) }))
}
