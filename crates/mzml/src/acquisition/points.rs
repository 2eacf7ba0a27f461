//! From the points of a spectrum to tidy centroided peaks.

use cofactor_core::statistics::upper_median;

use crate::acquisition::centroid::centroid;
use crate::acquisition::header::Continuity;
use crate::acquisition::peaks::{Defects, Peaks, Zeros, merge_frame, tidy};
use crate::tuning::{EVEN_STEP, FAR_STEP, LEAST_PAIRS, MANY_PAIRS, WIDEST_PROFILE_STEP};

/// The peaks of a spectrum and what was done to get them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) peaks: Peaks,
    pub(crate) defects: Defects,
    /// Neither m/z nor intensities were there.
    pub(crate) no_arrays: bool,
    /// Centroided from a profile.
    pub(crate) picked: bool,
    /// For an ion-mobility frame: peaks that went into others.
    pub(crate) frame_merged: Option<usize>,
}

/// The peaks of `raw` points; those of an ion-mobility `frame` that differ in mobility alone become
/// one.
pub(crate) fn peaks_of(raw: Peaks, continuity: Continuity, frame: bool) -> Decoded {
    let labelled = continuity == Continuity::Profile;
    if !frame && is_curve(&raw.mz, labelled) {
        let (profile, defects) = tidy(raw, Zeros::Keep);
        return Decoded {
            peaks: tidy(centroid(&profile), Zeros::Drop).0,
            defects,
            picked: true,
            ..Decoded::default()
        };
    }
    let (peaks, defects) = tidy(raw, Zeros::Drop);
    if frame {
        let (merged, taken_in) = merge_frame(&peaks);
        let frame_merged = Some(taken_in + defects.merged);
        return Decoded { peaks: merged, frame_merged, ..Decoded::default() };
    }
    Decoded { peaks, defects, ..Decoded::default() }
}

/// Whether the points are those of a curve. What is `labelled` a profile is one unless its points
/// lie as those of separate peaks do; what is not must hold so many even steps that peaks cannot
/// have them by chance.
///
/// A curve is sampled evenly: of two neighbouring steps within a peak one is about as wide as the
/// other, and both are narrow. The distances of separate peaks, however dense, are those of chance.
fn is_curve(mz: &[f64], labelled: bool) -> bool {
    let mut gaps: Vec<f64> = mz.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if gaps.is_empty() || gaps.iter().any(|gap| *gap < 0.0) {
        return false;
    }
    let pairs = gaps.windows(2).map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1])));
    let (mut near, mut even) = (0, 0);
    for (narrow, wide) in pairs.filter(|(_, wide)| *wide <= WIDEST_PROFILE_STEP) {
        near += usize::from(wide <= FAR_STEP * narrow);
        even += usize::from(wide <= EVEN_STEP * narrow);
    }
    if !labelled {
        return even >= MANY_PAIRS && 2 * even >= near && 3 * even >= gaps.len();
    }
    if near >= LEAST_PAIRS {
        return 2 * even >= near;
    }
    upper_median(&mut gaps, f64::total_cmp).is_some_and(|step| step <= WIDEST_PROFILE_STEP)
}
