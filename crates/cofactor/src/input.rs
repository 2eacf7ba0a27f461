//! Files that are read whole: parameters, rules, records, matrices. Only proper files are, as a
//! pipe may never end and a device never does.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The longest text, bytes.
const LONGEST: u64 = 1 << 30;

/// The bytes of a file.
///
/// # Errors
/// If it is no proper file or cannot be read.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    size(path)?;
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The text of a file.
///
/// # Errors
/// If it is no proper file, longer than 1 GiB, no UTF-8, or cannot be read.
pub(crate) fn text(path: &Path) -> Result<String> {
    if size(path)? > LONGEST {
        bail!("cannot read {}: it is longer than 1 GiB", path.display());
    }
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Asked before the file is opened: to open a pipe waits for somebody to write.
fn size(path: &Path) -> Result<u64> {
    let about = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if about.is_dir() {
        bail!("cannot read {}: it is a folder. Give a file", path.display());
    }
    if !about.is_file() {
        bail!("cannot read {}: it is a pipe or a device. Give a file", path.display());
    }
    Ok(about.len())
}
