//! The search among many hypotheses: one precursor's choice is changed at a time, with what the
//! others are held.
//!
//! A change touches the rows that the old choice allows and those that the new one does. Only these
//! are fitted anew, with the activations as they are where both matrices have them in common, and
//! with that of the one precursor free where the second has its own. After each pass over all
//! precursors everything is fitted together once more.

use cofactor_nmf::{AtomKind, Dictionary, Error, Level, Problem, RowBasis, Scale, solve};
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::fit::{Fit, Joining};
use super::hypothesis::{Court, Hypothesis, Trial, choices};
use super::levels::{ALONE, MS1, MS2, dictionary_of};

/// Passes over all precursors at most.
const PASSES: usize = 10;
/// Sweeps and tolerance of the fit of one precursor.
const SWEEPS: usize = 8;
const TOLERANCE: f64 = 1e-4;

/// A change must lower the cost by more than what fits leave open.
const LEAST_GAIN: f64 = 0.01;

/// A hypothesis and what it costs.
pub(crate) struct Weighed {
    /// The hypothesis.
    pub(crate) hypothesis: Hypothesis,
    /// As of a trial.
    pub(crate) cost: f64,
}

/// What a hypothesis with one other choice costs.
struct Change {
    /// The rows that are touched.
    rows: Vec<usize>,
    /// Their entries, rows × K.
    entries: Array2<f64>,
    /// Activation of the precursor, T.
    activation: Array1<f64>,
    /// What entries are worth in these rows, rows × K.
    gains: Array2<f64>,
    /// Divergence of each of these rows.
    divergences: Vec<f64>,
    /// Cost of the whole hypothesis.
    cost: f64,
    /// What each precursor costs besides the fit, K.
    prices: Vec<f64>,
}

/// A hypothesis, and what of it changes need.
struct Standing<'a> {
    court: &'a Court<'a>,
    hypothesis: Hypothesis,
    fit: Fit,
    masks: Array2<bool>,
    gains: Array2<f64>,
    divergences: Vec<f64>,
    /// What each precursor costs besides the fit, K.
    prices: Vec<f64>,
    cost: f64,
    /// What does not change: the divergence of the first matrix, and of activations in common.
    constant: f64,
}

/// The best hypothesis that single changes of `start` lead to, and every one with one choice other
/// than in it: the costs of these, held to what the best one has for the other precursors. Also the
/// fit of the best.
///
/// # Errors
/// As the solver.
pub(crate) fn search(court: &Court, start: Trial) -> Result<(Vec<Weighed>, Fit), Error> {
    let mut state = Standing::new(court, start);
    for _ in 0..PASSES {
        let previous = state.hypothesis.clone();
        let mut weighed = vec![state.weighed()];
        for k in 0..court.atoms.len() {
            let tried = state.changes(k)?;
            weighed.extend(state.variants(k, &tried));
            let best = (0..tried.len()).min_by(|a, b| tried[*a].cost.total_cmp(&tried[*b].cost));
            let better = best
                .filter(|&c| c != state.hypothesis[k] && tried[c].cost < state.cost - LEAST_GAIN);
            if let Some(choice) = better {
                state.take(k, choice, &tried[choice]);
            }
        }
        if state.hypothesis == previous {
            return Ok((weighed, state.fit));
        }
        state = Standing::new(court, court.trial(state.hypothesis.clone(), &state.fit)?);
    }
    let mut weighed = vec![state.weighed()];
    for k in 0..court.atoms.len() {
        weighed.extend(state.variants(k, &state.changes(k)?));
    }
    Ok((weighed, state.fit))
}

