//! What can be wrong with two matrices and with what is asked of them.

use std::path::PathBuf;
use std::string::FromUtf8Error;

use ndarray::ShapeError;
use ndarray_npy::{ReadNpyError, WriteNpyError};

/// Why two matrices cannot be factorized as asked.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// A file does not hold what it should.
    #[error("{0}")]
    Content(String),
    /// A file is no text.
    #[error("{} is no UTF-8 text", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: FromUtf8Error,
    },
    /// An array file is damaged.
    #[error("{} is no whole .npy file", path.display())]
    Npy {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: ReadNpyError,
    },
    /// The lines of a file make no matrix: a bug, as they are counted.
    #[error(transparent)]
    Shape(ShapeError),
    /// An array cannot be encoded: a bug.
    #[error("{name} cannot be encoded")]
    Encode {
        /// The file that it was for.
        name: &'static str,
        /// What was found.
        source: WriteNpyError,
    },
    /// A number that has to be above 0 is not.
    #[error("{parameter} is {value}; expected a number above 0")]
    Number {
        /// `gain1`, `gain2` or `strength`.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// Matrices with other numbers of columns cannot have activations in common.
    #[error(
        "{} has {} columns and {} has {}; activations in common need the same scans in both",
        paths[0].display(), columns[0], paths[1].display(), columns[1]
    )]
    Columns {
        /// The two matrices.
        paths: [PathBuf; 2],
        /// Their numbers of columns.
        columns: [usize; 2],
    },
    /// Dictionaries with other numbers of columns.
    #[error(
        "the first dictionary has {} columns and the second {}; expected one column of each for \
         every precursor",
        columns[0], columns[1]
    )]
    Dictionaries {
        /// Their numbers of columns.
        columns: [usize; 2],
    },
    /// A dictionary is to be held and is not given.
    #[error("the dictionary of matrix {} is to be held and is not given", level + 1)]
    NothingToHold {
        /// 0 for the first matrix, 1 for the second.
        level: usize,
    },
    /// Rules without m/z.
    #[error("rules speak of m/z, and the rows have none; both axes are needed")]
    NoAxes,
    /// Rules beside a second dictionary that is held.
    #[error(
        "rules and a second dictionary that is held exclude each other: what is held cannot be \
        judged"
    )]
    HeldAndJudged,
    /// Rules need the m/z of precursors, and only the second dictionary is given.
    #[error("the second dictionary alone does not say the m/z of a precursor, which rules need")]
    Unnamed,
    /// The number of precursors that is given is not the one that follows from the rest.
    #[error("the rank is {given}, but {} {found} precursors", authority(*from_rules))]
    Rank {
        /// What is given.
        given: usize,
        /// What follows from the rules or the dictionaries.
        found: usize,
        /// Whether the rules say it.
        from_rules: bool,
    },
    /// With separate activations held-out cells do not say the number of precursors.
    #[error(
        "with activations that have nothing in common nothing in the data says how many columns \
         belong together"
    )]
    RankUnknown,
}

impl FactorError {
    /// Whether it is no fault of what is given.
    pub fn is_bug(&self) -> bool {
        matches!(self, Self::Shape(_) | Self::Encode { .. })
    }
}

/// Who says how many precursors there are.
pub fn authority(from_rules: bool) -> &'static str {
    if from_rules { "the rules are about" } else { "the dictionaries have" }
}
