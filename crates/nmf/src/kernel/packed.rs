//! The written-out cells of a matrix by rows, as the inner loops read them: padded and weighted.

use std::ops::Range;

use crate::problem::{Cell, Cells};

/// Values a loop takes at a time: rows are padded to a multiple of it.
pub(crate) const LANES: usize = 8;

/// Cells by row.
pub(crate) struct Packed {
    /// Number of columns, without padding.
    pub(crate) columns: usize,
    /// Where each row starts, and the end of the last.
    starts: Vec<usize>,
    /// Columns of the cells, ascending; `None` where every row has all of them.
    index: Option<Vec<u32>>,
    /// `w x` of each cell; 0 in the padding.
    datum: Vec<f64>,
    /// `w` of each cell; that of unwritten cells in the padding.
    weight: Vec<f64>,
    /// Least `w x` that a cell may count as, where any is censored: 0 if it is, otherwise its
    /// datum.
    least: Option<Vec<f64>>,
    /// Weight of the cells that are not written out, which are zeros.
    pub(crate) base: f64,
    /// Whether all cells have that weight.
    pub(crate) uniform: bool,
    /// Least positive datum of each row.
    smallest: Vec<f64>,
}

/// One row of [`Packed`].
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) index: Option<&'a [u32]>,
    pub(crate) datum: &'a [f64],
    pub(crate) weight: &'a [f64],
    pub(crate) least: Option<&'a [f64]>,
    pub(crate) smallest: f64,
}

/// `n` rounded up to whole lanes.
pub(crate) fn padded(n: usize) -> usize {
    n.div_ceil(LANES) * LANES
}

impl Packed {
    /// The rows of `cells`, their weights times `importance`.
    pub(crate) fn by_rows(cells: &Cells, importance: f64) -> Self {
        let (rows, columns) = cells.dim();
        Self::pack(rows, columns, &[(cells, 1.0)], importance, |m, t| (m, t))
    }

    /// The columns of matrices with equally many of them, one upon the other, as rows. The
    /// importance of each multiplies its data here and is to multiply its rows of the basis: its
    /// divergence is then multiplied by it.
    pub(crate) fn by_columns(stack: &[(&Cells, f64)]) -> Self {
        let lines = stack.first().map_or(0, |(cells, _)| cells.dim().1);
        let height = stack.iter().map(|(cells, _)| cells.dim().0).sum();
        Self::pack(lines, height, stack, 1.0, |m, t| (t, m))
    }

    /// The cells of `stack`, their data times the factor beside them, at the line and place in it
    /// that `place` makes of row and column.
    fn pack(
        lines: usize,
        columns: usize,
        stack: &[(&Cells, f64)],
        importance: f64,
        place: impl Fn(usize, usize) -> (usize, usize),
    ) -> Self {
        let full = stack.iter().all(|(cells, _)| matches!(cells, Cells::Dense(_)));
        let base = common_weight(stack);
        let unwritten = stack.iter().map(|(cells, _)| cells.base()).fold(0.0, f64::max);
        let starts = starts(lines, stack, &place);
        let size = starts[lines];
        let base_weight = importance * base.unwrap_or(unwritten);
        let mut out = Self {
            columns,
            index: (!full).then(|| vec![0; size]),
            datum: vec![0.0; size],
            weight: vec![base_weight; size],
            least: None,
            base: base_weight,
            uniform: base.is_some(),
            smallest: vec![f64::INFINITY; lines],
            starts,
        };
        let mut next = out.starts.clone();
        let mut censored = Vec::new();
        each_cell(stack, |m, t, cell, factor| {
            let (line, column) = place(m, t);
            let at = next[line];
            next[line] += 1;
            if cell.weight > 0.0 {
                let datum = importance * cell.weight * (cell.value * factor);
                out.datum[at] = datum;
                if datum > 0.0 {
                    out.smallest[line] = out.smallest[line].min(datum);
                }
                if cell.censored {
                    censored.push(at);
                }
            }
            out.weight[at] = importance * cell.weight;
            if let Some(index) = &mut out.index {
                index[at] = column as u32;
            }
        });
        if !censored.is_empty() {
            let mut least = out.datum.clone();
            censored.into_iter().for_each(|at| least[at] = 0.0);
            out.least = Some(least);
        }
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

    pub(crate) fn row(&self, m: usize) -> Row<'_> {
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
        self.datum.iter().sum()
    }

    /// The longest row with padding.
    pub(crate) fn longest(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }
}

/// Shows `see` every written-out cell by rows: row in the stack, column, the cell, and the factor
/// of its matrix.
#[inline]
fn each_cell(stack: &[(&Cells, f64)], mut see: impl FnMut(usize, usize, Cell, f64)) {
    let mut offset = 0;
    for &(cells, factor) in stack {
        for m in 0..cells.dim().0 {
            cells.visit_row(m, |t, cell| see(offset + m, t, cell, factor));
        }
        offset += cells.dim().0;
    }
}

/// Where each line starts, and the end of the last, every line in whole lanes.
fn starts(
    lines: usize,
    stack: &[(&Cells, f64)],
    place: impl Fn(usize, usize) -> (usize, usize),
) -> Vec<usize> {
    let mut lengths = vec![0; lines];
    each_cell(stack, |m, t, _, _| lengths[place(m, t).0] += 1);
    let mut starts = vec![0];
    for length in lengths {
        starts.push(starts[starts.len() - 1] + padded(length));
    }
    starts
}

/// The weight that all cells have, if they have one in common.
fn common_weight(stack: &[(&Cells, f64)]) -> Option<f64> {
    let mut common =
        stack.iter().any(|(cells, _)| matches!(cells, Cells::Sparse(_))).then_some(1.0);
    let mut equal = true;
    each_cell(stack, |_, _, cell, _| {
        equal &= cell.weight > 0.0 && *common.get_or_insert(cell.weight) == cell.weight;
    });
    common.filter(|_| equal)
}
