//! Which file it is: its name and SHA-256.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use cofactor_report::InputRecord;
use sha2::{Digest, Sha256};

use crate::files::{FileError, unreadable};

/// Name and SHA-256 of a file.
///
/// # Errors
/// If it cannot be read.
pub fn fingerprint(path: &Path) -> Result<InputRecord, FileError> {
    let sha256 = hash(path).map_err(unreadable(path))?;
    Ok(InputRecord { file_name: file_name(path), sha256 })
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Last part of a path, for people.
pub fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
