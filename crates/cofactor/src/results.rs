//! The files of the folder of a run or a study.

use cofactor_core::{Evidence, Study};
use cofactor_report::{
    PARQUET_FILES, RESULT_FILES, RenderedFile, STUDY_FILES, STUDY_PARQUET_FILES, StudyRecord,
    render as tables,
};

use crate::error::Error;
use crate::pipeline::Outcome;
use crate::spectra;

/// Names of the files, with or without the tables as Parquet.
pub fn names(parquet: bool) -> Vec<&'static str> {
    let parquet = PARQUET_FILES.iter().filter(|_| parquet);
    RESULT_FILES.iter().chain(parquet).copied().collect()
}

/// Every file but those of Parquet.
///
/// # Errors
/// If there is no room for a temporary file, or the record cannot be written as JSON.
pub fn render(outcome: &Outcome) -> Result<Vec<RenderedFile>, Error> {
    let (files, spectra) = rayon::join(
        || tables(&outcome.result, &outcome.evidence, &outcome.record),
        || spectra::render(&outcome.result, &outcome.record.input.file_name),
    );
    let mut files = files?;
    files.push(spectra?);
    Ok(files)
}

/// Names of the files of a study, with or without the tables as Parquet.
pub fn study_names(parquet: bool) -> Vec<&'static str> {
    let parquet = STUDY_PARQUET_FILES.iter().filter(|_| parquet);
    STUDY_FILES.iter().chain(parquet).copied().collect()
}

/// Every file of a study but those of Parquet; `evidence` may be empty.
///
/// # Errors
/// If two runs have one name, there is no room for a temporary file, or the record cannot be
/// written as JSON.
pub fn render_study(
    study: &Study,
    evidence: &Evidence,
    record: &StudyRecord,
) -> Result<Vec<RenderedFile>, Error> {
    let source = record.as_run().input.file_name;
    let mut files = cofactor_report::render_study(study, evidence, record)?;
    files.push(spectra::render(&study.result, &source)?);
    Ok(files)
}

/// The tables of a study as Parquet.
///
/// # Errors
/// If one cannot be encoded.
#[cfg(feature = "parquet")]
pub fn render_study_parquet(
    study: &Study,
    record: &StudyRecord,
) -> Result<Vec<RenderedFile>, Error> {
    Ok(cofactor_report::render_study_parquet(study, record)?)
}

/// The tables as Parquet.
///
/// # Errors
/// If one cannot be encoded.
#[cfg(feature = "parquet")]
pub fn render_parquet(outcome: &Outcome) -> Result<Vec<RenderedFile>, Error> {
    Ok(cofactor_report::render_parquet(&outcome.result, &outcome.record)?)
}
