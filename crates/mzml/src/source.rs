//! The bytes of a file, plain or gzip, with a tally of the XML tags that tell whether it is whole.
//!
//! The parser ends silently at a cut or at broken XML, so completeness is decided here from the bytes
//! that went by: how many `<spectrum>` were opened and whether the list and the document were closed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::bufread::MultiGzDecoder;

use crate::Error;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 1 << 17;
/// How far into a file the mzML root element is looked for.
const SNIFF_BYTES: u64 = 1 << 16;
/// At least as long as the longest tag looked for.
const TAG_BYTES: usize = 16;

/// What the bytes read so far showed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// `<spectrum>` elements opened.
    pub(crate) spectra: usize,
    /// `</spectrumList>` went by.
    pub(crate) list_closed: bool,
    /// `</mzML>` went by.
    pub(crate) document_closed: bool,
    window: Vec<u8>,
}

impl Tally {
    fn observe(&mut self, chunk: &[u8]) {
        self.window.extend_from_slice(chunk);
        let whole = self.window.len().saturating_sub(TAG_BYTES);
        for at in memchr::memchr_iter(b'<', &self.window[..whole]) {
            let tag = &self.window[at..at + TAG_BYTES];
            if let Some(rest) = tag.strip_prefix(b"<spectrum") {
                self.spectra += usize::from(!rest[0].is_ascii_alphanumeric());
            } else if tag.starts_with(b"</spectrumList>") {
                self.list_closed = true;
            } else if tag.starts_with(b"</mzML>") {
                self.document_closed = true;
            }
        }
        self.window.drain(..whole);
    }
}

struct Inner {
    bytes: Box<dyn Read + Send>,
    tally: Tally,
    failure: Option<io::Error>,
}

/// A file's bytes, unpacked; clones share the position.
#[derive(Clone)]
pub(crate) struct Source {
    inner: Arc<Mutex<Inner>>,
    gzip: bool,
}

/// How a file ended.
pub(crate) struct Ending {
    pub(crate) tally: Tally,
    /// The error that ended it, if it was not the end of the file.
    pub(crate) failure: Option<io::Error>,
    pub(crate) gzip: bool,
}

impl Source {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the rest and tells how the file ended.
    pub(crate) fn drain(mut self) -> Ending {
        let mut buffer = vec![0; BUFFER_BYTES];
        while matches!(self.read(&mut buffer), Ok(1..)) {}
        let gzip = self.gzip;
        let mut inner = self.lock();
        Ending { tally: std::mem::take(&mut inner.tally), failure: inner.failure.take(), gzip }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.lock();
        if let Some(failure) = &inner.failure {
            return Err(failure.kind().into());
        }
        match inner.bytes.read(buffer) {
            Ok(0) => {
                inner.tally.observe(&[b' '; TAG_BYTES]);
                Ok(0)
            }
            Ok(count) => {
                inner.tally.observe(&buffer[..count]);
                Ok(count)
            }
            Err(failure) if failure.kind() == io::ErrorKind::Interrupted => Err(failure),
            Err(failure) => {
                let kind = failure.kind();
                inner.failure = Some(failure);
                Err(kind.into())
            }
        }
    }
}

/// Opens a plain or gzip mzML file (told apart by the first bytes, not by the name).
pub(crate) fn open(path: &Path) -> Result<Source, Error> {
    let cannot_open = |source| Error::Open { path: path.to_owned(), source };
    let file = File::open(path).map_err(cannot_open)?;
    if file.metadata().map_err(cannot_open)?.is_dir() {
        return Err(Error::Folder { path: path.to_owned() });
    }
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, file);
    let start = raw.fill_buf().map_err(cannot_open)?;
    if start.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let gzip = start.starts_with(&GZIP_MAGIC);
    let mut bytes: Box<dyn Read + Send> = if gzip { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };

    let mut head = Vec::new();
    let failure = bytes.by_ref().take(SNIFF_BYTES).read_to_end(&mut head).err();
    if !looks_like_mzml(&head) {
        return Err(match failure {
            Some(source) if gzip => Error::Gzip { path: path.to_owned(), source },
            Some(source) => Error::Read { path: path.to_owned(), source },
            None => Error::NotMzml { path: path.to_owned(), found: describe_head(&head) },
        });
    }
    let bytes = Box::new(io::Cursor::new(head).chain(bytes));
    Ok(Source { inner: Arc::new(Mutex::new(Inner { bytes, tally: Tally::default(), failure: None })), gzip })
}

fn looks_like_mzml(head: &[u8]) -> bool {
    ["<mzML", "<indexedmzML"].iter().any(|root| memchr::memmem::find(head, root.as_bytes()).is_some())
}

fn describe_head(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let known = [
        ("<mzXML", "an mzXML file"),
        ("<msRun", "an mzXML file"),
        ("<mzData", "an mzData file"),
        ("\u{1}\u{fffd}F\0i\0n\0n\0i\0g\0a\0n", "a Thermo raw file"),
        ("\u{fffd}HDF", "an HDF5 file (mz5 or mzMLb)"),
        ("PK\u{3}\u{4}", "a zip archive"),
        ("BEGIN IONS", "an MGF peak list"),
    ];
    if let Some((_, name)) = known.iter().find(|(sign, _)| text.contains(sign)) {
        return format!("it looks like {name}");
    }
    if head.is_empty() {
        return "there is nothing in the gzip stream".to_owned();
    }
    if head.contains(&0) {
        return "it is binary data".to_owned();
    }
    let line: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
    format!("there is no <mzML> element; it begins with `{line}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally_of(chunks: &[&[u8]]) -> Tally {
        let mut tally = Tally::default();
        for chunk in chunks {
            tally.observe(chunk);
        }
        tally.observe(&[b' '; TAG_BYTES]);
        tally
    }

    #[test]
    fn tags_are_counted_whatever_the_chunks() {
        let text = b"<mzML><spectrumList count=\"2\"><spectrum id=\"a\"/><spectrum\nid=\"b\"></spectrum></spectrumList></mzML>";
        for size in [1, 2, 3, 7, 16, 17, 1000] {
            let chunks: Vec<&[u8]> = text.chunks(size).collect();
            let tally = tally_of(&chunks);
            assert_eq!((tally.spectra, tally.list_closed, tally.document_closed), (2, true, true), "{size}");
        }
        let cut = tally_of(&[&text[..text.len() - 12]]);
        assert_eq!((cut.spectra, cut.list_closed, cut.document_closed), (2, false, false));
    }

    #[test]
    fn what_is_not_mzml_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.mzML");
        let found = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            match open(&path) {
                Err(error) => error.to_string(),
                Ok(_) => "opened".to_owned(),
            }
        };
        assert!(found(b"").contains("is empty"));
        assert!(found(b"name\tmz\n").contains("begins with `name\tmz`"));
        assert!(found(b"<?xml version=\"1.0\"?><mzXML>").contains("mzXML"));
        assert!(found(b"\x1f\x8bgarbage").contains("gzip"));
        assert!(found(b"\x00\x01\x02").contains("binary"));
        assert_eq!(found(b"<?xml version=\"1.0\"?><mzML>"), "opened");
        assert!(matches!(open(dir.path()), Err(Error::Folder { .. })));
        assert!(matches!(open(&dir.path().join("none")), Err(Error::Open { .. })));
    }
}
