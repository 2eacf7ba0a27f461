//! Isotopologues: peaks of one elution that lie where the elements have heavier isotopes.

use cofactor_chem::carbon::highest_ratio;
use cofactor_chem::isotopes::{MAX_NUCLEONS, nucleon_steps};
use cofactor_core::{ChannelData, Tolerance, Trace};
use rayon::prelude::*;

use crate::elution::{Likeness, Part, likeness, one_elution, pieces_together};
use crate::params::FeatureParams;
use crate::peaks::{ChromatographicPeak, find_peaks};
use crate::scans::ScanTimes;
use crate::tuning::{
    COELUTION_WIDTHS, HEADROOM, HEAVY_SHIFT, ISOTOPOLOGUE_MARGIN, LEAST_ISOTOPOLOGUE_RATIO,
    MOST_HALOGEN, MOST_OXYGEN, UNCERTAIN_APEX, WITHIN_A_SCAN,
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
    let of_trace = |(trace, t): (usize, &Trace)| -> Vec<TracedPeak> {
        let found = find_peaks(t, &times, noise, limit, params);
        found.into_iter().map(|peak| TracedPeak { trace, mz: t.mz, peak }).collect()
    };
    let found: Vec<Vec<TracedPeak>> = traced.traces.par_iter().enumerate().map(of_trace).collect();
    let mut peaks: Vec<TracedPeak> = found.into_iter().flatten().collect();
    peaks.sort_by(|a, b| {
        a.mz.total_cmp(&b.mz).then(a.peak.rt_seconds.total_cmp(&b.peak.rt_seconds))
    });
    peaks
}

/// A monoisotopic peak with its isotopologues.
#[derive(Debug, Clone, PartialEq)]
pub struct IsotopePattern {
    /// The monoisotopic peak first, then what has more nucleons, ascending.
    pub members: Vec<IsotopeMember>,
    /// Charge from the spacing; `None` for a peak without isotopologues.
    pub charge: Option<u8>,
}

/// A peak of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsotopeMember {
    /// Nucleons above the monoisotopic peak.
    pub number: u8,
    /// Position in the list of peaks.
    pub peak: usize,
}

/// Groups `peaks` (ascending in m/z) of a channel into patterns. Each peak is in exactly one.
///
/// From light to heavy, every peak that no lighter one claimed takes the charge that accounts for
/// most others, and claims these. A member must elute with the first peak, lie where an element has
/// a heavier isotope, and be no more intense than the elements that lie there make it.
pub fn group_isotopes(
    peaks: &[TracedPeak],
    data: &ChannelData,
    tolerance: Tolerance,
    params: &FeatureParams,
) -> Vec<IsotopePattern> {
    let search = Search {
        peaks,
        mzs: peaks.iter().map(|p| p.mz).collect(),
        data,
        tolerance,
        params,
        highest: peaks.iter().map(|p| p.peak.height).fold(0.0, f64::max),
    };
    let mut claimed = vec![false; peaks.len()];
    let mut patterns = Vec::new();
    for first in 0..peaks.len() {
        if claimed[first] {
            continue;
        }
        let found = (1..=params.max_charge).rev().map(|charge| {
            let members = search.follow(first, charge, &claimed);
            (charge, members)
        });
        let alone = || vec![IsotopeMember { number: 0, peak: first }];
        let (charge, members) = found
            .max_by_key(|(charge, members)| (members.len(), u8::MAX - charge))
            .filter(|(_, members)| members.len() > 1)
            .map_or_else(|| (None, alone()), |(charge, members)| (Some(charge), members));
        for member in &members {
            claimed[member.peak] = true;
        }
        patterns.push(IsotopePattern { members, charge });
    }
    patterns
}

/// What isotopologues are sought in.
struct Search<'a> {
    peaks: &'a [TracedPeak],
    /// m/z of the peaks.
    mzs: Vec<f64>,
    data: &'a ChannelData,
    tolerance: Tolerance,
    params: &'a FeatureParams,
    /// Height of the highest peak: the detector can count that much.
    highest: f64,
}

