//! What pulls at the entries of one factor besides the data: penalties as majorisers
//! `Σ a x − b log x`.

use ndarray::{Array1, Array2};

/// The majoriser of the penalties in one factor.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    /// a of every entry of a column.
    columns: Array1<f64>,
    /// Further a and b of each entry.
    entries: Option<(Array2<f64>, Array2<f64>)>,
}

impl Pull {
    pub(crate) fn none(columns: usize) -> Self {
        Self { columns: Array1::zeros(columns), entries: None }
    }

    pub(crate) fn by_column(columns: Array1<f64>) -> Self {
        Self { columns, entries: None }
    }

    /// With a further penalty of one entry of a single row: `strength · (x − value log x)`, which
    /// is least at `value`.
    pub(crate) fn pinned(mut self, column: usize, value: f64, strength: f64) -> Self {
        let columns = self.columns.len();
        let (a, b) = self.entries_mut((1, columns));
        a[(0, column)] += strength;
        b[(0, column)] += strength * value;
        self
    }

    /// (a, b) of one entry.
    #[inline]
    pub(crate) fn at(&self, row: usize, column: usize) -> (f64, f64) {
        let whole = self.columns[column];
        match &self.entries {
            None => (whole, 0.0),
            Some((a, b)) => (whole + a[(row, column)], b[(row, column)]),
        }
    }

    /// The same for the transposed factor.
    pub(crate) fn turned(&self, columns: usize) -> Self {
        let turn = |m: &Array2<f64>| m.t().as_standard_layout().into_owned();
        Self {
            columns: Array1::zeros(columns),
            entries: self.entries.as_ref().map(|(a, b)| (turn(a), turn(b))),
        }
    }

    /// Further a and b of each entry of a factor of this shape.
    pub(crate) fn entries_mut(&mut self, dim: (usize, usize)) -> &mut (Array2<f64>, Array2<f64>) {
        self.entries.get_or_insert_with(|| (Array2::zeros(dim), Array2::zeros(dim)))
    }
}
