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

/// A hypothesis, what it costs, and the rows that each precursor shows.
pub(crate) struct Weighed {
    /// The hypothesis.
    pub(crate) hypothesis: Hypothesis,
    /// As of a trial.
    pub(crate) cost: f64,
    /// Rows that show, by precursor.
    pub(crate) shown: Vec<Vec<bool>>,
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
    /// Rows that the precursor shows.
    shown: Vec<bool>,
}

/// The best hypothesis so far, and what of it changes need.
struct Standing<'a> {
    court: &'a Court<'a>,
    hypothesis: Hypothesis,
    fit: Fit,
    masks: Array2<bool>,
    gains: Array2<f64>,
    divergences: Vec<f64>,
    shown: Vec<Vec<bool>>,
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
    // *None of them* takes what the wrong choices of others leave, and touches most rows: so it
    // comes last, and once.
    let mut judged = false;
    for _ in 0..PASSES {
        let previous = state.hypothesis.clone();
        let mut weighed = vec![state.weighed()];
        for k in 0..court.atoms.len() {
            let tried = state.changes(k, judged)?;
            weighed.extend(state.variants(k, &tried));
            let best = (0..tried.len()).min_by(|a, b| tried[*a].cost.total_cmp(&tried[*b].cost));
            let better = best
                .filter(|&c| c != state.hypothesis[k] && tried[c].cost < state.cost - LEAST_GAIN);
            if let Some(choice) = better {
                state.take(k, choice, &tried[choice]);
            }
        }
        if state.hypothesis == previous {
            if judged {
                return Ok((weighed, state.fit));
            }
            judged = true;
            continue;
        }
        let polished = court.trial(state.hypothesis.clone(), &state.fit)?;
        state = Standing::new(court, polished);
        if judged {
            weighed.push(state.weighed());
            return Ok((weighed, state.fit));
        }
    }
    let mut weighed = vec![state.weighed()];
    for k in 0..court.atoms.len() {
        weighed.extend(state.variants(k, &state.changes(k, true)?));
    }
    Ok((weighed, state.fit))
}

impl<'a> Standing<'a> {
    fn new(court: &'a Court<'a>, trial: Trial) -> Self {
        let Trial { hypothesis, fit, cost, shown } = trial;
        let masks = court.masks(&hypothesis);
        let gains = court.evidence.gains(&fit);
        let model = fit[MS2].dictionary.dot(&fit[MS2].activations);
        let divergences: Vec<f64> = (0..model.nrows())
            .map(|m| court.evidence.row_cost(MS2, m, |t| model[(m, t)]))
            .collect();
        let constant = court.evidence.level_cost(&fit, MS1) + fit.coupling_cost;
        Self { court, hypothesis, fit, masks, gains, divergences, shown, cost, constant }
    }

    /// Every choice for precursor `k`, *none of them* if it is to be `judged` too.
    fn changes(&self, k: usize, judged: bool) -> Result<Vec<Change>, Error> {
        let atom = &self.court.atoms[k];
        let named = if atom.candidates.is_empty() { 1 } else { atom.candidates.len() };
        let count = if judged { choices(atom) } else { named };
        (0..count).into_par_iter().map(|choice| self.change(k, choice)).collect()
    }

    fn change(&self, k: usize, choice: usize) -> Result<Change, Error> {
        let mut hypothesis = self.hypothesis.clone();
        hypothesis[k] = choice;
        let mask = self.worth_trying(k, choice);
        let old = self.masks.column(k);
        let rows: Vec<usize> = (0..mask.len()).filter(|&m| mask[m] || old[m]).collect();
        let mut support = self.masks.select(Axis(0), &rows);
        support.column_mut(k).assign(&rows.iter().map(|&m| mask[m]).collect::<Array1<bool>>());
        let (entries, activation) = self.fitted(k, choice, &rows, support)?;
        let mut activations = self.fit[MS2].activations.clone();
        activations.row_mut(k).assign(&activation);
        let basis = RowBasis::new(activations.clone());
        let evidence = &self.court.evidence;
        let mut gains = Array2::zeros(entries.dim());
        let mut divergences = Vec::with_capacity(rows.len());
        for (i, &m) in rows.iter().enumerate() {
            let row = entries.row(i).to_vec();
            gains.row_mut(i).assign(&Array1::from(evidence.row_gains(m, &row, &basis)));
            divergences.push(evidence.fitted_cost(m, &row, &activations));
        }
        let mut change =
            Change { rows, entries, activation, gains, divergences, cost: 0.0, shown: Vec::new() };
        (change.cost, change.shown) = self.priced(&hypothesis, k, &change);
        Ok(change)
    }

