//! Whether the detector saturates, and how far: an intensity Y is shown as y = Y / (1 + Y / S).
//!
//! Isotopologues elute as one, so M+1 is r Y where M is Y. Of what is shown,
//! `y₁ = r y₀ / (1 − (1 − r) y₀ / S)`: where an ion is intense its M+1 rises over M. Each ion gives
//! an 1/S with its error, by weighted least squares, and those of a run one, their median.

use cofactor_core::statistics::weighted_median;
use cofactor_core::{Feature, NoiseModel, TracedRun};
use serde::{Deserialize, Serialize};

use crate::isotopologue_pairs::pair_points;
use crate::tuning::{
    CLEAR_SATURATION_ERRORS, LEAST_LIMITS_OF_PAIR, LEAST_PROFILE_POINTS, MOST_SATURATED,
    SATURATION_STEPS,
};

/// By how much the detector shows intense points too low.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Saturation {
    /// 1/S, per intensity.
    pub inverse: f64,
    /// Its standard error.
    pub error: f64,
    /// Ions that it rests on.
    pub ions: usize,
    /// Highest intensity that a trace shows.
    pub highest: f64,
    /// Whether it is clear: well beyond its error.
    pub clear: bool,
}

impl Saturation {
    /// What an intensity was before the detector; nothing is taken for nearer to S than
    /// nine tenths of it.
    pub fn unsaturated(&self, shown: f64) -> f64 {
        shown / (1.0 - (self.inverse * shown).clamp(0.0, MOST_SATURATED))
    }

    /// Raises the traces of both levels, which have one detector. The noise stays that of what was
    /// shown, as most points are too weak to saturate.
    pub fn undo(&self, run: &mut TracedRun) {
        let traces = run.channels.iter_mut().flat_map(|data| &mut data.traces.traces);
        traces
            .flat_map(|trace| &mut trace.intensity)
            .for_each(|x| *x = self.unsaturated(f64::from(*x)) as f32);
    }

    /// The median of what ions tell, each 1/S with its weight.
    fn of_ions(told: &[(f64, f64)], highest: f64) -> Option<Self> {
        let inverse = weighted_median(told)?;
        let precision: f64 = told.iter().map(|(_, weight)| weight).sum();
        let error = MEDIAN_ERROR / precision.sqrt();
        let clear = inverse > CLEAR_SATURATION_ERRORS * error;
        Some(Self { inverse, error, ions: told.len(), highest, clear })
    }
}

/// Estimates the saturation of a run from the isotopologues of its features; `None` where no ion
/// has enough points.
pub fn estimate_saturation(run: &TracedRun, features: &[Feature]) -> Option<Saturation> {
    let told: Vec<(f64, f64)> = features.iter().filter_map(|f| ion_tells(f, run)).collect();
    let traces = run.channels.iter().flat_map(|data| &data.traces.traces);
    let highest = traces.flat_map(|trace| &trace.intensity).fold(0.0_f32, |a, &b| a.max(b));
    Saturation::of_ions(&told, f64::from(highest))
}

/// Standard error of a median over that of a mean, of normal variables: √(π/2).
const MEDIAN_ERROR: f64 = 1.253;

/// 1/S and its weight, the inverse of its variance, by M and M+1 of a feature.
fn ion_tells(feature: &Feature, run: &TracedRun) -> Option<(f64, f64)> {
    let data = &run[feature.channel];
    let mut points = pair_points(feature, run)?;
    let [first, second] = [0, 1].map(|i| points.iter().map(|pair| pair[i]).sum::<f64>());
    let least = LEAST_LIMITS_OF_PAIR * data.traces.limit.typical();
    points.retain(|pair| second * pair[0] > least * first);
    (points.len() >= LEAST_PROFILE_POINTS).then(|| fit(&points, &data.noise))?
}

/// Gauss-Newton steps for the ratio r and 1/S of `[M, M+1]`. Weights are of what the fit expects,
/// as those of what is seen favour low points.
fn fit(points: &[[f64; 2]], noise: &NoiseModel) -> Option<(f64, f64)> {
    let sum = |i: usize| points.iter().map(|pair| pair[i]).sum::<f64>();
    let top = points.iter().map(|pair| pair[0]).fold(0.0, f64::max);
    let (mut ratio, mut inverse, mut weight) = (sum(1) / sum(0), 0.0, 0.0);
    for _ in 0..SATURATION_STEPS {
        let mut normal = Normal::default();
        points.iter().for_each(|&[x, y]| normal.add(&Shown::new(ratio, inverse, x), x, y, noise));
        let determinant = normal.determinant()?;
        ratio = (ratio + normal.ratio_step(determinant)).clamp(LEAST_RATIO, 1.0 - LEAST_RATIO);
        inverse = (inverse + normal.inverse_step(determinant)).clamp(-1.0 / top, 1.0 / top);
        let misfit = (normal.misfit / (points.len() - 2) as f64).max(1.0);
        weight = determinant / normal.ratios / misfit;
    }
    Some((inverse, weight))
}

