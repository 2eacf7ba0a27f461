//! What was measured: the cells of one matrix, dense or sparse, each observed, unobserved or
//! censored.

use ndarray::{Array2, ArrayView1, Axis};

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The datum, or the limit where the cell is censored.
    pub value: f64,
    /// Its weight; 0 = not observed.
    pub weight: f64,
    /// Whether it is only known to lie in `[0, value]`.
    pub censored: bool,
}

/// The cells of one matrix, M × T.
#[derive(Debug, Clone)]
pub enum Cells {
    /// Every cell is written out.
    Dense(Dense),
    /// Cells that are not written out are observed zeros of weight 1.
    Sparse(Sparse),
}

/// Every cell of an M × T matrix.
#[derive(Debug, Clone)]
pub struct Dense {
    /// Data, M × T, finite and non-negative; the limit where the cell is censored.
    pub data: Array2<f64>,
    /// Weights, M × T, finite and non-negative; 0 = not observed.
    pub weight: Array2<f64>,
    /// Cells known only to lie between 0 and `data`, M × T.
    pub censored: Array2<bool>,
}

/// An M × T matrix of which most cells are observed zeros, by rows.
#[derive(Debug, Clone)]
pub struct Sparse {
    rows: usize,
    columns: usize,
    starts: Vec<usize>,
    index: Vec<u32>,
    cells: Vec<Cell>,
}

impl From<Array2<f64>> for Cells {
    /// Observed cells of weight 1.
    fn from(data: Array2<f64>) -> Self {
        Self::Dense(Dense::from(data))
    }
}

impl From<Dense> for Cells {
    fn from(cells: Dense) -> Self {
        Self::Dense(cells)
    }
}

impl From<Sparse> for Cells {
    fn from(cells: Sparse) -> Self {
        Self::Sparse(cells)
    }
}

impl From<Array2<f64>> for Dense {
    /// Observed cells of weight 1.
    fn from(data: Array2<f64>) -> Self {
        Self {
            weight: Array2::ones(data.dim()),
            censored: Array2::from_elem(data.dim(), false),
            data,
        }
    }
}

impl Sparse {
    /// A `rows` × `columns` matrix from its written-out cells `(row, column, cell)`; of two at one
    /// place the later counts.
    ///
    /// # Panics
    /// If a cell lies outside the matrix, or there are more than `u32::MAX` columns.
    pub fn new(
        rows: usize,
        columns: usize,
        entries: impl IntoIterator<Item = (usize, usize, Cell)>,
    ) -> Self {
        assert!(u32::try_from(columns).is_ok(), "at most {} columns", u32::MAX);
        let mut by_row: Vec<Vec<(u32, Cell)>> = vec![Vec::new(); rows];
        for (m, t, cell) in entries {
            assert!(
                m < rows && t < columns,
                "cell ({m}, {t}) is outside a {rows} × {columns} matrix"
            );
            by_row[m].push((t as u32, cell));
        }
        let mut out = Self { rows, columns, starts: vec![0], index: Vec::new(), cells: Vec::new() };
        for mut row in by_row {
            row.reverse();
            row.sort_by_key(|(t, _)| *t);
            row.dedup_by_key(|(t, _)| *t);
            out.index.extend(row.iter().map(|(t, _)| *t));
            out.cells.extend(row.iter().map(|(_, cell)| *cell));
            out.starts.push(out.index.len());
        }
        out
    }

    /// The observed cells of weight 1 of `data`, its zeros not written out.
    pub fn from_dense(data: &Array2<f64>) -> Self {
        let seen = |value| Cell { value, weight: 1.0, censored: false };
        let entries =
            data.indexed_iter().filter(|(_, v)| **v != 0.0).map(|((m, t), &v)| (m, t, seen(v)));
        Self::new(data.nrows(), data.ncols(), entries)
    }

    /// Number of cells that are written out.
    pub fn written(&self) -> usize {
        self.cells.len()
    }

    fn row(&self, m: usize) -> (&[u32], &[Cell]) {
        let range = self.starts[m]..self.starts[m + 1];
        (&self.index[range.clone()], &self.cells[range])
    }
}

