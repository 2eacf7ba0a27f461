//! The files of a result folder. Layout only: nothing here computes.
//!
//! [`render`] turns a deconvolution into named files, [`render_study`] that of many runs,
//! [`write_results`] puts them into a folder so that it holds either the old files or the new ones.

mod candidates;
mod compounds;
mod data;
mod elution;
mod features;
mod folder;
mod fragments;
mod gnps;
mod lock;
mod mgf;
mod msp;
mod mztab;
mod mztab_head;
pub mod outside;
mod overview;
mod owned;
mod page;
#[cfg(feature = "parquet")]
mod parquet;
mod quantities;
mod record;
mod seal;
mod sirius;
mod spectrum;
mod staging;
mod study;
mod summary;
mod swap;
mod system;
mod table;

#[cfg(test)]
mod samples;

use cofactor_core::{Deconvolution, Evidence};

use crate::quantities::Quantities;

pub use candidates::CANDIDATE_COLUMNS;
pub use cofactor_core;
pub use compounds::CompoundCounts;
pub use folder::{Error, RenderedFile};
pub use fragments::FRAGMENT_COLUMNS;
pub use owned::{Marker, RESULTS, Replace, record};
pub use page::page;
#[cfg(feature = "parquet")]
pub use parquet::render_parquet;
pub use record::{InputRecord, RunRecord, StageRecord};
pub use seal::{is_whole, sha256};
#[cfg(feature = "parquet")]
pub use study::parquet::render_study_parquet;
pub use study::record::StudyRecord;
pub use study::{STUDY_FILES, render_study};
pub use swap::{Claim, abandon, claim, write_files, write_results, write_with};
pub use table::table;

/// The files of [`render`], and the spectra as mzML that come with them.
pub const RESULT_FILES: [&str; 14] = [
    "candidates.tsv",
    "compounds.tsv",
    "elution.tsv",
    "features.tsv",
    "fragments.tsv",
    "gnps_quant.csv",
    "report.html",
    "report.json",
    "result.mztab",
    "run.json",
    "spectra.mgf",
    "spectra.ms",
    "spectra.msp",
    "spectra.mzML",
];

/// The files of `render_parquet`, which a result folder may have in addition.
pub const PARQUET_FILES: [&str; 5] = [
    "compounds.parquet",
    "features.parquet",
    "fragments.parquet",
    "candidates.parquet",
    "elution.parquet",
];

/// The files of `render_study_parquet`, which the folder of a study may have in addition.
pub const STUDY_PARQUET_FILES: [&str; 7] = [
    "compounds.parquet",
    "features.parquet",
    "fragments.parquet",
    "candidates.parquet",
    "elution.parquet",
    "abundance.parquet",
    "quality.parquet",
];

/// Renders every file of a result folder that is text: `compounds.tsv`, `features.tsv`,
/// `fragments.tsv`, `candidates.tsv`, `elution.tsv`, the spectra as `spectra.mgf`, `spectra.msp`
/// and `spectra.ms`, `gnps_quant.csv`, `result.mztab`, `run.json`, and `report.html` with its data
/// in `report.json`.
///
/// # Errors
/// If the run record cannot be written as JSON.
pub fn render(
    result: &Deconvolution,
    evidence: &Evidence,
    record: &RunRecord,
) -> Result<Vec<RenderedFile>, Error> {
    let file = |name: &str, text: String| RenderedFile {
        name: name.to_owned(),
        content: text.into_bytes(),
    };
    let run = record.input.file_name.as_str();
    let quantities = Quantities::of_run(result, record);
    let data = data::text(result, evidence, record)?;
    Ok(vec![
        file("compounds.tsv", compounds::text(result)),
        file("features.tsv", features::text(result)),
        file("fragments.tsv", fragments::text(result)),
        file("candidates.tsv", candidates::text(result)),
        file("elution.tsv", elution::text(result)),
        file("spectra.mgf", mgf::text(result, evidence, run)),
        file("spectra.msp", msp::text(result, evidence, record)),
        file("spectra.ms", sirius::text(result, record)),
        file("gnps_quant.csv", gnps::text(result, &quantities)),
        file("result.mztab", mztab::text(result, evidence, record, &quantities)),
        file("run.json", record.to_json()?),
        file("report.html", page(&data)?),
        file("report.json", data),
    ])
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
