//! What an entry of the second dictionary is worth, in units of log-likelihood.
//!
//! Costs are evaluated with a little doubt in the model: a cell where it is zero is unlikely, not
//! impossible.

use cofactor_nmf::{
    AtomKind, Cells, Dictionary, Level, LevelIx, LevelView, RowBasis, RowProblem, cell_divergence,
};
use ndarray::{Array1, Array2, ArrayView1};

use super::fit::{Fit, Joining, LevelModel, Model};
use super::levels::{LEVELS, MS1, MS2};

/// How long a regression goes on.
struct Effort {
    cycles: usize,
    tolerance: f64,
}

/// Share of what independence of rows and columns expects in a cell's model.
const DOUBT: f64 = 0.01;
/// Cycles and tolerance of a refit without an entry.
const REFIT: Effort = Effort { cycles: 200, tolerance: 1e-8 };

/// The measure of evidence for a model.
pub(crate) struct Evidence<'a> {
    model: &'a Model,
    expected: [Array2<f64>; 2],
    /// The second matrix as the solver's regressions see it, and a dictionary that allows all.
    second: Level,
    open: Dictionary,
    /// What a further entry must be worth: half the logarithm of the number of ions in the second
    /// matrix (Schwarz 1978).
    pub(crate) entry_cost: f64,
}

impl<'a> Evidence<'a> {
    /// For all fits of `model`, whatever their second support.
    pub(crate) fn new(model: &'a Model) -> Self {
        let ions: f64 = observed(&model[MS2].cells).map(|(_, x)| x).sum::<f64>() / model[MS2].gain;
        let expected = LEVELS.map(|l| expected(&model[l]));
        let (second, atoms) = (&model[MS2], model.atoms());
        let level =
            Level { importance: 1.0 / second.gain, ..Level::new(second.cells.clone(), atoms) };
        let open = Dictionary::full(second.cells.dim().0, atoms);
        let entry_cost = 0.5 * ions.max(2.0).ln();
        Self { model, expected, second: level, open, entry_cost }
    }

    /// Cost of a fit: minus the log-likelihood of both matrices, up to a constant.
    pub(crate) fn cost(&self, fit: &Fit) -> f64 {
        self.level_cost(fit, MS1) + self.level_cost(fit, MS2) + fit.coupling_cost
    }

    /// The part of one matrix in it.
    pub(crate) fn level_cost(&self, fit: &Fit, l: LevelIx) -> f64 {
        let model = fit[l].dictionary.dot(&fit[l].activations);
        (0..model.nrows()).map(|m| self.row_cost(l, m, |t| model[(m, t)])).sum()
    }

    /// What each entry of the second dictionary is worth, M × K: how much its row costs more
    /// without it, the others that its row is `allowed` (M × K) refitted.
    pub(crate) fn gains(&self, fit: &Fit, allowed: &Array2<bool>) -> Array2<f64> {
        let (dictionary, activations) = (&fit[MS2].dictionary, &fit[MS2].activations);
        let basis = RowBasis::new(activations.clone());
        let mut gains = Array2::zeros(dictionary.dim());
        for (m, row) in dictionary.rows().into_iter().enumerate() {
            let found = self.row_gains(m, &row.to_vec(), &allowed.row(m).to_vec(), &basis);
            gains.row_mut(m).assign(&Array1::from(found));
        }
        gains
    }

    /// What each of the `entries` (K) of row `m` of the second matrix is worth.
    pub(crate) fn row_gains(
        &self,
        m: usize,
        entries: &[f64],
        allowed: &[bool],
        basis: &RowBasis,
    ) -> Vec<f64> {
        let activations = basis.activations();
        let full = self.fitted_cost(m, entries, activations);
        let problem =
            RowProblem::new(LevelView { level: &self.second, dictionary: &self.open }, m, basis);
        let mut gains = vec![0.0; entries.len()];
        for k in (0..entries.len()).filter(|&k| entries[k] > 0.0) {
            let mut without = entries.to_vec();
            without[k] = 0.0;
            if !self.model[MS2].held {
                let mut allowed = allowed.to_vec();
                allowed[k] = false;
                without =
                    problem.fit(&allowed, &without, REFIT.cycles, REFIT.tolerance).coefficients;
            }
            gains[k] = (self.fitted_cost(m, &without, activations) - full).max(0.0);
        }
        gains
    }

    /// Whether row `m` of the second matrix shows anything under an activation.
    pub(crate) fn shows(&self, m: usize, activation: ArrayView1<f64>) -> bool {
        self.signal(m, activation) > 0.0
    }

    /// Signal of row `m` of the second matrix, weighted by an activation.
    fn signal(&self, m: usize, activation: ArrayView1<f64>) -> f64 {
        let seen = self.second.cells.row(m).into_iter();
        seen.filter(|(_, cell)| cell.weight > 0.0 && !cell.censored)
            .map(|(t, cell)| activation[t] * cell.value)
            .sum()
    }

