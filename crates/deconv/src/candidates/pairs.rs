//! Two candidates at once, in ions that elute as one.
//!
//! What each explains is known, so that only items which both list have to be weighed anew.

use super::ballot::{Ballot, Item, Listing};
use super::factor::{log_sum, mixed};
use super::rates::Rates;
use crate::tuning::COMPLETENESS;

const LEVELS: usize = COMPLETENESS.len();

/// An item that two candidates list.
pub(super) struct Shared<'b> {
    pub(super) item: &'b Item,
    by: [Listing; 2],
}

/// The items that two sets have in common.
pub(super) fn shared<'b>(ballot: &'b Ballot, sets: [usize; 2]) -> Vec<Shared<'b>> {
    let by = |item: &Item, set: usize| item.listings.iter().copied().find(|l| l.candidate == set);
    let both = |item: &'b Item| {
        let [a, b] = sets.map(|set| by(item, set));
        Some(Shared { item, by: [a?, b?] })
    };
    ballot.items.iter().filter_map(both).collect()
}

/// What items that two sets share explain, over what each of the two makes of them; logarithms, by
/// how complete the one and the other is.
pub(super) fn in_place_of_each(shared: &[Shared], rates: &Rates) -> [[f64; LEVELS]; LEVELS] {
    let present = |l: &Listing, level: usize| rates.present_at(l.presence, level);
    let at = |both: &Shared, levels: [usize; 2]| {
        let [a, b] = &both.by;
        let [p, q] = [present(a, levels[0]), present(b, levels[1])];
        let each = mixed(p, a.log_factor) + mixed(q, b.log_factor);
        either([p, q], [a.log_factor, b.log_factor]) - each
    };
    let sum = |levels: [usize; 2]| shared.iter().map(|both| at(both, levels)).sum();
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
    let of = |i: usize| (0..LEVELS).map(move |j| gains[0][i] + gains[1][j] + beside[i][j]);
    log_sum((0..LEVELS).flat_map(of))
}
