//! `cofactor run --from run.json`: the run, the rules and the parameters of a record; and whether a folder holds the results of a
//! task already.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use cofactor_report::InputRecord;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Config;
use crate::failure::Failure;
use crate::input;
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
                format!("{} is no run.json that `cofactor run` of this version has written", path.display())
            })
            .map_err(Failure::Input)?;
        if record.version != env!("CARGO_PKG_VERSION") {
            eprintln!(
                "warning: {} was written by version {}, this is {}; results may differ",
                path.display(),
                record.version,
                env!("CARGO_PKG_VERSION")
            );
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
            _ => return Err(Failure::Input(anyhow!("--from repeats one run; {} are given", given.len()))),
        };
        same(path, &self.input).map(|()| path.clone())
    }

    /// The rule files, which must be the same.
    ///
    /// # Errors
    /// If one is not there or has changed.
    pub(crate) fn rules(&self) -> Result<Vec<PathBuf>, Failure> {
        self.paths.rules.iter().zip(&self.rules).try_for_each(|(path, record)| same(path, record))?;
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
        "{} is not the file of the record any more: its SHA-256 is {}, and was {}. Give the file that it was, or run without --from",
        path.display(),
        found.sha256,
        record.sha256
    )))
}

/// Whether `folder` holds the results of the task already. Results are whole wherever there is a run.json.
///
/// # Errors
/// If the run cannot be read.
pub(crate) fn is_done(task: &Task, folder: &Path) -> Result<bool, Failure> {
    let Ok(text) = input::text(&folder.join("run.json")) else {
        return Ok(false);
    };
    let Ok(record) = serde_json::from_str::<Value>(&text) else {
        return Ok(false);
    };
    let told = |key: &str| record.get(key).cloned().unwrap_or_default();
    // Written and read again, as the record was.
    let parameters: Value = serde_json::from_str(&task.parameters().to_string()).map_err(Failure::machine)?;
    Ok(told("version") == env!("CARGO_PKG_VERSION")
        && told("parameters") == parameters
        && told("rules") == json!(task.rule_files)
        && record["input"]["sha256"] == json!(fingerprint(task.path)?.sha256))
}
