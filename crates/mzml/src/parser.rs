//! One spectrum after another out of the XML, and whether the file was whole when they end.

use std::path::{Path, PathBuf};

use mzdata::io::DetailLevel;
use mzdata::io::mzml::{MzMLParserError, MzMLParserState, MzMLReader};
use mzdata::prelude::MSDataFileMetadata;
use mzdata::spectrum::bindata::BinaryArrayMap;
use mzdata::spectrum::{MultiLayerSpectrum, SpectrumDescription};

use crate::source::{self, Ending, Source};
use crate::{Error, guard};

const BUFFER_BYTES: usize = 1 << 16;

/// A spectrum with its arrays still packed.
pub(crate) struct Spectrum {
    pub(crate) description: SpectrumDescription,
    pub(crate) arrays: BinaryArrayMap,
}

/// Reads spectra in file order.
pub(crate) struct Parser {
    path: PathBuf,
    reader: MzMLReader<Source>,
    source: Source,
    last_id: Option<String>,
    /// Spectra read so far.
    pub(crate) read: usize,
    /// Spectra that the file announces.
    pub(crate) expected: Option<usize>,
    /// Spectra that are missing although the file closes properly, once it has ended.
    pub(crate) missing: usize,
}

/// Whether the arrays are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrays {
    Packed,
    Skip,
}

impl Parser {
    /// Opens a file and reads what stands before its spectra.
    pub(crate) fn open(path: &Path, arrays: Arrays) -> Result<Self, Error> {
        let source = source::open(path)?;
        let detail = match arrays {
            Arrays::Packed => DetailLevel::Lazy,
            Arrays::Skip => DetailLevel::MetadataOnly,
        };
        let reader =
            guard::catch(|| MzMLReader::with_buffer_capacity_and_detail_level(source.clone(), BUFFER_BYTES, detail))
                .map_err(|message| Error::Malformed { path: path.to_owned(), after: None, message })?;
        let expected = reader.spectrum_count_hint().and_then(|count| usize::try_from(count).ok());
        Ok(Self { path: path.to_owned(), reader, source, last_id: None, read: 0, expected, missing: 0 })
    }

    /// The next spectrum; `None` after the last one of a whole file. Must not be called after either end.
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
                return Ok(Some(Spectrum { description: spectrum.description, arrays }));
            }
            Ok(Ok(_)) => "a spectrum is broken off".to_owned(),
            Ok(Err(MzMLParserError::IncompleteElementError(message, state))) => format!("{message}, in {state}"),
            Ok(Err(error)) => error.to_string(),
            Err(message) => message,
        };
        self.end(message)
    }

    /// Decides whether the spectra ended because the file did. `message` is what the parser said.
    fn end(&mut self, message: String) -> Result<Option<Spectrum>, Error> {
        let Ending { tally, failure, gzip } = self.source.clone().drain();
        let path = self.path.clone();
        let truncated = Error::Truncated { path: path.clone(), read: self.read, expected: self.expected };
        if let Some(source) = failure {
            return Err(match source.kind() {
                std::io::ErrorKind::UnexpectedEof if gzip => truncated,
                _ if gzip => Error::Gzip { path, source },
                _ => Error::Read { path, source },
            });
        }
        if self.expected == Some(self.read) {
            return Ok(None);
        }
        if !tally.document_closed {
            return Err(truncated);
        }
        if tally.spectra != self.read {
            return Err(Error::Malformed { path, after: self.last_id.clone(), message });
        }
        self.missing = self.expected.map_or(0, |expected| expected.saturating_sub(self.read));
        Ok(None)
    }
}
