//! Files that are read whole: parameters, rules, records, matrices. Only proper files are, as a
//! pipe may never end and a device never does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The longest text, bytes.
const LONGEST: u64 = 1 << 30;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device, or too long.
    #[error("cannot read {}: {problem}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What it is, and what to give instead.
        problem: &'static str,
    },
}

/// The bytes of a file.
///
/// # Errors
/// If it is no proper file or cannot be read.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    size(path)?;
    fs::read(path).map_err(unreadable(path))
}

/// The text of a file.
///
/// # Errors
/// If it is no proper file, longer than 1 GiB, no UTF-8, or cannot be read.
pub(crate) fn text(path: &Path) -> Result<String, FileError> {
    if size(path)? > LONGEST {
        return Err(unfit(path, "it is longer than 1 GiB"));
    }
    fs::read_to_string(path).map_err(unreadable(path))
}

/// Asked before the file is opened: to open a pipe waits for somebody to write.
fn size(path: &Path) -> Result<u64, FileError> {
    let about = fs::metadata(path).map_err(unreadable(path))?;
    if about.is_dir() {
        return Err(unfit(path, "it is a folder. Give a file"));
    }
    if !about.is_file() {
        return Err(unfit(path, "it is a pipe or a device. Give a file"));
    }
    Ok(about.len())
}

/// An error about `path`, to be told what the system said.
pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Unreadable { path, source }
}

fn unfit(path: &Path, problem: &'static str) -> FileError {
    FileError::Unfit { path: path.to_owned(), problem }
}
