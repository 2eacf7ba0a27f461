//! Which files in a folder are cofactor's: a marker among them says so.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::data;
use crate::folder::Error;
use crate::record::SCHEMA;

/// The longest marker that is read, bytes.
const LONGEST: u64 = 1 << 30;

/// How a folder is recognised that cofactor has written.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    /// Name of the file that tells.
    pub name: &'static str,
    /// What its text is worth: `None` if it is not of cofactor, else what it says.
    pub read: fn(&str) -> Option<Value>,
}

/// Results of `run`, `factor` and `study`; where the record is damaged, the data of the report
/// vouch for the folder.
pub const RESULTS: [Marker; 3] = [
    Marker { name: "run.json", read: record },
    Marker { name: "study.json", read: record },
    Marker { name: "report.json", read: page_data },
];

/// What earlier results may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Those of the same: input, rules and parameters.
    Same,
    /// Those of the same input.
    SameInput,
    /// All, and files of others that are where results are to be.
    Anything,
}

/// What a record says that tells it from that of another run.
const IDENTITY: [&str; 5] = ["command", "input", "rules", "parameters", "rank"];

/// A record that cofactor has written, in a layout that is known.
pub fn record(text: &str) -> Option<Value> {
    let record: Value = serde_json::from_str(text).ok()?;
    (record["program"] == "cofactor" && record["schema"] == SCHEMA).then_some(record)
}

/// The data of a page that cofactor has written, in this layout or an earlier one.
fn page_data(text: &str) -> Option<Value> {
    let data: Value = serde_json::from_str(text).ok()?;
    let is_known = data["schema"].as_u64().is_some_and(|schema| schema <= data::SCHEMA);
    (data["program"] == "cofactor" && is_known).then_some(data)
}

/// What the first of `markers` that is there says.
pub(crate) fn mark(place: &Path, markers: &[Marker]) -> Option<Value> {
    markers.iter().find_map(|marker| {
        let path = place.join(marker.name);
        let about = fs::symlink_metadata(&path).ok()?;
        let text = (about.is_file() && about.len() <= LONGEST)
            .then(|| fs::read_to_string(&path).ok())??;
        (marker.read)(&text)
    })
}

/// Names of the files that `mark` lists; `None` without a list.
pub(crate) fn listed(mark: &Value) -> Option<Vec<String>> {
    let files = mark["files"].as_object()?;
    Some(files.keys().filter(|name| is_plain(name)).cloned().collect())
}

/// Whether a name stays in its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Fails if a file of one of these names would replace anything but a result.
pub(crate) fn check(
    place: &Path,
    names: &[&str],
    markers: &[Marker],
    replace: Replace,
) -> Result<(), Error> {
    let Ok(about) = fs::metadata(place) else {
        return match fs::symlink_metadata(place) {
            Ok(_) => Err(in_the_way(place, "is a link that leads nowhere", false)),
            Err(_) => Ok(()),
        };
    };
    if !about.is_dir() {
        return Err(in_the_way(place, "is no folder", false));
    }
    let mark = mark(place, markers);
    let listed = mark.as_ref().and_then(listed);
    let is_marker = |name: &str| markers.iter().any(|marker| marker.name == name);
    let is_ours = |name: &str| {
        mark.is_some()
            && (is_marker(name)
                || listed.as_ref().is_none_or(|listed| listed.iter().any(|known| known == name)))
    };
    names.iter().try_for_each(|name| {
        let path = place.join(name);
        let Ok(about) = fs::symlink_metadata(&path) else { return Ok(()) };
        match about.file_type() {
            kind if kind.is_dir() => {
                Err(in_the_way(&path, "is a folder where a result is to be", false))
            }
            _ if replace == Replace::Anything => Ok(()),
            kind if kind.is_file() && is_ours(name) => Ok(()),
            kind if kind.is_file() => {
                Err(in_the_way(&path, "is no result that cofactor has written", true))
            }
            _ => Err(in_the_way(&path, "is no proper file", true)),
        }
    })
}

fn in_the_way(path: &Path, problem: &'static str, forceable: bool) -> Error {
    Error::InTheWay { path: path.to_owned(), problem, forceable }
}

