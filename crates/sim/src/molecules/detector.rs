//! What is measured of expected peaks: those that cannot be resolved are one, the detector
//! saturates, intense peaks have side lobes, and m/z is the surer the more ions there are.

use rand_chacha::ChaCha8Rng;

use super::knobs::Molecules;
use crate::Scenario;
use crate::detect::{finish, resolved};
use crate::noise::{measured, normal};

/// m/z at which a resolving power is given.
const REFERENCE_MZ: f64 = 200.0;

/// Peaks closer than this share of their width are one.
const RESOLVED: f64 = 0.8;

/// Side lobes of a Fourier transform on either side of a peak: distance in widths m/R, and height
/// relative to the peak.
const LOBES: [(f64, f64); 3] = [(2.0, 0.01), (3.1, 0.005), (4.3, 0.002)];

/// Relative noise of a side lobe beside that of its peak.
const LOBE_NOISE: f64 = 0.1;

/// Width of a peak at half its height.
fn width(mz: f64, resolving_power: f64) -> f64 {
    mz / (resolving_power * (REFERENCE_MZ / mz).sqrt())
}

/// What a detector makes of an intensity: the cap is soft.
pub(super) fn saturated(intensity: f64, knobs: &Molecules) -> f64 {
    intensity / (1.0 + intensity / knobs.saturation)
}

/// The side lobes of a peak, as (m/z, intensity).
pub(super) fn side_lobes(
    mz: f64,
    intensity: f64,
    level: usize,
    knobs: &Molecules,
) -> impl Iterator<Item = (f64, f64)> {
    let width = width(mz, knobs.resolving_power[level]);
    LOBES.into_iter().filter(move |_| intensity >= knobs.side_lobes_from).flat_map(
        move |(distance, share)| {
            [-distance, distance].map(|distance| (mz + distance * width, intensity * share))
        },
    )
}

/// From expected to measured peaks of a scan; `level` is 0 for MS1. Ascending m/z.
pub(super) fn detect(
    scenario: &Scenario,
    knobs: &Molecules,
    level: usize,
    expected: Vec<(f64, f64)>,
    range: [f64; 2],
    rng: &mut ChaCha8Rng,
) -> Vec<(f64, f64)> {
    let power = knobs.resolving_power[level];
    let mut peaks = Vec::new();
    for (mz, height) in resolved(expected, |mz| RESOLVED * width(mz, power)) {
        let intensity = measured(height, scenario.gain, scenario.relative_noise, rng);
        let ions = (intensity / scenario.gain).max(1.0);
        let ppm = scenario.mz_jitter_ppm + knobs.mz_statistics_ppm / ions.sqrt();
        let mz = mz * (1.0 + normal(rng) * ppm * 1e-6);
        let intensity = saturated(intensity, knobs);
        peaks.push((mz, intensity));
        for (mz, height) in side_lobes(mz, intensity, level, knobs) {
            peaks.push((mz, height * (LOBE_NOISE * normal(rng)).exp()));
        }
    }
    // A lobe that falls on another peak is part of it.
    let peaks = resolved(peaks, |mz| RESOLVED * width(mz, power));
    finish(scenario, peaks, range, rng)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn quiet() -> Scenario {
        Scenario { noise_peaks: 0.0, ..Scenario::default() }
    }

    fn detected(expected: Vec<(f64, f64)>, seed: u64) -> Vec<(f64, f64)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        detect(&quiet(), &Molecules::default(), 0, expected, [100.0, 400.0], &mut rng)
    }

    #[test]
    fn an_intense_peak_has_lobes_and_is_capped() {
        let peaks = detected(vec![(200.0, 6e7)], 1);
        assert_eq!(peaks.len(), 7);
        assert!((peaks[3].1 / 3e7 - 1.0).abs() < 0.2, "{peaks:?}");
        assert!((peaks[4].0 - peaks[3].0 - 2.0 * 200.0 / 60_000.0).abs() < 1e-6);
        assert!((peaks[4].1 / peaks[3].1 / 0.01 - 1.0).abs() < 0.5);
        assert_eq!(detected(vec![(200.0, 3e6)], 1).len(), 1);
    }

    #[test]
    fn few_ions_have_no_sure_mass() {
        let spread = |height: f64| {
            let errors: Vec<f64> = (0..500)
                .flat_map(|seed| detected(vec![(300.0, height)], seed))
                .map(|(mz, _)| (mz / 300.0 - 1.0) * 1e6)
                .collect();
            (errors.iter().map(|x| x * x).sum::<f64>() / errors.len() as f64).sqrt()
        };
        assert!((spread(9e5) - 1.546).abs() < 0.2, "{}", spread(9e5));
        assert!((spread(3e3) - 2.3).abs() < 0.5, "{}", spread(3e3));
    }
}
