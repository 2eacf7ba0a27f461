//! Everything that is given, read and checked against each other.

use std::ops::Index;
use std::path::{Path, PathBuf};

use cofactor_core::Polarity;
use cofactor_nmf::LevelIx;
use cofactor_report::InputRecord;
use cofactor_rules::{Registry, RuleSet};
use ndarray::{Array1, Array2};

use super::matrix::{Matrix, read_axis, read_matrix, refused};
use crate::cli::{CouplingArgument, Dictionary, FactorArguments};
use crate::failure::Failure;
use crate::pipeline::fingerprint;
use crate::rules::load_recorded;

/// What is known of one matrix.
pub(crate) struct LevelInput {
    /// Its file, for messages.
    pub(crate) path: PathBuf,
    /// The matrix, M × T.
    pub(crate) matrix: Matrix,
    /// m/z of its rows, M, ascending.
    pub(crate) axis: Option<Array1<f64>>,
    /// What is known of its dictionary, M × K.
    pub(crate) dictionary: Option<Array2<f64>>,
    /// Whether the values of the dictionary are kept, and not only its zeros.
    pub(crate) held: bool,
    /// Variance of a cell over its value.
    pub(crate) gain: f64,
}

/// What is given to `cofactor factor`.
pub(crate) struct Input {
    /// The two matrices.
    pub(crate) levels: [LevelInput; 2],
    /// The rules, if there are any.
    pub(crate) rules: Option<RuleSet>,
    /// Polarity of the ions.
    pub(crate) polarity: Polarity,
    /// Option and fingerprint of every file but the rules, in the order of the options.
    pub(crate) files: Vec<(&'static str, InputRecord)>,
    /// Fingerprints of the rule files.
    pub(crate) rule_files: Vec<InputRecord>,
}

impl Index<LevelIx> for Input {
    type Output = LevelInput;

    fn index(&self, level: LevelIx) -> &LevelInput {
        &self.levels[level.0]
    }
}

/// Reads all files.
///
/// # Errors
/// If one cannot be used, or two do not fit each other.
pub(crate) fn read(arguments: &FactorArguments, registry: &Registry) -> Result<Input, Failure> {
    check_numbers(arguments)?;
    let held = |which| arguments.hold.contains(&which);
    let first = Files {
        matrix: &arguments.ms1,
        axis: arguments.ms1_axis.as_deref(),
        dictionary: arguments.dict1.as_deref(),
        option: "--dict1",
    };
    let second = Files {
        matrix: &arguments.ms2,
        axis: arguments.ms2_axis.as_deref(),
        dictionary: arguments.dict2.as_deref(),
        option: "--dict2",
    };
    let files = fingerprints(arguments)?;
    let [first, second] = [
        first.read(held(Dictionary::Dict1), arguments.gain1)?,
        second.read(held(Dictionary::Dict2), arguments.gain2)?,
    ];
    let (scans1, scans2) = (first.matrix.dim().1, second.matrix.dim().1);
    if scans1 != scans2 && arguments.coupling != CouplingArgument::Dictionary {
        return Err(refused(format!(
            "{} has {scans1} columns and {} has {scans2}; activations in common need the same \
             scans in both. \
             Take --coupling dictionary where they were measured apart",
            arguments.ms1.display(),
            arguments.ms2.display()
        )));
    }
    if let (Some(a), Some(b)) = (&first.dictionary, &second.dictionary)
        && a.ncols() != b.ncols()
    {
        return Err(refused(format!(
            "--dict1 has {} columns and --dict2 {}; expected one column of each for every \
             precursor",
            a.ncols(),
            b.ncols()
        )));
    }
    let levels = [first, second];
    let (rules, rule_files) = rules(arguments, &levels, registry)?;
    let after = fingerprints(arguments)?;
    if let Some((_, before)) = files.iter().find(|file| !after.contains(file)) {
        return Err(refused(format!("{} changed while it was read; run again", before.file_name)));
    }
    Ok(Input { rules, levels, polarity: arguments.polarity, files, rule_files })
}

/// Option and fingerprint of every file but the rules.
fn fingerprints(arguments: &FactorArguments) -> Result<Vec<(&'static str, InputRecord)>, Failure> {
    let given = [
        ("ms1", Some(&arguments.ms1)),
        ("ms2", Some(&arguments.ms2)),
        ("ms1_axis", arguments.ms1_axis.as_ref()),
        ("ms2_axis", arguments.ms2_axis.as_ref()),
        ("dict1", arguments.dict1.as_ref()),
        ("dict2", arguments.dict2.as_ref()),
    ];
    // What is no file is told when it is read.
    let files = given
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .filter(|(_, path)| path.is_file());
    files.map(|(name, path)| Ok((name, fingerprint(path)?))).collect()
}

fn check_numbers(arguments: &FactorArguments) -> Result<(), Failure> {
    let positive = [
        ("--gain1", arguments.gain1),
        ("--gain2", arguments.gain2),
        ("--strength", arguments.strength),
    ];
    if let Some((option, value)) =
        positive.into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0))
    {
        return Err(refused(format!("{option} is {value}; expected a number above 0")));
    }
    Ok(())
}

