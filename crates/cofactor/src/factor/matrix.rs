//! Matrix files (`.npy`, `.tsv`, `.csv`) and axis files.

use std::io::Cursor;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement};

use super::error::FactorError;
use super::layout::{self, Layout, Names, cell};
use super::refused::refused;
use crate::error::Error;
use crate::files;

/// Headers of an axis.
const NAMES_OF_MZ: [&str; 4] = ["mz", "m/z", "0", "mass"];

/// A matrix as measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    /// Values, M × T, finite and non-negative; 0 where not observed, the limit where only that is
    /// known.
    pub(crate) values: Array2<f64>,
    /// Cells that were observed, M × T.
    pub(crate) observed: Array2<bool>,
    /// Cells of which only a limit is known that they are below, M × T.
    pub(crate) below: Array2<bool>,
}

impl Matrix {
    /// (M, T).
    pub(crate) fn dim(&self) -> (usize, usize) {
        self.values.dim()
    }

    /// Columns for rows.
    pub(crate) fn transposed(&self) -> Self {
        let turned = |flags: &Array2<bool>| flags.t().as_standard_layout().into_owned();
        Self {
            values: self.values.t().as_standard_layout().into_owned(),
            observed: turned(&self.observed),
            below: turned(&self.below),
        }
    }

    /// Whether a row shows anything.
    pub(crate) fn shows(&self, m: usize) -> bool {
        self.values.row(m).iter().zip(self.below.row(m)).any(|(x, below)| *x > 0.0 && !below)
    }

    /// From numbers of which NaN are not observed, none of them a limit; `place` names a cell for
    /// people.
    fn new(numbers: Array2<f64>, place: impl Fn(usize, usize) -> String) -> Result<Self, Error> {
        let bad = numbers.indexed_iter().find(|(_, x)| x.is_infinite() || **x < 0.0);
        if let Some(((row, column), x)) = bad {
            return Err(refused(format!(
                "{}: {x} is no intensity; expected a finite number ≥ 0",
                place(row, column)
            )));
        }
        let observed = numbers.mapv(|x| !x.is_nan());
        let below = Array2::from_elem(numbers.dim(), false);
        Ok(Self { values: numbers.mapv(|x| if x.is_nan() { 0.0 } else { x }), observed, below })
    }
}

/// A matrix file.
pub(crate) struct MatrixFile {
    /// The matrix.
    pub(crate) matrix: Matrix,
    /// Names of its rows, where it has them.
    pub(crate) row_names: Option<Vec<String>>,
    /// How it was read where that is not plain, one sentence each.
    pub(crate) told: Vec<String>,
}

/// Reads a matrix; its file name says the format.
///
/// # Errors
/// If the file cannot be read, is no matrix, or holds what cannot be an intensity.
pub(crate) fn read_matrix(path: &Path, names: Names) -> Result<MatrixFile, Error> {
    let extension =
        path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let file = match extension.as_str() {
        "npy" => MatrixFile { matrix: read_npy(path)?, row_names: None, told: Vec::new() },
        "tsv" | "csv" | "txt" => read_text(path, names)?,
        "npz" => {
            return Err(refused(format!(
                "{} is an archive of arrays; expected one array. In Python: numpy.save(\"a.npy\", \
                 numpy.load(\"a.npz\")[name])",
                path.display()
            )));
        }
        _ => {
            return Err(refused(format!(
                "{}: the extension says the format of a matrix; expected .npy, .tsv, .csv or .txt",
                path.display()
            )));
        }
    };
    let (rows, columns) = file.matrix.dim();
    if rows == 0 || columns == 0 {
        return Err(refused(format!(
            "{} is empty; expected a matrix, rows m/z and columns scans",
            path.display()
        )));
    }
    Ok(file)
}

fn lines_of(path: &Path) -> Result<Vec<String>, Error> {
    let text = String::from_utf8(files::bytes(path)?)
        .map_err(|source| FactorError::Text { path: path.to_owned(), source })?;
    Ok(text
        .trim_start_matches('\u{feff}')
        .trim_end_matches(['\n', '\r'])
        .lines()
        .map(str::to_owned)
        .collect())
}

