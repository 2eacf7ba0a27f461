//! What each explanation of a precursor's fragments is worth, given a run's rates.
//!
//! With the probability q_i that item i is there under an explanation, and its Bayes factor B_i,
//! the evidence is
//!
//! ```text
//! log E = Σ_i log(1 − q_i + q_i B_i)
//! ```
//!
//! - **One candidate**: q is the rate of the fragment's presence where the candidate lists it. Rows
//!   that it does not list hold a fragment of the precursor too now and then, at the rate of
//!   unlisted fragments.
//! - **None of them**: a further set of the same kind as those that are listed. That an item
//!   belongs to it is estimated from how many of the C compounds list it, `(n − 1 + 2o) / (C + 1)`,
//!   with the overlap o of candidates in the run as prior; and it has as many new fragments as a
//!   candidate has that no other lists (Good 1953), or as the run shows.
//! - **An open candidate**: rows that it does not list are its own at any rate.
//! - **Two candidates at once**, in ions that elute as one: q where either lists an item.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ballot::{Ballot, Item};
use super::factor::log_sum;
use super::rates::Rates;

/// Candidates of which pairs are formed: the best ones.
const PAIRED: usize = 8;

/// An explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// One candidate; of several that are of one compound the best.
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

/// All explanations by the candidates of a ballot, most probable first. "None" is not among them
/// where a candidate allows anything and lists nothing, as it is the same.
pub(crate) fn weigh(ballot: &Ballot, rates: &Rates) -> Vec<Weighed> {
    let candidates = 0..ballot.candidates.len();
    let evidence = Evidence::new(ballot, rates, candidates.clone());
    let mut best = evidence.compounds(candidates);
    let pairs = (best.len() * best.len().saturating_sub(1) / 2) as f64;
    let mut priced = evidence.singles(&best, 1.0 - rates.none - rates.two);
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    best.truncate(PAIRED);
    for (position, &(a, _)) in best.iter().enumerate() {
        for &(b, _) in &best[..position] {
            let (a, b) = (a.min(b), a.max(b));
            priced.push((Choice::Two(a, b), evidence.of_two(a, b), (rates.two / pairs).ln()));
        }
    }
    normalised(priced)
}

/// The explanations by a round of decoys in the place of the candidates.
pub(crate) fn weigh_decoys(ballot: &Ballot, rates: &Rates, round: Range<usize>) -> Vec<Weighed> {
    let evidence = Evidence::new(ballot, rates, round.clone());
    normalised(evidence.singles(&evidence.compounds(round), 1.0 - rates.none))
}

fn normalised(priced: Vec<(Choice, f64, f64)>) -> Vec<Weighed> {
    let joint: Vec<f64> = priced.iter().map(|(_, evidence, prior)| evidence + prior).collect();
    let total = log_sum(joint.iter().copied());
    let weighed = |(i, &(choice, log_evidence, _)): (usize, &(Choice, f64, f64))| {
        let others = log_sum(joint.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| *x));
        Weighed {
            choice,
            log_evidence,
            posterior: (joint[i] - total).exp(),
            log_odds: joint[i] - others,
        }
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
    /// Of the candidates in `sets`, and none of them.
    fn new(ballot: &'a Ballot<'a>, rates: &'a Rates, sets: Range<usize>) -> Self {
        let mut of_one = vec![f64::NEG_INFINITY; ballot.candidates.len() + ballot.decoys.len()];
        for (open, numbers) in [(false, vec![rates.closed(ballot)]), (true, any_number(ballot))] {
            let mine: Vec<usize> = sets.clone().filter(|&c| ballot.is_open(c) == open).collect();
            if !mine.is_empty() {
                let by_number: Vec<Vec<f64>> =
                    numbers.iter().map(|&n| of_each(ballot, rates, &sets, n)).collect();
                mine.into_iter().for_each(|c| {
                    of_one[c] = log_mean(by_number.iter().map(|of| of[c - sets.start]));
                });
            }
        }
        let of_none =
            (!ballot.allows_anything()).then(|| log_mean(of_none(ballot, rates).into_iter()));
        Self { ballot, rates, of_one, of_none }
    }

    /// The compounds of `sets`: the best set of each, and the evidence of the compound, which is
    /// the mean of that of its sets.
    fn compounds(&self, sets: Range<usize>) -> Vec<(usize, f64)> {
        let mut by_compound: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for c in sets {
            by_compound.entry(self.ballot.compounds[c]).or_default().push(c);
        }
        let of_compound = |mut sets: Vec<usize>| {
            // A spectrum of the intact precursor alone says nothing where others of the compound
            // say something.
            if sets.len() > 1 && sets.iter().any(|&c| self.ballot.says_something(c)) {
                sets.retain(|&c| self.ballot.says_something(c));
            }
            let mean = log_sum(sets.iter().map(|&c| self.of_one[c])) - (sets.len() as f64).ln();
            let better = |a: usize, b: usize| if self.of_one[b] > self.of_one[a] { b } else { a };
            Some((sets.into_iter().reduce(better)?, mean))
        };
        by_compound.into_values().filter_map(of_compound).collect()
    }

    /// Each of the compounds and none of them: evidence and logarithm of the prior.
    fn singles(&self, compounds: &[(usize, f64)], prior: f64) -> Vec<(Choice, f64, f64)> {
        let of_each = (prior / compounds.len() as f64).ln();
        let mut all: Vec<(Choice, f64, f64)> = compounds
            .iter()
            .map(|&(best, evidence)| (Choice::One(best), evidence, of_each))
            .collect();
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
                    (
                        mixed(1.0 - (1.0 - p) * (1.0 - q), first.log_factor),
                        mixed(q, first.log_factor),
                    )
                }
                None => (
                    mixed(p, second.log_factor),
                    unlisted(item, self.rates.closed(self.ballot), self.ballot),
                ),
            };
            evidence += with - without;
        }
        evidence
    }
}

