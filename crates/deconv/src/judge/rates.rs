//! How rules and data agree in a run: rates that all ballots have in common, learnt from them.
//!
//! How often a listed fragment is there, how many fragments that no candidate lists a precursor has, how often all listed
//! candidates are wrong: rule files cannot know this of a run. Each rate starts from what is usual, with a weight as if it had
//! been seen so many times, and is fitted to all ballots by expectation-maximisation (Dempster, Laird & Rubin 1977).

use cofactor_core::{Presence, RuleRates};

use super::ballot::{Ballot, Item};
use super::hypotheses::{Choice, Weighed, weigh};

/// Rounds of the fit.
const ROUNDS: usize = 30;
/// Weight of the starting values: as many fragments, or precursors, as these.
const FRAGMENTS: f64 = 20.0;
const PRECURSORS: f64 = 4.0;
/// Choices with less than this probability are left out of the fit.
const NEGLIGIBLE: f64 = 1e-3;
/// Share of the fragments of one candidate that another one lists too, where nothing is known, and its limits.
const USUAL_OVERLAP: f64 = 0.2;
const OVERLAPS: (f64, f64) = (0.02, 0.9);

/// What a run's ballots have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates {
    /// Probability that an optional, expected and required fragment of the right candidate is there.
    pub(crate) present: [f64; 3],
    /// Fragments of a precursor that its right candidate does not list, on average.
    pub(crate) unlisted: f64,
    /// Such fragments of a precursor none of whose candidates is right, on average.
    pub(crate) fresh: f64,
    /// Probability that none of the listed candidates is right.
    pub(crate) none: f64,
    /// Probability that two of them are, in ions that elute as one.
    pub(crate) two: f64,
    /// Share of the fragments of one candidate that another candidate of the precursor lists too.
    pub(crate) overlap: f64,
}

impl Rates {
    pub(crate) const USUAL: Self =
        Self { present: [0.5, 0.75, 0.95], unlisted: 0.5, fresh: 3.0, none: 0.3, two: 0.02, overlap: USUAL_OVERLAP };

    /// Probability that a fragment of the right candidate is there.
    pub(crate) fn present(&self, presence: Presence) -> f64 {
        self.present[class(presence)]
    }

    /// For the result.
    pub(crate) fn record(&self, precursors: usize) -> RuleRates {
        let [optional, expected, required] = self.present;
        let Self { unlisted, fresh, none, two, overlap, .. } = *self;
        RuleRates { optional, expected, required, unlisted, fresh, none, two, overlap, precursors }
    }
}

fn class(presence: Presence) -> usize {
    match presence {
        Presence::Optional => 0,
        Presence::Expected => 1,
        Presence::Required => 2,
    }
}

/// Rates that fit the ballots of a run.
pub(crate) fn learn(ballots: &[&Ballot]) -> Rates {
    let overlap = overlap(ballots);
    let usual = Rates { fresh: fresh(ballots, overlap), overlap, ..Rates::USUAL };
    let mut rates = usual;
    for _ in 0..ROUNDS {
        let mut counts = Counts::default();
        for ballot in ballots {
            counts.add(ballot, &weigh(ballot, &rates), &rates);
        }
        rates = counts.rates(&usual);
    }
    rates
}

/// Expected counts.
#[derive(Debug, Default)]
struct Counts {
    found: [f64; 3],
    tried: [f64; 3],
    unlisted: f64,
    fresh: f64,
    single: f64,
    none: f64,
    two: f64,
}

impl Counts {
    fn add(&mut self, ballot: &Ballot, weighed: &[Weighed], rates: &Rates) {
        for w in weighed.iter().filter(|w| w.posterior > NEGLIGIBLE) {
            match w.choice {
                Choice::None => {
                    self.none += w.posterior;
                    self.fresh += w.posterior
                        * unlisted(ballot, rates.fresh, |item| {
                            item.listings.iter().all(|l| l.candidate >= ballot.candidates.len())
                        });
                }
                Choice::Two(..) => self.two += w.posterior,
                Choice::One(candidate) => {
                    self.single += w.posterior;
                    self.add_fragments(ballot, candidate, w.posterior, rates);
                }
            }
        }
    }

    fn add_fragments(&mut self, ballot: &Ballot, candidate: usize, posterior: f64, rates: &Rates) {
        let of_candidate = |item: &Item| item.listings.iter().copied().find(|l| l.candidate == candidate);
        for listing in ballot.items.iter().filter_map(of_candidate) {
            let class = class(listing.presence);
            let p = rates.present[class];
            self.tried[class] += posterior;
            self.found[class] += posterior * share(p, 1.0 - p, listing.log_factor);
        }
        self.unlisted += posterior * unlisted(ballot, rates.unlisted, |item| of_candidate(item).is_none());
    }

    fn rates(&self, usual: &Rates) -> Rates {
        let precursors = self.single + self.none + self.two + PRECURSORS;
        Rates {
            present: std::array::from_fn(|i| {
                (self.found[i] + FRAGMENTS * usual.present[i]) / (self.tried[i] + FRAGMENTS)
            }),
            unlisted: (self.unlisted + PRECURSORS * usual.unlisted) / (self.single + PRECURSORS),
            fresh: (self.fresh + PRECURSORS * usual.fresh) / (self.none + PRECURSORS),
            none: (self.none + PRECURSORS * usual.none) / precursors,
            two: (self.two + PRECURSORS * usual.two) / precursors,
            overlap: usual.overlap,
        }
    }
}

/// Expected number of fragments in rows that no candidate lists, and in those listed ones that `counts`.
fn unlisted(ballot: &Ballot, rate: f64, counts: impl Fn(&Item) -> bool) -> f64 {
    let per_place = rate / ballot.places.max(1) as f64;
    let rows = ballot.items.iter().filter(|item| item.has_row && counts(item));
    rows.map(|item| share(per_place, 1.0, item.log_factor)).sum()
}

/// Fragments that a further set has and nobody lists, on average: items with a single lister, for each candidate (Good 1953), as far as they
/// are there.
fn fresh(ballots: &[&Ballot], overlap: f64) -> f64 {
    let of_ballot = |ballot: &&Ballot| {
        let listers = |item: &Item| item.listings.iter().filter(|l| l.candidate < ballot.candidates.len()).count();
        let single = ballot.items.iter().filter(|item| !item.common && listers(item) == 1).count();
        single as f64 / ballot.candidates.len() as f64
    };
    let present = Rates::USUAL.present[1] * (1.0 - overlap);
    let sum: f64 = ballots.iter().map(of_ballot).sum();
    if ballots.is_empty() { Rates::USUAL.fresh } else { present * sum / ballots.len() as f64 }
}

/// `p B / (p B + q)` for the logarithm of B.
fn share(p: f64, q: f64, log_factor: f64) -> f64 {
    1.0 / (1.0 + q / p * (-log_factor).exp())
}

/// Mean share of the fragments of a candidate that another one of the same precursor lists; those of common rules do not count.
fn overlap(ballots: &[&Ballot]) -> f64 {
    let (mut shared, mut pairs) = (0.0, 0.0);
    for ballot in ballots.iter().filter(|b| b.candidates.len() > 1) {
        let candidates = ballot.candidates.len();
        for item in ballot.items.iter().filter(|item| !item.common) {
            let n = item.listings.iter().filter(|l| l.candidate < candidates).count() as f64;
            shared += n * (n - 1.0);
            pairs += n * (candidates as f64 - 1.0);
        }
    }
    ((shared + FRAGMENTS * USUAL_OVERLAP) / (pairs + FRAGMENTS)).clamp(OVERLAPS.0, OVERLAPS.1)
}