fn read_text(path: &Path, names: Names) -> Result<MatrixFile, Error> {
    let Layout { cells, offset, row_names, told } = layout::read(path, &lines_of(path)?, names)?;
    let place = |row: usize, column: usize| {
        format!("{}:{}:{}", path.display(), row + 1 + offset.0, column + 1 + offset.1)
    };
    let columns = cells.first().map_or(0, Vec::len);
    let mut numbers = Vec::with_capacity(cells.len() * columns);
    let mut limits = Vec::new();
    for (row, line) in cells.iter().enumerate() {
        for (column, text) in line.iter().enumerate() {
            let (number, below) = cell(text).ok_or_else(|| no_number(&place(row, column), text))?;
            numbers.push(number);
            if below {
                limits.push((row, column));
            }
        }
    }
    let numbers =
        Array2::from_shape_vec((cells.len(), columns), numbers).map_err(FactorError::Shape)?;
    let mut matrix = Matrix::new(numbers, place)?;
    limits.into_iter().for_each(|at| matrix.below[at] = true);
    Ok(MatrixFile { matrix, row_names, told })
}

fn no_number(place: &str, text: &str) -> Error {
    let comma = text.contains(',') && text.replace(',', ".").parse::<f64>().is_ok();
    let hint = if comma {
        "write decimals with a point"
    } else {
        "names belong into the first line (--header yes) or the first column (--row-names yes); an \
         empty cell, NA or NaN is one that was not observed, <5 one that is below 5"
    };
    refused(format!("{place}: `{text}` is no number; {hint}"))
}

fn read_npy(path: &Path) -> Result<Matrix, Error> {
    let bytes = files::bytes(path)?;
    if announced_numbers(&bytes).is_none_or(|numbers| numbers > bytes.len()) {
        return Err(refused(format!(
            "{} is no whole .npy file: its header announces more numbers than the file has bytes",
            path.display()
        )));
    }
    let place = |row: usize, column: usize| {
        format!("{}: row {}, column {}", path.display(), row + 1, column + 1)
    };
    Matrix::new(decode_npy(path, &bytes)?, place)
}

/// Product of the shape in the header of a `.npy` file, 0 without one; `None` where no machine
/// could hold it. The reader would ask for the memory before it looks at the file.
fn announced_numbers(bytes: &[u8]) -> Option<usize> {
    const SHAPE: &[u8] = b"'shape':";
    let Some(at) = bytes.windows(SHAPE.len()).position(|window| window == SHAPE) else {
        return Some(0);
    };
    let shape = bytes[at + SHAPE.len()..].split(|&byte| byte == b')').next().unwrap_or_default();
    let sizes = shape.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
    sizes.map(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok()).try_fold(
        1_usize,
        |product, size| {
            let size = size?;
            if size == 0 { Some(0) } else { product.checked_mul(size) }
        },
    )
}

/// The array in whatever real type it is stored.
fn decode_npy(path: &Path, bytes: &[u8]) -> Result<Array2<f64>, Error> {
    let readers = [
        numbers_as(|x: f64| x),
        numbers_as(|x: f32| f64::from(x)),
        numbers_as(|x: i64| x as f64),
        numbers_as(|x: i32| f64::from(x)),
        numbers_as(|x: i16| f64::from(x)),
        numbers_as(|x: i8| f64::from(x)),
        numbers_as(|x: u64| x as f64),
        numbers_as(|x: u32| f64::from(x)),
        numbers_as(|x: u16| f64::from(x)),
        numbers_as(|x: u8| f64::from(x)),
    ];
    for read in readers {
        match read(bytes) {
            Err(ReadNpyError::WrongDescriptor(_)) => {}
            Ok(numbers) => return Ok(numbers),
            Err(ReadNpyError::WrongNdim(_, found)) => {
                return Err(refused(format!(
                    "{} has {found} dimensions; expected 2, rows m/z and columns scans",
                    path.display()
                )));
            }
            Err(source) => {
                return Err(FactorError::Npy { path: path.to_owned(), source }.into());
            }
        }
    }
    Err(refused(format!(
        "{} holds no real numbers; expected a float or integer array",
        path.display()
    )))
}

