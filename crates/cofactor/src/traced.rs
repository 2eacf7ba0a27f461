//! A file, read and traced, and what its MS1 shows: all that a run is before it is deconvolved.

use std::path::Path;

use cofactor_core::{
    Channel, ChannelData, ChannelIx, ChannelTraces, Compound, Feature, IsolationWindow, Loss, Run,
    RunKind, Scan, ScanSource, Tolerance, TracedRun,
};
use cofactor_mzml::{ReadParams, open};
use cofactor_report::StageRecord;
use cofactor_traces::{
    FeatureParams, Lag, PointCounts, Saturation, ScanTimes, TraceBuilder, drop_foreign_scans,
    estimate_lag, estimate_noise, estimate_saturation, find_compounds, find_features,
    find_ms2_only, mark_artefacts, part_isobars, point_counts, split_at_pauses,
};

use crate::config::Config;
use crate::error::Error;
use crate::evidence::SeenScan;
use crate::fingerprint::{file_name, fingerprint};
use crate::memory::Memory;
use crate::observer::{Observer, Stage};
use crate::repeats::drop_repeats;
use crate::run_tolerance::{RunTolerance, Scatter};
use crate::trace_file::{self, TracedScans};

/// A file, and how it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) config: &'a Config,
    pub(crate) reading: &'a ReadParams,
    pub(crate) memory: Memory,
    /// Where its traces are kept, if they are.
    pub(crate) kept: Option<&'a Path>,
}

/// A run before it is deconvolved.
pub(crate) struct Traced {
    pub(crate) run: TracedRun,
    /// The scans in their order.
    pub(crate) scans: Vec<SeenScan>,
    pub(crate) features: Vec<Feature>,
    pub(crate) compounds: Vec<Compound>,
    /// How much earlier fragments appear than their precursors.
    pub(crate) lag: Option<Lag>,
    /// How far its detector saturates.
    pub(crate) saturation: Option<Saturation>,
    /// With which its traces were made.
    pub(crate) tolerance: Tolerance,
    /// What is missing of the file.
    pub(crate) loss: Option<Loss>,
    pub(crate) sha256: String,
    pub(crate) stages: Vec<StageRecord>,
}

/// Reads a file, traces it and finds its features.
pub(crate) fn trace(source: Source, observer: &dyn Observer) -> Result<Traced, Error> {
    let mut stages = Vec::new();
    let TracedScans { run, channels, scans, tolerance, loss, sha256 } =
        read_or_kept(source, observer, &mut stages)?;
    let mut run = with_noise(run, channels);
    run.warnings.extend(assumed_gains(&run));
    let Detected { features, compounds, lag, saturation } =
        detect(source.config, tolerance, &mut run, observer, &mut stages);
    run.warnings.extend(without_precursors(&run, &features));
    Ok(Traced { run, scans, features, compounds, lag, saturation, tolerance, loss, sha256, stages })
}

/// How often a run is read for a tolerance that is wide enough.
const MOST_READINGS: usize = 3;

/// Share of the intense MS1 peaks from which those with too few points are told.
const MOST_UNDERSAMPLED: f64 = 1.0 / 3.0;

/// The traces of a file that are kept, where these are its own; else it is read, and its traces
/// kept where that is asked.
fn read_or_kept(
    source: Source,
    observer: &dyn Observer,
    stages: &mut Vec<StageRecord>,
) -> Result<TracedScans, Error> {
    let Source { path, config, reading, kept, .. } = source;
    let Some(kept) = kept else { return read(source, observer, stages) };
    if kept.is_file() {
        let sha256 = fingerprint(path)?.sha256;
        if let Some(traced) = trace_file::read(kept, Some(&sha256), config, reading) {
            return Ok(traced);
        }
    }
    let traced = read(source, observer, stages)?;
    trace_file::write(kept, &traced, config, reading)?;
    Ok(traced)
}

