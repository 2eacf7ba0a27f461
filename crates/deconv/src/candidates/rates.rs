//! How rules and data agree in a run: rates that all ballots have in common, learnt from them.
//!
//! How often a listed fragment is there, how many fragments that no candidate lists a precursor
//! has, how often all listed candidates are wrong: rule files cannot know this of a run. Each rate
//! starts from a common value, with a weight as if it had been seen so many times, and is fitted to
//! all ballots by expectation-maximisation (Dempster, Laird & Rubin 1977).

use cofactor_core::{Presence, RuleRates};

use super::ballot::{Ballot, Item};
use crate::tuning::{
    COMPLETENESS, NEW_FRAGMENT_QUANTILES, PRIOR_COMPLETENESS, PRIOR_FRESH, PRIOR_NONE,
    PRIOR_OVERLAP, PRIOR_PRESENT, PRIOR_TWO, PRIOR_UNLISTED,
};

/// What a run's ballots have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Probability that an optional, expected and required fragment of the right candidate is
    /// there.
    pub present: [f64; 3],
    /// Fragments of a precursor that its right candidate does not list, on average.
    pub unlisted: f64,
    /// Fragments that nobody lists of a precursor none of whose candidates is right, over what
    /// would be expected if its set were like the candidates.
    pub fresh: f64,
    /// Probability that none of the listed candidates is right.
    pub none: f64,
    /// Probability that two of them are, in ions that elute as one.
    pub two: f64,
    /// Share of the fragments of one candidate that another candidate of the precursor lists too.
    pub overlap: f64,
    /// How often the list of the right candidate is so complete ([`COMPLETENESS`]).
    pub(crate) completeness: [f64; COMPLETENESS.len()],
}

impl Rates {
    /// Those of a run about which nothing is known.
    pub const START: Self = Self {
        present: PRIOR_PRESENT,
        unlisted: PRIOR_UNLISTED,
        fresh: PRIOR_FRESH,
        none: PRIOR_NONE,
        two: PRIOR_TWO,
        overlap: PRIOR_OVERLAP,
        completeness: PRIOR_COMPLETENESS,
    };

    /// Probability that a fragment of the right candidate is there.
    pub fn present(&self, presence: Presence) -> f64 {
        self.present[class(presence)]
    }

    /// The same of a candidate whose list is as complete as [`COMPLETENESS`] says.
    pub(crate) fn present_at(&self, presence: Presence, completeness: usize) -> f64 {
        let p = self.present(presence);
        let odds = p / (1.0 - p) * COMPLETENESS[completeness].exp();
        odds / (1.0 + odds)
    }

    /// Fragments expected beforehand beside those of a candidate.
    pub(crate) fn closed(&self, ballot: &Ballot) -> f64 {
        self.unlisted * ballot.visible
    }

    /// Fragments expected beforehand that nobody lists, if none of the candidates is right: a few
    /// equally probable numbers.
    pub(crate) fn open(&self, ballot: &Ballot) -> Vec<f64> {
        let closed = self.closed(ballot);
        let numbers = self.new_fragments(ballot).into_iter();
        numbers.map(|number| closed + self.fresh * number).collect()
    }

    /// Visible fragments that nobody lists of a set that is like one of the candidates (Good 1953):
    /// quantiles over the candidates.
    pub(crate) fn new_fragments(&self, ballot: &Ballot) -> Vec<f64> {
        let mut alone = ballot.alone(|presence| self.present(presence));
        alone.sort_by(f64::total_cmp);
        let quantiles = alone.len().min(NEW_FRAGMENT_QUANTILES);
        (0..quantiles).map(|i| alone[(2 * i + 1) * alone.len() / (2 * quantiles)]).collect()
    }

    /// How surely a listed item is expected, and the probability that it belongs to a set beside
    /// those of the candidates, which are so many `compounds`; `None` where none lists it.
    pub(crate) fn chance(
        &self,
        item: &Item,
        ballot: &Ballot,
        compounds: usize,
    ) -> Option<(Presence, f64)> {
        let by_candidates = item.listings.iter().filter(|l| l.candidate < ballot.candidates.len());
        let presence = by_candidates.map(|l| l.presence).max()?;
        let n = item.listers;
        let listed_again = (n - 1.0).max(0.0) + 2.0 * self.overlap * n.min(1.0);
        let belongs = listed_again / (compounds as f64 + 1.0);
        Some((presence, if item.common { 1.0 } else { belongs }))
    }

    /// For the result.
    pub(crate) fn record(&self, precursors: usize) -> RuleRates {
        let [optional, expected, required] = self.present;
        let Self { unlisted, fresh, none, two, overlap, .. } = *self;
        RuleRates { optional, expected, required, unlisted, fresh, none, two, overlap, precursors }
    }
}

/// Position of a presence among the rates.
pub(crate) fn class(presence: Presence) -> usize {
    match presence {
        Presence::Optional => 0,
        Presence::Expected => 1,
        Presence::Required => 2,
    }
}
