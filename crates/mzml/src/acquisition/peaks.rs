//! Peak lists as cofactor wants them: strictly ascending m/z, finite and positive throughout.

use crate::tuning::FRAME_TOLERANCE;

/// m/z and intensity, one of each per peak.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Peaks {
    pub(crate) mz: Vec<f64>,
    pub(crate) intensity: Vec<f32>,
}

/// What [`tidy`] had to change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Defects {
    /// Peaks dropped for an m/z that is not finite or not positive.
    pub(crate) bad_mz: usize,
    /// Peaks dropped for an intensity that is not finite or negative.
    pub(crate) bad_intensity: usize,
    /// Peaks dropped for an intensity of zero.
    pub(crate) zero: usize,
    /// The m/z were not ascending.
    pub(crate) unsorted: bool,
    /// Peaks added to another with the same m/z.
    pub(crate) merged: usize,
}

/// Whether points of zero intensity stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zeros {
    /// As a profile needs them.
    Keep,
    /// As in a peak list.
    Drop,
}

/// Drops impossible peaks, sorts by m/z and adds up peaks of equal m/z.
pub(crate) fn tidy(peaks: Peaks, zeros: Zeros) -> (Peaks, Defects) {
    let mut defects = Defects::default();
    let usable = |intensity: f32| {
        intensity.is_finite() && (intensity > 0.0 || (zeros == Zeros::Keep && intensity == 0.0))
    };
    let ascending = peaks.mz.windows(2).all(|pair| pair[0] < pair[1]);
    let mz_possible = |mz: f64| mz.is_finite() && mz > 0.0;
    if ascending
        && peaks.mz.iter().all(|&mz| mz_possible(mz))
        && peaks.intensity.iter().all(|&i| usable(i))
    {
        return (peaks, defects);
    }
    let mut pairs: Vec<(f64, f32)> = Vec::with_capacity(peaks.mz.len());
    for (&mz, &intensity) in peaks.mz.iter().zip(&peaks.intensity) {
        if !mz_possible(mz) {
            defects.bad_mz += 1;
        } else if usable(intensity) {
            pairs.push((mz, intensity));
        } else if intensity == 0.0 {
            defects.zero += 1;
        } else {
            defects.bad_intensity += 1;
        }
    }
    if !pairs.is_sorted_by(|a, b| a.0 <= b.0) {
        defects.unsorted = true;
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let mut tidied = Peaks::default();
    for (mz, intensity) in pairs {
        match tidied.intensity.last_mut() {
            Some(last) if tidied.mz.last() == Some(&mz) => {
                *last = (*last + intensity).min(f32::MAX);
                defects.merged += 1;
            }
            _ => {
                tidied.mz.push(mz);
                tidied.intensity.push(intensity);
            }
        }
    }
    (tidied, defects)
}

/// Merges the tidy peaks of an ion-mobility frame: starting from the strongest, each takes in those
/// within [`FRAME_TOLERANCE`], at their intensity-weighted mean m/z. Returns how many were taken
/// in.
pub(crate) fn merge_frame(peaks: &Peaks) -> (Peaks, usize) {
    let count = peaks.mz.len();
    let mut by_intensity: Vec<usize> = (0..count).collect();
    by_intensity
        .sort_by(|&a, &b| peaks.intensity[b].total_cmp(&peaks.intensity[a]).then(a.cmp(&b)));
    let mut taken = vec![false; count];
    let mut merged = Peaks::default();
    for centre in by_intensity {
        if taken[centre] {
            continue;
        }
        let (low, high) = FRAME_TOLERANCE.bounds(peaks.mz[centre]);
        let first = (0..centre)
            .rev()
            .take_while(|&i| peaks.mz[i] >= low && !taken[i])
            .last()
            .unwrap_or(centre);
        let last = (centre..count)
            .take_while(|&i| peaks.mz[i] <= high && !taken[i])
            .last()
            .unwrap_or(centre);
        let (mut sum, mut moment) = (0.0, 0.0);
        taken[first..=last].fill(true);
        for (mz, &intensity) in peaks.mz[first..=last].iter().zip(&peaks.intensity[first..=last]) {
            sum += f64::from(intensity);
            moment += f64::from(intensity) * mz;
        }
        merged.mz.push(moment / sum);
        merged.intensity.push((sum as f32).min(f32::MAX));
    }
    let taken_in = count - merged.mz.len();
    (tidy(merged, Zeros::Drop).0, taken_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peaks(pairs: &[(f64, f32)]) -> Peaks {
        let (mz, intensity) = pairs.iter().copied().unzip();
        Peaks { mz, intensity }
    }

    #[test]
    fn a_good_list_is_left_alone() {
        let good = peaks(&[(100.0, 1.0), (100.5, 2.0)]);
        assert_eq!(tidy(good.clone(), Zeros::Drop), (good, Defects::default()));
    }

    #[test]
    fn every_defect_is_mended_and_counted() {
        let (tidied, defects) = tidy(
            peaks(&[
                (200.0, 1.0),
                (100.0, 2.0),
                (200.0, 3.0),
                (-5.0, 1.0),
                (f64::NAN, 1.0),
                (0.0, 1.0),
                (150.0, 0.0),
                (151.0, -1.0),
                (152.0, f32::INFINITY),
            ]),
            Zeros::Drop,
        );
        assert_eq!(tidied, peaks(&[(100.0, 2.0), (200.0, 4.0)]));
        assert_eq!(
            defects,
            Defects { bad_mz: 3, bad_intensity: 2, zero: 1, unsorted: true, merged: 1 }
        );
    }

    #[test]
    fn a_profile_keeps_its_zeros() {
        let profile = peaks(&[(100.0, 0.0), (100.1, 2.0), (100.2, 0.0)]);
        assert_eq!(tidy(profile.clone(), Zeros::Keep), (profile.clone(), Defects::default()));
        assert_eq!(tidy(profile, Zeros::Drop).1.zero, 2);
    }

    #[test]
    fn a_frame_is_merged_around_its_strongest_peaks() {
        let frame =
            peaks(&[(500.0, 1.0), (500.004, 8.0), (500.008, 1.0), (500.02, 2.0), (600.0, 3.0)]);
        let (merged, taken_in) = merge_frame(&frame);
        assert_eq!(taken_in, 2);
        assert_eq!(merged.intensity, [10.0, 2.0, 3.0]);
        assert!((merged.mz[0] - 500.004).abs() < 1e-9);
        assert_eq!(merged.mz[1..], [500.02, 600.0]);
    }
}