/// Reads a file, again with a wider tolerance where none is given and the m/z scatter too much.
fn read(
    source: Source,
    observer: &dyn Observer,
    stages: &mut Vec<StageRecord>,
) -> Result<TracedScans, Error> {
    let mut tolerance = source.config.tolerance.first();
    let mut widened = None;
    let mut readings = 0;
    loop {
        readings += 1;
        let may_widen = source.config.tolerance == RunTolerance::Auto && readings < MOST_READINGS;
        let (mut reading, scatter) = read_with(tolerance, source, observer, stages)?;
        match scatter {
            Some(scatter) if may_widen => {
                tolerance = scatter.enough;
                widened = Some(scatter);
            }
            scatter => {
                reading.run.warnings.extend(widened.map(Scatter::applied));
                reading.run.warnings.extend(scatter.map(|scatter| scatter.cut_by(tolerance)));
                return Ok(reading);
            }
        }
    }
}

/// Reads a file and traces it with this tolerance; also whether its m/z scatter too much for that.
fn read_with(
    tolerance: Tolerance,
    source: Source,
    observer: &dyn Observer,
    stages: &mut Vec<StageRecord>,
) -> Result<(TracedScans, Option<Scatter>), Error> {
    let mut reader = open(source.path, source.reading)?;
    let announced = reader.expected_scans();
    let stage = Stage::begin(observer, "reading and tracing", announced);
    let mut builder = TraceBuilder::new(source.config.traces(tolerance));
    let mut points = 0;
    let mut scans = Vec::new();
    reader.read_all(|batch| {
        let batch: Vec<(ChannelIx, &Scan)> =
            batch.iter().map(|(channel, scan)| (*channel, scan)).collect();
        builder.push_all(&batch);
        for (channel, scan) in batch {
            points += scan.mz.len();
            scans.push(SeenScan::new(channel, scan));
            stage.step();
        }
        Ok::<(), Error>(source.memory.check_scans(
            &file_name(source.path),
            scans.len(),
            announced,
        )?)
    })?;
    let loss = reader.loss();
    let sha256 = reader.sha256().map(str::to_owned);
    let sha256 = sha256.ok_or_else(|| Error::Unfinished { path: source.path.to_owned() })?;
    let mut run = reader.finish()?;
    let scatter = builder.scatter().and_then(|scatter| Scatter::new(scatter, tolerance));
    let mut channels = builder.finish();
    channels.resize_with(run.channels.len(), ChannelTraces::default);
    mend(&mut run, &mut channels, &mut scans, source.config.min_points);
    let seconds = stage.end();
    let traces = channels.iter().map(|c| c.traces.len()).sum();
    stages.push(StageRecord::new(
        "read",
        &[("scans", run.scan_count), ("points", points), ("traces", traces)],
        seconds,
    ));
    Ok((TracedScans { run, channels, scans, tolerance, loss, sha256 }, scatter))
}

/// Takes scans of another kind out of their channels and ends traces at pauses.
fn mend(
    run: &mut Run,
    channels: &mut [ChannelTraces],
    scans: &mut Vec<SeenScan>,
    min_points: usize,
) {
    let (mut foreign, mut first) = (0, f64::INFINITY);
    let mut pauses: Vec<(f64, f64)> = Vec::new();
    for (number, (channel, traced)) in run.channels.iter_mut().zip(channels).enumerate() {
        let seconds = channel.scan_seconds.clone();
        let dropped = drop_foreign_scans(channel, traced, min_points);
        foreign += dropped.len();
        first = dropped.first().map_or(first, |&scan| first.min(seconds[scan as usize]));
        let mut positions = 0_u32..;
        let mut stays = || positions.next().is_some_and(|i| dropped.binary_search(&i).is_err());
        scans.retain(|scan| scan.channel.0 != number || stays());
        let times = ScanTimes::new(&channel.scan_seconds);
        split_at_pauses(&times, traced, min_points);
        if channel.is_ms1() {
            let around = |scan: usize| (times.seconds[scan - 1], times.seconds[scan]);
            pauses.extend(times.pauses.iter().map(|&scan| around(scan as usize)));
        }
    }
    if foreign > 0 {
        run.warnings.push(format!(
            "{foreign} scans hold almost nothing of what the scans before and after them hold \
             (lock mass, calibration or empty; first at {first:.2} s); they were left out"
        ));
    }
    if let Some((start, end)) = pauses.first() {
        run.warnings.push(format!(
            "the acquisition paused {} times (first from {start:.2} to {end:.2} s); peaks end \
             there",
            pauses.len()
        ));
    }
}

