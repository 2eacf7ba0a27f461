//! One dictionary row given the activations: a small non-negative regression under weighted KL.
//!
//! `min over d ≥ 0 of Σ_t w_t kl(x_t | Σ_k d_k s_kt) + Σ_k c_k d_k` by the monotone hyperbolic coordinate step: along one
//! coordinate the gradient is `a − φ` with `φ = Σ w v s / y`, and `1/φ` is concave and increasing, so
//! Newton's method on `1/φ = 1/a` never overshoots from below. From above, a full step is taken where
//! self-concordance (Hien & Gillis 2021) shows that it descends, otherwise the longer of the chord of
//! `1/φ` and the damped Newton step. Zeros are exact and can be left again.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::objective::{TINY, cell_divergence};
use crate::problem::Level;

/// Newton steps up to this self-concordant length descend (Hien & Gillis 2021).
const SAFE_NEWTON: f64 = 0.683_802;

/// The fit of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFit {
    /// Coefficient of each atom, K; exactly 0 outside the support.
    pub coefficients: Vec<f64>,
    /// Weighted divergence of the row at these coefficients plus their cost.
    pub objective: f64,
    /// Whether the last cycle moved less than the tolerance.
    pub converged: bool,
}

/// An atom whose mean activation in the observed cells is below this does not show: its squares would vanish.
const LEAST_ACTIVATION: f64 = 1e-100;
/// Every so many cycles all coordinates are visited, in between only those above zero.
const FULL_CYCLE: usize = 5;

/// Cells of one row, T values each.
pub(crate) struct Row {
    weight: Vec<f64>,
    data: Vec<f64>,
    /// Least datum a cell may count as: itself, or 0 where it is censored.
    least: Vec<f64>,
    /// Least model value in a ratio, far below anything that matters.
    floor: Vec<f64>,
}

impl Row {
    pub(crate) fn new(level: &Level, row: usize) -> Self {
        let weight = level.weight.row(row).to_vec();
        let seen = |t: usize| if weight[t] > 0.0 { level.data[(row, t)] } else { 0.0 };
        let data: Vec<f64> = (0..weight.len()).map(seen).collect();
        let least = data.iter().zip(level.censored.row(row)).map(|(&x, &c)| if c { 0.0 } else { x }).collect();
        let floor = data.iter().map(|x| (x * 1e-100).max(TINY)).collect();
        Self { weight, data, least, floor }
    }

    fn signal(&self) -> f64 {
        self.data.iter().zip(&self.weight).map(|(x, w)| x * w).sum()
    }

    /// Weighted datum that counts at a cell whose model is `y`.
    #[inline]
    fn datum(&self, t: usize, y: f64) -> f64 {
        self.weight[t] * self.data[t].min(y.max(self.least[t]))
    }

    fn divergence(&self, model: &[f64]) -> f64 {
        (0..model.len())
            .filter(|&t| self.weight[t] > 0.0)
            .map(|t| self.weight[t] * cell_divergence(self.data[t], model[t], self.least[t] < self.data[t]))
            .sum()
    }
}

/// Fits row `row` of `level` to the sampled activations `basis` (K × T), starting at `start` (K), over
/// the atoms in `allowed` (K).
///
/// Cycles through the coordinates until a cycle over all of them moves less than `tolerance` of the row's weighted signal,
/// at most `max_cycles` times. The objective never rises.
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
    let shape = (start.len(), level.data.ncols());
    assert_eq!((basis.dim(), allowed.len()), (shape, shape.0), "basis must be K × T, allowed K long");
    let basis = basis.as_standard_layout();
    fit_row(&Row::new(level, row), &Basis::new(basis.view(), &level.cost), |k| allowed[k], start, max_cycles, tolerance)
}

/// Sampled activations with the stretch where each is not zero.
pub(crate) struct Basis<'a> {
    activations: ArrayView2<'a, f64>,
    stretches: Vec<Range<usize>>,
    cost: &'a Array1<f64>,
}

impl<'a> Basis<'a> {
    /// `activations` (K × T) in standard layout.
    pub(crate) fn new(activations: ArrayView2<'a, f64>, cost: &'a Array1<f64>) -> Self {
        let stretch = |row: ArrayView1<f64>| {
            let first = row.iter().position(|&s| s > 0.0).unwrap_or(0);
            first..row.iter().rposition(|&s| s > 0.0).map_or(first, |last| last + 1)
        };
        let stretches = activations.rows().into_iter().map(stretch).collect();
        Self { activations, stretches, cost }
    }

    fn activation(&self, atom: usize) -> &[f64] {
        let row = self.activations.row(atom).to_slice().unwrap_or(&[]);
        &row[self.stretches[atom].clone()]
    }
}

