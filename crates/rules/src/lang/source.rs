//! The text of a rule file.

use std::io;
use std::path::Path;

/// The text of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSource {
    /// Path or name, for messages.
    pub name: String,
    /// The TOML text.
    pub text: String,
}

impl RuleSource {
    /// A rule file that is already in memory.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Reads a rule file.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(Self { name: path.display().to_string(), text: std::fs::read_to_string(path)? })
    }
}
