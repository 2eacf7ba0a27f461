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
//! - **A recorded spectrum** is of some energy, at which more or fewer fragments are seen than
//!   here: the evidence is the mean over how complete its list is.
//! - **None of them**: a further set of the same kind as those that are listed. That an item
//!   belongs to it is estimated from how many of the C compounds list it, `(n − 1 + 2o) / (C + 1)`,
//!   with the overlap o of candidates in the run as prior, or it has a share of the fragments of
//!   one or two candidates ([`kin`]); and it has as many new fragments as a candidate has that no
//!   other lists (Good 1953), or as the run shows.
//! - **An open candidate**: rows that it does not list are its own at any rate.
//! - **Two candidates at once**, in ions that elute as one: an item is there if either has it, and
//!   each record is as complete as its own energy makes it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ballot::Ballot;
use super::evidence::{Expecting, any_number, log_mean, none_right, unlisted};
use super::factor::log_sum;
use super::pairs;
use super::rates::Rates;

/// An explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One candidate; of several that are of one compound the best.
    One(usize),
    /// Two candidates at once.
    Two(usize, usize),
    /// None of them.
    None,
}

/// An explanation with what it is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighed {
    /// The explanation.
    pub choice: Choice,
    /// Logarithm of the evidence.
    pub log_evidence: f64,
    /// Probability among all explanations.
    pub posterior: f64,
    /// Logarithm of its odds against all others.
    pub log_odds: f64,
}

/// An explanation with logarithms of its evidence and prior.
struct Priced {
    choice: Choice,
    log_evidence: f64,
    log_prior: f64,
}

/// A compound among the candidates.
#[derive(Clone, Copy)]
struct Compound {
    /// The best of its sets.
    best: usize,
    /// Logarithm of the mean evidence of its sets.
    log_evidence: f64,
    /// By how much that of the best exceeds it.
    lead: f64,
}

/// All explanations by the candidates of a ballot, most probable first. "None" is not among them
/// where a candidate allows anything and lists nothing, as it is the same.
pub fn weigh(ballot: &Ballot, rates: &Rates) -> Vec<Weighed> {
    let candidates = 0..ballot.candidates.len();
    let evidence = Evidence::new(ballot, rates, candidates.clone());
    let mut compounds = evidence.compounds(candidates);
    let pairs = (compounds.len() * compounds.len().saturating_sub(1) / 2) as f64;
    let two = if ballot.paired > 1 { rates.two } else { 0.0 };
    let mut priced = evidence.singles(&compounds, 1.0 - rates.none - two);
    compounds.sort_by(|a, b| b.log_evidence.total_cmp(&a.log_evidence).then(a.best.cmp(&b.best)));
    compounds.truncate(ballot.paired);
    let log_prior = (two / pairs).ln();
    for (position, a) in compounds.iter().enumerate() {
        for b in &compounds[..position] {
            let log_evidence = evidence.pair(a, b);
            let choice = Choice::Two(a.best.min(b.best), a.best.max(b.best));
            priced.push(Priced { choice, log_evidence, log_prior });
        }
    }
    normalised(&priced)
}

/// The explanations by a round of decoys in the place of the candidates.
pub(crate) fn weigh_decoys(ballot: &Ballot, rates: &Rates, round: Range<usize>) -> Vec<Weighed> {
    let evidence = Evidence::new(ballot, rates, round.clone());
    normalised(&evidence.singles(&evidence.compounds(round), 1.0 - rates.none))
}

fn normalised(priced: &[Priced]) -> Vec<Weighed> {
    let joint: Vec<f64> = priced.iter().map(|p| p.log_evidence + p.log_prior).collect();
    let total = log_sum(joint.iter().copied());
    let mut weighed: Vec<Weighed> = Vec::with_capacity(priced.len());
    for (i, &Priced { choice, log_evidence, .. }) in priced.iter().enumerate() {
        let rivals = log_sum(joint.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| *x));
        weighed.push(Weighed {
            choice,
            log_evidence,
            posterior: (joint[i] - total).exp(),
            log_odds: joint[i] - rivals,
        });
    }
    weighed.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds));
    weighed
}

/// The evidence of some candidates or decoys of a ballot, and of none of them.
struct Evidence<'a> {
    ballot: &'a Ballot<'a>,
    rates: &'a Rates,
    /// Number of the first set.
    first: usize,
    /// By how many fragments that are not listed are expected, where none of the sets that are
    /// meant is open …
    closed: Vec<Expecting>,
    /// … and where one is.
    open: Vec<Expecting>,
    none: Option<f64>,
}

