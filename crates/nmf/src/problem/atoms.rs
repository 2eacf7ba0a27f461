//! How atoms are added, taken out and merged, in all arrays that have a part for each of them.

use ndarray::{Array1, Array2, Axis, concatenate};

use super::dictionary::Dictionary;
use super::error::Error;
use super::joint::{Coupling, Level, Problem};
use super::kind::AtomKind;

/// An atom that is to be added: its activation, and its column in every dictionary.
#[derive(Debug, Clone)]
pub struct NewAtom {
    /// What its activation is required to be.
    pub kind: AtomKind,
    /// Where its activation starts, G, finite and non-negative.
    pub activation: Array1<f64>,
    /// Its column in each dictionary.
    pub columns: Vec<NewColumn>,
}

/// The dictionary column of an atom that is to be added.
#[derive(Debug, Clone)]
pub struct NewColumn {
    /// Entries that may be non-zero, M; where the dictionary has a start, they start at 0.
    pub support: Array1<bool>,
    /// Cost of one unit of an entry.
    pub cost: f64,
}

impl Problem {
    /// Adds an atom behind the others, with one column in every dictionary and efficiency 1 in
    /// every level, and returns its position. Own activations of a level and the ratio of a tie
    /// start at 1.
    ///
    /// # Errors
    /// When the activation, the number of columns or one of these does not fit; nothing is added.
    pub fn add_atom(&mut self, atom: NewAtom) -> Result<usize, Error> {
        let NewAtom { kind, activation, columns } = atom;
        fits("activation", activation.len(), self.activations.ncols())?;
        fits("columns", columns.len(), self.dictionaries.len())?;
        for (d, (dictionary, column)) in self.dictionaries.iter().zip(&columns).enumerate() {
            fits(&format!("columns[{d}].support"), column.support.len(), dictionary.rows())?;
        }
        let added = self.atoms();
        self.kinds.push(kind);
        let known: Vec<usize> = (0..added).collect();
        let mut activations = rows_of(&self.activations, &known, added + 1);
        activations.row_mut(added).assign(&activation);
        self.activations = activations;
        for (dictionary, column) in self.dictionaries.iter_mut().zip(columns) {
            dictionary.add_column(added, column);
        }
        self.levels.iter_mut().for_each(Level::add_atom);
        Ok(added)
    }

    /// Takes out the atoms that are not `kept`, with all that belongs to them.
    pub fn retain_atoms(&mut self, kept: impl Fn(usize) -> bool) {
        let kept: Vec<usize> = (0..self.atoms()).filter(|&atom| kept(atom)).collect();
        if kept.len() < self.atoms() {
            self.select_atoms(&kept);
        }
    }

    /// One atom for each of `groups` of atoms, none of them empty: as the first of the group, but
    /// with the supports of all of them. Atoms in no group are taken out. The dictionaries lose
    /// their starts.
    ///
    /// # Panics
    /// If a group is empty or names an atom that does not exist.
    #[must_use]
    pub fn merge_atoms(mut self, groups: &[Vec<usize>]) -> Self {
        let firsts: Vec<usize> = groups.iter().map(|group| group[0]).collect();
        let atoms = self.atoms();
        let merged = |d: &Dictionary| d.merged_support(groups, atoms);
        let supports: Vec<Array2<bool>> = self.dictionaries.iter().map(merged).collect();
        self.select_atoms(&firsts);
        for (d, merged) in self.dictionaries.iter_mut().zip(supports) {
            d.start = None;
            for (mut column, &k) in d.support.columns_mut().into_iter().zip(&d.owners) {
                column.assign(&merged.column(k));
            }
        }
        self
    }

    /// Leaves these atoms, in this order, and their columns in the same.
    fn select_atoms(&mut self, atoms: &[usize]) {
        self.kinds = atoms.iter().map(|&k| self.kinds[k].clone()).collect();
        self.activations = rows_of(&self.activations, atoms, atoms.len());
        self.dictionaries.iter_mut().for_each(|d| d.select_atoms(atoms));
        self.levels.iter_mut().for_each(|level| level.select_atoms(atoms));
    }
}

impl Level {
    fn add_atom(&mut self) {
        self.efficiency.add_atom();
        if let Coupling::Soft { activations, .. } | Coupling::Dictionary { activations } =
            &mut self.coupling
        {
            *activations = beside(Axis(0), activations, Array1::ones(activations.ncols()));
        }
    }

