//! The arguments of every command.

use std::num::{NonZeroU8, NonZeroU64};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use cofactor::cofactor_sim::StudyPlan;
use cofactor_core::Polarity;

use crate::factor_arguments::FactorArguments;
use crate::values::{MOST_THREADS, count, polarity, spread};

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
    /// Join many runs of one method: one spectrum a compound, and how much of it is in each
    Study(StudyArguments),
    /// Print a parameter file with every default and what it means
    Config,
    /// Factorize two matrices, such as MS1 and MS2, whose columns belong together
    Factor(FactorArguments),
    /// Tell what a run is: windows, cycle, polarity, and what would be done with it
    Inspect(InspectArguments),
    /// Render report.html of result folders again
    Report(ReportArguments),
    /// List rule kinds, check, test and explain rule files
    Rules(RulesArguments),
    /// Write a simulated run, or a study of several, with known truth
    Simulate(SimulateArguments),
    /// Compare spectra, chosen candidates and amounts with the truth of a simulated run or study
    Score(ScoreArguments),
}

/// The path of a spectral library.
fn library(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_library = cofactor::rule_files::is_library(&path);
    is_library.then_some(path).ok_or_else(|| {
        "expected a spectral library whose name ends in .msp or .mgf; rules (TOML) are given with \
         --rules"
            .to_owned()
    })
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// mzML files, plain or gzip, or folders of them
    #[arg(required_unless_present = "from", value_name = "RUN.mzML")]
    pub(crate) runs: Vec<PathBuf>,
    /// Repeat what run.json of a result folder says: its run, rules and parameters. A run that has
    /// moved may be given
    #[arg(long, value_name = "run.json", conflicts_with_all = ["rules", "config", "rt", "mz",
        "allow_truncated"])]
    pub(crate) from: Option<PathBuf>,
    /// Leave runs as they are whose results are there already and whole, from the same file, rules,
    /// parameters and version; make others again
    #[arg(long)]
    pub(crate) resume: bool,
    /// Rule file (TOML), or @NAME for a pack that `cofactor rules packs` lists; may be repeated.
    /// Without one, every fragment below the precursor is allowed
    #[arg(long, value_name = "FILE|@NAME")]
    pub(crate) rules: Vec<PathBuf>,
    /// Spectral library (.msp or .mgf) whose spectra are candidates, beside which any fragment is
    /// allowed; may be repeated. `candidates.tsv` says how probable each is
    #[arg(long, value_name = "FILE", conflicts_with = "from", value_parser = library)]
    pub(crate) library: Vec<PathBuf>,
    /// Assign fragments by their elution alone: leave out which neutral losses are usual
    #[arg(long, conflicts_with = "from")]
    pub(crate) no_chemistry: bool,
    /// Parameters (TOML); what is not in it keeps its default
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Result folder; with several runs one sub-folder a run
    #[arg(long, value_name = "DIR", default_value = "cofactor-results")]
    pub(crate) out: PathBuf,
    /// Replace what is in the folder: results of something else, and files of others that are
    /// called like results
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the tables as Parquet as well; needs a cofactor that was built with
    /// `--features parquet`
    #[arg(long)]
    pub(crate) parquet: bool,
    /// Threads; the result does not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = count(1, MOST_THREADS))]
    pub(crate) threads: Option<usize>,
    /// Only scans between these retention times, seconds
    #[arg(long, value_name = "A:B")]
    pub(crate) rt: Option<Range>,
    /// Only precursors between these m/z
    #[arg(long, value_name = "A:B")]
    pub(crate) mz: Option<Range>,
    /// Process a file that was cut short, or holds fewer scans than it announces, as far as it goes
    #[arg(long)]
    pub(crate) allow_truncated: bool,
    /// Memory that may be used, MB; a run that needs more is refused [default: three quarters of
    /// the machine's]
    #[arg(long, value_name = "MB")]
    pub(crate) memory: Option<NonZeroU64>,
    /// No progress, only warnings and errors
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Also show each stage with its counts and seconds
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StudyArguments {
    /// mzML files, plain or gzip, or folders of them; a result folder of `cofactor run` stands for
    /// its run. Without any those of --samples
    #[arg(required_unless_present = "samples", value_name = "RUN.mzML|RESULT_DIR")]
    pub(crate) runs: Vec<PathBuf>,
    /// What is known of the samples: a table with the columns file, and if wanted name, type
    /// (sample, blank, qc), group, batch, order
    #[arg(long, value_name = "samples.tsv")]
    pub(crate) samples: Option<PathBuf>,
    /// Leave the results as they are if they are there already and whole, from the same runs,
    /// rules, parameters and version
    #[arg(long)]
    pub(crate) resume: bool,
    /// Rule file (TOML), or @NAME for a pack that `cofactor rules packs` lists; may be repeated.
    /// Without one, every fragment below the precursor is allowed
    #[arg(long, value_name = "FILE|@NAME")]
    pub(crate) rules: Vec<PathBuf>,
    /// Spectral library (.msp or .mgf) whose spectra are candidates, beside which any fragment is
    /// allowed; may be repeated. `candidates.tsv` says how probable each is
    #[arg(long, value_name = "FILE", value_parser = library)]
    pub(crate) library: Vec<PathBuf>,
    /// Assign fragments by their elution alone: leave out which neutral losses are usual
    #[arg(long)]
    pub(crate) no_chemistry: bool,
    /// Parameters (TOML); what is not in it keeps its default
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Result folder; its folder `traces` keeps what was read of each run
    #[arg(long, value_name = "DIR", default_value = "cofactor-study")]
    pub(crate) out: PathBuf,
    /// Replace what is in the folder: results of other runs, rules or parameters, and files of
    /// others that are called like results. What was read of runs that stay is used again
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the tables as Parquet as well; needs a cofactor that was built with
    /// `--features parquet`
    #[arg(long)]
    pub(crate) parquet: bool,
    /// Threads; the result does not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = count(1, MOST_THREADS))]
    pub(crate) threads: Option<usize>,
    /// Only scans between these retention times, seconds
    #[arg(long, value_name = "A:B")]
    pub(crate) rt: Option<Range>,
    /// Process a file that was cut short, or holds fewer scans than it announces, as far as it goes
    #[arg(long)]
    pub(crate) allow_truncated: bool,
    /// Memory that may be used, MB; a study that needs more is refused [default: three quarters of
    /// the machine's]
    #[arg(long, value_name = "MB")]
    pub(crate) memory: Option<NonZeroU64>,
    /// No progress, only warnings and errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// mzML files, plain or gzip
    #[arg(required = true, value_name = "RUN.mzML")]
    pub(crate) runs: Vec<PathBuf>,
    /// Look at a file that was cut short, or holds fewer scans than it announces, as far as it goes
    #[arg(long)]
    pub(crate) allow_truncated: bool,
    /// For programs: a JSON array with an entry a run
    #[arg(long)]
    pub(crate) json: bool,
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
    /// List the rule packs that come with cofactor: name, polarity of the ions, what it is for
    Packs,
    /// Check rule files and show every mistake
    Check {
        /// Rule files (TOML), or packs as @NAME
        #[arg(required = true, value_name = "FILE|@NAME")]
        files: Vec<PathBuf>,
    },
    /// Run the tests inside rule files
    Test {
        /// Rule files (TOML), or packs as @NAME
        #[arg(required = true, value_name = "FILE|@NAME")]
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
        /// Replace files of others in that folder that are called like pages
        #[arg(long, requires = "out")]
        force: bool,
    },
    /// Print a rule file of a kind to start from
    New {
        /// Rule kind, as `cofactor rules list` names it
        kind: String,
    },
    /// Count the neutral losses in spectral libraries, and print a rule file with them
    Losses(LossesArguments),
}

