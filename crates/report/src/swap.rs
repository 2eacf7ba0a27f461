//! Putting files into a folder that one process at a time writes: whoever looks sees the old files
//! or the new ones.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use serde_json::Value;

use crate::folder::{Error, RenderedFile, at};
use crate::lock::{Entry, Lock, lock};
use crate::owned::{Marker, RESULTS, Replace, check, check_same, listed, mark};
use crate::seal::{is_sealed_file, seal};
use crate::staging::{link_others, remove_if_there, settle, staging_name, staging_of, write_new};
use crate::system::{exchange, keep_attributes, rename_new};

/// A folder that no other process writes into while this is there.
#[derive(Debug)]
pub struct Claim {
    place: PathBuf,
    lock: Option<Lock>,
    /// The lock is in the folder itself, as nothing can be made beside it.
    within: bool,
    /// Folders that were made for it; those that stay empty go again.
    made: Vec<PathBuf>,
}

/// What has to go if the program ends while a folder is claimed.
#[derive(Debug)]
struct Held {
    place: PathBuf,
    lock: PathBuf,
    made: Vec<PathBuf>,
    entry: Option<Entry>,
}

static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

fn held() -> MutexGuard<'static, Vec<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what this process has begun and not ended, before it ends itself.
pub fn abandon() {
    for Held { place, lock, made, entry } in held().drain(..) {
        if let Some(entry) = entry {
            // What cannot be removed now is removed when the folder is claimed again: then the lock
            // stays as well.
            if settle(&place, &entry).is_err() {
                continue;
            }
        }
        let _ = fs::remove_file(lock);
        for folder in made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Claims a folder, which need not be there yet, and settles what a process left that was killed.
///
/// # Errors
/// If another process has claimed it, or the lock cannot be made.
pub fn claim(folder: &Path) -> Result<Claim, Error> {
    let place = match fs::canonicalize(folder) {
        Ok(place) => place,
        Err(_) => std::path::absolute(folder).map_err(at(folder))?,
    };
    let mut claim = Claim { place, lock: None, within: false, made: Vec::new() };
    if claim.place.exists() && !claim.place.is_dir() {
        check(&claim.place, &[], &[], Replace::Same)?;
    }
    let parent =
        claim.place.parent().filter(|_| claim.place.file_name().is_some()).map(Path::to_owned);
    let beside = match &parent {
        Some(parent) => claim.make(parent).and_then(|()| lock(parent, &claim.place)),
        None => Err(at(&claim.place)(io::ErrorKind::InvalidInput.into())),
    };
    let (lock, entry) = match beside {
        Err(Error::Write { .. }) if claim.place.is_dir() => {
            claim.within = true;
            lock(&claim.place, Path::new(""))?
        }
        locked => locked?,
    };
    if let Some(entry) = entry {
        settle(&claim.place, &entry).inspect_err(|_| lock.keep())?;
    }
    held().push(Held {
        place: claim.place.clone(),
        lock: lock.path.clone(),
        made: claim.made.clone(),
        entry: None,
    });
    claim.lock = Some(lock);
    if let Some(lock) = &mut claim.lock {
        lock.sign()?;
    }
    Ok(claim)
}

/// Writes the files of a run or a study as results of `claim`, with their sizes and hashes in its
/// record.
///
/// They are first written whole into a folder beside it, which then takes its place in one step of
/// the file system, so that a program that is killed at any moment leaves the old results or the
/// new ones. Files of others in the folder stay. Where that is not possible (the folder is the
/// current one, a mount point, or its parent cannot be written), the files are replaced one by one;
/// what a killed program did not come to is done when the folder is claimed again.
///
/// # Errors
/// If something else is in the way, the results are of another run than `replace` allows, or a file
/// cannot be written.
pub fn write_results(
    claim: &mut Claim,
    files: Vec<RenderedFile>,
    replace: Replace,
) -> Result<(), Error> {
    let files = seal(files)?;
    let new = files
        .iter()
        .find(|file| is_sealed_file(file))
        .and_then(|file| serde_json::from_slice(&file.content).ok());
    write(claim, &names(&files), &RESULTS, new.as_ref(), replace, true, |folder| {
        fill(folder, &files)
    })
}

/// Writes files into `claim`, each of which replaces its predecessor. `markers` tell which of those
/// that are there may be.
///
/// # Errors
/// As [`write_results`].
pub fn write_files(
    claim: &mut Claim,
    files: &[RenderedFile],
    markers: &[Marker],
    replace: Replace,
) -> Result<(), Error> {
    write(claim, &names(files), markers, None, replace, false, |folder| fill(folder, files))
}

/// Lets `fill` write files of these names into a folder, and puts them into `claim`. `new` is what
/// the marker will say.
///
/// # Errors
/// As [`write_results`], and those of `fill`.
pub fn write_with<E: From<Error>>(
    claim: &mut Claim,
    names: &[&str],
    markers: &[Marker],
    new: &Value,
    replace: Replace,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    write(claim, names, markers, Some(new), replace, false, fill)
}

fn names(files: &[RenderedFile]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}

fn fill(folder: &Path, files: &[RenderedFile]) -> Result<(), Error> {
    files.iter().try_for_each(|file| write_new(&folder.join(&file.name), &file.content))
}

fn write<E: From<Error>>(
    claim: &mut Claim,
    names: &[&str],
    markers: &[Marker],
    new: Option<&Value>,
    replace: Replace,
    whole: bool,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    claim.check(names, markers, new, replace)?;
    let mut removable: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    if whole {
        let old = mark(&claim.place, markers).as_ref().and_then(listed).unwrap_or_default();
        removable.extend(old.into_iter().filter(|name| !names.contains(&name.as_str())));
    }
    let is_current = std::env::current_dir().is_ok_and(|current| current.starts_with(&claim.place));
    let within = claim.within || !whole || is_current;
    if within {
        let place = claim.place.clone();
        claim.make(&place)?;
    }
    let mut entry =
        Entry { staging: staging_name(&claim.place, within), within, removable, complete: false };
    claim.note(&entry)?;
    let staging = staging_of(&claim.place, &entry);
    fs::create_dir(&staging).map_err(at(&staging))?;
    if let Err(error) = fill(&staging) {
        // The first error is the one to tell.
        let _ = settle(&claim.place, &entry);
        return Err(error);
    }
    if !within && claim.swap(&staging, &entry.removable) {
        return Ok(settle(&claim.place, &entry)?);
    }
    if let Err(source) = fs::create_dir(&claim.place)
        && source.kind() != io::ErrorKind::AlreadyExists
    {
        let _ = settle(&claim.place, &entry);
        return Err(at(&claim.place)(source).into());
    }
    // Files that no new one replaces are of earlier results.
    for name in entry.removable.iter().filter(|name| !names.contains(&name.as_str())) {
        remove_if_there(&claim.place.join(name)).map_err(at(&claim.place.join(name)))?;
    }
    entry.complete = true;
    claim.note(&entry)?;
    Ok(settle(&claim.place, &entry)?)
}

impl Claim {
    /// The folder as the file system knows it.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Fails if files of these names would replace what they may not; `new` is what is known of the
    /// record to be.
    ///
    /// # Errors
    /// [`Error::InTheWay`] and [`Error::Different`].
    pub fn check(
        &self,
        names: &[&str],
        markers: &[Marker],
        new: Option<&Value>,
        replace: Replace,
    ) -> Result<(), Error> {
        check(&self.place, names, markers, replace)?;
        new.map_or(Ok(()), |new| check_same(&self.place, markers, new, replace))
    }

    /// What the record of the results in the folder says, if there are any.
    pub fn record(&self) -> Option<Value> {
        mark(&self.place, &RESULTS[..2])
    }

    fn make(&mut self, folder: &Path) -> Result<(), Error> {
        let missing: Vec<PathBuf> =
            folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
        fs::create_dir_all(folder).map_err(at(&self.place))?;
        self.made.splice(0..0, missing);
        if let Some(held) = held().iter_mut().find(|held| held.place == self.place) {
            held.made.clone_from(&self.made);
        }
        Ok(())
    }

    fn note(&mut self, entry: &Entry) -> Result<(), Error> {
        if let Some(held) = held().iter_mut().find(|held| held.place == self.place) {
            held.entry = Some(entry.clone());
        }
        self.lock.as_mut().map_or(Ok(()), |lock| lock.note(entry))
    }

    /// Lets the staging folder take the place of the folder; `false` if that cannot be, and nothing
    /// has changed.
    fn swap(&self, staging: &Path, removable: &[String]) -> bool {
        if !self.place.exists() {
            return rename_new(staging, &self.place).is_ok();
        }
        keep_attributes(&self.place, staging).is_ok()
            && link_others(&self.place, staging, removable).is_ok()
            && { exchange(staging, &self.place).is_ok() }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        held().retain(|held| held.place != self.place);
        self.lock = None;
        for folder in &self.made {
            // Only an empty one goes.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    #[cfg(target_os = "linux")]
    use crate::system::attributes;

    fn file(name: &str, content: &str) -> RenderedFile {
        RenderedFile { name: name.into(), content: content.into() }
    }

    /// The record and a table of a run.
    fn run(input: &str) -> Vec<RenderedFile> {
        let record = json!({"schema": 1, "program": "cofactor", "input": {"sha256": input}});
        vec![file("a.tsv", input), file("run.json", &record.to_string())]
    }

    fn write(out: &Path, files: Vec<RenderedFile>, replace: Replace) -> Result<(), Error> {
        write_results(&mut claim(out)?, files, replace)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn results_replace_results_and_other_files_stay() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("deep/out");
        let more = [run("x"), vec![file("b.parquet", "old")]].concat();
        write(&out, more, Replace::Same).unwrap();
        fs::write(out.join("notes.txt"), "mine").unwrap();
        fs::write(out.join("features.parquet"), "mine").unwrap();
        fs::create_dir(out.join("folder")).unwrap();
        write(&out, run("x"), Replace::Same).unwrap();
        assert_eq!(names(&out), ["a.tsv", "features.parquet", "folder", "notes.txt", "run.json"]);
        assert!(matches!(write(&out, run("y"), Replace::SameInput), Err(Error::Different { .. })));
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "x");
        write(&out, run("y"), Replace::Anything).unwrap();
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "y");
        assert_eq!(names(&root.path().join("deep")), ["out"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_folder_keeps_its_mode_and_attributes() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::set_permissions(&out, fs::Permissions::from_mode(0o2751)).unwrap();
        let tagged =
            rustix::fs::setxattr(&out, "user.tag", b"mine", rustix::fs::XattrFlags::empty())
                .is_ok();
        write(&out, run("x"), Replace::Same).unwrap();
        assert_eq!(fs::metadata(&out).unwrap().mode() & 0o7777, 0o2751);
        assert_eq!(
            attributes(&out)
                .unwrap()
                .iter()
                .any(|(name, value)| name == b"user.tag" && value == b"mine"),
            tagged
        );
    }

    #[test]
    fn what_a_killed_swap_left_is_put_right() {
        let root = tempfile::tempdir().unwrap();
        let (out, staging) = (root.path().join("out"), root.path().join(".out.cofactor-1-2"));
        write(&out, run("x"), Replace::Same).unwrap();
        for (name, text) in [("a.tsv", "older"), ("notes.txt", "mine")] {
            fs::create_dir_all(&staging).unwrap();
            fs::write(staging.join(name), text).unwrap();
        }
        fs::create_dir(root.path().join(".out.cofactor-3-4")).unwrap();
        let entry = Entry {
            staging: ".out.cofactor-1-2".into(),
            within: false,
            removable: vec!["a.tsv".into()],
            complete: false,
        };
        let line = serde_json::to_string(&entry).unwrap();
        fs::write(
            root.path().join(".out.cofactor-lock"),
            format!("cofactor lock process 1 on a\n{line}\n"),
        )
        .unwrap();
        drop(claim(&out).unwrap());
        assert_eq!(names(&out), ["a.tsv", "notes.txt", "run.json"]);
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "x");
        assert_eq!(
            names(root.path()),
            [".out.cofactor-3-4", "out"],
            "what no journal names is of somebody else"
        );
    }

    #[test]
    fn files_that_were_all_written_are_moved_to_their_places_later() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        write(&out, run("x"), Replace::Same).unwrap();
        fs::create_dir(out.join(".cofactor-1-2")).unwrap();
        fs::write(out.join(".cofactor-1-2/a.tsv"), "new").unwrap();
        let entry = Entry {
            staging: ".cofactor-1-2".into(),
            within: true,
            removable: vec!["a.tsv".into()],
            complete: true,
        };
        let line = serde_json::to_string(&entry).unwrap();
        fs::write(
            root.path().join(".out.cofactor-lock"),
            format!("cofactor lock process 1 on a\n{line}\n"),
        )
        .unwrap();
        drop(claim(&out).unwrap());
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "new");
        assert_eq!(names(&out), ["a.tsv", "run.json"]);
    }

    #[test]
    fn a_failure_leaves_the_old_results_and_no_new_folder() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("deep/out");
        let bad = || [run("x"), vec![file("no/b.tsv", "x")]].concat();
        let message = write(&out, bad(), Replace::Same).unwrap_err().to_string();
        assert!(message.contains("b.tsv"), "{message}");
        assert_eq!(names(root.path()), [""; 0]);
        write(&out, run("x"), Replace::Same).unwrap();
        write(&out, bad(), Replace::Same).unwrap_err();
        assert_eq!(names(&out), ["a.tsv", "run.json"]);
        assert_eq!(names(&root.path().join("deep")), ["out"]);
    }

    #[test]
    fn single_files_replace_their_predecessors() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        write(&out, run("x"), Replace::Same).unwrap();
        write_files(&mut claim(&out).unwrap(), &[file("a.tsv", "new")], &RESULTS, Replace::Same)
            .unwrap();
        assert_eq!(fs::read_to_string(out.join("a.tsv")).unwrap(), "new");
        fs::write(out.join("b.tsv"), "mine").unwrap();
        let files = [file("b.tsv", "new")];
        assert!(write_files(&mut claim(&out).unwrap(), &files, &RESULTS, Replace::Same).is_err());
        assert_eq!(fs::read_to_string(out.join("b.tsv")).unwrap(), "mine");
        assert_eq!(names(root.path()), ["out"]);
    }
}
