//! Where the solver stands: the factors, and what follows from them.

use std::borrow::Cow;

use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::kernel::TINY;
use crate::problem::{AtomKind, Coupling, Level, Problem, Scale, TieKind};

/// The factors of all levels.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// One dictionary a level, M × J.
    pub(crate) dictionaries: Vec<Array2<f64>>,
    /// Common activations, K × G.
    pub(crate) activations: Array2<f64>,
    /// Own activations of the levels that have them, K × T.
    pub(crate) own: Vec<Option<Array2<f64>>>,
    /// Efficiencies of each level, K.
    pub(crate) efficiencies: Vec<Array1<f64>>,
}

fn start_dictionary(level: &Level) -> Array2<f64> {
    let Some(mut d) = level.dictionary.clone() else {
        return Array2::zeros(level.support.dim());
    };
    d.zip_mut_with(&level.support, |x, &allowed| *x = if allowed { *x } else { 0.0 });
    d
}

impl State {
    /// Where the problem says to start; dictionaries that are not given are zero.
    pub(crate) fn start(problem: &Problem, activations: Array2<f64>) -> Self {
        let own = |l: &Level| match &l.coupling {
            Coupling::Shared => None,
            Coupling::Soft { activations, .. } => Some(activations.clone()),
            Coupling::Dictionary { activations } => Some(activations.clone()),
        };
        Self {
            dictionaries: problem.levels.iter().map(start_dictionary).collect(),
            activations,
            own: problem.levels.iter().map(own).collect(),
            efficiencies: problem.levels.iter().map(|l| l.efficiency.clone()).collect(),
        }
    }

    /// Sum of the dictionary columns of each atom, M × K.
    pub(crate) fn summed(&self, level: &Level, l: usize) -> Cow<'_, Array2<f64>> {
        let d = &self.dictionaries[l];
        if level.has_a_column_each(self.activations.nrows()) {
            return Cow::Borrowed(d);
        }
        let mut sum = Array2::zeros((d.nrows(), self.activations.nrows()));
        for (j, &k) in level.owners.iter().enumerate() {
            let mut column = sum.column_mut(k);
            column += &d.column(j);
        }
        Cow::Owned(sum)
    }

    /// What multiplies the common activations in a level that shares them, M × K: the summed
    /// dictionary times the efficiency.
    pub(crate) fn effective(&self, level: &Level, l: usize) -> Cow<'_, Array2<f64>> {
        let sum = self.summed(level, l);
        if self.efficiencies[l].iter().all(|e| *e == 1.0) {
            sum
        } else {
            Cow::Owned(sum.as_ref() * &self.efficiencies[l])
        }
    }

    /// Activations of each atom in level `l`, K × T, with the efficiency where it belongs to them.
    pub(crate) fn level_activations(&self, level: &Level, l: usize) -> Cow<'_, Array2<f64>> {
        match &self.own[l] {
            Some(own) => Cow::Borrowed(own),
            None => {
                let mut z = level.sampling.sample_rows(&self.activations);
                for (mut row, &e) in
                    z.rows_mut().into_iter().zip(&self.efficiencies[l]).filter(|(_, e)| **e != 1.0)
                {
                    row.mapv_inplace(|h| h * e);
                }
                Cow::Owned(z)
            }
        }
    }

    /// The same by dictionary column, J × T.
    pub(crate) fn column_activations(&self, level: &Level, l: usize) -> Array2<f64> {
        let z = self.level_activations(level, l);
        if level.has_a_column_each(z.nrows()) {
            z.into_owned()
        } else {
            z.select(Axis(0), &level.owners)
        }
    }

    /// v: sum of each atom's columns in the first level, K.
    pub(crate) fn reference_sums(&self, problem: &Problem) -> Array1<f64> {
        column_sums(&problem.levels[0], &self.dictionaries[0], None, problem.atoms())
    }

    /// u: sum of each atom's columns in level `l` with the tie's weights, K.
    pub(crate) fn tied_sums(
        &self,
        problem: &Problem,
        l: usize,
        row_weights: &Array1<f64>,
    ) -> Array1<f64> {
        column_sums(
            &problem.levels[l],
            &self.dictionaries[l],
            Some(row_weights.view()),
            problem.atoms(),
        )
    }

    /// Puts the scales where the problem wants them; nothing that the divergence sees changes.
    pub(crate) fn rescale(&mut self, problem: &Problem) {
        match problem.scale {
            Scale::PeakActivation => self.peaks_to_one(problem),
            Scale::UnitDictionary => {
                if !problem.levels.is_empty() {
                    let v = self.reference_sums(problem);
                    self.divide_columns(problem, 0, &v);
                }
            }
            Scale::Free => {}
        }
        for (l, level) in problem.levels.iter().enumerate() {
            if let Some(tie) = level.tie.as_ref().filter(|t| t.kind == TieKind::Hard) {
                let u = self.tied_sums(problem, l, &tie.row_weights);
                self.divide_columns(problem, l, &(u / &tie.ratio));
            }
        }
    }

    /// Every activation that is not fixed gets maximum 1, where all dictionaries may take the scale
    /// up.
    fn peaks_to_one(&mut self, problem: &Problem) {
        if problem.levels.iter().any(|l| l.held.dictionary) {
            return;
        }
        for (k, mut row) in self.activations.rows_mut().into_iter().enumerate() {
            let peak = row.iter().copied().fold(0.0, f64::max);
            if problem.kinds[k] == AtomKind::Fixed || peak <= 0.0 {
                continue;
            }
            row.mapv_inplace(|h| h / peak);
            for (level, d) in problem.levels.iter().zip(&mut self.dictionaries) {
                if matches!(level.coupling, Coupling::Shared) {
                    level.columns_of(k).for_each(|j| d.column_mut(j).mapv_inplace(|x| x * peak));
                }
            }
        }
    }

    /// Divides each atom's columns of level `l` by `factor` (K) and gives the factor to what it
    /// multiplies: in the first level the activations, with the efficiencies of the others keeping
    /// their product; elsewhere the efficiency or own activations.
    fn divide_columns(&mut self, problem: &Problem, l: usize, factor: &Array1<f64>) {
        for (k, &f) in factor.iter().enumerate().filter(|(_, f)| **f > TINY && f.is_finite()) {
            if l == 0 && problem.kinds[k] == AtomKind::Fixed {
                continue;
            }
            let level = &problem.levels[l];
            level
                .columns_of(k)
                .for_each(|j| self.dictionaries[l].column_mut(j).mapv_inplace(|x| x / f));
            if l == 0 {
                self.activations.row_mut(k).mapv_inplace(|h| h * f);
                for (other, e) in problem.levels.iter().zip(&mut self.efficiencies).skip(1) {
                    if matches!(other.coupling, Coupling::Shared) {
                        e[k] /= f;
                    }
                }
                continue;
            }
            match (&level.coupling, &mut self.own[l]) {
                (Coupling::Shared, _) => self.efficiencies[l][k] *= f,
                (coupling, Some(own)) => {
                    own.row_mut(k).mapv_inplace(|h| h * f);
                    if matches!(coupling, Coupling::Soft { .. }) {
                        self.efficiencies[l][k] *= f;
                    }
                }
                (_, None) => {}
            }
        }
    }
}

fn column_sums(
    level: &Level,
    d: &Array2<f64>,
    weights: Option<ArrayView1<f64>>,
    atoms: usize,
) -> Array1<f64> {
    let mut sums = Array1::zeros(atoms);
    for (column, &k) in d.columns().into_iter().zip(&level.owners) {
        sums[k] += weights.map_or_else(|| column.sum(), |g| column.dot(&g));
    }
    sums
}
