//! Spectral libraries: MSP and MGF files.

use std::path::{Path, PathBuf};

use cofactor_rules::{LibrarySpectrum, read_library};

use crate::error::Error;
use crate::files;

/// The spectra of libraries, in the order of the files.
///
/// # Errors
/// If a file cannot be read or is no library.
pub fn load(paths: &[PathBuf]) -> Result<Vec<LibrarySpectrum>, Error> {
    let mut spectra = Vec::new();
    for path in paths {
        let text = files::text(path)
            .map_err(|source| Error::Needed { role: "the spectral library", source })?;
        spectra.extend(read(path, &text)?);
    }
    Ok(spectra)
}

/// The spectra of a library whose text has been read.
pub(crate) fn read(path: &Path, text: &str) -> Result<Vec<LibrarySpectrum>, Error> {
    read_library(text).map_err(|message| Error::Library { path: path.to_owned(), message })
}