impl<'a> Evidence<'a> {
    /// Of the candidates in `sets`, and none of them.
    fn new(ballot: &'a Ballot<'a>, rates: &'a Rates, sets: Range<usize>) -> Self {
        let expecting = |numbers: Vec<f64>| -> Vec<Expecting> {
            numbers.iter().map(|&n| Expecting::new(ballot, rates, &sets, n)).collect()
        };
        let is_open = |c: usize| ballot.is_open(c);
        let (closed, open) = (!sets.clone().all(is_open), sets.clone().any(is_open));
        let none =
            (!ballot.allows_anything()).then(|| log_mean(none_right(ballot, rates).into_iter()));
        Self {
            ballot,
            rates,
            first: sets.start,
            closed: expecting(if closed { vec![rates.closed(ballot)] } else { Vec::new() }),
            open: expecting(if open { any_number(ballot) } else { Vec::new() }),
            none,
        }
    }

    /// By how many unlisted fragments there may be beside `sets`.
    fn expecting(&self, sets: &[usize]) -> &[Expecting] {
        let open = sets.iter().any(|&c| self.ballot.is_open(c));
        if open { &self.open } else { &self.closed }
    }

    /// Of a set.
    fn single(&self, set: usize) -> f64 {
        let of_number = |e: &Expecting| e.base + log_sum(e.gains[set - self.first].iter().copied());
        log_mean(self.expecting(&[set]).iter().map(of_number))
    }

    /// The compounds of `sets`.
    fn compounds(&self, sets: Range<usize>) -> Vec<Compound> {
        let mut by_compound: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for c in sets {
            by_compound.entry(self.ballot.compounds[c]).or_default().push(c);
        }
        by_compound.into_values().filter_map(|sets| self.compound(sets)).collect()
    }

    fn compound(&self, mut sets: Vec<usize>) -> Option<Compound> {
        // A spectrum of the intact precursor alone says nothing where others of the compound say
        // something.
        if sets.len() > 1 && sets.iter().any(|&c| self.ballot.says_something(c)) {
            sets.retain(|&c| self.ballot.says_something(c));
        }
        let by_set: Vec<f64> = sets.iter().map(|&c| self.single(c)).collect();
        let log_evidence = log_mean(by_set.iter().copied());
        let better = |a: usize, b: usize| if by_set[b] > by_set[a] { b } else { a };
        let best = (0..sets.len()).reduce(better)?;
        Some(Compound { best: sets[best], log_evidence, lead: by_set[best] - log_evidence })
    }

    /// Each of the compounds, which share `prior`, and none of them.
    fn singles(&self, compounds: &[Compound], prior: f64) -> Vec<Priced> {
        let log_prior = (prior / compounds.len() as f64).ln();
        let single = |&Compound { best, log_evidence, .. }: &Compound| Priced {
            choice: Choice::One(best),
            log_evidence,
            log_prior,
        };
        let none = self.none.map(|log_evidence| Priced {
            choice: Choice::None,
            log_evidence,
            log_prior: self.rates.none.ln(),
        });
        compounds.iter().map(single).chain(none).collect()
    }

    /// Two compounds at once, by the best set of each.
    fn pair(&self, a: &Compound, b: &Compound) -> f64 {
        let sets = [a.best, b.best];
        let shared = pairs::shared(self.ballot, sets);
        let beside = pairs::in_place_of_each(&shared, self.rates);
        let of_number = |e: &Expecting| {
            let gains = sets.map(|set| &e.gains[set - self.first]);
            let again = shared.iter().map(|s| unlisted(s.item, e.expected, self.ballot));
            e.base + again.sum::<f64>() + pairs::sum(gains, &beside)
        };
        log_mean(self.expecting(&sets).iter().map(of_number)) - a.lead - b.lead
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::borrow::Cow;

    use cofactor_core::{CandidateSet, Fragment, Presence};

    use super::super::ballot::{Item, Listing, count_listers};
    use super::super::kin;
    use super::*;
    use crate::tuning::{KIN, KIN_SHARES, PAIRED};

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
        let value = log_factor.unwrap_or((0.02_f64).ln());
        let listing = |&candidate: &usize| Listing {
            candidate,
            presence: Presence::Expected,
            log_factor: value,
            visible: 0.98,
        };
        Item {
            has_row: log_factor.is_some(),
            may_be_unlisted: log_factor.is_some(),
            log_factor: value,
            common: false,
            listings: by.iter().map(listing).collect(),
            listers: 0.0,
        }
    }

