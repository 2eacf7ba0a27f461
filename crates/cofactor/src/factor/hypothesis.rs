//! A hypothesis: which of its candidates is true of every precursor, and what it costs to believe
//! it.
//!
//! ```text
//! F(fit with these masks alone)  +  Σ over precursors (gain of all its entries  −  log E)
//! ```
//!
//! with the evidence E of the one judge ([`cofactor_deconv::candidates`]). Its Bayes factors are
//! those of Schwarz (1978): an entry that lowers the cost by G is worth `exp(G) / √N`.

use std::borrow::Cow;

use cofactor_deconv::candidates::{Ballot, Choice, Item, Listing, Rates, weigh};
use cofactor_nmf::Error;
use ndarray::{Array2, ArrayView1};

use super::evidence::{Evidence, dispersion};
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
    /// How many times as much as counts the residuals of the second matrix scatter where all
    /// candidates are allowed, at least 1: what is worth so little less.
    pub(crate) scatter: f64,
    /// For each precursor how probable it is that one of its fragments is high enough to be seen.
    pub(crate) visible: Vec<f64>,
}

/// Number of candidates of a precursor, at least 1.
pub(crate) fn choices(atom: &Atom) -> usize {
    atom.candidates.len().max(1)
}

impl<'a> Court<'a> {
    /// For the precursors `atoms` of `model`, whose separate activations are fitted from `cold`
    /// starts. `union` is the fit with all candidates at once.
    pub(crate) fn new(
        model: &'a Model,
        evidence: Evidence<'a>,
        atoms: &'a [Atom],
        union: &Fit,
        cold: usize,
    ) -> Self {
        let visible = (0..atoms.len()).map(|k| visible(&evidence, model, &atoms[k], union, k));
        let visible = visible.collect();
        let scatter = dispersion(model, union)[MS2.0].unwrap_or(1.0).max(1.0);
        Self { model, atoms, evidence, cold, scatter, visible }
    }

    /// The hypothesis, fitted from where `earlier` ended.
    ///
    /// # Errors
    /// As the solver.
    pub(crate) fn trial(&self, hypothesis: Hypothesis, earlier: &Fit) -> Result<Trial, Error> {
        let masks = self.masks(&hypothesis);
        let fit = self.model.with_second_support(masks.clone()).refit(earlier, self.cold)?;
        let gains = self.evidence.gains(&fit, &masks);
        let paid = |(k, &choice): (usize, &usize)| self.price(k, choice, gains.column(k));
        let cost = self.evidence.cost(&fit) + hypothesis.iter().enumerate().map(paid).sum::<f64>();
        Ok(Trial { hypothesis, fit, cost })
    }

    /// Second support of a hypothesis, M × K.
    pub(crate) fn masks(&self, hypothesis: &Hypothesis) -> Array2<bool> {
        let columns: Vec<Vec<bool>> =
            hypothesis.iter().enumerate().map(|(k, &choice)| self.mask(k, choice)).collect();
        Array2::from_shape_fn(self.model[MS2].support.dim(), |(m, k)| columns[k][m])
    }

    /// Rows that precursor `k` may use with a choice, M: those of all its candidates if it has none
    /// of them.
    pub(crate) fn mask(&self, k: usize, choice: usize) -> Vec<bool> {
        let support = self.model[MS2].support.column(k);
        match self.atoms[k].candidates.get(choice) {
            Some(chosen) => support.iter().zip(&chosen.mask).map(|(a, b)| *a && *b).collect(),
            None => support.to_vec(),
        }
    }

    /// What a choice for precursor `k` costs besides the fit, where its entries are worth `gains`.
    pub(crate) fn price(&self, k: usize, choice: usize, gains: ArrayView1<f64>) -> f64 {
        let Some(candidate) = self.atoms[k].candidates.get(choice) else { return 0.0 };
        let mut items = Vec::new();
        let (mut gained, mut places) = (0.0, 0);
        for (m, gain) in gains.iter().enumerate().filter(|(m, _)| candidate.mask[*m]) {
            let log_factor = self.log_factor(k, gain - self.evidence.entry_cost);
            let listing = |presence| self.listing(k, 0, presence, log_factor);
            let listings: Vec<Listing> = candidate.presence(m).map(listing).into_iter().collect();
            items.push(item(log_factor, listings));
            gained += gain;
            places += 1;
        }
        for fragment in candidate.without_row() {
            let listing = self.listing(k, 0, fragment.presence, self.log_unseen(k));
            items.push(without_row(vec![listing]));
        }
        let set = Cow::Borrowed(std::slice::from_ref(&candidate.set));
        let ballot = Ballot::new(set, items, places, self.visible[k]);
        let mut explanations = weigh(&ballot, &Rates::START).into_iter();
        let found = explanations.find(|w| w.choice == Choice::One(0));
        gained - found.map_or(0.0, |w| w.log_evidence)
    }

    /// Logarithm of the Bayes factor of a fragment with this log-evidence of showing: it may also
    /// be there, and too low to show.
    pub(crate) fn log_factor(&self, k: usize, log_showing: f64) -> f64 {
        let (a, b) = (log_showing, self.log_unseen(k));
        a.max(b) + (-(a - b).abs()).exp().ln_1p()
    }

    /// Logarithm of the probability that a fragment is too low to show.
    pub(crate) fn log_unseen(&self, k: usize) -> f64 {
        (1.0 - self.visible[k]).max(f64::MIN_POSITIVE).ln()
    }

    /// That a candidate of precursor `k` lists an item.
    pub(crate) fn listing(
        &self,
        k: usize,
        candidate: usize,
        presence: cofactor_core::Presence,
        log_factor: f64,
    ) -> Listing {
        Listing { candidate, presence, log_factor, visible: self.visible[k] }
    }
}

/// A row of the second matrix on a ballot.
pub(crate) fn item(log_factor: f64, listings: Vec<Listing>) -> Item {
    Item { has_row: true, may_be_unlisted: true, log_factor, common: false, listings, listers: 0.0 }
}

/// A fragment without a row.
pub(crate) fn without_row(listings: Vec<Listing>) -> Item {
    let log_factor = listings.first().map_or(0.0, |l| l.log_factor);
    Item { has_row: false, may_be_unlisted: false, ..item(log_factor, listings) }
}

/// Probability that a fragment of precursor `k` is high enough to be worth its entry, the heights
/// being exponentially distributed around the mean of what its candidates make one expect.
fn visible(evidence: &Evidence, model: &Model, atom: &Atom, union: &Fit, k: usize) -> f64 {
    let fragments: f64 = atom.candidates.iter().map(Candidate::expected).sum();
    let sets = atom.candidates.len() as f64;
    let second = &union[MS2];
    let ions = second.dictionary.column(k).sum() * second.activations.row(k).sum();
    let mean = ions / model[MS2].gain * sets / fragments.max(f64::MIN_POSITIVE);
    if mean > 0.0 { (-evidence.entry_cost / mean).exp() } else { 0.0 }
}
