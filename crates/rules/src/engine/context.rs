//! What a rule is given when it is compiled: its surroundings, and the files that it names.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cofactor_core::Tolerance;
use sha2::{Digest, Sha256};

use super::loaded_rule::LoadedRule;
use crate::lang::{Mistake, Spanned};

/// Largest file that a rule may name, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// A file that a rule has read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFile {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of the bytes that were read, hexadecimal.
    pub sha256: String,
}

/// What a rule knows of its surroundings when it is compiled.
#[derive(Debug, Clone)]
pub struct Context {
    rule_id: String,
    tolerance: Tolerance,
    span: Range<usize>,
    folder: PathBuf,
    parts: Vec<(String, Arc<LoadedRule>)>,
    files: RefCell<Vec<DataFile>>,
}

impl Context {
    pub(crate) fn new(
        rule_id: String,
        tolerance: Tolerance,
        span: Range<usize>,
        folder: PathBuf,
        parts: Vec<(String, Arc<LoadedRule>)>,
    ) -> Self {
        Self { rule_id, tolerance, span, folder, parts, files: RefCell::default() }
    }

    /// The id that its fragments carry, `pack/rule`.
    pub fn rule_id(&self) -> &str {
        &self.rule_id
    }

    /// Its id within its file, the usual name of its sets.
    pub fn name(&self) -> &str {
        self.rule_id.rsplit('/').next().unwrap_or_default()
    }

    /// The m/z tolerance of the rule.
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    /// Where the rule stands in its file, for mistakes of the rule as a whole.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The rule of an id that [`crate::RuleKind::parts`] gave.
    pub fn part(&self, id: &str) -> Option<Arc<LoadedRule>> {
        self.parts.iter().find(|(name, _)| name == id).map(|(_, rule)| Arc::clone(rule))
    }

    /// Reads a text file that the rule names; its path is relative to the rule file. Bytes that are
    /// not UTF-8 are replaced, as older libraries are often written in another encoding.
    ///
    /// # Errors
    /// A mistake at the place of the name: there is no such file, or it is larger than 1 GiB.
    pub fn read(&self, file: &Spanned<String>) -> Result<String, Mistake> {
        let path = self.folder.join(Path::new(file.as_str()));
        let wrong = |why: String| {
            Mistake::new(file.span(), format!("cannot read {}: {why}", path.display()))
                .help("the path is relative to the rule file")
        };
        let about = std::fs::metadata(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => wrong("there is no such file".to_owned()),
            _ => wrong(error.to_string()),
        })?;
        if !about.is_file() {
            return Err(wrong("it is no file".to_owned()));
        }
        if about.len() > MAX_FILE_BYTES {
            return Err(wrong("it is larger than 1 GiB".to_owned()));
        }
        let bytes = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.files.borrow_mut().push(DataFile { path, sha256 });
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The files that were read.
    pub(crate) fn into_files(self) -> Vec<DataFile> {
        self.files.into_inner()
    }
}
