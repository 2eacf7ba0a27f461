//! The known factor of a regression, laid out for the inner loops.

use std::ops::Range;

use ndarray::{Array2, ArrayView1};

use super::packed::padded;
use crate::tuning::LANES;

/// A basis of n rows over T cells.
pub(crate) struct Basis {
    /// n rows of `stride` values, zeros in the padding.
    pub(crate) by_row: Vec<f64>,
    pub(crate) stride: usize,
    /// Where each row is not zero, in whole lanes.
    pub(crate) stretches: Vec<Range<usize>>,
    /// T rows of `width` values, for cells that are looked up by column.
    pub(crate) by_cell: Vec<f64>,
    pub(crate) width: usize,
    /// Sum of each row.
    pub(crate) sums: Vec<f64>,
}

impl Basis {
    /// From an n × T matrix; `looked_up` lays it out by cell too.
    pub(crate) fn new(rows: &Array2<f64>, looked_up: bool) -> Self {
        let (n, cells) = rows.dim();
        let (stride, width) = (padded(cells), padded(n));
        let mut out = Self {
            by_row: vec![0.0; n * stride],
            stride,
            stretches: rows.rows().into_iter().map(stretch).collect(),
            by_cell: Vec::new(),
            width,
            sums: rows.rows().into_iter().map(|r| r.sum()).collect(),
        };
        for (row, into) in rows.rows().into_iter().zip(out.by_row.chunks_mut(stride.max(1))) {
            for (&value, into) in row.iter().zip(into) {
                *into = value;
            }
        }
        if looked_up {
            out.by_cell = vec![0.0; cells * width];
            for (column, into) in
                rows.columns().into_iter().zip(out.by_cell.chunks_mut(width.max(1)))
            {
                for (&value, into) in column.iter().zip(into) {
                    *into = value;
                }
            }
        }
        out
    }

    /// Number of rows, n.
    pub(crate) fn rows(&self) -> usize {
        self.sums.len()
    }

    /// Row `k` where it is not zero: these cells and their values.
    #[inline(always)]
    pub(crate) fn row(&self, k: usize) -> (Range<usize>, &[f64]) {
        let cells = self.stretches[k].clone();
        (cells.clone(), &self.by_row[k * self.stride + cells.start..k * self.stride + cells.end])
    }

    /// The basis at one cell, n values and padding.
    pub(crate) fn at(&self, cell: u32) -> &[f64] {
        let start = cell as usize * self.width;
        &self.by_cell[start..start + self.width]
    }
}

/// The whole lanes that hold all non-zeros of a row.
fn stretch(row: ArrayView1<f64>) -> Range<usize> {
    match (row.iter().position(|v| *v > 0.0), row.iter().rposition(|v| *v > 0.0)) {
        (Some(first), Some(last)) => first / LANES * LANES..padded(last + 1),
        _ => 0..0,
    }
}
