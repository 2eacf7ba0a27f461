//! Everything that is given, read and checked against each other.

use std::ops::Index;
use std::path::{Path, PathBuf};

use cofactor_core::Polarity;
use cofactor_nmf::LevelIx;
use cofactor_report::InputRecord;
use cofactor_rules::{Registry, RuleSet};
use ndarray::{Array1, Array2};

use super::error::FactorError;
use super::fit::Joining;
use super::layout::Names;
use super::matrix::{Matrix, read_axis, read_matrix};
use super::refused::refused;
use super::task::{FactorTask, LevelTask};
use crate::error::Error;
use crate::files::FileError;
use crate::fingerprint::fingerprint;
use crate::rule_files::load;

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

/// What is given.
pub(crate) struct Input {
    /// The two matrices.
    pub(crate) levels: [LevelInput; 2],
    /// The rules, if there are any.
    pub(crate) rules: Option<RuleSet>,
    /// Polarity of the ions.
    pub(crate) polarity: Polarity,
    /// Name and fingerprint of every file but the rules.
    pub(crate) files: Vec<(&'static str, InputRecord)>,
    /// Fingerprints of the rule files.
    pub(crate) rule_files: Vec<InputRecord>,
    /// How files were read where that is not plain, one sentence each.
    pub(crate) told: Vec<String>,
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
pub(crate) fn read(task: &FactorTask, registry: &Registry) -> Result<Input, Error> {
    check_numbers(task)?;
    let files = fingerprints(task)?;
    let [first, second] = &task.levels;
    let mut told = Vec::new();
    let levels = [
        read_level(first, task.names, 0, &mut told)?,
        read_level(second, task.names, 1, &mut told)?,
    ];
    let columns = levels.each_ref().map(|level| level.matrix.dim().1);
    if columns[0] != columns[1] && task.joining != Joining::Dictionary {
        let paths = levels.each_ref().map(|level| level.path.clone());
        return Err(FactorError::Columns { paths, columns }.into());
    }
    if let (Some(a), Some(b)) = (&levels[0].dictionary, &levels[1].dictionary)
        && a.ncols() != b.ncols()
    {
        return Err(FactorError::Dictionaries { columns: [a.ncols(), b.ncols()] }.into());
    }
    let (rules, rule_files) = rules(&task.rules, &levels, registry)?;
    let after = fingerprints(task)?;
    if let Some((_, before)) = files.iter().find(|file| !after.contains(file)) {
        let told = format!("{} changed while it was read; run again", before.file_name);
        return Err(refused(told));
    }
    Ok(Input { rules, levels, polarity: task.polarity, files, rule_files, told })
}

/// Name and fingerprint of every file but the rules.
fn fingerprints(task: &FactorTask) -> Result<Vec<(&'static str, InputRecord)>, FileError> {
    let [first, second] = &task.levels;
    let given = [
        ("ms1", Some(&first.matrix)),
        ("ms2", Some(&second.matrix)),
        ("ms1_axis", first.axis.as_ref()),
        ("ms2_axis", second.axis.as_ref()),
        ("dict1", first.dictionary.as_ref()),
        ("dict2", second.dictionary.as_ref()),
    ];
    // What is no file is told when it is read.
    let files = given
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .filter(|(_, path)| path.is_file());
    files.map(|(name, path)| Ok((name, fingerprint(path)?))).collect()
}

fn check_numbers(task: &FactorTask) -> Result<(), FactorError> {
    let strength = if let Joining::Soft(strength) = task.joining { strength } else { 1.0 };
    let positive =
        [("gain1", task.levels[0].gain), ("gain2", task.levels[1].gain), ("strength", strength)];
    match positive.into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0)) {
        Some((parameter, value)) => Err(FactorError::Number { parameter, value }),
        None => Ok(()),
    }
}

