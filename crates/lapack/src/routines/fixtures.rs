//! Matrices for the tests, and memory as a Fortran caller hands it over.

use core::ffi::{c_char, c_int};
use nalgebra::DMatrix;

/// A letter as LAPACK takes it.
pub(crate) fn letter(letter: char) -> c_char {
    u8::try_from(letter).unwrap().cast_signed()
}

/// A matrix of numbers between −0.5 and 0.5, the same for the same seed.
pub(crate) fn random(rows: usize, columns: usize, seed: u64) -> DMatrix<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    DMatrix::from_fn(rows, columns, |_, _| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    })
}

/// Matrices of one shape that have gone wrong somewhere, with a name each.
pub(crate) fn families(m: usize, n: usize) -> Vec<(&'static str, DMatrix<f64>)> {
    let a = random(m, n, 1);
    vec![
        ("zero", DMatrix::zeros(m, n)),
        ("ones", DMatrix::from_element(m, n, 1.0)),
        ("identity", DMatrix::identity(m, n)),
        ("rank one", random(m, 1, 2) * random(1, n, 3)),
        ("rank two", random(m, 2, 2) * random(2, n, 3)),
        ("whole numbers", a.map(|x| (x * 4.0).round())),
        ("nilpotent", DMatrix::from_fn(m, n, |i, j| f64::from(i + 1 == j))),
        ("bidiagonal", DMatrix::from_fn(m, n, |i, j| f64::from(i == j || i + 1 == j))),
        ("Hilbert", DMatrix::from_fn(m, n, |i, j| 1.0 / (i + j + 1) as f64)),
        ("graded", a.map_with_location(|i, j, x| x * 0.01f64.powf((i + j) as f64))),
        ("tiny", &a * 1e-300),
        ("huge", &a * 1e300),
        ("random", a),
    ]
}

/// The largest deviation of QᵀQ from the identity.
pub(crate) fn orthonormality_error(q: &DMatrix<f64>) -> f64 {
    (q.tr_mul(q) - DMatrix::identity(q.ncols(), q.ncols())).amax()
}

/// A matrix with two rows of padding below, which nobody may change.
pub(crate) struct Padded {
    memory: DMatrix<f64>,
    rows: usize,
}

const PADDING: usize = 2;
const UNTOUCHED: f64 = -77.25;

impl Padded {
    pub(crate) fn from(a: &DMatrix<f64>) -> Self {
        let memory = a.clone().resize_vertically(a.nrows() + PADDING, UNTOUCHED);
        Self { memory, rows: a.nrows() }
    }

    /// Memory for a result.
    pub(crate) fn empty(rows: usize, columns: usize) -> Self {
        Self::from(&DMatrix::from_element(rows, columns, f64::NAN))
    }

    pub(crate) fn at(&mut self) -> *mut f64 {
        self.memory.as_mut_slice().as_mut_ptr()
    }

    pub(crate) fn ld(&self) -> c_int {
        c_int::try_from(self.rows + PADDING).unwrap()
    }

    /// The matrix without its padding.
    pub(crate) fn matrix(&self) -> DMatrix<f64> {
        assert!(self.memory.rows(self.rows, PADDING).iter().all(|&x| x == UNTOUCHED));
        self.memory.rows(0, self.rows).into_owned()
    }
}
