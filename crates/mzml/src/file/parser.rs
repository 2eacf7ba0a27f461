//! One spectrum after another out of the XML, and whether the file was whole when they end.

use std::path::{Path, PathBuf};

use mzdata::io::DetailLevel;
use mzdata::io::mzml::{MzMLParserError, MzMLParserState, MzMLReader};
use mzdata::prelude::MSDataFileMetadata;
use mzdata::spectrum::bindata::BinaryArrayMap;
use mzdata::spectrum::{MultiLayerSpectrum, SpectrumDescription};

use crate::Error;
use crate::file::guard;
use crate::file::hashed::Changed;
use crate::file::source::{self, Ending, Source, TooLong};
use crate::file::tally::Facts;

const BUFFER_BYTES: usize = 1 << 16;

/// A spectrum with its arrays still packed.
pub(crate) struct Spectrum {
    pub(crate) description: SpectrumDescription,
    pub(crate) arrays: BinaryArrayMap,
    /// What its bytes say besides.
    pub(crate) facts: Facts,
}

/// Reads spectra in file order.
pub(crate) struct Parser {
    path: PathBuf,
    reader: MzMLReader<Source>,
    source: Source,
    last_id: Option<String>,
    accept_cut: bool,
    /// Spectra read so far.
    pub(crate) read: usize,
    /// Spectra that the file announces.
    pub(crate) expected: Option<usize>,
    /// Spectra that are missing although the file closes properly, once it has ended.
    pub(crate) missing: usize,
    /// The file was cut short, and that was accepted.
    pub(crate) cut: bool,
    /// SHA-256 of the file, hexadecimal, once it has ended.
    pub(crate) sha256: Option<String>,
}

/// Whether the arrays are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrays {
    Packed,
    Skip,
}

impl Parser {
    /// Opens a file and reads what stands before its spectra. No spectrum may be longer than
    /// `longest` bytes; with `accept_cut` a file that was cut short ends with its last whole
    /// spectrum.
    pub(crate) fn open(
        path: &Path,
        arrays: Arrays,
        longest: u64,
        accept_cut: bool,
    ) -> Result<Self, Error> {
        let source = source::open(path, longest)?;
        let detail = match arrays {
            Arrays::Packed => DetailLevel::Lazy,
            Arrays::Skip => DetailLevel::MetadataOnly,
        };
        let reader = guard::catch(|| {
            MzMLReader::with_buffer_capacity_and_detail_level(source.clone(), BUFFER_BYTES, detail)
        })
        .map_err(|message| Error::Malformed {
            path: path.to_owned(),
            after: None,
            message: in_words(&message),
        })?;
        let expected = reader.spectrum_count_hint().and_then(|count| usize::try_from(count).ok());
        let path = path.to_owned();
        Ok(Self {
            path,
            reader,
            source,
            last_id: None,
            accept_cut,
            read: 0,
            expected,
            missing: 0,
            cut: false,
            sha256: None,
        })
    }

    /// The next spectrum; `None` after the last one of a whole file. Must not be called after
    /// either end.
    pub(crate) fn next(&mut self) -> Result<Option<Spectrum>, Error> {
        if self.reader.state >= MzMLParserState::SpectrumListDone {
            return self.end("the XML before the spectra is broken".to_owned());
        }
        let mut spectrum = MultiLayerSpectrum::default();
        let message = match guard::catch(|| self.reader.read_into(&mut spectrum)) {
            Ok(Ok(_)) if self.reader.state == MzMLParserState::SpectrumDone => {
                self.read += 1;
                self.last_id = Some(spectrum.description.id.clone());
                let arrays = spectrum.arrays.unwrap_or_default();
                let facts = self.source.next_facts();
                return Ok(Some(Spectrum { description: spectrum.description, arrays, facts }));
            }
            Ok(Ok(_)) => "a spectrum is broken off".to_owned(),
            Ok(Err(MzMLParserError::IncompleteElementError(..))) => {
                "its XML is broken there".to_owned()
            }
            Ok(Err(error)) => in_words(&error.to_string()),
            Err(message) => in_words(&message),
        };
        self.end(message)
    }

    /// Decides whether the spectra ended because the file did. `message` is what the parser said.
    fn end(&mut self, message: String) -> Result<Option<Spectrum>, Error> {
        let Ending { tally, failure, gzip, sha256 } = self.source.clone().drain();
        let path = self.path.clone();
        let truncated =
            Error::Truncated { path: path.clone(), read: self.read, expected: self.expected };
        let after = self.last_id.clone();
        let cut = match failure {
            Some(source) if gzip && source.kind() == std::io::ErrorKind::UnexpectedEof => true,
            Some(source)
                if source
                    .get_ref()
                    .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Changed>) =>
            {
                return Err(Error::Changed { path });
            }
            Some(source) => {
                return Err(match source.get_ref().and_then(|inner| inner.downcast_ref()) {
                    Some(&TooLong(limit)) => Error::TooLong { path, after, limit },
                    None if gzip => Error::Gzip { path, source },
                    None => Error::Read { path, source },
                });
            }
            None => self.expected != Some(self.read) && !tally.document_closed,
        };
        // One more may have been opened when the file ended. More of them: the XML is broken before
        // the cut.
        let broken = if cut { tally.spectra > self.read + 1 } else { tally.spectra != self.read };
        if cut && (self.read == 0 || !self.accept_cut) {
            return Err(truncated);
        }
        if broken {
            return Err(Error::Malformed { path, after, message });
        }
        self.cut = cut;
        self.sha256 = sha256;
        self.missing = self.expected.map_or(0, |expected| expected.saturating_sub(self.read));
        Ok(None)
    }
}

/// What the parser said, without the names of its own types.
fn in_words(message: &str) -> String {
    if message.contains("Utf8Error") {
        return "it holds text that is not UTF-8".to_owned();
    }
    let cause = message.split([':', ';']).next().unwrap_or(message).trim();
    let cause = cause
        .strip_prefix("Failed to parse ")
        .map_or_else(|| cause.to_owned(), |value| format!("its {value} is no number"));
    // A panic of the parser tells what its code was about, which helps nobody here.
    let own_words =
        ["called `", "index out", "range ", "slice "].iter().any(|begin| cause.starts_with(begin));
    if cause.is_empty() || own_words { "its XML is broken there".to_owned() } else { cause }
}
