//! Rule files, and packs that come with cofactor: read, compiled, and named for the record.

use std::path::{Path, PathBuf};

use cofactor_report::{InputRecord, sha256};
use cofactor_rules::{DataFile, Registry, RuleSet, RuleSource, ShippedPack};

use crate::error::Error;
use crate::files;
use crate::fingerprint::{file_name, fingerprint as fingerprint_of_file};

/// The pack that a path names; `None` if it is that of a file, also of one that begins with `@`
/// behind `./`.
pub fn shipped(path: &Path) -> Result<Option<&'static ShippedPack>, Error> {
    let named = path.to_str().and_then(ShippedPack::named);
    Ok(named.transpose()?)
}

/// Name and SHA-256 of a rule file, or of a pack that comes with cofactor.
///
/// # Errors
/// If there is no such pack, or the file cannot be read.
pub(crate) fn fingerprint(path: &Path) -> Result<InputRecord, Error> {
    match shipped(path)? {
        Some(pack) => Ok(record(path, pack.text)),
        None => Ok(fingerprint_of_file(path)?),
    }
}

fn record(path: &Path, text: &str) -> InputRecord {
    InputRecord { file_name: file_name(path), sha256: sha256(text.as_bytes()) }
}

fn source(path: &Path) -> Result<RuleSource, Error> {
    if let Some(pack) = shipped(path)? {
        return Ok(pack.source());
    }
    let text =
        files::text(path).map_err(|source| Error::Needed { role: "the rule file", source })?;
    Ok(RuleSource { name: path.display().to_string(), text })
}

/// Reads and compiles rule files, and packs as `@NAME`, with name and SHA-256 of each text as it
/// was read.
///
/// # Errors
/// If one cannot be read or does not come with cofactor, or all mistakes in them.
pub fn load(paths: &[PathBuf], registry: &Registry) -> Result<(RuleSet, Vec<InputRecord>), Error> {
    let (mut sources, mut records) = (Vec::new(), Vec::new());
    for path in paths {
        let source = source(path)?;
        records.push(record(path, &source.text));
        sources.push(source);
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
