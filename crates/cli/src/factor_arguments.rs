//! The arguments of `cofactor factor`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use cofactor_core::Polarity;

use crate::values::{MOST_RANK, MOST_STARTS, MOST_SWEEPS, MOST_THREADS, count, polarity};

/// Two matrices, and how they hang together.
#[derive(Debug, Args)]
pub(crate) struct FactorArguments {
    /// First matrix (.npy, .tsv, .csv or .txt): rows m/z of precursors, columns scans or samples.
    /// An empty cell, NA or NaN was not observed
    #[arg(long, value_name = "FILE")]
    pub(crate) ms1: PathBuf,
    /// Second matrix, likewise: rows m/z of fragments
    #[arg(long, value_name = "FILE")]
    pub(crate) ms2: PathBuf,
    /// m/z of the rows of --ms1, one a line, ascending. Without rules and dictionaries each row, or
    /// rows of one course, is a precursor then
    #[arg(long, value_name = "FILE")]
    pub(crate) ms1_axis: Option<PathBuf>,
    /// m/z of the rows of --ms2, one a line, ascending
    #[arg(long, value_name = "FILE")]
    pub(crate) ms2_axis: Option<PathBuf>,
    /// What is known of the dictionary of --ms1, a row for each of its rows, a column for each
    /// precursor: zeros stay zero, other entries are where the fit starts
    #[arg(long, value_name = "FILE")]
    pub(crate) dict1: Option<PathBuf>,
    /// The same of --ms2; its columns belong to those of --dict1
    #[arg(long, value_name = "FILE")]
    pub(crate) dict2: Option<PathBuf>,
    /// Keep the values of a given dictionary as well
    #[arg(long, value_name = "DICT", value_delimiter = ',')]
    pub(crate) hold: Vec<Dictionary>,
    /// Whether the first line of matrices and dictionaries in text is a header
    #[arg(long, value_name = "auto|yes|no", default_value = "auto")]
    pub(crate) header: Named,
    /// Whether their first column names the rows; ascending numbers are m/z then
    #[arg(long, value_name = "auto|yes|no", default_value = "auto")]
    pub(crate) row_names: Named,
    /// Rule file (TOML), or @NAME for a pack that `cofactor rules packs` lists; may be repeated.
    /// Needs both axes
    #[arg(long, value_name = "FILE|@NAME")]
    pub(crate) rules: Vec<PathBuf>,
    /// Polarity of the ions, for the rules
    #[arg(long, value_name = "SIGN", default_value = "positive", value_parser = polarity)]
    pub(crate) polarity: Polarity,
    /// What the activations of the two matrices have in common
    #[arg(long, value_name = "HOW", default_value = "shared")]
    pub(crate) coupling: CouplingArgument,
    /// With soft coupling: how firmly activations are drawn together
    #[arg(long, value_name = "LAMBDA", default_value_t = 1.0)]
    pub(crate) strength: f64,
    /// Number of precursors where neither a dictionary nor rules say it [default: chosen by
    /// held-out cells]
    #[arg(long, value_name = "K|auto")]
    pub(crate) rank: Option<Rank>,
    /// Variance of a cell of --ms1 over its value: 1 for counts
    #[arg(long, value_name = "G", default_value_t = 1.0)]
    pub(crate) gain1: f64,
    /// Variance of a cell of --ms2 over its value
    #[arg(long, value_name = "G", default_value_t = 1.0)]
    pub(crate) gain2: f64,
    /// Starts of a fit; the best counts
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = count(1, MOST_STARTS))]
    pub(crate) starts: usize,
    /// Seed of the random starts
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Sweeps of the solver in a fit at most
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = count(1, MOST_SWEEPS))]
    pub(crate) max_sweeps: usize,
    /// Also write the factors in another format
    #[arg(long, value_name = "FORMAT", default_value = "tsv")]
    pub(crate) format: FactorFormat,
    /// Result folder
    #[arg(long, value_name = "DIR", default_value = "cofactor-factors")]
    pub(crate) out: PathBuf,
    /// Replace what is in the folder: results of something else, and files of others that are
    /// called like results
    #[arg(long)]
    pub(crate) force: bool,
    /// Threads; the result does not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = count(1, MOST_THREADS))]
    pub(crate) threads: Option<usize>,
    /// No summary, only warnings and errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// A dictionary of `cofactor factor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dictionary {
    /// That of --ms1
    Dict1,
    /// That of --ms2
    Dict2,
}

/// Whether a text has names in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Named {
    /// The text shows it
    Auto,
    /// It has
    Yes,
    /// It has none
    No,
}

impl Named {
    /// What is known without the text.
    pub(crate) fn known(self) -> Option<bool> {
        match self {
            Self::Auto => None,
            Self::Yes => Some(true),
            Self::No => Some(false),
        }
    }
}

/// How the activations of two matrices hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CouplingArgument {
    /// They are the same
    Shared,
    /// Each matrix has its own, drawn to those of the other
    Soft,
    /// Each matrix has its own: only supports and rules say which columns belong together
    Dictionary,
}

/// Formats of the factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FactorFormat {
    /// Tables alone
    Tsv,
    /// Tables, and the numbers in full precision as .npy
    Npy,
}

/// A number of atoms, or how to find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// By held-out cells.
    Auto,
    /// Given.
    Given(usize),
}

impl FromStr for Rank {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "auto" => Ok(Self::Auto),
            Ok(rank) if (1..=MOST_RANK).contains(&rank) => Ok(Self::Given(rank)),
            _ => Err(format!("`{text}` is no rank: write a number from 1 to {MOST_RANK}, or auto")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        assert_eq!(("auto".parse(), "3".parse()), (Ok(Rank::Auto), Ok(Rank::Given(3))));
        for text in ["0", "-1", "2.5", "many", ""] {
            assert!(text.parse::<Rank>().is_err(), "{text}");
        }
    }
}
