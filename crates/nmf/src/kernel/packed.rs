//! The written-out cells of a matrix by rows, as the inner loops read them: padded and weighted.

use std::ops::Range;

use super::simd::vectorised;
use crate::problem::{Cell, Cells, Dense};
use crate::tuning::{LANES, MOST_LAID_OUT};

/// Cells by row.
pub(crate) struct Packed<'a> {
    /// Number of columns, without padding.
    pub(crate) columns: usize,
    /// Where each row starts, and the end of the last.
    starts: Vec<usize>,
    layout: Layout<'a>,
    /// Weight of the cells that are not written out, which are zeros.
    pub(crate) base: f64,
    /// Whether all cells have that weight.
    pub(crate) uniform: bool,
    /// Least positive datum of each row.
    smallest: Vec<f64>,
    /// Sum of the data of each row.
    signals: Vec<f64>,
}

/// Where the rows are.
enum Layout<'a> {
    /// All are laid out. Columns of the cells, ascending; `None` where every row has all of them.
    Whole { index: Option<Vec<u32>>, cells: Laid },
    /// Each is laid out when it is asked for, as all of them take more memory than their cells.
    OnDemand { cells: &'a Dense, importance: f64, censored: bool },
}

/// Cells as the inner loops read them, or room for those of one row of one matrix at a time.
#[derive(Default)]
pub(crate) struct Laid {
    /// `w x` of each cell; 0 in the padding.
    datum: Vec<f64>,
    /// `w` of each cell; that of unwritten cells in the padding.
    weight: Vec<f64>,
    /// Least `w x` that a cell may count as: 0 if it is censored, otherwise its datum. Empty where
    /// none is.
    least: Vec<f64>,
}

/// One row of [`Packed`].
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) index: Option<&'a [u32]>,
    pub(crate) datum: &'a [f64],
    pub(crate) weight: &'a [f64],
    pub(crate) least: Option<&'a [f64]>,
    pub(crate) smallest: f64,
    pub(crate) signal: f64,
}

/// `n` rounded up to whole lanes.
pub(crate) fn padded(n: usize) -> usize {
    n.div_ceil(LANES) * LANES
}

impl<'a> Packed<'a> {
    /// The rows of `cells`, their weights times `importance`.
    pub(crate) fn by_rows(cells: &'a Cells, importance: f64) -> Self {
        match cells {
            Cells::Dense(dense) if dense.is_by_rows() && dense.data.len() > MOST_LAID_OUT => {
                Self::on_demand(cells, dense, importance)
            }
            _ => Self::beside(&[(cells, importance)]),
        }
    }

    /// [`Packed::by_rows`] that lays out each row when it is asked for.
    fn on_demand(cells: &Cells, dense: &'a Dense, importance: f64) -> Self {
        let (lines, columns) = cells.dim();
        let base = common_weight(&[Part { cells, importance, factor: 1.0, offset: (0, 0) }]);
        let censored = cells.any_censored();
        let mut out = Self {
            columns,
            starts: (0..=lines).map(|m| m * padded(columns)).collect(),
            layout: Layout::OnDemand { cells: dense, importance, censored },
            base: base.unwrap_or(0.0),
            uniform: base.is_some(),
            smallest: vec![f64::INFINITY; lines],
            signals: vec![0.0; lines],
        };
        let mut room = Laid::default();
        for m in 0..lines {
            let data = out.row(m, &mut room).datum.iter().copied();
            let positive = data.clone().filter(|x| *x > 0.0);
            let (smallest, signal) = (positive.fold(f64::INFINITY, f64::min), data.sum());
            (out.smallest[m], out.signals[m]) = (smallest, signal);
        }
        out
    }

    /// The rows of matrices with equally many of them, side by side; the weights of each times its
    /// importance. What is not written out weighs the same in all.
    pub(crate) fn beside(matrices: &[(&Cells, f64)]) -> Self {
        let lines = matrices.first().map_or(0, |(cells, _)| cells.dim().0);
        let (mut parts, mut width) = (Vec::with_capacity(matrices.len()), 0);
        for &(cells, importance) in matrices {
            parts.push(Part { cells, importance, factor: 1.0, offset: (0, width) });
            width += cells.dim().1;
        }
        Self::pack(lines, width, &parts, |m, t| (m, t))
    }

