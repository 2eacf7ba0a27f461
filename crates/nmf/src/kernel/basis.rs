//! The known factor of a regression, laid out for the inner loops.

use std::ops::Range;
use std::sync::OnceLock;

use super::packed::padded;
use super::profiles::{Profile, Profiles};
use crate::tuning::LANES;

/// A basis of n rows over T cells.
#[derive(Debug)]
pub(crate) struct Basis {
    /// The rows one after another, each where it is not zero, in whole lanes.
    values: Vec<f64>,
    /// Where the rows are not zero, row by row.
    stretches: Vec<Stretch>,
    /// Where those of each row start among these, and the end of the last.
    starts: Vec<usize>,
    /// T in whole lanes.
    pub(crate) stride: usize,
    /// n in whole lanes.
    pub(crate) width: usize,
    /// Sum of each row.
    pub(crate) sums: Vec<f64>,
    /// T rows of `width` values, for cells that are looked up by column.
    by_cell: OnceLock<Vec<f64>>,
}

/// Cells, in whole lanes, before and behind which a row of a basis is zero: a run of several, for
/// example.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) cells: Range<usize>,
    /// Where its values start among those of the basis.
    pub(crate) start: usize,
}

/// The values of a basis with the stretches that they are of.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) values: &'a [f64],
    pub(crate) stretches: &'a [Stretch],
}

impl<'a> Values<'a> {
    /// Those of a stretch.
    #[inline(always)]
    pub(crate) fn part(self, stretch: &Stretch) -> &'a [f64] {
        &self.values[stretch.start..stretch.start + stretch.cells.len()]
    }

    /// Those of consecutive stretches of a row, one after another.
    #[inline(always)]
    pub(crate) fn together(self, stretches: &[Stretch]) -> &'a [f64] {
        match (stretches.first(), stretches.last()) {
            (Some(first), Some(last)) => &self.values[first.start..last.start + last.cells.len()],
            _ => &[],
        }
    }
}

impl Basis {
    /// From n × T rows.
    pub(crate) fn new(profiles: &Profiles) -> Self {
        let (n, cells) = profiles.dim();
        let mut out = Self {
            values: Vec::new(),
            stretches: Vec::with_capacity(n),
            starts: vec![0],
            stride: padded(cells),
            width: padded(n),
            sums: Vec::with_capacity(n),
            by_cell: OnceLock::new(),
        };
        for row in profiles.rows() {
            for cells in stretches(row) {
                let start = out.values.len();
                out.values.resize(start + cells.len(), 0.0);
                let common = cells.start.max(row.first)..cells.end.min(row.stretch().end);
                let into = start + common.start - cells.start;
                out.values[into..into + common.len()].copy_from_slice(row.within(common));
                out.stretches.push(Stretch { cells, start });
            }
            out.starts.push(out.stretches.len());
            out.sums.push(row.values.iter().sum());
        }
        out
    }

    /// Number of rows, n.
    pub(crate) fn rows(&self) -> usize {
        self.sums.len()
    }

    /// Its values with their stretches.
    #[inline(always)]
    pub(crate) fn values(&self) -> Values<'_> {
        Values { values: &self.values, stretches: &self.stretches }
    }

    /// Which of the stretches are those of row `k`.
    #[inline(always)]
    pub(crate) fn places(&self, k: usize) -> Range<usize> {
        self.starts[k]..self.starts[k + 1]
    }

    /// Where row `k` is not zero.
    #[inline(always)]
    pub(crate) fn stretches(&self, k: usize) -> &[Stretch] {
        &self.stretches[self.places(k)]
    }

    /// The cells from the first to the last in which row `k` is not zero, in whole lanes.
    pub(crate) fn hull(&self, k: usize) -> Range<usize> {
        match (self.stretches(k).first(), self.stretches(k).last()) {
            (Some(first), Some(last)) => first.cells.start..last.cells.end,
            _ => 0..0,
        }
    }

    /// Row `k` at a cell.
    pub(crate) fn value(&self, k: usize, cell: usize) -> f64 {
        let stretches = self.stretches(k);
        let next = stretches.partition_point(|stretch| stretch.cells.end <= cell);
        let found = stretches.get(next).filter(|stretch| stretch.cells.start <= cell);
        found.map_or(0.0, |stretch| self.values[stretch.start + cell - stretch.cells.start])
    }

    /// The basis at one cell, n values and padding.
    pub(crate) fn at(&self, cell: u32) -> &[f64] {
        let start = cell as usize * self.width;
        &self.by_cell.get_or_init(|| self.laid_out_by_cell())[start..start + self.width]
    }

    fn laid_out_by_cell(&self) -> Vec<f64> {
        let mut by_cell = vec![0.0; self.stride * self.width];
        for k in 0..self.rows() {
            for stretch in self.stretches(k) {
                let values = self.values().part(stretch);
                for (cell, value) in stretch.cells.clone().zip(values) {
                    by_cell[cell * self.width + k] = *value;
                }
            }
        }
        by_cell
    }
}

/// The whole lanes that hold all positive values of a row, those beside each other together.
fn stretches(row: &Profile) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (place, _) in row.values.iter().enumerate().filter(|(_, v)| **v > 0.0) {
        let start = (row.first + place) / LANES * LANES;
        match out.last_mut() {
            Some(last) if last.end >= start => last.end = start + LANES,
            _ => out.push(start..start + LANES),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn lanes_without_values_are_left_out() {
        let shown = |t: usize| (9..20).contains(&t) || (41..43).contains(&t) || t == 49;
        let rows = Array2::from_shape_fn(
            (2, 60),
            |(k, t)| {
                if k == 1 && shown(t) { t as f64 } else { 0.0 }
            },
        );
        let basis = Basis::new(&Profiles::whole(&rows));
        let cells = |k: usize| -> Vec<Range<usize>> {
            basis.stretches(k).iter().map(|stretch| stretch.cells.clone()).collect()
        };
        assert_eq!(cells(0), []);
        assert_eq!(cells(1), [8..24, 40..56]);
        assert_eq!((basis.hull(0), basis.hull(1)), (0..0, 8..56));
        for t in 0..60 {
            assert_eq!(basis.value(1, t), rows[(1, t)]);
            assert_eq!(basis.at(t as u32)[1], rows[(1, t)]);
        }
        assert_eq!(basis.values().together(basis.stretches(1)).len(), 32);
    }
}
