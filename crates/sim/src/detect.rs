//! Steps of detection that all scenarios have in common.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp, Poisson};

use crate::Scenario;

/// Adds up what cannot be resolved: peaks closer than `width` of their m/z. Ascending m/z.
pub(crate) fn resolved(
    mut expected: Vec<(f64, f64)>,
    width: impl Fn(f64) -> f64,
) -> Vec<(f64, f64)> {
    expected.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut resolved: Vec<(f64, f64)> = Vec::with_capacity(expected.len());
    for (mz, height) in expected {
        match resolved.last_mut() {
            Some(last) if mz - last.0 <= width(mz) => {
                let sum = last.1 + height;
                *last = ((last.0 * last.1 + mz * height) / sum, sum);
            }
            _ => resolved.push((mz, height)),
        }
    }
    resolved
}

/// Adds random peaks, and drops what lies below the limit. Ascending m/z.
pub(crate) fn finish(
    scenario: &Scenario,
    mut peaks: Vec<(f64, f64)>,
    [low, high]: [f64; 2],
    rng: &mut ChaCha8Rng,
) -> Vec<(f64, f64)> {
    let count =
        Poisson::new(scenario.noise_peaks).map_or(0.0, |poisson| poisson.sample(rng)) as usize;
    for _ in 0..count {
        let above = Exp::new(1.0 / scenario.noise_height).map_or(0.0, |height| height.sample(rng));
        peaks.push((rng.random_range(low..=high), scenario.detection_limit + above));
    }
    peaks.retain(|&(mz, intensity)| {
        intensity > 0.0 && intensity >= scenario.detection_limit && mz > 0.0
    });
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    peaks.dedup_by(|a, b| a.0 == b.0);
    peaks
}
