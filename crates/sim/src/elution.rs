//! Elution peaks: a Gaussian convolved with an exponential decay (EMG), of height 1 at its apex.
//!
//! Evaluated in the numerically stable forms of Kalambet et al., J. Chemom. 25 (2011) 352:
//! with z = (σ/τ − (t − μ)/σ)/√2, the plain product where z < 0, the scaled complementary error
//! function where it is moderate, and its asymptotic series where it is large.

use std::f64::consts::{FRAC_PI_2, PI, SQRT_2};

/// Decay below which the peak is a Gaussian to double precision, relative to σ.
const NO_TAIL: f64 = 1e-6;

/// Above this, `exp(z²)·erfc(z)` comes from its asymptotic series.
const LARGE_Z: f64 = 25.0;

/// An elution peak of height 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elution {
    apex: f64,
    sigma: f64,
    /// τ/σ.
    tail: f64,
    /// Distance of the apex from μ, in σ.
    shift: f64,
    /// Value of the unscaled curve at the apex.
    top: f64,
}

impl Elution {
    /// A peak with its apex at `apex` (s), Gaussian width `sigma` (s, above 0), and decay time
    /// `tail`·`sigma` (`tail` at least 0).
    pub fn new(apex: f64, sigma: f64, tail: f64) -> Self {
        // The apex of an EMG lies within μ and μ + τ, and the curve has one maximum.
        let (mut low, mut high) = (0.0, tail);
        for _ in 0..80 {
            let third = (high - low) / 3.0;
            if emg(low + third, tail) < emg(high - third, tail) {
                low += third;
            } else {
                high -= third;
            }
        }
        let shift = 0.5 * (low + high);
        Self { apex, sigma, tail, shift, top: emg(shift, tail) }
    }

    /// Relative intensity at a time in seconds; 1 at the apex.
    pub fn at(&self, seconds: f64) -> f64 {
        emg((seconds - self.apex) / self.sigma + self.shift, self.tail) / self.top
    }

    /// Area under the peak, s.
    pub fn area(&self) -> f64 {
        self.sigma * (2.0 * PI).sqrt() / self.top
    }
}

/// EMG with σ = 1, μ = 0 and τ = `tail`; its area is √(2π) whatever the tail.
fn emg(x: f64, tail: f64) -> f64 {
    if tail < NO_TAIL {
        return (-0.5 * x * x).exp();
    }
    let rate = 1.0 / tail;
    let z = (rate - x) / SQRT_2;
    let factor = rate * FRAC_PI_2.sqrt();
    if z < 0.0 {
        factor * (0.5 * rate * rate - x * rate).exp() * libm::erfc(z)
    } else {
        factor * (-0.5 * x * x).exp() * erfcx(z)
    }
}

/// `exp(z²)·erfc(z)` for z ≥ 0.
fn erfcx(z: f64) -> f64 {
    if z < LARGE_Z {
        return (z * z).exp() * libm::erfc(z);
    }
    let inverse = 0.5 / (z * z);
    (1.0 - inverse * (1.0 - inverse * (3.0 - 15.0 * inverse))) / (z * PI.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_that_of_the_formula_for_any_tail() {
        for tail in [0.0, 1e-5, 0.01, 0.03, 0.3, 1.0, 5.0, 40.0] {
            let peak = Elution::new(500.0, 3.0, tail);
            let step = 0.01;
            let sum: f64 = (0..400_000).map(|i| peak.at(400.0 + f64::from(i) * step) * step).sum();
            assert!(
                (sum / peak.area() - 1.0).abs() < 1e-6,
                "tail {tail}: {sum} and {}",
                peak.area()
            );
        }
    }

    #[test]
    fn the_apex_is_where_it_was_asked_for() {
        for tail in [0.0, 0.1, 0.5, 3.0] {
            let peak = Elution::new(60.0, 2.5, tail);
            assert!((peak.at(60.0) - 1.0).abs() < 1e-12);
            assert!(peak.at(59.9) < 1.0 && peak.at(60.1) < 1.0, "tail {tail}");
            assert!(tail == 0.0 || peak.at(65.0) > peak.at(55.0), "a tail lies behind the apex");
        }
    }

    #[test]
    fn far_away_and_at_the_seams_of_the_forms_it_stays_finite_and_smooth() {
        for tail in [1e-6, 0.01, 0.0283, 0.5, 50.0] {
            let peak = Elution::new(0.0, 1.0, tail);
            for t in [-1e6, -100.0, -30.0, 30.0, 100.0, 1e6] {
                assert!((0.0..=1.0).contains(&peak.at(t)), "tail {tail} at {t}: {}", peak.at(t));
            }
        }
        for z in [LARGE_Z - 1e-9, LARGE_Z] {
            assert!((erfcx(z) - 0.022_549_572_432).abs() < 1e-11, "{}", erfcx(z));
        }
        let seam = 1.0 / 0.5;
        assert!((emg(seam - 1e-9, 0.5) - emg(seam + 1e-9, 0.5)).abs() < 1e-8);
    }
}
