//! Mass traces from a stream of scans.
//!
//! Each channel keeps its open traces sorted by m/z. A peak of the next scan continues the nearest
//! open trace within the tolerance of its intensity-weighted mean m/z; where two peaks want one
//! trace the nearer continues it and the other opens its own. A trace that saw no peak for more
//! than `max_gap` scans is closed, and kept if it is long enough, or in MS2 nearly so and high.
//! Traces that take turns are one.

use cofactor_core::statistics::upper_median;
use cofactor_core::{ChannelIx, ChannelTraces, EnoughPoints, Scan, Tolerance, Trace};
use rayon::prelude::*;

use crate::noise::{LonePeaks, ScanMinima};
use crate::params::TraceParams;
use crate::tuning::{LEAST_LONG_TRACES, LONG_TRACE_POINTS};
use crate::turns;

/// Collects the traces of every channel of a run.
#[derive(Debug, Default)]
pub struct TraceBuilder {
    params: TraceParams,
    channels: Vec<ChannelBuilder>,
}

impl TraceBuilder {
    /// A builder without scans.
    pub fn new(params: TraceParams) -> Self {
        Self { params, channels: Vec::new() }
    }

    /// Adds the next scan of a channel; channels are numbered from 0 and may begin at any time.
    pub fn push(&mut self, channel: ChannelIx, scan: &Scan) {
        self.push_all(&[(channel, scan)]);
    }

    /// Adds scans with their channels, in the order in which they were taken. Channels do not see
    /// each other: they go on at once.
    pub fn push_all(&mut self, scans: &[(ChannelIx, &Scan)]) {
        let channels = scans
            .iter()
            .map(|(channel, _)| channel.0 + 1)
            .max()
            .unwrap_or(0)
            .max(self.channels.len());
        self.channels.resize_with(channels, ChannelBuilder::default);
        let params = self.params;
        self.channels.par_iter_mut().enumerate().for_each(|(number, builder)| {
            let number = ChannelIx(number);
            for (_, scan) in scans.iter().filter(|(channel, _)| *channel == number) {
                builder.push(number, scan, &params);
            }
        });
    }

    /// How much the m/z of a trace scatter from scan to scan, over the tolerance: the median of the
    /// standard deviations of the long traces that have ended. `None` with fewer than ten of them.
    pub fn scatter(&self) -> Option<f64> {
        let mut scatters: Vec<f32> =
            self.channels.iter().flat_map(|channel| channel.scatters.iter().copied()).collect();
        let median = upper_median(&mut scatters, f32::total_cmp).map(f64::from);
        median.filter(|_| scatters.len() >= LEAST_LONG_TRACES)
    }

    /// Closes all traces; one entry a channel.
    pub fn finish(self) -> Vec<ChannelTraces> {
        let params = self.params;
        self.channels
            .into_iter()
            .enumerate()
            .map(|(number, channel)| channel.finish(ChannelIx(number), &params))
            .collect()
    }
}

#[derive(Debug, Default)]
struct ChannelBuilder {
    scans: u32,
    is_ms1: bool,
    open: Vec<OpenTrace>,
    closed: Vec<Trace>,
    minima: ScanMinima,
    /// Of MS2 alone: a peak of MS1 needs more points in any case.
    lone: LonePeaks,
    /// Of each long trace that has ended: standard deviation of its m/z over the tolerance.
    scatters: Vec<f32>,
}

/// A trace that may go on. Most are noise and end with their first point, which therefore takes no
/// memory of its own.
#[derive(Debug)]
struct OpenTrace {
    /// Mean m/z, weighted by intensity.
    mz: f64,
    first_mz: f64,
    weighted_mz: f64,
    weight: f64,
    /// Σ ((m/z − mean so far) / tolerance)².
    squares: f64,
    first: TracePoint,
    more: Vec<TracePoint>,
}

