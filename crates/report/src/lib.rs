//! The files of a result folder. Layout only: nothing here computes.
//!
//! [`render`] turns a deconvolution into named files, [`write_files`] puts them into a folder so that it holds either the old
//! files or the new ones.

mod candidates;
mod elution;
mod features;
mod folder;
mod fragments;
mod mgf;
mod record;
mod table;

use cofactor_core::Deconvolution;

pub use candidates::CANDIDATE_COLUMNS;
pub use folder::{Error, RenderedFile, write_files};
pub use fragments::FRAGMENT_COLUMNS;
pub use record::{InputRecord, RunRecord, StageRecord};
pub use table::table;

/// Renders `spectra.mgf`, `features.tsv`, `fragments.tsv`, `candidates.tsv`, `elution.tsv` and `run.json`.
///
/// # Errors
/// If the run record cannot be written as JSON.
pub fn render(result: &Deconvolution, record: &RunRecord) -> Result<Vec<RenderedFile>, Error> {
    let file = |name: &str, text: String| RenderedFile { name: name.to_owned(), content: text.into_bytes() };
    Ok(vec![
        file("spectra.mgf", mgf::spectra(result, &record.input.file_name)),
        file("features.tsv", features::text(result)),
        file("fragments.tsv", fragments::text(result)),
        file("candidates.tsv", candidates::text(result)),
        file("elution.tsv", elution::text(result)),
        file("run.json", record.to_json()?),
    ])
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