/// Reads the files of matrix 0 or 1; how they were read is added to `told`.
fn read_level(
    task: &LevelTask,
    names: Names,
    level: usize,
    told: &mut Vec<String>,
) -> Result<LevelInput, Error> {
    let path = &task.matrix;
    let file = read_matrix(path, names)?;
    told.extend(file.told);
    let mut matrix = file.matrix;
    if !(0..matrix.dim().0).any(|m| matrix.shows(m)) {
        return Err(refused(format!(
            "{} holds no signal: no observed cell is above 0",
            path.display()
        )));
    }
    let axis = match &task.axis {
        None => file.row_names.as_deref().and_then(axis_of_names),
        Some(file) => {
            let axis = read_axis(file, path)?;
            let (rows, columns) = matrix.dim();
            if axis.len() != rows && axis.len() == columns {
                told.push(format!(
                    "{} has {columns} columns, as many as {} has m/z; its columns are taken for \
                     rows",
                    path.display(),
                    file.display()
                ));
                matrix = matrix.transposed();
            }
            check_axis(file, &axis, matrix.dim().0, path)?;
            Some(axis)
        }
    };
    if task.axis.is_none() && axis.is_some() {
        told.push(format!("{}: the names of its rows are taken for their m/z", path.display()));
    }
    let rows = matrix.dim().0;
    let dictionary = match &task.dictionary {
        Some(given) => Some(read_dictionary(given, names, rows, path, told)?),
        None => None,
    };
    if task.held && dictionary.is_none() {
        return Err(FactorError::NothingToHold { level }.into());
    }
    let (path, held, gain) = (path.clone(), task.held, task.gain);
    Ok(LevelInput { path, matrix, axis, dictionary, held, gain })
}

/// Names that are ascending m/z; a count of the rows is none.
fn axis_of_names(names: &[String]) -> Option<Array1<f64>> {
    let numbers: Option<Vec<f64>> = names.iter().map(|name| name.parse().ok()).collect();
    let numbers = numbers?;
    let ascending = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    let counted = (0..).zip(&numbers).all(|(i, x)| *x == f64::from(i))
        || (1..).zip(&numbers).all(|(i, x)| *x == f64::from(i));
    let usable = numbers.iter().all(|x| x.is_finite() && *x > 0.0);
    (ascending && usable && !counted).then(|| numbers.into())
}

fn check_axis(path: &Path, axis: &Array1<f64>, rows: usize, matrix: &Path) -> Result<(), Error> {
    if axis.len() == rows {
        return Ok(());
    }
    Err(refused(format!(
        "{} has {} m/z, but {} has {rows} rows; expected one m/z a row",
        path.display(),
        axis.len(),
        matrix.display()
    )))
}

/// Reads what is known of the dictionary of `matrix`, which has so many rows.
fn read_dictionary(
    path: &Path,
    names: Names,
    rows: usize,
    matrix: &Path,
    told: &mut Vec<String>,
) -> Result<Array2<f64>, Error> {
    let file = read_matrix(path, names)?;
    told.extend(file.told);
    let given = file.matrix;
    let place = |row: usize, column: usize| {
        format!("{}: row {}, column {}", path.display(), row + 1, column + 1)
    };
    if let Some(((row, column), _)) =
        given.observed.indexed_iter().find(|(_, observed)| !**observed)
    {
        return Err(refused(format!(
            "{} is empty; expected a number: 0 where the precursor cannot show, above 0 where it \
                 may",
            place(row, column)
        )));
    }
    if let Some(((row, column), _)) = given.below.indexed_iter().find(|(_, below)| **below) {
        return Err(refused(format!("{} is a limit; expected a number", place(row, column))));
    }
    if given.dim().0 != rows {
        return Err(refused(format!(
            "{} has {} rows and {} has {rows}; expected a row of the dictionary for each row of \
                 the matrix",
            path.display(),
            given.dim().0,
            matrix.display()
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

fn rules(
    paths: &[PathBuf],
    levels @ [_, second]: &[LevelInput; 2],
    registry: &Registry,
) -> Result<(Option<RuleSet>, Vec<InputRecord>), Error> {
    if paths.is_empty() {
        return Ok((None, Vec::new()));
    }
    if levels.iter().any(|level| level.axis.is_none()) {
        return Err(FactorError::NoAxes.into());
    }
    if second.held {
        return Err(FactorError::HeldAndJudged.into());
    }
    load(paths, registry).map(|(rules, records)| (Some(rules), records))
}
