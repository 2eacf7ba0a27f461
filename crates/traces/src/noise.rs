//! What a point's variance is, and below which intensity a scan shows nothing.
//!
//! Ion statistics with a gain and a multiplicative part: `var(I) = g·I + (c·I)²`. Where a trace has
//! seven neighbouring points the sixth difference
//! `d = (x₋₃ − 6x₋₂ + 15x₋₁ − 20x₀ + 15x₁ − 6x₂ + x₃)/√924` has the variance `g·⟨I⟩ + c²·⟨I²⟩` of
//! one point, with the squared coefficients as weights of both means, while a smooth peak (σ of 2
//! scans) adds under 1 % of its intensity. The median of |d|/√⟨I²⟩ in classes of ⟨I²⟩/⟨I⟩ gives the
//! relative variance, and a weighted regression on ⟨I⟩/⟨I²⟩ gives g and c².

use std::collections::BTreeMap;

use cofactor_core::statistics::upper_median;
use cofactor_core::{DetectionLimit, NoiseModel, Trace};

use crate::tuning::{
    ASSUMED_RELATIVE_NOISE, GAIN_AS_LIKELY_AS_NONE, LEAST_CLASS_DIFFERENCES, LEAST_GAIN,
    LEAST_RELATIVE_NOISE, LIMIT_HALF_WIDTH, REWEIGHTINGS,
};

/// Points of a difference …
const POINTS: usize = 7;
/// … and their coefficients.
const DIFFERENCE: [f64; POINTS] = [1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0];
/// Variance of the logarithm of a class's variance, times its differences: a median of absolute
/// values has 37 % of the efficiency of a mean of squares (4 / (2 · 0.37)), and neighbouring
/// differences share points (2).
const CLASS_VARIANCE: f64 = 11.0;
/// Median of |z| for a standard normal variable.
const MEDIAN_ABS_NORMAL: f64 = 0.674_489_75;

/// Estimates the noise model of a level from its traces; `limit` is its detection limit. Where
/// there is too little to learn from it is the gain. Where the data
/// cannot tell the gain from none, it is at least the part of its standard error that is as likely.
/// [`NoiseModel::gain_assumed`] says so in both cases.
pub fn estimate_noise<'a>(traces: impl IntoIterator<Item = &'a Trace>, limit: f64) -> NoiseModel {
    let mut classes: Vec<(i32, Vec<f64>)> = Vec::new();
    for trace in traces {
        for (scans, x) in trace.scans.windows(POINTS).zip(trace.intensity.windows(POINTS)) {
            if scans[POINTS - 1] - scans[0] == POINTS as u32 - 1 {
                let terms = || x.iter().zip(DIFFERENCE).map(|(&x, c)| (f64::from(x), c));
                let squares: f64 = DIFFERENCE.iter().map(|c| c * c).sum();
                let mean = terms().map(|(x, c)| c * c * x).sum::<f64>() / squares;
                let square = terms().map(|(x, c)| c * c * x * x).sum::<f64>() / squares;
                let difference = terms().map(|(x, c)| x * c).sum::<f64>().abs() / squares.sqrt();
                let class = (2.0 * (square / mean).ln()).floor() as i32;
                match classes.binary_search_by_key(&class, |c| c.0) {
                    Ok(place) => classes[place].1.push(difference / square.sqrt()),
                    Err(place) => classes.insert(place, (class, vec![difference / square.sqrt()])),
                }
            }
        }
    }
    classes.retain(|c| c.1.len() >= LEAST_CLASS_DIFFERENCES);
    let points: Vec<ClassPoint> = classes
        .iter_mut()
        .map(|(class, differences)| {
            let median = upper_median(differences, f64::total_cmp).unwrap_or(0.0);
            ClassPoint {
                inverse_intensity: (-(f64::from(*class) + 0.5) / 2.0).exp(),
                relative_variance: (median / MEDIAN_ABS_NORMAL).powi(2),
                differences: differences.len() as f64,
            }
        })
        .collect();
    let evidence = classes.iter().map(|c| c.1.len()).sum();
    match fit_variance(&points) {
        Some(Variance { gain, gain_error, relative }) => NoiseModel {
            gain: gain
                .max(GAIN_AS_LIKELY_AS_NONE * gain_error)
                .max(LEAST_GAIN * limit)
                .max(f64::MIN_POSITIVE),
            relative: relative.max(LEAST_RELATIVE_NOISE),
            evidence,
            gain_assumed: gain < gain_error,
        },
        None => NoiseModel {
            gain: limit.max(f64::MIN_POSITIVE),
            relative: ASSUMED_RELATIVE_NOISE,
            evidence: 0,
            gain_assumed: true,
        },
    }
}

