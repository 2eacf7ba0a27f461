//! Rows that are zero outside one stretch each, as activations are.

use std::ops::Range;

use ndarray::{Array2, ArrayView1};

/// A matrix of rows that are zero outside one stretch each.
#[derive(Debug, Clone)]
pub(crate) struct Profiles {
    columns: usize,
    rows: Vec<Profile>,
}

/// One row of [`Profiles`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    /// Where its stretch begins.
    pub(crate) first: usize,
    /// Its values in the stretch.
    pub(crate) values: Vec<f64>,
}

impl Profile {
    /// The part of a row between its outermost values that are not zero.
    pub(crate) fn within_zeros(row: ArrayView1<f64>) -> Self {
        let first = row.iter().position(|v| *v != 0.0).unwrap_or(0);
        let end = row.iter().rposition(|v| *v != 0.0).map_or(first, |last| last + 1);
        Self::part(row, first..end)
    }

    /// A part of a row.
    pub(crate) fn part(row: ArrayView1<f64>, stretch: Range<usize>) -> Self {
        let first = stretch.start;
        Self { first, values: stretch.map(|at| row[at]).collect() }
    }

    /// Zeros on the stretch of another row.
    pub(crate) fn zeros_like(other: &Self) -> Self {
        Self { first: other.first, values: vec![0.0; other.values.len()] }
    }

    /// Its stretch.
    pub(crate) fn stretch(&self) -> Range<usize> {
        self.first..self.first + self.values.len()
    }

    /// Its value in a column.
    pub(crate) fn at(&self, column: usize) -> f64 {
        column.checked_sub(self.first).and_then(|p| self.values.get(p)).copied().unwrap_or(0.0)
    }

    /// Its values in columns of its stretch.
    pub(crate) fn within(&self, columns: Range<usize>) -> &[f64] {
        &self.values[columns.start - self.first..columns.end - self.first]
    }

    /// The same, to change them.
    pub(crate) fn within_mut(&mut self, columns: Range<usize>) -> &mut [f64] {
        &mut self.values[columns.start - self.first..columns.end - self.first]
    }

    /// Its values times those of `factors`, one for each column of the matrix, and one factor.
    pub(crate) fn times(&self, factors: &[f64], factor: f64) -> Self {
        let products = self.values.iter().zip(&factors[self.stretch()]);
        Self { first: self.first, values: products.map(|(v, f)| factor * v * f).collect() }
    }

    /// Sum of the products with another.
    pub(crate) fn dot(&self, other: &Self) -> f64 {
        let (a, b) = (self.stretch(), other.stretch());
        let common = a.start.max(b.start)..a.end.min(b.end);
        if common.is_empty() {
            return 0.0;
        }
        let [a, b] = [self, other].map(|row| ArrayView1::from(row.within(common.clone())));
        a.dot(&b)
    }

    /// Multiplies it.
    pub(crate) fn scale(&mut self, factor: f64) {
        self.values.iter_mut().for_each(|v| *v *= factor);
    }
}

impl Profiles {
    /// Of rows with so many columns.
    pub(crate) fn new(columns: usize, rows: Vec<Profile>) -> Self {
        Self { columns, rows }
    }

    /// Whole rows.
    pub(crate) fn whole(rows: &Array2<f64>) -> Self {
        let columns = rows.ncols();
        let whole = |row| Profile::part(row, 0..columns);
        Self { columns, rows: rows.rows().into_iter().map(whole).collect() }
    }

    /// The parts of rows between their outermost values that are not zero.
    pub(crate) fn within_zeros(rows: &Array2<f64>) -> Self {
        let row = |row| Profile::within_zeros(row);
        Self { columns: rows.ncols(), rows: rows.rows().into_iter().map(row).collect() }
    }

