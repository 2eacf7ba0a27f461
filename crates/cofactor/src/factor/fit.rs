//! The joint problem of two matrices, solved from several starts or from an earlier fit.

use super::levels::{ALONE, LEVELS, MS1, MS2, dictionary_of};
use std::ops::{Index, IndexMut};

use cofactor_nmf::{
    AtomKind, Cells, Coupling, Dictionary, Efficiency, Error, Factorization, Level, LevelIx,
    Params, Problem, Scale, Start, Termination, solve, solve_from, uncertainty,
};
use ndarray::{Array1, Array2, ArrayView1, Axis, Zip};

/// Activations up to which standard errors count them as unknown.
const MOST_ACTIVATIONS: usize = 3000;

/// What the activations of the two matrices have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Joining {
    /// They are the same.
    Shared,
    /// Each matrix has its own, drawn together this firmly.
    Soft(f64),
    /// Each matrix has its own.
    Dictionary,
}

/// One matrix of the model.
#[derive(Debug, Clone)]
pub(crate) struct LevelModel {
    /// What was measured, M × T.
    pub(crate) cells: Cells,
    /// Where each precursor may show, M × K.
    pub(crate) support: Array2<bool>,
    /// A known dictionary, M × K.
    pub(crate) dictionary: Option<Array2<f64>>,
    /// Whether its values are kept.
    pub(crate) held: bool,
    /// Variance of a cell over its value.
    pub(crate) gain: f64,
}

/// The model of both matrices, and how hard to look for its minimum.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// The matrices.
    pub(crate) levels: [LevelModel; 2],
    /// What they have in common.
    pub(crate) joining: Joining,
    /// What is required of each activation that both have in common, K; those of one matrix alone
    /// are free.
    pub(crate) kinds: Vec<AtomKind>,
    /// Where to start.
    pub(crate) starts: Vec<Start>,
    /// What a fit may spend.
    pub(crate) params: Params,
}

/// The factors of one matrix, each activation with maximum 1 where its dictionary is not held.
#[derive(Debug, Clone)]
pub(crate) struct LevelFit {
    /// Dictionary, M × K.
    pub(crate) dictionary: Array2<f64>,
    /// Activations, K × T.
    pub(crate) activations: Array2<f64>,
}

/// A fit of both matrices.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// The factors.
    pub(crate) levels: [LevelFit; 2],
    /// What the activations in common cost where they are not the same; 0 without soft coupling.
    pub(crate) coupling_cost: f64,
    /// Value of the objective.
    pub(crate) objective: f64,
    /// How far from stationary.
    pub(crate) kkt_residual: f64,
    /// How strongly a zero wants to leave it.
    pub(crate) locked_zero: f64,
    /// Sweeps done.
    pub(crate) sweeps: usize,
    /// Why it stopped.
    pub(crate) termination: Termination,
    /// The solver's own factors, one problem or two: where a further fit starts.
    solutions: Vec<Factorization>,
}

impl Index<LevelIx> for Model {
    type Output = LevelModel;

    fn index(&self, level: LevelIx) -> &LevelModel {
        &self.levels[level.0]
    }
}

impl IndexMut<LevelIx> for Model {
    fn index_mut(&mut self, level: LevelIx) -> &mut LevelModel {
        &mut self.levels[level.0]
    }
}

impl Index<LevelIx> for Fit {
    type Output = LevelFit;

    fn index(&self, level: LevelIx) -> &LevelFit {
        &self.levels[level.0]
    }
}

impl Model {
    /// Number of precursors, K.
    pub(crate) fn atoms(&self) -> usize {
        self[MS1].support.ncols()
    }

    /// The same model with another support of the second dictionary.
    pub(crate) fn with_second_support(&self, support: Array2<bool>) -> Self {
        let mut model = self.clone();
        model[MS2].support = support;
        model
    }

    /// The problem in which activations are the same, from flat activations.
    pub(crate) fn shared_problem(&self) -> Problem {
        let held = self.levels.iter().any(|l| l.held);
        Problem {
            kinds: self.kinds.clone(),
            ..problem(LEVELS.map(|l| self.matrix(l)).into(), held)
        }
    }

    fn matrix(&self, l: LevelIx) -> (Level, Dictionary) {
        let model = &self[l];
        let efficiency = if l == MS1 || !model.held {
            Efficiency::held(self.atoms())
        } else {
            Efficiency::free(Array1::ones(self.atoms()))
        };
        let level = Level {
            importance: 1.0 / model.gain,
            efficiency,
            ..Level::new(model.cells.clone(), self.atoms())
        };
        let dictionary = Dictionary {
            start: model.dictionary.clone(),
            held: model.held,
            ..Dictionary::new(model.support.clone())
        };
        (level, dictionary)
    }

