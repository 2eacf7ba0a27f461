//! Products of activations that are zero for the most part: only their stretches are visited.

use ndarray::Array2;

use crate::kernel::Profiles;

/// `D · H` (M × T) of heights (M × K) and activations (K × T).
///
/// # Panics
/// If the two do not fit each other.
pub fn model(heights: &Array2<f64>, activations: &Array2<f64>) -> Array2<f64> {
    assert_eq!(heights.ncols(), activations.nrows(), "a column of heights an activation");
    let profiles = Profiles::within_zeros(activations);
    let mut out = Array2::zeros((heights.nrows(), activations.ncols()));
    for (heights, mut row) in heights.rows().into_iter().zip(out.rows_mut()) {
        profiles.add_up(heights, row.as_slice_mut().expect("the rows of a new matrix are slices"));
    }
    out
}

/// Activations (K × T) times a factor each. Zeros are not written: what never was takes no memory.
pub fn scaled(activations: &Array2<f64>, factor: impl Fn(usize, usize) -> f64) -> Array2<f64> {
    let mut out = Array2::zeros(activations.dim());
    for (at, value) in activations.indexed_iter().filter(|(_, value)| **value != 0.0) {
        out[at] = value * factor(at.0, at.1);
    }
    out
}

/// `H · Hᵀ` (K × K) of activations (K × T).
pub fn gram(activations: &Array2<f64>) -> Array2<f64> {
    let profiles = Profiles::within_zeros(activations);
    let mut out = Array2::zeros((activations.nrows(), activations.nrows()));
    for (i, row) in profiles.rows().iter().enumerate() {
        for (j, other) in profiles.rows().iter().enumerate().take(i + 1) {
            out[(i, j)] = row.dot(other);
            out[(j, i)] = out[(i, j)];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn they_are_the_products_of_the_matrices() {
        let activations = array![[0.0, 1.0, 2.0, 0.0], [3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 5.0, 4.0]];
        let heights = array![[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]];
        assert_eq!(model(&heights, &activations), heights.dot(&activations));
        assert_eq!(gram(&activations), activations.dot(&activations.t()));
        let factors = array![[2.0, 3.0, 1.0, 1.0], [0.5, 1.0, 1.0, 1.0], [1.0, 1.0, 2.0, 0.1]];
        assert_eq!(scaled(&activations, |k, t| factors[(k, t)]), activations * factors);
    }
}
