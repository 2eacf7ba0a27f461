//! That the right set is not listed, but has some of its fragments from a candidate, or from two.
//!
//! What rules leave out is seldom unlike what they list: a lipid of another class loses the same
//! acids. If each listed fragment were there by chance alone, a few of a candidate would speak for
//! it though most of its fragments are missing.

use std::collections::HashMap;

use super::ballot::Ballot;
use super::factor::log_sum;
use super::hypotheses::{chance, mixed};
use super::rates::Rates;
use crate::tuning::{KIN, KIN_SHARES, PAIRED};

/// Logarithms, by the share of fragments that are a candidate's.
type ByShare = [f64; KIN_SHARES.len()];

/// How much better such a set explains the listed items than one that has each by chance; a
/// logarithm. `level` is how complete the set is ([`crate::tuning::COMPLETENESS`]).
pub(super) fn gain(ballot: &Ballot, rates: &Rates, level: usize) -> f64 {
    let items = by_candidate(ballot, rates, level);
    let sums: Vec<ByShare> = items.iter().map(|items| sum(items.iter().map(|i| i.1))).collect();
    let of_one: Vec<f64> = sums.iter().map(mean).collect();
    let mut best: Vec<usize> = (0..items.len()).collect();
    best.sort_by(|&a, &b| of_one[b].total_cmp(&of_one[a]).then(a.cmp(&b)));
    best.truncate(PAIRED);
    let mut of_two = Vec::new();
    for (position, &a) in best.iter().enumerate() {
        for &b in best[..position].iter().filter(|&&b| ballot.compounds[b] != ballot.compounds[a]) {
            let is_new = |i: &&(usize, ByShare)| {
                items[a].binary_search_by_key(&i.0, |other| other.0).is_err()
            };
            let added = sum(items[b].iter().filter(is_new).map(|i| i.1));
            of_two.push(mean(&sum([sums[a], added].into_iter())));
        }
    }
    let one = log_sum(of_one.into_iter()) - (items.len() as f64).ln();
    let two = match pairs(&ballot.compounds[..items.len()]) {
        0 => 0.0,
        pairs => log_sum(of_two.into_iter()) - (pairs as f64).ln(),
    };
    log_sum([0.0, one, two].into_iter().zip(KIN).map(|(gain, weight)| gain + weight.ln()))
}

/// Number of pairs of candidates of these compounds that are of two.
fn pairs(compounds: &[usize]) -> usize {
    let mut sets: HashMap<usize, usize> = HashMap::new();
    compounds.iter().for_each(|compound| *sets.entry(*compound).or_default() += 1);
    let of = |count: usize| count * count.saturating_sub(1) / 2;
    of(compounds.len()) - sets.into_values().map(of).sum::<usize>()
}

/// What each item of each candidate adds, ascending by item. What is known of a candidate's heights
/// does not hold of its kin.
fn by_candidate(ballot: &Ballot, rates: &Rates, level: usize) -> Vec<Vec<(usize, ByShare)>> {
    let candidates = ballot.candidates.len();
    let compounds = ballot.compounds_in(0..candidates);
    let mut by_candidate = vec![Vec::new(); candidates];
    for (position, item) in ballot.items.iter().enumerate() {
        let Some((presence, belongs)) = chance(item, ballot, compounds, rates) else { continue };
        let by_chance = mixed(rates.present_at(presence, level) * belongs, item.log_factor);
        for listing in item.listings.iter().filter(|l| l.candidate < candidates) {
            let present = rates.present_at(listing.presence, level);
            let gain =
                |share: f64| mixed(present * belongs.max(share), item.log_factor) - by_chance;
            by_candidate[listing.candidate].push((position, KIN_SHARES.map(gain)));
        }
    }
    by_candidate
}

fn sum(terms: impl Iterator<Item = ByShare>) -> ByShare {
    terms.fold([0.0; KIN_SHARES.len()], |sum, term| std::array::from_fn(|i| sum[i] + term[i]))
}

/// Logarithm of the mean over shares, which are equally probable.
fn mean(gains: &ByShare) -> f64 {
    log_sum(gains.iter().copied()) - (KIN_SHARES.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::super::hypotheses::tests::{ballot, item};
    use super::*;

    const CLEAR: Option<f64> = Some(6.9);

    #[test]
    fn the_gain_is_the_mean_over_candidates_pairs_and_shares() {
        let listed: [(&[usize], Option<f64>); 5] =
            [(&[0], CLEAR), (&[0, 1], CLEAR), (&[1], None), (&[1, 2], CLEAR), (&[2], None)];
        let items = listed.iter().map(|(by, factor)| item(by, *factor)).collect();
        let (found, rates) = (gain(&ballot(3, items), &Rates::START, 2), Rates::START);
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
