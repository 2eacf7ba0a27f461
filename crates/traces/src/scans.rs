//! What single scans of a channel are worth, once its traces are known: scans of another kind leave
//! it, and a pause in the acquisition ends its traces.

use cofactor_core::{Channel, ChannelTraces, Trace};

use crate::tuning::{
    FOREIGN_SCAN_CHANCE, LEAST_PAUSE_GAPS, LONGER_GAP_TENTHS, MOST_FOREIGN, MOST_LACKING,
    NEARBY_SCANS,
};

/// Takes out of a channel the scans that hold almost nothing of what the scans around them hold:
/// empty ones, lock masses, calibration. What they show is no zero. Returns the positions that they
/// had, ascending.
pub fn drop_foreign_scans(
    channel: &mut Channel,
    traced: &mut ChannelTraces,
    min_points: usize,
) -> Vec<u32> {
    let scans = channel.scan_seconds.len();
    let foreign = foreign_scans(&traced.traces, scans);
    if foreign.is_empty() || foreign.len() as f64 > MOST_FOREIGN * scans as f64 {
        return Vec::new();
    }
    let stays = |scan: u32| foreign.binary_search(&scan).is_err();
    for trace in &mut traced.traces {
        let moved = |scan: u32| scan - foreign.partition_point(|&gone| gone < scan) as u32;
        let is_left: Vec<bool> = trace.scans.iter().map(|&scan| stays(scan)).collect();
        retain_positions(&mut trace.scans, |i| is_left[i as usize]);
        retain_positions(&mut trace.intensity, |i| is_left[i as usize]);
        retain_positions(&mut trace.shift, |i| is_left[i as usize]);
        trace.scans.iter_mut().for_each(|scan| *scan = moved(*scan));
    }
    let enough = traced.enough(min_points.max(1));
    traced.traces.retain(|trace| enough.holds(trace.intensity.iter().copied()));
    retain_positions(&mut channel.scan_seconds, stays);
    retain_positions(&mut traced.limit.per_scan, stays);
    foreign
}

fn retain_positions<T>(values: &mut Vec<T>, stays: impl Fn(u32) -> bool) {
    let mut position = 0..;
    values.retain(|_| position.next().is_some_and(&stays));
}

/// Scans that lack so many of the traces that go on around them that chance does not do it.
fn foreign_scans(traces: &[Trace], scans: usize) -> Vec<u32> {
    let (mut expected, mut present) = (vec![0_u32; scans], vec![0_u32; scans]);
    for trace in traces {
        for pair in trace.scans.windows(2) {
            let between = pair[1] - pair[0] - 1;
            if between < NEARBY_SCANS {
                (pair[0] + 1..pair[1]).for_each(|scan| expected[scan as usize] += 1);
            }
        }
        for around in
            trace.scans.windows(3).filter(|around| around[2] - around[0] <= 2 * NEARBY_SCANS)
        {
            if around[1] - around[0] <= NEARBY_SCANS && around[2] - around[1] <= NEARBY_SCANS {
                expected[around[1] as usize] += 1;
                present[around[1] as usize] += 1;
            }
        }
    }
    let lacking: Vec<u32> = expected.iter().zip(&present).map(|(e, p)| e - p).collect();
    // The rate is that of the scans that lack least: the others may be those sought.
    let mut ordinary: Vec<usize> = (0..scans).filter(|&scan| expected[scan] > 0).collect();
    let share = |scan: usize| f64::from(lacking[scan]) / f64::from(expected[scan]);
    ordinary.sort_by(|&a, &b| share(a).total_cmp(&share(b)));
    ordinary.truncate(ordinary.len() - (MOST_FOREIGN * ordinary.len() as f64) as usize);
    let sum = |counts: &[u32]| ordinary.iter().map(|&scan| f64::from(counts[scan])).sum::<f64>();
    let rate = (sum(&lacking) + 1.0) / (sum(&expected) + 2.0);
    (0..scans)
        .filter(|&scan| {
            let (expected, lacking) = (expected[scan], lacking[scan]);
            f64::from(lacking) > MOST_LACKING * f64::from(expected)
                && chance_of(lacking, expected, rate) < FOREIGN_SCAN_CHANCE
        })
        .map(|scan| scan as u32)
        .collect()
}

/// Probability that of `expected` traces at least `lacking` are lacking, each with probability
/// `rate`; at most (Chernoff's bound).
fn chance_of(lacking: u32, expected: u32, rate: f64) -> f64 {
    let (share, expected) = (f64::from(lacking) / f64::from(expected), f64::from(expected));
    if share <= rate {
        return 1.0;
    }
    let present =
        if share < 1.0 { (1.0 - share) * ((1.0 - share) / (1.0 - rate)).ln() } else { 0.0 };
    (-expected * (share * (share / rate).ln() + present)).exp()
}

/// When the scans of a channel were taken, and where nothing was for long.
#[derive(Debug, Clone)]
pub struct ScanTimes<'a> {
    /// Start of each scan in seconds, ascending.
    pub seconds: &'a [f64],
    /// Positions of the first scans after a pause, ascending.
    pub pauses: Vec<u32>,
}

impl<'a> ScanTimes<'a> {
    /// Finds the pauses.
    pub fn new(seconds: &'a [f64]) -> Self {
        let gaps: Vec<f64> = seconds.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mut sorted = gaps.clone();
        sorted.sort_by(f64::total_cmp);
        let longest = sorted
            .get(LONGER_GAP_TENTHS * sorted.len() / 10)
            .map_or(f64::INFINITY, |longer| LEAST_PAUSE_GAPS * longer);
        Self {
            seconds,
            pauses: (1..)
                .zip(gaps)
                .filter(|(_, gap)| *gap > longest)
                .map(|(scan, _)| scan)
                .collect(),
        }
    }