    /// The best fit from all starts.
    ///
    /// # Errors
    /// As the solver.
    pub(crate) fn fit(&self) -> Result<Fit, Error> {
        match self.joining {
            Joining::Shared => {
                Ok(self.joined(solve_from(&self.shared_problem(), &self.params, &self.starts)?))
            }
            Joining::Soft(strength) => {
                let shared =
                    self.joined(solve_from(&self.shared_problem(), &self.params, &self.starts)?);
                self.soft(strength, &shared)
            }
            Joining::Dictionary => {
                let alone = |l: LevelIx| {
                    let problem = problem(vec![self.matrix(l)], self[l].held);
                    solve_from(&problem, &self.params, &self.starts)
                };
                Ok(self.separate(alone(MS1)?, alone(MS2)?))
            }
        }
    }

    /// Activations of the first matrix fitted alone, K × T.
    ///
    /// # Errors
    /// As the solver.
    pub(crate) fn first_alone(&self) -> Result<Array2<f64>, Error> {
        let alone = problem(vec![self.matrix(MS1)], self[MS1].held);
        Ok(solve_from(&alone, &self.params, &self.starts[..self.starts.len().min(1)])?.activations)
    }

    /// A fit from where `earlier` ended, with what this model's second support allows; for separate
    /// activations also from the first `cold` starts.
    ///
    /// # Errors
    /// As the solver.
    pub(crate) fn refit(&self, earlier: &Fit, cold: usize) -> Result<Fit, Error> {
        match self.joining {
            Joining::Shared => {
                let mut problem = self.shared_problem();
                problem.activations.assign(&earlier.solutions[0].activations);
                self.forget_starts(&mut problem);
                Ok(self.joined(solve(&problem, &self.params)?))
            }
            Joining::Soft(strength) => self.soft(strength, earlier),
            Joining::Dictionary => {
                let mut warm = problem(vec![self.matrix(MS2)], self[MS2].held);
                self.forget_starts(&mut warm);
                let starts = &self.starts[..self.starts.len().min(cold)];
                let cold = (cold > 0).then(|| solve_from(&warm, &self.params, starts));
                warm.activations.assign(&earlier.solutions[1].activations);
                let warm = solve(&warm, &self.params)?;
                let best = match cold.transpose()? {
                    Some(cold) if end_of(&cold) < end_of(&warm) => cold,
                    _ => warm,
                };
                Ok(self.separate(earlier.solutions[0].clone(), best))
            }
        }
    }

    /// Standard errors of the second dictionary, M × K, everything else unknown too: infinite where
    /// the data do not determine an entry, 0 for entries at zero. `None` with more activations than
    /// can be had a matrix of.
    ///
    /// # Errors
    /// As the solver.
    pub(crate) fn second_errors(&self, fit: &Fit) -> Result<Option<Array2<f64>>, Error> {
        let (mut problem, l) = match self.joining {
            Joining::Shared | Joining::Soft(_) => (self.shared_problem(), MS2),
            Joining::Dictionary => (problem(vec![self.matrix(MS2)], self[MS2].held), ALONE),
        };
        let Some(solution) = fit.solutions.last() else { return Ok(None) };
        if let Joining::Soft(strength) = self.joining {
            problem.scale = self.soft_scale();
            let activations = solution.level_activations(&problem, MS2);
            problem[MS2].coupling = Coupling::Soft { strength, activations };
        }
        let own_activations =
            solution.own_activations.iter().flatten().map(Array2::len).sum::<usize>();
        if solution.activations.len() + own_activations > MOST_ACTIVATIONS {
            return Ok(None);
        }
        let mut errors =
            uncertainty(&problem, solution, &self.params)?.dictionaries.swap_remove(l.0);
        Zip::from(&mut errors)
            .and(solution.dictionary(dictionary_of(l)))
            .and(&fit[MS2].dictionary)
            .for_each(|e, was, is| {
                *e *= if *was > 0.0 { is / was } else { 1.0 }; // the scale of this fit
            });
        Ok(Some(errors))
    }

    fn soft_scale(&self) -> Scale {
        if self[MS1].held { Scale::Free } else { Scale::UnitDictionary }
    }

    /// Dictionaries that are not held start anew as regressions on the activations.
    fn forget_starts(&self, problem: &mut Problem) {
        for dictionary in problem.dictionaries.iter_mut().filter(|dictionary| !dictionary.held) {
            dictionary.start = None;
        }
    }

