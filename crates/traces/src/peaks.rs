//! Chromatographic peaks in one mass trace.
//!
//! The trace is laid out densely (0 where a scan showed nothing), smoothed with a Gaussian, and
//! every apex that stands out of its higher valley by more than the noise of the smoothed signal is
//! a peak. It ends where the smoothed signal falls to a share of the apex or turns up again. A side
//! that is cut off by the run itself, or a pause in it, does not count as a valley.
//!
//! An apex on the flank of a higher one stands out less, but one peak has no flank that sags: its
//! logarithm is concave. So such an apex is a peak also where the valley between the two lies below
//! the straight line, in the logarithm, from one to the other by more than the noise.

use std::ops::RangeInclusive;

use cofactor_core::{NoiseModel, Trace};

use crate::params::FeatureParams;
use crate::scans::ScanTimes;
use crate::tuning::{FALLEN_FLANK, PLATEAU_DIVISOR};

/// A chromatographic peak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChromatographicPeak {
    /// Scan position of the apex of the smoothed signal.
    pub apex_scan: u32,
    /// First scan position.
    pub first_scan: u32,
    /// Last scan position.
    pub last_scan: u32,
    /// Apex in seconds, between scans: the vertex of a parabola through the logarithm of three
    /// smoothed points.
    pub rt_seconds: f64,
    /// Smoothed height at the apex.
    pub height: f64,
    /// Sum of intensity × seconds between the boundaries.
    pub area: f64,
    /// Full width at half height in seconds, cut at the boundaries.
    pub fwhm_seconds: f64,
    /// How long the trace stays above a third of the height around the apex, across valleys, in
    /// seconds: little more than its width where a peak stands alone, the whole run for background
    /// that waxes and wanes.
    pub plateau_seconds: f64,
}

/// The dense, smoothed signal of a trace from one scan before its first to one after its last
/// point.
struct Smoothed {
    first_scan: u32,
    raw: Vec<f64>,
    smooth: Vec<f64>,
}

impl Smoothed {
    fn scan(&self, position: usize) -> u32 {
        self.first_scan + position as u32
    }
}

/// Finds the peaks of `trace`, whose channel was scanned at `times` and which no pause interrupts;
/// `limit` is the detection limit.
pub fn find_peaks(
    trace: &Trace,
    times: &ScanTimes,
    noise: &NoiseModel,
    limit: f64,
    params: &FeatureParams,
) -> Vec<ChromatographicPeak> {
    let stretch = times.stretch(trace.scan_span().0);
    let signal = smooth(trace, stretch, params.smoothing_scans);
    let candidates = prominent_apexes(&signal, stretch, noise, limit, params);
    candidates
        .iter()
        .enumerate()
        .filter_map(|(i, &apex)| {
            let start = if i == 0 { 0 } else { valley(&signal.smooth, candidates[i - 1], apex) };
            let end = candidates
                .get(i + 1)
                .map_or(signal.smooth.len() - 1, |&next| valley(&signal.smooth, apex, next));
            measure(&signal, apex, start..=end, trace, times.seconds, params)
        })
        .collect()
}

fn smooth(trace: &Trace, stretch: (u32, u32), sigma: f64) -> Smoothed {
    let (first, last) = trace.scan_span();
    let first_scan = first.saturating_sub(1).max(stretch.0).min(first);
    let last_scan = (last + 1).min(stretch.1).max(last);
    let mut raw = vec![0.0; (last_scan - first_scan + 1) as usize];
    for (&scan, &intensity) in trace.scans.iter().zip(&trace.intensity) {
        raw[(scan - first_scan) as usize] = f64::from(intensity);
    }
    let smooth = gaussian_filter(&raw, sigma);
    Smoothed { first_scan, raw, smooth }
}

/// Convolution with a Gaussian of `sigma` points, renormalised at the ends.
pub fn gaussian_filter(values: &[f64], sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return values.to_vec();
    }
    let reach = (3.0 * sigma).ceil() as isize;
    let kernel: Vec<f64> =
        (-reach..=reach).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
    (0..values.len() as isize)
        .map(|i| {
            let (mut sum, mut norm) = (0.0, 0.0);
            for (k, d) in kernel.iter().zip(-reach..=reach) {
                if let Some(v) =
                    usize::try_from(i + d).ok().and_then(|position| values.get(position))
                {
                    sum += k * v;
                    norm += k;
                }
            }
            sum / norm
        })
        .collect()
}

