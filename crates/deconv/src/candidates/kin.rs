//! That the right set is not listed, but has some of its fragments from a candidate, or from two.
//!
//! What rules leave out is seldom unlike what they list: a lipid of another class loses the same
//! acids. If each listed fragment were there by chance alone, a few of a candidate would speak for
//! it though most of its fragments are missing.

use std::collections::HashMap;

use super::ballot::Ballot;
use super::factor::{log_sum, mixed};
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
    let single = log_sum(of_one.into_iter()) - (items.len() as f64).ln();
    let double = match pairs(&ballot.compounds[..items.len()]) {
        0 => 0.0,
        pairs => log_sum(of_two.into_iter()) - (pairs as f64).ln(),
    };
    log_sum([0.0, single, double].into_iter().zip(KIN).map(|(gain, weight)| gain + weight.ln()))
}

/// Number of pairs of candidates of these compounds that are of two.
fn pairs(compounds: &[usize]) -> usize {
    let mut sets: HashMap<usize, usize> = HashMap::new();
    compounds.iter().for_each(|compound| *sets.entry(*compound).or_default() += 1);
    let among = |count: usize| count * count.saturating_sub(1) / 2;
    among(compounds.len()) - sets.into_values().map(among).sum::<usize>()
}

/// What each item of each candidate adds, ascending by item. What is known of a candidate's heights
/// does not hold of its kin.
fn by_candidate(ballot: &Ballot, rates: &Rates, level: usize) -> Vec<Vec<(usize, ByShare)>> {
    let candidates = ballot.candidates.len();
    let compounds = ballot.compounds_in(0..candidates);
    let mut by_candidate = vec![Vec::new(); candidates];
    for (position, item) in ballot.items.iter().enumerate() {
        let Some((presence, belongs)) = rates.chance(item, ballot, compounds) else { continue };
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
