//! What an instrument makes of an expected intensity: ion statistics, relative noise, m/z jitter.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

/// A measured intensity of mean `expected` and variance `gain`·expected + (`relative`·expected)²:
/// `gain` × a Poisson number of ions, whose rate itself varies by the relative noise.
pub(crate) fn measured(expected: f64, gain: f64, relative: f64, rng: &mut ChaCha8Rng) -> f64 {
    let ions = expected / gain * (1.0 + relative * normal(rng)).max(0.0);
    // A rate that no Poisson number can be drawn for is 0, or so large that its spread is nothing.
    Poisson::new(ions).map_or(ions * gain, |poisson| gain * poisson.sample(rng))
}

/// A standard normal number.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn mean_and_variance_are_those_of_the_model() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (expected, gain, relative) in
            [(3e3, 30.0, 0.0), (5e4, 10.0, 0.05), (2e6, 30.0, 0.06), (300.0, 100.0, 0.1)]
        {
            let count = 40_000;
            let values: Vec<f64> =
                (0..count).map(|_| measured(expected, gain, relative, &mut rng)).collect();
            let mean = values.iter().sum::<f64>() / f64::from(count);
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
                / f64::from(count - 1);
            let model = gain * expected + (relative * expected).powi(2);
            assert!(
                (mean - expected).abs() < 5.0 * (model / f64::from(count)).sqrt(),
                "{expected}: mean {mean}"
            );
            assert!(
                (variance / model - 1.0).abs() < 0.04,
                "{expected}: variance {variance}, model {model}"
            );
        }
    }

    #[test]
    fn nothing_gives_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(measured(0.0, 30.0, 0.05, &mut rng), 0.0);
    }
}