    fn select_atoms(&mut self, atoms: &[usize]) {
        self.efficiency.select_atoms(atoms);
        if let Coupling::Soft { activations, .. } | Coupling::Dictionary { activations } =
            &mut self.coupling
        {
            *activations = activations.select(Axis(0), atoms);
        }
    }
}

impl Dictionary {
    fn add_column(&mut self, owner: usize, column: NewColumn) {
        self.support = beside(Axis(1), &self.support, column.support);
        let start = |d: &Array2<f64>| beside(Axis(1), d, Array1::zeros(d.nrows()));
        self.start = self.start.as_ref().map(start);
        self.costs = longer(&self.costs, column.cost);
        self.owners.push(owner);
        if let Some(tie) = &mut self.tie {
            tie.ratio = longer(&tie.ratio, 1.0);
        }
    }

    fn select_atoms(&mut self, atoms: &[usize]) {
        let (columns, owners): (Vec<usize>, Vec<usize>) = atoms
            .iter()
            .enumerate()
            .flat_map(|(place, &k)| self.columns_of(k).map(move |j| (j, place)))
            .unzip();
        self.support = self.support.select(Axis(1), &columns);
        self.start = self.start.as_ref().map(|d| d.select(Axis(1), &columns));
        self.costs = self.costs.select(Axis(0), &columns);
        self.owners = owners;
        if let Some(tie) = &mut self.tie {
            tie.ratio = tie.ratio.select(Axis(0), atoms);
        }
    }

    /// Where any atom of each group may show, M × groups.
    fn merged_support(&self, groups: &[Vec<usize>], atoms: usize) -> Array2<bool> {
        let mut by_atom = Array2::from_elem((self.support.nrows(), atoms), false);
        for (column, &k) in self.support.columns().into_iter().zip(&self.owners) {
            by_atom.column_mut(k).zip_mut_with(&column, |any, allowed| *any |= allowed);
        }
        Array2::from_shape_fn((self.support.nrows(), groups.len()), |(m, g)| {
            groups[g].iter().any(|&k| by_atom[(m, k)])
        })
    }
}

/// These rows of a matrix, in this order, as the first of so many. Zeros are not written: most
/// activations are zero but for a stretch, and what was never written takes no memory.
fn rows_of(matrix: &Array2<f64>, rows: &[usize], count: usize) -> Array2<f64> {
    let mut out = Array2::zeros((count, matrix.ncols()));
    for (mut into, &k) in out.rows_mut().into_iter().zip(rows) {
        let values = into.iter_mut().zip(matrix.row(k));
        values.filter(|(_, v)| **v != 0.0).for_each(|(x, v)| *x = *v);
    }
    out
}

/// The matrix with one more row or column.
fn beside<T: Clone>(axis: Axis, matrix: &Array2<T>, line: Array1<T>) -> Array2<T> {
    concatenate(axis, &[matrix.view(), line.insert_axis(axis).view()])
        .expect("the line is as long as those of the matrix")
}

fn longer(values: &Array1<f64>, last: f64) -> Array1<f64> {
    values.iter().copied().chain([last]).collect()
}

