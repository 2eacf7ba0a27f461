//! `run.json`: what was done to what, enough to repeat the run.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::folder::Error;

/// Version of the layout of the result folder.
pub(crate) const SCHEMA: u32 = 1;

/// A file that went in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputRecord {
    /// File name without folders.
    pub file_name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// One stage of the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageRecord {
    /// Name.
    pub name: String,
    /// What it produced, as name and number.
    pub counts: Vec<(String, usize)>,
    /// Wall time.
    pub seconds: f64,
}

impl StageRecord {
    /// A stage with what it produced.
    pub fn new(name: &str, counts: &[(&str, usize)], seconds: f64) -> Self {
        let counts = counts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        Self { name: name.to_owned(), counts, seconds }
    }
}

/// The record of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord {
    /// Version of the program.
    pub version: String,
    /// The run file.
    pub input: InputRecord,
    /// The rule files, in the order they were given; empty for the built-in open rule.
    pub rules: Vec<InputRecord>,
    /// Where the run and the rule files were: `run` and `rules`, absolute paths.
    pub paths: Value,
    /// Every parameter that shaped the result.
    pub parameters: Value,
    /// What the run is: kind, channels, noise.
    pub run: Value,
    /// The stages.
    pub stages: Vec<StageRecord>,
    /// Threads used; the result does not depend on them.
    pub threads: usize,
    /// What was odd, one sentence each.
    pub warnings: Vec<String>,
}

impl RunRecord {
    pub(crate) fn to_json(&self) -> Result<String, Error> {
        let whole = serde_json::json!({
            "schema": SCHEMA,
            "program": "cofactor",
            "version": self.version,
            "input": self.input,
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

/// The stages as the records have them.
pub(crate) fn stage_values(stages: &[StageRecord]) -> Vec<Value> {
    stages.iter().map(stage_value).collect()
}

fn stage_value(stage: &StageRecord) -> Value {
    let counts: serde_json::Map<String, Value> =
        stage.counts.iter().map(|(name, n)| (name.clone(), Value::from(*n))).collect();
    serde_json::json!({ "name": stage.name, "counts": counts,
        "seconds": (stage.seconds * 1e3).round() / 1e3 })
}
