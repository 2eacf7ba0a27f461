//! The problem as the user states it.

use std::ops::{Index, IndexMut};

use ndarray::{Array1, Array2, Axis};

use super::cells::Cells;
use super::kind::AtomKind;
use super::sampling::Sampling;

/// The joint problem: levels whose columns belong to common atoms.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The matrices. The first is the reference of every tie and coupling.
    pub levels: Vec<Level>,
    /// Starting activations, K × G, finite and non-negative.
    pub activations: Array2<f64>,
    /// What is required of each activation, K.
    pub kinds: Vec<AtomKind>,
    /// Where the scale between a column and its activation is put.
    pub scale: Scale,
}

/// Position of a level in its problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelIx(pub usize);

impl Index<LevelIx> for Problem {
    type Output = Level;

    fn index(&self, level: LevelIx) -> &Level {
        &self.levels[level.0]
    }
}

impl IndexMut<LevelIx> for Problem {
    fn index_mut(&mut self, level: LevelIx) -> &mut Level {
        &mut self.levels[level.0]
    }
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

/// Binds, for every atom k, `Σ_j g·d_j` over its columns to `c_k` exactly, where those of the first
/// level sum to 1; needs [`Scale::UnitDictionary`].
#[derive(Debug, Clone)]
pub struct Tie {
    /// g, M, finite and positive: ones tie sums, m/z values tie masses.
    pub row_weights: Array1<f64>,
    /// c, K, finite and positive.
    pub ratio: Array1<f64>,
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

impl Problem {
    /// Levels on common activations: activations with maximum 1.
    pub fn new(levels: Vec<Level>, activations: Array2<f64>, kinds: Vec<AtomKind>) -> Self {
        Self { levels, activations, kinds, scale: Scale::PeakActivation }
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
            held: Held { dictionary: false, efficiency: true },
        }
    }

    /// The same level with another support, M × J.
    #[must_use]
    pub fn with_support(self, support: Array2<bool>) -> Self {
        Self { support, ..self }
    }

    /// The same level with some of its rows.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let tie = |tie: &Tie| Tie {
            row_weights: tie.row_weights.select(Axis(0), rows),
            ratio: tie.ratio.clone(),
        };
        Self {
            cells: self.cells.select_rows(rows),
            importance: self.importance,
            sampling: self.sampling.clone(),
            owners: self.owners.clone(),
            support: self.support.select(Axis(0), rows),
            dictionary: self.dictionary.as_ref().map(|d| d.select(Axis(0), rows)),
            cost: self.cost.clone(),
            coupling: self.coupling.clone(),
            efficiency: self.efficiency.clone(),
            tie: self.tie.as_ref().map(tie),
            held: self.held,
        }
    }

    /// The columns of atom `k`, ascending.
    pub(crate) fn columns_of(&self, k: usize) -> impl Iterator<Item = usize> + '_ {
        self.owners.iter().enumerate().filter(move |(_, owner)| **owner == k).map(|(j, _)| j)
    }

    /// Whether column j belongs to atom j of so many, all in order.
    pub(crate) fn has_a_column_each(&self, atoms: usize) -> bool {
        self.owners.len() == atoms && self.owners.iter().enumerate().all(|(j, k)| j == *k)
    }

    /// Number of dictionary columns, J.
    pub fn columns(&self) -> usize {
        self.owners.len()
    }
}