impl<'a> Standing<'a> {
    fn new(court: &'a Court<'a>, trial: Trial) -> Self {
        let Trial { hypothesis, fit, cost } = trial;
        let masks = court.masks(&hypothesis);
        let gains = court.evidence.gains(&fit, &masks);
        let model = fit[MS2].dictionary.dot(&fit[MS2].activations);
        let divergences: Vec<f64> = (0..model.nrows())
            .map(|m| court.evidence.row_cost(MS2, m, |t| model[(m, t)]))
            .collect();
        let price = |(k, &choice): (usize, &usize)| court.price(k, choice, gains.column(k));
        let prices = hypothesis.iter().enumerate().map(price).collect();
        let constant = court.evidence.level_cost(&fit, MS1) + fit.coupling_cost;
        Self { court, hypothesis, fit, masks, gains, divergences, prices, cost, constant }
    }

    /// Every candidate of precursor `k` in its place.
    fn changes(&self, k: usize) -> Result<Vec<Change>, Error> {
        let count = choices(&self.court.atoms[k]);
        (0..count).into_par_iter().map(|choice| self.change(k, choice)).collect()
    }

    fn change(&self, k: usize, choice: usize) -> Result<Change, Error> {
        let mut hypothesis = self.hypothesis.clone();
        hypothesis[k] = choice;
        let mask = self.court.mask(k, choice);
        let old = self.masks.column(k);
        let rows: Vec<usize> = (0..mask.len()).filter(|&m| mask[m] || old[m]).collect();
        let mut support = self.masks.select(Axis(0), &rows);
        support.column_mut(k).assign(&rows.iter().map(|&m| mask[m]).collect::<Array1<bool>>());
        let (entries, activation) = self.fitted(k, choice, &rows, support.clone())?;
        let mut activations = self.fit[MS2].activations.clone();
        activations.row_mut(k).assign(&activation);
        let basis = RowBasis::new(activations.clone());
        let evidence = &self.court.evidence;
        let mut gains = Array2::zeros(entries.dim());
        let mut divergences = Vec::with_capacity(rows.len());
        for (i, &m) in rows.iter().enumerate() {
            let (row, allowed) = (entries.row(i).to_vec(), support.row(i).to_vec());
            gains.row_mut(i).assign(&Array1::from(evidence.row_gains(m, &row, &allowed, &basis)));
            divergences.push(evidence.fitted_cost(m, &row, &activations));
        }
        let prices = self.prices.clone();
        let mut change =
            Change { rows, entries, activation, gains, divergences, cost: 0.0, prices };
        (change.cost, change.prices) = self.priced(&hypothesis, k, &change);
        Ok(change)
    }

    /// Entries of the touched rows and the activation of the changed precursor.
    fn fitted(
        &self,
        k: usize,
        choice: usize,
        rows: &[usize],
        support: Array2<bool>,
    ) -> Result<(Array2<f64>, Array1<f64>), Error> {
        let model = self.court.model;
        let apart = model.joining == Joining::Dictionary;
        let atoms: Vec<usize> = (0..support.ncols())
            .filter(|&j| j == k || support.column(j).iter().any(|ok| *ok))
            .collect();
        let second = &self.fit[MS2];
        let mut activations = second.activations.select(Axis(0), &atoms);
        let mut kinds = vec![AtomKind::Fixed; atoms.len()];
        let place = atoms.iter().position(|&j| j == k).unwrap_or(0);
        if apart && choice != self.hypothesis[k] {
            let begin = self.left_over(k, rows, &support);
            activations.row_mut(place).assign(&begin);
        }
        if apart {
            kinds[place] = AtomKind::Free;
        }
        let level = Level {
            importance: model[MS2].gain.recip(),
            ..Level::new(model[MS2].cells.select_rows(rows), atoms.len())
        };
        let dictionary = Dictionary::new(support.select(Axis(1), &atoms));
        let problem = Problem {
            scale: Scale::Free,
            ..Problem::new(vec![(level, dictionary)], activations, kinds)
        };
        let sweeps = if apart { SWEEPS } else { 0 };
        let params =
            cofactor_nmf::Params { max_sweeps: sweeps, tolerance: TOLERANCE, ..model.params };
        let solution = solve(&problem, &params)?;
        let found = solution.dictionary(dictionary_of(ALONE));
        let activation = solution.activations.row(place).to_owned();
        let peak = activation.iter().copied().fold(0.0, f64::max);
        let scale = if apart && peak > 0.0 { peak } else { 1.0 };
        let mut entries = Array2::zeros((rows.len(), self.masks.ncols()));
        for (i, &j) in atoms.iter().enumerate() {
            let factor = if j == k { scale } else { 1.0 };
            entries.column_mut(j).assign(&(&found.column(i) * factor));
        }
        Ok((entries, activation / scale))
    }