/// What a class of intensities says.
pub(crate) struct ClassPoint {
    /// 1/I.
    pub(crate) inverse_intensity: f64,
    /// var/I².
    pub(crate) relative_variance: f64,
    /// Differences that it rests on.
    pub(crate) differences: f64,
}

impl ClassPoint {
    /// Weight where the relative variance is fitted as `fitted`: its relative error is the same in
    /// every class.
    fn weight(&self, fitted: f64) -> f64 {
        self.differences / (fitted * fitted)
    }
}

/// Non-negative regression of `var/I² = g·(1/I) + c²`, reweighted until settled.
pub(crate) fn fit_variance(points: &[ClassPoint]) -> Option<Variance> {
    if points.is_empty() {
        return None;
    }
    let mut fitted: Vec<f64> =
        points.iter().map(|p| p.relative_variance.max(f64::MIN_POSITIVE)).collect();
    let (mut gain, mut square) = (0.0, 0.0);
    for _ in 0..REWEIGHTINGS {
        let weights = fitted.iter().zip(points).map(|(f, p)| p.weight(*f));
        (gain, square) = non_negative_line(points, weights);
        let variance = |p: &ClassPoint| gain * p.inverse_intensity + square;
        fitted = points.iter().map(|p| variance(p).max(f64::MIN_POSITIVE)).collect();
    }
    let weights: Vec<f64> = fitted.iter().zip(points).map(|(f, p)| p.weight(*f)).collect();
    let sum = |term: fn(f64) -> f64| {
        let terms = points.iter().zip(&weights).map(|(p, w)| w * term(p.inverse_intensity));
        terms.sum::<f64>()
    };
    let (sw, sx, sxx) = (sum(|_| 1.0), sum(|x| x), sum(|x| x * x));
    let determinant = sw * sxx - sx * sx;
    // Of one class of intensities all may be gain, or nothing.
    let gain_error = if determinant > 1e-12 * sw * sxx {
        (CLASS_VARIANCE * sw / determinant).sqrt()
    } else {
        gain
    };
    Some(Variance { gain, gain_error, relative: square.sqrt() })
}

/// A fitted variance of points.
pub(crate) struct Variance {
    pub(crate) gain: f64,
    /// Standard error of the gain.
    gain_error: f64,
    pub(crate) relative: f64,
}

/// Slope and intercept, both ≥ 0, of a weighted line through the points.
fn non_negative_line(points: &[ClassPoint], weights: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut sw, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (p, w) in points.iter().zip(weights) {
        let (x, y) = (p.inverse_intensity, p.relative_variance);
        sw += w;
        sx += w * x;
        sy += w * y;
        sxx += w * x * x;
        sxy += w * x * y;
    }
    let determinant = sw * sxx - sx * sx;
    let line = ((sw * sxy - sx * sy) / determinant, (sxx * sy - sx * sxy) / determinant);
    if determinant > 1e-12 * sw * sxx && line.0 >= 0.0 && line.1 >= 0.0 {
        line
    } else if determinant > 1e-12 * sw * sxx && line.0 < 0.0 {
        (0.0, sy / sw)
    } else {
        (sxy / sxx, 0.0)
    }
}

/// The least intensity of each scan, collected while scans stream by.
#[derive(Debug, Default)]
pub(crate) struct ScanMinima {
    per_scan: Vec<f32>,
}

impl ScanMinima {
    pub(crate) fn push(&mut self, intensity: &[f32]) {
        self.per_scan.push(intensity.iter().copied().fold(f32::INFINITY, f32::min));
    }

    /// The running median of the minima: a scan's own minimum is chance, that of its neighbourhood
    /// is the limit.
    pub(crate) fn finish(self) -> DetectionLimit {
        let n = self.per_scan.len();
        let per_scan = (0..n)
            .map(|i| {
                let around = i.saturating_sub(LIMIT_HALF_WIDTH)..(i + LIMIT_HALF_WIDTH + 1).min(n);
                let mut seen: Vec<f32> =
                    self.per_scan[around].iter().copied().filter(|v| v.is_finite()).collect();
                upper_median(&mut seen, f32::total_cmp).unwrap_or(0.0)
            })
            .collect();
        DetectionLimit { per_scan }
    }
}

/// Intensities of the peaks that no other scan shows at their m/z, in eight classes an octave.
#[derive(Debug, Default)]
pub(crate) struct LonePeaks {
    /// Peaks of each class, the intensities of which begin with these bits.
    classes: BTreeMap<u32, u32>,
    peaks: u32,
}

impl LonePeaks {
    /// Sign, exponent and the first three bits behind the point.
    const CLASS_BITS: u32 = 12;

