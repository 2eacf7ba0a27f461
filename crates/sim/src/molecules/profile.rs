//! How a compound elutes: a peak with a tail or a front, ragged, or with a second hump.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::elution::Elution;
use crate::truth::{PeakShape, TruthCompound, uniform};
use crate::variation::Variation;

/// Probability of each shape other than a tailing peak.
const SHAPES: [(PeakShape, f64); 3] =
    [(PeakShape::Fronting, 0.12), (PeakShape::Ragged, 0.08), (PeakShape::Double, 0.04)];

/// Beyond so many σ and decay times from the apex nothing is there.
const REACH: [f64; 2] = [12.0, 12.0];

/// Distance of the second hump in σ, the more by this share of the tail, and its height.
const SECOND: (f64, f64, f64) = (3.2, 1.5, 0.45);

/// Waves of a ragged peak, their periods in s, and the standard deviation of the logarithm that
/// they make together.
const WAVES: (usize, [f64; 2], f64) = (4, [1.5, 5.0], 0.25);

/// The elution of a compound.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    peak: Elution,
    apex: f64,
    reach: f64,
    mirrored: bool,
    second: Option<Elution>,
    /// Period and phase of each wave.
    waves: Vec<(f64, f64)>,
    /// Where it elutes in another run than the one that it was drawn for.
    moved: Option<Variation>,
}

/// Draws a shape; `None` is a tailing peak.
pub(super) fn draw_shape(rng: &mut ChaCha8Rng) -> Option<PeakShape> {
    let mut remaining = rng.random::<f64>();
    for (shape, probability) in SHAPES {
        if remaining < probability {
            return Some(shape);
        }
        remaining -= probability;
    }
    None
}

/// Apex of the second hump of a double peak, s.
pub(super) fn second_apex(rt: f64, sigma: f64, tail: f64) -> f64 {
    rt + (SECOND.0 + SECOND.1 * tail) * sigma
}

impl Profile {
    /// The elution of a compound whose time, widths and shape have been drawn.
    pub(super) fn draw(compound: &TruthCompound, rng: &mut ChaCha8Rng) -> Self {
        let TruthCompound { rt, sig, tail, shape, second_rt, .. } = compound;
        let waves = if *shape == Some(PeakShape::Ragged) { WAVES.0 } else { 0 };
        Self {
            peak: compound.elution(),
            apex: *rt,
            reach: sig * (REACH[0] + REACH[1] * tail),
            mirrored: *shape == Some(PeakShape::Fronting),
            second: second_rt.map(|apex| Elution::new(apex, *sig, *tail)),
            waves: (0..waves).map(|_| (uniform(WAVES.1, rng), uniform([0.0, TAU], rng))).collect(),
            moved: None,
        }
    }

    /// The same elution in another run: moved and stretched as a whole.
    pub(super) fn varied(&self, variation: &Variation) -> Self {
        Self { moved: Some(*variation), ..self.clone() }
    }

    /// Relative intensity at a time in seconds.
    pub(super) fn at(&self, seconds: f64) -> f64 {
        let seconds =
            self.moved.map_or(seconds, |moved| self.apex + (seconds - moved.apex) / moved.width);
        if (seconds - self.apex).abs() > self.reach {
            return 0.0;
        }
        let time = if self.mirrored { 2.0 * self.apex - seconds } else { seconds };
        let second = self.second.as_ref().map_or(0.0, |hump| SECOND.2 * hump.at(seconds));
        let sum: f64 =
            self.waves.iter().map(|(period, phase)| (TAU * seconds / period + phase).sin()).sum();
        let amplitude = WAVES.2 * (2.0 / WAVES.0 as f64).sqrt();
        (self.peak.at(time) + second) * (amplitude * sum).exp()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn profile(shape: Option<PeakShape>) -> Profile {
        let second_rt = (shape == Some(PeakShape::Double)).then(|| second_apex(60.0, 2.0, 1.0));
        let times = TruthCompound { rt: 60.0, second_rt, ..TruthCompound::default() };
        let compound = TruthCompound { sig: 2.0, tail: 1.0, shape, ..times };
        Profile::draw(&compound, &mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn a_front_is_a_tail_in_the_mirror() {
        let (front, tail) = (profile(Some(PeakShape::Fronting)), profile(None));
        assert!(front.at(55.0) > front.at(65.0) && front.at(55.0) == tail.at(65.0));
    }

    #[test]
    fn in_another_run_a_shape_is_moved_and_stretched_as_a_whole() {
        let variation = Variation { factor: 3.0, apex: 63.0, width: 1.25 };
        for shape in [None, Some(PeakShape::Ragged), Some(PeakShape::Double)] {
            let base = profile(shape);
            let moved = base.varied(&variation);
            for offset in [-4.0, 0.0, 2.0, 7.0] {
                let difference = moved.at(63.0 + 1.25 * offset) - base.at(60.0 + offset);
                assert!(difference.abs() < 1e-12, "{shape:?} at {offset}: {difference}");
            }
        }
    }

    #[test]
    fn a_double_peak_has_two_tops_and_a_ragged_one_more() {
        let tops = |shape| {
            let profile = profile(shape);
            let heights: Vec<f64> =
                (0..600).map(|step| profile.at(40.0 + 0.1 * f64::from(step))).collect();
            heights.windows(3).filter(|three| three[1] > three[0] && three[1] > three[2]).count()
        };
        assert_eq!(tops(None), 1);
        assert_eq!(tops(Some(PeakShape::Double)), 2);
        assert!(tops(Some(PeakShape::Ragged)) > 2);
    }
}
