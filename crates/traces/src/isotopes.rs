//! Isotopologues: peaks of one elution that are spaced by a neutron mass over the charge.

use cofactor_chem::C13_SPACING;
use cofactor_chem::carbon::highest_ratio;
use cofactor_core::{ChannelData, Tolerance, Trace};
use rayon::prelude::*;

use crate::params::FeatureParams;
use crate::peaks::{ChromatographicPeak, find_peaks};
use crate::scans::ScanTimes;
use crate::tuning::{
    COELUTION_WIDTHS, ISOTOPOLOGUE_MARGIN, LEAST_ISOTOPOLOGUE_RATIO, MOST_ISOTOPOLOGUES,
};

/// A chromatographic peak with the trace it was found in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TracedPeak {
    /// Position of its trace.
    pub trace: usize,
    /// m/z of that trace.
    pub mz: f64,
    /// The peak.
    pub peak: ChromatographicPeak,
}

/// The peaks of all traces of a channel, ascending in m/z, then retention time.
pub(crate) fn peaks_of(data: &ChannelData, params: &FeatureParams) -> Vec<TracedPeak> {
    let ChannelData { channel, traces: traced, noise } = data;
    let limit = traced.limit.typical();
    let times = ScanTimes::new(&channel.scan_seconds);
    let found: Vec<Vec<ChromatographicPeak>> = traced
        .traces
        .par_iter()
        .map(|trace| find_peaks(trace, &times, noise, limit, params))
        .collect();
    let mut peaks: Vec<TracedPeak> = Vec::new();
    for (trace, found) in found.into_iter().enumerate() {
        let mz = traced.traces[trace].mz;
        peaks.extend(found.into_iter().map(|peak| TracedPeak { trace, mz, peak }));
    }
    peaks.sort_by(|a, b| {
        a.mz.total_cmp(&b.mz).then(a.peak.rt_seconds.total_cmp(&b.peak.rt_seconds))
    });
    peaks
}

/// A monoisotopic peak with its isotopologues, all as positions in the list of peaks.
#[derive(Debug, Clone, PartialEq)]
pub struct IsotopePattern {
    /// The monoisotopic peak first, then M+1, M+2 …
    pub members: Vec<usize>,
    /// Charge from the spacing; `None` for a peak without isotopologues.
    pub charge: Option<u8>,
}

/// Groups `peaks` (ascending in m/z) into patterns. Each peak is in exactly one.
///
/// From light to heavy, every peak that no lighter one claimed takes the charge whose chain is
/// longest, and claims the chain. A member must elute with the first peak, correlate with it, and
/// be no more intense than carbon can make it ([`highest_ratio`]) with a margin of two.
pub fn group_isotopes(
    peaks: &[TracedPeak],
    traces: &[Trace],
    tolerance: Tolerance,
    params: &FeatureParams,
) -> Vec<IsotopePattern> {
    let search =
        Search { peaks, mzs: peaks.iter().map(|p| p.mz).collect(), traces, tolerance, params };
    let mut claimed = vec![false; peaks.len()];
    let mut patterns = Vec::new();
    for first in 0..peaks.len() {
        if claimed[first] {
            continue;
        }
        let chains = (1..=params.max_charge).rev().map(|charge| {
            let chain = search.follow(first, charge, &claimed);
            (charge, chain)
        });
        let (charge, members) = chains
            .max_by_key(|(charge, chain)| (chain.len(), u8::MAX - charge))
            .filter(|(_, chain)| chain.len() > 1)
            .map_or((None, vec![first]), |(charge, chain)| (Some(charge), chain));
        for &member in &members {
            claimed[member] = true;
        }
        patterns.push(IsotopePattern { members, charge });
    }
    patterns
}

/// What a chain is sought in.
struct Search<'a> {
    peaks: &'a [TracedPeak],
    /// m/z of the peaks.
    mzs: Vec<f64>,
    traces: &'a [Trace],
    tolerance: Tolerance,
    params: &'a FeatureParams,
}

