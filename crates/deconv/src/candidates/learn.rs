//! The rates of a run, learnt from all its ballots by expectation-maximisation (Dempster, Laird &
//! Rubin 1977).

use super::ballot::{Ballot, Item};
use super::evidence::{by_completeness, none_by_number};
use super::factor::log_sum;
use super::hypotheses::{Choice, Weighed, weigh};
use super::rates::{Rates, class};
use crate::tuning::{
    COMPLETENESS, LEARNING_ROUNDS, LEAST_OVERLAP, MOST_OVERLAP, NEGLIGIBLE, PRIOR_FRAGMENTS,
    PRIOR_NEW_FRAGMENTS, PRIOR_NONE, PRIOR_NOT_RECORDED, PRIOR_OVERLAP, PRIOR_PRECURSORS,
    PRIOR_PRECURSORS_OF_NONE,
};

/// Rates that fit the ballots of a run.
pub(crate) fn learn(ballots: &[&Ballot]) -> Rates {
    let is_of_spectra = |b: &&Ballot| (0..b.candidates.len()).any(|c| b.is_spectrum(c));
    let none = if ballots.iter().any(is_of_spectra) { PRIOR_NOT_RECORDED } else { PRIOR_NONE };
    let start = Rates { overlap: overlap(ballots), none, ..Rates::START };
    let at_start: Vec<Vec<Weighed>> = ballots.iter().map(|ballot| weigh(ballot, &start)).collect();
    let mut rates = start;
    for _ in 0..LEARNING_ROUNDS {
        let mut counts = Counts::default();
        for (ballot, at_start) in ballots.iter().zip(&at_start) {
            counts.add(ballot, &weigh(ballot, &rates), at_start, &rates);
        }
        rates = counts.rates(&start);
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
    /// Precursors of which a recorded spectrum is right, and how complete that is.
    spectra: f64,
    completeness: [f64; COMPLETENESS.len()],
}

impl Counts {
    /// Adds a precursor. A candidate teaches what right ones show by no more than it was worth
    /// `at_start`: in a run where most candidates are wrong, rates could fit these as well.
    fn add(&mut self, ballot: &Ballot, weighed: &[Weighed], at_start: &[Weighed], rates: &Rates) {
        for w in weighed.iter().filter(|w| w.posterior > NEGLIGIBLE) {
            match w.choice {
                Choice::None => {
                    self.none += w.posterior;
                    self.add_new(ballot, w.posterior, rates);
                }
                Choice::Two(..) => self.two += w.posterior,
                Choice::One(candidate) => {
                    self.single += w.posterior;
                    let taught = w.posterior.min(of_compound(ballot, at_start, candidate));
                    self.seen_single += taught * ballot.visible;
                    self.add_fragments(ballot, candidate, taught, rates);
                }
            }
        }
    }

    /// Adds the fragments of a precursor none of whose candidates is right.
    fn add_new(&mut self, ballot: &Ballot, posterior: f64, rates: &Rates) {
        // Where a candidate is open, nothing is learnt of how many there are.
        if (0..ballot.candidates.len()).any(|c| ballot.is_open(c)) {
            return;
        }
        let free =
            |item: &Item| item.listings.iter().all(|l| l.candidate >= ballot.candidates.len());
        let numbers = rates.new_fragments(ballot);
        for (number, share) in numbers.into_iter().zip(none_by_number(ballot, rates)) {
            self.expected_fresh += posterior * share * number;
            let expected = rates.closed(ballot) + rates.fresh * number;
            self.fresh += posterior * share * unlisted(ballot, expected, free);
        }
    }

    fn add_fragments(&mut self, ballot: &Ballot, candidate: usize, posterior: f64, rates: &Rates) {
        let listing =
            |item: &Item| item.listings.iter().copied().find(|l| l.candidate == candidate);
        for listing in ballot.items.iter().filter_map(listing) {
            let class = class(listing.presence);
            let p = rates.present[class];
            self.tried[class] += posterior;
            self.found[class] += posterior * share(p, 1.0 - p, listing.log_factor);
        }
        if ballot.is_spectrum(candidate) {
            self.add_completeness(ballot, candidate, posterior, rates);
        }
        let free = |item: &Item| listing(item).is_none();
        self.unlisted += posterior * unlisted(ballot, rates.closed(ballot), free);
    }

    fn add_completeness(
        &mut self,
        ballot: &Ballot,
        candidate: usize,
        posterior: f64,
        rates: &Rates,
    ) {
        self.spectra += posterior;
        let sets = candidate..candidate + 1;
        let weights = by_completeness(ballot, rates, &sets, rates.closed(ballot))[0];
        let total = log_sum(weights.iter().copied());
        for (count, weight) in self.completeness.iter_mut().zip(weights) {
            *count += posterior * (weight - total).exp();
        }
    }

    fn rates(&self, start: &Rates) -> Rates {
        let precursors = self.single + self.none + self.two;
        let learnt = |found: f64, tried: f64, start: f64, weight: f64| {
            (found + weight * start) / (tried + weight)
        };
        let by_precursors =
            |found: f64, tried: f64, start: f64| learnt(found, tried, start, PRIOR_PRECURSORS);
        Rates {
            present: std::array::from_fn(|i| {
                learnt(self.found[i], self.tried[i], start.present[i], PRIOR_FRAGMENTS)
            }),
            unlisted: by_precursors(self.unlisted, self.seen_single, start.unlisted),
            fresh: learnt(self.fresh, self.expected_fresh, start.fresh, PRIOR_NEW_FRAGMENTS),
            none: learnt(self.none, precursors, start.none, PRIOR_PRECURSORS_OF_NONE),
            two: by_precursors(self.two, precursors, start.two),
            overlap: start.overlap,
            completeness: std::array::from_fn(|i| {
                by_precursors(self.completeness[i], self.spectra, start.completeness[i])
            }),
        }
    }
}

/// Probability of the compound that a candidate is, alone.
fn of_compound(ballot: &Ballot, weighed: &[Weighed], candidate: usize) -> f64 {
    let compound = ballot.compounds[candidate];
    let alone =
        |w: &&Weighed| matches!(w.choice, Choice::One(c) if ballot.compounds[c] == compound);
    weighed.iter().find(alone).map_or(0.0, |w| w.posterior)
}

/// Expected number of fragments in the rows that `counts`, of which there are `expected` beforehand
/// in all places together.
fn unlisted(ballot: &Ballot, expected: f64, counts: impl Fn(&Item) -> bool) -> f64 {
    let rows = ballot.items.iter().filter(|item| item.may_be_unlisted && counts(item));
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
        let rivals = ballot.compounds_in(0..ballot.candidates.len()) as f64 - 1.0;
        for item in ballot.items.iter().filter(|item| !item.common) {
            let n = item.listers;
            shared += n * (n - 1.0).max(0.0);
            pairs += n * rivals;
        }
    }
    let overlap = (shared + PRIOR_FRAGMENTS * PRIOR_OVERLAP) / (pairs + PRIOR_FRAGMENTS);
    overlap.clamp(LEAST_OVERLAP, MOST_OVERLAP)
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
            let present = by.contains(&right) && rng.random_bool(PRESENT);
            let by: Vec<usize> = by.into_iter().filter(|c| *c < CANDIDATES).collect();
            if present || !by.is_empty() {
                items.push(item(&by, present.then(|| rng.random_range(6.0..60.0))));
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
        assert_eq!(rates.present[0], Rates::START.present[0], "nothing optional was seen");
        let best: Vec<(f64, bool)> = drawn
            .iter()
            .map(|(ballot, right)| {
                let best = weigh(ballot, &rates)[0];
                (best.posterior, best.choice == *right)
            })
            .collect();
        let share =
            |best: &[(f64, bool)]| best.iter().filter(|b| b.1).count() as f64 / best.len() as f64;
        let mean = |best: &[(f64, bool)]| best.iter().map(|b| b.0).sum::<f64>() / best.len() as f64;
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
    fn without_ballots_the_starting_rates_stay() {
        assert_eq!(learn(&[]), Rates { overlap: PRIOR_OVERLAP, ..Rates::START });
    }
}
