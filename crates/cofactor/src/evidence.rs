//! Gathers what was measured behind a result, for people to look at: totals of the run,
//! chromatograms, mixtures, neighbours.

use cofactor_core::{
    Activation, ChannelIx, ChannelTraces, Deconvolution, DeconvolvedFeature, Evidence,
    FeatureEvidence, LevelTotals, Neighbour, Scan, Tolerance, TracedRun,
};
use cofactor_deconv::rows::{Row, ScanSpan, row_at};
use serde::{Deserialize, Serialize};

/// Features with a spectrum that get chromatograms and neighbours; of more, the most intense. A
/// page with all of them would be slow to load.
const MOST_CHARTED: usize = 1000;
/// Peaks of a mixture that are kept; the strongest.
const MOST_MIXED: usize = 150;
/// Neighbours of a feature that are kept; those with the most fragments in common.
const MOST_NEIGHBOURS: usize = 10;
/// How far chromatograms reach beyond the elution on both sides, in widths of the elution.
const MARGIN: f64 = 0.5;

/// What is kept of a scan when its peaks are gone.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct SeenScan {
    pub(crate) channel: ChannelIx,
    index: usize,
    rt_seconds: f64,
    total: f64,
    base_peak: f64,
}

impl SeenScan {
    pub(crate) fn new(channel: ChannelIx, scan: &Scan) -> Self {
        Self {
            channel,
            index: scan.header.index,
            rt_seconds: scan.header.rt_seconds,
            total: scan.intensity.iter().map(|&i| f64::from(i)).sum(),
            base_peak: scan.intensity.iter().copied().fold(0.0, f32::max).into(),
        }
    }
}

/// Gathers the evidence of a result; `scans` are those that were read, in their order.
pub(crate) fn gather(
    run: &TracedRun,
    scans: &[SeenScan],
    result: &Deconvolution,
    tolerance: Tolerance,
) -> Evidence {
    let mut with_spectrum: Vec<&DeconvolvedFeature> =
        result.features.iter().filter(|f| f.has_spectrum()).collect();
    with_spectrum.sort_by(|a, b| b.feature.height.total_cmp(&a.feature.height));
    let mzs: Vec<Vec<f64>> = with_spectrum.iter().map(|spectrum| matched(spectrum)).collect();
    let mut indices: Vec<Vec<usize>> = vec![Vec::new(); run.channels.len()];
    for scan in scans {
        indices[scan.channel.0].push(scan.index);
    }
    let mut features: Vec<(usize, FeatureEvidence)> = Vec::with_capacity(with_spectrum.len());
    for (position, spectrum) in with_spectrum.iter().enumerate() {
        let mut evidence = FeatureEvidence::default();
        if let Some(channel) = spectrum.channel {
            let data = &run[channel];
            let nearest = nearest(&data.channel.scan_seconds, spectrum.feature.rt_seconds);
            evidence.scan_index = nearest.and_then(|scan| indices[channel.0].get(scan).copied());
            if position < MOST_CHARTED {
                evidence.neighbours = neighbours(position, &with_spectrum, &mzs, tolerance);
                evidence.mixture =
                    nearest.map(|scan| mixture(&data.traces, scan)).unwrap_or_default();
                chart(&mut evidence, spectrum, &mzs[position], run, channel, tolerance);
            }
        }
        features.push((spectrum.feature.id, evidence));
    }
    features.sort_by_key(|(id, _)| *id);
    Evidence { totals: totals(run, scans), features }
}

fn matched(result: &DeconvolvedFeature) -> Vec<f64> {
    result.spectrum().map(|f| f.mz).collect()
}

/// Position of the value nearest to `wanted` in ascending values.
fn nearest(values: &[f64], wanted: f64) -> Option<usize> {
    let next = values.partition_point(|&v| v < wanted);
    let near = next.saturating_sub(1)..values.len().min(next + 1);
    near.min_by(|&a, &b| (values[a] - wanted).abs().total_cmp(&(values[b] - wanted).abs()))
}

/// Traced peaks of a scan, ascending in m/z.
fn mixture(channel: &ChannelTraces, scan: usize) -> Vec<(f64, f32)> {
    let mut peaks: Vec<(f64, f32)> = channel
        .traces
        .iter()
        .filter_map(|trace| Some((trace.mz, trace.at(scan as u32)?)))
        .collect();
    peaks.sort_by(|a, b| b.1.total_cmp(&a.1));
    peaks.truncate(MOST_MIXED);
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    peaks
}

