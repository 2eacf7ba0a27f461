//! Where the solver stands: the factors, and what follows from them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use ndarray::{Array1, Array2, ArrayView1, Zip};

use super::sampled::sampled;
use crate::kernel::{Basis, Profile, Profiles};
use crate::problem::{AtomKind, Coupling, Dictionary, Level, LevelIx, LevelView, Problem, Scale};
use crate::tuning::TINY;

/// Dictionaries, activations, own activations and efficiencies, as a solution has them.
pub(crate) type Factors =
    (Vec<Array2<f64>>, Array2<f64>, Vec<Option<Array2<f64>>>, Vec<Array2<f64>>);

/// The factors of all levels.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The dictionaries, each M × J.
    pub(crate) dictionaries: Vec<Array2<f64>>,
    activations: Profiles,
    own: Vec<Option<Array2<f64>>>,
    efficiencies: Vec<Array2<f64>>,
    /// What each level sees of the activations, once it was asked for.
    seen: Vec<OnceLock<Arc<Basis>>>,
}

impl State {
    /// Where the problem says to start; dictionaries that are not given are zero.
    pub(crate) fn start(problem: &Problem, activations: Profiles) -> Self {
        let own = |level: &Level| level.coupling.own_start().cloned();
        Self {
            dictionaries: problem.dictionaries.iter().map(Dictionary::started).collect(),
            activations,
            own: problem.levels.iter().map(own).collect(),
            efficiencies: problem.levels.iter().map(|l| l.efficiency.start.clone()).collect(),
            seen: vec![OnceLock::new(); problem.levels.len()],
        }
    }

    /// Common activations, K × G.
    pub(crate) fn activations(&self) -> &Profiles {
        &self.activations
    }

    /// The same, to change them.
    pub(crate) fn activations_mut(&mut self) -> &mut Profiles {
        self.seen.iter_mut().for_each(|seen| *seen = OnceLock::new());
        &mut self.activations
    }

    /// Own activations of level `l`, K × T, if it has them.
    pub(crate) fn own(&self, l: usize) -> Option<&Array2<f64>> {
        self.own[l].as_ref()
    }

    /// The same, to change them.
    pub(crate) fn own_mut(&mut self, l: usize) -> Option<&mut Array2<f64>> {
        self.seen[l] = OnceLock::new();
        self.own[l].as_mut()
    }

    /// Efficiencies of level `l`, K × R.
    pub(crate) fn efficiency(&self, l: usize) -> &Array2<f64> {
        &self.efficiencies[l]
    }

    /// The same, to change them.
    pub(crate) fn efficiency_mut(&mut self, l: usize) -> &mut Array2<f64> {
        self.seen[l] = OnceLock::new();
        &mut self.efficiencies[l]
    }

    pub(crate) fn into_factors(self) -> Factors {
        (self.dictionaries, self.activations.to_array(), self.own, self.efficiencies)
    }

    /// [`State::level_activations`] of level `l`, laid out.
    pub(crate) fn basis(&self, problem: &Problem, l: usize) -> Arc<Basis> {
        let lay_out = || Arc::new(Basis::new(&self.level_activations(&problem.levels[l], l)));
        self.seen[l].get_or_init(lay_out).clone()
    }

    /// [`State::column_activations`] in all levels of dictionary `d` side by side, J × ΣT.
    pub(crate) fn basis_beside(&self, problem: &Problem, d: usize) -> Arc<Basis> {
        let levels: Vec<usize> = problem.levels_of(d).map(|(l, _)| l).collect();
        match levels[..] {
            [only] if problem.dictionaries[d].has_a_column_each(problem.atoms()) => {
                self.basis(problem, only)
            }
            _ => Arc::new(Basis::new(&self.activations_beside(problem, d))),
        }
    }

