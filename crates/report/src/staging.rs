//! The folder in which files are written whole before they take their places.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::folder::{Error, at};
use crate::lock::{Entry, format_name};
use crate::system::{is_same_file, rename_new};

/// Where the staging folder of an entry lies.
pub(crate) fn staging_of(place: &Path, entry: &Entry) -> PathBuf {
    let parent = if entry.within { Some(place) } else { place.parent() };
    parent.unwrap_or(place).join(&entry.staging)
}

/// Empties and removes the staging folder: files are moved to their places once all are written,
/// those of others are put back, ours are removed.
pub(crate) fn settle(place: &Path, entry: &Entry) -> Result<(), Error> {
    let staging = staging_of(place, entry);
    let is_ours = entry.staging.starts_with('.') && !entry.staging.contains(['/', '\\']);
    if !is_ours || !fs::symlink_metadata(&staging).is_ok_and(|about| about.is_dir()) {
        return Ok(());
    }
    for file in fs::read_dir(&staging).map_err(at(&staging))? {
        let file = file.map_err(at(&staging))?;
        let (path, target) = (file.path(), place.join(file.file_name()));
        let removable = file.file_type().is_ok_and(|kind| !kind.is_dir())
            && entry.removable.iter().any(|name| file.file_name() == name.as_str());
        if removable && entry.complete {
            fs::rename(&path, &target).map_err(at(&target))?;
        } else if removable || is_same_file(&path, &target) {
            fs::remove_file(&path).map_err(at(&path))?;
        } else if rename_new(&path, &target).is_err() {
            return Err(Error::InTheWay {
                path,
                problem: "could not be put back into its folder",
                forceable: false,
            });
        }
    }
    fs::remove_dir(&staging).map_err(at(&staging))
}

/// A name that no other process and no other moment gives.
pub(crate) fn staging_name(place: &Path, within: bool) -> String {
    let name = if within { OsStr::new("") } else { place.file_name().unwrap_or_default() };
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    // The journal is text: a name that is none is told by its hash.
    let name = if name.to_str().is_some() { name.to_owned() } else { hashed(name).into() };
    format_name(&name, &format!("{}-{now}", std::process::id())).to_string_lossy().into_owned()
}

fn hashed(name: &OsStr) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Removes a file; something else, or nothing, is left as it is.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() => fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Writes a file that was not there.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(at(path))
}

/// Gives every file of others in `place` a second name in `staging`, so that it is there at any
/// moment. What cannot have one, such as a folder, is moved after the swap.
pub(crate) fn link_others(place: &Path, staging: &Path, removable: &[String]) -> io::Result<()> {
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        if entry.file_type()?.is_file()
            && removable.iter().all(|name| entry.file_name() != name.as_str())
        {
            let _ = fs::hard_link(entry.path(), staging.join(entry.file_name()));
        }
    }
    Ok(())
}
