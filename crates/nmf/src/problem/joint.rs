//! The problem as the user states it.

use std::ops::{Index, IndexMut};

use ndarray::Array2;

use super::cells::Cells;
use super::dictionary::{Dictionary, DictionaryIx};
use super::efficiency::Efficiency;
use super::kind::AtomKind;
use super::sampling::Sampling;

/// The joint problem: levels whose columns belong to common atoms.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What the levels refer to, each at least one of them.
    pub dictionaries: Vec<Dictionary>,
    /// The matrices. The first refers to the first dictionary; both are the reference of scales,
    /// ties and couplings.
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

impl Index<DictionaryIx> for Problem {
    type Output = Dictionary;

    fn index(&self, dictionary: DictionaryIx) -> &Dictionary {
        &self.dictionaries[dictionary.0]
    }
}

impl IndexMut<DictionaryIx> for Problem {
    fn index_mut(&mut self, dictionary: DictionaryIx) -> &mut Dictionary {
        &mut self.dictionaries[dictionary.0]
    }
}

/// One matrix of the joint problem, M × T.
#[derive(Debug, Clone)]
pub struct Level {
    /// What was measured, M × T.
    pub cells: Cells,
    /// Weight of the level's divergence in the objective, finite and positive.
    pub importance: f64,
    /// How the level sees the common activations, G × T; not used by [`Coupling::Dictionary`].
    pub sampling: Sampling,
    /// The dictionary that it refers to; levels with the same rows may share one.
    pub dictionary: DictionaryIx,
    /// How the level's activations hang together with the common ones.
    pub coupling: Coupling,
    /// How much of each atom the level shows; used by [`Coupling::Shared`] and
    /// [`Coupling::Soft`], by the latter in one part.
    pub efficiency: Efficiency,
}

/// A level with its dictionary.
#[derive(Debug, Clone, Copy)]
pub struct LevelView<'a> {
    /// The level.
    pub level: &'a Level,
    /// The dictionary that it refers to.
    pub dictionary: &'a Dictionary,
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

/// Where the scale between a dictionary column and its activation is put: the divergence does not
/// know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Every activation that is not fixed has maximum 1: a dictionary entry is the height at the
    /// apex. Only where nothing but shared coupling and entry costs depends on the scale.
    PeakActivation,
    /// Every column of the first dictionary sums to 1, together over the columns of an atom.
    UnitDictionary,
    /// Wherever the descent leaves it.
    Free,
}

impl Problem {
    /// Levels on common activations, each with a dictionary of its own in the same place;
    /// activations with maximum 1.
    pub fn new(
        matrices: Vec<(Level, Dictionary)>,
        activations: Array2<f64>,
        kinds: Vec<AtomKind>,
    ) -> Self {
        let mut out = Self {
            dictionaries: Vec::new(),
            levels: Vec::new(),
            activations,
            kinds,
            scale: Scale::PeakActivation,
        };
        for (level, dictionary) in matrices {
            out.push(level, dictionary);
        }
        out
    }

    /// Adds a level with a dictionary of its own behind the others.
    pub fn push(&mut self, level: Level, dictionary: Dictionary) -> LevelIx {
        self.dictionaries.push(dictionary);
        self.push_sharing(level, DictionaryIx(self.dictionaries.len() - 1))
    }

    /// Adds a level behind the others that refers to a dictionary of the problem.
    pub fn push_sharing(&mut self, level: Level, dictionary: DictionaryIx) -> LevelIx {
        self.levels.push(Level { dictionary, ..level });
        LevelIx(self.levels.len() - 1)
    }

    /// Number of atoms, K.
    pub fn atoms(&self) -> usize {
        self.activations.nrows()
    }

    /// A level with its dictionary.
    pub fn view(&self, level: LevelIx) -> LevelView<'_> {
        LevelView { level: &self[level], dictionary: &self[self[level].dictionary] }
    }

    /// The levels with their dictionaries.
    pub fn views(&self) -> impl Iterator<Item = LevelView<'_>> {
        (0..self.levels.len()).map(|l| self.view(LevelIx(l)))
    }

    /// Positions of the levels that refer to dictionary `d`, ascending, and these.
    pub(crate) fn levels_of(&self, d: usize) -> impl Iterator<Item = (usize, &Level)> + Clone {
        self.levels.iter().enumerate().filter(move |(_, level)| level.dictionary.0 == d)
    }
}

impl Coupling {
    /// Starting own activations, K × T, where there are some.
    pub(crate) fn own_start(&self) -> Option<&Array2<f64>> {
        match self {
            Self::Shared => None,
            Self::Soft { activations, .. } | Self::Dictionary { activations } => Some(activations),
        }
    }
}

impl Level {
    /// A level seen at the grid times themselves: the first dictionary, shared activations,
    /// efficiency 1.
    pub fn new(cells: impl Into<Cells>, atoms: usize) -> Self {
        let cells = cells.into();
        let times = cells.dim().1;
        Self::sampled(cells, atoms, Sampling::identity(times))
    }

    /// [`Level::new`] that sees the activations through `sampling`.
    pub fn sampled(cells: impl Into<Cells>, atoms: usize, sampling: Sampling) -> Self {
        Self {
            cells: cells.into(),
            importance: 1.0,
            sampling,
            dictionary: DictionaryIx(0),
            coupling: Coupling::Shared,
            efficiency: Efficiency::held(atoms),
        }
    }

    /// The same level with some of its rows.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        Self {
            cells: self.cells.select_rows(rows),
            importance: self.importance,
            sampling: self.sampling.clone(),
            dictionary: self.dictionary,
            coupling: self.coupling.clone(),
            efficiency: self.efficiency.clone(),
        }
    }
}