impl Search<'_> {
    /// The isotopologues of one charge of the peak `first`. One of them may be missing between two
    /// others if the ion is singly charged: M+1 of a light ion with chlorine may be too weak.
    fn follow(&self, first: usize, charge: u8, claimed: &[bool]) -> Vec<IsotopeMember> {
        let mono = &self.peaks[first];
        let mut limits =
            HeightLimits::new(mono.mz * f64::from(charge), self.unclipped(mono.peak.height));
        let mut members = vec![IsotopeMember { number: 0, peak: first }];
        for number in 1..=MAX_NUCLEONS {
            let last = members[members.len() - 1].number;
            let gap = number - last - 1;
            if gap > 1 || (gap == 1 && charge > 1) {
                break;
            }
            let found = self.isotopologues(first, charge, number, claimed, &limits);
            if let Some(best) = found.first() {
                limits.saw(number, best.ratio);
            }
            members.extend(found.iter().map(|found| IsotopeMember { number, peak: found.peak }));
        }
        members
    }

    /// The isotopologue with `number` more nucleons, the peak that fits best first: a weak one may
    /// fall into several.
    fn isotopologues(
        &self,
        first: usize,
        charge: u8,
        number: u8,
        claimed: &[bool],
        limits: &HeightLimits,
    ) -> Vec<Found> {
        let mono = &self.peaks[first];
        let half = self.tolerance.half_width(mono.mz);
        let (lightest, heaviest) = nucleon_steps(number);
        let charges = f64::from(charge);
        let (low, high) =
            (mono.mz + lightest / charges - half, mono.mz + heaviest / charges + half);
        let from = self.mzs.partition_point(|&mz| mz < low);
        let candidates = (from..self.mzs.len())
            .take_while(|&i| self.mzs[i] <= high)
            .filter(|&i| i != first && !claimed[i])
            .filter_map(|i| {
                let likeness = self.alike(mono, &self.peaks[i])?;
                let step = (self.mzs[i] - mono.mz) * charges;
                let most = limits.highest(number, step, WITHIN_A_SCAN * half * charges);
                let ratio = (likeness.ratio - 2.0 * likeness.ratio_error).max(0.0);
                let fits =
                    ratio <= most && !self.is_next_of_another(mono, i, number, charge, claimed);
                fits.then_some(Found { peak: i, ratio: likeness.ratio, misfit: likeness.misfit })
            });
        let mut found: Vec<Found> = candidates.collect();
        found.sort_by(|a, b| a.misfit.total_cmp(&b.misfit).then(a.peak.cmp(&b.peak)));
        if let Some(mz) = found.first().map(|best| self.mzs[best.peak]) {
            found.retain(|found| self.tolerance.matches(mz, self.mzs[found.peak]));
        }
        found
    }

    /// Whether the peak `i`, two or more nucleons above `mono`, is M+1 of a higher one in between
    /// that is not an isotopologue itself.
    fn is_next_of_another(
        &self,
        mono: &TracedPeak,
        i: usize,
        number: u8,
        charge: u8,
        claimed: &[bool],
    ) -> bool {
        let (peak, charges) = (&self.peaks[i], f64::from(charge));
        let half = self.tolerance.half_width(peak.mz);
        let (lightest, heaviest) = nucleon_steps(1);
        let low = peak.mz - heaviest / charges - half;
        let most = HeightLimits::new(peak.mz * charges, 1.0).highest(1, 1.0, 0.0);
        let from = self.mzs.partition_point(|&mz| mz < low);
        let is_isotopologue = |peak: &TracedPeak| {
            let step = (peak.mz - mono.mz) * charges;
            let (low, high) = nucleon_steps(number - 1);
            (low - half * charges..=high + half * charges).contains(&step)
        };
        number > 1
            && (from..i)
                .take_while(|&n| self.mzs[n] <= peak.mz - lightest / charges + half)
                .map(|n| (n, &self.peaks[n]))
                .any(|(n, between)| {
                    !claimed[n]
                        && between.peak.height >= mono.peak.height
                        && peak.peak.height <= most * between.peak.height
                        && !is_isotopologue(between)
                        && self.alike(between, peak).is_some()
                })
    }

    /// How much higher M may have been, as a factor, had the detector not been near its end: an
    /// intensity y that saturates as Y / (1 + Y / S) was y / (1 − y / S).
    fn unclipped(&self, height: f64) -> f64 {
        (1.0 - HEADROOM * height / self.highest.max(f64::MIN_POSITIVE)).recip()
    }

    /// How alike a peak elutes to the monoisotopic one; `None` if not so.
    fn alike(&self, mono: &TracedPeak, peak: &TracedPeak) -> Option<Likeness> {
        let traces = &self.data.traces.traces;
        let (reference, trace) = (&traces[mono.trace], &traces[peak.trace]);
        let height = reference.at(peak.peak.apex_scan).map_or(0.0, f64::from);
        let near = coelutes(&mono.peak, &peak.peak);
        let scans = mono.peak.first_scan..=mono.peak.last_scan;
        let within =
            scans.contains(&peak.peak.apex_scan) && height >= UNCERTAIN_APEX * mono.peak.height;
        if !near && !within {
            return None;
        }
        let scans = (mono.peak.first_scan, mono.peak.last_scan);
        let agree = || correlation(reference, trace, &mono.peak) >= self.params.min_correlation;
        let whole = pieces_together(trace, &self.data.traces, self.tolerance);
        let by_correlation = || {
            let found = likeness(reference, trace, scans, Part::Peak, self.data)?;
            (near && agree()).then_some(found)
        };
        one_elution(reference, &whole, scans, self.data).or_else(by_correlation)
    }
}