    /// The columns of matrices with equally many of them, one upon the other, as rows. The
    /// importance of each multiplies its data here and is to multiply its rows of the basis: its
    /// divergence is then multiplied by it.
    pub(crate) fn by_columns(stack: &[(&Cells, f64)]) -> Self {
        let lines = stack.first().map_or(0, |(cells, _)| cells.dim().1);
        let (mut parts, mut height) = (Vec::with_capacity(stack.len()), 0);
        for &(cells, factor) in stack {
            parts.push(Part { cells, importance: 1.0, factor, offset: (height, 0) });
            height += cells.dim().0;
        }
        Self::pack(lines, height, &parts, |m, t| (t, m))
    }

    /// The cells of `parts` at the line and place in it that `place` makes of row and column.
    fn pack(
        lines: usize,
        columns: usize,
        parts: &[Part],
        place: impl Fn(usize, usize) -> (usize, usize),
    ) -> Self {
        let full = parts.iter().all(|part| matches!(part.cells, Cells::Dense(_)));
        let base = common_weight(parts);
        let unwritten =
            parts.iter().map(|part| part.importance * part.cells.base()).fold(0.0, f64::max);
        let starts = starts(lines, parts, &place);
        let size = starts[lines];
        let base_weight = base.unwrap_or(unwritten);
        let mut index = (!full).then(|| vec![0; size]);
        let mut laid =
            Laid { datum: vec![0.0; size], weight: vec![base_weight; size], least: Vec::new() };
        let (mut smallest, mut signals) = (vec![f64::INFINITY; lines], vec![0.0; lines]);
        let mut next = starts.clone();
        let mut censored = Vec::new();
        each_cell(parts, |m, t, cell, part| {
            let (line, column) = place(m, t);
            let at = next[line];
            next[line] += 1;
            if cell.weight > 0.0 {
                let datum = part.importance * cell.weight * (cell.value * part.factor);
                laid.datum[at] = datum;
                signals[line] += datum;
                if datum > 0.0 {
                    smallest[line] = smallest[line].min(datum);
                }
                if cell.censored {
                    censored.push(at);
                }
            }
            laid.weight[at] = part.importance * cell.weight;
            if let Some(index) = &mut index {
                index[at] = column as u32;
            }
        });
        if !censored.is_empty() {
            laid.least.clone_from(&laid.datum);
            censored.into_iter().for_each(|at| laid.least[at] = 0.0);
        }
        Self {
            columns,
            starts,
            layout: Layout::Whole { index, cells: laid },
            base: base_weight,
            uniform: base.is_some(),
            smallest,
            signals,
        }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of cells with padding.
    pub(crate) fn len(&self) -> usize {
        self.starts[self.rows()]
    }

    pub(crate) fn is_full(&self) -> bool {
        !matches!(self.layout, Layout::Whole { index: Some(_), .. })
    }

    /// Row `m`, in `room` where it is not laid out yet.
    pub(crate) fn row<'b>(&'b self, m: usize, room: &'b mut Laid) -> Row<'b> {
        let of_row = (self.smallest[m], self.signals[m]);
        match &self.layout {
            Layout::Whole { index, cells } => {
                let range = self.starts[m]..self.starts[m + 1];
                let index = index.as_ref().map(|i| &i[range.clone()]);
                Row { index, ..cells.part(range, of_row) }
            }
            &Layout::OnDemand { cells, importance, censored } => {
                room.lay(cells, m, importance, censored, self.base);
                room.part(0..room.datum.len(), of_row)
            }
        }
    }

    /// Sum of the weighted data.
    pub(crate) fn signal(&self) -> f64 {
        let mut room = Laid::default();
        (0..self.rows())
            .fold(0.0, |sum, m| self.row(m, &mut room).datum.iter().fold(sum, |sum, x| sum + x))
    }

    /// The longest row with padding.
    pub(crate) fn longest(&self) -> usize {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }
}

impl Laid {
    /// Lays out row `m` of `cells`, with the least that cells count as if any cell is `censored`.
    fn lay(&mut self, cells: &Dense, m: usize, importance: f64, censored: bool, base: f64) {
        let (value, weight, limits) = cells.row_slices(m);
        let n = value.len();
        let size = padded(n);
        self.datum.resize(size, 0.0);
        self.weight.resize(size, base);
        self.least.resize(if censored { size } else { 0 }, 0.0);
        let (datum, weights) = (&mut self.datum[..n], &mut self.weight[..n]);
        let (weight, limits) = (&weight[..n], &limits[..n]);
        vectorised(
            #[inline(always)]
            || {
                for i in 0..n {
                    weights[i] = importance * weight[i];
                    datum[i] = if weight[i] > 0.0 { weights[i] * value[i] } else { 0.0 };
                }
                for (i, least) in self.least.iter_mut().enumerate().take(n) {
                    *least = if limits[i] { 0.0 } else { datum[i] };
                }
            },
        );
    }

