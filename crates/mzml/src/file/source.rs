//! The bytes of a file, plain or gzip, with a tally of the XML tags that tell whether it is whole.
//!
//! The parser ends silently at a cut or at broken XML, so completeness is decided here from the
//! bytes that went by: how many `<spectrum>` were opened and whether the list and the document were
//! closed. It also collects a spectrum in memory however long it is, so its bytes are counted here
//! too.

use std::fs::{self, File, FileType};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::bufread::MultiGzDecoder;

use crate::Error;
use crate::file::hashed::{Digested, Hashed};
use crate::file::tally::{Facts, Tally};
use crate::file::text::{Dialect, Text};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 1 << 17;
/// How far into a file the mzML root element is looked for.
const SNIFF_BYTES: u64 = 1 << 16;

/// A spectrum, or what stands before the first, is longer than it may be.
#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes without a spectrum")]
pub(crate) struct TooLong(pub(crate) u64);

struct Inner {
    bytes: Box<dyn Read + Send>,
    tally: Tally,
    failure: Option<io::Error>,
    longest: u64,
    digest: Digested,
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
    /// SHA-256 of the file as it is on the disk, if it could be read to its end.
    pub(crate) sha256: Option<String>,
}

impl Source {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seen of the next spectrum.
    pub(crate) fn next_facts(&self) -> Facts {
        self.lock().tally.facts.pop_front().unwrap_or_default()
    }

    /// Reads the rest and tells how the file ended.
    pub(crate) fn drain(mut self) -> Ending {
        let mut buffer = vec![0; BUFFER_BYTES];
        while matches!(self.read(&mut buffer), Ok(1..)) {}
        let gzip = self.gzip;
        let mut inner = self.lock();
        let sha256 = inner.digest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ending {
            tally: std::mem::take(&mut inner.tally),
            failure: inner.failure.take(),
            gzip,
            sha256,
        }
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
                inner.tally.end();
                Ok(0)
            }
            Ok(count) => {
                inner.tally.observe(&buffer[..count]);
                if !inner.tally.list_closed && inner.tally.since_spectrum > inner.longest {
                    let failure = io::Error::other(TooLong(inner.longest));
                    return inner.fail(failure);
                }
                Ok(count)
            }
            Err(failure) if failure.kind() == io::ErrorKind::Interrupted => Err(failure),
            Err(failure) => inner.fail(failure),
        }
    }
}

impl Inner {
    fn fail(&mut self, failure: io::Error) -> io::Result<usize> {
        let kind = failure.kind();
        self.failure = Some(failure);
        Err(kind.into())
    }
}

/// Hands out bytes that were read ahead, then the error that ended them or the rest.
struct Ahead {
    head: io::Cursor<Vec<u8>>,
    failure: Option<io::Error>,
    rest: Box<dyn Read + Send>,
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => self.failure.take().map_or_else(|| self.rest.read(buffer), Err),
            count => Ok(count),
        }
    }
}

/// Opens a plain or gzip mzML file (told apart by the first bytes, not by the name). No spectrum
/// may be longer than `longest` bytes.
pub(crate) fn open(path: &Path, longest: u64) -> Result<Source, Error> {
    let cannot_open = |source| Error::Open { path: path.to_owned(), source };
    let file = open_file(path)?;
    let (file, digest) = Hashed::new(file).map_err(cannot_open)?;
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, file);
    let start = raw.fill_buf().map_err(cannot_open)?;
    if start.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let gzip = start.starts_with(&GZIP_MAGIC);
    let mut bytes: Box<dyn Read + Send> =
        if gzip { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };

    let mut head = Vec::new();
    let failure = bytes.by_ref().take(SNIFF_BYTES).read_to_end(&mut head).err();
    if !looks_like_mzml(&head) {
        return Err(match failure {
            Some(source) if gzip => Error::Gzip { path: path.to_owned(), source },
            Some(source) => Error::Read { path: path.to_owned(), source },
            None => Error::NotMzml { path: path.to_owned(), found: describe_head(&head) },
        });
    }
    if let Some(found) = unsupported(&head) {
        return Err(Error::NotMzml { path: path.to_owned(), found });
    }
    let dialect = Dialect::new(&head);
    let ahead = Ahead { head: io::Cursor::new(head), failure, rest: bytes };
    let bytes = Box::new(Text::new(ahead, dialect));
    let inner = Inner { bytes, tally: Tally::default(), failure: None, longest, digest };
    Ok(Source { inner: Arc::new(Mutex::new(inner)), gzip })
}