    /// Adds each row times its factor to `sum`, one value for each column.
    pub(crate) fn add_up(&self, factors: ArrayView1<f64>, sum: &mut [f64]) {
        for (row, &factor) in self.rows.iter().zip(factors).filter(|(_, f)| **f != 0.0) {
            let into = sum[row.stretch()].iter_mut();
            into.zip(&row.values).for_each(|(y, v)| *y += factor * v);
        }
    }

    /// With the zeros written out.
    pub(crate) fn to_array(&self) -> Array2<f64> {
        let mut out = Array2::zeros(self.dim());
        for (mut into, row) in out.rows_mut().into_iter().zip(&self.rows) {
            into.iter_mut().skip(row.first).zip(&row.values).for_each(|(x, v)| *x = *v);
        }
        out
    }

    /// Rows and columns.
    pub(crate) fn dim(&self) -> (usize, usize) {
        (self.rows.len(), self.columns)
    }

    pub(crate) fn rows(&self) -> &[Profile] {
        &self.rows
    }

    pub(crate) fn rows_mut(&mut self) -> &mut [Profile] {
        &mut self.rows
    }

    pub(crate) fn row(&self, k: usize) -> &Profile {
        &self.rows[k]
    }

    pub(crate) fn row_mut(&mut self, k: usize) -> &mut Profile {
        &mut self.rows[k]
    }

    /// These rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self { columns: self.columns, rows: rows.iter().map(|&k| self.rows[k].clone()).collect() }
    }

    /// Matrices with equally many rows, side by side.
    pub(crate) fn beside(parts: &[Self]) -> Self {
        let rows = parts.first().map_or(0, |part| part.rows.len());
        let mut out = Self { columns: 0, rows: vec![Profile::default(); rows] };
        for part in parts {
            for (row, next) in out.rows.iter_mut().zip(&part.rows) {
                row.go_on(next, out.columns);
            }
            out.columns += part.columns;
        }
        out
    }
}

impl Profile {
    /// Adds the values of another row, which stands `offset` columns later, behind its own.
    fn go_on(&mut self, next: &Self, offset: usize) {
        let first = offset + next.first;
        if self.values.is_empty() {
            self.first = first;
        }
        if !next.values.is_empty() {
            self.values.resize(first - self.first, 0.0);
            self.values.extend_from_slice(&next.values);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn zeros_around_a_stretch_are_left_out_and_come_back() {
        let rows = array![[0.0, 2.0, 0.0, 3.0, 0.0], [0.0; 5], [1.0, 0.0, 0.0, 0.0, 1.0]];
        let profiles = Profiles::within_zeros(&rows);
        let stretches: Vec<_> = profiles.rows().iter().map(Profile::stretch).collect();
        assert_eq!(stretches, [1..4, 0..0, 0..5]);
        assert_eq!(profiles.to_array(), rows);
        assert_eq!([0, 1, 4, 9].map(|at| profiles.row(0).at(at)), [0.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn matrices_stand_side_by_side_as_arrays_do() {
        let parts = [array![[0.0, 2.0], [0.0, 0.0]], array![[0.0, 0.0], [0.0, 4.0]]];
        let [a, b] = [&parts[0], &parts[1]].map(Profiles::within_zeros);
        let beside = Profiles::beside(&[a.clone(), b, a]);
        assert_eq!(
            beside.to_array(),
            array![[0.0, 2.0, 0.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 4.0, 0.0, 0.0]]
        );
    }

    #[test]
    fn products_are_those_of_the_whole_rows() {
        let rows = array![[0.0, 2.0, 1.0, 3.0], [1.0, 4.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0]];
        let profiles = Profiles::within_zeros(&rows);
        let product = |i: usize, j: usize| profiles.row(i).dot(profiles.row(j));
        assert_eq!([product(0, 0), product(0, 1), product(1, 2)], [14.0, 8.0, 0.0]);
        let times = profiles.row(0).times(&[9.0, 1.0, 2.0, 3.0], 2.0);
        assert_eq!((times.first, times.values), (1, vec![4.0, 4.0, 18.0]));
    }
}
