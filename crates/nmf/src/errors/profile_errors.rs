//! Standard errors of dictionary rows where the activations are uncertain too.
//!
//! Every activation may change along a few given directions, which all rows of all levels share.
//! With the information of a row's coefficients I, of the directions N and of both together C, the
//! directions have the covariance
//!
//! ```text
//! Σ = (prior precision + Σ_rows N − Cᵀ I⁻¹ C)⁻¹
//! ```
//!
//! and the coefficients of a row `I⁻¹ + I⁻¹ C Σ Cᵀ I⁻¹`: what is known of a row if the activations
//! were, and what it inherits from them. Far cheaper than the information of everything at once
//! ([`crate::uncertainty`]), as there are few directions.

use ndarray::{Array1, Array2, s};
use ndarray_linalg::UPLO;
use ndarray_linalg::cholesky::{FactorizeC, SolveC};

use crate::kernel::{Profile, Profiles};
use crate::problem::Level;
use crate::tuning::{PROFILE_RIDGE, UNDETERMINED_ERROR};

/// A level as fitted; several that share a dictionary count as one, their columns side by side.
#[derive(Clone)]
pub struct FittedLevel<'a> {
    level: &'a Level,
    dictionary: &'a Array2<f64>,
    basis: Profiles,
    changes: Profiles,
}

impl<'a> FittedLevel<'a> {
    /// A level with its `dictionary`, M × K, the sampled activations `basis`, K × T, and the
    /// `changes` of these for one unit of each direction, P × T.
    pub fn new(
        level: &'a Level,
        dictionary: &'a Array2<f64>,
        basis: &Array2<f64>,
        changes: &Array2<f64>,
    ) -> Self {
        let [basis, changes] = [basis, changes].map(Profiles::within_zeros);
        Self { level, dictionary, basis, changes }
    }

    /// The model of a row, T.
    fn model(&self, row: usize) -> Vec<f64> {
        let mut model = vec![0.0; self.basis.dim().1];
        self.basis.add_up(self.dictionary.row(row), &mut model);
        model
    }
}

/// How sure the activations are.
#[derive(Debug, Clone)]
pub struct ProfileErrors {
    /// The atom of each direction, P.
    atoms: Vec<usize>,
    /// Covariance of the directions, P × P.
    covariance: Array2<f64>,
}

/// Standard errors of the coefficients of a row, K; `None` for atoms at zero and for what the data
/// do not determine.
#[derive(Debug, Clone, PartialEq)]
pub struct RowErrors {
    /// With the other coefficients that are above zero.
    pub selected: Vec<Option<f64>>,
    /// With those that could be above zero as well.
    pub all: Vec<Option<f64>>,
}

/// The covariance of the directions; `None` if the data and `precision` do not determine them.
/// `atoms` (P) says whose activation each direction changes, `precision` (P) how precisely its size
/// is known to be 0 beforehand.
///
/// # Panics
/// If the lengths disagree.
pub fn profile_errors(
    levels: &[FittedLevel],
    atoms: &[usize],
    precision: &[f64],
) -> Option<ProfileErrors> {
    assert_eq!(atoms.len(), precision.len(), "a precision a direction");
    let mut information = Array2::from_diag(&Array1::from(precision.to_vec()));
    for fitted in levels {
        for row in 0..fitted.dictionary.nrows() {
            let active: Vec<usize> = (0..fitted.dictionary.ncols())
                .filter(|&k| fitted.dictionary[(row, k)] > 0.0)
                .collect();
            let moved: Vec<usize> =
                (0..atoms.len()).filter(|&p| active.contains(&atoms[p])).collect();
            if moved.is_empty() {
                continue;
            }
            let parts = Parts::new(fitted, row, &active, atoms, &moved);
            let Some(inverse) = inverse(parts.coefficients) else { continue };
            let remaining = &parts.directions - &parts.mixed.t().dot(&inverse.dot(&parts.mixed));
            for (i, &p) in moved.iter().enumerate() {
                for (j, &q) in moved.iter().enumerate() {
                    information[(p, q)] += remaining[(i, j)];
                }
            }
        }
    }
    Some(ProfileErrors { atoms: atoms.to_vec(), covariance: inverse(information)? })
}