    /// With own activations in the second matrix, from those of an earlier fit.
    fn soft(&self, strength: f64, earlier: &Fit) -> Result<Fit, Error> {
        let [first, second] = &earlier.levels;
        let mut problem = self.shared_problem();
        problem.scale = self.soft_scale();
        // The first dictionary has unit sums, so that common activations are on the scale of the
        // first matrix.
        let sums = if self[MS1].held {
            Array1::ones(self.atoms())
        } else {
            column_sums(&first.dictionary)
        };
        problem.activations = scaled(&first.activations, &sums);
        let fitting = fitting_scale(&problem.activations, &second.activations);
        let activations = if self[MS2].held {
            problem[MS2].efficiency = Efficiency::free(fitting.mapv(f64::recip));
            second.activations.clone()
        } else {
            scaled(&second.activations, &fitting)
        };
        problem[MS2].coupling = Coupling::Soft { strength, activations };
        self.forget_starts(&mut problem);
        if !self[MS1].held {
            problem[dictionary_of(MS1)].start = Some(&first.dictionary / &sums);
        }
        let solution = solve(&problem, &self.params)?;
        let seen = LEVELS.map(|l| solution.level_activations(&problem, l));
        let efficiency = solution.efficiency(MS2).column(0);
        let [first_seen, second_seen] = &seen;
        let mut cost = 0.0;
        for ((k, t), h) in first_seen.indexed_iter() {
            cost += strength * (h.sqrt() - (second_seen[(k, t)] / efficiency[k]).sqrt()).powi(2);
        }
        let levels =
            LEVELS.map(|l| self.level_fit(l, solution.dictionary(dictionary_of(l)), &seen[l.0]));
        Ok(Fit::new(levels, cost, vec![solution]))
    }

    fn joined(&self, solution: Factorization) -> Fit {
        let activations = |l: LevelIx| {
            let mut seen = solution.activations.clone();
            seen *= solution.efficiency(l);
            seen
        };
        let levels = LEVELS
            .map(|l| self.level_fit(l, solution.dictionary(dictionary_of(l)), &activations(l)));
        Fit::new(levels, 0.0, vec![solution])
    }

    fn separate(&self, first: Factorization, second: Factorization) -> Fit {
        let levels = [
            self.level_fit(MS1, first.dictionary(dictionary_of(ALONE)), &first.activations),
            self.level_fit(MS2, second.dictionary(dictionary_of(ALONE)), &second.activations),
        ];
        Fit::new(levels, 0.0, vec![first, second])
    }

    /// Puts the scale into the dictionary, where that is not held.
    fn level_fit(
        &self,
        l: LevelIx,
        dictionary: &Array2<f64>,
        activations: &Array2<f64>,
    ) -> LevelFit {
        let mut fit = LevelFit { dictionary: dictionary.clone(), activations: activations.clone() };
        if !self[l].held {
            for (mut column, mut row) in
                fit.dictionary.columns_mut().into_iter().zip(fit.activations.rows_mut())
            {
                let peak = row.iter().copied().fold(0.0, f64::max);
                if peak > 0.0 {
                    row /= peak;
                    column *= peak;
                }
            }
        }
        fit
    }
}

impl Fit {
    /// Puts other entries (rows × K) into rows of the second dictionary, and another activation of
    /// precursor `k` into the second matrix, and to where a further fit starts if that has its own.
    pub(crate) fn change_second(
        &mut self,
        k: usize,
        rows: &[usize],
        entries: &Array2<f64>,
        activation: ArrayView1<f64>,
    ) {
        let [_, second] = &mut self.levels;
        for (&m, row) in rows.iter().zip(entries.rows()) {
            second.dictionary.row_mut(m).assign(&row);
        }
        second.activations.row_mut(k).assign(&activation);
        if let [_, alone] = self.solutions.as_mut_slice() {
            alone.activations.row_mut(k).assign(&activation);
        }
    }

    fn new(levels: [LevelFit; 2], coupling_cost: f64, solutions: Vec<Factorization>) -> Self {
        let worst =
            |value: fn(&Factorization) -> f64| solutions.iter().map(value).fold(0.0, f64::max);
        let longest = solutions.iter().max_by_key(|s| s.objective.len());
        Self {
            levels,
            coupling_cost,
            objective: solutions.iter().map(end_of).sum(),
            kkt_residual: worst(|s| s.kkt_residual),
            locked_zero: worst(|s| s.locked_zero),
            sweeps: longest.map_or(0, |s| s.objective.len() - 1),
            termination: longest.map_or(Termination::Converged, |s| s.termination),
            solutions,
        }
    }
}

/// The starts of a fit: singular vectors, supports where they tell the precursors apart, the rest
/// random.
pub(crate) fn starts(count: usize, seed: u64, supported: bool) -> Vec<Start> {
    let first = if supported { vec![Start::Support, Start::Svd] } else { vec![Start::Svd] };
    first
        .into_iter()
        .chain((0..).map(|i| Start::Random { seed: seed.wrapping_add(i) }))
        .take(count)
        .collect()
}

fn end_of(solution: &Factorization) -> f64 {
    solution.objective.last().copied().unwrap_or(f64::INFINITY)
}

