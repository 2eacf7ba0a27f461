//! Runs of many samples from their scans on: groups of precursors that elute near each other, drawn
//! with their truth.

use cofactor_study::RunData;
use cofactor_study::cofactor_core::{
    Channel, ChannelData, ChannelIx, ChannelRole, ChannelTraces, IsolationWindow, Polarity,
    RunKind, Scan, ScanHeader, Tolerance, TracedRun,
};
use cofactor_traces::{
    FeatureParams, TraceBuilder, TraceParams, estimate_noise, find_compounds, find_features,
    mark_artefacts,
};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};

/// Seconds between two scans of a channel.
const CYCLE: f64 = 0.84;
/// Seconds between an MS1 scan and the fragment scan after it.
const DELAY: f64 = 0.4;
/// Intensity of an ion.
const GAIN: f64 = 30.0;
/// Relative standard deviation of intense points.
const RELATIVE: f64 = 0.05;
/// Least intensity that is seen.
pub(crate) const LIMIT: f64 = 400.0;
/// Seconds between two groups.
const SPACING: f64 = 45.0;
/// Relative standard deviation of an m/z.
const MZ_SCATTER: f64 = 1.5e-6;
/// Peaks of noise in a scan.
const NOISE_PEAKS: usize = 15;
/// Nominal m/z of the precursors of a group: no two differ as ions of one molecule do.
const PRECURSORS: [f64; 4] = [302.0, 309.0, 315.0, 328.0];
pub(crate) const WINDOW: IsolationWindow = IsolationWindow { lower: 300.0, upper: 340.0 };

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// Groups of precursors, one after another.
    pub(crate) groups: usize,
    /// Precursors of a group, at most four.
    pub(crate) precursors: usize,
    /// Time within which their apexes lie, seconds.
    pub(crate) within: f64,
    /// Share of fragments that those of a group have of one pool of m/z.
    pub(crate) shared: f64,
    /// Standard deviation of the natural logarithm of abundances between samples.
    pub(crate) abundance: f64,
    /// Whether the precursors of a group are ions of one compound, which scatter by 5 %.
    pub(crate) of_one_compound: bool,
    /// Probability that a sample lacks a precursor.
    pub(crate) missing: f64,
    /// Standard deviation of the natural logarithm of how well precursors fragment in a sample.
    pub(crate) efficiency: f64,
    /// The same of each fragment.
    pub(crate) fragments: f64,
    /// Probability that another compound of the same m/z elutes in place of a precursor.
    pub(crate) wrong: f64,
}

impl Case {
    /// Two precursors that elute exactly together.
    pub(crate) const PAIRS: Self = Self {
        groups: 8,
        precursors: 2,
        within: 0.0,
        shared: 0.9,
        abundance: 0.5,
        of_one_compound: false,
        missing: 0.1,
        efficiency: 0.2,
        fragments: 0.0,
        wrong: 0.0,
    };
}

/// A fragment: m/z, and height over that of its precursor.
pub(crate) type Fragment = (f64, f64);

/// A precursor as it truly is.
#[derive(Debug, Clone)]
pub(crate) struct TruePrecursor {
    pub(crate) mz: f64,
    pub(crate) seconds: f64,
    pub(crate) group: usize,
    pub(crate) fragments: Vec<Fragment>,
    /// By run: height in MS1, 0 where it is missing.
    pub(crate) heights: Vec<f64>,
    /// By run: whether another compound elutes in its place.
    pub(crate) wrong: Vec<bool>,
    /// Fragments of that.
    foreign: Vec<Fragment>,
}

/// Runs with their truth.
pub(crate) struct Measured {
    pub(crate) runs: Vec<RunData>,
    pub(crate) truth: Vec<TruePrecursor>,
}

