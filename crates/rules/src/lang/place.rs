//! Where a key of a document is: in a table, or above all of them.

use std::fmt;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The place of a key in a document of keys and tables of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Name of the table; empty for a key above all tables.
    pub table: &'static str,
    /// The key.
    pub key: &'static str,
}

type KeyValue<'e, 'd> = (&'e Spanned<DeString<'d>>, &'e Spanned<DeValue<'d>>);

impl Place {
    /// A key of a table.
    pub const fn new(table: &'static str, key: &'static str) -> Self {
        Self { table, key }
    }

    /// What a document has there: the key and its value.
    pub(crate) fn entry<'e, 'd>(self, document: &'e DeTable<'d>) -> Option<KeyValue<'e, 'd>> {
        if self.table.is_empty() {
            return document.get_key_value(self.key);
        }
        match document.get(self.table)?.get_ref() {
            DeValue::Table(table) => table.get_key_value(self.key),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table {
            "" => f.write_str(self.key),
            table => write!(f, "{table}.{}", self.key),
        }
    }
}