/// One noise model a level. The multiplicative part is that of the spray and the detector, common
/// to both levels: the one that shows more of it counts, as a level without intense traces cannot
/// show it.
fn with_noise(run: Run, traces: Vec<ChannelTraces>) -> TracedRun {
    let [mut ms1, mut ms2] = [true, false].map(|ms1| {
        let level = run.channels.iter().zip(&traces).filter(|(c, _)| c.is_ms1() == ms1);
        let members: Vec<&ChannelTraces> = level.map(|(_, traces)| traces).collect();
        let limit = members.iter().map(|c| c.limit.typical()).fold(0.0, f64::max);
        estimate_noise(members.iter().flat_map(|c| &c.traces), limit)
    });
    ms1.relative = ms1.relative.max(ms2.relative);
    ms2.relative = ms1.relative;
    let Run { file_name, kind, channels, scan_count, warnings } = run;
    let channels = channels
        .into_iter()
        .zip(traces)
        .map(|(channel, traces)| ChannelData {
            noise: if channel.is_ms1() { ms1 } else { ms2 },
            channel,
            traces,
        })
        .collect();
    Run { file_name, kind, channels, scan_count, warnings }
}

/// What is to be said of levels whose gain the data did not show.
fn assumed_gains(run: &TracedRun) -> Vec<String> {
    [(true, "MS1"), (false, "MS2")]
        .into_iter()
        .filter_map(|(ms1, name)| {
            let mut members = run
                .channels
                .iter()
                .filter(|data| data.channel.is_ms1() == ms1)
                .map(|data| data.noise);
            let noise = members.find(|noise| noise.gain_assumed)?;
            Some(format!(
                "the data do not determine which part of the {name} noise weak points have (its \
                 gain); {:.3e} was used, and intervals of weak fragments depend on it",
                noise.gain
            ))
        })
        .collect()
}

/// What was found in MS1.
struct Detected {
    features: Vec<Feature>,
    compounds: Vec<Compound>,
    lag: Option<Lag>,
    saturation: Option<Saturation>,
}

/// The features and compounds of a run whose fragment scans are put right in time first.
fn detect(
    config: &Config,
    tolerance: Tolerance,
    run: &mut TracedRun,
    observer: &dyn Observer,
    stages: &mut Vec<StageRecord>,
) -> Detected {
    let parameters = config.features();
    let ms1: Vec<ChannelIx> = run
        .numbered()
        .filter(|(_, data)| data.channel.is_ms1())
        .map(|(channel, _)| channel)
        .collect();
    let stage = Stage::begin(observer, "finding features", Some(ms1.len()));
    let mut features = numbered(&ms1, run, tolerance, &parameters);
    let saturation = estimate_saturation(run, &features);
    if let Some(saturation) = saturation.filter(|saturation| saturation.clear) {
        run.warnings.push(undone(&saturation));
        saturation.undo(run);
        features = numbered(&ms1, run, tolerance, &parameters);
    }
    for &channel in &ms1 {
        let data = &run[channel];
        let told = undersampled(point_counts(data, &parameters), &parameters, &data.channel);
        run.warnings.extend(told);
        stage.step();
    }
    drop_repeats(&mut features, run, tolerance);
    mark_artefacts(&mut features, run, tolerance);
    let lag = estimate_lag(run, &features, &parameters);
    if let Some(lag) = lag.filter(|lag| lag.clear) {
        take_off(&lag, run);
    }
    let whole = features.len();
    features = part_isobars(run, features, tolerance, &parameters, config.part_price());
    let parted = features.len() - whole;
    let ms2_only = match run.kind {
        RunKind::Dia => find_ms2_only(run, &features, tolerance, &parameters),
        RunKind::AllIon
        | RunKind::Dda
        | RunKind::Ms1Only
        | RunKind::Ms2Only
        | RunKind::Multiplexed => Vec::new(),
    };
    let counted = ms2_only.len();
    features.extend(ms2_only);
    let compounds = find_compounds(&mut features, run, tolerance);
    let seconds = stage.end();
    let charged = features.iter().filter(|f| f.charge_known).count();
    stages.push(StageRecord::new(
        "features",
        &[
            ("features", features.len()),
            ("charge_known", charged),
            ("parted", parted),
            ("ms2_only", counted),
            ("compounds", compounds.len()),
        ],
        seconds,
    ));
    Detected { features, compounds, lag, saturation }
}