#[derive(Debug, Args)]
pub(crate) struct LossesArguments {
    /// Libraries (MSP or MGF) whose records have an ion species and a formula, and best an InChIKey
    #[arg(required = true, value_name = "LIBRARY")]
    pub(crate) libraries: Vec<PathBuf>,
    /// Count in spectra of [M+H]+ (positive) or [M-H]- (negative)
    #[arg(long, value_parser = polarity)]
    pub(crate) polarity: Polarity,
    /// Name of the rules [default: losses-positive or losses-negative]
    #[arg(long)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// Rule files (TOML), or packs as @NAME
    #[arg(required = true, value_name = "FILE|@NAME")]
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
pub(crate) struct ReportArguments {
    /// Result folders of `cofactor run`
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// Replace a report.html that is none of cofactor's
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// easy, hard or demo; long (20 minutes) or large (two hours, 1 GB); tailing or overlapping
    /// (easy with long tails, hard with windows that overlap by half); rule-sets, whose rules list
    /// fragment sets that compete; lipids, a mixture for rules/phospholipids-positive.toml; or
    /// molecules and molecules-negative, real formulas with adducts on an imperfect instrument
    #[arg(long, default_value = "demo")]
    pub(crate) scenario: String,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Length of the run [default: that of the scenario]
    #[arg(long, value_name = "MINUTES")]
    pub(crate) minutes: Option<f64>,
    /// About so many compounds [default: as the scenario has]
    #[arg(long, value_name = "N")]
    pub(crate) compounds: Option<usize>,
    /// A study instead: the same compounds in so many runs, run01.mzML and so on, with one
    /// truth.json and samples.tsv
    #[arg(long, value_name = "N", value_parser = count(1, StudyPlan::MOST_RUNS))]
    pub(crate) runs: Option<usize>,
    /// How much the amount of a compound differs between the runs of a study: standard deviation of
    /// its natural logarithm
    #[arg(long, value_name = "S", default_value = "0.5", requires = "runs",
        value_parser = spread)]
    pub(crate) spread: f64,
    /// Folder for run.mzML and truth.json, and for rules.toml with rule-sets and lipids (a copy of
    /// the pack)
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace what is in the folder: results of something else, and files of others that are
    /// called like results
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArguments {
    /// truth.json of a simulated run or study
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: PathBuf,
    /// Spectra to judge
    #[arg(long, value_name = "FILE", required_unless_present = "results")]
    pub(crate) spectra: Option<PathBuf>,
    /// Result folder of `cofactor run`, or of `cofactor study` where the truth is that of a study:
    /// judges its spectra, the candidates it chose where the truth names them, and of a study its
    /// amounts
    #[arg(long, value_name = "DIR", conflicts_with = "spectra")]
    pub(crate) results: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
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
        let range = text
            .split_once(':')
            .and_then(|(a, b)| Some(Self { low: number(a)?, high: number(b)? }));
        range.filter(|r| r.low < r.high).ok_or_else(|| {
            format!("`{text}` is no interval: write A:B with A below B, as in 60:120")
        })
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