    /// The rows of a choice; of *none of them* those that something is missing in.
    fn worth_trying(&self, k: usize, choice: usize) -> Vec<bool> {
        let mut mask = self.court.mask(k, choice);
        if choice < self.court.atoms[k].candidates.len() {
            return mask;
        }
        let scans = self.fit[MS2].activations.ncols() as f64;
        let least = MEAN_DIVERGENCE * scans + self.court.evidence.entry_cost;
        let own = &self.fit[MS2].dictionary;
        let mut lacking: Vec<usize> =
            (0..mask.len()).filter(|&m| self.divergences[m] > least).collect();
        lacking.sort_by(|a, b| self.divergences[*b].total_cmp(&self.divergences[*a]));
        lacking.truncate(MOST_LACKING);
        for (m, may) in mask.iter_mut().enumerate() {
            *may &= own[(m, k)] > 0.0 || lacking.contains(&m);
        }
        mask
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

    /// Cost of the whole hypothesis with a change of precursor `k`, and the rows that this shows.
    fn priced(&self, hypothesis: &Hypothesis, k: usize, change: &Change) -> (f64, Vec<bool>) {
        let mut divergences: f64 = self.divergences.iter().sum();
        let (mut gains, mut entries) = (self.gains.clone(), self.fit[MS2].dictionary.clone());
        for (i, &m) in change.rows.iter().enumerate() {
            divergences += change.divergences[i] - self.divergences[m];
            gains.row_mut(m).assign(&change.gains.row(i));
            entries.row_mut(m).assign(&change.entries.row(i));
        }
        let mut cost = self.constant + divergences;
        let mut shown = Vec::new();
        for (j, &choice) in hypothesis.iter().enumerate() {
            let (paid, rows) = self.court.pattern(j, choice, gains.column(j), entries.column(j));
            cost += paid;
            if j == k {
                shown = rows;
            }
        }
        (cost, shown)
    }

    fn take(&mut self, k: usize, choice: usize, change: &Change) {
        self.hypothesis[k] = choice;
        let mask: Vec<bool> = self.worth_trying(k, choice);
        self.masks.column_mut(k).assign(&Array1::from(mask));
        for (i, &m) in change.rows.iter().enumerate() {
            self.divergences[m] = change.divergences[i];
            self.gains.row_mut(m).assign(&change.gains.row(i));
        }
        self.fit.change_second(k, &change.rows, &change.entries, change.activation.view());
        self.cost = change.cost;
        self.shown[k].clone_from(&change.shown);
    }

    /// The hypothesis itself.
    fn weighed(&self) -> Weighed {
        let (hypothesis, shown) = (self.hypothesis.clone(), self.shown.clone());
        Weighed { hypothesis, cost: self.cost, shown }
    }

    /// Those that differ in the choice for precursor `k`.
    fn variants(&self, k: usize, changes: &[Change]) -> Vec<Weighed> {
        let different = changes.iter().enumerate().filter(|(c, _)| *c != self.hypothesis[k]);
        different.map(|(choice, change)| self.with(k, choice, change)).collect()
    }

    /// The same with another choice for precursor `k`.
    fn with(&self, k: usize, choice: usize, change: &Change) -> Weighed {
        let mut variant = self.weighed();
        variant.hypothesis[k] = choice;
        variant.shown[k].clone_from(&change.shown);
        Weighed { cost: change.cost, ..variant }
    }
}

/// Rows besides its own that *none of them* is tried with.
const MOST_LACKING: usize = 32;
/// Divergence of a count from its mean: its own mean is at most this.
const MEAN_DIVERGENCE: f64 = 0.58;
/// Share of a cell that may be a precursor's although the others explain it all.
const LEAST_LEFT: f64 = 0.02;

/// With maximum 1 and no zeros, which a start could not leave.
fn lifted(sum: Array1<f64>) -> Array1<f64> {
    let peak = sum.iter().copied().fold(0.0, f64::max);
    if peak > 0.0 { sum.mapv(|x| (x / peak).max(1e-4)) } else { Array1::ones(sum.len()) }
}