/// The features of MS1, numbered from 1.
fn numbered(
    ms1: &[ChannelIx],
    run: &TracedRun,
    tolerance: Tolerance,
    parameters: &FeatureParams,
) -> Vec<Feature> {
    let found = ms1.iter().flat_map(|&c| find_features(c, &run[c], tolerance, parameters));
    let mut features: Vec<Feature> = found.collect();
    for (number, feature) in (1..).zip(&mut features) {
        feature.id = number;
    }
    features
}

/// What is to be said of a saturation that was taken off.
fn undone(saturation: &Saturation) -> String {
    let Saturation { inverse, error, ions, highest, .. } = *saturation;
    format!(
        "the detector saturates: M+1 of {ions} ions rises over M as if an intensity Y were shown \
         as Y / (1 + Y / S) with S = {:.2e} (1/S ± {:.0} %); intensities of both levels were \
         raised, the highest from {highest:.2e} to {:.2e}",
        inverse.recip(),
        100.0 * error / inverse,
        saturation.unsaturated(highest),
    )
}

/// What is to be said of a run whose fragment scans hold no precursor that was found.
fn without_precursors(run: &TracedRun, features: &[Feature]) -> Option<String> {
    let windows: Vec<IsolationWindow> =
        run.channels.iter().filter_map(|data| data.channel.window()).collect();
    let isolated =
        features.iter().any(|f| windows.iter().any(|window| window.contains(f.precursor.mz)));
    let is_joint = matches!(run.kind, RunKind::Dia | RunKind::AllIon);
    match (windows.as_slice(), features) {
        ([first, further @ ..], [_, ..]) if is_joint && !isolated => Some(format!(
            "none of the {} precursors found lies in an isolation window ({first}{}), so nothing \
             could be deconvolved; if the fragment scans were not isolated, the windows in the \
             file are wrong",
            features.len(),
            if further.is_empty() { String::new() } else { format!(" and {} more", further.len()) }
        )),
        ([_, ..], []) if is_joint => Some("no precursor was found in the MS1 scans".to_owned()),
        _ => None,
    }
}

/// What is to be said of a cycle too slow for what elutes.
fn undersampled(
    point_counts: PointCounts,
    params: &FeatureParams,
    channel: &Channel,
) -> Option<String> {
    let PointCounts { peaks, too_few_points } = point_counts;
    (too_few_points as f64 > MOST_UNDERSAMPLED * peaks as f64).then(|| {
        format!(
            "{too_few_points} of {peaks} intense MS1 peaks have fewer than `expert.peak_points = \
             {}` scans and were left out: a cycle of {:.2} s is slow for them; set it to 3 to keep \
             those that have three",
            params.min_points,
            channel.cycle_seconds().unwrap_or(0.0)
        )
    })
}

fn take_off(lag: &Lag, run: &mut TracedRun) {
    let channels = run.channels.iter_mut().map(|data| &mut data.channel);
    for channel in channels.filter(|channel| !channel.is_ms1()) {
        channel.scan_seconds.iter_mut().for_each(|seconds| *seconds -= lag.seconds);
    }
    run.warnings.push(format!(
        "fragments appear {:.2} ± {:.2} s {} than their precursors in {} isolated compounds, so \
         the clocks of the two levels differ; it was taken off the times of the fragment scans",
        lag.seconds.abs(),
        lag.error,
        if lag.seconds < 0.0 { "earlier" } else { "later" },
        lag.compounds,
    ));
}
