//! The known factor of a regression, laid out for the inner loops.

use std::ops::Range;
use std::sync::OnceLock;

use super::packed::padded;
use super::profiles::{Profile, Profiles};
use crate::tuning::LANES;

/// A basis of n rows over T cells.
pub(crate) struct Basis {
    /// The rows one after another, each where it is not zero, in whole lanes.
    pub(crate) values: Vec<f64>,
    /// Where each row starts among these, and the end of the last.
    starts: Vec<usize>,
    /// The cells in which each row is not zero, in whole lanes.
    pub(crate) stretches: Vec<Range<usize>>,
    /// T in whole lanes.
    pub(crate) stride: usize,
    /// n in whole lanes.
    pub(crate) width: usize,
    /// Sum of each row.
    pub(crate) sums: Vec<f64>,
    /// T rows of `width` values, for cells that are looked up by column.
    by_cell: OnceLock<Vec<f64>>,
}

impl Basis {
    /// From n × T rows.
    pub(crate) fn new(profiles: &Profiles) -> Self {
        let (n, cells) = profiles.dim();
        let mut out = Self {
            values: Vec::new(),
            starts: vec![0],
            stretches: Vec::with_capacity(n),
            stride: padded(cells),
            width: padded(n),
            sums: Vec::with_capacity(n),
            by_cell: OnceLock::new(),
        };
        for row in profiles.rows() {
            let lanes = lanes(row);
            let start = out.values.len();
            out.values.resize(start + lanes.len(), 0.0);
            let common = lanes.start.max(row.first)..lanes.end.min(row.stretch().end);
            if !common.is_empty() {
                let into = start + common.start - lanes.start;
                out.values[into..into + common.len()].copy_from_slice(row.within(common));
            }
            out.starts.push(out.values.len());
            out.stretches.push(lanes);
            out.sums.push(row.values.iter().sum());
        }
        out
    }

    /// Number of rows, n.
    pub(crate) fn rows(&self) -> usize {
        self.sums.len()
    }

    /// Where row `k` starts among the values.
    pub(crate) fn start(&self, k: usize) -> usize {
        self.starts[k]
    }

    /// Row `k` where it is not zero: these cells and their values.
    #[inline(always)]
    pub(crate) fn row(&self, k: usize) -> (Range<usize>, &[f64]) {
        (self.stretches[k].clone(), &self.values[self.starts[k]..self.starts[k + 1]])
    }

    /// The basis at one cell, n values and padding.
    pub(crate) fn at(&self, cell: u32) -> &[f64] {
        let start = cell as usize * self.width;
        &self.by_cell.get_or_init(|| self.laid_out_by_cell())[start..start + self.width]
    }

    fn laid_out_by_cell(&self) -> Vec<f64> {
        let mut by_cell = vec![0.0; self.stride * self.width];
        for k in 0..self.rows() {
            let (cells, values) = self.row(k);
            for (cell, value) in cells.zip(values) {
                by_cell[cell * self.width + k] = *value;
            }
        }
        by_cell
    }
}

/// The whole lanes that hold all positive values of a row.
fn lanes(row: &Profile) -> Range<usize> {
    let positive = |v: &f64| *v > 0.0;
    match (row.values.iter().position(positive), row.values.iter().rposition(positive)) {
        (Some(first), Some(last)) => {
            (row.first + first) / LANES * LANES..padded(row.first + last + 1)
        }
        _ => 0..0,
    }
}