/// Log-evidence that none of the candidates is right, by how many new fragments the right set has.
fn of_none(ballot: &Ballot, rates: &Rates) -> Vec<f64> {
    let compounds = ballot.compounds_in(0..ballot.candidates.len());
    let mut listed = 0.0;
    let mut free = Vec::new();
    for item in &ballot.items {
        match chance(item, ballot, compounds, rates) {
            Some(q) => listed += mixed(q, item.log_factor),
            None => free.push(item),
        }
    }
    let of_kind = |expected: f64| {
        -expected + free.iter().map(|item| unlisted(item, expected, ballot)).sum::<f64>()
    };
    let open = (0..ballot.candidates.len()).any(|c| ballot.is_open(c));
    let numbers = if open { any_number(ballot) } else { rates.open(ballot) };
    numbers.into_iter().map(|expected| listed + of_kind(expected)).collect()
}

/// Probabilities of the numbers of new fragments ([`Rates::of_kind`]) if none of the candidates is
/// right.
pub(crate) fn none_by_kind(ballot: &Ballot, rates: &Rates) -> Vec<f64> {
    let by_kind = of_none(ballot, rates);
    let total = log_sum(by_kind.iter().copied());
    by_kind.into_iter().map(|one| (one - total).exp()).collect()
}

/// Log-evidence of each of `sets` if `expected` fragments beside its own are expected.
fn of_each(ballot: &Ballot, rates: &Rates, sets: &Range<usize>, expected: f64) -> Vec<f64> {
    let mut base = -expected;
    let mut of_each = vec![0.0; sets.len()];
    for item in &ballot.items {
        let not = unlisted(item, expected, ballot);
        base += not;
        for l in item.listings.iter().filter(|l| sets.contains(&l.candidate)) {
            of_each[l.candidate - sets.start] +=
                mixed(rates.present(l.presence), l.log_factor) - not;
        }
    }
    of_each.iter_mut().for_each(|one| *one += base);
    of_each
}

/// How many fragments a precursor may have that nobody lists, where any is allowed: 1, 2, 4, … up
/// to the number of places.
fn any_number(ballot: &Ballot) -> Vec<f64> {
    (0..).map(|i| f64::from(1 << i)).take_while(|n| *n <= ballot.places.max(1) as f64).collect()
}

/// Logarithm of the mean of exponentials.
fn log_mean(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    log_sum(terms.clone()) - (terms.count() as f64).ln()
}

/// `log(1 − q + q B)`.
fn mixed(q: f64, log_factor: f64) -> f64 {
    log_sum([(1.0 - q).ln(), q.ln() + log_factor].into_iter())
}

/// The same for a row that is not listed. `expected` fragments are expected in all places together;
/// their absence (`−expected`) is counted once for all.
fn unlisted(item: &Item, expected: f64, ballot: &Ballot) -> f64 {
    if !item.has_row {
        return 0.0;
    }
    log_sum([0.0, ballot.at_place(item, expected).ln() + item.log_factor].into_iter())
}

