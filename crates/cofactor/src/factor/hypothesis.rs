//! A hypothesis: which of its candidates is true of every precursor, and what it costs to believe
//! it.
//!
//! ```text
//! F(fit with these masks alone)  +  Σ over entries ½ log N
//!     −  Σ over fragments log P(shown or not | presence)
//! ```
//!
//! An entry that is worth less than it costs counts as not shown. *None of them* may use every row
//! that takes part: its rows are as probable as any others of that number, and every number is
//! equally probable (the prior of Chen & Chen 2008).

use cofactor_core::Presence;
use cofactor_nmf::Error;
use ndarray::{Array2, ArrayView1};

use super::evidence::Evidence;
use super::fit::{Fit, Model};
use super::levels::MS2;
use super::setup::{Atom, Candidate};

/// A choice for every precursor; the number of its candidates stands for none of them.
pub(crate) type Hypothesis = Vec<usize>;

/// A hypothesis with its fit.
pub(crate) struct Trial {
    /// The hypothesis.
    pub(crate) hypothesis: Hypothesis,
    /// The best fit that was found with its masks.
    pub(crate) fit: Fit,
    /// What it costs, in units of log-likelihood.
    pub(crate) cost: f64,
    /// Rows that show, by precursor.
    pub(crate) shown: Vec<Vec<bool>>,
}

/// What is needed to judge hypotheses.
pub(crate) struct Court<'a> {
    /// The model; its second support is the union of the candidates.
    pub(crate) model: &'a Model,
    /// The precursors.
    pub(crate) atoms: &'a [Atom],
    /// What entries and fits are worth.
    pub(crate) evidence: Evidence<'a>,
    /// Starts of a fit with separate activations, besides where another ended.
    cold: usize,
    /// Rows of the second matrix that take part: in them some precursor may show.
    pub(crate) open: Vec<bool>,
}

/// Number of choices for a precursor: its candidates, and none of them where none is open.
pub(crate) fn choices(atom: &Atom) -> usize {
    let judged =
        !atom.candidates.is_empty() && atom.candidates.iter().all(|c| c.set.open_up_to.is_none());
    (atom.candidates.len() + usize::from(judged)).max(1)
}

impl<'a> Court<'a> {
    /// For the precursors `atoms` of `model`, whose separate activations are fitted from `cold`
    /// starts.
    pub(crate) fn new(model: &'a Model, atoms: &'a [Atom], cold: usize) -> Self {
        let open =
            model[MS2].support.rows().into_iter().map(|row| row.iter().any(|ok| *ok)).collect();
        Self { model, atoms, evidence: Evidence::new(model), cold, open }
    }

    /// The hypothesis, fitted from where `earlier` ended.
    ///
    /// # Errors
    /// As the solver.
    pub(crate) fn trial(&self, hypothesis: Hypothesis, earlier: &Fit) -> Result<Trial, Error> {
        let fit =
            self.model.with_second_support(self.masks(&hypothesis)).refit(earlier, self.cold)?;
        let gains = self.evidence.gains(&fit);
        let mut cost = self.evidence.cost(&fit);
        let mut shown = Vec::new();
        for (k, &choice) in hypothesis.iter().enumerate() {
            let (paid, rows) =
                self.pattern(k, choice, gains.column(k), fit[MS2].dictionary.column(k));
            cost += paid;
            shown.push(rows);
        }
        Ok(Trial { hypothesis, fit, cost, shown })
    }

    /// Second support of a hypothesis, M × K.
    pub(crate) fn masks(&self, hypothesis: &Hypothesis) -> Array2<bool> {
        let columns: Vec<Vec<bool>> =
            hypothesis.iter().enumerate().map(|(k, &choice)| self.mask(k, choice)).collect();
        Array2::from_shape_fn(self.model[MS2].support.dim(), |(m, k)| columns[k][m])
    }

    /// Rows that precursor `k` may use with a choice, M.
    pub(crate) fn mask(&self, k: usize, choice: usize) -> Vec<bool> {
        let known = |m: usize| self.model[MS2].dictionary.as_ref().is_none_or(|d| d[(m, k)] > 0.0);
        let chosen = self.atoms[k].candidates.get(choice);
        let ruled = !self.atoms[k].candidates.is_empty();
        let may = |m: usize| chosen.map_or(self.open[m], |candidate| candidate.mask[m]);
        (0..self.open.len()).map(|m| ruled && known(m) && may(m)).collect()
    }

