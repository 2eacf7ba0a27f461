//! The written-out cells of a matrix by rows, as the inner loops read them: padded, weighted, in their precision.

use std::ops::Range;

use crate::cells::{Cell, Cells};
use crate::real::Real;

/// Values a loop takes at a time: rows are padded to a multiple of it.
pub(crate) const LANES: usize = 8;

/// Cells by row.
pub(crate) struct Packed<F> {
    /// Number of columns, without padding.
    pub(crate) columns: usize,
    /// Where each row starts, and the end of the last.
    starts: Vec<usize>,
    /// Columns of the cells, ascending; `None` where every row has all of them.
    index: Option<Vec<u32>>,
    /// `w x` of each cell; 0 in the padding.
    datum: Vec<F>,
    /// `w` of each cell; that of unwritten cells in the padding.
    weight: Vec<F>,
    /// Least `w x` that a cell may count as, where any is censored: 0 if it is, otherwise its datum.
    least: Option<Vec<F>>,
    /// Weight of the cells that are not written out, which are zeros.
    pub(crate) base: F,
    /// Whether all cells have that weight.
    pub(crate) uniform: bool,
    /// Least positive datum of each row.
    smallest: Vec<F>,
}

/// One row of [`Packed`].
#[derive(Clone, Copy)]
pub(crate) struct Row<'a, F> {
    pub(crate) index: Option<&'a [u32]>,
    pub(crate) datum: &'a [F],
    pub(crate) weight: &'a [F],
    pub(crate) least: Option<&'a [F]>,
    pub(crate) smallest: F,
}

/// `n` rounded up to whole lanes.
pub(crate) fn padded(n: usize) -> usize {
    n.div_ceil(LANES) * LANES
}

impl<F: Real> Packed<F> {
    /// The rows of `cells`, their weights times `importance`.
    pub(crate) fn by_rows(cells: &Cells, importance: f64) -> Self {
        let (rows, columns) = cells.dim();
        Self::pack((0..rows).map(|m| cells.row(m)), columns, cells, importance)
    }

    /// The columns of `cells` as rows.
    pub(crate) fn by_columns(cells: &Cells, importance: f64) -> Self {
        let (rows, columns) = cells.dim();
        let mut turned: Vec<Vec<(usize, Cell)>> = vec![Vec::new(); columns];
        for m in 0..rows {
            for (t, cell) in cells.row(m) {
                turned[t].push((m, cell));
            }
        }
        Self::pack(turned.into_iter(), rows, cells, importance)
    }

    fn pack(rows: impl Iterator<Item = Vec<(usize, Cell)>>, columns: usize, cells: &Cells, importance: f64) -> Self {
        let full = matches!(cells, Cells::Dense(_));
        let base = common_weight(cells);
        let mut out = Self {
            columns,
            starts: vec![0],
            index: None,
            datum: Vec::new(),
            weight: Vec::new(),
            least: None,
            base: F::of(importance * base.unwrap_or_else(|| cells.base())),
            uniform: base.is_some(),
            smallest: Vec::new(),
        };
        let (mut index, mut least, mut any_censored) = (Vec::new(), Vec::new(), false);
        for row in rows {
            let mut smallest = F::infinity();
            for &(t, cell) in &row {
                let w = F::of(importance * cell.weight);
                let datum = if cell.weight > 0.0 { F::of(importance * cell.weight * cell.value) } else { F::zero() };
                let censored = cell.censored && cell.weight > 0.0;
                if datum > F::zero() {
                    smallest = smallest.min(datum);
                }
                out.datum.push(datum);
                out.weight.push(w);
                index.push(t as u32);
                least.push(if censored { F::zero() } else { datum });
                any_censored |= censored;
            }
            let end = padded(out.datum.len());
            out.datum.resize(end, F::zero());
            out.weight.resize(end, out.base);
            least.resize(end, F::zero());
            index.resize(end, 0);
            out.starts.push(end);
            out.smallest.push(smallest);
        }
        out.index = (!full).then_some(index);
        out.least = any_censored.then_some(least);
        out
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of cells with padding.
    pub(crate) fn len(&self) -> usize {
        self.datum.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.index.is_none()
    }

    pub(crate) fn row(&self, m: usize) -> Row<'_, F> {
        let range: Range<usize> = self.starts[m]..self.starts[m + 1];
        Row {
            index: self.index.as_ref().map(|i| &i[range.clone()]),
            datum: &self.datum[range.clone()],
            weight: &self.weight[range.clone()],
            least: self.least.as_ref().map(|l| &l[range]),
            smallest: self.smallest[m],
        }
    }

    /// Sum of the weighted data.
    pub(crate) fn signal(&self) -> f64 {
        self.datum.iter().map(|v| v.wide()).sum()
    }

    /// The longest row with padding.
    pub(crate) fn longest(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }
}

/// The weight that all cells have, if they have one in common.
fn common_weight(cells: &Cells) -> Option<f64> {
    let (rows, _) = cells.dim();
    let mut common = match cells {
        Cells::Dense(_) => None,
        Cells::Sparse(_) => Some(1.0),
    };
    for m in 0..rows {
        for (_, cell) in cells.row(m) {
            if cell.weight <= 0.0 || *common.get_or_insert(cell.weight) != cell.weight {
                return None;
            }
        }
    }
    common
}
