//! The problem as the user states it, and its check.

use ndarray::{Array1, Array2};

use crate::Sampling;

/// One matrix of the joint problem, M × T.
#[derive(Debug, Clone)]
pub struct Level {
    /// Data, M × T, finite and non-negative; the limit where the cell is censored.
    pub data: Array2<f64>,
    /// Weights, M × T, finite and non-negative; 0 = not observed.
    pub weight: Array2<f64>,
    /// Cells known only to lie between 0 and `data`, M × T.
    pub censored: Array2<bool>,
    /// How the level sees the activations, G × T.
    pub sampling: Sampling,
    /// Entries of the dictionary that may be non-zero, M × K.
    pub support: Array2<bool>,
    /// Cost of one unit of a dictionary entry, by atom, K, finite and non-negative: the rate of an exponential prior.
    pub cost: Array1<f64>,
}

/// What is required of an activation row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Kept as given.
    Fixed,
    /// Any non-negative row.
    Free,
    /// `log h` concave over the grid points `first..end` and zero outside: one peak of any shape.
    ///
    /// The curvature `γ = −Δ² log h` at each inner point is drawn gently towards `curvature` by the
    /// penalty `μ (γ/γ₀ − 1 − log(γ/γ₀))` with `μ =` [`crate::Params::curvature_weight`]: where the
    /// data say nothing the peak is a Gaussian with standard deviation `1/√γ₀` grid steps.
    LogConcave {
        /// First grid point of the peak.
        first: usize,
        /// One past its last grid point; at least three points.
        end: usize,
        /// Expected curvature γ₀, positive.
        curvature: f64,
    },
}

/// The joint problem: levels with common activations.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The matrices.
    pub levels: Vec<Level>,
    /// Starting activations, K × G, finite and non-negative.
    pub activations: Array2<f64>,
    /// What is required of each activation, K.
    pub shapes: Vec<Shape>,
}

/// A problem that cannot be solved as stated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Two arguments disagree in shape.
    #[error("{argument} is {found:?}, expected {expected:?}")]
    Shape {
        /// Name of the argument.
        argument: String,
        /// Its shape.
        found: (usize, usize),
        /// The shape that fits the other arguments.
        expected: (usize, usize),
    },
    /// An argument holds a negative or non-finite number.
    #[error("{argument}[{row}, {column}] is {value}; expected a finite number ≥ 0")]
    Value {
        /// Name of the argument.
        argument: String,
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The entry.
        value: f64,
    },
    /// A log-concave range does not fit the grid or is too short, or its curvature is not positive.
    #[error(
        "shapes[{atom}] asks for a peak over {first}..{end} with curvature {curvature}; expected at least 3 of the {grid} grid points and a positive curvature"
    )]
    Peak {
        /// Position of the atom.
        atom: usize,
        /// First grid point asked for.
        first: usize,
        /// End asked for.
        end: usize,
        /// Curvature asked for.
        curvature: f64,
        /// Number of grid points.
        grid: usize,
    },
}

impl Problem {
    /// Number of atoms, K.
    pub fn atoms(&self) -> usize {
        self.activations.nrows()
    }

    /// Checks shapes and values.
    ///
    /// # Errors
    /// Names the first argument that does not fit.
    pub fn check(&self) -> Result<(), Error> {
        let (atoms, grid) = self.activations.dim();
        check_values("activations", &self.activations)?;
        expect_shape("shapes", (self.shapes.len(), 1), (atoms, 1))?;
        for (atom, shape) in self.shapes.iter().enumerate() {
            if let Shape::LogConcave { first, end, curvature } = *shape
                && (end > grid || end.saturating_sub(first) < 3 || !(curvature.is_finite() && curvature > 0.0))
            {
                return Err(Error::Peak { atom, first, end, curvature, grid });
            }
        }
        for (l, level) in self.levels.iter().enumerate() {
            let (rows, times) = level.data.dim();
            let name = |field: &str| format!("levels[{l}].{field}");
            expect_shape(&name("weight"), level.weight.dim(), (rows, times))?;
            expect_shape(&name("censored"), level.censored.dim(), (rows, times))?;
            expect_shape(&name("support"), level.support.dim(), (rows, atoms))?;
            expect_shape(&name("cost"), (level.cost.len(), 1), (atoms, 1))?;
            check_values(&name("cost"), &level.cost.clone().insert_axis(ndarray::Axis(1)))?;
            let sampling = (level.sampling.grid_len(), level.sampling.len());
            expect_shape(&name("sampling"), sampling, (grid, times))?;
            check_values(&name("weight"), &level.weight)?;
            check_observed(&name("data"), &level.data, &level.weight)?;
        }
        Ok(())
    }
}

fn expect_shape(argument: &str, found: (usize, usize), expected: (usize, usize)) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Shape { argument: argument.to_owned(), found, expected }) }
}

fn check_values(argument: &str, values: &Array2<f64>) -> Result<(), Error> {
    check(argument, values, |_| true)
}

fn check_observed(argument: &str, values: &Array2<f64>, weight: &Array2<f64>) -> Result<(), Error> {
    check(argument, values, |at| weight[at] > 0.0)
}

fn check(argument: &str, values: &Array2<f64>, counts: impl Fn((usize, usize)) -> bool) -> Result<(), Error> {
    match values.indexed_iter().find(|&(at, v)| counts(at) && !(v.is_finite() && *v >= 0.0)) {
        Some(((row, column), &value)) => Err(Error::Value { argument: argument.to_owned(), row, column, value }),
        None => Ok(()),
    }
}
