//! The simplest model of a matrix: rows and columns are independent.

use crate::problem::Cells;

/// Means of the observed cells of each row, and of each column relative to the mean of all.
pub(crate) struct Independence {
    pub(crate) by_row: Vec<f64>,
    pub(crate) by_column: Vec<f64>,
}

impl Independence {
    /// Of matrices with equally many columns, one upon the other. Cells that are not written out
    /// are observed zeros.
    pub(crate) fn new(stack: &[&Cells]) -> Self {
        let columns = stack.first().map_or(0, |cells| cells.dim().1);
        let rows: Vec<_> =
            stack.iter().flat_map(|cells| (0..cells.dim().0).map(|m| cells.row(m))).collect();
        let (mut by_row, mut by_column) = (vec![0.0; rows.len()], vec![0.0; columns]);
        let (mut in_row, mut in_column) =
            (vec![columns as f64; rows.len()], vec![rows.len() as f64; columns]);
        for (m, row) in rows.iter().enumerate() {
            for &(t, cell) in row {
                if cell.weight > 0.0 {
                    by_row[m] += cell.value;
                    by_column[t] += cell.value;
                } else {
                    in_row[m] -= 1.0;
                    in_column[t] -= 1.0;
                }
            }
        }
        let mean = by_row.iter().sum::<f64>() / in_row.iter().sum::<f64>().max(1.0);
        let average = |sum: &mut f64, n: &f64| *sum = if *n > 0.0 { *sum / n } else { mean };
        by_row.iter_mut().zip(&in_row).for_each(|(sum, n)| average(sum, n));
        by_column.iter_mut().zip(&in_column).for_each(|(sum, n)| average(sum, n));
        if mean > 0.0 {
            by_column.iter_mut().for_each(|c| *c /= mean);
        }
        Self { by_row, by_column }
    }

    /// What it expects of a cell.
    pub(crate) fn at(&self, m: usize, t: usize) -> f64 {
        self.by_row[m] * self.by_column[t]
    }
}