fn fits(argument: &str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        let (found, expected) = ((found, 1), (expected, 1));
        Err(Error::Shape { argument: argument.to_owned(), found, expected })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::problem::{Efficiency, Scale, Tie};

    fn peak() -> AtomKind {
        AtomKind::peak(0, 4, 1.0)
    }

    /// Three atoms on four times, the second with two columns in the second level.
    fn problem() -> Problem {
        let first = Dictionary::new(array![[true, false, false], [false, true, true]])
            .with_start(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let tie = Tie { row_weights: Array1::ones(1), ratio: array![5.0, 6.0, 7.0] };
        let second = Dictionary {
            owners: vec![0, 1, 2, 1],
            costs: array![0.1, 0.2, 0.3, 0.4],
            tie: Some(tie),
            ..Dictionary::new(array![[true, true, false, true]])
        };
        let level = Level {
            efficiency: Efficiency::free(array![1.0, 2.0, 3.0]),
            coupling: Coupling::Soft { strength: 1.0, activations: Array2::ones((3, 4)) },
            ..Level::new(Array2::ones((1, 4)), 3)
        };
        let matrices = vec![(Level::new(Array2::ones((2, 4)), 3), first), (level, second)];
        let activations = Array2::from_shape_fn((3, 4), |(k, g)| (4 * k + g) as f64);
        let kinds = vec![AtomKind::Free, peak(), AtomKind::Free];
        Problem { scale: Scale::UnitDictionary, ..Problem::new(matrices, activations, kinds) }
    }

    /// All that belongs to atoms, whatever its layout in memory.
    fn told(problem: &Problem) -> Vec<String> {
        let mut all = vec![format!("{:?}", problem.kinds), problem.activations.to_string()];
        for d in &problem.dictionaries {
            let start = d.start.iter().map(ToString::to_string);
            let ratio = d.tie.iter().map(|tie| tie.ratio.to_string());
            all.extend(start.chain(ratio));
            all.extend([d.support.to_string(), d.costs.to_string(), format!("{:?}", d.owners)]);
        }
        for level in &problem.levels {
            all.push(format!("{:?}", level.efficiency));
            if let Coupling::Soft { activations, .. } = &level.coupling {
                all.push(activations.to_string());
            }
        }
        all
    }

    fn new_atom() -> NewAtom {
        NewAtom {
            kind: peak(),
            activation: Array1::ones(4),
            columns: vec![
                NewColumn { support: array![true, false], cost: 0.0 },
                NewColumn { support: array![true], cost: 0.5 },
            ],
        }
    }

    #[test]
    fn what_is_added_and_taken_out_again_leaves_no_trace() {
        let mut changed = problem();
        changed.dictionaries[1].owners = vec![0, 1, 1, 2];
        let before = told(&changed);
        assert_eq!(changed.add_atom(new_atom()), Ok(3));
        assert_eq!(changed.check(), Ok(()));
        assert_eq!(changed.dictionaries[0].support.column(3), array![true, false]);
        assert_eq!(changed.dictionaries[0].start.as_ref().unwrap()[(0, 3)], 0.0);
        changed.retain_atoms(|k| k != 3);
        assert_eq!(told(&changed), before);
    }

    #[test]
    fn all_that_belongs_to_an_atom_goes_with_it() {
        let mut reduced = problem();
        reduced.retain_atoms(|k| k != 1);
        assert_eq!(reduced.check(), Ok(()));
        assert_eq!(reduced.kinds, vec![AtomKind::Free; 2]);
        assert_eq!(reduced.activations.column(0), array![0.0, 8.0]);
        assert_eq!(reduced.dictionaries[0].start, Some(array![[1.0, 3.0], [4.0, 6.0]]));
        assert_eq!(reduced.dictionaries[1].owners, [0, 1]);
        assert_eq!(reduced.dictionaries[1].costs, array![0.1, 0.3]);
        assert_eq!(reduced.levels[1].efficiency, Efficiency::free(array![1.0, 3.0]));
        assert_eq!(reduced.dictionaries[1].tie.as_ref().unwrap().ratio, array![5.0, 7.0]);
    }

    #[test]
    fn a_merged_atom_may_show_where_any_member_may() {
        let merged = problem().merge_atoms(&[vec![2, 0], vec![1]]);
        assert_eq!(merged.check(), Ok(()));
        assert_eq!(merged.activations.column(0), array![8.0, 4.0]);
        assert_eq!(merged.dictionaries[0].support, array![[true, false], [true, true]]);
        assert_eq!(merged.dictionaries[1].owners, [0, 1, 1]);
        assert_eq!(merged.dictionaries[1].support, array![[true, true, true]]);
    }

    #[test]
    fn an_atom_that_does_not_fit_is_refused_and_changes_nothing() {
        let mut problem = problem();
        let before = format!("{problem:?}");
        let mut short = new_atom();
        short.columns[1].support = array![true, true];
        assert!(matches!(problem.add_atom(short), Err(Error::Shape { .. })));
        assert!(problem.add_atom(NewAtom { activation: Array1::ones(3), ..new_atom() }).is_err());
        assert!(problem.add_atom(NewAtom { columns: Vec::new(), ..new_atom() }).is_err());
        assert_eq!(format!("{problem:?}"), before);
    }
}