    pub(crate) fn push(&mut self, intensity: f32) {
        let class = intensity.to_bits() >> (u32::BITS - Self::CLASS_BITS);
        *self.classes.entry(class).or_default() += 1;
        self.peaks += 1;
    }

    /// The least intensity that no more than this `share` of such peaks reach, counted with one
    /// more that does; `None` where there are too few to tell.
    pub(crate) fn reached_by(&self, share: f64) -> Option<f32> {
        let most = share * (f64::from(self.peaks) + 1.0) - 1.0;
        let mut least = self.classes.last_key_value().filter(|_| most >= 0.0)?.0 + 1;
        let mut above = 0.0;
        for (&class, &peaks) in self.classes.iter().rev() {
            above += f64::from(peaks);
            if above > most {
                break;
            }
            least = class;
        }
        Some(f32::from_bits(least << (u32::BITS - Self::CLASS_BITS)))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};

    use super::*;

    fn simulated(gain: f64, relative: f64, width: f64) -> Vec<Trace> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let normal = Normal::new(0.0, 1.0).unwrap();
        let truth = NoiseModel { gain, relative, ..NoiseModel::default() };
        (0..2000)
            .map(|k| {
                let height = 2e3 * 10f64.powf(f64::from(k % 20) / 5.0);
                let scans: Vec<u32> = (0..24).collect();
                let intensity = scans.iter().map(|&s| {
                    let mean =
                        height * (-0.5 * ((f64::from(s) - 12.0) / width).powi(2)).exp() + 500.0;
                    (mean + truth.variance(mean).sqrt() * normal.sample(&mut rng)).max(1.0) as f32
                });
                Trace {
                    channel: cofactor_core::ChannelIx(0),
                    mz: 100.0,
                    intensity: intensity.collect(),
                    scans,
                    shift: Vec::new(),
                }
            })
            .collect()
    }

    #[test]
    fn gain_and_relative_noise_are_recovered_whatever_the_width() {
        for width in [2.0, 2.5, 3.0, 5.0] {
            for (gain, relative) in [(50.0, 0.05), (200.0, 0.1), (20.0, 0.03)] {
                let found = estimate_noise(&simulated(gain, relative, width), 1.0);
                assert!(
                    (found.gain / gain - 1.0).abs() < 0.1,
                    "{found:?} for g = {gain} at {width} scans"
                );
                assert!(
                    (found.relative / relative - 1.0).abs() < 0.1,
                    "{found:?} for c = {relative} at {width} scans"
                );
            }
        }
    }

    #[test]
    fn very_narrow_peaks_add_little() {
        for (gain, relative) in [(50.0, 0.05), (200.0, 0.1)] {
            let found = estimate_noise(&simulated(gain, relative, 1.5), 1.0);
            assert!((0.8..1.3).contains(&(found.gain / gain)), "{found:?} for g = {gain}");
            assert!(
                (0.8..1.3).contains(&(found.relative / relative)),
                "{found:?} for c = {relative}"
            );
        }
    }

    #[test]
    fn too_little_data_gives_the_fallback() {
        let guess = NoiseModel { gain: 300.0, relative: 0.1, evidence: 0, gain_assumed: true };
        assert_eq!(estimate_noise(&[], 300.0), guess);
    }

    #[test]
    fn purely_proportional_noise_keeps_a_gain_and_says_so() {
        let found = estimate_noise(&simulated(0.0, 0.05, 2.5), 200.0);
        assert!(found.gain_assumed && found.gain > LEAST_GAIN * 200.0, "{found:?}");
        assert!(found.gain < 10.0 && (found.relative / 0.05 - 1.0).abs() < 0.1, "{found:?}");
        assert!(!estimate_noise(&simulated(50.0, 0.05, 2.5), 200.0).gain_assumed);
    }

    #[test]
    fn few_lone_peaks_reach_what_is_told() {
        let mut lone = LonePeaks::default();
        for intensity in 1..=18 {
            lone.push(intensity as f32);
        }
        assert_eq!(lone.reached_by(0.05), None);
        for intensity in 19..=999 {
            lone.push(intensity as f32);
        }
        let least = lone.reached_by(0.05).unwrap();
        assert!((950.0..1050.0).contains(&least), "{least}");
        let higher = lone.reached_by(0.001).unwrap();
        assert!((1000.0..1125.0).contains(&higher), "{higher}");
    }

    #[test]
    fn the_limit_ignores_single_scans() {
        let mut minima = ScanMinima::default();
        for i in 0..30 {
            minima.push(&[if i == 10 { 5.0 } else { 400.0 }, 9000.0]);
        }
        minima.push(&[]);
        let limit = minima.finish();
        assert_eq!(limit.at(10), 400.0);
        assert_eq!(limit.at(30), 400.0);
        assert_eq!(limit.typical(), 400.0);
    }
}
