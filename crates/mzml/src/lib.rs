//! Mass-spectrometry files to a described run and a stream of scans, and back.
//!
//! [`open`] gives a [`ScanReader`], an iterator over centroided scans in file order that never
//! holds the file whole; when it is through, [`ScanReader::finish`] tells what the run is.
//! [`inspect`] tells the same without decoding a peak, and [`describe`] puts it in words.
//! [`write()`] writes scans as indexed mzML.
//!
//! Read are plain and gzip mzML, with or without an index (it is not used), zlib and numpress
//! arrays, profile spectra (centroided here) and centroid ones. Times become seconds here and
//! nowhere else. What is odd about a file is mended or skipped, counted, and told in
//! [`cofactor_core::Run::warnings`]; what cannot be trusted, such as a file that was cut short, is
//! an [`Error`].

mod acquisition;
mod describe;
mod error;
mod file;
mod reader;
mod survey;
mod tuning;

pub use cofactor_core;
pub use cofactor_core::{Loss, ScanSource};
pub use describe::describe;
pub use error::Error;
pub use file::guard::is_guarded;
pub use file::write::{SelectedIon, WriteInfo, write, write_spectra};
pub use reader::{ScanReader, open};
pub use survey::{Inspection, ReadParams, inspect};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