    /// What an entry of precursor `k` would be worth in row `m` of the second matrix, beside those
    /// that are `allowed`; `start` are those of the fit.
    pub(crate) fn worth(
        &self,
        m: usize,
        k: usize,
        allowed: &[bool],
        start: &[f64],
        basis: &RowBasis,
    ) -> f64 {
        let activations = basis.activations();
        let (mut with, mut without) = (start.to_vec(), start.to_vec());
        without[k] = 0.0;
        if !self.model[MS2].held {
            let own = activations.row(k);
            with[k] = with[k].max(self.signal(m, own) / own.dot(&own));
            let view = LevelView { level: &self.second, dictionary: &self.open };
            let problem = RowProblem::new(view, m, basis);
            let fit = |allowed: &[bool], start: &[f64]| {
                problem.fit(allowed, start, REFIT.cycles, REFIT.tolerance).coefficients
            };
            without = fit(allowed, &without);
            let mut more = allowed.to_vec();
            more[k] = true;
            with = fit(&more, &with);
        }
        let cost = |entries: &[f64]| self.fitted_cost(m, entries, activations);
        (cost(&without) - cost(&with)).max(0.0)
    }

    /// Cost of row `m` of the second matrix with these entries of its dictionary.
    pub(crate) fn fitted_cost(&self, m: usize, entries: &[f64], activations: &Array2<f64>) -> f64 {
        let mut model = Array1::<f64>::zeros(activations.ncols());
        for (d, h) in entries.iter().zip(activations.rows()).filter(|(d, _)| **d > 0.0) {
            model.scaled_add(*d, &h);
        }
        self.row_cost(MS2, m, |t| model[t])
    }

    /// The second matrix as the solver's regressions see it.
    pub(crate) fn second_level(&self) -> &Level {
        &self.second
    }

    /// Cost of row `m` with the model y, by column.
    pub(crate) fn row_cost(&self, l: LevelIx, m: usize, y: impl Fn(usize) -> f64) -> f64 {
        let level = &self.model[l];
        let cell = |(t, cell): (usize, cofactor_nmf::Cell)| {
            let believed = self.believed(l, m, t, y(t));
            cell.weight / level.gain * cell_divergence(cell.value, believed, cell.censored)
        };
        level.cells.row(m).into_iter().filter(|(_, c)| c.weight > 0.0).map(cell).sum()
    }

    /// The model `y` of a cell with the doubt in it.
    pub(crate) fn believed(&self, l: LevelIx, m: usize, t: usize, y: f64) -> f64 {
        (1.0 - DOUBT) * y + DOUBT * self.expected[l.0][(m, t)]
    }
}

/// Scatter of the residuals of each matrix over that of counts, `Σ (x − y)² / Σ y` over the gain,
/// corrected for the number of free entries. Activations in common count for each matrix by its
/// share of the ions.
pub(crate) fn dispersion(model: &Model, fit: &Fit) -> [Option<f64>; 2] {
    let ions =
        LEVELS.map(|l| observed(&model[l].cells).map(|(_, x)| x).sum::<f64>() / model[l].gain);
    LEVELS.map(|l| {
        let (level, factors) = (&model[l], &fit[l]);
        let y = factors.dictionary.dot(&factors.activations);
        let (mut squares, mut sum, mut cells) = (0.0, 0.0, 0.0);
        for (place, x) in observed(&level.cells) {
            squares += (x - y[place]).powi(2);
            sum += y[place];
            cells += 1.0;
        }
        let entries = |factor: &Array2<f64>| factor.iter().filter(|x| **x > 0.0).count() as f64;
        let share = if model.joining == Joining::Dictionary {
            1.0
        } else {
            ions[l.0] / ions.iter().sum::<f64>()
        };
        let in_dictionary = if level.held { 0.0 } else { entries(&factors.dictionary) };
        let in_activations: f64 = (model.kinds.iter().zip(factors.activations.rows()))
            .map(|(kind, row)| free_points(kind, row))
            .sum();
        let free = cells - share * in_activations - in_dictionary;
        (free >= 1.0 && sum > 0.0).then(|| squares / sum * cells / free / level.gain)
    })
}

/// Free entries of an activation, its scale aside; those of a peak are about its place, its width
/// and what both sides differ by.
fn free_points(kind: &AtomKind, activation: ArrayView1<f64>) -> f64 {
    const OF_A_PEAK: f64 = 3.0;
    let points = activation.iter().filter(|h| **h > 0.0).count() as f64 - 1.0;
    if matches!(kind, AtomKind::LogConcave(_)) { OF_A_PEAK.min(points) } else { points }
}