/// The files of one matrix.
struct Files<'a> {
    matrix: &'a Path,
    axis: Option<&'a Path>,
    dictionary: Option<&'a Path>,
    option: &'a str,
}

impl Files<'_> {
    fn read(&self, held: bool, gain: f64) -> Result<LevelInput, Failure> {
        let matrix = read_matrix(self.matrix)?;
        if !(0..matrix.dim().0).any(|m| matrix.shows(m)) {
            return Err(refused(format!(
                "{} holds no signal: no observed cell is above 0",
                self.matrix.display()
            )));
        }
        let rows = matrix.dim().0;
        let axis = self.axis.map(|path| read_axis(path, rows, self.matrix)).transpose()?;
        let dictionary =
            self.dictionary.map(|path| self.read_dictionary(path, rows)).transpose()?;
        if held && dictionary.is_none() {
            return Err(refused(format!(
                "--hold names a dictionary that is not given; give {} FILE",
                self.option
            )));
        }
        Ok(LevelInput { path: self.matrix.to_owned(), matrix, axis, dictionary, held, gain })
    }

    fn read_dictionary(&self, path: &Path, rows: usize) -> Result<Array2<f64>, Failure> {
        let given = read_matrix(path)?;
        let place = |row: usize, column: usize| {
            format!("{}: row {}, column {}", path.display(), row + 1, column + 1)
        };
        if let Some(((row, column), _)) =
            given.observed.indexed_iter().find(|(_, observed)| !**observed)
        {
            return Err(refused(format!(
                "{} is empty; expected a number: 0 where the precursor cannot show, above 0 where \
                 it may",
                place(row, column)
            )));
        }
        if let Some(((row, column), _)) = given.below.indexed_iter().find(|(_, below)| **below) {
            return Err(refused(format!("{} is a limit; expected a number", place(row, column))));
        }
        if given.dim().0 != rows {
            return Err(refused(format!(
                "{} has {} rows and {} has {rows}; expected a row of the dictionary for each row \
                 of the matrix",
                path.display(),
                given.dim().0,
                self.matrix.display()
            )));
        }
        if let Some(column) =
            (0..given.dim().1).find(|&k| given.values.column(k).iter().all(|x| *x == 0.0))
        {
            return Err(refused(format!(
                "{}: column {} is all zeros, so that the precursor could show nowhere; expected an \
                 entry above 0",
                path.display(),
                column + 1
            )));
        }
        Ok(given.values)
    }
}

fn rules(
    arguments: &FactorArguments,
    levels @ [_, second]: &[LevelInput; 2],
    registry: &Registry,
) -> Result<(Option<RuleSet>, Vec<InputRecord>), Failure> {
    if arguments.rules.is_empty() {
        return Ok((None, Vec::new()));
    }
    if levels.iter().any(|level| level.axis.is_none()) {
        return Err(refused(
            "--rules speak of m/z, and the rows have none; give --ms1-axis FILE and --ms2-axis \
             FILE"
                .to_owned(),
        ));
    }
    if second.held {
        return Err(refused(
            "--hold dict2 and --rules exclude each other: what is held cannot be judged. Leave one \
             of them out"
                .to_owned(),
        ));
    }
    load_recorded(&arguments.rules, registry).map(|(rules, records)| (Some(rules), records))
}
