//! The arguments of every command.

use std::num::NonZeroU8;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use cofactor_core::Polarity;

use crate::explain::polarity;

/// Joint MS1/MS2 deconvolution of SWATH/DIA, AIF and MSE runs.
#[derive(Debug, Parser)]
#[command(name = "cofactor", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deconvolve mzML runs into one fragment spectrum a precursor
    Run(RunArguments),
    /// Tell what a run is: windows, cycle, polarity, and what would be done with it
    Inspect(InspectArguments),
    /// List rule kinds, check, test and explain rule files
    Rules(RulesArguments),
    /// Write a simulated run with known truth
    Simulate(SimulateArguments),
    /// Compare spectra with the truth of a simulated run
    Score(ScoreArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// mzML files, plain or gzip
    #[arg(required = true, value_name = "RUN.mzML")]
    pub(crate) runs: Vec<PathBuf>,
    /// Rule file (TOML); may be repeated. Without one, every fragment below the precursor is allowed
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// Parameters (TOML); what is not in it keeps its default
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Result folder; with several runs one sub-folder a run
    #[arg(long, value_name = "DIR", default_value = "cofactor-results")]
    pub(crate) out: PathBuf,
    /// Threads; the result does not depend on them [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Only scans between these retention times, seconds
    #[arg(long, value_name = "A:B")]
    pub(crate) rt: Option<Range>,
    /// Only precursors between these m/z
    #[arg(long, value_name = "A:B")]
    pub(crate) mz: Option<Range>,
    /// Process a file that holds fewer scans than it announces
    #[arg(long)]
    pub(crate) accept_incomplete: bool,
    /// No progress, only warnings and errors
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Also show each stage with its counts and seconds
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// mzML files, plain or gzip
    #[arg(required = true, value_name = "RUN.mzML")]
    pub(crate) runs: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RulesArguments {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rule kinds
    List,
    /// Check rule files and show every mistake
    Check {
        /// Rule files (TOML)
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Run the tests inside rule files
    Test {
        /// Rule files (TOML)
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Show what rules say of a precursor, and how that fits what was observed
    Explain(ExplainArguments),
    /// Print the JSON Schema of rule files, for editors
    Schema,
    /// Print the reference pages of all rule kinds or of one
    Doc {
        /// Rule kind, as `cofactor rules list` names it
        kind: Option<String>,
        /// Write the pages, their index and schema.json into this folder instead
        #[arg(long, value_name = "DIR", conflicts_with = "kind")]
        out: Option<PathBuf>,
    },
    /// Print a rule file of a kind to start from
    New {
        /// Rule kind, as `cofactor rules list` names it
        kind: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// Rule files (TOML)
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// m/z of the precursor
    #[arg(long)]
    pub(crate) mz: f64,
    /// Number of its charges
    #[arg(long, default_value = "1")]
    pub(crate) charge: NonZeroU8,
    /// Sign of its charges: positive or negative
    #[arg(long, default_value = "positive", value_parser = polarity)]
    pub(crate) polarity: Polarity,
    /// Its ion species, such as "[M+H]+"
    #[arg(long)]
    pub(crate) adduct: Option<String>,
    /// Its retention time, seconds
    #[arg(long = "rt", value_name = "SECONDS")]
    pub(crate) rt_seconds: Option<f64>,
    /// m/z of the observed fragments, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "MZ,…")]
    pub(crate) observed: Option<Vec<f64>>,
    /// Their intensities, in the same order
    #[arg(long, value_delimiter = ',', value_name = "I,…", requires = "observed")]
    pub(crate) intensity: Option<Vec<f64>>,
    /// m/z range that was scanned
    #[arg(long, value_name = "A:B", requires = "observed")]
    pub(crate) scanned: Option<Range>,
    /// Intensity below which nothing is seen
    #[arg(long, value_name = "I", requires = "intensity")]
    pub(crate) limit: Option<f64>,
    /// Let a decoy of each candidate compete, drawn from this seed
    #[arg(long, value_name = "SEED")]
    pub(crate) decoys: Option<u64>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// Name of the scenario; an unknown one lists them
    #[arg(long, default_value = "demo")]
    pub(crate) scenario: String,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder for run.mzML and truth.json
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArguments {
    /// truth.json of a simulated run
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: PathBuf,
    /// Spectra to judge
    #[arg(long, value_name = "FILE")]
    pub(crate) spectra: PathBuf,
}

/// An interval given as `A:B`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        let range = text.split_once(':').and_then(|(a, b)| Some(Self { low: number(a)?, high: number(b)? }));
        range
            .filter(|r| r.low < r.high)
            .ok_or_else(|| format!("`{text}` is no interval: write A:B with A below B, as in 60:120"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn intervals() {
        assert_eq!("60:120.5".parse(), Ok(Range { low: 60.0, high: 120.5 }));
        for text in ["60", "120:60", "a:b", "1:nan", ""] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