/// A peak that may be an isotopologue.
struct Found {
    peak: usize,
    /// Its height over that of M.
    ratio: f64,
    misfit: f64,
}

/// The most that isotopologues of an ion can be, relative to M.
struct HeightLimits {
    /// M+1 if all mass were carbon.
    carbon: f64,
    /// M+2 over M, 0 until it is seen.
    second: f64,
    /// How much higher M may have been than the detector showed.
    unclipped: f64,
}

impl HeightLimits {
    fn new(mass: f64, unclipped: f64) -> Self {
        Self { carbon: highest_ratio(mass).max(LEAST_ISOTOPOLOGUE_RATIO), second: 0.0, unclipped }
    }

    fn saw(&mut self, number: u8, ratio: f64) {
        if number == 2 {
            self.second = ratio;
        }
    }

    /// The highest ratio of M+`number` at a step of `step` Da that is known to `error`.
    ///
    /// Where carbon and oxygen put M+2 it can be no more than they make it; where chlorine, bromine
    /// and sulphur put it, two bromine atoms are the most; in between it is a mixture of both.
    fn highest(&self, number: u8, step: f64, error: f64) -> f64 {
        let c = self.carbon;
        let most = match number {
            1 => ISOTOPOLOGUE_MARGIN * c,
            2 => {
                let light = ISOTOPOLOGUE_MARGIN * (0.5 * c * c + MOST_OXYGEN);
                let heavy = (nucleon_steps(2).1 + error - step) / HEAVY_SHIFT;
                if heavy >= 1.0 {
                    MOST_HALOGEN
                } else {
                    (light / (1.0 - heavy.max(0.0))).min(MOST_HALOGEN)
                }
            }
            3 => ISOTOPOLOGUE_MARGIN * (self.second * c + c.powi(3) / 6.0),
            _ => {
                let second = self.second;
                ISOTOPOLOGUE_MARGIN
                    * (0.25 * second * second + 0.5 * second * c * c + c.powi(4) / 24.0)
            }
        };
        self.unclipped * most
    }
}

