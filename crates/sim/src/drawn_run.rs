//! What one run of a study differs by from the others: of compounds how much there is and how they
//! elute, of the instrument the injection and the m/z scale.
//!
//! Each run has random numbers of its own (a ChaCha stream), so that it does not depend on how many
//! others there are.

use std::f64::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::noise::normal;
use crate::truth::{TruthCompound, uniform};
use crate::variation::Variation;

/// Stream of the numbers of the first run; the others follow.
const RUN_STREAM: u64 = 1 << 62;

/// Stream of the numbers that say which compounds differ between the groups.
const GROUP_STREAM: u64 = 1 << 61;

/// Probability that a compound is absent from a run.
const ABSENT: f64 = 0.15;

/// Factor of all compounds of a run.
const INJECTION: [f64; 2] = [0.85, 1.15];

/// Amplitude of the wave that shifts the retention times of a run, s, and its most relative to the
/// length of the run: a wave that changed the order of elution would be none of a column.
const SHIFT_SECONDS: ([f64; 2], f64) = ([1.0, 3.0], 0.05);

/// Period of that wave relative to the length of the run.
const SHIFT_PERIOD: [f64; 2] = [1.0, 2.0];

/// Standard deviation of the retention time of a compound besides, s.
const JITTER_SECONDS: f64 = 0.25;

/// Width of an elution relative to that of the scenario.
const WIDTH: [f64; 2] = [0.95, 1.05];

/// By how much the m/z of a run are too large, ppm.
const MZ_OFFSET_PPM: [f64; 2] = [-3.0, 3.0];

/// Probability that a compound differs between the groups, and the binary logarithm of the factor,
/// up or down.
const DIFFERENCE: (f64, [f64; 2]) = (0.2, [1.0, 2.0]);

/// A compound, all ions of it, as its variation needs it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Analyte {
    /// Apex, s.
    apex: f64,
    /// Position of the first one that it always elutes with; its own where there is none.
    elutes_with: usize,
    /// Binary logarithm of the factor of group B over group A, where they differ.
    pub(crate) difference: Option<f64>,
}

/// Number of the compound that an entry of the truth is an ion of.
pub(crate) fn number_of(entry: &TruthCompound) -> usize {
    entry.compound.unwrap_or(entry.id)
}

/// The compounds of a run, by number.
pub(crate) fn analytes(truth: &[TruthCompound], seed: u64) -> Vec<Analyte> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(GROUP_STREAM);
    let mut analytes: Vec<Analyte> = Vec::new();
    for entry in truth {
        let number = number_of(entry);
        if number < analytes.len() {
            continue;
        }
        let (differs, size) = (rng.random_bool(DIFFERENCE.0), uniform(DIFFERENCE.1, &mut rng));
        let sign = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
        analytes.push(Analyte {
            apex: entry.rt,
            elutes_with: entry.inseparable_from.iter().copied().fold(number, usize::min),
            difference: differs.then_some(sign * size),
        });
    }
    analytes
}

/// What a run of a study is like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DrawnRun {
    /// Seed of the noise of its scans.
    pub(crate) noise_seed: u64,
    /// Factor of all compounds.
    pub(crate) injection: f64,
    /// By how much its m/z are too large, ppm.
    pub(crate) mz_offset_ppm: f64,
    /// By number of the compound; `None` for those that are absent.
    pub(crate) variations: Vec<Option<Variation>>,
}

/// Draws the run at a position, from 0, of the study of a seed. The natural logarithm of how much
/// there is of a compound has the standard deviation `spread`.
pub(crate) fn draw_run(
    analytes: &[Analyte],
    duration_seconds: f64,
    (seed, position): (u64, usize),
    spread: f64,
) -> DrawnRun {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(RUN_STREAM + position as u64);
    let noise_seed = rng.random();
    let injection = uniform(INJECTION, &mut rng);
    let mz_offset_ppm = uniform(MZ_OFFSET_PPM, &mut rng);
    let amplitude = uniform(SHIFT_SECONDS.0, &mut rng).min(SHIFT_SECONDS.1 * duration_seconds);
    let period = uniform(SHIFT_PERIOD, &mut rng) * duration_seconds;
    let phase = uniform([0.0, TAU], &mut rng);
    let shift = |seconds: f64| amplitude * (TAU * seconds / period + phase).sin();
    let mut elutions: Vec<(f64, f64)> = Vec::with_capacity(analytes.len());
    let mut variations = Vec::with_capacity(analytes.len());
    for (number, analyte) in analytes.iter().enumerate() {
        let is_there = !rng.random_bool(ABSENT);
        let amount = (spread * normal(&mut rng)).exp();
        let apex = analyte.apex + shift(analyte.apex) + JITTER_SECONDS * normal(&mut rng);
        let own = (apex, uniform(WIDTH, &mut rng));
        let (apex, width) =
            if analyte.elutes_with < number { elutions[analyte.elutes_with] } else { own };
        elutions.push((apex, width));
        let difference = analyte.difference.filter(|_| is_in_b(position)).unwrap_or(0.0);
        let factor = injection * amount * difference.exp2();
        variations.push(is_there.then_some(Variation { factor, apex, width }));
    }
    DrawnRun { noise_seed, injection, mz_offset_ppm, variations }
}