    /// First and last position of the stretch without a pause that holds a scan.
    pub fn stretch(&self, scan: u32) -> (u32, u32) {
        let next = self.pauses.partition_point(|&first| first <= scan);
        let first = next.checked_sub(1).map_or(0, |pause| self.pauses[pause]);
        let end = self.pauses.get(next).copied().unwrap_or(self.seconds.len() as u32);
        (first, end.saturating_sub(1))
    }
}

/// Ends traces at the pauses of their channel; pieces of too few points are dropped.
pub fn split_at_pauses(times: &ScanTimes, traced: &mut ChannelTraces, min_points: usize) {
    if times.pauses.is_empty() {
        return;
    }
    let enough = traced.enough(min_points);
    for trace in std::mem::take(&mut traced.traces) {
        let mut start = 0;
        for piece in trace.scans.chunk_by(|&a, &b| times.stretch(a) == times.stretch(b)) {
            let end = start + piece.len();
            if enough.holds(trace.intensity[start..end].iter().copied()) {
                traced.traces.push(trace.piece(start..end));
            }
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::{ChannelRole, DetectionLimit, Polarity};

    use super::*;

    fn channel(scan_seconds: Vec<f64>) -> Channel {
        Channel {
            role: ChannelRole::Ms1,
            polarity: Polarity::Positive,
            collision_energy: None,
            compensation_voltage: None,
            source_energy: None,
            scan_range: None,
            scan_seconds,
        }
    }

    fn trace(mz: f64, scans: impl IntoIterator<Item = u32>) -> Trace {
        let scans: Vec<u32> = scans.into_iter().collect();
        Trace {
            channel: cofactor_core::ChannelIx(0),
            mz,
            intensity: scans.iter().map(|&s| s as f32).collect(),
            scans,
            shift: Vec::new(),
        }
    }

    fn traced(traces: Vec<Trace>, scans: u32) -> ChannelTraces {
        ChannelTraces {
            traces,
            limit: DetectionLimit { per_scan: (0..scans).map(|s| s as f32).collect() },
            telling: None,
        }
    }

    #[test]
    fn a_scan_that_lacks_everything_leaves_the_channel() {
        let mut channel = channel((0..40).map(f64::from).collect());
        let lacks_20 = |from: u32, to: u32| (from..to).filter(|&scan| scan != 20);
        let mut traced = traced(
            vec![
                trace(100.0, lacks_20(5, 35)),
                trace(150.0, 2..12),
                trace(200.0, lacks_20(10, 30)),
                trace(300.0, lacks_20(15, 25)),
                trace(400.0, lacks_20(17, 26)),
            ],
            40,
        );
        assert_eq!(drop_foreign_scans(&mut channel, &mut traced, 3), [20]);
        assert_eq!(
            (channel.scan_seconds.len(), channel.scan_seconds[19], channel.scan_seconds[20]),
            (39, 19.0, 21.0)
        );
        assert_eq!(traced.limit.per_scan.len(), 39);
        assert_eq!(traced.traces[2].scans, (10..29).collect::<Vec<u32>>());
        assert_eq!(traced.traces[2].intensity[10], 21.0);
        assert_eq!(traced.traces[1], trace(150.0, 2..12));
    }

    #[test]
    fn what_flickers_or_ends_is_no_foreign_scan() {
        let mut channel = channel((0..40).map(f64::from).collect());
        let flickers = |phase: u32| (0..40).filter(move |scan| !(scan + phase).is_multiple_of(3));
        let traces =
            vec![trace(100.0, flickers(0)), trace(200.0, flickers(1)), trace(300.0, flickers(2))];
        let mut flickering = traced(traces.clone(), 40);
        assert!(drop_foreign_scans(&mut channel, &mut flickering, 3).is_empty());
        assert_eq!(flickering.traces, traces);
        let ends = (0..9).map(|i| trace(100.0 + f64::from(i), 0..20)).collect();
        assert!(drop_foreign_scans(&mut channel, &mut traced(ends, 40), 3).is_empty());
    }

    #[test]
    fn a_pause_ends_a_trace() {
        let seconds: Vec<f64> = (0..10).map(f64::from).chain((300..310).map(f64::from)).collect();
        let times = ScanTimes::new(&seconds);
        assert_eq!(times.pauses, [10]);
        assert_eq!(
            (times.stretch(0), times.stretch(9), times.stretch(10)),
            ((0, 9), (0, 9), (10, 19))
        );
        let mut traced =
            traced(vec![trace(100.0, 4..18), trace(200.0, 8..20), trace(300.0, 1..6)], 20);
        split_at_pauses(&times, &mut traced, 3);
        let expected =
            [trace(100.0, 4..10), trace(100.0, 10..18), trace(200.0, 10..20), trace(300.0, 1..6)];
        assert_eq!(traced.traces, expected);
    }

    #[test]
    fn cycles_that_vary_are_no_pauses() {
        let bursts = |scans: u32| -> Vec<f64> {
            (0..100).map(|i| 3.0 * f64::from(i / scans) + 0.1 * f64::from(i % scans)).collect()
        };
        for few in [&bursts(2)[..], &bursts(4), &bursts(8), &[], &[1.0]] {
            assert!(ScanTimes::new(few).pauses.is_empty());
        }
    }

    #[test]
    fn the_bound_is_above_the_binomial_tail() {
        // Of 4, all: 0.05⁴. Of 10 at least 8 with 0.3: 0.00159.
        assert!((chance_of(4, 4, 0.05) - 0.05_f64.powi(4)).abs() < 1e-12);
        assert!((0.00159..0.02).contains(&chance_of(8, 10, 0.3)));
        assert_eq!(chance_of(1, 10, 0.3), 1.0);
    }
}