    /// What the rows that show cost besides the fit, and which these are.
    pub(crate) fn pattern(
        &self,
        k: usize,
        choice: usize,
        gains: ArrayView1<f64>,
        entries: ArrayView1<f64>,
    ) -> (f64, Vec<bool>) {
        let candidate = self.atoms[k].candidates.get(choice);
        let mut shown = vec![false; gains.len()];
        let mut cost = 0.0;
        let mut free = Vec::new();
        for m in 0..gains.len() {
            let allowed = candidate
                .map_or(self.open[m] && !self.atoms[k].candidates.is_empty(), |c| c.mask[m]);
            match candidate.and_then(|c| c.presence(m)) {
                _ if !allowed => {}
                None => free.push((gains[m], m)),
                Some(presence) => {
                    let p = detection(presence);
                    let (kept, dropped) =
                        (self.evidence.entry_cost - p.ln(), gains[m] - (1.0 - p).ln());
                    shown[m] = entries[m] > 0.0 && kept < dropped;
                    cost += if shown[m] { kept } else { dropped };
                }
            }
        }
        let (free_cost, chosen) = free_rows(free, self.evidence.entry_cost);
        chosen.into_iter().for_each(|m| shown[m] = true);
        (cost + free_cost + candidate.map_or(0.0, unmatched), shown)
    }
}

/// Of rows (gain, number) that may show but need not, the choice that costs least, and its cost:
/// every entry `entry_cost`, every row left out its gain, and the choice its improbability.
fn free_rows(mut rows: Vec<(f64, usize)>, entry_cost: f64) -> (f64, Vec<usize>) {
    if rows.is_empty() {
        return (0.0, Vec::new());
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let count = rows.len() as f64;
    let mut paid: f64 = rows.iter().map(|row| row.0).sum::<f64>() + (count + 1.0).ln();
    let mut best = (paid, 0);
    for (n, row) in rows.iter().enumerate().take_while(|(_, row)| row.0 > 0.0) {
        paid += entry_cost - row.0 + ((count - n as f64) / (n as f64 + 1.0)).ln();
        if paid < best.0 {
            best = (paid, n + 1);
        }
    }
    (best.0, rows[..best.1].iter().map(|row| row.1).collect())
}

/// Probability that a fragment shows in the data.
fn detection(presence: Presence) -> f64 {
    match presence {
        Presence::Required => 0.95,
        Presence::Expected => 0.75,
        Presence::Optional => 0.5,
    }
}

/// Logarithm of the odds that a fragment shows.
pub(crate) fn odds(presence: Presence) -> f64 {
    let p = detection(presence);
    (p / (1.0 - p)).ln()
}

/// What the fragments without a row cost.
fn unmatched(candidate: &Candidate) -> f64 {
    let has_row = |f: &usize| candidate.found.matched.iter().any(|pair| pair.0 == *f);
    let missing = (0..candidate.set.fragments.len()).filter(|f| !has_row(f));
    missing.map(|f| -(1.0 - detection(candidate.set.fragments[f].presence)).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rows of `set` cost, and that the others are left out.
    fn price(gains: &[f64; 6], entry_cost: f64, set: u32) -> f64 {
        let n = set.count_ones();
        let subsets = (0..64_u32).filter(|subset| subset.count_ones() == n).count() as f64;
        let dropped: f64 = (0..6).filter(|m| set & (1 << m) == 0).map(|m| gains[m]).sum();
        dropped + entry_cost * f64::from(n) + subsets.ln() + 7_f64.ln()
    }

    #[test]
    fn free_rows_are_the_best_of_all_subsets_that_can_show() {
        let gains = [7.3, 0.0, 2.2, 5.9, 0.4, 3.1];
        for entry_cost in [0.1, 1.0, 2.5, 4.0, 20.0] {
            let rows: Vec<(f64, usize)> = gains.iter().copied().zip(0..).collect();
            let (cost, chosen) = free_rows(rows, entry_cost);
            let price = |set: u32| price(&gains, entry_cost, set);
            // Row 1 has no entry, and cannot show.
            let least = (0..64).filter(|set| set & 2 == 0).map(price).fold(f64::INFINITY, f64::min);
            assert!((cost - least).abs() < 1e-12, "{entry_cost}: {cost} {least}");
            let set = chosen.iter().map(|m| 1 << m).sum();
            assert!((price(set) - least).abs() < 1e-12);
        }
    }

    #[test]
    fn odds_are_those_of_the_probabilities() {
        assert!((odds(Presence::Expected) - 3_f64.ln()).abs() < 1e-12);
        assert_eq!(odds(Presence::Optional), 0.0);
    }
}