/// A point of a trace.
#[derive(Debug, Clone, Copy)]
struct TracePoint {
    scan: u32,
    intensity: f32,
    /// m/z above that of the first point, ppm.
    shift: f32,
}

impl OpenTrace {
    fn new(scan: u32, mz: f64, intensity: f32) -> Self {
        let weight = f64::from(intensity);
        Self {
            mz,
            first_mz: mz,
            weighted_mz: mz * weight,
            weight,
            squares: 0.0,
            first: TracePoint { scan, intensity, shift: 0.0 },
            more: Vec::new(),
        }
    }

    fn extend(&mut self, scan: u32, mz: f64, intensity: f32, tolerance: Tolerance) {
        let weight = f64::from(intensity);
        let (low, high) = tolerance.bounds(mz);
        self.squares += (2.0 * (mz - self.mz) / (high - low)).powi(2);
        self.weighted_mz += mz * weight;
        self.weight += weight;
        self.mz = self.weighted_mz / self.weight;
        let shift = ppm_above(mz, self.first_mz);
        self.more.push(TracePoint { scan, intensity, shift });
    }

    fn is_stale(&self, scan: u32, max_gap: u32) -> bool {
        scan - self.more.last().unwrap_or(&self.first).scan > max_gap
    }

    /// Standard deviation of its m/z over the tolerance; `None` of a short one.
    fn scatter(&self) -> Option<f32> {
        (self.more.len() >= LONG_TRACE_POINTS)
            .then(|| (self.squares / self.more.len() as f64).sqrt() as f32)
    }

    /// The trace, of MS1 with the m/z of its points; `None` of too few points.
    fn close(self, channel: ChannelIx, is_ms1: bool, enough: EnoughPoints) -> Option<Trace> {
        if !enough.holds(self.points().map(|point| point.intensity)) {
            return None;
        }
        let (scans, intensity) = self.points().map(|point| (point.scan, point.intensity)).unzip();
        let mean = ppm_above(self.mz, self.first_mz);
        let kept = self.points().filter(|_| is_ms1);
        let shift = kept.map(|point| point.shift - mean).collect();
        Some(Trace { channel, mz: self.mz, scans, intensity, shift })
    }

    fn points(&self) -> impl Iterator<Item = TracePoint> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }
}

fn ppm_above(mz: f64, reference: f64) -> f32 {
    (1e6 * (mz / reference - 1.0)) as f32
}

impl ChannelBuilder {
    fn push(&mut self, channel: ChannelIx, scan: &Scan, params: &TraceParams) {
        let number = self.scans;
        self.scans += 1;
        self.is_ms1 = scan.header.ms_level == 1;
        self.minima.push(&scan.intensity);
        let wanted = nearest_open(&self.open, &scan.mz, params);
        let open = self.open.len();
        for ((&mz, &intensity), wanted) in scan.mz.iter().zip(&scan.intensity).zip(wanted) {
            match wanted {
                Some(trace) => self.open[trace].extend(number, mz, intensity, params.tolerance),
                None => self.open.push(OpenTrace::new(number, mz, intensity)),
            }
        }
        let enough = self.enough(params);
        let stale = self.open.extract_if(..open, |trace| trace.is_stale(number, params.max_gap));
        for trace in stale {
            self.scatters.extend(trace.scatter());
            if scan.header.ms_level > 1 && trace.more.is_empty() {
                self.lone.push(trace.first.intensity);
            }
            self.closed.extend(trace.close(channel, self.is_ms1, enough));
        }
        self.open.sort_by(|a, b| a.mz.total_cmp(&b.mz));
    }

    /// As the lone peaks so far have it.
    fn enough(&self, params: &TraceParams) -> EnoughPoints {
        let mut enough = EnoughPoints { points: params.min_points, telling: None };
        let log_chance = -params.min_evidence / enough.telling_points() as f64;
        enough.telling = self.lone.reached_by(log_chance.exp());
        enough
    }