    pub(crate) fn ballot(candidates: usize, items: Vec<Item>) -> Ballot<'static> {
        let compounds: Vec<usize> = (0..candidates).collect();
        ballot_of_compounds(compounds, items)
    }

    fn ballot_of_compounds(compounds: Vec<usize>, mut items: Vec<Item>) -> Ballot<'static> {
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
            paired: PAIRED,
        }
    }

    fn weighed(ballot: &Ballot) -> Vec<Weighed> {
        let weighed = weigh(ballot, &Rates::START);
        let sum: f64 = weighed.iter().map(|w| w.posterior).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        for w in &weighed {
            assert!(
                (w.log_odds - (w.posterior / (1.0 - w.posterior)).ln()).abs() < 1e-3
                    || w.posterior > 1.0 - 1e-9
            );
        }
        weighed
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
        let found = weighed(&ballot(2, items));
        assert_eq!(found[0].choice, Choice::One(0));
        assert!(found[0].posterior > 0.95, "{found:?}");
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
        let found = weighed(&ballot(2, items));
        assert_eq!(found[0].choice, Choice::None);
        assert!(found[0].posterior > 0.9, "{found:?}");
    }

    #[test]
    fn two_candidates_at_once_are_noticed() {
        let four = |c: usize| (0..4).map(move |_| item(&[c], CLEAR));
        let items = four(0).chain(four(2)).chain([item(&[1], None)]).collect();
        let found = weighed(&ballot(3, items));
        assert_eq!(found[0].choice, Choice::Two(0, 2));
        assert!(found[0].posterior > 0.9, "{found:?}");
    }

    /// With heights that are known, as of library records, beside which any fragment is allowed.
    fn recorded(mut ballot: Ballot<'static>, open: bool) -> Ballot<'static> {
        for set in ballot.candidates.to_mut() {
            set.fragments.push(Fragment {
                mz: 100.0,
                charge: 1,
                label: String::new(),
                formula: None,
                presence: Presence::Expected,
                relative_intensity: Some(1.0),
                rule_id: String::new(),
            });
            set.open_up_to = open.then_some(500.0);
        }
        ballot
    }

    #[test]
    fn two_candidates_are_worth_the_mean_over_how_complete_each_is() {
        let listed: [(&[usize], Option<f64>); 6] = [
            (&[0], Some(3.0)),
            (&[0, 1], Some(2.0)),
            (&[1], None),
            (&[0, 1], None),
            (&[0], None),
            (&[], Some(4.0)),
        ];
        let items: Vec<Item> = listed.iter().map(|(by, factor)| item(by, *factor)).collect();
        let rates = Rates::START;
        for (open, numbers) in [
            (true, vec![1.0, 2.0, 4.0, 8.0, 16.0]),
            (false, vec![rates.closed(&ballot(2, vec![]))]),
        ] {
            let ballot = recorded(ballot(2, items.clone()), open);
            let evidence = |expected: f64, levels: [usize; 2]| -> f64 {
                let of_item = |(by, factor): &(&[usize], Option<f64>)| {
                    let absent = |l: &usize| 1.0 - rates.present_at(Presence::Expected, levels[*l]);
                    let q = 1.0 - by.iter().map(absent).product::<f64>();
                    match factor {
                        Some(factor) if by.is_empty() => 1.0 + expected / 20.0 * factor.exp(),
                        factor => 1.0 - q + q * factor.map_or(0.02, f64::exp),
                    }
                };
                (-expected).exp() * listed.iter().map(of_item).product::<f64>()
            };
            let mut mean = 0.0;
            for (expected, i, j) in numbers
                .iter()
                .flat_map(|n| (0..4).flat_map(move |i| (0..4).map(move |j| (*n, i, j))))
            {
                let weight = rates.completeness[i] * rates.completeness[j] / numbers.len() as f64;
                mean += weight * evidence(expected, [i, j]);
            }
            let found = weigh(&ballot, &rates);
            let two = found.iter().find(|w| w.choice == Choice::Two(0, 1)).unwrap();
            assert!(
                (two.log_evidence - mean.ln()).abs() < 1e-9,
                "{} {}",
                two.log_evidence,
                mean.ln()
            );
        }
    }

    #[test]
    fn a_record_of_which_nothing_is_there_adds_nothing_to_the_right_one() {
        let right = (0..12).map(|_| item(&[1], CLEAR));
        let unlisted = (0..8).map(|_| item(&[], CLEAR));
        let items = right.chain(unlisted).chain([item(&[0], None), item(&[0], None)]).collect();
        let found = weigh(&recorded(ballot(2, items), true), &Rates::START);
        assert_eq!(found[0].choice, Choice::One(1));
        assert!(found[0].posterior > 0.95, "{found:?}");
    }

    #[test]
    fn without_evidence_the_prior_stays() {
        let nothing = |by: &[usize]| Item { log_factor: 0.0, ..item(by, Some(0.0)) };
        let mut silent = ballot(2, vec![nothing(&[0]), nothing(&[1])]);
        (silent.visible, silent.places) = (0.0, 1);
        silent.items.iter_mut().flat_map(|item| &mut item.listings).for_each(|l| l.visible = 0.0);
        for w in weighed(&silent) {
            let prior = match w.choice {
                Choice::One(_) => 0.5 * (1.0 - Rates::START.none - Rates::START.two),
                Choice::Two(..) => Rates::START.two,
                Choice::None => Rates::START.none,
            };
            assert!((w.posterior - prior).abs() < 1e-9, "{w:?}");
        }
    }

    #[test]
    fn an_open_candidate_leaves_nothing_for_none() {
        let listed = [item(&[0], CLEAR), item(&[0], None)];
        let mut open =
            ballot(2, listed.into_iter().chain((0..5).map(|_| item(&[], CLEAR))).collect());
        open.candidates.to_mut()[1].open_up_to = Some(500.0);
        let found = weighed(&open);
        assert!(found.iter().all(|w| w.choice != Choice::None));
        assert_eq!(found[0].choice, Choice::One(1));
    }

    #[test]
    fn spectra_of_one_compound_do_not_take_from_each_other() {
        let items = || {
            vec![item(&[0, 1], CLEAR), item(&[0, 1], CLEAR), item(&[0, 1], CLEAR), item(&[2], None)]
        };
        let apart = weighed(&ballot(3, items()));
        let together = weighed(&ballot_of_compounds(vec![0, 0, 1], items()));
        assert!(apart[0].posterior < 0.5 && together[0].posterior > 0.85, "{apart:?} {together:?}");
        assert!(together.iter().filter(|w| matches!(w.choice, Choice::One(_))).count() == 2);
    }

    #[test]
    fn kin_gains_the_mean_over_candidates_pairs_and_shares() {
        let listed: [(&[usize], Option<f64>); 5] =
            [(&[0], CLEAR), (&[0, 1], CLEAR), (&[1], None), (&[1, 2], CLEAR), (&[2], None)];
        let items = listed.iter().map(|(by, factor)| item(by, *factor)).collect();
        let (found, rates) = (kin::gain(&ballot(3, items), &Rates::START, 2), Rates::START);
        let chance = |by: &[usize]| (by.len() as f64 - 1.0 + 2.0 * rates.overlap) / 4.0;
        let evidence = |kin: &[usize], share: f64| -> f64 {
            let of_item = |(by, factor): &(&[usize], Option<f64>)| {
                let is_kin = kin.iter().any(|c| by.contains(c));
                let belongs = if is_kin { chance(by).max(share) } else { chance(by) };
                let q = rates.present[1] * belongs;
                1.0 - q + q * factor.map_or(0.02, f64::exp)
            };
            listed.iter().map(of_item).product()
        };
        let mean = |kin: &[&[usize]]| {
            let of_share = |share: f64| kin.iter().map(|kin| evidence(kin, share)).sum::<f64>();
            KIN_SHARES.map(of_share).iter().sum::<f64>() / (3 * kin.len()) as f64
        };
        let alone = mean(&[&[0], &[1], &[2]]);
        let pairs = mean(&[&[0, 1], &[0, 2], &[1, 2]]);
        let by_chance = evidence(&[], 0.0);
        let wanted = KIN[0] + (KIN[1] * alone + KIN[2] * pairs) / by_chance;
        assert!((found - wanted.ln()).abs() < 1e-9, "{found} {}", wanted.ln());
    }
}