/// Place and value of the observed cells, limits aside.
fn observed(cells: &Cells) -> impl Iterator<Item = ((usize, usize), f64)> + '_ {
    let row = move |m: usize| cells.row(m).into_iter().map(move |(t, cell)| ((m, t), cell));
    (0..cells.dim().0)
        .flat_map(row)
        .filter(|(_, cell)| cell.weight > 0.0 && !cell.censored)
        .map(|(place, cell)| (place, cell.value))
}

/// Row mean times column mean over the mean of all: what is expected if rows and columns are
/// independent, M × T.
fn expected(level: &LevelModel) -> Array2<f64> {
    let (rows, columns) = level.cells.dim();
    let (mut by_row, mut by_column, mut total) =
        (vec![(0.0, 0.0); rows], vec![(0.0, 0.0); columns], (0.0, 0.0));
    for ((m, t), x) in observed(&level.cells) {
        for (sum, count) in [&mut by_row[m], &mut by_column[t], &mut total] {
            *sum += x;
            *count += 1.0;
        }
    }
    let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 0.0 };
    let whole = mean(total);
    Array2::from_shape_fn((rows, columns), |(m, t)| {
        if whole > 0.0 { mean(by_row[m]) * mean(by_column[t]) / whole } else { 0.0 }
    })
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Params, Start};
    use ndarray::array;

    use super::*;

    fn level(data: Array2<f64>) -> LevelModel {
        LevelModel {
            support: Array2::from_elem((data.nrows(), 1), true),
            cells: data.into(),
            dictionary: None,
            held: false,
            gain: 2.0,
        }
    }

    #[test]
    fn an_entry_is_worth_what_its_row_costs_without_it() {
        let levels =
            [level(array![[2.0, 4.0, 6.0]]), level(array![[10.0, 20.0, 30.0], [0.0, 0.0, 0.0]])];
        let model = Model {
            levels,
            joining: Joining::Shared,
            kinds: vec![AtomKind::Free],
            starts: vec![Start::Support],
            params: Params::default(),
        };
        let fit = model.fit().unwrap();
        let evidence = Evidence::new(&model);
        assert!((evidence.entry_cost - 0.5 * 30_f64.ln()).abs() < 1e-12, "60 over a gain of 2");
        let gains = evidence.gains(&fit, &model[MS2].support);
        // Without the entry the model is 1 % of the independent one, which here is the row itself.
        let lost: f64 =
            [10.0, 20.0, 30.0].iter().map(|x| 0.5 * (x * 100_f64.ln() - x + 0.01 * x)).sum();
        assert!((gains[(0, 0)] - lost).abs() < 1e-3 * lost, "{gains} {lost}");
        assert_eq!(gains[(1, 0)], 0.0);
        assert!(evidence.cost(&fit) < 1e-6, "the fit is exact");
        assert!(dispersion(&model, &fit)[1].is_some_and(|scatter| scatter < 1e-6));
    }

    /// Two precursors of one course, of which the first alone may use row 0, both row 1.
    fn twins() -> Model {
        let course = array![1.0, 4.0, 9.0, 4.0, 1.0];
        let row = |height: f64| course.mapv(|h| height * h);
        let first = ndarray::stack![ndarray::Axis(0), row(9.0), row(9.0)];
        let second = ndarray::stack![ndarray::Axis(0), row(7.0), row(8.0)];
        let level = |data: Array2<f64>, support: Array2<bool>| LevelModel {
            support,
            cells: data.into(),
            dictionary: None,
            held: false,
            gain: 1.0,
        };
        Model {
            levels: [
                level(first, array![[true, false], [false, true]]),
                level(second, array![[true, false], [true, true]]),
            ],
            joining: Joining::Shared,
            kinds: vec![AtomKind::Free; 2],
            starts: vec![Start::Support],
            params: Params::default(),
        }
    }

    #[test]
    fn what_a_neighbour_explains_as_well_is_worth_nothing() {
        let model = twins();
        let evidence = Evidence::new(&model);
        let mut fit = model.fit().unwrap();
        // All of row 1 is the first one's: without it the second takes its place.
        fit.levels[1].dictionary.row_mut(1).assign(&array![72.0, 0.0]);
        let gains = evidence.gains(&fit, &model[MS2].support);
        assert!(gains[(0, 0)] > 100.0 && gains[(1, 0)] < 1e-3, "{gains}");
        let basis = RowBasis::new(fit[MS2].activations.clone());
        let start = fit[MS2].dictionary.row(1).to_vec();
        let beside = evidence.worth(1, 1, &[true, false], &start, &basis);
        let alone = evidence.worth(1, 1, &[false, false], &start, &basis);
        assert!(beside < 1e-3 && alone > 100.0, "{beside} {alone}");
        assert!(!evidence.shows(1, array![0.0, 0.0, 0.0, 0.0, 0.0].view()));
    }
}
