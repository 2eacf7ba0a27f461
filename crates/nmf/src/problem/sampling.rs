//! The operator `P` (G × T) through which a level sees the activations: sparse, non-negative, by
//! columns.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1};

/// A sparse, non-negative G × T matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    grid: usize,
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
    /// The samples between the first and the last that see each grid point.
    reached: Vec<Range<usize>>,
    identity: bool,
}

impl Sampling {
    /// Linear interpolation from ascending `grid` times to `times`; both in one unit. Times outside
    /// the grid get the value of its nearest end.
    ///
    /// # Panics
    /// If `grid` is empty.
    pub fn interpolation(grid: &[f64], times: &[f64]) -> Self {
        assert!(!grid.is_empty(), "an activation grid needs at least one time");
        Self::from_columns(grid.len(), times.iter().map(|&t| interpolate(grid, t)))
    }

    /// The identity: the level is sampled at the `size` grid times themselves.
    pub fn identity(size: usize) -> Self {
        Self::from_columns(size, (0..size).map(|g| vec![(g, 1.0)]))
    }

    /// The operator with the given columns, each a list of grid points with their weights.
    ///
    /// # Panics
    /// If a grid point is outside `0..grid`, or a weight negative or not finite.
    pub fn from_columns(grid: usize, columns: impl IntoIterator<Item = Vec<(usize, f64)>>) -> Self {
        let reached = vec![0..0; grid];
        let mut out = Self { grid, starts: vec![0], entries: Vec::new(), reached, identity: false };
        for (t, column) in columns.into_iter().enumerate() {
            for (g, weight) in column {
                assert!(
                    g < grid && weight >= 0.0 && weight.is_finite(),
                    "grid point {g} with weight {weight}"
                );
                out.entries.push((g as u32, weight));
                out.reached[g] = hull(&out.reached[g], &(t..t + 1));
            }
            out.starts.push(out.entries.len());
        }
        out.identity = out.len() == grid && (0..grid).all(|g| out.column(g) == [(g as u32, 1.0)]);
        out
    }

    /// Grid points that a sample sees, with their weights.
    pub(crate) fn column(&self, t: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[t]..self.starts[t + 1]]
    }

    /// The samples between the first and the last that see any of some grid points.
    pub(crate) fn reached(&self, grid_points: Range<usize>) -> Range<usize> {
        self.reached[grid_points].iter().fold(0..0, |all, samples| hull(&all, samples))
    }

    /// Number of grid points, G.
    pub fn grid_len(&self) -> usize {
        self.grid
    }

    /// Number of samples, T.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the samples are the grid points themselves.
    pub fn is_identity(&self) -> bool {
        self.identity
    }

    /// `h · P`: an activation (length G) at the level's times (length T).
    pub fn sample(&self, activation: ArrayView1<f64>) -> Array1<f64> {
        let mut out = Array1::zeros(self.len());
        self.sample_into(activation, out.view_mut());
        out
    }

    /// [`Sampling::sample`] into an existing array (length T).
    pub fn sample_into(&self, activation: ArrayView1<f64>, out: ArrayViewMut1<f64>) {
        for (t, value) in out.into_iter().enumerate() {
            *value = self.column(t).iter().map(|&(g, w)| w * activation[g as usize]).sum();
        }
    }

    /// `out += v · Pᵀ`: spreads values at the level's times (length T) over the grid (length G).
    pub fn spread_into(&self, values: ArrayView1<f64>, mut out: ArrayViewMut1<f64>) {
        for (t, &value) in values.iter().enumerate() {
            for &(g, w) in self.column(t) {
                out[g as usize] += w * value;
            }
        }
    }

    /// `H · P` (K × T) of activations (K × G). Zeros are not written: what never was takes no
    /// memory.
    pub fn sample_rows(&self, activations: &Array2<f64>) -> Array2<f64> {
        if self.identity {
            return activations.as_standard_layout().into_owned();
        }
        let mut out = Array2::zeros((activations.nrows(), self.len()));
        for (row, mut into) in activations.rows().into_iter().zip(out.rows_mut()) {
            let first = row.iter().position(|v| *v != 0.0).unwrap_or(0);
            let end = row.iter().rposition(|v| *v != 0.0).map_or(first, |last| last + 1);
            for t in self.reached(first..end) {
                let seen: f64 = self.column(t).iter().map(|&(g, w)| w * row[g as usize]).sum();
                if seen != 0.0 {
                    into[t] = seen;
                }
            }
        }
        out
    }

    /// `V · Pᵀ` (K × G) of rows at the level's times (K × T).
    pub(crate) fn spread_rows(&self, values: &Array2<f64>) -> Array2<f64> {
        let mut out = Array2::zeros((values.nrows(), self.grid));
        for (row, into) in values.rows().into_iter().zip(out.rows_mut()) {
            self.spread_into(row, into);
        }
        out
    }
}

/// The least range that holds both.
fn hull(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.clone(),
        (_, true) => a.clone(),
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

fn interpolate(grid: &[f64], time: f64) -> Vec<(usize, f64)> {
    let after = grid.partition_point(|&g| g <= time);
    if after == 0 || after == grid.len() {
        return vec![(after.saturating_sub(1), 1.0)];
    }
    let fraction = (time - grid[after - 1]) / (grid[after] - grid[after - 1]);
    if fraction > 0.0 {
        vec![(after - 1, 1.0 - fraction), (after, fraction)]
    } else {
        vec![(after - 1, 1.0)]
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;

    #[test]
    fn a_line_is_reproduced_exactly() {
        let grid = [0.0, 1.0, 2.5, 4.0];
        let line: Array1<f64> = grid.iter().map(|t| 3.0 * t + 1.0).collect();
        let sampled = Sampling::interpolation(&grid, &[0.0, 0.3, 2.0, 4.0]).sample(line.view());
        for (value, t) in sampled.iter().zip([0.0, 0.3, 2.0, 4.0]) {
            assert!((value - (3.0 * t + 1.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn times_outside_take_the_end_value() {
        let sampled =
            Sampling::interpolation(&[0.0, 1.0], &[-5.0, 9.0]).sample(array![2.0, 7.0].view());
        assert_eq!(sampled, array![2.0, 7.0]);
    }

    #[test]
    fn spreading_is_the_transpose_of_sampling() {
        let p = Sampling::interpolation(&[0.0, 1.0, 2.0, 3.0], &[0.2, 0.9, 1.0, 2.7]);
        let h = array![0.3, 1.0, 0.4, 2.0];
        let v = array![1.0, 0.5, 2.0, 0.1];
        let mut spread = Array1::zeros(4);
        p.spread_into(v.view(), spread.view_mut());
        assert!((p.sample(h.view()).dot(&v) - h.dot(&spread)).abs() < 1e-12);
    }

    #[test]
    fn identity_changes_nothing() {
        let h = array![0.3, 1.0, 0.4];
        assert_eq!(Sampling::identity(3).sample(h.view()), h);
        assert!(Sampling::interpolation(&[0.0, 1.0], &[0.0, 1.0]).is_identity());
    }

    #[test]
    fn any_matrix_can_be_the_operator() {
        let columns = vec![vec![(0, 1.0)], vec![(1, 2.0)], vec![(0, 0.5), (1, 0.25)]];
        let p = array![[1.0, 0.0, 0.5], [0.0, 2.0, 0.25]];
        let h = array![3.0, 4.0];
        assert_eq!(Sampling::from_columns(2, columns).sample(h.view()), h.dot(&p));
    }
}