    fn finish(mut self, channel: ChannelIx, params: &TraceParams) -> ChannelTraces {
        let enough = self.enough(params);
        let ended = self.open.drain(..).filter_map(|t| t.close(channel, self.is_ms1, enough));
        self.closed.extend(ended);
        self.closed.retain(|trace| enough.holds(trace.intensity.iter().copied()));
        self.closed.sort_by(|a, b| a.mz.total_cmp(&b.mz).then_with(|| a.scans.cmp(&b.scans)));
        let traces = turns::unite(self.closed, params.tolerance);
        ChannelTraces { traces, limit: self.minima.finish(), telling: enough.telling }
    }
}

/// For each peak (ascending in m/z) the open trace that it continues; no trace is given twice.
fn nearest_open(open: &[OpenTrace], mzs: &[f64], params: &TraceParams) -> Vec<Option<usize>> {
    let centres: Vec<f64> = open.iter().map(|trace| trace.mz).collect();
    let mut taken_by: Vec<Option<usize>> = vec![None; open.len()];
    let mut wanted: Vec<Option<usize>> = vec![None; mzs.len()];
    let mut first = 0;
    for (peak, &mz) in mzs.iter().enumerate() {
        let (low, high) = params.tolerance.bounds(mz);
        first += centres[first..].iter().take_while(|&&centre| centre < low).count();
        let near = centres[first..].iter().take_while(|&&centre| centre <= high).count();
        let distance = |trace: usize| (centres[trace] - mz).abs();
        let Some(trace) =
            (first..first + near).min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
        else {
            continue;
        };
        match taken_by[trace] {
            Some(rival) if (centres[trace] - mzs[rival]).abs() <= distance(trace) => {}
            previous => {
                if let Some(rival) = previous {
                    wanted[rival] = None;
                }
                taken_by[trace] = Some(peak);
                wanted[peak] = Some(trace);
            }
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use cofactor_core::ScanHeader;

    use super::*;

    fn scan(peaks: &[(f64, f32)]) -> Scan {
        let header = ScanHeader {
            id: String::new(),
            index: 0,
            ms_level: 1,
            rt_seconds: 0.0,
            polarity: None,
            window: None,
            collision_energy: None,
            scan_range: None,
        };
        Scan {
            header,
            mz: peaks.iter().map(|p| p.0).collect(),
            intensity: peaks.iter().map(|p| p.1).collect(),
        }
    }

    fn trace(scans: &[&[(f64, f32)]]) -> Vec<Trace> {
        let mut builder = TraceBuilder::new(TraceParams::default());
        for peaks in scans {
            builder.push(ChannelIx(0), &scan(peaks));
        }
        builder.finish().remove(0).traces
    }

    #[test]
    fn a_flickering_signal_is_one_trace() {
        let on: &[(f64, f32)] = &[(200.0, 10.0)];
        let traces = trace(&[on, on, &[], &[], &[], on, on]);
        assert_eq!(traces.len(), 1);
        assert_eq!(traces[0].scans, [0, 1, 5, 6]);
    }

    #[test]
    fn scans_at_once_are_as_one_by_one() {
        let on: &[(f64, f32)] = &[(200.0, 10.0), (300.0, 5.0)];
        let scans: Vec<(ChannelIx, Scan)> =
            [0, 2, 0, 2, 2, 0].map(|channel| (ChannelIx(channel), scan(on))).into();
        let mut one_by_one = TraceBuilder::new(TraceParams::default());
        scans.iter().for_each(|(channel, scan)| one_by_one.push(*channel, scan));
        let mut at_once = TraceBuilder::new(TraceParams::default());
        let batch: Vec<(ChannelIx, &Scan)> =
            scans.iter().map(|(channel, scan)| (*channel, scan)).collect();
        at_once.push_all(&batch[..4]);
        at_once.push_all(&batch[4..]);
        let traces = |builder: TraceBuilder| -> Vec<Vec<Trace>> {
            builder.finish().into_iter().map(|channel| channel.traces).collect()
        };
        let found = traces(at_once);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0, 2]);
        assert_eq!(found, traces(one_by_one));
    }

    #[test]
    fn a_longer_gap_ends_the_trace() {
        let on: &[(f64, f32)] = &[(200.0, 10.0)];
        let traces = trace(&[on, on, on, &[], &[], &[], &[], on, on, on]);
        assert_eq!(traces.iter().map(Trace::scan_span).collect::<Vec<_>>(), [(0, 2), (7, 9)]);
    }

    #[test]
    fn short_traces_are_dropped() {
        assert!(trace(&[&[(200.0, 10.0)], &[(200.0, 10.0)], &[]]).is_empty());
    }

    /// Traces of an ion of this height that two of 40 scans of noise show.
    fn traces_of_two_points(ms_level: u8, height: f32) -> usize {
        let mut builder = TraceBuilder::new(TraceParams::default());
        for t in 0..40 {
            let mut peaks = vec![(100.0 + f64::from(t), 10.0 + t as f32)];
            peaks.extend((20..22).contains(&t).then_some((200.0, height)));
            let mut scan = scan(&peaks);
            scan.header.ms_level = ms_level;
            builder.push(ChannelIx(0), &scan);
        }
        builder.finish()[0].traces.len()
    }

    #[test]
    fn two_points_that_noise_seldom_reaches_are_a_fragment() {
        assert_eq!(traces_of_two_points(2, 100.0), 1);
        assert_eq!(traces_of_two_points(2, 30.0), 0);
        assert_eq!(traces_of_two_points(1, 100.0), 0);
    }

    #[test]
    fn neighbours_beyond_the_tolerance_stay_apart() {
        let pair: &[(f64, f32)] = &[(200.0, 10.0), (200.006, 20.0)];
        let traces = trace(&[pair, pair, pair, pair]);
        assert_eq!(traces.len(), 2);
        assert_eq!(traces[1].intensity, [20.0; 4]);
    }

    #[test]
    fn of_two_peaks_the_nearer_continues_the_trace() {
        let on: &[(f64, f32)] = &[(200.0, 10.0)];
        let traces = trace(&[on, on, on, &[(199.9985, 7.0), (200.0003, 11.0)]]);
        assert_eq!(traces[0].intensity, [10.0, 10.0, 10.0, 11.0]);
    }

    /// Scatter of the traces of some ions in 20 scans; their m/z alternate so many ppm above and
    /// below, then nothing is seen, so that all traces end.
    fn scatter(ppm: f64, ions: u32) -> Option<f64> {
        let tolerance = Tolerance::ppm(10.0);
        let mut builder = TraceBuilder::new(TraceParams { tolerance, ..TraceParams::default() });
        for t in 0..30 {
            let sign = if t % 2 == 0 { 1.0 } else { -1.0 };
            let ion = |i: u32| (f64::from(200 + 10 * i) * (1.0 + sign * ppm * 1e-6), 1000.0);
            let peaks: Vec<_> = (0..if t < 20 { ions } else { 0 }).map(ion).collect();
            builder.push(ChannelIx(0), &scan(&peaks));
        }
        builder.scatter()
    }

    #[test]
    fn scatter_is_that_of_long_traces() {
        let found = scatter(3.0, 12).unwrap();
        assert!((found - 0.3).abs() < 0.05, "{found}");
        assert!(scatter(0.5, 12).unwrap() < 0.1);
        assert_eq!(scatter(3.0, 5), None);
    }

    #[test]
    fn mean_mz_is_weighted_by_intensity() {
        let traces = trace(&[&[(200.0, 1.0)], &[(200.001, 3.0)], &[(200.0, 4.0)]]);
        assert!((traces[0].mz - 200.000_375).abs() < 1e-9);
    }
}
