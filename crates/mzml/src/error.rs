//! What can go wrong with a file, said so that its owner knows what to do.

use std::io;
use std::path::PathBuf;

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is missing or may not be read.
    #[error("{} cannot be opened: {source}. Check the name and the permissions", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, such as a vendor's `.d` or `.raw`.
    #[error(
        "{} is a folder. Give an mzML file; vendor folders (.d, .raw) are converted with \
         ProteoWizard msconvert",
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing in it.
    #[error("{} is empty (0 bytes). Copy or convert it again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Some other format.
    #[error(
        "{} is not an mzML file: {found}. Convert the raw file to mzML, for instance with \
         ProteoWizard msconvert",
        path.display()
    )]
    NotMzml {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: String,
    },
    /// The disk or the network failed underway.
    #[error("{} could not be read to its end: {source}. Copy the file again", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody wrote to the file meanwhile.
    #[error(
        "{} changed while it was read. Wait until it is copied or converted, and run again",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The gzip stream is damaged.
    #[error(
        "{} is damaged: its gzip data do not unpack ({source}). Copy or compress it again",
        path.display()
    )]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: io::Error,
    },
    /// A pipe, a socket or a device: a run is read more than once.
    #[error("{} is {kind}. Save the run in a file and give that", path.display())]
    NoFile {
        /// What was given.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The file ends early.
    #[error(
        "{} is incomplete: it ends after {read} of {} spectra. The conversion or the copy was cut \
         short; copy or convert the raw file again",
        path.display(),
        expected.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string())
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Spectra found.
        read: usize,
        /// Spectra that the file announces, where it does.
        expected: Option<usize>,
    },
    /// The file closes properly but holds fewer spectra than it announces.
    #[error(
        "{} is whole but holds {read} of the {expected} spectra that it announces, as when a part \
         was cut out of a run",
        path.display()
    )]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// Spectra found.
        read: usize,
        /// Spectra that the file announces.
        expected: usize,
    },
    /// A spectrum, or what stands before the first one, is longer than anything real or than the
    /// memory allows.
    #[error(
        "{} has more than {} MB {} without a spectrum in them, as no sound file has within the \
         memory that this run may use. Copy or convert it again",
        path.display(),
        limit >> 20,
        after.as_ref().map_or_else(|| "at its beginning".to_owned(), |id| format!("after spectrum \
            `{id}`"))
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The last whole spectrum, `None` before the first.
        after: Option<String>,
        /// Bytes that are allowed.
        limit: u64,
    },
    /// The XML is broken.
    #[error(
        "{} is damaged {}: {message}. Copy or convert it again",
        path.display(),
        after.as_ref().map_or_else(|| "before its first spectrum".to_owned(), |id| format!("after \
            spectrum `{id}`"))
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The last whole spectrum, `None` before the first.
        after: Option<String>,
        /// What was found.
        message: String,
    },
    /// The peaks of one spectrum do not decode.
    #[error("{}, spectrum `{id}`: its peaks cannot be decoded: {message}. Copy or convert the file \
        again", path.display())]
    Peaks {
        /// The file.
        path: PathBuf,
        /// The spectrum.
        id: String,
        /// What was found.
        message: String,
    },
    /// A whole file without a spectrum that could be used.
    #[error("{} holds no MS1 or MS2 spectrum: {found}", path.display())]
    NoScans {
        /// The file.
        path: PathBuf,
        /// What it holds instead.
        found: String,
    },
    /// The scans carry no times.
    #[error(
        "{} gives no scan times (\"scan start time\", MS:1000016), so nothing can be said about \
         elution. Convert the raw file again with times",
        path.display()
    )]
    NoTimes {
        /// The file.
        path: PathBuf,
    },
    /// [`cofactor_core::ScanSource::finish`] was called although an error had ended the reading.
    #[error("{} was not read to its end, because of an earlier error", path.display())]
    StoppedEarly {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error(
        "{} cannot be written: {source}. Check the folder, the permissions and the free space",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A caller of [`crate::write()`] gave another number of scans than it had announced.
    #[error("{} was not written: {announced} scans were announced, {given} given", path.display())]
    ScanCount {
        /// The file.
        path: PathBuf,
        /// Scans announced.
        announced: usize,
        /// Scans given.
        given: usize,
    },
}
