//! The rates of a run, learnt from all its ballots by expectation-maximisation (Dempster, Laird &
//! Rubin 1977).

use super::ballot::{Ballot, Item};
use super::hypotheses::{Choice, Weighed, none_by_kind, weigh};
use super::rates::{Rates, USUAL_OVERLAP, class};

/// Rounds of the fit.
const ROUNDS: usize = 30;
/// Weight of the starting values: as many fragments, or precursors, as these.
const FRAGMENTS: f64 = 20.0;
const PRECURSORS: f64 = 4.0;
/// … of the share of precursors none of whose candidates is right.
const SHARES: f64 = 20.0;
/// Choices with less than this probability are left out of the fit.
const NEGLIGIBLE: f64 = 1e-3;
/// Limits of the share of the fragments of one candidate that another one lists too.
const OVERLAPS: (f64, f64) = (0.02, 0.9);

/// Rates that fit the ballots of a run.
pub(crate) fn learn(ballots: &[&Ballot]) -> Rates {
    let usual = Rates { overlap: overlap(ballots), ..Rates::USUAL };
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
    /// Precursors of whose fragments one would be seen.
    seen_single: f64,
    /// Fragments that nobody lists, as the candidates make one expect.
    expected_fresh: f64,
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
                    let free = |item: &Item| {
                        item.listings.iter().all(|l| l.candidate >= ballot.candidates.len())
                    };
                    // Where a candidate is open, nothing is learnt of how many there are.
                    let open = (0..ballot.candidates.len()).any(|c| ballot.is_open(c));
                    let kinds = if open { Vec::new() } else { rates.of_kind(ballot) };
                    for (alone, of_set) in kinds.into_iter().zip(none_by_kind(ballot, rates)) {
                        self.expected_fresh += w.posterior * of_set * alone;
                        let expected = rates.closed(ballot) + rates.fresh * alone;
                        self.fresh += w.posterior * of_set * unlisted(ballot, expected, free);
                    }
                }
                Choice::Two(..) => self.two += w.posterior,
                Choice::One(candidate) => {
                    self.single += w.posterior;
                    self.seen_single += w.posterior * ballot.visible;
                    self.add_fragments(ballot, candidate, w.posterior, rates);
                }
            }
        }
    }

    fn add_fragments(&mut self, ballot: &Ballot, candidate: usize, posterior: f64, rates: &Rates) {
        let of_candidate =
            |item: &Item| item.listings.iter().copied().find(|l| l.candidate == candidate);
        for listing in ballot.items.iter().filter_map(of_candidate) {
            let class = class(listing.presence);
            let p = rates.present[class];
            self.tried[class] += posterior;
            self.found[class] += posterior * share(p, 1.0 - p, listing.log_factor);
        }
        let free = |item: &Item| of_candidate(item).is_none();
        self.unlisted += posterior * unlisted(ballot, rates.closed(ballot), free);
    }

    fn rates(&self, usual: &Rates) -> Rates {
        let precursors = self.single + self.none + self.two;
        Rates {
            present: std::array::from_fn(|i| {
                (self.found[i] + FRAGMENTS * usual.present[i]) / (self.tried[i] + FRAGMENTS)
            }),
            unlisted: (self.unlisted + PRECURSORS * usual.unlisted)
                / (self.seen_single + PRECURSORS),
            fresh: (self.fresh + PRECURSORS * usual.fresh) / (self.expected_fresh + PRECURSORS),
            none: (self.none + SHARES * usual.none) / (precursors + SHARES),
            two: (self.two + PRECURSORS * usual.two) / (precursors + PRECURSORS),
            overlap: usual.overlap,
        }
    }
}

/// Expected number of fragments in the rows that `counts`, of which there are `expected` beforehand
/// in all places together.
fn unlisted(ballot: &Ballot, expected: f64, counts: impl Fn(&Item) -> bool) -> f64 {
    let rows = ballot.items.iter().filter(|item| item.has_row && counts(item));
    rows.map(|item| share(ballot.at_place(item, expected), 1.0, item.log_factor)).sum()
}

