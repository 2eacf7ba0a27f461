//! Which runs are given, and the result folder of each.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use cofactor_report::{PARQUET_FILES, RESULT_FILES};

use crate::batch::BATCH_FILE;
use crate::error::Error;

/// The runs, each once: a folder stands for every `*.mzML` and `*.mzML.gz` in it, in the order of
/// their names. And whether each has a folder of its own in the result folder.
///
/// # Errors
/// If a folder cannot be read or holds no run.
pub fn expand(given: &[PathBuf]) -> Result<(Vec<PathBuf>, bool), Error> {
    let mut runs: Vec<PathBuf> = Vec::new();
    let mut several = given.len() > 1;
    for path in given {
        if !path.is_dir() {
            runs.push(path.clone());
            continue;
        }
        several = true;
        let inside = inside(path).map_err(|source| Error::Folder { path: path.clone(), source })?;
        if inside.is_empty() {
            return Err(cofactor_mzml::Error::Folder { path: path.clone() }.into());
        }
        runs.extend(inside);
    }
    let mut seen = Vec::new();
    runs.retain(|run| {
        let known = fs::canonicalize(run).unwrap_or_else(|_| run.clone());
        let new = !seen.contains(&known);
        seen.push(known);
        new
    });
    Ok((runs, several))
}

fn inside(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut runs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // What macOS keeps beside a file on a foreign disk.
        let hidden =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"._"));
        if !hidden && stem(&path).len() < path.file_name().map_or(0, OsStr::len) && path.is_file() {
            runs.push(path);
        }
    }
    runs.sort();
    Ok(runs)
}

/// The file name without `.mzML` or `.mzML.gz`; the whole name if it ends otherwise.
fn stem(run: &Path) -> &OsStr {
    let ends_in =
        |path: &Path, end: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(end));
    let whole = run.file_name().unwrap_or(run.as_os_str());
    let unpacked = if ends_in(run, "gz") { run.file_stem().unwrap_or(whole) } else { whole };
    if ends_in(Path::new(unpacked), "mzML") {
        Path::new(unpacked).file_stem().unwrap_or(whole)
    } else {
        whole
    }
}

/// A sub-folder of `out` for each run, named after it: never outside of `out`, hidden, or called
/// like a result. Runs of one name are told apart by their folders.
pub fn folders(runs: &[PathBuf], out: &Path) -> Vec<PathBuf> {
    let names: Vec<OsString> = runs.iter().map(|run| safe(stem(run))).collect();
    let folded = |name: &OsStr| name.to_string_lossy().to_lowercase();
    let alone =
        |name: &OsStr| names.iter().filter(|known| folded(known) == folded(name)).count() == 1;
    let mut taken: HashSet<String> =
        names.iter().filter(|name| alone(name)).map(|name| folded(name)).collect();
    let mut chosen: Vec<OsString> = Vec::new();
    for (run, name) in runs.iter().zip(&names) {
        if alone(name) {
            chosen.push(name.clone());
            continue;
        }
        let absolute = std::path::absolute(run).unwrap_or_else(|_| run.clone());
        let mut longer = name.clone();
        longer.push("-");
        longer.push(absolute.parent().and_then(Path::file_name).unwrap_or_default());
        let numbered = (2..).map(|number| {
            let mut name = longer.clone();
            name.push(format!("-{number}"));
            name
        });
        let free =
            [longer.clone()].into_iter().chain(numbered).find(|name| taken.insert(folded(name)));
        chosen.extend(free);
    }
    chosen.into_iter().map(|name| out.join(name)).collect()
}

/// A name for a folder: not hidden, `.` or `..`, and not that of a result.
fn safe(stem: &OsStr) -> OsString {
    let text = stem.to_string_lossy();
    let taken = RESULT_FILES
        .iter()
        .chain(&PARQUET_FILES)
        .chain(&[BATCH_FILE])
        .any(|name| text.eq_ignore_ascii_case(name));
    let mut name = OsString::new();
    if taken || text.starts_with('.') || text.is_empty() {
        name.push("run-");
    }
    name.push(stem);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(runs: &[&str]) -> Vec<String> {
        let runs: Vec<PathBuf> = runs.iter().map(PathBuf::from).collect();
        let folders = folders(&runs, Path::new("out"));
        folders
            .iter()
            .map(|folder| folder.strip_prefix("out").unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn every_run_has_a_folder_of_its_own_inside() {
        assert_eq!(names(&["a.mzML", "d/b.MZML.GZ", "c.gz"]), ["a", "b", "c.gz"]);
        assert_eq!(names(&["x/a.mzML", "y/a.mzML.gz", "y/b.mzML"]), ["a-x", "a-y", "b"]);
        assert_eq!(names(&["1/x/a.mzML", "2/x/a.mzML"]), ["a-x", "a-x-2"]);
        assert_eq!(names(&["x/a.mzML", "y/A.mzML"]), ["a-x", "A-y"]);
        assert_eq!(names(&["x/a.mzML", "y/a.mzML", "a-x.mzML"]), ["a-x-2", "a-y", "a-x"]);
        assert_eq!(names(&["...mzML", ".mzML", "....mzML.gz"]), ["run-..", "run-.mzML", "run-..."]);
        assert_eq!(names(&["run.json.mzML", "batch.tsv.mzML"]), ["run-run.json", "run-batch.tsv"]);
    }

    #[test]
    fn a_folder_stands_for_its_runs() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.mzML", "a.mzML.gz", "._b.mzML", "notes.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let (runs, several) =
            expand(&[folder.path().to_owned(), folder.path().join("b.mzML")]).unwrap();
        assert_eq!(runs, ["a.mzML.gz", "b.mzML"].map(|name| folder.path().join(name)));
        assert!(several);
        assert!(!expand(&["a.mzML".into()]).unwrap().1);
    }
}
