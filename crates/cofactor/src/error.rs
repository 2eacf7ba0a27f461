//! What can go wrong, and whose fault it is. Nothing that happens in the data is an error.

use std::io;
use std::path::PathBuf;

use cofactor_rules::{Diagnostics, NoPack, TooManyCandidates};
use cofactor_sim::Scenario;

use crate::factor::error::FactorError;
use crate::files::FileError;
use crate::memory::Excess;

/// Whose fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The input, a rule, a parameter or a result folder.
    Input,
    /// The input: it needs more memory than it may.
    Memory,
    /// A bug, or the machine, such as a full disk.
    Machine,
}

/// Why something was not done. What an error shows is not its whole text: its causes
/// ([`std::error::Error::source`]) say what lies behind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] cofactor_mzml::Error),
    /// A file of spectra cannot be written.
    #[error(transparent)]
    Spectra(cofactor_mzml::Error),
    /// Results cannot be put together or written, or are not to be replaced.
    #[error(transparent)]
    Results(#[from] cofactor_report::Error),
    /// Mistakes in a rule file or a parameter file.
    #[error(transparent)]
    Mistakes(#[from] Diagnostics),
    /// No rule pack has this name.
    #[error(transparent)]
    Pack(#[from] NoPack),
    /// A rule gives too many candidates.
    #[error(transparent)]
    Candidates(#[from] TooManyCandidates),
    /// A run cannot be deconvolved.
    #[error(transparent)]
    Deconvolution(#[from] cofactor_deconv::Error),
    /// Two matrices cannot be factorized.
    #[error(transparent)]
    Factorization(#[from] cofactor_nmf::Error),
    /// What is given for two matrices cannot be used.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// A scenario cannot be simulated.
    #[error(transparent)]
    Simulation(#[from] cofactor_sim::Error),
    /// More memory is needed than may be used.
    #[error(transparent)]
    Memory(#[from] Excess),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file of known use cannot be read.
    #[error("{role}")]
    Needed {
        /// What the file is for.
        role: &'static str,
        /// Why it cannot be read.
        source: FileError,
    },
    /// A run of a study that is not deconvolved.
    #[error("it is no run that a study joins. It is {treatment}")]
    Kind {
        /// What cofactor does with such a run.
        treatment: &'static str,
    },
    /// A folder of runs cannot be read.
    #[error("cannot read the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A result folder whose run cannot be taken in its place.
    #[error("the run of the result folder {} cannot be used", path.display())]
    ResultFolder {
        /// The result folder.
        path: PathBuf,
        /// Why not: it is not there any more, or has changed.
        source: Box<Self>,
    },
    /// Something else than the record of a run.
    #[error("{} is no run.json that `cofactor run` of this version has written", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: serde_json::Error,
    },
    /// A record whose parameters are written as before, and cannot be written as they are now.
    #[error("{} cannot be repeated as it is: {differing}", path.display())]
    FormerRecord {
        /// The file.
        path: PathBuf,
        /// Which parameters are one now and had two values.
        differing: String,
    },
    /// A file is not the one of a record.
    #[error(
        "{} is not the file of the record any more: its SHA-256 is {found}, and was {recorded}",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its SHA-256.
        found: String,
        /// The SHA-256 of the record.
        recorded: String,
    },
    /// A rule file, or one that it reads, is not the one of a record.
    #[error("{file_name} is not the file of the record any more: its SHA-256 was {recorded}")]
    RuleChanged {
        /// Name of the file.
        file_name: String,
        /// The SHA-256 of the record.
        recorded: String,
    },
    /// Something else than the truth of a simulated run or study.
    #[error("{} is not the truth of a simulated run or study", path.display())]
    Truth {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: serde_json::Error,
    },
    /// A file of spectra that cannot be read.
    #[error("{}: {message}", path.display())]
    Library {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// A table of samples that cannot be used.
    #[error("{}, line {line}: {message}", path.display())]
    Samples {
        /// The table.
        path: PathBuf,
        /// Number of the line.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A table without a column that is needed.
    #[error("{}, line {line}: no column `{column}`", path.display())]
    Column {
        /// The table.
        path: PathBuf,
        /// Number of the line.
        line: usize,
        /// Name of the column.
        column: String,
    },
    /// A table with a column of a run that the truth of the study does not have.
    #[error("{}: the truth knows no run `{run}`; give the truth of the runs of this study",
        path.display())]
    UnknownRun {
        /// The table.
        path: PathBuf,
        /// Name of the run.
        run: String,
    },
    /// A cell of a table that does not hold what its column says.
    #[error("{}, line {line}: `{text}` makes no `{column}`", path.display())]
    Cell {
        /// The table.
        path: PathBuf,
        /// Number of the line.
        line: usize,
        /// Name of the column.
        column: String,
        /// What is in the cell.
        text: String,
    },
    /// No scenario has this name.
    #[error("there is no scenario `{name}`; choose one of {}", Scenario::NAMES.join(", "))]
    Scenario {
        /// The name.
        name: String,
    },
    /// The number of compounds of a scenario cannot be chosen.
    #[error("the scenario `{scenario}` has a fixed number of compounds")]
    FixedCompounds {
        /// The scenario.
        scenario: String,
    },
    /// A page cannot be rendered from its data.
    #[error("{}", path.display())]
    Page {
        /// The file of the data.
        path: PathBuf,
        /// What is wrong with them.
        source: cofactor_report::Error,
    },
    /// A file was read, but not to its end: a bug.
    #[error("{} was not read to its end", path.display())]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// Something cannot be written as JSON: a bug.
    #[error(transparent)]
    Json(serde_json::Error),
    /// The system has no room for a temporary file.
    #[error("cannot make a temporary folder")]
    Temporary(#[source] io::Error),
    /// A temporary file cannot be read back.
    #[error(transparent)]
    ReadBack(FileError),
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Memory(_) => Fault::Memory,
            Self::Results(error) if !error.is_refusal() => Fault::Machine,
            Self::Factor(error) if error.is_bug() => Fault::Machine,
            Self::ResultFolder { source, .. } => source.fault(),
            Self::Spectra(_)
            | Self::Unfinished { .. }
            | Self::Json(_)
            | Self::Temporary(_)
            | Self::ReadBack(_)
            | Self::Write { .. } => Fault::Machine,
            Self::Run(_)
            | Self::Results(_)
            | Self::Mistakes(_)
            | Self::Pack(_)
            | Self::Candidates(_)
            | Self::Deconvolution(_)
            | Self::Factorization(_)
            | Self::Factor(_)
            | Self::Simulation(_)
            | Self::File(_)
            | Self::Needed { .. }
            | Self::Folder { .. }
            | Self::Kind { .. }
            | Self::Record { .. }
            | Self::FormerRecord { .. }
            | Self::Changed { .. }
            | Self::RuleChanged { .. }
            | Self::Truth { .. }
            | Self::Library { .. }
            | Self::Samples { .. }
            | Self::Column { .. }
            | Self::Cell { .. }
            | Self::UnknownRun { .. }
            | Self::Scenario { .. }
            | Self::FixedCompounds { .. }
            | Self::Page { .. } => Fault::Input,
        }
    }
}
