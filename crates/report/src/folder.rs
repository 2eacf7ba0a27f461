//! Files that are ready to be written, and what may stand in their way.

use std::io;
use std::path::PathBuf;

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
    #[error(
        "cannot write {path}: {source}; check that the folder exists, is writable and has space \
         left"
    )]
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
        "the data of the report have layout {found}, this version of cofactor knows layout \
         {known}; let `cofactor run` write them again"
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
    /// Two runs of a study are called alike, or one as the first column of its tables.
    #[error(
        "two columns of the tables would be called `{name}`; give the runs different names, in the \
         column `name` of samples.tsv"
    )]
    RunName {
        /// What they are called in the tables.
        name: String,
    },
    /// The record of a study is not of its runs: a bug.
    #[error("the record names {inputs} files for {runs} runs")]
    Inputs {
        /// Files in the record.
        inputs: usize,
        /// Runs of the study.
        runs: usize,
    },
    /// A table could not be turned into Parquet.
    #[cfg(feature = "parquet")]
    #[error("a table could not be written as Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Something is where results would be, and is none of cofactor's.
    #[error("{} {problem}, and is left as it is. Move it away, or write into another folder",
        path.display())]
    InTheWay {
        /// What it is called.
        path: PathBuf,
        /// What it is.
        problem: &'static str,
        /// Whether [`Replace::Anything`](crate::Replace) would replace it.
        forceable: bool,
    },
    /// The folder holds the results of something else.
    #[error(
        "{} holds results {origin}, which are left as they are. Write into another folder",
        folder.display()
    )]
    Different {
        /// The result folder.
        folder: PathBuf,
        /// Of what they are.
        origin: &'static str,
    },
    /// Another process writes into the folder.
    #[error(
        "{} is being written by {holder}. Wait until that has ended, or write into another folder \
         (the lock is {})",
        folder.display(),
        lock.display()
    )]
    Locked {
        /// The result folder.
        folder: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
        /// The process, as far as it has said so.
        holder: String,
    },
}

impl Error {
    /// Whether what was asked for is at fault, and not the machine.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::InTheWay { .. }
                | Self::Different { .. }
                | Self::Locked { .. }
                | Self::RunName { .. }
        )
    }
}

/// An error about `path`, to be told what the system said.
pub(crate) fn at(path: &std::path::Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Write { path, source }
}
