//! Tables that a result folder has, read back: tab-separated, with a header.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use cofactor_report::outside::unquoted;

use crate::error::Error;
use crate::files;

/// A tab-separated table with a header.
pub(crate) struct Table {
    path: PathBuf,
    text: String,
}

impl Table {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), text: files::text(path)? })
    }

    /// Its columns.
    pub(crate) fn columns(&self) -> Vec<&str> {
        self.text.lines().next().unwrap_or_default().split('\t').map(unquoted).collect()
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let header = self.columns();
        let lines = (2..).zip(self.text.lines().skip(1));
        lines.map(move |(number, text)| Line {
            path: &self.path,
            number,
            cells: header.iter().copied().zip(text.split('\t')).collect(),
        })
    }
}

/// A line of a table: its cells under their columns.
pub(crate) struct Line<'a> {
    path: &'a Path,
    number: usize,
    cells: Vec<(&'a str, &'a str)>,
}

impl<'a> Line<'a> {
    pub(crate) fn text(&self, column: &str) -> Result<&'a str, Error> {
        let cell = self.cells.iter().find(|cell| cell.0 == column);
        cell.map(|cell| unquoted(cell.1)).ok_or_else(|| Error::Column {
            path: self.path.to_owned(),
            line: self.number,
            column: column.to_owned(),
        })
    }

    /// The cells in the order of the columns.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.cells.iter().copied()
    }

    /// What a cell of a column holds; `None` where it is empty.
    pub(crate) fn value<T: FromStr>(
        &self,
        (column, text): (&str, &str),
    ) -> Result<Option<T>, Error> {
        let value = (!text.is_empty()).then(|| text.parse()).transpose();
        value.map_err(|_| self.unfit(column, text))
    }

    fn unfit(&self, column: &str, text: &str) -> Error {
        Error::Cell {
            path: self.path.to_owned(),
            line: self.number,
            column: column.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn number<T: FromStr>(&self, column: &str) -> Result<T, Error> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.unfit(column, text))
    }
}
