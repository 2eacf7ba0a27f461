//! What sets of fragments explain of the items of a ballot, and what none of the candidates does.

use std::ops::Range;

use super::ballot::{Ballot, Item};
use super::factor::{log_sum, mixed};
use super::kin;
use super::rates::Rates;
use crate::tuning::COMPLETENESS;

/// What sets are worth where so many fragments that are not listed are expected.
pub(super) struct Expecting {
    pub(super) expected: f64,
    /// Log-evidence if all items are unlisted.
    pub(super) base: f64,
    /// By set, what its fragments explain beyond that, by how complete its list is.
    pub(super) gains: Vec<[f64; COMPLETENESS.len()]>,
}

impl Expecting {
    pub(super) fn new(ballot: &Ballot, rates: &Rates, sets: &Range<usize>, expected: f64) -> Self {
        let of_items = ballot.items.iter().map(|item| unlisted(item, expected, ballot));
        let base = of_items.sum::<f64>() - expected;
        Self { expected, base, gains: by_completeness(ballot, rates, sets, expected) }
    }
}

/// Log-evidence that none of the candidates is right, by how many new fragments the right set has.
pub(super) fn none_right(ballot: &Ballot, rates: &Rates) -> Vec<f64> {
    let compounds = ballot.compounds_in(0..ballot.candidates.len());
    // What is right instead is a spectrum of some energy too.
    let are_spectra = (0..ballot.candidates.len()).any(|c| ballot.is_spectrum(c));
    let mut listed = prior_of_completeness(are_spectra, rates);
    let mut free = Vec::new();
    for item in &ballot.items {
        let Some((presence, belongs)) = rates.chance(item, ballot, compounds) else {
            free.push(item);
            continue;
        };
        for (level, evidence) in listed.iter_mut().enumerate() {
            *evidence += mixed(rates.present_at(presence, level) * belongs, item.log_factor);
        }
    }
    for (level, evidence) in listed.iter_mut().enumerate().filter(|l| l.1.is_finite()) {
        *evidence += kin::gain(ballot, rates, level);
    }
    let listed = log_sum(listed.into_iter());
    let unlisted = |expected: f64| {
        -expected + free.iter().map(|item| unlisted(item, expected, ballot)).sum::<f64>()
    };
    let open = (0..ballot.candidates.len()).any(|c| ballot.is_open(c));
    let numbers = if open { any_number(ballot) } else { rates.open(ballot) };
    numbers.into_iter().map(|expected| listed + unlisted(expected)).collect()
}

/// Probabilities of the numbers of new fragments ([`Rates::new_fragments`]) if none of the
/// candidates is right.
pub(crate) fn none_by_number(ballot: &Ballot, rates: &Rates) -> Vec<f64> {
    let by_number = none_right(ballot, rates);
    let total = log_sum(by_number.iter().copied());
    by_number.into_iter().map(|evidence| (evidence - total).exp()).collect()
}

/// Of each of `sets`, how much more its fragments explain than unlisted ones would, by how complete
/// its list is; logarithms, with the prior. Only recorded spectra hold more or less than usual.
pub(crate) fn by_completeness(
    ballot: &Ballot,
    rates: &Rates,
    sets: &Range<usize>,
    expected: f64,
) -> Vec<[f64; COMPLETENESS.len()]> {
    let prior = |set: usize| prior_of_completeness(ballot.is_spectrum(set), rates);
    let mut by_set: Vec<[f64; COMPLETENESS.len()]> = sets.clone().map(prior).collect();
    for item in &ballot.items {
        let unlisted = unlisted(item, expected, ballot);
        for l in item.listings.iter().filter(|l| sets.contains(&l.candidate)) {
            for (level, evidence) in by_set[l.candidate - sets.start].iter_mut().enumerate() {
                let present = rates.present_at(l.presence, level);
                *evidence += mixed(present, l.log_factor) - unlisted;
            }
        }
    }
    by_set
}

/// Logarithms of how probable each completeness is, of a recorded spectrum or of what rules list.
fn prior_of_completeness(is_spectrum: bool, rates: &Rates) -> [f64; COMPLETENESS.len()] {
    if is_spectrum {
        rates.completeness.map(f64::ln)
    } else {
        COMPLETENESS.map(|shift| if shift == 0.0 { 0.0 } else { f64::NEG_INFINITY })
    }
}

/// How many fragments a precursor may have that nobody lists, where any is allowed: 1, 2, 4, … up
/// to the number of places.
pub(super) fn any_number(ballot: &Ballot) -> Vec<f64> {
    (0..).map(|i| f64::from(1 << i)).take_while(|n| *n <= ballot.places.max(1) as f64).collect()
}

/// Logarithm of the mean of exponentials.
pub(super) fn log_mean(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    log_sum(terms.clone()) - (terms.count() as f64).ln()
}

/// Logarithm of what a row explains that is not listed. `expected` fragments are expected in all
/// places together; their absence (`−expected`) is counted once for all.
pub(super) fn unlisted(item: &Item, expected: f64, ballot: &Ballot) -> f64 {
    if !item.may_be_unlisted {
        return 0.0;
    }
    log_sum([0.0, ballot.at_place(item, expected).ln() + item.log_factor].into_iter())
}