/// From flat activations; the scale is free where a dictionary is held.
fn problem(matrices: Vec<(Level, Dictionary)>, held: bool) -> Problem {
    let size =
        |(level, dictionary): &(Level, Dictionary)| (dictionary.columns(), level.cells.dim().1);
    let (atoms, times) = matrices.first().map_or((0, 0), size);
    let scale = if held { Scale::Free } else { Scale::PeakActivation };
    Problem {
        scale,
        ..Problem::new(matrices, Array2::ones((atoms, times)), vec![AtomKind::Free; atoms])
    }
}

/// Sums of the columns; 1 for an empty one.
fn column_sums(dictionary: &Array2<f64>) -> Array1<f64> {
    dictionary.sum_axis(Axis(0)).mapv(|sum| if sum > 0.0 { sum } else { 1.0 })
}

/// The factor of each row of `activations` with which it is nearest to that row of `common`, in the
/// distance of soft coupling.
fn fitting_scale(common: &Array2<f64>, activations: &Array2<f64>) -> Array1<f64> {
    Zip::from(common.rows()).and(activations.rows()).map_collect(|h, v| {
        let mixed: f64 = h.iter().zip(v).map(|(h, v)| (h * v).sqrt()).sum();
        if mixed > 0.0 { (mixed / v.sum()).powi(2) } else { 1.0 }
    })
}

/// Each row times its factor.
fn scaled(rows: &Array2<f64>, factors: &Array1<f64>) -> Array2<f64> {
    rows * &factors.view().insert_axis(Axis(1))
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, array};

    use super::*;

    fn level(data: Array2<f64>) -> LevelModel {
        LevelModel {
            support: Array2::from_elem((data.nrows(), 2), true),
            cells: data.into(),
            dictionary: None,
            held: false,
            gain: 1.0,
        }
    }

    fn model(joining: Joining, second: Array2<f64>) -> Model {
        let first = array![[9.0, 4.0, 1.0, 0.0, 2.0], [0.0, 1.0, 6.0, 8.0, 3.0]];
        let support = array![[true, false], [false, true]];
        let levels = [LevelModel { support, ..level(first) }, level(second)];
        Model {
            levels,
            joining,
            kinds: vec![AtomKind::Free; 2],
            starts: vec![Start::Support, Start::Random { seed: 1 }],
            params: Params::default(),
        }
    }

    #[test]
    fn the_fitting_scale_is_the_nearest() {
        let (h, v) = (array![[1.0, 4.0, 2.0]], array![[0.3, 0.1, 5.0]]);
        let difference = |(h, v): (&f64, &f64), c: f64| (h.sqrt() - (c * v).sqrt()).powi(2);
        let distance = |c: f64| h.iter().zip(&v).map(|pair| difference(pair, c)).sum::<f64>();
        let c = fitting_scale(&h, &v)[0];
        assert!(distance(c) < distance(1.01 * c) && distance(c) < distance(0.99 * c));
    }

    #[test]
    fn soft_coupling_lies_between_the_others() {
        let second =
            array![[5.0, 1.0, 0.0, 1.0, 2.0], [1.0, 0.0, 9.0, 5.0, 1.0], [2.0, 2.0, 3.0, 2.0, 8.0]];
        let objective = |joining| model(joining, second.clone()).fit().unwrap().objective;
        let soft = [0.01, 1.0, 100.0].map(|strength| objective(Joining::Soft(strength)));
        let (apart, shared) = (objective(Joining::Dictionary), objective(Joining::Shared));
        assert!(
            apart - 0.01 <= soft[0]
                && soft[0] < soft[1]
                && soft[1] < soft[2]
                && soft[2] <= shared + 1e-6
        );
    }

    #[test]
    fn activations_have_maximum_one_where_nothing_is_held() {
        let second = array![[5.0, 2.0, 1.0, 1.0, 1.0]];
        let mut model = model(Joining::Shared, second);
        let peaks = |fit: &Fit, l: LevelIx| {
            fit[l].activations.map_axis(Axis(1), |row| row.fold(0.0, |a: f64, b| a.max(*b)))
        };
        let fit = model.fit().unwrap();
        assert_eq!((peaks(&fit, MS1), peaks(&fit, MS2)), (array![1.0, 1.0], array![1.0, 1.0]));
        model[MS1].dictionary = Some(array![[10.0, 0.0], [0.0, 20.0]]);
        model[MS1].held = true;
        let held = model.fit().unwrap();
        assert_eq!(held[MS1].dictionary, array![[10.0, 0.0], [0.0, 20.0]]);
        assert!(
            (held.objective - fit.objective).abs() < 1e-3 * fit.objective.max(1e-6),
            "only the scale differs"
        );
        assert_eq!(peaks(&held, MS2), array![1.0, 1.0]);
    }
}