/// Opens a proper file.
pub(crate) fn open_file(path: &Path) -> Result<File, Error> {
    let cannot_open = |source| Error::Open { path: path.to_owned(), source };
    // Asked before it is opened: to open a pipe waits for somebody to write.
    let kind = fs::metadata(path).map_err(cannot_open)?.file_type();
    if kind.is_dir() {
        return Err(Error::Folder { path: path.to_owned() });
    }
    if !kind.is_file() {
        return Err(Error::NoFile { path: path.to_owned(), kind: kind_name(kind) });
    }
    File::open(path).map_err(cannot_open)
}

#[cfg(unix)]
fn kind_name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn kind_name(_: FileType) -> &'static str {
    "a device"
}

fn looks_like_mzml(head: &[u8]) -> bool {
    ["<mzML", "<indexedmzML", ":mzML", ":indexedmzML"]
        .iter()
        .any(|root| memchr::memmem::find(head, root.as_bytes()).is_some())
}

/// Names a relative of mzML 1.1 that is not read.
fn unsupported(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let root = &text[text.find("<mzML").or_else(|| text.find(":mzML"))?..];
    let tag = root.split('>').next().unwrap_or_default();
    let version = tag.split(" version=").nth(1).and_then(|rest| rest.get(1..)).unwrap_or_default();
    let version = version.split(['"', '\'']).next().unwrap_or_default().trim();
    let old = ["0.", "1.0"].iter().any(|old| version.starts_with(old));
    if old || tag.contains("mzML_0.99") || tag.contains("mzML_1.0") {
        let version = if version.is_empty() { "0.99 or 1.0" } else { version };
        return Some(format!("it is mzML {version}, and only mzML 1.1 is read"));
    }
    let imaging = ["id=\"IMS\"", "IMS:1000", "id='IMS'"].iter().any(|sign| text.contains(sign));
    imaging.then(|| {
        "it is imzML (imaging): its peaks lie in another file and its spectra have no times"
            .to_owned()
    })
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
        ("\u{fffd}\u{fffd}<\0?\0", "XML in UTF-16"),
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

    #[test]
    fn what_is_not_mzml_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.mzML");
        let found = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            open(&path, u64::MAX).map_or_else(|error| error.to_string(), |_| "opened".to_owned())
        };
        assert!(found(b"").contains("is empty"));
        assert!(found(b"name\tmz\n").contains("begins with `name\tmz`"));
        assert!(found(b"<?xml version=\"1.0\"?><mzXML>").contains("mzXML"));
        assert!(found(b"\x1f\x8bgarbage").contains("gzip"));
        assert!(found(b"\x00\x01\x02").contains("binary"));
        assert_eq!(found(b"<?xml version=\"1.0\"?><mzML>"), "opened");
        assert!(found(b"<mzML version=\"1.0.0\">").contains("mzML 1.0.0, and only mzML 1.1"));
        assert!(
            found(b"<mzML xmlns=\"http://psi.hupo.org/schema_revision/mzML_0.99.9\">")
                .contains("0.99")
        );
        assert!(found(b"<mzML version=\"1.1.0\"><cvList><cv id=\"IMS\"/>").contains("imzML"));
        assert_eq!(found(b"<ns:mzML version=\"1.1.0\">"), "opened");
        assert!(matches!(open(dir.path(), u64::MAX), Err(Error::Folder { .. })));
        assert!(matches!(open(&dir.path().join("none"), u64::MAX), Err(Error::Open { .. })));
    }
}