impl Cells {
    /// (M, T).
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::Dense(d) => d.data.dim(),
            Self::Sparse(s) => (s.rows, s.columns),
        }
    }

    /// The cell in row `m`, column `t`.
    pub fn at(&self, m: usize, t: usize) -> Cell {
        match self {
            Self::Dense(d) => d.at(m, t),
            Self::Sparse(s) => {
                let (index, cells) = s.row(m);
                index.binary_search(&(t as u32)).map_or(NOTHING, |i| cells[i])
            }
        }
    }

    /// The written-out cells of row `m` with their columns, ascending.
    pub fn row(&self, m: usize) -> Vec<(usize, Cell)> {
        match self {
            Self::Dense(d) => (0..d.data.ncols()).map(|t| (t, d.at(m, t))).collect(),
            Self::Sparse(s) => {
                let (index, cells) = s.row(m);
                index.iter().map(|t| *t as usize).zip(cells.iter().copied()).collect()
            }
        }
    }

    /// Shows `see` the written-out cells of row `m` with their columns, ascending.
    #[inline]
    pub(crate) fn visit_row(&self, m: usize, mut see: impl FnMut(usize, Cell)) {
        match self {
            Self::Dense(d) => {
                let cells = d
                    .data
                    .row(m)
                    .into_iter()
                    .zip(d.weight.row(m))
                    .zip(d.censored.row(m))
                    .enumerate();
                cells.for_each(|(t, ((&value, &weight), &censored))| {
                    see(t, Cell { value, weight, censored });
                });
            }
            Self::Sparse(s) => {
                let (index, cells) = s.row(m);
                index.iter().zip(cells).for_each(|(&t, &cell)| see(t as usize, cell));
            }
        }
    }

    /// Weight of the cells that are not written out.
    pub(crate) fn base(&self) -> f64 {
        match self {
            Self::Dense(_) => 0.0,
            Self::Sparse(_) => 1.0,
        }
    }

    /// The same with the cells at `places` (row, column) not observed.
    ///
    /// # Panics
    /// If a place lies outside of the matrix.
    #[must_use]
    pub fn without(&self, places: &[(usize, usize)]) -> Self {
        match self {
            Self::Dense(d) => {
                let mut out = d.clone();
                places.iter().for_each(|&at| out.weight[at] = 0.0);
                Self::Dense(out)
            }
            Self::Sparse(s) => {
                let written = (0..s.rows)
                    .flat_map(|m| self.row(m).into_iter().map(move |(t, cell)| (m, t, cell)));
                let hidden =
                    places.iter().map(|&(m, t)| (m, t, Cell { weight: 0.0, ..self.at(m, t) }));
                Self::Sparse(Sparse::new(s.rows, s.columns, written.chain(hidden)))
            }
        }
    }

    /// The matrix of some of its rows.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        match self {
            Self::Dense(d) => Self::Dense(Dense {
                data: d.data.select(Axis(0), rows),
                weight: d.weight.select(Axis(0), rows),
                censored: d.censored.select(Axis(0), rows),
            }),
            Self::Sparse(s) => {
                let entries = rows.iter().enumerate().flat_map(|(at, &m)| {
                    let (index, cells) = s.row(m);
                    index.iter().zip(cells).map(move |(&t, &cell)| (at, t as usize, cell))
                });
                Self::Sparse(Sparse::new(rows.len(), s.columns, entries))
            }
        }
    }
}

impl Cells {
    /// Whether anything that counts is censored.
    pub(crate) fn any_censored(&self) -> bool {
        match self {
            Self::Dense(d) => d.censored.iter().zip(&d.weight).any(|(c, w)| *c && *w > 0.0),
            Self::Sparse(s) => s.cells.iter().any(|c| c.censored && c.weight > 0.0),
        }
    }
}

/// What is not written out in a sparse matrix.
const NOTHING: Cell = Cell { value: 0.0, weight: 1.0, censored: false };

impl Dense {
    /// The cell in row `m`, column `t`.
    pub fn at(&self, m: usize, t: usize) -> Cell {
        Cell {
            value: self.data[(m, t)],
            weight: self.weight[(m, t)],
            censored: self.censored[(m, t)],
        }
    }

    /// Whether the cells of every row are one after another.
    pub(crate) fn is_by_rows(&self) -> bool {
        self.data.is_standard_layout()
            && self.weight.is_standard_layout()
            && self.censored.is_standard_layout()
    }

    /// Data, weights, and which cells are censored, of row `m`.
    ///
    /// # Panics
    /// If the cells of a row are not one after another.
    pub(crate) fn row_slices(&self, m: usize) -> (&[f64], &[f64], &[bool]) {
        fn row<T>(all: &Array2<T>, m: usize) -> &[T] {
            all.row(m).to_slice().expect("the cells of a row are one after another")
        }
        (row(&self.data, m), row(&self.weight, m), row(&self.censored, m))
    }

    /// One row of data.
    pub fn row(&self, m: usize) -> ArrayView1<'_, f64> {
        self.data.row(m)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn sparse_and_dense_hold_the_same_cells() {
        let data = array![[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]];
        let (dense, sparse) = (Cells::from(data.clone()), Cells::Sparse(Sparse::from_dense(&data)));
        for (m, t) in [(0, 0), (0, 1), (1, 0), (1, 2)] {
            assert_eq!(dense.at(m, t), sparse.at(m, t));
        }
        assert_eq!(sparse.row(1).iter().map(|c| c.0).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(sparse.select_rows(&[1]).at(0, 2).value, 3.0);
    }
}
