//! Bernstein polynomials, of which backgrounds are made.

use std::ops::Range;

use ndarray::Array1;

use crate::index::AtomIx;
use crate::tuning::BACKGROUND_DEGREE;

/// Polynomials of all degrees together, each an atom of the background.
pub(crate) const ATOMS: usize = polynomials(BACKGROUND_DEGREE).end;
/// The polynomials of a straight line.
pub(crate) const LINE: Range<usize> = polynomials(1);

/// The polynomials of degree `n` among those of the background.
pub(crate) const fn polynomials(n: usize) -> Range<usize> {
    let first = n * (n + 1) / 2;
    first..first + n + 1
}

/// The atoms of the background of the pieces of a grid, piece by piece and by degree, each with its
/// piece, in which it has maximum 1 and outside of which it is 0.
pub(crate) fn activations(
    pieces: &[Range<usize>],
) -> impl Iterator<Item = (Range<usize>, Array1<f64>)> {
    pieces.iter().flat_map(move |piece| {
        let degrees = (0..=BACKGROUND_DEGREE).flat_map(|n| (0..=n).map(move |i| (i, n)));
        degrees.map(move |(i, n)| {
            let of_piece = Array1::linspace(0.0, 1.0, piece.len());
            (piece.clone(), of_piece.mapv(|x| bernstein(i, n, x) / maximum(i, n)))
        })
    })
}

/// The atoms of a straight line in each of so many pieces, where the background begins at atom
/// `first`: what a row has before there is a choice.
pub(crate) fn line_atoms(first: AtomIx, pieces: usize) -> Vec<AtomIx> {
    let line = move |piece: usize| LINE.map(move |k| AtomIx(first.0 + piece * ATOMS + k));
    (0..pieces).flat_map(line).collect()
}

/// Polynomial `i` of degree `n`; those of one degree add up to 1.
pub(crate) fn bernstein(i: usize, n: usize, x: f64) -> f64 {
    let ways: f64 = (0..i).map(|j| (n - j) as f64 / (i - j) as f64).product();
    ways * x.powi(i as i32) * (1.0 - x).powi((n - i) as i32)
}

/// Where polynomial `i` of degree `n` is highest.
pub(crate) fn apex(i: usize, n: usize) -> f64 {
    if n == 0 { 0.5 } else { i as f64 / n as f64 }
}

pub(crate) fn maximum(i: usize, n: usize) -> f64 {
    bernstein(i, n, apex(i, n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_degree_can_be_the_next_can_too() {
        for n in 0..BACKGROUND_DEGREE {
            for (i, j) in (0..=n).map(|i| (i, i + 1)) {
                for x in (0..20).map(|t| f64::from(t) / 19.0) {
                    // Degree elevation: with weights that are not negative.
                    let share = (n + 1 - i) as f64 / (n + 1) as f64;
                    let elevated = share * bernstein(i, n + 1, x)
                        + j as f64 / (n + 1) as f64 * bernstein(j, n + 1, x);
                    assert!((bernstein(i, n, x) - elevated).abs() < 1e-12);
                }
            }
        }
        for (_, activation) in activations(std::slice::from_ref(&(0..601))) {
            let maximum = activation.iter().copied().fold(0.0, f64::max);
            assert!((maximum - 1.0).abs() < 1e-3 && activation.iter().all(|v| *v >= 0.0));
        }
    }
}
