//! A matrix of counts by rows, most of them zero.

use cofactor_nmf::{Cell, Cells, Sparse, cell_divergence};
use ndarray::Array2;

/// The non-zeros of a matrix, compressed by rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counts {
    pub(crate) columns: usize,
    /// Where each row starts, and the end of the last.
    pub(crate) starts: Vec<usize>,
    /// Columns of the non-zeros, ascending in each row.
    pub(crate) index: Vec<u32>,
    pub(crate) values: Vec<f64>,
}

impl Counts {
    /// Row after row, each by columns; rows without a count are left out, then columns.
    pub(crate) fn of_rows(columns: usize, rows: impl Iterator<Item = Vec<(u32, f64)>>) -> Self {
        let mut out = Self { columns, starts: vec![0], index: Vec::new(), values: Vec::new() };
        for row in rows.filter(|row| !row.is_empty()) {
            out.index.extend(row.iter().map(|(t, _)| *t));
            out.values.extend(row.iter().map(|(_, x)| *x));
            out.starts.push(out.index.len());
        }
        out.without_empty_columns()
    }

    fn without_empty_columns(mut self) -> Self {
        let mut place = vec![0; self.columns];
        self.index.iter().for_each(|&t| place[t as usize] = 1);
        let mut kept = 0;
        for p in &mut place {
            kept += *p;
            *p = kept - *p;
        }
        self.index.iter_mut().for_each(|t| *t = place[*t as usize]);
        self.columns = kept as usize;
        self
    }

    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of non-zeros.
    pub(crate) fn written(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn share_of_zeros(&self) -> f64 {
        1.0 - self.written() as f64 / (self.rows() * self.columns) as f64
    }

    pub(crate) fn sum(&self) -> f64 {
        self.values.iter().sum()
    }

    /// The non-zeros of one row with their columns.
    pub(crate) fn row(&self, m: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[m]..self.starts[m + 1];
        self.index[range.clone()]
            .iter()
            .map(|t| *t as usize)
            .zip(self.values[range].iter().copied())
    }

    /// Written out in full.
    pub(crate) fn dense(&self) -> Array2<f64> {
        let mut out = Array2::zeros((self.rows(), self.columns));
        for m in 0..self.rows() {
            self.row(m).for_each(|(t, x)| out[(m, t)] = x);
        }
        out
    }

    /// As the solver takes it.
    pub(crate) fn cells(&self, layout: Layout) -> Cells {
        if layout == Layout::Dense {
            return self.dense().into();
        }
        let seen = |value| Cell { value, weight: 1.0, censored: false };
        let entries = (0..self.rows()).flat_map(|m| self.row(m).map(move |(t, x)| (m, t, seen(x))));
        Sparse::new(self.rows(), self.columns, entries).into()
    }

    /// The objective by which everybody is judged: `Σ x log(x / y) − x + y` with `y` = `dictionary`
    /// (M × K) · `activations` (K × T). Non-zeros are visited, of the zeros only the sum of their y
    /// is needed.
    pub(crate) fn divergence(&self, dictionary: &Array2<f64>, activations: &Array2<f64>) -> f64 {
        let by_time = activations.t().as_standard_layout().into_owned();
        let sums = activations.sum_axis(ndarray::Axis(1));
        let of_row = |m: usize| {
            let d = dictionary.row(m);
            let cells = self.row(m).map(|(t, x)| (x, d.dot(&by_time.row(t)).max(0.0)));
            d.dot(&sums) + cells.map(|(x, y)| cell_divergence(x, y, false) - y).sum::<f64>()
        };
        (0..self.rows()).map(of_row).sum()
    }
}

/// How a matrix is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Every cell.
    Dense,
    /// The non-zeros.
    Sparse,
}

impl Layout {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Sparse => "sparse",
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn counts() -> Counts {
        let rows = [vec![(1, 2.0), (3, 1.0)], vec![], vec![(3, 4.0)]];
        Counts::of_rows(5, rows.into_iter())
    }

    #[test]
    fn empty_rows_and_columns_are_left_out() {
        assert_eq!(counts().dense(), array![[2.0, 1.0], [0.0, 4.0]]);
        assert_eq!(counts().share_of_zeros(), 0.25);
    }

    #[test]
    fn the_objective_is_that_of_every_cell() {
        let (d, h) = (array![[1.0, 0.5], [0.0, 2.0]], array![[0.3, 1.0], [1.0, 0.7]]);
        let model = d.dot(&h);
        let whole: f64 =
            counts().dense().iter().zip(&model).map(|(&x, &y)| cell_divergence(x, y, false)).sum();
        assert!((counts().divergence(&d, &h) - whole).abs() < 1e-12);
    }
}
