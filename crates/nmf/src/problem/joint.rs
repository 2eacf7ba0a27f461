//! The problem as the user states it.

use ndarray::{Array1, Array2};

use super::cells::Cells;
use super::sampling::Sampling;

/// The joint problem: levels whose columns belong to common atoms.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The matrices. The first is the reference of every tie and coupling.
    pub levels: Vec<Level>,
    /// Starting activations, K × G, finite and non-negative.
    pub activations: Array2<f64>,
    /// What is required of each activation, K.
    pub shapes: Vec<Shape>,
    /// λ of the smoothness penalty `λ Σ (√h_g − √h_{g−1})²` on every activation row, ≥ 0.
    pub smoothness: f64,
    /// Where the scale between a column and its activation is put.
    pub scale: Scale,
}

/// One matrix of the joint problem, M × T, with J dictionary columns.
#[derive(Debug, Clone)]
pub struct Level {
    /// What was measured, M × T.
    pub cells: Cells,
    /// Weight of the level's divergence in the objective, finite and positive.
    pub importance: f64,
    /// How the level sees the common activations, G × T; not used by [`Coupling::Dictionary`].
    pub sampling: Sampling,
    /// The atom that each dictionary column belongs to, J.
    pub owners: Vec<usize>,
    /// Entries of the dictionary that may be non-zero, M × J.
    pub support: Array2<bool>,
    /// Starting dictionary, M × J; `None` starts from a regression on the starting activations.
    pub dictionary: Option<Array2<f64>>,
    /// Cost of one unit of a dictionary entry, by column, J, finite and non-negative: the rate of
    /// an exponential prior.
    pub cost: Array1<f64>,
    /// How the level's activations hang together with the common ones.
    pub coupling: Coupling,
    /// Starting efficiency of each atom in this level, K, positive; used by [`Coupling::Shared`]
    /// and [`Coupling::Soft`].
    pub efficiency: Array1<f64>,
    /// What binds the column sums of this level to those of the first.
    pub tie: Option<Tie>,
    /// What is kept as given.
    pub held: Held,
}

/// Blocks of a level that are kept as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The dictionary; needs [`Level::dictionary`].
    pub dictionary: bool,
    /// The level's own activations.
    pub activations: bool,
    /// The efficiencies.
    pub efficiency: bool,
}

/// How a level's activations hang together with the common activations H (K × G).
#[derive(Debug, Clone)]
pub enum Coupling {
    /// The same up to the efficiency: `η_k (H P)_k`.
    Shared,
    /// Own activations V (K × T, starting here) drawn to the common ones by
    /// `λ Σ (√(H P)_kt − √(v_kt / η_k))²`.
    Soft {
        /// λ, finite and positive.
        strength: f64,
        /// Starting V, K × T.
        activations: Array2<f64>,
    },
    /// Own activations (K × T, starting here), free: only the dictionaries are tied.
    Dictionary {
        /// Starting activations, K × T.
        activations: Array2<f64>,
    },
}

/// Binds, for every atom k, `u_k = Σ_j g·d_j` over its columns here to `v_k`, the sum of its
/// columns in the first level.
#[derive(Debug, Clone)]
pub struct Tie {
    /// g, M, finite and positive: ones tie sums, m/z values tie masses.
    pub row_weights: Array1<f64>,
    /// c, K, finite and positive: the expected ratio of u to v.
    pub ratio: Array1<f64>,
    /// How firmly.
    pub kind: TieKind,
}

/// How firmly column sums are tied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TieKind {
    /// Penalty `ρ (√u − √(c v))²` with this ρ.
    Soft(f64),
    /// `v = 1` and `u = c` exactly; needs [`Scale::UnitDictionary`].
    Hard,
}

/// Where the scale between a dictionary column and its activation is put: the divergence does not
/// know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Every activation that is not fixed has maximum 1: a dictionary entry is the height at the
    /// apex. Only where nothing but shared coupling and entry costs depends on the scale.
    PeakActivation,
    /// Every column of the first level's dictionary sums to 1, together over the columns of an
    /// atom.
    UnitDictionary,
    /// Wherever the descent leaves it.
    Free,
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

impl Problem {
    /// Levels on common activations, none of which is smoothed: activations with maximum 1.
    pub fn new(levels: Vec<Level>, activations: Array2<f64>, shapes: Vec<Shape>) -> Self {
        Self { levels, activations, shapes, smoothness: 0.0, scale: Scale::PeakActivation }
    }

    /// Number of atoms, K.
    pub fn atoms(&self) -> usize {
        self.activations.nrows()
    }
}

impl Level {
    /// A level seen at the grid times themselves: one column an atom, full support, shared
    /// activations, efficiency 1.
    pub fn new(cells: impl Into<Cells>, atoms: usize) -> Self {
        let cells = cells.into();
        let (rows, times) = cells.dim();
        Self {
            cells,
            importance: 1.0,
            sampling: Sampling::identity(times),
            owners: (0..atoms).collect(),
            support: Array2::from_elem((rows, atoms), true),
            dictionary: None,
            cost: Array1::zeros(atoms),
            coupling: Coupling::Shared,
            efficiency: Array1::ones(atoms),
            tie: None,
            held: Held { dictionary: false, activations: false, efficiency: true },
        }
    }

    /// The same level with another support, M × J.
    #[must_use]
    pub fn with_support(self, support: Array2<bool>) -> Self {
        Self { support, ..self }
    }

    /// Number of dictionary columns, J.
    pub fn columns(&self) -> usize {
        self.owners.len()
    }
}
