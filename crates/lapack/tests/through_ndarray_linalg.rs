//! The routines as cofactor uses them: through ndarray-linalg; with the feature `openblas` those of
//! the system's library, without it no system library is linked.

extern crate cofactor_lapack as _;

use ndarray::{Array1, Array2, ShapeBuilder, array};
use ndarray_linalg::{
    Cholesky, EigValsh, Eigh, FactorizeC, JobSvd, LeastSquaresSvd, SVD, SVDDC, SolveC, UPLO,
};

/// The same numbers in row-major and in column-major order.
fn both_orders(a: &Array2<f64>) -> [Array2<f64>; 2] {
    let mut columns = Array2::zeros(a.raw_dim().f());
    columns.assign(a);
    [a.clone(), columns]
}

fn tall() -> Array2<f64> {
    Array2::from_shape_fn((7, 3), |(i, j)| ((i * 5 + j * j * 3) % 11) as f64 - 4.0)
}

fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a - b).iter().fold(0.0, |largest, x| x.abs().max(largest))
}

fn diagonal(s: &Array1<f64>, rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| if i == j { s[i] } else { 0.0 })
}

#[test]
fn svd() {
    for matrix in [tall(), tall().reversed_axes(), Array2::ones((4, 6)), array![[3.0]]] {
        for a in both_orders(&matrix) {
            let (u, s, vt) = a.svd(true, true).unwrap();
            let (u, vt) = (u.unwrap(), vt.unwrap());
            let sigma = diagonal(&s, a.nrows(), a.ncols());
            assert!(distance(&u.dot(&sigma).dot(&vt), &a) <= 1e-12);
        }
    }
}

#[test]
fn svddc() {
    for matrix in [tall(), tall().reversed_axes(), Array2::ones((4, 6)), array![[3.0]]] {
        for a in both_orders(&matrix) {
            for job in [JobSvd::All, JobSvd::Some] {
                let (u, s, vt) = a.svddc(job).unwrap();
                let (u, vt) = (u.unwrap(), vt.unwrap());
                let sigma = diagonal(&s, u.ncols(), vt.nrows());
                assert!(distance(&u.dot(&sigma).dot(&vt), &a) <= 1e-12);
            }
            let alone = a.svddc(JobSvd::None).unwrap().1;
            let (_, beside, _) = a.svddc(JobSvd::Some).unwrap();
            assert!((&alone - &beside).iter().all(|d| d.abs() <= 1e-12));
        }
    }
}

#[test]
fn eigh() {
    let gram = tall().t().dot(&tall());
    for a in both_orders(&gram) {
        for triangle in [UPLO::Upper, UPLO::Lower] {
            let (values, vectors) = a.eigh(triangle).unwrap();
            let back = vectors.dot(&Array2::from_diag(&values)).dot(&vectors.t());
            assert!(distance(&back, &a) <= 1e-12 * a[(0, 0)].abs());
            assert_eq!(a.eigvalsh(triangle).unwrap(), values);
        }
    }
}

#[test]
fn cholesky() {
    let gram = tall().t().dot(&tall());
    for a in both_orders(&gram) {
        let l = a.cholesky(UPLO::Lower).unwrap();
        assert!(distance(&l.dot(&l.t()), &a) <= 1e-12);
        let u = a.cholesky(UPLO::Upper).unwrap();
        assert!(distance(&u.t().dot(&u), &a) <= 1e-12);
        let x = array![1.0, -2.0, 0.5];
        for triangle in [UPLO::Upper, UPLO::Lower] {
            let solved = a.factorizec(triangle).unwrap().solvec(&a.dot(&x)).unwrap();
            assert!((solved - &x).iter().all(|d| d.abs() <= 1e-12));
        }
    }
    assert!((-gram).cholesky(UPLO::Lower).is_err());
}

#[test]
fn least_squares() {
    let x = array![1.0, -2.0, 0.5];
    let mut b = tall().dot(&x);
    let exact = tall().least_squares(&b).unwrap();
    assert!((&exact.solution - &x).iter().all(|d| d.abs() <= 1e-12));
    assert_eq!(exact.rank, 3);

    b[0] += 1.0;
    let fit = tall().least_squares(&b).unwrap();
    let residual = &b - &tall().dot(&fit.solution);
    assert!(tall().t().dot(&residual).iter().all(|d| d.abs() <= 1e-12 * 100.0));
    let squares = fit.residual_sum_of_squares.unwrap().into_scalar();
    assert!((squares - residual.dot(&residual)).abs() <= 1e-12);

    let wide = tall().reversed_axes();
    for a in both_orders(&wide) {
        let right = both_orders(&array![[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]);
        for right in right.iter().filter(|r| r.is_standard_layout() == a.is_standard_layout()) {
            let fit = a.least_squares(right).unwrap();
            assert!(distance(&a.dot(&fit.solution), right) <= 1e-12);
        }
    }
}

#[test]
fn what_cannot_be_decomposed_is_an_error() {
    let nan = Array2::from_elem((3, 3), f64::NAN);
    assert!(nan.svd(true, true).is_err());
    assert!(nan.svddc(JobSvd::Some).is_err());
    assert!(nan.eigh(UPLO::Lower).is_err());
    // OpenBLAS gives NaN instead.
    assert!(nan.cholesky(UPLO::Lower).is_err() || cfg!(feature = "openblas"));
    assert!(nan.least_squares(&Array1::ones(3)).is_err());
}
