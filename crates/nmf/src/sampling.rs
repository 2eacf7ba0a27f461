//! The operator `P` (G × T) through which a level sees the activations: linear interpolation from the
//! activation grid to the level's own times, kept sparse (at most two grid points a column).

use ndarray::{Array1, ArrayView1, ArrayViewMut1};

/// A sparse, non-negative G × T matrix with at most two neighbouring non-zeros in each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    grid: usize,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    first: usize,
    weight_first: f64,
    weight_next: f64,
}

impl Sampling {
    /// Linear interpolation from ascending `grid` times to `times`; both in one unit. Times outside
    /// the grid get the value of its nearest end.
    ///
    /// # Panics
    /// If `grid` is empty.
    pub fn interpolation(grid: &[f64], times: &[f64]) -> Self {
        assert!(!grid.is_empty(), "an activation grid needs at least one time");
        let columns = times.iter().map(|&t| interpolate(grid, t)).collect();
        Self { grid: grid.len(), columns }
    }

    /// The identity: the level is sampled at the `size` grid times themselves.
    pub fn identity(size: usize) -> Self {
        let column = |first| Column { first, weight_first: 1.0, weight_next: 0.0 };
        Self { grid: size, columns: (0..size).map(column).collect() }
    }

    /// Number of grid points, G.
    pub fn grid_len(&self) -> usize {
        self.grid
    }

    /// Number of samples, T.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// `h · P`: an activation (length G) at the level's times (length T).
    pub fn sample(&self, activation: ArrayView1<f64>) -> Array1<f64> {
        let mut out = Array1::zeros(self.len());
        self.sample_into(activation, out.view_mut());
        out
    }

    /// [`Sampling::sample`] into an existing array (length T).
    pub fn sample_into(&self, activation: ArrayView1<f64>, out: ArrayViewMut1<f64>) {
        for (c, value) in self.columns.iter().zip(out) {
            let next = if c.weight_next > 0.0 { activation[c.first + 1] } else { 0.0 };
            *value = c.weight_first * activation[c.first] + c.weight_next * next;
        }
    }

    /// `out += v · Pᵀ`: spreads values at the level's times (length T) over the grid (length G).
    pub fn spread_into(&self, values: ArrayView1<f64>, mut out: ArrayViewMut1<f64>) {
        for (c, &value) in self.columns.iter().zip(values) {
            out[c.first] += c.weight_first * value;
            if c.weight_next > 0.0 {
                out[c.first + 1] += c.weight_next * value;
            }
        }
    }
}

fn interpolate(grid: &[f64], time: f64) -> Column {
    let after = grid.partition_point(|&g| g <= time);
    if after == 0 || after == grid.len() {
        let first = after.saturating_sub(1);
        return Column { first, weight_first: 1.0, weight_next: 0.0 };
    }
    let first = after - 1;
    let fraction = (time - grid[first]) / (grid[after] - grid[first]);
    Column { first, weight_first: 1.0 - fraction, weight_next: fraction }
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
        let sampled = Sampling::interpolation(&[0.0, 1.0], &[-5.0, 9.0]).sample(array![2.0, 7.0].view());
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
    }
}