impl Search<'_> {
    /// The chain of isotopologues of one charge that begins with the peak `first`.
    fn follow(&self, first: usize, charge: u8, claimed: &[bool]) -> Vec<usize> {
        let mono = &self.peaks[first];
        let mass = mono.mz * f64::from(charge);
        let mut chain = vec![first];
        let mut max_ratio = ISOTOPOLOGUE_MARGIN;
        for number in (1..=MOST_ISOTOPOLOGUES).map(f64::from) {
            let expected = mono.mz + number * C13_SPACING / f64::from(charge);
            max_ratio *= highest_ratio(mass).max(LEAST_ISOTOPOLOGUE_RATIO) / number;
            let distance = |i: usize| (self.mzs[i] - expected).abs();
            let candidates = self
                .tolerance
                .range_in(&self.mzs, expected)
                .filter(|&i| !claimed[i] && self.fits(mono, &self.peaks[i], max_ratio));
            match candidates.min_by(|&a, &b| distance(a).total_cmp(&distance(b))) {
                Some(next) => chain.push(next),
                None => break,
            }
        }
        chain
    }

    /// Whether a peak elutes as `mono` and is at most so many times as high.
    fn fits(&self, mono: &TracedPeak, peak: &TracedPeak, max_ratio: f64) -> bool {
        let trace = |peak: &TracedPeak| &self.traces[peak.trace];
        coelutes(&mono.peak, &peak.peak)
            && peak.peak.height <= max_ratio * mono.peak.height
            && correlation(trace(mono), trace(peak), &mono.peak) >= self.params.min_correlation
    }
}

/// Whether two apexes are so near that one elution explains both: a share of the width or one scan.
pub fn coelutes(a: &ChromatographicPeak, b: &ChromatographicPeak) -> bool {
    let width = a.fwhm_seconds.max(b.fwhm_seconds);
    (a.rt_seconds - b.rt_seconds).abs() <= COELUTION_WIDTHS * width
        || a.apex_scan.abs_diff(b.apex_scan) <= 1
}

/// Pearson correlation of two traces over the scans of `within`; a scan without a point counts as
/// 0.
pub fn correlation(a: &Trace, b: &Trace, within: &ChromatographicPeak) -> f64 {
    let (mut n, mut sa, mut sb, mut saa, mut sbb, mut sab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for scan in within.first_scan..=within.last_scan {
        let (x, y) = (f64::from(a.at(scan).unwrap_or(0.0)), f64::from(b.at(scan).unwrap_or(0.0)));
        n += 1.0;
        sa += x;
        sb += y;
        saa += x * x;
        sbb += y * y;
        sab += x * y;
    }
    let spread = (n * saa - sa * sa) * (n * sbb - sb * sb);
    if spread > 0.0 { (n * sab - sa * sb) / spread.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use cofactor_core::ChannelIx;

    use super::*;

    fn elution(mz: f64, height: f64, apex: f64, trace: usize) -> (Trace, TracedPeak) {
        let scans: Vec<u32> = (0..40).collect();
        let at = |s: u32| height * (-0.5 * ((f64::from(s) - apex) / 3.0).powi(2)).exp();
        let intensity = scans.iter().map(|&s| at(s) as f32).collect();
        let peak = ChromatographicPeak {
            apex_scan: apex as u32,
            first_scan: apex as u32 - 9,
            last_scan: apex as u32 + 9,
            rt_seconds: apex,
            height,
            area: 1.0,
            fwhm_seconds: 7.0,
            plateau_seconds: 7.0,
        };
        (Trace { channel: ChannelIx(0), mz, scans, intensity }, TracedPeak { trace, mz, peak })
    }

    fn group(list: &[(f64, f64, f64)]) -> Vec<IsotopePattern> {
        let (traces, peaks): (Vec<_>, Vec<_>) =
            list.iter().enumerate().map(|(i, &(mz, h, apex))| elution(mz, h, apex, i)).unzip();
        group_isotopes(&peaks, &traces, Tolerance::ppm(10.0), &FeatureParams::default())
    }

    #[test]
    fn a_singly_charged_pattern_is_one_feature() {
        let patterns =
            group(&[(289.2162, 100.0, 20.0), (290.2195, 21.0, 20.0), (291.2229, 2.0, 20.0)]);
        assert_eq!(patterns, [IsotopePattern { members: vec![0, 1, 2], charge: Some(1) }]);
    }

    #[test]
    fn spacing_tells_the_charge() {
        let patterns =
            group(&[(450.0, 100.0, 20.0), (450.50168, 50.0, 20.0), (451.00335, 15.0, 20.0)]);
        assert_eq!(patterns, [IsotopePattern { members: vec![0, 1, 2], charge: Some(2) }]);
    }

    #[test]
    fn a_neighbour_too_intense_for_carbon_stands_alone() {
        assert_eq!(group(&[(200.0, 100.0, 20.0), (201.00335, 90.0, 20.0)]).len(), 2);
    }

    #[test]
    fn another_elution_stands_alone() {
        assert_eq!(group(&[(200.0, 100.0, 15.0), (201.00335, 10.0, 25.0)]).len(), 2);
    }
}