/// [`regress_row`] on prepared arguments.
pub(crate) fn fit_row(
    cells: &Row,
    basis: &Basis,
    allowed: impl Fn(usize) -> bool,
    start: &[f64],
    max_cycles: usize,
    tolerance: f64,
) -> RowFit {
    let mut x: Vec<f64> = start.iter().enumerate().map(|(k, &s)| if allowed(k) { s } else { 0.0 }).collect();
    let atoms: Vec<Atom> =
        (0..x.len()).filter(|&k| allowed(k)).filter_map(|k| Atom::new(basis, k, &cells.weight)).collect();
    let mut model = vec![0.0; cells.data.len()];
    fill_model(&mut model, basis, &x);
    let small = tolerance * cells.signal().max(TINY);
    let mut converged = false;
    let mut next_full = 0;
    for cycle in 0..max_cycles {
        let full = cycle >= next_full;
        let mut moved = 0.0;
        for atom in &atoms {
            if !full && x[atom.index] <= 0.0 {
                continue;
            }
            let next = coordinate_step(x[atom.index], atom, cells, &model);
            let change = next - x[atom.index];
            if change != 0.0 {
                x[atom.index] = next;
                moved += change.abs() * atom.mass;
                for (y, s) in model[atom.from..].iter_mut().zip(atom.activation) {
                    *y = (*y + change * s).max(0.0);
                }
            }
        }
        if moved <= small {
            if full {
                converged = true;
                break;
            }
            next_full = cycle + 1;
        } else if full {
            next_full = cycle + FULL_CYCLE;
            fill_model(&mut model, basis, &x);
        }
    }
    fill_model(&mut model, basis, &x);
    let cost: f64 = x.iter().zip(basis.cost).map(|(x, c)| x * c).sum();
    RowFit { objective: cells.divergence(&model) + cost, coefficients: x, converged }
}

/// One atom as a row sees it: its non-zero stretch of samples.
struct Atom<'a> {
    index: usize,
    from: usize,
    activation: &'a [f64],
    /// `a = Σ w s` and the atom's own cost: what one unit of the coefficient costs.
    mass: f64,
}

impl<'a> Atom<'a> {
    /// `None` where no observed cell sees the atom: its coefficient is then left as it is.
    fn new(basis: &'a Basis, index: usize, weight: &[f64]) -> Option<Self> {
        let (from, activation) = (basis.stretches[index].start, basis.activation(index));
        let cells = activation.iter().zip(&weight[from..]);
        let (mass, observed) = cells.fold((0.0, 0.0), |(mass, observed), (s, w)| (mass + s * w, observed + w));
        (mass > LEAST_ACTIVATION * observed).then(|| Self { index, from, activation, mass: mass + basis.cost[index] })
    }

    fn end(&self) -> usize {
        self.from + self.activation.len()
    }
}

/// The next value of one coefficient, its present value being `x`.
fn coordinate_step(x: f64, atom: &Atom, row: &Row, model: &[f64]) -> f64 {
    let (phi, curvature) = slopes(atom, row, model);
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
    let length = newton * (curvature / least_datum(atom, row, model)).sqrt();
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

/// `φ = Σ v s / y` and `Σ v s² / y²`.
#[inline]
fn slopes(atom: &Atom, row: &Row, model: &[f64]) -> (f64, f64) {
    let range = atom.from..atom.end();
    let cells = row.weight[range.clone()].iter().zip(&row.data[range.clone()]).zip(&row.least[range.clone()]);
    let cells = cells.zip(&row.floor[range.clone()]).zip(&model[range]).zip(atom.activation);
    let (mut phi, mut curvature) = (0.0, 0.0);
    for (((((w, x), least), floor), y), s) in cells {
        let ratio = s / y.max(*floor);
        let part = w * x.min(y.max(*least)) * ratio;
        phi += part;
        curvature += part * ratio;
    }
    (phi, curvature)
}

/// Least positive weighted datum among the atom's cells.
fn least_datum(atom: &Atom, row: &Row, model: &[f64]) -> f64 {
    (atom.from..atom.end())
        .zip(atom.activation)
        .map(|(t, &s)| if s > 0.0 { row.datum(t, model[t]) } else { 0.0 })
        .filter(|v| *v > 0.0)
        .fold(f64::INFINITY, f64::min)
}

/// `φ` at coefficient 0; infinite where the atom alone explains a cell.
fn phi_without(x: f64, atom: &Atom, row: &Row, model: &[f64]) -> f64 {
    (atom.from..atom.end())
        .zip(atom.activation)
        .map(|(t, &s)| row.datum(t, model[t]) * s / (model[t] - x * s).max(1e-14 * model[t]).max(row.floor[t]))
        .sum()
}

fn fill_model(model: &mut [f64], basis: &Basis, coefficients: &[f64]) {
    model.fill(0.0);
    for (k, &x) in coefficients.iter().enumerate().filter(|(_, x)| **x > 0.0) {
        for (y, s) in model[basis.stretches[k].clone()].iter_mut().zip(basis.activation(k)) {
            *y += x * s;
        }
    }
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
            cost: ndarray::Array1::zeros(atoms),
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
        assert!(fit.objective < 1e-8);
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
                prop_assert!(fit.objective <= last + 1e-9 * last.abs().min(1e9) + 1e-12);
                prop_assert!(fit.coefficients.iter().all(|c| c.is_finite() && *c >= 0.0));
                last = fit.objective;
                x = fit.coefficients;
            }
        }
    }
}
