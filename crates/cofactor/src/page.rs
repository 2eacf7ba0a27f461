//! The page of a result folder, rendered again from the data beside it.

use std::path::Path;

use cofactor_report::{RESULTS, RenderedFile, Replace, claim, page, write_files};

use crate::error::Error;
use crate::files;

/// What the data are, for people.
pub const DATA: &str = "report.json, which `cofactor run` writes into its result folder";

/// Renders `report.html` of a result folder from its `report.json`.
///
/// # Errors
/// If the data cannot be read, or the page cannot be written or is none of cofactor's.
pub fn render(folder: &Path, replace: Replace) -> Result<(), Error> {
    let path = folder.join("report.json");
    let data = files::text(&path).map_err(|source| Error::Needed { role: DATA, source })?;
    let html = page(&data).map_err(|source| Error::Page { path, source })?;
    let file = RenderedFile { name: "report.html".to_owned(), content: html.into_bytes() };
    Ok(write_files(&mut claim(folder)?, &[file], &RESULTS, replace)?)
}