/// Probability that a further set has a listed item; `None` where none of the candidates lists it.
fn chance(item: &Item, ballot: &Ballot, compounds: usize, rates: &Rates) -> Option<f64> {
    let by_candidates = item.listings.iter().filter(|l| l.candidate < ballot.candidates.len());
    let presence = by_candidates.map(|l| l.presence).max()?;
    let n = item.listers;
    let listed_again = (n - 1.0).max(0.0) + 2.0 * rates.overlap * n.min(1.0);
    Some(
        rates.present(presence)
            * if item.common { 1.0 } else { listed_again / (compounds as f64 + 1.0) },
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use std::borrow::Cow;

    use cofactor_core::{CandidateSet, Presence};

    use super::super::ballot::Listing;
    use super::super::draw::count_listers;
    use super::*;

    pub(crate) fn set(name: &str) -> CandidateSet {
        CandidateSet {
            name: name.into(),
            rule_id: "p/r".into(),
            compound: None,
            fragments: Vec::new(),
            open_up_to: None,
        }
    }

    /// An item that `by` list, expected and visible, with the logarithm of its Bayes factor;
    /// without a row where that is `None`.
    pub(crate) fn item(by: &[usize], log_factor: Option<f64>) -> Item {
        let log_factor_of_absent = (0.02_f64).ln();
        let value = log_factor.unwrap_or(log_factor_of_absent);
        let listing = |&candidate: &usize| Listing {
            candidate,
            presence: Presence::Expected,
            log_factor: value,
            visible: 0.98,
        };
        Item {
            has_row: log_factor.is_some(),
            log_factor: value,
            common: false,
            listings: by.iter().map(listing).collect(),
            listers: 0.0,
        }
    }

    pub(crate) fn ballot(candidates: usize, items: Vec<Item>) -> Ballot<'static> {
        let compounds: Vec<usize> = (0..candidates).collect();
        of_compounds(compounds, items)
    }

    fn of_compounds(compounds: Vec<usize>, mut items: Vec<Item>) -> Ballot<'static> {
        let candidates = compounds.len();
        count_listers(&mut items, &compounds);
        let sets: Vec<CandidateSet> = (0..candidates).map(|c| set(&c.to_string())).collect();
        Ballot {
            candidates: Cow::Owned(sets),
            decoys: Vec::new(),
            items,
            compounds,
            places: 20,
            visible: 0.98,
        }
    }

    fn weighed(ballot: &Ballot) -> Vec<Weighed> {
        let all = weigh(ballot, &Rates::USUAL);
        let sum: f64 = all.iter().map(|w| w.posterior).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        for w in &all {
            assert!(
                (w.log_odds - (w.posterior / (1.0 - w.posterior)).ln()).abs() < 1e-3
                    || w.posterior > 1.0 - 1e-9
            );
        }
        all
    }

    const CLEAR: Option<f64> = Some(20.0);

    #[test]
    fn the_candidate_that_explains_what_is_there_wins() {
        let items = vec![
            item(&[0], CLEAR),
            item(&[0], CLEAR),
            item(&[0, 1], CLEAR),
            item(&[0], None),
            item(&[1], None),
            item(&[1], None),
        ];
        let all = weighed(&ballot(2, items));
        assert_eq!(all[0].choice, Choice::One(0));
        assert!(all[0].posterior > 0.95, "{all:?}");
    }

    #[test]
    fn none_wins_where_much_is_there_that_nobody_lists() {
        let items = vec![
            item(&[0], CLEAR),
            item(&[0], None),
            item(&[0], None),
            item(&[1], None),
            item(&[1], None),
            item(&[], CLEAR),
            item(&[], CLEAR),
            item(&[], CLEAR),
        ];
        let all = weighed(&ballot(2, items));
        assert_eq!(all[0].choice, Choice::None);
        assert!(all[0].posterior > 0.9, "{all:?}");
    }

    #[test]
    fn two_candidates_at_once_are_noticed() {
        let of = |c: usize| (0..4).map(move |_| item(&[c], CLEAR));
        let all = weighed(&ballot(3, of(0).chain(of(2)).chain([item(&[1], None)]).collect()));
        assert_eq!(all[0].choice, Choice::Two(0, 2));
        assert!(all[0].posterior > 0.9, "{all:?}");
    }

    #[test]
    fn without_evidence_the_prior_stays() {
        let nothing = |by: &[usize]| Item { log_factor: 0.0, ..item(by, Some(0.0)) };
        let mut one = ballot(2, vec![nothing(&[0]), nothing(&[1])]);
        (one.visible, one.places) = (0.0, 1);
        one.items.iter_mut().flat_map(|item| &mut item.listings).for_each(|l| l.visible = 0.0);
        for w in weighed(&one) {
            let prior = match w.choice {
                Choice::One(_) => 0.5 * (1.0 - Rates::USUAL.none - Rates::USUAL.two),
                Choice::Two(..) => Rates::USUAL.two,
                Choice::None => Rates::USUAL.none,
            };
            assert!((w.posterior - prior).abs() < 1e-9, "{w:?}");
        }
    }

    #[test]
    fn an_open_candidate_leaves_nothing_for_none() {
        let listed = [item(&[0], CLEAR), item(&[0], None)];
        let mut one =
            ballot(2, listed.into_iter().chain((0..5).map(|_| item(&[], CLEAR))).collect());
        one.candidates.to_mut()[1].open_up_to = Some(500.0);
        let all = weighed(&one);
        assert!(all.iter().all(|w| w.choice != Choice::None));
        assert_eq!(all[0].choice, Choice::One(1));
    }

    #[test]
    fn spectra_of_one_compound_do_not_take_from_each_other() {
        let items = || {
            vec![item(&[0, 1], CLEAR), item(&[0, 1], CLEAR), item(&[0, 1], CLEAR), item(&[2], None)]
        };
        let apart = weighed(&ballot(3, items()));
        let together = weighed(&of_compounds(vec![0, 0, 1], items()));
        assert!(apart[0].posterior < 0.5 && together[0].posterior > 0.85, "{apart:?} {together:?}");
        assert!(together.iter().filter(|w| matches!(w.choice, Choice::One(_))).count() == 2);
    }
}
