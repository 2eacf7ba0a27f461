//! To repeat a run: the file, the rules and the parameters of its record; and whether a folder
//! holds the results of a task already.

use std::path::{Path, PathBuf};

use cofactor_report::{InputRecord, is_whole};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::batch::Counts;
use crate::config::Config;
use crate::error::Error;
use crate::files;
use crate::fingerprint::fingerprint;
use crate::former::{Former, without_gone};
use crate::pipeline::Task;
use crate::rule_files;

/// What of run.json says how to repeat it.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// Version of cofactor that has written it.
    pub version: String,
    input: InputRecord,
    rules: Vec<InputRecord>,
    paths: Paths,
    /// The parameters.
    pub parameters: Parameters,
    #[serde(skip)]
    path: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Paths {
    run: PathBuf,
    rules: Vec<PathBuf>,
}

/// The parameters of a run.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    config: Value,
    /// The scans that were read: retention times, seconds.
    pub rt_seconds: Option<(f64, f64)>,
    /// The precursors that were reported: m/z.
    pub mz: Option<(f64, f64)>,
    /// Whether a part of a file was enough.
    pub allow_truncated: bool,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// If it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = files::text(path)?;
        match serde_json::from_str(&text) {
            Ok(record) => Ok(Self { path: path.to_owned(), ..record }),
            Err(source) => Err(Error::Record { path: path.to_owned(), source }),
        }
    }

    /// The parameters of the stages, also where they are written as before.
    ///
    /// # Errors
    /// If they are none, or were two of what is one now, with different values.
    pub fn config(&self) -> Result<Config, Error> {
        let unread = |source| Error::Record { path: self.path.clone(), source };
        let config = &without_gone(&self.parameters.config);
        if !Former::is(config) {
            return Config::deserialize(config).map_err(unread);
        }
        Former::deserialize(config)
            .map_err(unread)?
            .config()
            .map_err(|differing| Error::FormerRecord { path: self.path.clone(), differing })
    }

    /// The run: the file of the record, or `moved` to where it is now. It must be the same.
    ///
    /// # Errors
    /// If it is not there or has changed.
    pub fn run(&self, moved: Option<&Path>) -> Result<PathBuf, Error> {
        let path = moved.unwrap_or(&self.paths.run);
        check_unchanged(path, fingerprint(path)?, &self.input).map(|()| path.to_owned())
    }

    /// The rule files, which must be the same, and packs as `@NAME`.
    ///
    /// # Errors
    /// If one is not there or has changed.
    pub fn rules(&self) -> Result<Vec<PathBuf>, Error> {
        for (path, record) in self.paths.rules.iter().zip(&self.rules) {
            check_unchanged(path, rule_files::fingerprint(path)?, record)?;
        }
        Ok(self.paths.rules.clone())
    }

    /// Whether these are the rule files of the record and what they read.
    ///
    /// # Errors
    /// If one of the record is not among them.
    pub fn same_rules(&self, found: &[InputRecord]) -> Result<(), Error> {
        match self.rules.iter().find(|record| !found.contains(record)) {
            None => Ok(()),
            Some(record) => Err(Error::RuleChanged {
                file_name: record.file_name.clone(),
                recorded: record.sha256.clone(),
            }),
        }
    }
}

fn check_unchanged(path: &Path, found: InputRecord, record: &InputRecord) -> Result<(), Error> {
    if found.sha256 == record.sha256 {
        return Ok(());
    }
    Err(Error::Changed {
        path: path.to_owned(),
        found: found.sha256,
        recorded: record.sha256.clone(),
    })
}

/// What is known of the record of a task before it is processed; with `input` also which file it
/// is.
///
/// # Errors
/// If the parameters cannot be written as JSON.
pub fn known(task: &Task, input: bool) -> Result<Value, Error> {
    // Written and read again, as a record is.
    let parameters: Value =
        serde_json::from_str(&task.parameters().to_string()).map_err(Error::Json)?;
    let mut known = json!({ "rules": task.rule_files, "parameters": parameters });
    // What cannot be read is told when it is processed.
    if let Some(found) =
        (input && task.path.is_file()).then(|| fingerprint(task.path).ok()).flatten()
    {
        known["input"] = json!(found);
    }
    Ok(known)
}

/// Whether `folder` holds the results of a task, as they were written: those of its `record`, and
/// all of `names`.
pub fn is_done(known: &Value, folder: &Path, record: &Value, names: &[&str]) -> bool {
    let told = |key: &str| record.get(key).cloned().unwrap_or_default();
    told("version") == env!("CARGO_PKG_VERSION")
        && told("parameters") == known["parameters"]
        && told("rules") == known["rules"]
        && known["input"]["sha256"].is_string()
        && record["input"]["sha256"] == known["input"]["sha256"]
        && is_whole(folder, record, names)
}

/// What a run gave, as its record has it.
pub fn kept_counts(record: &Value) -> Counts {
    let stages: Vec<&Value> = record["stages"].as_array().into_iter().flatten().collect();
    let count = |name: &str| {
        let last = stages.iter().rev().find_map(|stage| stage["counts"][name].as_u64());
        last.and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
    };
    Counts {
        compounds: count("compounds"),
        features: count("features"),
        spectra: count("spectra"),
        warnings: record["warnings"].as_array().map_or(0, Vec::len),
        seconds: stages.iter().filter_map(|stage| stage["seconds"].as_f64()).sum(),
    }
}