/// `p B / (p B + q)` for the logarithm of B.
fn share(p: f64, q: f64, log_factor: f64) -> f64 {
    1.0 / (1.0 + q / p * (-log_factor).exp())
}

/// Mean share of the fragments of a candidate that another compound's lists too; those of common
/// rules do not count.
fn overlap(ballots: &[&Ballot]) -> f64 {
    let (mut shared, mut pairs) = (0.0, 0.0);
    for ballot in ballots {
        let others = ballot.compounds_in(0..ballot.candidates.len()) as f64 - 1.0;
        for item in ballot.items.iter().filter(|item| !item.common) {
            let n = item.listers;
            shared += n * (n - 1.0).max(0.0);
            pairs += n * others;
        }
    }
    ((shared + FRAGMENTS * USUAL_OVERLAP) / (pairs + FRAGMENTS)).clamp(OVERLAPS.0, OVERLAPS.1)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::hypotheses::tests::{ballot, item};
    use super::*;

    const PRESENT: f64 = 0.62;
    const NONE: f64 = 0.25;
    const CANDIDATES: usize = 6;

    /// A ballot and its truth. A set takes each of 15 fragments with probability 0.3, and 5 of its
    /// own; fragments of the right set are there with probability [`PRESENT`]. A quarter of the
    /// right sets are not listed.
    fn draw(rng: &mut ChaCha8Rng) -> (Ballot<'static>, Choice) {
        let none = rng.random_bool(NONE);
        let right = if none { CANDIDATES } else { rng.random_range(0..CANDIDATES) };
        let mut items = Vec::new();
        let mut add = |by: Vec<usize>, rng: &mut ChaCha8Rng| {
            let there = by.contains(&right) && rng.random_bool(PRESENT);
            let by: Vec<usize> = by.into_iter().filter(|c| *c < CANDIDATES).collect();
            if there || !by.is_empty() {
                items.push(item(&by, there.then(|| rng.random_range(6.0..60.0))));
            }
        };
        for _ in 0..15 {
            let by = (0..=CANDIDATES).filter(|_| rng.random_bool(0.3)).collect();
            add(by, rng);
        }
        for c in 0..=CANDIDATES {
            (0..5).for_each(|_| add(vec![c], rng));
        }
        (ballot(CANDIDATES, items), if none { Choice::None } else { Choice::One(right) })
    }

    #[test]
    fn rates_are_found_and_posteriors_hold() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let drawn: Vec<(Ballot, Choice)> = (0..400).map(|_| draw(&mut rng)).collect();
        let ballots: Vec<&Ballot> = drawn.iter().map(|d| &d.0).collect();
        let rates = learn(&ballots);
        assert!((rates.present[1] - PRESENT).abs() < 0.03, "{rates:?}");
        assert!((rates.none - NONE).abs() < 0.06, "{rates:?}");
        assert_eq!(rates.present[0], Rates::USUAL.present[0], "nothing optional was seen");
        let best: Vec<(f64, bool)> = drawn
            .iter()
            .map(|(ballot, right)| {
                let best = weigh(ballot, &rates)[0];
                (best.posterior, best.choice == *right)
            })
            .collect();
        let share = |of: &[(f64, bool)]| of.iter().filter(|b| b.1).count() as f64 / of.len() as f64;
        let mean = |of: &[(f64, bool)]| of.iter().map(|b| b.0).sum::<f64>() / of.len() as f64;
        assert!(share(&best) > 0.9, "{}", share(&best));
        let (sure, unsure): (Vec<_>, Vec<_>) = best.into_iter().partition(|b| b.0 > 0.9);
        for part in [&sure, &unsure] {
            let error = (share(part) - mean(part)).abs();
            assert!(
                error < 0.04 + 1.5 / (part.len() as f64).sqrt(),
                "{} {} of {}",
                share(part),
                mean(part),
                part.len()
            );
        }
    }

    #[test]
    fn without_ballots_the_usual_rates_stay() {
        assert_eq!(learn(&[]), Rates { overlap: USUAL_OVERLAP, ..Rates::USUAL });
    }
}
