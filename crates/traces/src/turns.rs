//! Traces of one ion that take turns.
//!
//! A peak of noise beside an ion opens a trace of its own, and from then on each peak of the ion
//! continues the nearer of the two. Two ions of nearly one m/z show in the same scans as often as
//! chance has it, or more often; what takes turns is one.

use std::ops::Range;

use cofactor_core::{Tolerance, Trace};

use crate::tuning::MOST_CHANCE_OF_TURNS;

/// One trace for those (ascending in m/z) that take turns.
pub(crate) fn unite(traces: Vec<Trace>, tolerance: Tolerance) -> Vec<Trace> {
    let mut traces: Vec<Option<Trace>> = traces.into_iter().map(Some).collect();
    for first in 0..traces.len() {
        let Some(mut trace) = traces[first].take() else { continue };
        let high = tolerance.bounds(trace.mz).1;
        for other in &mut traces[first + 1..] {
            if other.as_ref().is_some_and(|other| other.mz > high) {
                break;
            }
            if other.as_ref().is_some_and(|other| take_turns(&trace.scans, &other.scans)) {
                trace = joined(trace, other.take());
            }
        }
        traces[first] = Some(trace);
    }
    let mut traces: Vec<Trace> = traces.into_iter().flatten().collect();
    traces.sort_by(|a, b| a.mz.total_cmp(&b.mz).then_with(|| a.scans.cmp(&b.scans)));
    traces
}

/// Whether two traces have fewer scans in common, of those that both span, than chance would give.
fn take_turns(a: &[u32], b: &[u32]) -> bool {
    let ends = |scans: &[u32]| scans.first().copied().zip(scans.last().copied());
    let Some(((a_first, a_last), (b_first, b_last))) = ends(a).zip(ends(b)) else { return false };
    let (first, last) = (a_first.max(b_first), a_last.min(b_last));
    if first > last {
        return false;
    }
    let within = |scans: &[u32]| -> Range<usize> {
        scans.partition_point(|&s| s < first)..scans.partition_point(|&s| s <= last)
    };
    let (a, b) = (&a[within(a)], &b[within(b)]);
    let common = a.iter().filter(|scan| b.binary_search(scan).is_ok()).count();
    let scans = (last - first + 1) as usize;
    2 * common * scans < a.len() * b.len()
        && chance(scans, a.len(), b.len(), common) < MOST_CHANCE_OF_TURNS
}

/// Probability that `a` and `b` of so many scans have at most `common` in common.
fn chance(scans: usize, a: usize, b: usize, common: usize) -> f64 {
    let least = (a + b).saturating_sub(scans);
    (least..=common)
        .map(|c| ln_choose(a, c) + ln_choose(scans - a, b - c) - ln_choose(scans, b))
        .map(f64::exp)
        .sum()
}

fn ln_choose(n: usize, k: usize) -> f64 {
    (0..k.min(n - k)).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).sum()
}

/// Both in one; where both have a point, the higher.
fn joined(a: Trace, b: Option<Trace>) -> Trace {
    let Some(b) = b else { return a };
    let weight = |trace: &Trace| trace.intensity.iter().map(|i| f64::from(*i)).sum::<f64>();
    let weights = [&a, &b].map(weight);
    let mz = (a.mz * weights[0] + b.mz * weights[1]) / (weights[0] + weights[1]);
    let is_kept = !a.shift.is_empty() && !b.shift.is_empty();
    let points = |trace: Trace| {
        let moved = (1e6 * (trace.mz / mz - 1.0)) as f32;
        let shift = trace.shift.into_iter().map(move |shift| shift + moved);
        let shift = shift.chain(std::iter::repeat(0.0));
        trace.scans.into_iter().zip(trace.intensity).zip(shift)
    };
    let channel = a.channel;
    let mut all: Vec<((u32, f32), f32)> = points(a).chain(points(b)).collect();
    all.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    all.dedup_by_key(|(point, _)| point.0);
    let ((scans, intensity), mut shift): ((Vec<u32>, Vec<f32>), Vec<f32>) = all.into_iter().unzip();
    if !is_kept {
        shift.clear();
    }
    Trace { channel, mz, scans, intensity, shift }
}

#[cfg(test)]
mod tests {
    use cofactor_core::ChannelIx;

    use super::*;

    fn trace(mz: f64, scans: &[u32]) -> Trace {
        let intensity = scans.iter().map(|s| 10.0 + *s as f32).collect();
        Trace { channel: ChannelIx(0), mz, scans: scans.to_vec(), intensity, shift: Vec::new() }
    }

    fn united(traces: &[(f64, &[u32])]) -> Vec<Vec<u32>> {
        let traces = traces.iter().map(|(mz, scans)| trace(*mz, scans)).collect();
        unite(traces, Tolerance::ppm(10.0)).into_iter().map(|trace| trace.scans).collect()
    }

    #[test]
    fn traces_that_take_turns_are_one_and_those_side_by_side_two() {
        let even: Vec<u32> = (0..12).map(|i| 2 * i).collect();
        let odd: Vec<u32> = (0..12).map(|i| 2 * i + 1).collect();
        let all: Vec<u32> = (0..24).collect();
        assert_eq!(united(&[(300.0, &even), (300.001, &odd)]), std::slice::from_ref(&all));
        assert_eq!(united(&[(300.0, &even), (300.01, &odd)]).len(), 2);
        assert_eq!(united(&[(300.0, &all), (300.001, &all)]).len(), 2);
        assert_eq!(united(&[(300.0, &all), (300.001, &even)]).len(), 2);
        // One after the other, and too few points to tell.
        assert_eq!(united(&[(300.0, &all[..12]), (300.001, &all[12..])]).len(), 2);
        assert_eq!(united(&[(300.0, &even[..6]), (300.001, &odd[..6])]).len(), 2);
    }

    #[test]
    fn the_higher_of_two_points_of_a_scan_stays() {
        let mut noise = trace(300.001, &[1, 3, 5, 7, 8, 9, 11, 13, 15, 17]);
        noise.intensity[4] = 1.0;
        let ion = trace(300.0, &[0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
        let found = unite(vec![ion, noise], Tolerance::ppm(10.0));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].scans, (0..19).collect::<Vec<u32>>());
        assert_eq!(found[0].intensity[8], 18.0);
    }

    #[test]
    fn the_chance_of_turns_is_that_of_draws_without_return() {
        // 1 of 70 ways to draw 4 of 8 avoids other 4; 16 have one of them.
        assert!((chance(8, 4, 4, 0) - 1.0 / 70.0).abs() < 1e-12);
        assert!((chance(8, 4, 4, 1) - 17.0 / 70.0).abs() < 1e-12);
        assert!((chance(16, 8, 9, 1) - 9.0 / 12_870.0).abs() < 1e-9);
    }
}