/// Standard errors of one row. `absent` (K) is for each atom at zero how precisely it is known to
/// be there beforehand, the inverse square of the height that it may have; 0 for one that cannot be
/// there.
///
/// # Panics
/// If the lengths disagree.
pub fn row_errors(
    fitted: &FittedLevel,
    row: usize,
    errors: &ProfileErrors,
    absent: &[f64],
) -> RowErrors {
    let atoms = fitted.dictionary.ncols();
    assert_eq!(absent.len(), atoms, "a precision an atom");
    let active: Vec<usize> = (0..atoms).filter(|&k| fitted.dictionary[(row, k)] > 0.0).collect();
    let possible: Vec<usize> =
        (0..atoms).filter(|k| active.contains(k) || absent[*k] > 0.0).collect();
    let within = |columns: &[usize]| errors_within(fitted, row, errors, absent, (columns, &active));
    RowErrors { selected: within(&active), all: within(&possible) }
}

/// The errors of the `active` ones of `columns`, the coefficients that may be above zero.
fn errors_within(
    fitted: &FittedLevel,
    row: usize,
    errors: &ProfileErrors,
    absent: &[f64],
    (columns, active): (&[usize], &[usize]),
) -> Vec<Option<f64>> {
    let moved: Vec<usize> =
        (0..errors.atoms.len()).filter(|&p| active.contains(&errors.atoms[p])).collect();
    let mut parts = Parts::new(fitted, row, columns, &errors.atoms, &moved);
    for (i, &k) in columns.iter().enumerate().filter(|(_, k)| !active.contains(k)) {
        parts.coefficients[(i, i)] += absent[k];
    }
    let mut out = vec![None; absent.len()];
    let Some(inverse) = inverse(parts.coefficients) else { return out };
    let through = inverse.dot(&parts.mixed);
    let shared = Array2::from_shape_fn((moved.len(), moved.len()), |(i, j)| {
        errors.covariance[(moved[i], moved[j])]
    });
    for (i, &k) in columns.iter().enumerate().filter(|(_, k)| active.contains(k)) {
        let inherited = through.row(i).dot(&shared.dot(&through.row(i)));
        let variance = inverse[(i, i)] + inherited;
        out[k] =
            Some(variance.sqrt()).filter(|e| *e < UNDETERMINED_ERROR * fitted.dictionary[(row, k)]);
    }
    out
}

/// The blocks of the information matrix of one row.
struct Parts {
    /// n × n.
    coefficients: Array2<f64>,
    /// n × p.
    mixed: Array2<f64>,
    /// p × p.
    directions: Array2<f64>,
}

impl Parts {
    /// Of the coefficients of `columns`, and of the directions `moved`, whose atoms are given by
    /// `atoms`.
    fn new(
        fitted: &FittedLevel,
        row: usize,
        columns: &[usize],
        atoms: &[usize],
        moved: &[usize],
    ) -> Self {
        let FittedLevel { level, dictionary, basis, changes } = fitted;
        let model = fitted.model(row);
        let weight = |(t, &y): (usize, &f64)| {
            let cell = level.cells.at(row, t);
            let silent = cell.censored && y <= cell.value;
            if silent || y <= 0.0 { 0.0 } else { level.importance * cell.weight / y }
        };
        let roots: Vec<f64> = model.iter().enumerate().map(weight).map(f64::sqrt).collect();
        let of_coefficient = |&k: &usize| basis.row(k).times(&roots, 1.0);
        let of_direction = |&p: &usize| changes.row(p).times(&roots, dictionary[(row, atoms[p])]);
        let lines: Vec<Profile> =
            columns.iter().map(of_coefficient).chain(moved.iter().map(of_direction)).collect();
        let mut whole = Array2::zeros((lines.len(), lines.len()));
        for (i, line) in lines.iter().enumerate() {
            for (j, other) in lines.iter().enumerate().take(i + 1) {
                whole[(i, j)] = line.dot(other);
                whole[(j, i)] = whole[(i, j)];
            }
        }
        let n = columns.len();
        Self {
            coefficients: whole.slice(s![..n, ..n]).to_owned(),
            mixed: whole.slice(s![..n, n..]).to_owned(),
            directions: whole.slice(s![n.., n..]).to_owned(),
        }
    }
}

