//! `study.json`: what was done to which runs, enough to repeat the study.

use cofactor_core::StudyRun;
use serde_json::{Value, json};

use crate::folder::Error;
use crate::record::{InputRecord, RunRecord, SCHEMA, StageRecord, stage_values};
use crate::seal::sha256;

/// What the records and the data of a study call what made them.
pub(crate) const COMMAND: &str = "study";

/// The record of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyRecord {
    /// Version of the program.
    pub version: String,
    /// What the study is called, such as the name of its folder. Of a single run the name of its
    /// file stands in all files.
    pub name: String,
    /// The files of the runs, in their order in [`cofactor_core::Study::runs`].
    pub inputs: Vec<InputRecord>,
    /// The rule files, in the order they were given; empty for the built-in open rule.
    pub rules: Vec<InputRecord>,
    /// Where the runs and the rule files were: `runs` and `rules`, absolute paths.
    pub paths: Value,
    /// Every parameter that shaped the result.
    pub parameters: Value,
    /// What the runs are: kind, channels, noise; as in the record of a run.
    pub run: Value,
    /// The stages.
    pub stages: Vec<StageRecord>,
    /// Threads used; the result does not depend on them.
    pub threads: usize,
    /// What was odd, one sentence each.
    pub warnings: Vec<String>,
}

impl StudyRecord {
    /// What spectra are said to be from: of a single run its file, else the study, known by the
    /// hash of the hashes of its runs.
    pub(crate) fn source(&self) -> InputRecord {
        match self.inputs.as_slice() {
            [input] => input.clone(),
            inputs => InputRecord {
                file_name: self.name.clone(),
                sha256: sha256(
                    inputs.iter().map(|i| i.sha256.as_str()).collect::<String>().as_bytes(),
                ),
            },
        }
    }

    /// The record for what is written of a study as of a run.
    pub fn as_run(&self) -> RunRecord {
        RunRecord {
            version: self.version.clone(),
            input: self.source(),
            rules: self.rules.clone(),
            paths: self.paths.clone(),
            parameters: self.parameters.clone(),
            run: self.run.clone(),
            stages: self.stages.clone(),
            threads: self.threads,
            warnings: self.warnings.clone(),
        }
    }

    pub(crate) fn to_json(&self, runs: &[StudyRun]) -> Result<String, Error> {
        let whole = json!({
            "schema": SCHEMA,
            "program": "cofactor",
            "command": COMMAND,
            "version": self.version,
            "name": self.name,
            "input": self.inputs,
            "runs": runs.iter().map(run).collect::<Vec<Value>>(),
            "rules": self.rules,
            "paths": self.paths,
            "parameters": self.parameters,
            "run": self.run,
            "stages": stage_values(&self.stages),
            "threads": self.threads,
            "warnings": self.warnings,
        });
        let mut text = serde_json::to_string_pretty(&whole)?;
        text.push('\n');
        Ok(text)
    }
}

/// What was said of the sample of a run, and what came of it.
fn run(run: &StudyRun) -> Value {
    let sample = &run.sample;
    json!({
        "name": sample.name,
        "file_name": run.file_name,
        "type": sample.kind,
        "group": sample.group,
        "batch": sample.batch,
        "order": sample.order,
        "left_out": run.left_out,
    })
}
