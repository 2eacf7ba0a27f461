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
        Self::pack((0..rows).map(|m| cells.row(m)), columns, &[cells], importance)
    }

    /// The columns of matrices with equally many of them, one upon the other, as rows. The importance of each multiplies its data
    /// here and is to multiply its rows of the basis: its divergence is then multiplied by it.
    pub(crate) fn by_columns(stack: &[(&Cells, f64)]) -> Self {
        let columns = stack.first().map_or(0, |(cells, _)| cells.dim().1);
        let mut turned: Vec<Vec<(usize, Cell)>> = vec![Vec::new(); columns];
        let mut offset = 0;
        for &(cells, importance) in stack {
            for m in 0..cells.dim().0 {
                for (t, cell) in cells.row(m) {
                    let value = cell.value * importance;
                    turned[t].push((offset + m, Cell { value, ..cell }));
                }
            }
            offset += cells.dim().0;
        }
        let cells: Vec<&Cells> = stack.iter().map(|(cells, _)| *cells).collect();
        Self::pack(turned.into_iter(), offset, &cells, 1.0)
    }

    fn pack(rows: impl Iterator<Item = Vec<(usize, Cell)>>, columns: usize, stack: &[&Cells], importance: f64) -> Self {
        let full = stack.iter().all(|cells| matches!(cells, Cells::Dense(_)));
        let base = common_weight(stack);
        let unwritten = stack.iter().map(|cells| cells.base()).fold(0.0, f64::max);
        let mut out = Self {
            columns,
            starts: vec![0],
            index: None,
            datum: Vec::new(),
            weight: Vec::new(),
            least: None,
            base: F::of(importance * base.unwrap_or(unwritten)),
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
fn common_weight(stack: &[&Cells]) -> Option<f64> {
    let mut common = stack.iter().any(|cells| matches!(cells, Cells::Sparse(_))).then_some(1.0);
    for cells in stack {
        for m in 0..cells.dim().0 {
            for (_, cell) in cells.row(m) {
                if cell.weight <= 0.0 || *common.get_or_insert(cell.weight) != cell.weight {
                    return None;
                }
            }
        }
    }
    common
}