    fn part(&self, range: Range<usize>, (smallest, signal): (f64, f64)) -> Row<'_> {
        let least = (!self.least.is_empty()).then(|| &self.least[range.clone()]);
        let (datum, weight) = (&self.datum[range.clone()], &self.weight[range]);
        Row { index: None, datum, weight, least, smallest, signal }
    }
}

/// One of several matrices that are laid out together.
struct Part<'a> {
    cells: &'a Cells,
    /// Times the weights.
    importance: f64,
    /// Times the data.
    factor: f64,
    /// Rows and columns of the matrices before it.
    offset: (usize, usize),
}

/// Shows `see` every written-out cell by rows: row and column among all parts, the cell, and its
/// part.
#[inline]
fn each_cell(parts: &[Part], mut see: impl FnMut(usize, usize, Cell, &Part)) {
    for part in parts {
        let (above, before) = part.offset;
        for m in 0..part.cells.dim().0 {
            part.cells.visit_row(m, |t, cell| see(above + m, before + t, cell, part));
        }
    }
}

/// Where each line starts, and the end of the last, every line in whole lanes.
fn starts(
    lines: usize,
    parts: &[Part],
    place: impl Fn(usize, usize) -> (usize, usize),
) -> Vec<usize> {
    let mut lengths = vec![0; lines];
    each_cell(parts, |m, t, _, _| lengths[place(m, t).0] += 1);
    let mut starts = vec![0];
    for length in lengths {
        starts.push(starts[starts.len() - 1] + padded(length));
    }
    starts
}

/// The weight that all cells have, if they have one in common.
fn common_weight(parts: &[Part]) -> Option<f64> {
    let sparse = parts.iter().find(|part| matches!(part.cells, Cells::Sparse(_)));
    let mut common = sparse.map(|part| part.importance);
    let mut uniform = true;
    each_cell(parts, |_, _, cell, part| {
        let weight = part.importance * cell.weight;
        uniform &= weight > 0.0 && *common.get_or_insert(weight) == weight;
    });
    common.filter(|_| uniform)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn rows_on_demand_are_those_laid_out_at_once() {
        let data = array![[3.0, 0.0, f64::NAN], [1.5, 2.0, 4.0], [0.0, 0.0, 0.0]];
        let weight = array![[1.0, 0.5, 0.0], [1.0, 1.0, 2.0], [0.0, 1.0, 1.0]];
        let none = data.mapv(|_| false);
        let mut some = none.clone();
        some[(1, 1)] = true;
        for (weight, censored) in
            [(weight.clone(), some), (weight, none.clone()), (data.mapv(|_| 1.0), none)]
        {
            let dense = Dense { data: data.clone(), weight, censored };
            let cells = Cells::Dense(dense.clone());
            let (rows, whole) =
                (Packed::on_demand(&cells, &dense, 0.7), Packed::beside(&[(&cells, 0.7)]));
            assert_eq!(
                (rows.base, rows.uniform, rows.len()),
                (whole.base, whole.uniform, whole.len())
            );
            let (mut room, mut unused) = (Laid::default(), Laid::default());
            for m in 0..3 {
                let (row, wanted) = (rows.row(m, &mut room), whole.row(m, &mut unused));
                let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(row.datum), bits(wanted.datum));
                assert_eq!(bits(row.weight), bits(wanted.weight));
                assert_eq!(row.least.map(bits), wanted.least.map(bits));
                assert_eq!(row.smallest, wanted.smallest);
                assert_eq!(bits(&[row.signal]), bits(&[wanted.signal]));
            }
        }
    }
}
