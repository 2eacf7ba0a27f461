//! Writing a set of files into a folder: all of them or none.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// File name without folders.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot write {path}: {source}; check that the folder exists, is writable and has space left")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The run record could not be turned into JSON.
    #[error("the run record could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Something else than the data of a report.
    #[error("these are not the data of a report: {0}; let `cofactor run` write them again")]
    Data(#[source] serde_json::Error),
    /// The data of a report of another layout.
    #[error(
        "the data of the report have layout {found}, this version of cofactor knows layout {known}; let `cofactor run` write them again"
    )]
    Schema {
        /// Layout of the data.
        found: u64,
        /// Layout of this version.
        known: u64,
    },
    /// The page could not be put together.
    #[error("the report could not be rendered: {0}")]
    Page(#[source] askama::Error),
    /// A table could not be turned into Parquet.
    #[cfg(feature = "parquet")]
    #[error("a table could not be written as Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The file system would not let go of an old result.
    #[error("cannot remove {path}, which is of an earlier run: {source}; remove it yourself")]
    Remove {
        /// What was to be removed.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

/// Writes `files` into `folder`, which is made if needed.
///
/// Every file is first written whole under a temporary name; only then are all renamed. If anything fails before, the temporary
/// files are removed and what was in the folder stays as it was; folders that were made for them go too.
///
/// # Errors
/// If the folder cannot be made or a file cannot be written or renamed.
pub fn write_files(folder: &Path, files: &[RenderedFile]) -> Result<(), Error> {
    let made: Vec<PathBuf> = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    let temporary = |file: &RenderedFile| folder.join(format!(".{}.partial", file.name));
    let written = files.iter().try_for_each(|file| write_synced(&temporary(file), &file.content));
    if let Err(error) = written {
        for file in files {
            // The file may never have been made; the first error is the one to tell.
            let _ = fs::remove_file(temporary(file));
        }
        for empty in made {
            // Somebody else may have put something into it by now.
            let _ = fs::remove_dir(empty);
        }
        return Err(error);
    }
    files.iter().try_for_each(|file| {
        let path = folder.join(&file.name);
        fs::rename(temporary(file), &path).map_err(|source| Error::Write { path, source })
    })
}

/// Removes the files of these names from `folder`, those that are there: results of an earlier run that this one does not replace.
///
/// # Errors
/// If one is there and cannot be removed.
pub fn remove_files(folder: &Path, names: &[&str]) -> Result<(), Error> {
    names.iter().map(|name| folder.join(name)).try_for_each(|path| match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Remove { path, source }),
        _ => Ok(()),
    })
}

pub(crate) fn write_synced(path: &Path, content: &[u8]) -> Result<(), Error> {
    let write = || {
        let mut file = fs::File::create(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|source| Error::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> RenderedFile {
        RenderedFile { name: name.into(), content: content.into() }
    }

    #[test]
    fn files_replace_their_predecessors() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["old", "new"] {
            write_files(&folder.path().join("deep/out"), &[file("a.tsv", content)]).unwrap();
        }
        let out = folder.path().join("deep/out");
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "new");
        assert_eq!(fs::read_dir(out).unwrap().count(), 1);
    }

    #[test]
    fn what_an_earlier_run_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        write_files(folder.path(), &[file("a.tsv", "new"), file("b.parquet", "old")]).unwrap();
        remove_files(folder.path(), &["b.parquet", "c.parquet"]).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["a.tsv"]);
        fs::create_dir(folder.path().join("d.parquet")).unwrap();
        let message = remove_files(folder.path(), &["d.parquet"]).unwrap_err().to_string();
        assert!(message.contains("d.parquet"), "{message}");
    }

    #[test]
    fn a_failure_leaves_the_old_files() {
        let folder = tempfile::tempdir().unwrap();
        write_files(folder.path(), &[file("a.tsv", "old")]).unwrap();
        let bad = [file("a.tsv", "new"), file("no/such/folder.tsv", "x")];
        let message = write_files(folder.path(), &bad).unwrap_err().to_string();
        assert!(message.contains("no/such"), "{message}");
        assert_eq!(fs::read_to_string(folder.path().join("a.tsv")).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_no_new_folder() {
        let folder = tempfile::tempdir().unwrap();
        let bad = [file("a.tsv", "new"), file("no/such/folder.tsv", "x")];
        write_files(&folder.path().join("deep/out"), &bad).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
