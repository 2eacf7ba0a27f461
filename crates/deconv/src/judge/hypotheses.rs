//! What each explanation of a precursor's fragments is worth, given a run's rates.
//!
//! With the probability q_i that item i is there under an explanation, and its Bayes factor B_i, the evidence is
//!
//! ```text
//! log E = Σ_i log(1 − q_i + q_i B_i)
//! ```
//!
//! - **One candidate**: q is the rate of the fragment's presence where the candidate lists it. Rows that it does not list hold a
//!   fragment of the precursor too now and then, at the rate of unlisted fragments.
//! - **None of them**: a further set of the same kind as those that are listed. That an item belongs to it is estimated from how many of
//!   the C candidates list it, `(n − 1 + 2o) / (C + 1)`, with the overlap o of candidates in the run as prior; and it has as many
//!   fragments that nobody lists as there are items with a single lister for each candidate (Good 1953).
//! - **Two candidates at once**, in ions that elute as one: q where either lists an item.

use super::ballot::{Ballot, Item};
use super::factor::log_sum;
use super::rates::Rates;

/// Candidates of which pairs are formed: the best ones.
const PAIRED: usize = 8;

/// An explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// One candidate.
    One(usize),
    /// Two candidates at once.
    Two(usize, usize),
    /// None of them.
    None,
}

/// An explanation with what it is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weighed {
    pub(crate) choice: Choice,
    /// Logarithm of the evidence.
    pub(crate) log_evidence: f64,
    /// Probability among all explanations.
    pub(crate) posterior: f64,
    /// Logarithm of its odds against all others.
    pub(crate) log_odds: f64,
}

/// All explanations by the candidates of a ballot, most probable first. "None" is not among them where a candidate is open, which holds
/// every other.
pub(crate) fn weigh(ballot: &Ballot, rates: &Rates) -> Vec<Weighed> {
    let evidence = Evidence::new(ballot, rates);
    let all: Vec<usize> = (0..ballot.candidates.len()).collect();
    let pairs = if all.len() > 1 { (all.len() * (all.len() - 1) / 2) as f64 } else { f64::INFINITY };
    let mut priced = evidence.singles(&all, 1.0 - rates.none - rates.two);
    let mut best: Vec<(f64, usize)> = all.iter().map(|&c| (evidence.of_one[c], c)).collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    best.truncate(PAIRED);
    for (position, &(_, a)) in best.iter().enumerate() {
        for &(_, b) in &best[..position] {
            let (a, b) = (a.min(b), a.max(b));
            priced.push((Choice::Two(a, b), evidence.of_two(a, b), (rates.two / pairs).ln()));
        }
    }
    normalised(priced)
}

/// The explanations by a round of decoys in the place of the candidates.
pub(crate) fn weigh_decoys(ballot: &Ballot, rates: &Rates, round: std::ops::Range<usize>) -> Vec<Weighed> {
    let evidence = Evidence::new(ballot, rates);
    let decoys: Vec<usize> = round.collect();
    normalised(evidence.singles(&decoys, 1.0 - rates.none))
}

fn normalised(priced: Vec<(Choice, f64, f64)>) -> Vec<Weighed> {
    let joint: Vec<f64> = priced.iter().map(|(_, evidence, prior)| evidence + prior).collect();
    let total = log_sum(joint.iter().copied());
    let weighed = |(i, &(choice, log_evidence, _)): (usize, &(Choice, f64, f64))| {
        let others = log_sum(joint.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| *x));
        Weighed { choice, log_evidence, posterior: (joint[i] - total).exp(), log_odds: joint[i] - others }
    };
    let mut all: Vec<Weighed> = priced.iter().enumerate().map(weighed).collect();
    all.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds));
    all
}

/// The evidence of the candidates and decoys of a ballot, and of none of them.
struct Evidence<'a> {
    ballot: &'a Ballot<'a>,
    rates: &'a Rates,
    /// By candidate, decoys after the others.
    of_one: Vec<f64>,
    of_none: Option<f64>,
}