/// Positions of apexes that stand out of the noise, ascending; of two that do not stand out of each
/// other the higher stays.
fn prominent_apexes(
    signal: &Smoothed,
    stretch: (u32, u32),
    noise: &NoiseModel,
    limit: f64,
    params: &FeatureParams,
) -> Vec<usize> {
    let s = &signal.smooth;
    let n = s.len();
    // Variance reduction of the smoothing: sum of squared kernel weights.
    let shrink =
        (1.0 / (2.0 * params.smoothing_scans.max(0.3) * std::f64::consts::PI.sqrt())).sqrt();
    let mut apexes: Vec<usize> = (0..n)
        .filter(|&i| s[i] > 0.0 && (i == 0 || s[i] > s[i - 1]) && (i + 1 == n || s[i] >= s[i + 1]))
        .collect();
    apexes.retain(|&i| s[i] >= params.min_height_over_limit * limit);
    let ends =
        RunEnds { start: signal.first_scan == stretch.0, end: signal.scan(n - 1) >= stretch.1 };
    let sd = |height: f64| shrink * noise.variance(height).sqrt();
    let depth =
        |height: f64| (params.min_prominence_sd * sd(height)).max(params.min_prominence * height);
    let prominence = |apexes: &[usize], i: usize| {
        let height = s[apexes[i]];
        (height - higher_valley(s, apexes, i, &ends)) / depth(height)
    };
    let mut prominences: Vec<f64> = (0..apexes.len()).map(|i| prominence(&apexes, i)).collect();
    let mut weak = Vec::new();
    loop {
        let weakest = (0..apexes.len()).min_by(|&a, &b| prominences[a].total_cmp(&prominences[b]));
        let Some(i) = weakest.filter(|&i| prominences[i] < 1.0) else { break };
        weak.push(apexes.remove(i));
        prominences.remove(i);
        let neighbours = i.saturating_sub(1)..(i + 1).min(apexes.len());
        neighbours.for_each(|n| prominences[n] = prominence(&apexes, n));
    }
    for apex in weak.into_iter().rev() {
        let place = apexes.partition_point(|&known| known < apex);
        apexes.insert(place, apex);
        let on_flank = flank(s, &apexes, place, &ends).is_some_and(|flank| {
            s[apex] >= params.boundary * s[flank.higher]
                && s[apex] - flank.outer >= depth(s[apex])
                && s[apex] - s[flank.valley] >= sd(s[apex])
                && sag(s, apex, &flank, sd) >= params.min_prominence_sd
        });
        if !on_flank {
            apexes.remove(place);
        }
    }
    apexes
}

/// Where an apex stands on the flank of a higher one.
struct Flank {
    /// Position of the higher apex.
    higher: usize,
    /// Position of the valley between the two.
    valley: usize,
    /// The signal in the valley on the other side.
    outer: f64,
}

/// The flank on which apex `i` stands; `None` where the higher of its valleys has no higher apex
/// behind it, or the run cuts one off.
fn flank(smooth: &[f64], apexes: &[usize], i: usize, ends: &RunEnds) -> Option<Flank> {
    let [before, after] = valleys(smooth, apexes, i, ends);
    let (before, after) = (before?, after?);
    let (valley, outer, higher) = if smooth[before] > smooth[after] {
        (before, after, i.checked_sub(1).map(|i| apexes[i])?)
    } else {
        (after, before, *apexes.get(i + 1)?)
    };
    (smooth[higher] > smooth[apexes[i]]).then_some(Flank { higher, valley, outer: smooth[outer] })
}

/// How far the logarithm of the signal in a valley lies below the straight line between the apexes
/// beside it, in standard deviations.
fn sag(smooth: &[f64], apex: usize, flank: &Flank, sd: impl Fn(f64) -> f64) -> f64 {
    let distance = |from: usize| apex.abs_diff(from) as f64;
    let part = distance(flank.valley) / distance(flank.higher);
    let weighed = [(flank.higher, part), (apex, 1.0 - part), (flank.valley, -1.0)];
    let sag: f64 = weighed.iter().map(|&(at, weight)| weight * smooth[at].ln()).sum();
    let error = |&(at, weight): &(usize, f64)| (weight * sd(smooth[at]) / smooth[at]).powi(2);
    sag / weighed.iter().map(error).sum::<f64>().sqrt()
}

/// Whether the run cuts a signal off where it starts and ends.
struct RunEnds {
    start: bool,
    end: bool,
}

/// The higher of the valleys beside apex `i`, where the run does not cut them off.
fn higher_valley(smooth: &[f64], apexes: &[usize], i: usize, ends: &RunEnds) -> f64 {
    let valleys = valleys(smooth, apexes, i, ends).into_iter().flatten();
    let higher = valleys.map(|valley| smooth[valley]).reduce(f64::max);
    higher.unwrap_or_else(|| smooth.iter().copied().fold(f64::INFINITY, f64::min))
}

