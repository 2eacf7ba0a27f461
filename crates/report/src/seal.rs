//! Sizes and hashes of the files of a result folder, in its record: whether one was cut,
//! emptied or replaced later.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::folder::{Error, RenderedFile};

/// The records of a run and of a study.
const RECORDS: [&str; 2] = ["run.json", "study.json"];

/// SHA-256 of bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes))
}

fn hexadecimal(digest: impl IntoIterator<Item = u8>) -> String {
    digest.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_record(name: &str) -> bool {
    RECORDS.contains(&name)
}

pub(crate) fn is_sealed_file(file: &RenderedFile) -> bool {
    is_record(&file.name)
}

/// Writes `files` into the record among them: name, bytes and SHA-256 of every other file.
pub(crate) fn seal(mut files: Vec<RenderedFile>) -> Result<Vec<RenderedFile>, Error> {
    let mut sealed: Vec<(&str, Value)> = files
        .iter()
        .filter(|file| !is_sealed_file(file))
        .map(|file| {
            (
                file.name.as_str(),
                json!({ "bytes": file.content.len(), "sha256": sha256(&file.content) }),
            )
        })
        .collect();
    sealed.sort_by_key(|(name, _)| *name);
    let sealed: Map<String, Value> =
        sealed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if let Some(record) = files.iter_mut().find(|file| is_sealed_file(file)) {
        let mut whole: Map<String, Value> = serde_json::from_slice(&record.content)?;
        whole.insert("files".to_owned(), Value::Object(sealed));
        record.content = serde_json::to_vec_pretty(&whole)?;
        record.content.push(b'\n');
    }
    Ok(files)
}

/// Whether every file that a record lists is in `folder`, as it was written, and all of `needed`
/// are listed.
pub fn is_whole(folder: &Path, record: &Value, needed: &[&str]) -> bool {
    let Some(files) = record["files"].as_object() else { return false };
    needed.iter().all(|name| is_record(name) || files.contains_key(*name))
        && files.iter().all(|(name, about)| {
            let path = folder.join(name);
            let is_file = fs::symlink_metadata(&path)
                .is_ok_and(|found| found.is_file() && Some(found.len()) == about["bytes"].as_u64());
            is_file && hash_file(&path).is_ok_and(|hash| about["sha256"] == hash.as_str())
        })
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_emptied_or_replaced_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file =
            |name: &str, text: &str| RenderedFile { name: name.into(), content: text.into() };
        let files = seal(vec![file("a.tsv", "text"), file("run.json", "{\"schema\": 1}")]).unwrap();
        let record: Value = serde_json::from_slice(&files[1].content).unwrap();
        assert_eq!(record["files"]["a.tsv"]["bytes"], 4);
        let path = folder.path().join("a.tsv");
        for (text, whole) in [("text", true), ("tex", false), ("", false), ("tent", false)] {
            fs::write(&path, text).unwrap();
            assert_eq!(is_whole(folder.path(), &record, &["a.tsv", "run.json"]), whole, "{text}");
        }
        fs::write(&path, "text").unwrap();
        assert!(!is_whole(folder.path(), &record, &["b.tsv"]));
        fs::remove_file(&path).unwrap();
        assert!(!is_whole(folder.path(), &record, &["a.tsv"]));
    }
}
