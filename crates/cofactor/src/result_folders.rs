//! Result folders in place of runs: each stands for the run that its record names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::batch::BATCH_FILE;
use crate::error::Error;
use crate::repeat::Record;

/// The record in the result folder of a run.
const RECORD: &str = "run.json";

/// What is given, with runs in place of result folders, and of folders in which `cofactor run` put
/// one a run. The runs must be there, and be those of the records.
///
/// # Errors
/// If a folder or a record cannot be read, or a run is not there or another one.
pub fn in_place_of_results(given: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut runs = Vec::with_capacity(given.len());
    for path in given {
        if path.join(BATCH_FILE).is_file() {
            let inside = inside(path);
            let inside = inside.map_err(|source| Error::Folder { path: path.clone(), source })?;
            for folder in inside {
                runs.extend(run_of(&folder)?);
            }
        } else {
            runs.push(run_of(path)?.unwrap_or_else(|| path.clone()));
        }
    }
    Ok(runs)
}

/// The run of a result folder; `None` of what is none.
///
/// # Errors
/// If its record cannot be read, or the run is not there or another one.
pub fn run_of(folder: &Path) -> Result<Option<PathBuf>, Error> {
    let record = folder.join(RECORD);
    if !record.is_file() {
        return Ok(None);
    }
    let run = Record::read(&record)?.run(None).map_err(|source| Error::ResultFolder {
        path: folder.to_owned(),
        source: Box::new(source),
    })?;
    Ok(Some(run))
}

/// What is in a folder, in the order of names.
fn inside(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}