fn chart(
    evidence: &mut FeatureEvidence,
    result: &DeconvolvedFeature,
    fragments: &[f64],
    run: &TracedRun,
    channel: ChannelIx,
    tolerance: Tolerance,
) {
    let f = &result.feature;
    let margin = MARGIN * (f.rt_end - f.rt_start);
    let (start, end) = (f.rt_start - margin, f.rt_end + margin);
    let span_of =
        |channel: ChannelIx| ScanSpan::within(&run[channel].channel.scan_seconds, start, end);
    let seconds = |channel: ChannelIx, span: ScanSpan| span.seconds(&run[channel].channel).to_vec();
    let (ms1, ms2) = (span_of(f.channel), span_of(channel));
    evidence.ms1_seconds = seconds(f.channel, ms1);
    evidence.ms1 = laid_out(&row_at(&run[f.channel].traces, f.precursor.mz, ms1, tolerance), ms1);
    evidence.ms1_height = height_of(&result.activation, &evidence.ms1_seconds, &evidence.ms1);
    evidence.ms2_seconds = seconds(channel, ms2);
    evidence.fragments = fragments
        .iter()
        .map(|&mz| laid_out(&row_at(&run[channel].traces, mz, ms2, tolerance), ms2))
        .collect();
}

/// The factor of an activation that fits the points of a trace best, in least squares.
fn height_of(activation: &Activation, seconds: &[f64], cells: &[Option<f32>]) -> f64 {
    let points = seconds
        .iter()
        .zip(cells)
        .filter_map(|(&t, cell)| Some((value_at(activation, t), f64::from((*cell)?))));
    let (product, square) =
        points.fold((0.0, 0.0), |(product, square), (s, x)| (product + s * x, square + s * s));
    if square > 0.0 { product / square } else { 0.0 }
}

/// An activation between its grid points, which is linear; 0 outside of the grid.
fn value_at(activation: &Activation, t: f64) -> f64 {
    let (grid, value) = (&activation.rt_seconds, &activation.value);
    let after = grid.partition_point(|&g| g < t);
    match (after.checked_sub(1), grid.get(after)) {
        (Some(before), Some(&next)) => {
            let part = (t - grid[before]) / (next - grid[before]);
            value[before] + part * (value[after] - value[before])
        }
        (None, Some(&first)) if first == t => value[0],
        _ => 0.0,
    }
}

fn laid_out(row: &Row, span: ScanSpan) -> Vec<Option<f32>> {
    let mut cells = vec![None; span.scans()];
    for &(scan, intensity) in &row.points {
        cells[(scan - span.first) as usize] = Some(intensity);
    }
    cells
}

/// The features that have fragments in common with the one at `position`.
fn neighbours(
    position: usize,
    features: &[&DeconvolvedFeature],
    mzs: &[Vec<f64>],
    tolerance: Tolerance,
) -> Vec<Neighbour> {
    let feature = features[position];
    let own_mzs = &mzs[position];
    let mut found = Vec::new();
    for (neighbour, mzs) in features.iter().zip(mzs) {
        if neighbour.feature.id != feature.feature.id && shares_scans(feature, neighbour) {
            let shared = mzs.iter().filter(|mz| !tolerance.range_in(own_mzs, **mz).is_empty());
            let fragments: Vec<f64> = shared.copied().collect();
            if !fragments.is_empty() {
                found.push(Neighbour { id: neighbour.feature.id, fragments });
            }
        }
    }
    found.sort_by_key(|neighbour| (std::cmp::Reverse(neighbour.fragments.len()), neighbour.id));
    found.truncate(MOST_NEIGHBOURS);
    found
}

/// Whether two results elute together in one window.
fn shares_scans(a: &DeconvolvedFeature, b: &DeconvolvedFeature) -> bool {
    a.feature.rt_start <= b.feature.rt_end
        && b.feature.rt_start <= a.feature.rt_end
        && a.window == b.window
        && a.collision_energies == b.collision_energies
        && a.feature.precursor.polarity == b.feature.precursor.polarity
}

fn empty(level: u8) -> LevelTotals {
    LevelTotals { level, rt_seconds: Vec::new(), total: Vec::new(), base_peak: Vec::new() }
}