    /// What the rows that precursor `k` may use show besides the others, where these stay as they
    /// are: where its activation starts, with maximum 1.
    fn left_over(&self, k: usize, rows: &[usize], support: &Array2<bool>) -> Array1<f64> {
        let second = &self.fit[MS2];
        let scans = second.activations.ncols();
        let mut sum = Array1::zeros(scans);
        for (_, &m) in rows.iter().enumerate().filter(|(i, _)| support[(*i, k)]) {
            let mut neighbours = second.dictionary.row(m).to_owned();
            neighbours[k] = 0.0;
            let explained = neighbours.dot(&second.activations);
            for (t, cell) in self.court.model[MS2].cells.row(m) {
                if cell.weight > 0.0 && !cell.censored {
                    sum[t] += (cell.value - explained[t]).max(LEAST_LEFT * cell.value);
                }
            }
        }
        lifted(sum)
    }

    /// Cost of the whole hypothesis with a change of precursor `k`, and what each precursor costs
    /// besides the fit.
    fn priced(&self, hypothesis: &Hypothesis, k: usize, change: &Change) -> (f64, Vec<f64>) {
        let mut divergences: f64 = self.divergences.iter().sum();
        let mut gains = self.gains.clone();
        for (i, &m) in change.rows.iter().enumerate() {
            divergences += change.divergences[i] - self.divergences[m];
            gains.row_mut(m).assign(&change.gains.row(i));
        }
        let touched = |j: usize| j == k || change.rows.iter().any(|&m| self.masks[(m, j)]);
        let price = |(j, &choice): (usize, &usize)| {
            let paid = || self.court.price(j, choice, gains.column(j));
            if touched(j) { paid() } else { self.prices[j] }
        };
        let prices: Vec<f64> = hypothesis.iter().enumerate().map(price).collect();
        (self.constant + divergences + prices.iter().sum::<f64>(), prices)
    }

    fn take(&mut self, k: usize, choice: usize, change: &Change) {
        self.hypothesis[k] = choice;
        self.masks.column_mut(k).assign(&Array1::from(self.court.mask(k, choice)));
        for (i, &m) in change.rows.iter().enumerate() {
            self.divergences[m] = change.divergences[i];
            self.gains.row_mut(m).assign(&change.gains.row(i));
        }
        self.fit.change_second(k, &change.rows, &change.entries, change.activation.view());
        self.cost = change.cost;
        self.prices.clone_from(&change.prices);
    }

    /// The hypothesis itself.
    fn weighed(&self) -> Weighed {
        Weighed { hypothesis: self.hypothesis.clone(), cost: self.cost }
    }

    /// Those that differ in the choice for precursor `k`.
    fn variants(&self, k: usize, changes: &[Change]) -> Vec<Weighed> {
        let different = changes.iter().enumerate().filter(|(c, _)| *c != self.hypothesis[k]);
        let with = |(choice, change): (usize, &Change)| {
            let mut hypothesis = self.hypothesis.clone();
            hypothesis[k] = choice;
            Weighed { hypothesis, cost: change.cost }
        };
        different.map(with).collect()
    }
}

/// Share of a cell that may be a precursor's although the others explain it all.
const LEAST_LEFT: f64 = 0.02;

/// With maximum 1 and no zeros, which a start could not leave.
fn lifted(sum: Array1<f64>) -> Array1<f64> {
    let peak = sum.iter().copied().fold(0.0, f64::max);
    if peak > 0.0 { sum.mapv(|x| (x / peak).max(1e-4)) } else { Array1::ones(sum.len()) }
}
