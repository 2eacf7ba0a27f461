//! The files of a result folder.

use cofactor_report::{PARQUET_FILES, RESULT_FILES, RenderedFile, render as tables};

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

/// The tables as Parquet.
///
/// # Errors
/// If one cannot be encoded.
#[cfg(feature = "parquet")]
pub fn render_parquet(outcome: &Outcome) -> Result<Vec<RenderedFile>, Error> {
    Ok(cofactor_report::render_parquet(&outcome.result, &outcome.record)?)
}
