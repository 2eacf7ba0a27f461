//! Rule files: read, compiled, and named for the record.

use std::path::PathBuf;

use cofactor_report::{InputRecord, sha256};
use cofactor_rules::{DataFile, Registry, RuleSet, RuleSource};

use crate::error::Error;
use crate::files;
use crate::fingerprint::file_name;

/// Reads and compiles rule files, with name and SHA-256 of each text as it was read.
///
/// # Errors
/// If one cannot be read, or all mistakes in them.
pub fn load(paths: &[PathBuf], registry: &Registry) -> Result<(RuleSet, Vec<InputRecord>), Error> {
    let (mut sources, mut records) = (Vec::new(), Vec::new());
    for path in paths {
        let text =
            files::text(path).map_err(|source| Error::Needed { role: "the rule file", source })?;
        records.push(InputRecord { file_name: file_name(path), sha256: sha256(text.as_bytes()) });
        sources.push(RuleSource { name: path.display().to_string(), text });
    }
    Ok((registry.load(&sources)?, records))
}

/// The rules of a run, with the files that the rules themselves read; without any that is about
/// fragments those that allow every fragment below the precursor. With `chemistry` the loss
/// statistics that come with cofactor count too, for polarities that have none.
///
/// # Errors
/// As [`load`].
pub fn load_or_open(
    paths: &[PathBuf],
    registry: &Registry,
    chemistry: bool,
) -> Result<(RuleSet, Vec<InputRecord>), Error> {
    let (rules, mut records) = load(paths, registry)?;
    let of_data = |file: &DataFile| InputRecord {
        file_name: file_name(&file.path),
        sha256: file.sha256.clone(),
    };
    records.extend(rules.data_files().iter().map(of_data));
    let rules = if rules.gives_fragments() { rules } else { rules.and_open() };
    Ok((if chemistry { rules.with_losses()? } else { rules }, records))
}