/// Whether the run at a position is of group B: every other one.
pub(crate) fn is_in_b(position: usize) -> bool {
    position % 2 == 1
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use super::*;
    use crate::{Scenario, simulate};

    const SECONDS: f64 = 300.0;

    fn drawn(name: &str, spread: f64, runs: usize) -> (Vec<Analyte>, Vec<DrawnRun>) {
        let truth = simulate(&Scenario::named(name).unwrap(), 4).unwrap().truth;
        let analytes = analytes(&truth, 4);
        let draw = |position| draw_run(&analytes, SECONDS, (4, position), spread);
        let runs = (0..runs).map(draw).collect();
        (analytes, runs)
    }

    fn spread_of(values: &[f64]) -> f64 {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (squares / values.len() as f64).sqrt()
    }

    #[test]
    fn amounts_absences_and_times_vary_as_promised() {
        let (analytes, runs) = drawn("easy", 0.5, 200);
        let mut logarithms = Vec::new();
        let mut absent = 0.0;
        for run in &runs {
            assert!((0.85..=1.15).contains(&run.injection) && run.mz_offset_ppm.abs() <= 3.0);
            for (variation, analyte) in run.variations.iter().zip(&analytes) {
                let Some(variation) = variation else {
                    absent += 1.0;
                    continue;
                };
                assert!((variation.apex - analyte.apex).abs() < 3.0 + 6.0 * JITTER_SECONDS);
                assert!((0.95..=1.05).contains(&variation.width));
                if analyte.difference.is_none() {
                    logarithms.push((variation.factor / run.injection).ln());
                }
            }
        }
        let cells = (runs.len() * analytes.len()) as f64;
        assert!((absent / cells - 0.15).abs() < 0.02, "{}", absent / cells);
        assert!((spread_of(&logarithms) - 0.5).abs() < 0.02, "{}", spread_of(&logarithms));
    }

    #[test]
    fn without_spread_a_run_differs_by_its_injection_and_its_group() {
        let (analytes, runs) = drawn("easy", 0.0, 4);
        let differ = analytes.iter().filter(|analyte| analyte.difference.is_some()).count();
        assert!(differ > 0 && differ < analytes.len() / 2, "{differ} of {}", analytes.len());
        for (position, run) in runs.iter().enumerate() {
            for (variation, analyte) in run.variations.iter().zip(&analytes) {
                let of_group =
                    if position % 2 == 1 { analyte.difference.unwrap_or(0.0) } else { 0.0 };
                let Some(variation) = variation else { continue };
                let logarithm = (variation.factor / run.injection).log2();
                assert!((logarithm - of_group).abs() < 1e-12, "{logarithm} and {of_group}");
            }
        }
    }

    #[test]
    fn the_shift_of_a_run_is_smooth_and_differs_between_runs() {
        let (analytes, runs) = drawn("long", 0.5, 2);
        let shifts = |run: &DrawnRun| -> Vec<(f64, f64)> {
            let pairs = run.variations.iter().zip(&analytes);
            let mut shifts: Vec<(f64, f64)> = pairs
                .filter_map(|(variation, analyte)| Some(((*variation)?.apex, analyte.apex)))
                .map(|(apex, base)| (base, apex - base))
                .collect();
            shifts.sort_by(|a, b| a.0.total_cmp(&b.0));
            shifts
        };
        for run in &runs {
            // What near ones differ by is the jitter of both, not the wave.
            let shifts = shifts(run);
            let near = shifts.windows(2).filter(|pair| pair[1].0 - pair[0].0 < 2.0);
            let steps: Vec<f64> = near.map(|pair| pair[1].1 - pair[0].1).collect();
            let squares: f64 = steps.iter().map(|step| step * step).sum();
            let step = (squares / steps.len() as f64).sqrt();
            assert!((step / (JITTER_SECONDS * SQRT_2) - 1.0).abs() < 0.25, "{step}");
            let reach = shifts.iter().map(|(_, shift)| shift.abs()).fold(0.0, f64::max);
            assert!(reach > 0.7 && reach < 4.0, "{reach}");
        }
        assert_ne!(shifts(&runs[0]), shifts(&runs[1]));
    }

    #[test]
    fn what_elutes_exactly_together_does_so_in_every_run() {
        let (analytes, runs) = drawn("lipids", 0.5, 6);
        let mut pairs = 0;
        for (number, analyte) in analytes.iter().enumerate() {
            for run in runs.iter().filter(|_| analyte.elutes_with < number) {
                let [first, second] = [analyte.elutes_with, number].map(|at| run.variations[at]);
                let (Some(first), Some(second)) = (first, second) else { continue };
                assert_eq!((first.apex, first.width), (second.apex, second.width));
                assert_ne!(first.factor, second.factor);
                pairs += 1;
            }
        }
        assert!(pairs > 20, "{pairs}");
    }
}