/// Fails if the folder holds the results of another run than `new`. What `new` does not say is not
/// compared.
pub(crate) fn check_same(
    place: &Path,
    markers: &[Marker],
    new: &Value,
    replace: Replace,
) -> Result<(), Error> {
    let different = |origin| Err(Error::Different { folder: place.to_owned(), origin });
    let Some(old) = mark(place, markers).filter(|_| replace != Replace::Anything) else {
        return Ok(());
    };
    let differs = |key: &str| new.get(key).is_some() && old.get(key) != new.get(key);
    if old.get("command") != new.get("command") {
        return different("of another command");
    }
    // A run is known by its bytes, whatever it is called.
    let input = |record: &Value| record["input"].get("sha256").unwrap_or(&record["input"]).clone();
    if new.get("input").is_some() && input(&old) != input(new) {
        return different("of another input");
    }
    if replace == Replace::Same
        && IDENTITY.iter().filter(|key| **key != "input").any(|key| differs(key))
    {
        return different("from other rules or parameters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_listed_files_are_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let check = |names: &[&str], replace| check(folder.path(), names, &RESULTS, replace);
        fs::write(path("a.tsv"), "of another program").unwrap();
        assert!(check(&["b.tsv", "run.json"], Replace::Same).is_ok());
        let error = check(&["a.tsv"], Replace::SameInput).unwrap_err();
        assert!(matches!(error, Error::InTheWay { forceable: true, .. }), "{error}");
        assert!(error.to_string().contains("a.tsv is no result"), "{error}");
        assert!(check(&["a.tsv"], Replace::Anything).is_ok());
        fs::write(
            path("run.json"),
            json!({"schema": 1, "program": "cofactor", "files": {"b.tsv": {}}}).to_string(),
        )
        .unwrap();
        fs::write(path("b.tsv"), "a result").unwrap();
        assert!(check(&["b.tsv", "run.json"], Replace::Same).is_ok());
        assert!(check(&["a.tsv"], Replace::Same).is_err());
        fs::create_dir(path("c.tsv")).unwrap();
        assert!(check(&["c.tsv"], Replace::Anything).is_err());
        fs::write(path("run.json"), json!({"schema": 1, "program": "other"}).to_string()).unwrap();
        assert!(check(&["b.tsv"], Replace::Same).is_err());
    }

    #[test]
    fn data_of_the_page_vouch_for_a_damaged_record() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run.json"), "{").unwrap();
        fs::write(folder.path().join("a.tsv"), "a result").unwrap();
        for (schema, is_ours) in [(1, true), (data::SCHEMA, true), (data::SCHEMA + 1, false)] {
            let text = json!({"schema": schema, "program": "cofactor"}).to_string();
            fs::write(folder.path().join("report.json"), text).unwrap();
            let checked = check(folder.path(), &["a.tsv"], &RESULTS, Replace::Same);
            assert_eq!(checked.is_ok(), is_ours, "{schema}");
        }
    }

    #[test]
    fn names_that_leave_the_folder_are_not_believed() {
        let files = json!({"files": {"../a": 1, "/etc/b": 1, ".hidden": 1, "": 1, "c.tsv": 1}});
        assert_eq!(listed(&files), Some(vec!["c.tsv".to_owned()]));
    }

    #[test]
    fn another_run_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let old = json!({"schema": 1, "program": "cofactor", "input": {"sha256": "a"},
            "rules": [], "parameters": 1});
        fs::write(folder.path().join("run.json"), old.to_string()).unwrap();
        let agrees =
            |new: Value, replace| check_same(folder.path(), &RESULTS, &new, replace).is_ok();
        assert!(agrees(old.clone(), Replace::Same));
        let mut new = old.clone();
        new["parameters"] = json!(2);
        assert!(!agrees(new.clone(), Replace::Same) && agrees(new.clone(), Replace::SameInput));
        new["input"] = json!({"sha256": "b"});
        assert!(!agrees(new.clone(), Replace::SameInput) && agrees(new, Replace::Anything));
    }
}