/// The inverse of a positive definite matrix, of unit diagonal for the numerics.
fn inverse(matrix: Array2<f64>) -> Option<Array2<f64>> {
    if matrix.is_empty() {
        return Some(matrix);
    }
    let scale: Array1<f64> = matrix.diag().mapv(|v| if v > 0.0 { v.sqrt().recip() } else { 1.0 });
    let mut scaled =
        Array2::from_shape_fn(matrix.dim(), |(i, j)| matrix[(i, j)] * scale[i] * scale[j]);
    scaled.diag_mut().iter_mut().for_each(|v| *v += PROFILE_RIDGE);
    let factor = scaled.factorizec(UPLO::Lower).ok()?;
    let mut inverse = Array2::zeros(scaled.dim());
    for (j, mut column) in inverse.columns_mut().into_iter().enumerate() {
        let unit = Array1::from_shape_fn(scale.len(), |i| if i == j { scale[j] } else { 0.0 });
        column.assign(&(factor.solvec_into(unit).ok()? * &scale));
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::row_uncertainty;

    fn close(a: Option<f64>, b: f64) {
        assert!(a.is_some_and(|a| (a / b - 1.0).abs() < 1e-6), "{a:?} {b}");
    }

    #[test]
    fn with_sure_profiles_a_row_has_its_own_errors() {
        let basis = array![[0.2, 1.0, 0.5, 0.1], [0.1, 0.4, 1.0, 0.3]];
        let level = Level::new(array![[3.0, 14.0, 11.0, 2.0]], 2);
        let (dictionary, changes) = (array![[10.0, 6.0]], array![[0.1, 0.0, -0.2, 0.0]]);
        let fitted = FittedLevel::new(&level, &dictionary, &basis, &changes);
        let sure = profile_errors(std::slice::from_ref(&fitted), &[0], &[1e15]).unwrap();
        let own = row_uncertainty(&level, 0, &basis, dictionary.row(0)).standard_error;
        let found = row_errors(&fitted, 0, &sure, &[0.0; 2]);
        for (found, own) in found.selected.iter().zip(&own) {
            close(*found, own.unwrap());
        }
        assert_eq!(found.selected, found.all);
        let unsure = row_errors(
            &fitted,
            0,
            &profile_errors(std::slice::from_ref(&fitted), &[0], &[1.0]).unwrap(),
            &[0.0; 2],
        );
        assert!(unsure.selected[0] > found.selected[0]);
    }

    #[test]
    fn the_scale_of_a_profile_is_inherited_as_it_is() {
        // A direction that scales the activation: 1/I + d² / precision.
        let basis = array![[1.0, 2.0, 1.0]];
        let level = Level::new(array![[5.0, 10.0, 5.0]], 1);
        let dictionary = array![[5.0]];
        let fitted = FittedLevel::new(&level, &dictionary, &basis, &basis);
        let errors = profile_errors(std::slice::from_ref(&fitted), &[0], &[400.0]).unwrap();
        let information: f64 = 4.0 / 5.0;
        close(
            row_errors(&fitted, 0, &errors, &[0.0]).selected[0],
            (1.0 / information + 25.0 / 400.0).sqrt(),
        );
    }

    #[test]
    fn a_twin_that_may_be_there_adds_what_it_may_have() {
        let basis = array![[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]];
        let level = Level::new(array![[5.0, 10.0, 5.0]], 2);
        let (dictionary, changes) = (array![[5.0, 0.0]], Array2::zeros((0, 3)));
        let fitted = FittedLevel::new(&level, &dictionary, &basis, &changes);
        let errors = profile_errors(std::slice::from_ref(&fitted), &[], &[]).unwrap();
        let found = row_errors(&fitted, 0, &errors, &[0.0, 0.25]);
        close(found.selected[0], (5.0_f64 / 4.0).sqrt());
        close(found.all[0], (5.0_f64 / 4.0 + 1.0 / 0.25).sqrt());
        assert_eq!(
            (found.all[1], row_errors(&fitted, 0, &errors, &[0.0; 2]).all[0]),
            (None, found.selected[0])
        );
    }
}
