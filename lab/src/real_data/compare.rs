//! Whether two folders of results are the same, byte by byte; in `run.json` the fields `seconds`
//! and `threads` may differ.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// The differences, as lines for people; none where the folders agree.
pub(super) fn differences(a: &Path, b: &Path) -> Result<Vec<String>> {
    let (left, right) = (files(a)?, files(b)?);
    let mut found: Vec<String> = left
        .symmetric_difference(&right)
        .map(|file| format!("{} is in one of the folders only", file.display()))
        .collect();
    for file in left.intersection(&right) {
        let (x, y) = (std::fs::read(a.join(file))?, std::fs::read(b.join(file))?);
        let is_equal = if file.file_name().is_some_and(|name| name == "run.json") {
            timeless(&x)? == timeless(&y)?
        } else {
            x == y
        };
        if !is_equal {
            let line =
                x.split(|&c| c == b'\n').zip(y.split(|&c| c == b'\n')).position(|(x, y)| x != y);
            found.push(match line {
                Some(line) => format!("{} differs from line {} on", file.display(), line + 1),
                None => format!("{} is longer in one of the folders", file.display()),
            });
        }
    }
    Ok(found)
}

/// Every file below a folder, relative to it.
pub(super) fn files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let entries =
            std::fs::read_dir(&next).with_context(|| format!("cannot list {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(path.strip_prefix(folder)?.to_owned());
            }
        }
    }
    Ok(found)
}

/// The run record without what may differ.
fn timeless(text: &[u8]) -> Result<Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| name != "seconds" && name != "threads");
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_slice(text).context("run.json is not JSON")?;
    strip(&mut value);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn only_times_and_threads_may_differ() {
        let a = folder(&[
            ("run.json", r#"{"threads": 1, "stages": [{"seconds": 1, "n": 2}]}"#),
            ("x/a.tsv", "1\n"),
        ]);
        let b = folder(&[
            ("run.json", r#"{"threads": 2, "stages": [{"seconds": 9, "n": 2}]}"#),
            ("x/a.tsv", "1\n"),
        ]);
        assert!(differences(a.path(), b.path()).unwrap().is_empty());
        let c = folder(&[
            ("run.json", r#"{"stages": [{"n": 3}]}"#),
            ("x/a.tsv", "1\n2\n"),
            ("new", ""),
        ]);
        let found = differences(a.path(), c.path()).unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found.contains(&format!("{} differs from line 2 on", Path::new("x/a.tsv").display()))
        );
    }
}
