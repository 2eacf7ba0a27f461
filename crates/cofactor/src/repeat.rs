//! `cofactor run --from run.json`: the run, the rules and the parameters of a record; and whether a
//! folder holds the results of a task already.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use cofactor_report::{InputRecord, is_whole};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::batch::Counts;
use crate::config::Config;
use crate::failure::Failure;
use crate::input;
use crate::output::tell;
use crate::pipeline::{Task, fingerprint};

/// What of run.json says how to repeat it.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    version: String,
    input: InputRecord,
    rules: Vec<InputRecord>,
    paths: Paths,
    pub(crate) parameters: Parameters,
}

#[derive(Debug, Deserialize)]
struct Paths {
    run: PathBuf,
    rules: Vec<PathBuf>,
}

/// The parameters of a run.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    pub(crate) config: Config,
    pub(crate) rt_seconds: Option<(f64, f64)>,
    pub(crate) mz: Option<(f64, f64)>,
    pub(crate) allow_truncated: bool,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// If it cannot be read or is none.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = input::text(path);
        let record: Self = serde_json::from_str(&text.map_err(Failure::Input)?)
            .with_context(|| {
                format!(
                    "{} is no run.json that `cofactor run` of this version has written",
                    path.display()
                )
            })
            .map_err(Failure::Input)?;
        if record.version != env!("CARGO_PKG_VERSION") {
            tell(&format!(
                "warning: {} was written by version {}, this is {}; results may differ",
                path.display(),
                record.version,
                env!("CARGO_PKG_VERSION")
            ));
        }
        Ok(record)
    }

    /// The run: `given` if it has moved. It must be the same file.
    ///
    /// # Errors
    /// If it is not there or has changed.
    pub(crate) fn run(&self, given: &[PathBuf]) -> Result<PathBuf, Failure> {
        let path = match given {
            [] => &self.paths.run,
            [path] => path,
            _ => {
                return Err(Failure::Input(anyhow!(
                    "--from repeats one run; {} are given",
                    given.len()
                )));
            }
        };
        same(path, &self.input).map(|()| path.clone())
    }

    /// The rule files, which must be the same.
    ///
    /// # Errors
    /// If one is not there or has changed.
    pub(crate) fn rules(&self) -> Result<Vec<PathBuf>, Failure> {
        self.paths
            .rules
            .iter()
            .zip(&self.rules)
            .try_for_each(|(path, record)| same(path, record))?;
        Ok(self.paths.rules.clone())
    }

    /// Fails unless these are the rule files of the record and what they read.
    pub(crate) fn same_rules(&self, found: &[InputRecord]) -> Result<(), Failure> {
        match self.rules.iter().find(|record| !found.contains(record)) {
            None => Ok(()),
            Some(record) => Err(Failure::Input(anyhow!(
                "{} is not the file of the record any more: its SHA-256 was {}",
                record.file_name,
                record.sha256
            ))),
        }
    }
}

fn same(path: &Path, record: &InputRecord) -> Result<(), Failure> {
    let found = fingerprint(path)?;
    if found.sha256 == record.sha256 {
        return Ok(());
    }
    Err(Failure::Input(anyhow!(
        "{} is not the file of the record any more: its SHA-256 is {}, and was {}. Give the file \
         that it was, or run without --from",
        path.display(),
        found.sha256,
        record.sha256
    )))
}

/// What is known of the record of a task before it is processed; with `input` also which file it
/// is.
///
/// # Errors
/// If the parameters cannot be written as JSON.
pub(crate) fn known(task: &Task, input: bool) -> Result<Value, Failure> {
    // Written and read again, as a record is.
    let parameters: Value =
        serde_json::from_str(&task.parameters().to_string()).map_err(Failure::machine)?;
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
pub(crate) fn is_done(known: &Value, folder: &Path, record: &Value, names: &[&str]) -> bool {
    let told = |key: &str| record.get(key).cloned().unwrap_or_default();
    told("version") == env!("CARGO_PKG_VERSION")
        && told("parameters") == known["parameters"]
        && told("rules") == known["rules"]
        && known["input"]["sha256"].is_string()
        && record["input"]["sha256"] == known["input"]["sha256"]
        && is_whole(folder, record, names)
}

/// What a run gave, as its record has it.
pub(crate) fn kept_counts(record: &Value) -> Counts {
    let stages: Vec<&Value> = record["stages"].as_array().into_iter().flatten().collect();
    let count = |name: &str| {
        let last = stages.iter().rev().find_map(|stage| stage["counts"][name].as_u64());
        last.and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
    };
    Counts {
        features: count("features"),
        spectra: count("spectra"),
        warnings: record["warnings"].as_array().map_or(0, Vec::len),
        seconds: stages.iter().filter_map(|stage| stage["seconds"].as_f64()).sum(),
    }
}