/// `runs` runs of a case.
pub(crate) fn measure(case: Case, runs: usize, seed: u64) -> Measured {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let truth: Vec<TruePrecursor> =
        (0..case.groups).flat_map(|group| draw_group(case, runs, group, &mut random)).collect();
    let pedestals = pedestals(&truth, &mut random);
    let run = |run| {
        let mut random = ChaCha8Rng::seed_from_u64(1000 * (seed + 1) + run as u64);
        run_of(&truth, &pedestals, case, run, &mut random)
    };
    Measured { runs: (0..runs).map(run).collect(), truth }
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}

fn log_uniform(low: f64, high: f64, random: &mut ChaCha8Rng) -> f64 {
    random.random_range(low.ln()..high.ln()).exp()
}

/// An m/z with about the mass defect of an organic ion.
fn organic(nominal: f64, random: &mut ChaCha8Rng) -> f64 {
    nominal * 1.000_4 + random.random_range(-0.02..0.02)
}

fn draw_group(
    case: Case,
    runs: usize,
    group: usize,
    random: &mut ChaCha8Rng,
) -> Vec<TruePrecursor> {
    let mut nominal: Vec<u32> = (60..290).collect();
    nominal.shuffle(random);
    let counts: Vec<usize> = (0..case.precursors).map(|_| random.random_range(5..13)).collect();
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let pool = (case.shared * most).round() as usize + 1;
    let mut unused = nominal.into_iter().map(f64::from);
    let pool: Vec<f64> =
        (0..pool).filter_map(|_| unused.next()).map(|mz| organic(mz, random)).collect();
    let compound: Vec<f64> = (0..runs).map(|_| (case.abundance * normal(random)).exp()).collect();
    let seconds = 30.0 + SPACING * group as f64;
    let mut precursors = Vec::with_capacity(case.precursors);
    for (k, &count) in counts.iter().enumerate() {
        let common = ((case.shared * count as f64).round() as usize).min(pool.len());
        let mut mzs = pool.clone();
        mzs.shuffle(random);
        mzs.truncate(common);
        let own = (common..count).filter_map(|_| unused.next());
        mzs.extend(own.collect::<Vec<f64>>().into_iter().map(|mz| organic(mz, random)));
        let height = log_uniform(1e5, 1e7, random);
        let abundance = |random: &mut ChaCha8Rng, run: usize| {
            if case.of_one_compound {
                compound[run] * (0.05 * normal(random)).exp()
            } else {
                (case.abundance * normal(random)).exp()
            }
        };
        let mut strangers = pool.clone();
        strangers.shuffle(random);
        strangers.truncate((count * 9 / 10).max(2));
        precursors.push(TruePrecursor {
            mz: PRECURSORS[k] * 1.000_4 + 0.01 * group as f64,
            seconds: seconds + (random.random::<f64>() - 0.5) * case.within,
            group,
            fragments: spectrum(&mzs, random),
            heights: (0..runs).map(|run| height * abundance(random, run)).collect(),
            wrong: (0..runs).map(|_| random.random_bool(case.wrong)).collect(),
            foreign: spectrum(&strangers, random),
        });
    }
    take_some_out(&mut precursors, case, random);
    precursors
}

/// Heights for the fragments of a precursor.
fn spectrum(mzs: &[f64], random: &mut ChaCha8Rng) -> Vec<Fragment> {
    let heights: Vec<f64> = mzs.iter().map(|_| log_uniform(0.02, 1.0, random)).collect();
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let base = random.random_range(0.1..0.6);
    mzs.iter().zip(heights).map(|(mz, height)| (*mz, base * height / highest)).collect()
}

/// Takes precursors out of some samples; those of one compound together.
fn take_some_out(precursors: &mut [TruePrecursor], case: Case, random: &mut ChaCha8Rng) {
    let runs = precursors.first().map_or(0, |precursor| precursor.heights.len());
    for run in 0..runs {
        let mut is_missing = random.random_bool(case.missing);
        for precursor in &mut *precursors {
            if !case.of_one_compound {
                is_missing = random.random_bool(case.missing);
            }
            if is_missing && run > 0 {
                precursor.heights[run] = 0.0;
            }
        }
    }
}