/// Whether two apexes are so near that one elution explains both: a share of the width or one
/// scan.
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
    use cofactor_core::{Channel, ChannelIx, ChannelRole, ChannelTraces, NoiseModel, Polarity};

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
        (
            Trace { channel: ChannelIx(0), mz, scans, intensity, shift: Vec::new() },
            TracedPeak { trace, mz, peak },
        )
    }

    fn group(list: &[(f64, f64, f64)]) -> Vec<IsotopePattern> {
        let (traces, peaks): (Vec<_>, Vec<_>) =
            list.iter().enumerate().map(|(i, &(mz, h, apex))| elution(mz, h, apex, i)).unzip();
        let data = ChannelData {
            channel: Channel {
                role: ChannelRole::Ms1,
                polarity: Polarity::Positive,
                collision_energy: None,
                compensation_voltage: None,
                source_energy: None,
                scan_range: None,
                scan_seconds: (0..40).map(f64::from).collect(),
            },
            traces: ChannelTraces { traces, ..ChannelTraces::default() },
            noise: NoiseModel { gain: 0.01, relative: 0.02, evidence: 0, gain_assumed: false },
        };
        group_isotopes(&peaks, &data, Tolerance::ppm(10.0), &FeatureParams::default())
    }

    fn numbers(pattern: &IsotopePattern) -> Vec<u8> {
        pattern.members.iter().map(|member| member.number).collect()
    }

    #[test]
    fn a_singly_charged_pattern_is_one_feature() {
        let patterns =
            group(&[(289.2162, 100.0, 20.0), (290.2195, 21.0, 20.0), (291.2229, 2.0, 20.0)]);
        assert_eq!((patterns.len(), patterns[0].charge), (1, Some(1)));
        assert_eq!(numbers(&patterns[0]), [0, 1, 2]);
    }

    #[test]
    fn spacing_tells_the_charge() {
        let patterns =
            group(&[(450.0, 100.0, 20.0), (450.50168, 50.0, 20.0), (451.00335, 15.0, 20.0)]);
        assert_eq!((patterns.len(), patterns[0].charge), (1, Some(2)));
    }

    #[test]
    fn a_neighbour_too_intense_for_carbon_stands_alone() {
        assert_eq!(group(&[(200.0, 100.0, 20.0), (201.00335, 90.0, 20.0)]).len(), 2);
    }

    #[test]
    fn chlorine_bromine_and_sulphur_are_one_feature_also_with_a_gap() {
        let cases: [&[(f64, f64)]; 4] = [
            &[(0.0, 100.0), (1.00335, 9.0), (1.99705, 96.0), (3.0004, 8.6), (3.9941, 31.0)],
            &[(0.0, 100.0), (1.99795, 97.0)],
            &[(0.0, 51.0), (1.99795, 100.0), (3.9959, 49.0)],
            &[(0.0, 100.0), (1.99580, 4.4)],
        ];
        for case in cases {
            let peaks: Vec<_> = case.iter().map(|&(step, h)| (200.0 + step, h, 20.0)).collect();
            let patterns = group(&peaks);
            assert_eq!(patterns.len(), 1, "{case:?}");
            assert_eq!(patterns[0].members.len(), case.len());
        }
    }

    #[test]
    fn two_hydrogen_atoms_more_are_another_ion() {
        assert_eq!(group(&[(200.0, 100.0, 20.0), (202.01565, 90.0, 20.0)]).len(), 2);
        let intense_for_carbon = [(800.0, 100.0, 20.0), (802.0067, 250.0, 20.0)];
        assert_eq!(group(&intense_for_carbon).len(), 2);
    }

    #[test]
    fn another_elution_stands_alone() {
        assert_eq!(group(&[(200.0, 100.0, 15.0), (201.00335, 10.0, 25.0)]).len(), 2);
    }
}
