//! A block of one precursor, for tests.

use cofactor_core::{
    Channel, ChannelData, ChannelIx, ChannelRole, ChannelTraces, DetectionLimit, Feature,
    FeatureIx, IsolationWindow, Isotopologue, NoiseModel, Polarity, RunKind, Trace, TracedRun,
};
use cofactor_rules::RuleSet;

use crate::Input;
use crate::block::fit::{FittedBlock, fit};
use crate::chemistry::Chemistry;
use crate::fragments::draft::{Draft, Scope};
use crate::params::DeconvolutionParams;
use crate::plan::blocks::Block;
use crate::plan::blocks::tests::feature;
use crate::tuning::FWHM_PER_SIGMA;

const SIGMA: f64 = 4.0;
const SCANS: u32 = 80;
pub(crate) const APEX: f64 = 40.0;
const PRECURSOR: f64 = 300.2;
pub(crate) const FRAGMENTS: [f64; 4] = [100.1, 130.1, 160.1, 190.1];

pub(crate) fn bell(t: f64, apex: f64) -> f64 {
    (-0.5 * ((t - apex) / SIGMA).powi(2)).exp()
}

/// Follows no profile.
fn scatter(scan: u32, mz: f64) -> f64 {
    f64::from((scan * scan * 7 + scan * 3 + mz as u32) % 11) / 5.0 - 1.0
}

fn channel(window: Option<IsolationWindow>, delay: f64) -> Channel {
    Channel {
        role: window.map_or(ChannelRole::Ms1, |window| ChannelRole::Ms2 { window }),
        polarity: Polarity::Positive,
        collision_energy: None,
        compensation_voltage: None,
        source_energy: None,
        scan_range: None,
        scan_seconds: (0..SCANS).map(|scan| f64::from(scan) + delay).collect(),
    }
}

/// An ion: m/z, and intensity at a time.
pub(crate) type Ion<'a> = (f64, &'a dyn Fn(f64) -> f64);

/// Traces of `ions` that scatter as ion counts do; nothing is seen below 10.
fn traces(channel: &Channel, ions: &[Ion]) -> ChannelTraces {
    let trace = |&(mz, intensity): &Ion| {
        let (scans, intensity) = points(channel, mz, intensity).into_iter().unzip();
        let number = ChannelIx(usize::from(!channel.is_ms1()));
        Trace { channel: number, mz, scans, intensity, shift: Vec::new() }
    };
    ChannelTraces {
        traces: ions.iter().map(trace).collect(),
        limit: DetectionLimit { per_scan: vec![10.0; SCANS as usize] },
        telling: None,
    }
}

fn points(channel: &Channel, mz: f64, intensity: &dyn Fn(f64) -> f64) -> Vec<(u32, f32)> {
    let counts = |scan: u32| {
        let mean = intensity(channel.scan_seconds[scan as usize]);
        (scan, (mean + scatter(scan, mz) * mean.sqrt()) as f32)
    };
    (0..SCANS).map(counts).filter(|(_, count)| *count >= 10.0).collect()
}

/// Looks at a block with one precursor of `height` that elutes as [`bell`] in MS1 and has the
/// fragments [`FRAGMENTS`], as high as a fifth of it and with the given profile, where
/// `foreign` ions elute as well; the rules allow it fragments of `allowed` m/z.
pub(crate) fn look_at<T>(
    (height, profile): (f64, &dyn Fn(f64) -> f64),
    foreign: &[Ion],
    allowed: &(dyn Fn(f64) -> bool + Sync),
    params: &DeconvolutionParams,
    look: impl FnOnce(&Draft, Scope) -> T,
) -> T {
    let window = IsolationWindow { lower: 290.0, upper: 310.0 };
    let precursor = |t: f64| height * bell(t, APEX);
    let fragment = |t: f64| 0.2 * height * profile(t);
    let mut ms2: Vec<Ion> = foreign.to_vec();
    ms2.extend(FRAGMENTS.iter().map(|&mz| (mz, &fragment as &dyn Fn(f64) -> f64)));
    ms2.sort_by(|a, b| a.0.total_cmp(&b.0));
    let noise = NoiseModel { gain: 1.0, relative: 0.0, evidence: 0, gain_assumed: false };
    let data = |channel: Channel, ions: &[Ion]| ChannelData {
        traces: traces(&channel, ions),
        channel,
        noise,
    };
    let run = TracedRun {
        file_name: "a test".to_owned(),
        kind: RunKind::Dia,
        channels: vec![
            data(channel(None, 0.0), &[(PRECURSOR, &precursor)]),
            data(channel(Some(window), 0.4), &ms2),
        ],
        scan_count: 2 * SCANS as usize,
        warnings: Vec::new(),
    };
    let features = [Feature {
        height,
        rt_start: APEX - 3.0 * SIGMA,
        rt_end: APEX + 3.0 * SIGMA,
        isotopologues: vec![Isotopologue { number: 0, trace: 0, mz: PRECURSOR, height }],
        ..feature(1, PRECURSOR, APEX, FWHM_PER_SIGMA * SIGMA)
    }];
    let rules = RuleSet::open();
    let input =
        Input { run: &run, features: &features, compounds: &[], rules: &rules, joined: None };
    let block = Block {
        channels: vec![ChannelIx(1)],
        owned: vec![FeatureIx(0)],
        context: Vec::new(),
        start_seconds: 0.0,
        end_seconds: 80.0,
    };
    let mask = |_: &Feature, mzs: &[f64]| mzs.iter().map(|&mz| allowed(mz)).collect();
    let found = fit(&block, &input, params, mask).unwrap().unwrap();
    let block = FittedBlock { number: 0, block: &block, fitted: found };
    let chemistry = Chemistry { rules: &rules, error: None };
    let scope = Scope { input: &input, chemistry, params };
    look(&Draft::settled(block, scope), scope)
}
