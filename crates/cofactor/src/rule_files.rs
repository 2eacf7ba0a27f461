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
/// was read. A spectral library (`.msp`, `.mgf`) stands for rules of its own: each of its spectra
/// is a candidate, and any fragment is allowed besides.
///
/// # Errors
/// If one cannot be read or does not come with cofactor, or all mistakes in them.
pub fn load(paths: &[PathBuf], registry: &Registry) -> Result<(RuleSet, Vec<InputRecord>), Error> {
    let (mut sources, mut records, mut libraries) = (Vec::new(), Vec::new(), 0);
    for path in paths {
        let mut source = source(path)?;
        records.push(record(path, &source.text));
        if is_library(path) {
            libraries += 1;
            source.text = library_rules(path, libraries);
        }
        sources.push(source);
    }
    Ok((registry.load(&sources)?, records))
}

/// Whether a file is a spectral library by its name.
pub fn is_library(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ["msp", "mgf"].contains(&extension.as_str())
}

/// The rules that the `number`-th library, beside them, stands for.
fn library_rules(path: &Path, number: usize) -> String {
    let name = if number == 1 { "library".to_owned() } else { format!("library-{number}") };
    // A JSON string is a TOML string.
    let file = serde_json::Value::from(file_name(path));
    format!(
        "schema = 1\nname = \"{name}\"\n\n[[rule]]\nid = \"any\"\nkind = \"open\"\n\n\
         [[rule]]\nid = \"spectra\"\nkind = \"library\"\nfile = {file}\n"
    )
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
    for record in rules.data_files().iter().map(of_data) {
        if !records.contains(&record) {
            records.push(record);
        }
    }
    let rules = if rules.gives_fragments() { rules } else { rules.and_open() };
    Ok((if chemistry { rules.with_losses()? } else { rules }, records))
}

/// Where a rule file is; a pack that comes with cofactor is nowhere else.
pub(crate) fn rule_path(path: &Path) -> String {
    match shipped(path) {
        Ok(Some(pack)) => pack.source().name,
        Ok(None) | Err(_) => absolute(path),
    }
}

/// The whole path as text; what is none in it is replaced.
pub(crate) fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use cofactor_core::{Polarity, Precursor};

    use super::*;

    #[test]
    fn a_library_is_rules_with_any_fragment_besides() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/tests/data");
        let paths = [data.join("massbank.msp"), data.join("small.mgf")];
        let (rules, files) = load_or_open(&paths, &Registry::builtin(), false).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.file_name.as_str()).collect();
        assert_eq!(names, ["massbank.msp", "small.mgf"]);
        let polarity = Polarity::Positive;
        let precursor =
            Precursor { mz: 181.0495, charge: 1, polarity, adduct: None, rt_seconds: None };
        let found = rules.candidates(&precursor).unwrap();
        assert_eq!(found.len(), 2, "two energies");
        assert!(found.iter().all(|set| set.open_up_to.is_some() && !set.fragments.is_empty()));
    }
}