/// Positions of the valleys before and after apex `i`, where the run does not cut them off.
fn valleys(smooth: &[f64], apexes: &[usize], i: usize, ends: &RunEnds) -> [Option<usize>; 2] {
    let apex = apexes[i];
    let before = match i.checked_sub(1) {
        Some(i) => Some(valley(smooth, apexes[i], apex)),
        None => least(smooth, 0..=apex, ends.start),
    };
    let after = match apexes.get(i + 1) {
        Some(&next) => Some(valley(smooth, apex, next)),
        None => least(smooth, apex..=smooth.len() - 1, ends.end),
    };
    [before, after]
}

/// Least position of an outer flank; `None` where the run cuts it off before it has fallen.
fn least(smooth: &[f64], flank: RangeInclusive<usize>, cut_by_run: bool) -> Option<usize> {
    let highest = smooth[flank.clone()].iter().copied().fold(0.0, f64::max);
    let lowest = valley(smooth, *flank.start(), *flank.end());
    (!cut_by_run || smooth[lowest] < FALLEN_FLANK * highest).then_some(lowest)
}

fn valley(smooth: &[f64], first: usize, last: usize) -> usize {
    (first..=last).min_by(|&a, &b| smooth[a].total_cmp(&smooth[b])).unwrap_or(first)
}

fn measure(
    signal: &Smoothed,
    apex: usize,
    valleys: RangeInclusive<usize>,
    trace: &Trace,
    scan_seconds: &[f64],
    params: &FeatureParams,
) -> Option<ChromatographicPeak> {
    let s = &signal.smooth;
    let floor = params.boundary * s[apex];
    let (start, end) = valleys.into_inner();
    let first = (start..apex).rev().find(|&i| s[i] <= floor).unwrap_or(start);
    let last = (apex + 1..=end).find(|&i| s[i] <= floor).unwrap_or(end);
    let (first_scan, last_scan) = (signal.scan(first), signal.scan(last));
    let points =
        trace.scans.iter().filter(|&&scan| (first_scan..=last_scan).contains(&scan)).count();
    if points < params.min_points {
        return None;
    }
    let time = |position: usize| scan_seconds[signal.scan(position) as usize];
    let half = 0.5 * s[apex];
    let before = (first..apex)
        .rev()
        .find(|&i| s[i] < half)
        .map_or(time(first), |i| crossing(time(i), s[i], time(i + 1), s[i + 1], half));
    let after = (apex + 1..=last)
        .find(|&i| s[i] < half)
        .map_or(time(last), |i| crossing(time(i), s[i], time(i - 1), s[i - 1], half));
    let below = |&i: &usize| s[i] < s[apex] / PLATEAU_DIVISOR;
    let plateau = (
        (0..apex).rev().find(below).unwrap_or(0),
        (apex..s.len()).find(below).unwrap_or(s.len() - 1),
    );
    let area = (first..last)
        .map(|i| 0.5 * (signal.raw[i] + signal.raw[i + 1]) * (time(i + 1) - time(i)))
        .sum();
    Some(ChromatographicPeak {
        apex_scan: signal.scan(apex),
        first_scan,
        last_scan,
        rt_seconds: apex_time(s, apex, time),
        height: s[apex],
        area,
        fwhm_seconds: (after - before).max(0.0),
        plateau_seconds: time(plateau.1) - time(plateau.0),
    })
}

/// Time at which the line through two points reaches `level`.
fn crossing(t0: f64, y0: f64, t1: f64, y1: f64, level: f64) -> f64 {
    t0 + (t1 - t0) * (level - y0) / (y1 - y0)
}