type NpyReader = Box<dyn Fn(&[u8]) -> Result<Array2<f64>, ReadNpyError>>;

fn numbers_as<T: ReadableElement + Copy + 'static>(convert: fn(T) -> f64) -> NpyReader {
    Box::new(move |bytes| {
        Array2::<T>::read_npy(Cursor::new(bytes)).map(|array| array.mapv(convert))
    })
}

/// Reads an axis: one m/z a line, ascending; a word in the first line is a header.
///
/// # Errors
/// If the file cannot be read or is no such axis; `matrix` is what it belongs to.
pub(crate) fn read_axis(path: &Path, matrix: &Path) -> Result<Array1<f64>, Error> {
    let lines = lines_of(path)?;
    let mut axis: Vec<f64> = Vec::with_capacity(lines.len());
    let titled = lines.first().is_some_and(|line| NAMES_OF_MZ.contains(&line.trim()));
    for (line, text) in (1..).zip(&lines).skip(usize::from(titled)) {
        let place = format!("{}:{line}", path.display());
        let mz = text.trim().parse().ok().filter(|mz: &f64| mz.is_finite() && *mz > 0.0);
        let mz = mz.ok_or_else(|| {
            refused(format!("{place}: `{}` is no m/z; expected one a line", text.trim()))
        })?;
        if let Some(last) = axis.last().filter(|last| **last >= mz) {
            return Err(refused(format!(
                "{place}: {mz} follows {last}; expected ascending m/z. Sort the axis together with \
                 the rows matrix {}",
                matrix.display()
            )));
        }
        axis.push(mz);
    }
    Ok(axis.into())
}

#[cfg(test)]
mod tests {
    use ndarray::{ShapeBuilder, array};
    use ndarray_npy::WriteNpyExt;

    use super::*;

    fn bytes<T: ndarray_npy::WritableElement>(array: &Array2<T>) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).expect("a vector takes it");
        bytes
    }

    #[test]
    fn every_real_type_and_both_orders_are_read() {
        let wanted = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let read = |bytes: &[u8]| decode_npy(Path::new("a.npy"), bytes).unwrap();
        let mut fortran = Array2::<f64>::zeros((2, 3).f());
        fortran.assign(&wanted);
        for bytes in [
            bytes(&wanted),
            bytes(&fortran),
            bytes(&wanted.mapv(|x| x as f32)),
            bytes(&wanted.mapv(|x| x as i64)),
            bytes(&wanted.mapv(|x| x as i32)),
            bytes(&wanted.mapv(|x| x as i16)),
            bytes(&wanted.mapv(|x| x as i8)),
            bytes(&wanted.mapv(|x| x as u64)),
            bytes(&wanted.mapv(|x| x as u32)),
            bytes(&wanted.mapv(|x| x as u16)),
            bytes(&wanted.mapv(|x| x as u8)),
        ] {
            assert_eq!(read(&bytes), wanted);
        }
    }

    #[test]
    fn other_arrays_are_refused() {
        let fail = |bytes: &[u8]| decode_npy(Path::new("a.npy"), bytes).unwrap_err().to_string();
        let mut flat = Vec::new();
        array![1.0, 2.0].write_npy(&mut flat).unwrap();
        assert!(fail(&flat).contains("a.npy has 1 dimensions; expected 2"));
        assert!(fail(&bytes(&array![[true]])).contains("no real numbers"));
        let whole = bytes(&array![[1.0, 2.0]]);
        assert!(fail(&whole[..whole.len() - 3]).contains("no whole .npy file"));
        assert!(fail(b"m/z").contains("no whole .npy file"));
        assert_eq!(announced_numbers(&bytes(&array![[1.0, 2.0]])), Some(2));
        for (shape, announced) in [
            ("(10, 0)", Some(0)),
            ("(1000000000, 1000000000)", Some(1_000_000_000_000_000_000)),
            ("(18446744073709551615, 9)", None),
        ] {
            assert_eq!(announced_numbers(format!("{{'shape': {shape}, }}").as_bytes()), announced);
        }
    }
}