/// What a ratio is kept away from 0 and 1 by.
const LEAST_RATIO: f64 = 1e-3;

/// M+1 where M shows x, with its derivatives.
struct Shown {
    value: f64,
    by_ratio: f64,
    by_inverse: f64,
    by_first: f64,
}

impl Shown {
    fn new(ratio: f64, inverse: f64, x: f64) -> Self {
        let below = (1.0 - (1.0 - ratio) * inverse * x).max(1.0 - MOST_SATURATED);
        Self {
            value: ratio * x / below,
            by_ratio: x * (1.0 - inverse * x) / below.powi(2),
            by_inverse: ratio * (1.0 - ratio) * x * x / below.powi(2),
            by_first: ratio / below.powi(2),
        }
    }
}

/// Sums of the normal equations of both unknowns.
#[derive(Default)]
struct Normal {
    ratios: f64,
    mixed: f64,
    inverses: f64,
    ratio: f64,
    inverse: f64,
    misfit: f64,
}

impl Normal {
    fn add(&mut self, shown: &Shown, x: f64, y: f64, noise: &NoiseModel) {
        let variance = noise.variance(shown.value) + shown.by_first.powi(2) * noise.variance(x);
        let difference = y - shown.value;
        self.ratios += shown.by_ratio.powi(2) / variance;
        self.mixed += shown.by_ratio * shown.by_inverse / variance;
        self.inverses += shown.by_inverse.powi(2) / variance;
        self.ratio += shown.by_ratio * difference / variance;
        self.inverse += shown.by_inverse * difference / variance;
        self.misfit += difference.powi(2) / variance;
    }

    /// `None` where the points do not tell the two apart.
    fn determinant(&self) -> Option<f64> {
        let product = self.ratios * self.inverses;
        let determinant = product - self.mixed.powi(2);
        (determinant > 1e-12 * product).then_some(determinant)
    }

    fn ratio_step(&self, determinant: f64) -> f64 {
        (self.inverses * self.ratio - self.mixed * self.inverse) / determinant
    }

    fn inverse_step(&self, determinant: f64) -> f64 {
        (self.ratios * self.inverse - self.mixed * self.ratio) / determinant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: NoiseModel =
        NoiseModel { gain: 100.0, relative: 0.03, evidence: 100, gain_assumed: false };

    fn shown(intensity: f64, inverse: f64) -> f64 {
        intensity / (1.0 + intensity * inverse)
    }

    /// M and M+1 of an elution of this height, as a detector shows them.
    fn pair(height: f64, ratio: f64, inverse: f64) -> Vec<[f64; 2]> {
        let bell = |t: usize| height * (-0.5 * ((t as f64 - 7.0) / 3.0).powi(2)).exp();
        let point = |t| [bell(t), ratio * bell(t)].map(|x| shown(x, inverse));
        (0..15).map(point).collect()
    }

    #[test]
    fn isotopologues_tell_how_far_a_detector_saturates() {
        for (height, ratio, inverse) in [(3e6, 0.12, 2e-7), (8e6, 0.3, 4e-8), (3e6, 0.12, 0.0)] {
            let (told, weight) = fit(&pair(height, ratio, inverse), &NOISE).unwrap();
            assert!((told - inverse).abs() < 1e-3 / height, "{told} for {inverse}");
            assert!(weight > 0.0);
        }
        let [weak, intense] = [1e5, 3e6].map(|height| {
            let (_, weight) = fit(&pair(height, 0.12, 2e-7), &NOISE).unwrap();
            weight
        });
        assert!(intense > 100.0 * weak, "{intense} {weak}");
    }

    #[test]
    fn an_interference_of_some_ions_is_no_saturation() {
        let constant: Vec<[f64; 2]> =
            pair(3e6, 0.12, 0.0).into_iter().map(|[x, y]| [x, y + 2e4]).collect();
        let told = [fit(&constant, &NOISE).unwrap(); 3];
        let right = [fit(&pair(3e6, 0.12, 0.0), &NOISE).unwrap(); 9];
        assert!(!Saturation::of_ions(&[&told[..], &right].concat(), 3e6).unwrap().clear);
        let saturated = [fit(&pair(3e6, 0.12, 2e-7), &NOISE).unwrap(); 9];
        let found = Saturation::of_ions(&[&told[..], &saturated].concat(), 3e6).unwrap();
        assert!(found.clear && (found.inverse - 2e-7).abs() < 1e-9, "{found:?}");
        assert_eq!(Saturation::of_ions(&[], 3e6), None);
    }

    #[test]
    fn what_is_shown_is_raised_to_what_was_there() {
        let saturation =
            |inverse| Saturation { inverse, error: 1e-9, ions: 9, highest: 3e6, clear: true };
        for intensity in [1e3, 1e6, 3e6] {
            let raised = saturation(2e-7).unsaturated(shown(intensity, 2e-7));
            assert!((raised - intensity).abs() < 1e-6 * intensity, "{raised} for {intensity}");
        }
        assert!(saturation(2e-7).unsaturated(6e6).is_finite(), "more than the detector can show");
    }
}