/// A peak that tails: a normal distribution of the logarithm of time, 1 at its apex.
fn elution(t: f64, apex: f64, sigma: f64, tailing: f64) -> f64 {
    let u = 1.0 + tailing * (t - apex) / sigma;
    if u <= 0.0 { 0.0 } else { (-0.5 * (u.ln() / tailing).powi(2)).exp() }
}

/// What is there all the time at the m/z of a fifth of the fragments.
fn pedestals(truth: &[TruePrecursor], random: &mut ChaCha8Rng) -> Vec<Fragment> {
    let mut mzs: Vec<f64> = truth.iter().flat_map(|p| &p.fragments).map(|f| f.0).collect();
    mzs.sort_by(f64::total_cmp);
    mzs.dedup();
    mzs.retain(|_| random.random_bool(0.2));
    mzs.into_iter().map(|mz| (mz, log_uniform(100.0, 3000.0, random))).collect()
}

/// What elutes in a run: m/z, height, apex.
#[derive(Debug, Clone, Copy)]
struct Eluting {
    mz: f64,
    height: f64,
    apex: f64,
}

fn run_of(
    truth: &[TruePrecursor],
    pedestals: &[Fragment],
    case: Case,
    run: usize,
    random: &mut ChaCha8Rng,
) -> RunData {
    let shift = 0.5 * normal(random);
    let sigma = 3.1 * (0.03 * normal(random)).exp();
    let gain = (case.efficiency * normal(random)).exp();
    let pedestal = (0.2 * normal(random)).exp();
    let (mut ms1, mut ms2) = (Vec::new(), Vec::new());
    let mut jitter = 0.0;
    for precursor in truth {
        let is_first = (precursor.mz - PRECURSORS[0]).abs() < 1.0;
        if is_first || !case.of_one_compound {
            jitter = 0.1 * normal(random);
        }
        let apex = precursor.seconds + shift + jitter;
        let height = precursor.heights[run];
        ms1.push(Eluting { mz: precursor.mz, height, apex });
        ms1.push(Eluting { mz: precursor.mz + 1.003_355, height: 0.18 * height, apex });
        let efficiency = gain * (case.efficiency * normal(random)).exp();
        let is_wrong = precursor.wrong[run];
        for &(mz, part) in if is_wrong { &precursor.foreign } else { &precursor.fragments } {
            let part = part * (case.fragments * normal(random)).exp();
            ms2.push(Eluting { mz, height: height * efficiency * part, apex });
        }
    }
    let groups = truth.last().map_or(0, |last| last.group + 1);
    let cycles = ((15.0 + SPACING * groups as f64) / CYCLE) as usize;
    let mut builder = TraceBuilder::new(TraceParams::default());
    for (channel, eluting) in [(0, &ms1), (1, &ms2)] {
        let range = if channel == 0 { 300.0..345.0 } else { 50.0..340.0 };
        for cycle in 0..cycles {
            let seconds = seconds(channel, cycle);
            let shape = |e: &Eluting| e.height * elution(seconds, e.apex, sigma, 0.2);
            let mut peaks: Vec<Fragment> = eluting.iter().map(|e| (e.mz, shape(e))).collect();
            if channel == 1 {
                peaks.extend(pedestals.iter().map(|(mz, height)| (*mz, height * pedestal)));
            }
            let mut peaks = detected(&merged(peaks), random);
            for _ in 0..NOISE_PEAKS {
                let height = log_uniform(LIMIT, 3.0 * LIMIT, random);
                peaks.push((random.random_range(range.clone()), height));
            }
            builder.push(ChannelIx(channel), &scan(seconds, peaks));
        }
    }
    let channels = builder.finish().into_iter().enumerate();
    let channels = channels.map(|(c, traces)| channel_of(c, cycles, traces));
    let run_data = TracedRun {
        file_name: format!("run{run:02}.mzML"),
        kind: RunKind::Dia,
        channels: channels.collect(),
        scan_count: 2 * cycles,
        warnings: Vec::new(),
    };
    with_features(format!("run{run:02}"), run_data)
}

