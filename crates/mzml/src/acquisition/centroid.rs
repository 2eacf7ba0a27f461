//! Profile spectra to peaks.
//!
//! A peak is a maximum of the curve with signal beside it; a dip that falls by less than
//! [`SMALLEST_DIP`] does not part two peaks. Its m/z is the apex of a Gaussian (a parabola in log
//! intensity) through the highest point and its neighbours, its intensity that of the highest
//! point. mzsignal's picker is not used because it panics on shapes it cannot fit and takes flat
//! shoulders for peaks.

use crate::acquisition::peaks::Peaks;
use crate::tuning::SMALLEST_DIP;

/// Peaks of a profile: m/z ascending, intensities not negative, one of each per point.
pub(crate) fn centroid(profile: &Peaks) -> Peaks {
    let mut peaks = Peaks::default();
    for apex in apexes(&profile.intensity) {
        let around = |values: &[f64]| [values[apex - 1], values[apex], values[apex + 1]];
        let intensity = profile.intensity[apex];
        let heights = [apex - 1, apex, apex + 1].map(|i| f64::from(profile.intensity[i]));
        peaks.mz.push(fitted_mz(around(&profile.mz), heights));
        peaks.intensity.push(intensity);
    }
    peaks
}

/// Positions of the highest points; never the first or the last point.
fn apexes(intensity: &[f32]) -> Vec<usize> {
    let mut apexes: Vec<usize> = Vec::new();
    let mut lowest_since = 0.0_f32;
    for i in 1..intensity.len().saturating_sub(1) {
        let height = intensity[i];
        lowest_since = lowest_since.min(height);
        let alone = intensity[i - 1] == 0.0 && intensity[i + 1] == 0.0;
        let falls = || {
            intensity[i..].iter().find(|&&next| next != height).is_some_and(|&next| next < height)
        };
        if height == 0.0 || alone || height <= intensity[i - 1] || !falls() {
            continue;
        }
        match apexes.last().copied() {
            Some(last) if lowest_since > (1.0 - SMALLEST_DIP) * height.min(intensity[last]) => {
                if height > intensity[last] {
                    apexes.pop();
                    apexes.push(i);
                    lowest_since = height;
                }
            }
            _ => {
                apexes.push(i);
                lowest_since = height;
            }
        }
    }
    apexes
}

/// Apex of the Gaussian through three points, the middle one highest; their mean where it has none.
fn fitted_mz(mz: [f64; 3], height: [f64; 3]) -> f64 {
    let (lower, upper) = (mz[0] - mz[1], mz[2] - mz[1]);
    let (fall_lower, fall_upper) = ((height[0] / height[1]).ln(), (height[2] / height[1]).ln());
    let offset = (upper * upper * fall_lower - lower * lower * fall_upper)
        / (2.0 * (upper * fall_lower - lower * fall_upper));
    if offset.is_finite() && lower < offset && offset < upper {
        return mz[1] + offset;
    }
    let moment = lower * height[0] + upper * height[2];
    mz[1] + moment / height.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(points: usize, height: impl Fn(f64) -> f64) -> Peaks {
        let mz: Vec<f64> = (0..points).map(|i| 300.0 + 0.001 * i as f64).collect();
        let intensity = mz.iter().map(|&mz| height(mz).round() as f32).collect();
        Peaks { mz, intensity }
    }

    fn gaussian(mz: f64, centre: f64, sigma: f64) -> f64 {
        (-((mz - centre) / sigma).powi(2) / 2.0).exp()
    }

    #[test]
    fn gaussians_give_their_centres() {
        let peaks = centroid(&profile(400, |mz| {
            1e5 * gaussian(mz, 300.1234, 0.006) + 4e4 * gaussian(mz, 300.3, 0.004)
        }));
        assert_eq!(peaks.mz.len(), 2, "{peaks:?}");
        assert!((peaks.mz[0] - 300.1234).abs() < 1e-5, "{peaks:?}");
        assert!((peaks.mz[1] - 300.3).abs() < 1e-5);
        assert!((peaks.intensity[0] / 1e5 - 1.0).abs() < 0.01);
    }

    #[test]
    fn ripples_do_not_part_a_peak_but_valleys_do() {
        let ripple = |mz: f64| if (mz * 1000.0).round() as i64 % 2 == 0 { 0.95 } else { 1.0 };
        assert_eq!(
            centroid(&profile(100, |mz| 1e5 * ripple(mz) * gaussian(mz, 300.05, 0.02))).mz.len(),
            1
        );
        let two = |mz: f64| 1e5 * (gaussian(mz, 300.03, 0.008) + gaussian(mz, 300.06, 0.008));
        assert_eq!(centroid(&profile(100, two)).mz.len(), 2);
    }

    #[test]
    fn flat_tops_and_edges() {
        let picked = |intensity: &[f32]| {
            let mz = (0..intensity.len()).map(|i| 100.0 + 0.01 * i as f64).collect();
            centroid(&Peaks { mz, intensity: intensity.to_vec() })
        };
        let flat = picked(&[0.0, 1.0, 5.0, 5.0, 1.0, 0.0]);
        assert_eq!(flat.intensity, [5.0]);
        assert!((100.02..=100.03).contains(&flat.mz[0]), "{flat:?}");
        assert_eq!(picked(&[0.0, 0.0, 9.0, 0.0, 0.0]), Peaks::default());
        assert_eq!(picked(&[9.0, 5.0, 1.0]), Peaks::default());
        assert_eq!(picked(&[0.0, 4.0, 8.0, 0.0]).intensity, [8.0]);
        for short in [&[][..], &[1.0], &[1.0, 2.0]] {
            assert_eq!(picked(short), Peaks::default());
        }
    }
}
