//! How many of the claims of a run are false: q-values.
//!
//! A claim is a precursor whose most probable explanation is a candidate of which the data show a
//! fragment. Two estimates of the share of false ones among all claims at least as sure are made,
//! and the larger counts: the mean probability of being false, and the number of claims that decoys
//! make in the candidates' place (Elias & Gygi 2007). The former knows of candidates that resemble
//! each other, the latter of chance.

use super::ballot::Ballot;
use super::hypotheses::{Choice, Weighed, weigh_decoys};
use super::rates::Rates;

/// A claim of a decoy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DecoyClaim {
    /// The decoy, by its place among the ballot's decoys.
    pub(crate) decoy: usize,
    pub(crate) weighed: Weighed,
}

/// The best decoy of each round.
pub(crate) fn best_decoys(ballot: &Ballot, rates: &Rates, rounds: usize) -> Vec<DecoyClaim> {
    let size = ballot.decoys.len() / rounds.max(1);
    if size == 0 {
        return Vec::new();
    }
    let first = ballot.candidates.len();
    let best = |round: usize| best_decoy(ballot, rates, first + round * size, size);
    (0..rounds).filter_map(best).collect()
}

/// The best of the `count` decoys from the set `start` on.
fn best_decoy(ballot: &Ballot, rates: &Rates, start: usize, count: usize) -> Option<DecoyClaim> {
    let decoys = weigh_decoys(ballot, rates, start..start + count).into_iter();
    let claims = decoys.filter_map(|weighed| match weighed.choice {
        Choice::One(c) if ballot.is_supported(c) => {
            Some(DecoyClaim { decoy: c - ballot.candidates.len(), weighed })
        }
        Choice::One(_) | Choice::Two(..) | Choice::None => None,
    });
    claims.reduce(surer)
}

/// The surer of two claims, of equal ones the first.
pub(crate) fn surer(a: DecoyClaim, b: DecoyClaim) -> DecoyClaim {
    if b.weighed.log_odds > a.weighed.log_odds { b } else { a }
}

/// q-values of claims with these log-odds, in the same order. `decoys` are the log-odds of the
/// decoys that were preferred to none, over `rounds` rounds.
pub fn q_values(claims: &[f64], decoys: &[f64], rounds: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by(|&a, &b| claims[b].total_cmp(&claims[a]));
    let mut q = vec![0.0; claims.len()];
    let mut expected = 0.0;
    for (surer, &i) in order.iter().enumerate() {
        let count = surer as f64 + 1.0;
        expected += 1.0 / (1.0 + claims[i].exp());
        let surer_decoys = decoys.iter().filter(|d| **d >= claims[i]).count() as f64;
        let by_decoys = (surer_decoys + 1.0) / rounds.max(1) as f64 / count;
        q[i] = (expected / count).max(by_decoys).min(1.0);
    }
    // A claim may be taken together with less sure ones, if the share of false ones is smaller
    // then.
    let mut least = f64::INFINITY;
    for &i in order.iter().rev() {
        least = least.min(q[i]);
        q[i] = least;
    }
    q
}

/// Number of claims that a run needs for a q-value of at most `q` to be possible, even if no decoy
/// is as sure as any of them: the share of decoys is at least 1 / (`rounds` · claims).
pub fn claims_needed(q: f64, rounds: usize) -> usize {
    (1.0 / (q * rounds.max(1) as f64)).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odds(p: f64) -> f64 {
        (p / (1.0 - p)).ln()
    }

    #[test]
    fn the_larger_estimate_counts_and_a_surer_claim_is_never_worse() {
        let claims = [odds(0.9), odds(0.999), odds(0.99), odds(0.6)];
        let without = q_values(&claims, &[], 1000);
        let mean = |false_ones: &[f64]| false_ones.iter().sum::<f64>() / false_ones.len() as f64;
        let expected = [
            mean(&[0.001, 0.01, 0.1]),
            0.001,
            mean(&[0.001, 0.01]),
            mean(&[0.001, 0.01, 0.1, 0.4]),
        ];
        for (found, wanted) in without.iter().zip(expected) {
            assert!((found - wanted).abs() < 1e-9, "{without:?}");
        }
        // One decoy in two rounds, between the second and the third claim: (1 or 2) / 2 false ones
        // among 1, 2, 3 and 4.
        for found in q_values(&claims, &[odds(0.95)], 2) {
            assert!(
                (found - 0.25).abs() < 1e-9,
                "all four together have the smallest share: {found}"
            );
        }
    }

    #[test]
    fn fewer_claims_than_needed_cannot_reach_a_q_value() {
        for rounds in [1, 3, 10, 20, 100] {
            let needed = claims_needed(0.05, rounds);
            let least = |count: usize| q_values(&vec![50.0; count], &[], rounds);
            assert!(least(needed).iter().all(|q| *q <= 0.05), "{rounds} {needed}");
            assert!(least(needed - 1).iter().all(|q| *q > 0.05), "{rounds} {needed}");
        }
        assert_eq!([1, 10, 20].map(|rounds| claims_needed(0.05, rounds)), [20, 2, 1]);
    }

    #[test]
    fn without_claims_there_are_no_q_values() {
        assert!(q_values(&[], &[1.0, 2.0], 3).is_empty());
        assert_eq!(q_values(&[0.0], &[1.0, 2.0], 1), [1.0]);
    }
}