fn seconds(channel: usize, cycle: usize) -> f64 {
    CYCLE * cycle as f64 + DELAY * channel as f64
}

/// One peak for what has one m/z.
fn merged(mut peaks: Vec<Fragment>) -> Vec<Fragment> {
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    peaks.dedup_by(|next, first| {
        let is_one = next.0 == first.0;
        first.1 += if is_one { next.1 } else { 0.0 };
        is_one
    });
    peaks
}

/// What a scan shows of ions of this mean intensity.
fn detected(peaks: &[Fragment], random: &mut ChaCha8Rng) -> Vec<Fragment> {
    let mut shown = Vec::with_capacity(peaks.len());
    for &(mz, mean) in peaks {
        let ions = mean / GAIN * (1.0 + RELATIVE * normal(random)).max(0.0);
        let counted = Poisson::new(ions).map_or(0.0, |counts| counts.sample(random));
        if counted * GAIN >= LIMIT {
            shown.push((mz * (1.0 + MZ_SCATTER * normal(random)), counted * GAIN));
        }
    }
    shown
}

fn scan(rt_seconds: f64, mut peaks: Vec<Fragment>) -> Scan {
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let header = ScanHeader {
        id: String::new(),
        index: 0,
        ms_level: 1,
        rt_seconds,
        polarity: None,
        window: None,
        collision_energy: None,
        scan_range: None,
    };
    let (mz, intensity) = peaks.into_iter().map(|(mz, height)| (mz, height as f32)).unzip();
    Scan { header, mz, intensity }
}

fn channel_of(number: usize, cycles: usize, traces: ChannelTraces) -> ChannelData {
    let noise = estimate_noise(&traces.traces, traces.limit.typical());
    let role = if number == 0 { ChannelRole::Ms1 } else { ChannelRole::Ms2 { window: WINDOW } };
    let channel = Channel {
        role,
        polarity: Polarity::Positive,
        collision_energy: None,
        compensation_voltage: None,
        source_energy: None,
        scan_range: None,
        scan_seconds: (0..cycles).map(|cycle| seconds(number, cycle)).collect(),
    };
    ChannelData { channel, traces, noise }
}

pub(crate) fn tolerance() -> Tolerance {
    TraceParams::default().tolerance
}

/// The run without the features at an m/z, whose traces stay.
pub(crate) fn without(mut data: RunData, mz: f64) -> RunData {
    data.features.retain(|feature| !tolerance().matches(feature.precursor.mz, mz));
    for (position, feature) in data.features.iter_mut().enumerate() {
        feature.id = position + 1;
    }
    data.compounds = find_compounds(&mut data.features, &data.run, tolerance());
    data
}

/// The run with what it shows at an m/z in two pieces, the second so many seconds after the apex,
/// `share` as high as the first.
pub(crate) fn in_two_pieces(mut data: RunData, mz: f64, later: f64, share: f64) -> RunData {
    let shown = data.features.iter().position(|f| tolerance().matches(f.precursor.mz, mz));
    let Some(main) = shown else { return data };
    let border = data.features[main].rt_seconds + 0.7 * later;
    let mut part = data.features[main].clone();
    data.features[main].rt_end = border;
    data.features[main].area *= 0.8;
    part.rt_seconds += later;
    (part.rt_start, part.height, part.area) = (border, share * part.height, 0.2 * part.area);
    data.features.insert(main + 1, part);
    for (position, feature) in data.features.iter_mut().enumerate() {
        feature.id = position + 1;
        feature.compound = None;
    }
    data.compounds = find_compounds(&mut data.features, &data.run, tolerance());
    data
}

/// A run with what MS1 shows of it.
pub(crate) fn with_features(name: String, run: TracedRun) -> RunData {
    let ms1 = ChannelIx(0);
    let mut features = find_features(ms1, &run[ms1], tolerance(), &FeatureParams::default());
    mark_artefacts(&mut features, &run, tolerance());
    let compounds = find_compounds(&mut features, &run, tolerance());
    RunData { name, order: None, run, features, compounds }
}
