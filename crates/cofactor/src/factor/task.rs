//! What is asked for: two matrices, what is known of them, and how to look for the factors.

use std::path::PathBuf;

use cofactor_core::Polarity;

use super::fit::Joining;
use super::layout::Names;

/// The files of one matrix, and what is known of it.
#[derive(Debug, Clone)]
pub struct LevelTask {
    /// The matrix (`.npy`, `.tsv`, `.csv`, `.txt`): rows m/z, columns scans or samples.
    pub matrix: PathBuf,
    /// m/z of its rows, one a line, ascending.
    pub axis: Option<PathBuf>,
    /// What is known of its dictionary, a column for each precursor.
    pub dictionary: Option<PathBuf>,
    /// Whether the values of the dictionary are kept, and not only its zeros.
    pub held: bool,
    /// Variance of a cell over its value: 1 for counts.
    pub gain: f64,
}

/// What to factorize, and how.
#[derive(Debug, Clone)]
pub struct FactorTask {
    /// The two matrices.
    pub levels: [LevelTask; 2],
    /// Whether matrices and dictionaries in text have a header and names of rows.
    pub names: Names,
    /// Rule files.
    pub rules: Vec<PathBuf>,
    /// Polarity of the ions, for the rules.
    pub polarity: Polarity,
    /// What the activations of the two matrices have in common.
    pub joining: Joining,
    /// Number of precursors; `None` where the rest says it, else held-out cells.
    pub rank: Option<usize>,
    /// Starts of a fit; the best counts.
    pub starts: usize,
    /// Seed of the random starts.
    pub seed: u64,
    /// Sweeps of the solver in a fit at most.
    pub max_sweeps: usize,
}
