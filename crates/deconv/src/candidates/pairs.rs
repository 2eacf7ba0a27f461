//! Two candidates at once, in ions that elute as one.
//!
//! What each explains is known, so that only items which both list have to be weighed anew.

use super::ballot::{Ballot, Item, Listing};
use super::factor::{log_sum, mixed};
use super::rates::Rates;
use crate::tuning::COMPLETENESS;

const LEVELS: usize = COMPLETENESS.len();

/// An item that two candidates list.
pub(super) struct SharedItem<'b> {
    pub(super) item: &'b Item,
    by: [Listing; 2],
}

impl SharedItem<'_> {
    /// What it explains, over what each of the two makes of it, where they are so complete.
    fn beside_each(&self, levels: [usize; 2], rates: &Rates) -> f64 {
        let [a, b] = &self.by;
        let present = [(a, levels[0]), (b, levels[1])];
        let [p, q] = present.map(|(l, level)| rates.present_at(l.presence, level));
        let each = mixed(p, a.log_factor) + mixed(q, b.log_factor);
        either([p, q], [a.log_factor, b.log_factor]) - each
    }
}

/// The items that two sets have in common.
pub(super) fn shared<'b>(ballot: &'b Ballot, sets: [usize; 2]) -> Vec<SharedItem<'b>> {
    let by = |item: &Item, set: usize| item.listings.iter().copied().find(|l| l.candidate == set);
    let listed_twice = |item: &'b Item| {
        let [a, b] = sets.map(|set| by(item, set));
        Some(SharedItem { item, by: [a?, b?] })
    };
    ballot.items.iter().filter_map(listed_twice).collect()
}

/// What items that two sets share explain, over what each of the two makes of them; logarithms, by
/// how complete the one and the other is.
pub(super) fn in_place_of_each(shared: &[SharedItem], rates: &Rates) -> [[f64; LEVELS]; LEVELS] {
    let sum = |levels: [usize; 2]| shared.iter().map(|item| item.beside_each(levels, rates)).sum();
    std::array::from_fn(|i| std::array::from_fn(|j| sum([i, j])))
}

/// `log(1 − q + q B)` of an item that is there with these probabilities by one candidate and the
/// other. If it is both's, each says as much of its height.
fn either([p, q]: [f64; 2], [of_first, of_second]: [f64; 2]) -> f64 {
    let terms = [
        ((1.0 - p) * (1.0 - q)).ln(),
        (p * (1.0 - 0.5 * q)).ln() + of_first,
        (q * (1.0 - 0.5 * p)).ln() + of_second,
    ];
    log_sum(terms.into_iter())
}

/// Sum over how complete the one and the other set is, of what each explains alone and together.
pub(super) fn sum(gains: [&[f64; LEVELS]; 2], beside: &[[f64; LEVELS]; LEVELS]) -> f64 {
    let beside_of = |i: usize| (0..LEVELS).map(move |j| gains[0][i] + gains[1][j] + beside[i][j]);
    log_sum((0..LEVELS).flat_map(beside_of))
}
