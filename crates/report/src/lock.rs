//! The lock of a folder: an advisory lock of the system on a file beside it, which ends with its
//! process however that ends.
//!
//! The file tells who holds it, and is the journal of the replacement that is under way: what a
//! process that was killed has left behind is known from it, and nothing else is ever taken for
//! such a leftover.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::folder::{Error, at};

/// How every lock file begins.
const HEAD: &str = "cofactor lock";
/// The longest lock file that is read, bytes.
const LONGEST: u64 = 1 << 20;
/// The longest name of a folder that the name of its lock repeats, bytes.
const LONGEST_NAME: usize = 180;
/// How often a lock is tried again that its holder removed at that moment.
const TRIES: usize = 1000;

/// A replacement that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The folder with the new files: its name.
    pub(crate) staging: String,
    /// Whether it is in the folder that is written, and not beside that.
    pub(crate) within: bool,
    /// Names of files that may be removed: those that are written, and results that they replace.
    #[serde(rename = "ours")]
    pub(crate) removable: Vec<String>,
    /// Every file is written; what is left is to move each to its place.
    pub(crate) complete: bool,
}

/// A lock that this process holds.
#[derive(Debug)]
pub(crate) struct Lock {
    pub(crate) path: PathBuf,
    file: File,
    kept: Cell<bool>,
}

/// Takes the lock of `folder` in the folder `holder`, and tells the last entry of a process that
/// did not end well.
pub(crate) fn lock(holder: &Path, folder: &Path) -> Result<(Lock, Option<Entry>), Error> {
    let path = holder.join(format_name(folder.file_name().unwrap_or(OsStr::new("")), "lock"));
    for _ in 0..TRIES {
        let (mut file, made) = open(&path).map_err(at(&path))?;
        let is_file = file.metadata().map_err(at(&path))?.is_file();
        let text = if is_file { read(&mut file).map_err(at(&path))? } else { String::new() };
        if !is_file || !(text.is_empty() || text.starts_with(HEAD)) {
            return Err(Error::InTheWay {
                path,
                problem: "is no lock file of cofactor",
                forceable: false,
            });
        }
        match file.try_lock() {
            Ok(()) => {}
            // Where the file system has no locks, the file itself is one.
            Err(TryLockError::Error(_)) if made => {}
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {
                let first = text.lines().next().unwrap_or_default();
                let holder =
                    first.strip_prefix(HEAD).map_or("another process", str::trim).to_owned();
                return Err(Error::Locked { folder: folder.to_owned(), lock: path, holder });
            }
        }
        // Its holder may have removed it between the opening and the locking.
        if !is_same(&path, &file) {
            continue;
        }
        let entry = read(&mut file)
            .map_err(at(&path))?
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str(line).ok());
        return Ok((Lock { path, file, kept: Cell::new(false) }, entry));
    }
    Err(Error::Locked {
        folder: folder.to_owned(),
        lock: path,
        holder: "other processes, one after the other".into(),
    })
}

impl Lock {
    /// Leaves the file where it is, with its journal, for the next process.
    pub(crate) fn keep(&self) {
        self.kept.set(true);
    }

    /// Writes who holds it; what was left behind is settled.
    pub(crate) fn sign(&mut self) -> Result<(), Error> {
        let text = format!("{HEAD} process {} on {}\n", std::process::id(), host());
        let mut write = || {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(text.as_bytes())?;
            self.file.sync_data()
        };
        write().map_err(at(&self.path))
    }

    /// Writes what is about to be done.
    pub(crate) fn note(&mut self, entry: &Entry) -> Result<(), Error> {
        let mut line = serde_json::to_string(entry)?;
        line.push('\n');
        let mut write = || {
            self.file.seek(SeekFrom::End(0))?;
            self.file.write_all(line.as_bytes())?;
            self.file.sync_data()
        };
        write().map_err(at(&self.path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is locked: whoever has it open sees that it is gone.
        if !self.kept.get() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// `.NAME.cofactor-SUFFIX`; a very long name is told by its hash.
pub(crate) fn format_name(name: &OsStr, suffix: &str) -> OsString {
    let mut formatted = OsString::from(".");
    if name.len() > LONGEST_NAME {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        formatted.push(format!("{:016x}.", hasher.finish()));
    } else if !name.is_empty() {
        formatted.push(name);
        formatted.push(".");
    }
    formatted.push("cofactor-");
    formatted.push(suffix);
    formatted
}

/// The open file, and whether it was made for this.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    no_following(&mut options);
    loop {
        match options.clone().create_new(true).open(path) {
            Ok(file) => return Ok((file, true)),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened.map(|file| (file, false)),
        }
    }
}

#[cfg(unix)]
fn no_following(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn no_following(_: &mut OpenOptions) {}

fn read(file: &mut File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(unix)]
fn is_same(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |about: fs::Metadata| (about.dev(), about.ino());
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => identity(named) == identity(open),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(path: &Path, _: &File) -> bool {
    path.exists()
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "this computer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_lock_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        let (mut held, entry) = lock(root.path(), &out).unwrap();
        assert_eq!(entry, None);
        held.sign().unwrap();
        let message = lock(root.path(), &out).unwrap_err().to_string();
        assert!(message.contains(&format!("process {} on ", std::process::id())), "{message}");
        drop(held);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_noted_last_is_found_by_the_next() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        let entry = Entry {
            staging: "s".into(),
            within: true,
            removable: vec!["a".into()],
            complete: true,
        };
        let path = root.path().join(".out.cofactor-lock");
        let line = serde_json::to_string(&entry).unwrap();
        fs::write(&path, format!("{HEAD} process 1 on a\n{{}}\n{line}\n{{\"stag")).unwrap();
        assert_eq!(lock(root.path(), &out).unwrap().1, Some(entry));
    }

    #[test]
    fn what_is_no_lock_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let (out, path) = (root.path().join("out"), root.path().join(".out.cofactor-lock"));
        fs::write(&path, "mine").unwrap();
        assert!(matches!(lock(root.path(), &out), Err(Error::InTheWay { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        #[cfg(unix)]
        {
            fs::rename(&path, root.path().join("mine")).unwrap();
            std::os::unix::fs::symlink(root.path().join("mine"), &path).unwrap();
            assert!(lock(root.path(), &out).is_err(), "links are not followed");
        }
    }

    #[test]
    fn long_names_are_told_by_their_hash() {
        assert_eq!(format_name(OsStr::new("out"), "lock"), ".out.cofactor-lock");
        assert!(format_name(OsStr::new(&"x".repeat(255)), "lock").len() < 40);
    }
}
