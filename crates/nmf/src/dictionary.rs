//! One dictionary row given the activations: a small non-negative regression under weighted KL.
//!
//! `min over d ≥ 0 of Σ_t w_t kl(x_t | Σ_k d_k s_kt)` by the monotone hyperbolic coordinate step: along one
//! coordinate the gradient is `a − φ` with `φ = Σ w v s / y`, and `1/φ` is concave and increasing, so
//! Newton's method on `1/φ = 1/a` never overshoots from below. From above, a full step is taken where
//! self-concordance (Hien & Gillis 2021) shows that it descends, otherwise the longer of the chord of
//! `1/φ` and the damped Newton step. Zeros are exact and can be left again.

use ndarray::{Array2, ArrayView2};

use crate::objective::{TINY, cell_divergence, effective_datum};
use crate::problem::Level;

/// Newton steps up to this self-concordant length descend (Hien & Gillis 2021).
const SAFE_NEWTON: f64 = 0.683_802;

/// The fit of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFit {
    /// Coefficient of each atom, K; exactly 0 outside the support.
    pub coefficients: Vec<f64>,
    /// Weighted divergence of the row at these coefficients.
    pub divergence: f64,
    /// Whether the last cycle moved less than the tolerance.
    pub converged: bool,
}

/// Cells of one row: T values each.
#[derive(Clone, Copy)]
struct Row<'a> {
    data: &'a [f64],
    weight: &'a [f64],
    censored: &'a [bool],
}

/// Fits row `row` of `level` to the sampled activations `basis` (K × T), starting at `start` (K), over
/// the atoms in `allowed` (K).
///
/// Cycles through the coordinates until one cycle moves less than `tolerance` of the row's weighted signal,
/// at most `max_cycles` times. The divergence never rises.
///
/// # Panics
/// If the lengths disagree.
pub fn regress_row(
    level: &Level,
    row: usize,
    basis: &Array2<f64>,
    allowed: &[bool],
    start: &[f64],
    max_cycles: usize,
    tolerance: f64,
) -> RowFit {
    let times = level.data.ncols();
    assert_eq!((basis.nrows(), basis.ncols()), (start.len(), times), "basis must be K × T");
    let (data, weight, censored) =
        (level.data.row(row).to_vec(), level.weight.row(row).to_vec(), level.censored.row(row).to_vec());
    let cells = Row { data: &data, weight: &weight, censored: &censored };
    let mut x: Vec<f64> = start.iter().zip(allowed).map(|(&s, &ok)| if ok { s } else { 0.0 }).collect();
    let atoms: Vec<Atom> = (0..x.len()).filter(|&k| allowed[k]).filter_map(|k| Atom::new(basis, k, &weight)).collect();
    let mut model = row_model(basis.view(), &x);
    let signal: f64 = data.iter().zip(&weight).filter(|(_, w)| **w > 0.0).map(|(v, w)| v * w).sum();
    let mut converged = false;
    for _ in 0..max_cycles {
        let mut moved = 0.0;
        for atom in &atoms {
            let next = coordinate_step(x[atom.index], atom, cells, &model);
            let change = next - x[atom.index];
            if change != 0.0 {
                x[atom.index] = next;
                moved += change.abs() * atom.mass;
                for (y, s) in model[atom.from..].iter_mut().zip(&atom.activation) {
                    *y = (*y + change * s).max(0.0);
                }
            }
        }
        converged = moved <= tolerance * signal.max(TINY);
        if converged {
            break;
        }
        model = row_model(basis.view(), &x);
    }
    let model = row_model(basis.view(), &x);
    let divergence = row_divergence(cells, &model);
    RowFit { coefficients: x, divergence, converged }
}

/// One atom as a row sees it: its non-zero stretch of samples.
struct Atom {
    index: usize,
    from: usize,
    activation: Vec<f64>,
    /// `a = Σ w s`, the cost of one unit of the coefficient.
    mass: f64,
}

impl Atom {
    /// `None` where no observed cell sees the atom: its coefficient is then left as it is.
    fn new(basis: &Array2<f64>, index: usize, weight: &[f64]) -> Option<Self> {
        let activation = basis.row(index);
        let from = activation.iter().position(|&s| s > 0.0)?;
        let to = activation.iter().rposition(|&s| s > 0.0)? + 1;
        let activation: Vec<f64> = activation.iter().take(to).skip(from).copied().collect();
        let mass: f64 = activation.iter().zip(&weight[from..]).map(|(s, w)| s * w).sum();
        (mass > 0.0).then_some(Self { index, from, activation, mass })
    }
}

/// The next value of one coefficient, its present value being `x`.
fn coordinate_step(x: f64, atom: &Atom, row: Row, model: &[f64]) -> f64 {
    let (mut phi, mut curvature, mut least) = (0.0, 0.0, f64::INFINITY);
    for (t, &s) in (atom.from..).zip(&atom.activation) {
        let v = row.weight[t] * effective_datum(row.data[t], model[t], row.censored[t]);
        if v > 0.0 && s > 0.0 {
            let ratio = s / model[t].max(floor(v));
            phi += v * ratio;
            curvature += v * ratio * ratio;
            least = least.min(v);
        }
    }
    let a = atom.mass;
    if phi <= 0.0 {
        return 0.0;
    }
    let step = phi / curvature * (phi - a) / a;
    if phi >= a {
        return x + step;
    }
    if x <= 0.0 {
        return 0.0;
    }
    let newton = ((a - phi) / curvature).min(x);
    let length = newton * (curvature / least).sqrt();
    if length <= SAFE_NEWTON {
        return (x + step).max(0.0);
    }
    let phi_at_zero = phi_without(x, atom, row, model);
    if phi_at_zero <= a {
        return 0.0;
    }
    let chord = x * (1.0 / a - 1.0 / phi_at_zero) / (1.0 / phi - 1.0 / phi_at_zero);
    chord.max(0.0).min((x - newton / (1.0 + length)).max(0.0))
}

