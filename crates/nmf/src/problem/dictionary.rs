//! A dictionary: which entries there may be, whose they are, and what they cost.

use ndarray::{Array1, Array2, Axis, Zip};

/// A dictionary, M × J. Levels refer to it by its [`DictionaryIx`]; several may refer to one.
#[derive(Debug, Clone)]
pub struct Dictionary {
    /// The atom that each column belongs to, J.
    pub owners: Vec<usize>,
    /// Entries that may be non-zero, M × J.
    pub support: Array2<bool>,
    /// Starting entries, M × J; `None` starts from a regression on the starting activations.
    pub start: Option<Array2<f64>>,
    /// Cost of one unit of an entry, by column, J, finite and non-negative: the rate of an
    /// exponential prior.
    pub costs: Array1<f64>,
    /// What binds its column sums to those of the first dictionary.
    pub tie: Option<Tie>,
    /// Whether the entries stay as they start; needs a start.
    pub held: bool,
}

/// Position of a dictionary in its problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DictionaryIx(pub usize);

/// Binds, for every atom k, `Σ_j g·d_j` over its columns to `c_k` exactly, where those of the first
/// dictionary sum to 1; needs [`crate::Scale::UnitDictionary`].
#[derive(Debug, Clone)]
pub struct Tie {
    /// g, M, finite and positive: ones tie sums, m/z values tie masses.
    pub row_weights: Array1<f64>,
    /// c, K, finite and positive.
    pub ratio: Array1<f64>,
}

impl Tie {
    fn select_rows(&self, rows: &[usize]) -> Self {
        let row_weights = self.row_weights.select(Axis(0), rows);
        Self { row_weights, ratio: self.ratio.clone() }
    }
}

impl Dictionary {
    /// A column an atom, within `support` (M × K); free of cost, untied, without a start.
    pub fn new(support: Array2<bool>) -> Self {
        let columns = support.ncols();
        Self {
            owners: (0..columns).collect(),
            support,
            start: None,
            costs: Array1::zeros(columns),
            tie: None,
            held: false,
        }
    }

    /// [`Dictionary::new`] with every entry allowed.
    pub fn full(rows: usize, atoms: usize) -> Self {
        Self::new(Array2::from_elem((rows, atoms), true))
    }

    /// The same from other starting entries, M × J.
    #[must_use]
    pub fn with_start(self, start: Array2<f64>) -> Self {
        Self { start: Some(start), ..self }
    }

    /// Number of rows, M.
    pub fn rows(&self) -> usize {
        self.support.nrows()
    }

    /// Number of columns, J.
    pub fn columns(&self) -> usize {
        self.owners.len()
    }

    /// The dictionary of some of its rows.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        Self {
            owners: self.owners.clone(),
            support: self.support.select(Axis(0), rows),
            start: self.start.as_ref().map(|d| d.select(Axis(0), rows)),
            costs: self.costs.clone(),
            tie: self.tie.as_ref().map(|tie| tie.select_rows(rows)),
            held: self.held,
        }
    }

    /// The columns of atom `k`, ascending.
    pub(crate) fn columns_of(&self, k: usize) -> impl Iterator<Item = usize> + '_ {
        self.owners.iter().enumerate().filter(move |(_, owner)| **owner == k).map(|(j, _)| j)
    }

    /// Where it starts, zero outside of the support; all zero without a start.
    pub(crate) fn started(&self) -> Array2<f64> {
        match &self.start {
            Some(start) => Zip::from(start)
                .and(&self.support)
                .map_collect(|&x, &allowed| if allowed { x } else { 0.0 }),
            None => Array2::zeros(self.support.dim()),
        }
    }

    /// Whether atom `k` may show anywhere.
    pub(crate) fn allows(&self, k: usize) -> bool {
        self.columns_of(k).any(|j| self.support.column(j).iter().any(|allowed| *allowed))
    }

    /// Sum of column `j` of `entries` (M × J) within the support.
    pub(crate) fn column_sum(&self, entries: &Array2<f64>, j: usize) -> f64 {
        let column = entries.column(j).into_iter().zip(self.support.column(j));
        column.filter(|(_, allowed)| **allowed).map(|(x, _)| x).sum()
    }

    /// Whether column j belongs to atom j of so many, all in order.
    pub(crate) fn has_a_column_each(&self, atoms: usize) -> bool {
        self.owners.len() == atoms && self.owners.iter().enumerate().all(|(j, k)| j == *k)
    }
}