fn apex_time(s: &[f64], apex: usize, time: impl Fn(usize) -> f64) -> f64 {
    if apex == 0 || apex + 1 >= s.len() || s[apex - 1] <= 0.0 || s[apex + 1] <= 0.0 {
        return time(apex);
    }
    let (l, m, r) = (s[apex - 1].ln(), s[apex].ln(), s[apex + 1].ln());
    let bend = l - 2.0 * m + r;
    if bend >= 0.0 {
        return time(apex);
    }
    let shift = (0.5 * (l - r) / bend).clamp(-0.5, 0.5);
    let step = if shift < 0.0 { time(apex) - time(apex - 1) } else { time(apex + 1) - time(apex) };
    time(apex) + shift * step
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: NoiseModel =
        NoiseModel { gain: 1.0, relative: 0.02, evidence: 0, gain_assumed: false };

    fn times(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64 * 0.8).collect()
    }

    fn trace(n: u32, signal: impl Fn(f64) -> f64) -> Trace {
        let points: Vec<(u32, f32)> = (0..n)
            .map(|s| (s, signal(f64::from(s) * 0.8) as f32))
            .filter(|p| p.1 > 100.0)
            .collect();
        Trace {
            channel: cofactor_core::ChannelIx(0),
            mz: 200.0,
            scans: points.iter().map(|p| p.0).collect(),
            intensity: points.iter().map(|p| p.1).collect(),
            shift: Vec::new(),
        }
    }

    fn gaussian(t: f64, apex: f64, sigma: f64) -> f64 {
        (-0.5 * ((t - apex) / sigma).powi(2)).exp()
    }

    fn peaks(n: u32, signal: impl Fn(f64) -> f64) -> Vec<ChromatographicPeak> {
        let seconds = times(n as usize);
        find_peaks(
            &trace(n, signal),
            &ScanTimes::new(&seconds),
            &QUIET,
            100.0,
            &FeatureParams::default(),
        )
    }

    #[test]
    fn a_gaussian_is_measured() {
        let found = peaks(100, |t| 1e5 * gaussian(t, 40.3, 3.0));
        assert_eq!(found.len(), 1);
        assert!((found[0].rt_seconds - 40.3).abs() < 0.05);
        assert!(
            (found[0].area / (1e5 * 3.0 * (2.0 * std::f64::consts::PI).sqrt()) - 1.0).abs() < 0.01
        );
        assert!((found[0].fwhm_seconds / (3.0 * 2.355) - 1.0).abs() < 0.1);
    }

    #[test]
    fn two_peaks_part_at_their_valley() {
        let found = peaks(100, |t| 1e5 * gaussian(t, 30.0, 3.0) + 5e4 * gaussian(t, 42.0, 3.0));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].last_scan, found[1].first_scan);
    }

    #[test]
    fn a_flank_that_sags_holds_a_peak_and_one_that_does_not_holds_none() {
        let tail = |t: f64| 1e6 * if t < 30.0 { gaussian(t, 30.0, 2.0) } else { decay(t - 30.0) };
        let second = |t: f64| 3e5 * gaussian(t, 39.0, 3.0);
        let bump = |t: f64| 1.2e5 * gaussian(t, 33.0, 1.5);
        assert_eq!(peaks(100, |t| tail(t) + second(t)).len(), 2);
        assert_eq!(peaks(100, tail).len(), 1);
        assert_eq!(peaks(100, |t| tail(t) + bump(t)).len(), 1);
    }

    /// A tail over `t` seconds.
    fn decay(t: f64) -> f64 {
        (-t / 3.0).exp()
    }

    #[test]
    fn a_constant_background_is_no_peak() {
        assert!(peaks(100, |t| 1e4 * (1.0 + 0.03 * (t * 1.7).sin())).is_empty());
    }

    #[test]
    fn a_plateau_spans_what_elutes_into_each_other_and_the_whole_of_a_background() {
        let alone = peaks(100, |t| 1e5 * gaussian(t, 40.0, 3.0));
        let width = 2.0 * 3.0 * (2.0 * 3.0_f64.ln()).sqrt();
        assert!((width..width + 2.4).contains(&alone[0].plateau_seconds), "{alone:?}");
        let pair = peaks(100, |t| 1e5 * (gaussian(t, 34.0, 3.0) + gaussian(t, 43.0, 3.0)));
        assert!(
            pair.len() == 2 && pair.iter().all(|p| (17.5..20.5).contains(&p.plateau_seconds)),
            "{pair:?}"
        );
        let waves = peaks(500, |t| 1e4 * (1.0 + 0.3 * (t / 12.0).sin()));
        assert!(waves.len() > 3 && waves.iter().all(|p| p.plateau_seconds > 390.0), "{waves:?}");
    }

    #[test]
    fn a_peak_on_a_background_is_found_alone() {
        let found = peaks(100, |t| 1e4 + 1e5 * gaussian(t, 40.0, 3.0));
        assert_eq!(found.len(), 1);
        assert!((found[0].rt_seconds - 40.0).abs() < 0.2);
    }

    #[test]
    fn a_peak_cut_by_the_end_of_the_run_is_found() {
        let found = peaks(50, |t| 1e5 * gaussian(t, 39.0, 4.0));
        assert_eq!(found.len(), 1);
        assert!(found[0].apex_scan >= 48);
    }
}