/// `φ` at coefficient 0; infinite where the atom alone explains a cell.
fn phi_without(x: f64, atom: &Atom, row: Row, model: &[f64]) -> f64 {
    let mut phi = 0.0;
    for (t, &s) in (atom.from..).zip(&atom.activation) {
        let v = row.weight[t] * effective_datum(row.data[t], model[t], row.censored[t]);
        if v > 0.0 && s > 0.0 {
            phi += v * s / (model[t] - x * s).max(1e-14 * model[t]).max(floor(v));
        }
    }
    phi
}

/// Least model value in a ratio with the datum `v`, far below anything that matters.
fn floor(v: f64) -> f64 {
    (v * 1e-14).max(TINY)
}

fn row_model(basis: ArrayView2<f64>, coefficients: &[f64]) -> Vec<f64> {
    let mut model = vec![0.0; basis.ncols()];
    for (activation, &x) in basis.rows().into_iter().zip(coefficients) {
        if x > 0.0 {
            for (y, s) in model.iter_mut().zip(activation) {
                *y += x * s;
            }
        }
    }
    model
}

fn row_divergence(row: Row, model: &[f64]) -> f64 {
    (0..model.len())
        .filter(|&t| row.weight[t] > 0.0)
        .map(|t| row.weight[t] * cell_divergence(row.data[t], model[t], row.censored[t]))
        .sum()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;
    use crate::Sampling;

    fn level(data: Array2<f64>, atoms: usize) -> Level {
        let (rows, times) = data.dim();
        Level {
            weight: Array2::ones((rows, times)),
            censored: Array2::from_elem((rows, times), false),
            sampling: Sampling::identity(times),
            support: Array2::from_elem((rows, atoms), true),
            data,
        }
    }

    #[test]
    fn an_exact_mixture_is_recovered_from_zero() {
        let basis = array![[1.0, 2.0, 1.0, 0.0], [0.0, 1.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0]];
        let data = array![[3.0, 8.0, 7.0, 2.0]]; // 3·first + 2·second + 0·third
        let fit = regress_row(&level(data, 3), 0, &basis, &[true; 3], &[0.0; 3], 10_000, 1e-13);
        for (found, wanted) in fit.coefficients.iter().zip([3.0, 2.0, 0.0]) {
            assert!((found - wanted).abs() < 1e-4, "{:?}", fit.coefficients);
        }
        assert!(fit.divergence < 1e-8);
    }

    #[test]
    fn one_atom_has_the_ratio_of_sums() {
        let basis = array![[1.0, 2.0, 4.0]];
        let fit = regress_row(&level(array![[2.0, 3.0, 9.0]], 1), 0, &basis, &[true], &[0.1], 200, 1e-14);
        assert!((fit.coefficients[0] - 2.0).abs() < 1e-9);
    }

    #[test]
    fn masked_cells_are_inert() {
        let basis = array![[1.0, 2.0, 1.0], [0.2, 0.3, 1.0]];
        let mut one = level(array![[2.0, 4.0, 77.0]], 2);
        one.weight[(0, 2)] = 0.0;
        let mut other = one.clone();
        other.data[(0, 2)] = f64::NAN;
        let fit = |l: &Level| regress_row(l, 0, &basis, &[true; 2], &[1.0; 2], 50, 0.0);
        assert_eq!(fit(&one), fit(&other));
    }

    #[test]
    fn a_censored_cell_holds_back_only_above_its_limit() {
        let basis = array![[1.0, 1.0]];
        let mut row = level(array![[10.0, 20.0]], 1);
        row.censored[(0, 1)] = true;
        let fit = |l: &Level| regress_row(l, 0, &basis, &[true], &[1.0], 2000, 1e-14).coefficients[0];
        assert!((fit(&row) - 10.0).abs() < 1e-6);
        row.data[(0, 1)] = 5.0;
        assert!((fit(&row) - 7.5).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn every_cycle_descends_and_zeros_are_justified(
            seed in proptest::collection::vec(0.0..5.0_f64, 6 * 4 + 6),
            censored in proptest::collection::vec(any::<bool>(), 6),
        ) {
            let basis = Array2::from_shape_vec((4, 6), seed[..24].iter().map(|v| (v - 1.0).max(0.0)).collect()).unwrap();
            let mut row = level(Array2::from_shape_vec((1, 6), seed[24..].to_vec()).unwrap(), 4);
            row.censored.row_mut(0).assign(&ndarray::Array1::from(censored));
            let mut x = vec![1.0; 4];
            let mut last = f64::INFINITY;
            for _ in 0..60 {
                let fit = regress_row(&row, 0, &basis, &[true; 4], &x, 1, 0.0);
                prop_assert!(fit.divergence <= last + 1e-9 * last.abs().min(1e9) + 1e-12);
                prop_assert!(fit.coefficients.iter().all(|c| c.is_finite() && *c >= 0.0));
                last = fit.divergence;
                x = fit.coefficients;
            }
        }
    }
}