/// Totals of both levels by cycle; a cycle without a scan of a level has none.
/// The total MS1 signal by retention time, seconds.
pub(crate) fn ms1_totals(run: &TracedRun, scans: &[SeenScan]) -> Vec<(f64, f64)> {
    let ms1 = totals(run, scans).into_iter().filter(|level| level.level == 1);
    ms1.flat_map(|level| level.rt_seconds.into_iter().zip(level.total)).collect()
}

fn totals(run: &TracedRun, scans: &[SeenScan]) -> Vec<LevelTotals> {
    let mut levels = [empty(1), empty(2)];
    let mut start = None;
    for scan in scans {
        let ms1 = run[scan.channel].channel.is_ms1();
        let start =
            *if ms1 { start.insert(scan.rt_seconds) } else { start.get_or_insert(scan.rt_seconds) };
        let level = &mut levels[usize::from(!ms1)];
        if level.rt_seconds.last() != Some(&start) {
            level.rt_seconds.push(start);
            level.total.push(0.0);
            level.base_peak.push(0.0);
        }
        if let (Some(total), Some(highest)) = (level.total.last_mut(), level.base_peak.last_mut()) {
            *total += scan.total;
            *highest = highest.max(scan.base_peak);
        }
    }
    levels.into_iter().filter(|level| !level.rt_seconds.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use cofactor_core::{
        Channel, ChannelData, ChannelRole, IsolationWindow, NoiseModel, Polarity, RunKind,
    };

    use super::*;

    #[test]
    fn the_nearer_scan_counts() {
        assert_eq!(nearest(&[1.0, 2.0, 4.0], 2.9), Some(1));
        assert_eq!(nearest(&[1.0, 2.0, 4.0], 3.1), Some(2));
        assert_eq!(nearest(&[1.0, 2.0], 9.0), Some(1));
        assert_eq!(nearest(&[], 1.0), None);
    }

    #[test]
    fn the_height_is_that_of_the_points() {
        let activation = Activation { rt_seconds: vec![1.0, 2.0, 3.0], value: vec![0.0, 1.0, 0.5] };
        assert_eq!(value_at(&activation, 1.5), 0.5);
        assert_eq!((value_at(&activation, 0.9), value_at(&activation, 3.1)), (0.0, 0.0));
        // A point that is missing has no say, and a point outside of the elution neither.
        let cells = [Some(30.0), None, Some(60.0), Some(9.0)];
        assert_eq!(height_of(&activation, &[1.5, 1.7, 2.0, 4.0], &cells), 60.0);
        assert_eq!(height_of(&activation, &[9.0], &[Some(1.0)]), 0.0);
    }

    fn channel(role: ChannelRole) -> ChannelData {
        ChannelData {
            channel: Channel {
                role,
                polarity: Polarity::Positive,
                collision_energy: None,
                compensation_voltage: None,
                source_energy: None,
                scan_range: None,
                scan_seconds: Vec::new(),
            },
            traces: ChannelTraces::default(),
            noise: NoiseModel::default(),
        }
    }

    fn scan(channel: ChannelIx, rt_seconds: f64, total: f64, base_peak: f64) -> SeenScan {
        SeenScan { channel, index: 0, rt_seconds, total, base_peak }
    }

    #[test]
    fn totals_are_summed_by_cycle() {
        let run = TracedRun {
            file_name: "a".to_owned(),
            kind: RunKind::Dia,
            channels: vec![
                channel(ChannelRole::Ms1),
                channel(ChannelRole::Ms2 {
                    window: IsolationWindow { lower: 100.0, upper: 200.0 },
                }),
            ],
            scan_count: 5,
            warnings: Vec::new(),
        };
        let [ms1, ms2] = [0, 1].map(ChannelIx);
        let scans = [
            scan(ms1, 0.0, 10.0, 5.0),
            scan(ms2, 0.3, 7.0, 3.0),
            scan(ms2, 0.6, 8.0, 4.0),
            scan(ms1, 1.0, 20.0, 6.0),
        ];
        let totals = totals(&run, &scans);
        let expected = [
            LevelTotals {
                level: 1,
                rt_seconds: vec![0.0, 1.0],
                total: vec![10.0, 20.0],
                base_peak: vec![5.0, 6.0],
            },
            LevelTotals {
                level: 2,
                rt_seconds: vec![0.0],
                total: vec![15.0],
                base_peak: vec![4.0],
            },
        ];
        assert_eq!(totals, expected);
    }
}
