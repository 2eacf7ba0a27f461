//! A file that is hashed as it is read, and whether it stayed the same meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// The file was written to, cut or replaced while it was read.
#[derive(Debug, thiserror::Error)]
#[error("it changed while it was read")]
pub(crate) struct Changed;

/// SHA-256 of the bytes of a file, hexadecimal, once it is read to its end.
pub(crate) type Digested = Arc<Mutex<Option<String>>>;

/// What tells that a file is another than before.
#[derive(Debug, PartialEq)]
struct State {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn new(about: &Metadata) -> Self {
        Self { bytes: about.len(), modified: about.modified().ok() }
    }
}

/// Reads a file and hashes what it gives.
pub(crate) struct Hashed {
    file: File,
    hasher: Sha256,
    read: u64,
    before: State,
    digest: Digested,
}

impl Hashed {
    pub(crate) fn new(file: File) -> io::Result<(Self, Digested)> {
        let before = State::new(&file.metadata()?);
        let digest = Digested::default();
        Ok((
            Self { file, hasher: Sha256::new(), read: 0, before, digest: Arc::clone(&digest) },
            digest,
        ))
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.read += count as u64;
        if count == 0 && !buffer.is_empty() {
            if State::new(&self.file.metadata()?) != self.before || self.read != self.before.bytes {
                return Err(io::Error::other(Changed));
            }
            let digest =
                self.hasher.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            *self.digest.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_that_grows_is_an_error() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"abc").unwrap();
        let open = || Hashed::new(File::open(file.path()).unwrap()).unwrap();
        let (mut whole, digest) = open();
        io::copy(&mut whole, &mut io::sink()).unwrap();
        let digest = digest.lock().unwrap().clone().unwrap();
        assert!(digest.starts_with("ba7816bf"), "{digest}");
        let (mut grown, digest) = open();
        grown.read_exact(&mut [0; 2]).unwrap();
        file.as_file().set_len(9).unwrap();
        assert!(
            io::copy(&mut grown, &mut io::sink()).unwrap_err().get_ref().unwrap().is::<Changed>()
        );
        assert_eq!(*digest.lock().unwrap(), None);
    }
}