impl<'a> Evidence<'a> {
    fn new(ballot: &'a Ballot<'a>, rates: &'a Rates) -> Self {
        let candidates = ballot.candidates.len();
        let open = |c: usize| ballot.candidates.get(c).is_some_and(|set| set.open_up_to.is_some());
        let (closed_rate, open_rate) = (rates.unlisted, rates.fresh);
        let base = |rate: f64| -rate + ballot.items.iter().map(|item| unlisted(item, rate, ballot)).sum::<f64>();
        let (closed_base, open_base) = (base(closed_rate), base(open_rate));
        let mut of_one: Vec<f64> =
            (0..candidates + ballot.decoys.len()).map(|c| if open(c) { open_base } else { closed_base }).collect();
        for item in &ballot.items {
            let not = [unlisted(item, closed_rate, ballot), unlisted(item, open_rate, ballot)];
            for l in &item.listings {
                let listed = mixed(rates.present(l.presence), l.log_factor);
                of_one[l.candidate] += listed - not[usize::from(open(l.candidate))];
            }
        }
        let none = || {
            let known = |item: &Item| match chance(item, candidates, rates) {
                Some(q) => mixed(q, item.log_factor),
                None => unlisted(item, open_rate, ballot),
            };
            -open_rate + ballot.items.iter().map(known).sum::<f64>()
        };
        let of_none = (!(0..candidates).any(open)).then(none);
        Self { ballot, rates, of_one, of_none }
    }

    /// Each of `sets` and none of them: evidence and logarithm of the prior.
    fn singles(&self, sets: &[usize], prior: f64) -> Vec<(Choice, f64, f64)> {
        let of_each = (prior / sets.len() as f64).ln();
        let mut all: Vec<(Choice, f64, f64)> =
            sets.iter().map(|&c| (Choice::One(c), self.of_one[c], of_each)).collect();
        all.extend(self.of_none.map(|none| (Choice::None, none, self.rates.none.ln())));
        all
    }

    /// Both candidates at once.
    fn of_two(&self, a: usize, b: usize) -> f64 {
        let mut evidence = self.of_one[a];
        for item in &self.ballot.items {
            let by = |c: usize| item.listings.iter().find(|l| l.candidate == c);
            let Some(second) = by(b) else { continue };
            let p = self.rates.present(second.presence);
            let (with, without) = match by(a) {
                Some(first) => {
                    let q = self.rates.present(first.presence);
                    (mixed(1.0 - (1.0 - p) * (1.0 - q), first.log_factor), mixed(q, first.log_factor))
                }
                None => (mixed(p, second.log_factor), unlisted(item, self.rates.unlisted, self.ballot)),
            };
            evidence += with - without;
        }
        evidence
    }
}

/// `log(1 − q + q B)`.
fn mixed(q: f64, log_factor: f64) -> f64 {
    log_sum([(1.0 - q).ln(), q.ln() + log_factor].into_iter())
}

/// The same for a row that is not listed, of which `rate` fragments are expected in all places together; their absence
/// (`−rate`) is counted once for all.
fn unlisted(item: &Item, rate: f64, ballot: &Ballot) -> f64 {
    if !item.has_row {
        return 0.0;
    }
    let per_place = rate / ballot.places.max(1) as f64;
    log_sum([0.0, per_place.ln() + item.log_factor].into_iter())
}

/// Probability that a further set has a listed item; `None` where none of the candidates lists it.
fn chance(item: &Item, candidates: usize, rates: &Rates) -> Option<f64> {
    let by_candidates = || item.listings.iter().filter(|l| l.candidate < candidates);
    let n = by_candidates().count() as f64;
    let presence = by_candidates().map(|l| l.presence).max()?;
    let belongs = if item.common { 1.0 } else { (n - 1.0 + 2.0 * rates.overlap) / (candidates as f64 + 1.0) };
    Some(rates.present(presence) * belongs)
}
