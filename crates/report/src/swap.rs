//! Replacing a result folder as a whole: whoever looks sees the old results or the new ones.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::PARQUET_FILES;
use crate::folder::{Error, RenderedFile, remove_files, write_files, write_synced};

/// Writes `files` as the content of `folder`.
///
/// They are first written whole into a folder beside it, which then takes its place in one step of the file system, so that
/// a program that is killed at any moment leaves the old results or the new ones. Other files in the folder are moved along,
/// but not results that are not written every time and not this time.
/// Where that is not possible (the folder is the current one, a mount point, or its parent cannot be written), the files are replaced one by
/// one, as [`write_files`] does.
///
/// # Errors
/// If a folder cannot be made, or a file cannot be written or moved.
pub fn write_results(folder: &Path, files: &[RenderedFile]) -> Result<(), Error> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    let place = if folder.exists() { fs::canonicalize(folder) } else { std::path::absolute(folder) };
    let place = place.map_err(at(folder))?;
    let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
        return one_by_one(folder, files);
    };
    if std::env::current_dir().is_ok_and(|current| current.starts_with(&place)) {
        return one_by_one(folder, files);
    }
    fs::create_dir_all(parent).map_err(at(&place))?;
    let staging = parent.join(format!(".{}.partial", name.to_string_lossy()));
    clear(&staging, &place).map_err(at(&staging))?;
    if fs::create_dir(&staging).is_err() {
        return one_by_one(folder, files);
    }
    if let Err(error) = fill(&staging, files) {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&staging);
        return Err(error);
    }
    if !place.exists() {
        return fs::rename(&staging, &place).map_err(at(&place));
    }
    let exchanged = exchange(&staging, &place);
    clear(&staging, &place).map_err(at(&staging))?;
    if exchanged.is_err() { one_by_one(folder, files) } else { Ok(()) }
}

fn one_by_one(folder: &Path, files: &[RenderedFile]) -> Result<(), Error> {
    write_files(folder, files)?;
    let old: Vec<&str> = PARQUET_FILES.into_iter().filter(|name| files.iter().all(|file| file.name != *name)).collect();
    remove_files(folder, &old)
}

fn fill(staging: &Path, files: &[RenderedFile]) -> Result<(), Error> {
    files.iter().try_for_each(|file| write_synced(&staging.join(&file.name), &file.content))
}

/// Removes what a swap left beside `place`, after moving what `place` does not have.
fn clear(staging: &Path, place: &Path) -> io::Result<()> {
    if !staging.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(staging)? {
        let entry = entry?;
        let kept: PathBuf = place.join(entry.file_name());
        let is_result = PARQUET_FILES.iter().any(|name| entry.file_name() == *name);
        if place.is_dir() && !kept.exists() && !is_result {
            fs::rename(entry.path(), kept)?;
        }
    }
    fs::remove_dir_all(staging)
}

/// Lets two paths change places in one step.
#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> RenderedFile {
        RenderedFile { name: name.into(), content: content.into() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn results_replace_results_and_other_files_stay() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("deep/out");
        write_results(&out, &[file("a.tsv", "old")]).unwrap();
        fs::write(out.join("notes.txt"), "mine").unwrap();
        fs::write(out.join(PARQUET_FILES[0]), "old").unwrap();
        fs::create_dir(out.join("folder")).unwrap();
        write_results(&out, &[file("a.tsv", "new"), file("b.tsv", "new")]).unwrap();
        assert_eq!(names(&out), ["a.tsv", "b.tsv", "folder", "notes.txt"]);
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "new");
        assert_eq!(names(&root.path().join("deep")), ["out"]);
    }

    #[test]
    fn what_a_killed_swap_left_is_put_right() {
        let root = tempfile::tempdir().unwrap();
        let (out, left) = (root.path().join("out"), root.path().join(".out.partial"));
        for folder in [&out, &left] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("a.tsv"), "old").unwrap();
        }
        fs::write(left.join("notes.txt"), "mine").unwrap();
        write_results(&out, &[file("a.tsv", "new")]).unwrap();
        assert_eq!(names(&out), ["a.tsv", "notes.txt"]);
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "new");
        assert_eq!(names(root.path()), ["out"]);
    }

    #[test]
    fn a_failure_leaves_the_old_results() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        write_results(&out, &[file("a.tsv", "old")]).unwrap();
        let message = write_results(&out, &[file("a.tsv", "new"), file("no/b.tsv", "x")]).unwrap_err().to_string();
        assert!(message.contains("b.tsv"), "{message}");
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "old");
        assert_eq!(names(root.path()), ["out"]);
    }
}
