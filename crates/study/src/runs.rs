//! Runs in an order of their own, so that the order in which they are given has no say.

use std::cmp::Ordering;

use cofactor_core::Feature;

use crate::RunFeatures;

/// Positions of `runs` by name, then by what they show.
pub(crate) fn by_name(runs: &[RunFeatures]) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..runs.len()).collect();
    positions.sort_by(|&a, &b| compare(&runs[a], &runs[b]));
    positions
}

fn compare(a: &RunFeatures, b: &RunFeatures) -> Ordering {
    let order = |run: &RunFeatures| run.order.unwrap_or(f64::INFINITY);
    a.name
        .cmp(b.name)
        .then(order(a).total_cmp(&order(b)))
        .then(a.features.len().cmp(&b.features.len()))
        .then_with(|| {
            let pairs = a.features.iter().zip(b.features);
            pairs.map(|(a, b)| compare_features(a, b)).fold(Ordering::Equal, Ordering::then)
        })
}

fn compare_features(a: &Feature, b: &Feature) -> Ordering {
    a.precursor
        .mz
        .total_cmp(&b.precursor.mz)
        .then(a.rt_seconds.total_cmp(&b.rt_seconds))
        .then(a.height.total_cmp(&b.height))
}

/// Values that stand in the order of `positions`, put where they belong.
pub(crate) fn put_back<T>(positions: &[usize], values: Vec<T>) -> Vec<T> {
    let mut placed: Vec<(usize, T)> = positions.iter().copied().zip(values).collect();
    placed.sort_by_key(|(position, _)| *position);
    placed.into_iter().map(|(_, value)| value).collect()
}
