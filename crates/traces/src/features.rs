//! MS1 traces → features: peaks, isotopologues, adducts.

use cofactor_chem::common_adducts;
use cofactor_core::statistics::upper_median;
use cofactor_core::{
    Channel, ChannelData, ChannelIx, ChannelTraces, Feature, FoundIn, Isotopologue, Precursor,
    Tolerance,
};

use crate::isotopes::{
    IsotopePattern, TracedPeak, coelutes, correlation, group_isotopes, peaks_of,
};
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
    let traced = &data.traces;
    let mut peaks = peaks_of(data, params);
    drop_background(&mut peaks, params.max_plateau);
    let patterns = group_isotopes(&peaks, &traced.traces, tolerance, params);
    let mut features: Vec<Feature> = patterns
        .iter()
        .enumerate()
        .map(|(i, p)| feature(i + 1, position, &data.channel, p, &peaks))
        .collect();
    let monoisotopic: Vec<TracedPeak> = patterns.iter().map(|p| peaks[p.members[0]]).collect();
    link_adducts(&mut features, &monoisotopic, traced, tolerance, params);
    features
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

/// Takes out peaks around which the trace stays above a third of their height for more than
/// `max_plateau` typical widths: background that waxes and wanes does not elute. Typical is the
/// median width of the peaks that stand alone.
fn drop_background(peaks: &mut Vec<TracedPeak>, max_plateau: f64) {
    let alone = |p: &&TracedPeak| p.peak.plateau_seconds <= ALONE_WIDTHS * p.peak.fwhm_seconds;
    let mut widths: Vec<f64> = peaks.iter().filter(alone).map(|p| p.peak.fwhm_seconds).collect();
    if let Some(typical) = upper_median(&mut widths, f64::total_cmp) {
        peaks.retain(|p| p.peak.plateau_seconds <= max_plateau * typical);
    }
}

fn feature(
    id: usize,
    position: ChannelIx,
    description: &Channel,
    pattern: &IsotopePattern,
    peaks: &[TracedPeak],
) -> Feature {
    let first = &peaks[pattern.members[0]];
    let isotopologues = pattern
        .members
        .iter()
        .enumerate()
        .map(|(number, &member)| Isotopologue {
            number: number as u8,
            trace: peaks[member].trace,
            mz: peaks[member].mz,
            height: peaks[member].peak.height,
        })
        .collect();
    Feature {
        id,
        found_in: FoundIn::Ms1,
        precursor: Precursor {
            mz: first.mz,
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
        linked: Vec::new(),
    }
}

/// Links singly charged features that elute together and lie as far apart as two common adducts of
/// one neutral mass.
///
/// The species is written where the partner supports exactly one reading; the more intense pair is
/// read first.
fn link_adducts(
    features: &mut [Feature],
    peaks: &[TracedPeak],
    traced: &ChannelTraces,
    tolerance: Tolerance,
    params: &FeatureParams,
) {
    let mzs: Vec<f64> = peaks.iter().map(|p| p.mz).collect();
    let Some(polarity) = features.first().map(|feature| feature.precursor.polarity) else { return };
    let adducts = common_adducts(polarity);
    let mut pairs: Vec<AdductPair> = Vec::new();
    for (i, first) in peaks.iter().enumerate().filter(|(i, _)| features[*i].precursor.charge == 1) {
        for (a, from) in adducts.iter().enumerate() {
            for to in &adducts[a + 1..] {
                for j in tolerance.range_in(&mzs, to.mz(from.neutral_mass(first.mz))) {
                    let trace = |i: usize| &traced.traces[peaks[i].trace];
                    let alike = j != i
                        && features[j].precursor.charge == 1
                        && coelutes(&first.peak, &peaks[j].peak)
                        && correlation(trace(i), trace(j), &first.peak) >= params.min_correlation;
                    if alike {
                        let names = [from.name(), to.name()];
                        pairs.push(AdductPair { features: [i, j], names });
                    }
                }
            }
        }
    }
    pairs.sort_by(|a, b| {
        let strength = |pair: &AdductPair| {
            pair.features.map(|i| features[i].height).into_iter().fold(f64::INFINITY, f64::min)
        };
        strength(b).total_cmp(&strength(a)).then(a.features.cmp(&b.features))
    });
    for AdductPair { features: [i, j], names } in pairs {
        let agrees = |feature: usize, name: &str| {
            let adduct = features[feature].precursor.adduct.as_deref();
            adduct.is_none_or(|known| known == name)
        };
        if agrees(i, names[0]) && agrees(j, names[1]) {
            for (feature, partner, name) in [(i, j, names[0]), (j, i, names[1])] {
                features[feature].precursor.adduct = Some(name.to_owned());
                let id = features[partner].id;
                features[feature].linked.push(id);
            }
        }
    }
}

/// Two features, by position, that may be adducts of one neutral mass.
struct AdductPair<'a> {
    features: [usize; 2],
    /// Which adduct each of them is then.
    names: [&'a str; 2],
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
