//! MS1 traces → features: peaks and their isotopologues.

use cofactor_core::statistics::upper_median;
use cofactor_core::{
    ChannelData, ChannelIx, Feature, FoundIn, Isotopologue, Precursor, Relation, Tolerance, Trace,
};

use crate::isotopes::{IsotopePattern, TracedPeak, group_isotopes, peaks_of};
use crate::params::FeatureParams;
use crate::tuning::{ALONE_WIDTHS, INTENSE_LIMITS};

/// Finds the features of an MS1 channel, ascending in m/z, then retention time.
///
/// Their ids count from 1 within the channel. A feature at the very edge of the run may be cut off.
pub fn find_features(
    position: ChannelIx,
    data: &ChannelData,
    tolerance: Tolerance,
    params: &FeatureParams,
) -> Vec<Feature> {
    let mut peaks = peaks_of(data, params);
    drop_background(&mut peaks, params.max_plateau);
    group_isotopes(&peaks, data, tolerance, params)
        .iter()
        .enumerate()
        .map(|(i, p)| feature(i + 1, position, data, p, &peaks))
        .collect()
}

/// How well the cycle of a channel samples what elutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointCounts {
    /// Intense peaks: higher than ten detection limits.
    pub peaks: usize,
    /// Those of them that have fewer points than [`FeatureParams::min_points`] says, and are no
    /// features.
    pub too_few_points: usize,
}

/// Counts the intense peaks of a channel and those with too few points.
pub fn point_counts(data: &ChannelData, params: &FeatureParams) -> PointCounts {
    let count = |min_points| {
        let params = FeatureParams { min_points, ..*params };
        let limit = data.traces.limit.typical();
        peaks_of(data, &params).iter().filter(|p| p.peak.height > INTENSE_LIMITS * limit).count()
    };
    let (peaks, enough) = (count(1), count(params.min_points));
    PointCounts { peaks, too_few_points: peaks - enough }
}

/// Takes out peaks around which the trace stays above a third of their height for more than `most`
/// typical widths: background that waxes and wanes does not elute. Typical is the median width of
/// the peaks that stand alone.
fn drop_background(peaks: &mut Vec<TracedPeak>, most: f64) {
    let alone = |p: &&TracedPeak| p.peak.plateau_seconds <= ALONE_WIDTHS * p.peak.fwhm_seconds;
    let mut widths: Vec<f64> = peaks.iter().filter(alone).map(|p| p.peak.fwhm_seconds).collect();
    if let Some(typical) = upper_median(&mut widths, f64::total_cmp) {
        peaks.retain(|p| p.peak.plateau_seconds <= most * typical);
    }
}

fn feature(
    id: usize,
    position: ChannelIx,
    data: &ChannelData,
    pattern: &IsotopePattern,
    peaks: &[TracedPeak],
) -> Feature {
    let first = &peaks[pattern.members[0].peak];
    let description = &data.channel;
    let mut members = pattern.members.clone();
    members.dedup_by_key(|member| member.number);
    let isotopologues = members
        .iter()
        .map(|member| Isotopologue {
            number: member.number,
            trace: peaks[member.peak].trace,
            mz: peaks[member.peak].mz,
            height: peaks[member.peak].peak.height,
        })
        .collect();
    Feature {
        id,
        found_in: FoundIn::Ms1,
        precursor: Precursor {
            mz: mz_of(first, &data.traces.traces[first.trace]),
            charge: pattern.charge.unwrap_or(1),
            polarity: description.polarity,
            adduct: None,
            rt_seconds: Some(first.peak.rt_seconds),
        },
        charge_known: pattern.charge.is_some(),
        channel: position,
        rt_seconds: first.peak.rt_seconds,
        rt_start: description.scan_seconds[first.peak.first_scan as usize],
        rt_end: description.scan_seconds[first.peak.last_scan as usize],
        fwhm_seconds: first.peak.fwhm_seconds,
        height: first.peak.height,
        area: first.peak.area,
        isotopologues,
        relation: Relation::Molecule,
        compound: None,
    }
}

/// m/z of the points of a peak, weighted by intensity; that of its trace where they are not known.
fn mz_of(peak: &TracedPeak, trace: &Trace) -> f64 {
    let [mut sum, mut weighted] = [0.0; 2];
    let scans = peak.peak.first_scan..=peak.peak.last_scan;
    let points = trace.scans.iter().zip(&trace.intensity).zip(&trace.shift);
    for ((_, &intensity), &shift) in points.filter(|((scan, _), _)| scans.contains(scan)) {
        sum += f64::from(intensity);
        weighted += f64::from(intensity) * f64::from(shift);
    }
    if sum > 0.0 { peak.mz * (1.0 + 1e-6 * weighted / sum) } else { peak.mz }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peaks::ChromatographicPeak;

    fn peak(fwhm_seconds: f64, plateau_seconds: f64) -> TracedPeak {
        let peak = ChromatographicPeak {
            apex_scan: 10,
            first_scan: 5,
            last_scan: 15,
            rt_seconds: 8.0,
            height: 1e5,
            area: 1e6,
            fwhm_seconds,
            plateau_seconds,
        };
        TracedPeak { trace: 0, mz: 200.0, peak }
    }

    #[test]
    fn background_is_told_by_the_widths_of_peaks_that_stand_alone() {
        let alone = [peak(6.0, 8.0), peak(7.0, 9.0), peak(8.0, 10.0)];
        let (isobars, waves) = ([peak(6.0, 40.0); 2], [peak(60.0, 600.0); 9]);
        let mut peaks: Vec<TracedPeak> = alone.into_iter().chain(isobars).chain(waves).collect();
        drop_background(&mut peaks, 10.0);
        assert_eq!(peaks.len(), 5);
        let mut waves = waves.to_vec();
        drop_background(&mut waves, 10.0);
        assert_eq!(waves.len(), 9, "nothing to compare with");
    }
}