    /// Sum of the dictionary columns of each atom in level `l`, M × K.
    pub(crate) fn summed(&self, problem: &Problem, l: usize) -> Cow<'_, Array2<f64>> {
        let at = problem.levels[l].dictionary.0;
        let (dictionary, d) = (&problem.dictionaries[at], &self.dictionaries[at]);
        if dictionary.has_a_column_each(self.activations.dim().0) {
            return Cow::Borrowed(d);
        }
        let mut sum = Array2::zeros((d.nrows(), self.activations.dim().0));
        for (j, &k) in dictionary.owners.iter().enumerate() {
            let mut column = sum.column_mut(k);
            column += &d.column(j);
        }
        Cow::Owned(sum)
    }

    /// What multiplies the common activations in a level of one part that shares them, M × K: the
    /// summed dictionary times the efficiency.
    pub(crate) fn effective(&self, problem: &Problem, l: usize) -> Cow<'_, Array2<f64>> {
        let sum = self.summed(problem, l);
        if self.efficiencies[l].iter().all(|e| *e == 1.0) {
            sum
        } else {
            Cow::Owned(sum.as_ref() * &self.efficiencies[l].column(0))
        }
    }

    /// Activations of each atom in level `l`, K × T, with the efficiency where it belongs to them.
    fn level_activations(&self, level: &Level, l: usize) -> Profiles {
        match &self.own[l] {
            Some(own) => Profiles::whole(own),
            None => {
                let mut z = sampled(&level.sampling, &self.activations);
                self.multiply_efficiency(level, l, &mut z);
                z
            }
        }
    }

    /// Multiplies rows at the times of level `l` (K × T) by its efficiencies.
    pub(crate) fn multiply_efficiency(&self, level: &Level, l: usize, rows: &mut Profiles) {
        let rows = rows.rows_mut().iter_mut();
        for (row, of_parts) in rows.zip(self.efficiencies[l].rows()) {
            if level.efficiency.parts.is_empty() {
                row.scale(of_parts[0]);
            } else {
                let columns = &level.efficiency.parts[row.stretch()];
                row.values.iter_mut().zip(columns).for_each(|(v, &part)| *v *= of_parts[part]);
            }
        }
    }

    /// The same by dictionary column, J × T.
    pub(crate) fn column_activations(&self, problem: &Problem, l: usize) -> Profiles {
        let LevelView { level, dictionary } = problem.view(LevelIx(l));
        let z = self.level_activations(level, l);
        if dictionary.has_a_column_each(z.dim().0) { z } else { z.select(&dictionary.owners) }
    }

    /// The same in all levels of dictionary `d` side by side, J × ΣT.
    fn activations_beside(&self, problem: &Problem, d: usize) -> Profiles {
        let mut parts: Vec<Profiles> =
            problem.levels_of(d).map(|(l, _)| self.column_activations(problem, l)).collect();
        match parts.len() {
            1 => parts.swap_remove(0),
            _ => Profiles::beside(&parts),
        }
    }

    /// Puts the scales where the problem wants them; nothing that the divergence sees changes.
    pub(crate) fn rescale(&mut self, problem: &Problem) {
        match problem.scale {
            Scale::PeakActivation => self.peaks_to_one(problem),
            Scale::UnitDictionary => {
                if let (Some(first), Some(d)) =
                    (problem.dictionaries.first(), self.dictionaries.first())
                {
                    let sums = column_sums(first, d, None, problem.atoms());
                    self.divide_reference(problem, &sums);
                }
            }
            Scale::Free => {}
        }
        for (at, dictionary) in problem.dictionaries.iter().enumerate() {
            if let Some(tie) = &dictionary.tie {
                let weights = Some(tie.row_weights.view());
                let sums =
                    column_sums(dictionary, &self.dictionaries[at], weights, problem.atoms());
                self.divide_tied(problem, at, &(sums / &tie.ratio));
            }
        }
    }

    /// Every activation that is not fixed gets maximum 1, where all dictionaries may take the scale
    /// up.
    fn peaks_to_one(&mut self, problem: &Problem) {
        if problem.dictionaries.iter().any(|d| d.held) {
            return;
        }
        let rows = problem.kinds.iter().zip(self.activations_mut().rows_mut());
        let factors: Vec<f64> = rows.map(|(kind, row)| peak_to_one(kind, row)).collect();
        for at in 0..problem.dictionaries.len() {
            let shares = |(_, level): (usize, &Level)| matches!(level.coupling, Coupling::Shared);
            if problem.levels_of(at).any(shares) {
                let owners = problem.dictionaries[at].owners.iter();
                let of_columns: Array1<f64> = owners.map(|&k| factors[k]).collect();
                for row in self.dictionaries[at].rows_mut() {
                    Zip::from(row).and(&of_columns).for_each(|x, factor| *x *= factor);
                }
                self.divide_own(problem, at, &factors);
            }
        }
    }

    /// Divides the own activations of each atom in the levels of dictionary `at` that have them.
    fn divide_own(&mut self, problem: &Problem, at: usize, factors: &[f64]) {
        for (l, _) in problem.levels_of(at) {
            if let Some(own) = self.own_mut(l) {
                let rows = own.rows_mut().into_iter().zip(factors);
                rows.for_each(|(mut row, factor)| row /= *factor);
            }
        }
    }

    /// Divides each atom's columns of the first dictionary by `factor` (K) and gives the factor to
    /// the activations, with the efficiencies of levels with other dictionaries keeping their
    /// product.
    fn divide_reference(&mut self, problem: &Problem, factor: &Array1<f64>) {
        for (k, &f) in factor.iter().enumerate().filter(|(_, f)| **f > TINY && f.is_finite()) {
            if problem.kinds[k] == AtomKind::Fixed {
                continue;
            }
            for j in problem.dictionaries[0].columns_of(k) {
                self.dictionaries[0].column_mut(j).mapv_inplace(|x| x / f);
            }
            self.activations_mut().row_mut(k).scale(f);
            for (l, level) in problem.levels.iter().enumerate() {
                match (self.own_mut(l), level.dictionary.0) {
                    (Some(own), 0) => own.row_mut(k).mapv_inplace(|h| h * f),
                    (None, other) if other != 0 => {
                        self.efficiency_mut(l).row_mut(k).mapv_inplace(|e| e / f);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Divides each atom's columns of the tied dictionary `at` by `factor` (K) and gives the factor
    /// to what they multiply, the efficiency or own activations.
    fn divide_tied(&mut self, problem: &Problem, at: usize, factor: &Array1<f64>) {
        for (k, &f) in factor.iter().enumerate().filter(|(_, f)| **f > TINY && f.is_finite()) {
            for j in problem.dictionaries[at].columns_of(k) {
                self.dictionaries[at].column_mut(j).mapv_inplace(|x| x / f);
            }
            for (l, level) in problem.levels_of(at) {
                if let Some(own) = self.own_mut(l) {
                    own.row_mut(k).mapv_inplace(|h| h * f);
                }
                if !matches!(level.coupling, Coupling::Dictionary { .. }) {
                    self.efficiency_mut(l).row_mut(k).mapv_inplace(|e| e * f);
                }
            }
        }
    }
}

/// Divides a row that is not fixed by its maximum, and returns that; 1 where it stays.
fn peak_to_one(kind: &AtomKind, row: &mut Profile) -> f64 {
    let peak = row.values.iter().copied().fold(0.0, f64::max);
    if *kind == AtomKind::Fixed || peak <= 0.0 {
        return 1.0;
    }
    row.values.iter_mut().for_each(|h| *h /= peak);
    peak
}

fn column_sums(
    dictionary: &Dictionary,
    d: &Array2<f64>,
    weights: Option<ArrayView1<f64>>,
    atoms: usize,
) -> Array1<f64> {
    let mut sums = Array1::zeros(atoms);
    for (column, &k) in d.columns().into_iter().zip(&dictionary.owners) {
        sums[k] += weights.map_or_else(|| column.sum(), |g| column.dot(&g));
    }
    sums
}
