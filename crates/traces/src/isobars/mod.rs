//! Isobars that MS1 shows as one peak and whose fragments elute apart.
//!
//! Fragments that elute as a part of the peak, but not as the whole nor as a neighbour, speak for
//! two ions. Precursors that MS1 does not show have such fragments too: how far chance goes, the
//! windows tell that do not isolate the ion.

mod drift;
mod heavier;
mod looks;
mod peak;
mod turn;
mod witnesses;

use std::collections::BTreeMap;

use cofactor_core::{Feature, FeatureIx, Precursor, Relation, RunKind, Tolerance, TracedRun};

use crate::params::FeatureParams;
use crate::peaks::find_peaks;
use crate::scans::ScanTimes;
use crate::tuning::OVERLAP_SECONDS;
use drift::Drift;
pub use looks::PartPrice;
use looks::find;
use peak::trace_of;
use turn::Turn;

/// Parts the peaks of MS1 that are two isobars, in windows of at most
/// `params.max_ms2_only_window`. Ids count from 1 in the order of `features`, where the two parts
/// take the place of the whole, or one of them if the other is an isotopologue of a lighter ion,
/// which has it then.
pub fn part_isobars(
    run: &TracedRun,
    features: Vec<Feature>,
    tolerance: Tolerance,
    params: &FeatureParams,
    price: PartPrice,
) -> Vec<Feature> {
    let by_fragments = if run.kind == RunKind::Dia {
        find(run, &features, params, price)
    } else {
        BTreeMap::new()
    };
    let one_mz = |turn: Turn| Drift { turn, shifts: None };
    let mut found: BTreeMap<FeatureIx, Drift> =
        by_fragments.into_iter().map(|(feature, turn)| (feature, one_mz(turn))).collect();
    found.extend(drift::find(run, &features, price));
    let mut peaks: Vec<Vec<Feature>> = Vec::with_capacity(features.len());
    for feature in features {
        let drift = found.remove(&feature.position());
        peaks.push(match drift.and_then(|drift| parts(&feature, drift, run, params)) {
            Some(parts) => parts.into(),
            None => vec![feature],
        });
    }
    heavier::give_isotopologues(&mut peaks, tolerance);
    numbered(peaks)
}

/// The features of all peaks with their new ids.
fn numbered(peaks: Vec<Vec<Feature>>) -> Vec<Feature> {
    let firsts = peaks.iter().scan(0, |next, peak| {
        let first = FeatureIx(*next);
        *next += peak.len();
        Some(first)
    });
    let firsts: Vec<FeatureIx> = firsts.collect();
    let mut features: Vec<Feature> = peaks.into_iter().flatten().collect();
    for (position, feature) in features.iter_mut().enumerate() {
        feature.id = FeatureIx(position).id();
        if let Relation::Artefact { beside } = &mut feature.relation {
            *beside = firsts[beside.0];
        }
    }
    features
}

/// The features that a peak becomes, the earlier first, with the border halfway between their
/// apexes. No valley parts them, so they overlap there. `None` where they are no peaks.
fn parts(
    feature: &Feature,
    drift: Drift,
    run: &TracedRun,
    params: &FeatureParams,
) -> Option<[Feature; 2]> {
    let [earlier, later] = [false, true].map(|later| part(feature, drift, later, run, params));
    let (earlier, later) = (earlier?, later?);
    let border = 0.5 * (earlier.rt_seconds + later.rt_seconds);
    let (rt_end, rt_start) = (border + OVERLAP_SECONDS, border - OVERLAP_SECONDS);
    (earlier.rt_seconds < later.rt_seconds)
        .then_some([Feature { rt_end, ..earlier }, Feature { rt_start, ..later }])
}

fn part(
    feature: &Feature,
    Drift { turn, shifts }: Drift,
    later: bool,
    run: &TracedRun,
    params: &FeatureParams,
) -> Option<Feature> {
    let ms1 = &run[feature.channel];
    let seconds = &ms1.channel.scan_seconds;
    let whole = trace_of(feature, run)?;
    let mut trace = whole.piece(0..0);
    for (&scan, &intensity) in whole.scans.iter().zip(&whole.intensity) {
        let t = seconds[scan as usize];
        if (feature.rt_start..=feature.rt_end).contains(&t) {
            trace.scans.push(scan);
            trace.intensity.push((f64::from(intensity) * turn.share(later, t)) as f32);
        }
    }
    let limit = ms1.traces.limit.typical();
    let peaks = find_peaks(&trace, &ScanTimes::new(seconds), &ms1.noise, limit, params);
    let peak = peaks.into_iter().max_by(|a, b| a.height.total_cmp(&b.height))?;
    let share = peak.height / feature.height;
    let mut isotopologues = feature.isotopologues.clone();
    isotopologues.iter_mut().for_each(|isotopologue| isotopologue.height *= share);
    let mz = shifts.map_or(feature.precursor.mz, |shifts| {
        whole.mz * (1.0 + 1e-6 * shifts[usize::from(later)])
    });
    let rt_seconds = Some(peak.rt_seconds);
    Some(Feature {
        precursor: Precursor { mz, rt_seconds, ..feature.precursor.clone() },
        rt_seconds: peak.rt_seconds,
        rt_start: seconds[peak.first_scan as usize],
        rt_end: seconds[peak.last_scan as usize],
        fwhm_seconds: peak.fwhm_seconds,
        height: peak.height,
        area: peak.area,
        isotopologues,
        ..feature.clone()
    })
}

#[cfg(test)]
mod tests {
    use cofactor_core::{
        Channel, ChannelData, ChannelIx, ChannelRole, ChannelTraces, DetectionLimit,
        IsolationWindow, NoiseModel, Polarity, Tolerance, Trace,
    };

    use super::*;
    use crate::find_features;

    const SCANS: u32 = 80;
    const PRICE: PartPrice = PartPrice { entry: 6.0, profile: 6.0 };

    fn bell(t: f64, apex: f64) -> f64 {
        (-0.5 * ((t - apex) / 3.0).powi(2)).exp()
    }

    fn earlier(t: f64) -> f64 {
        bell(t, 36.0)
    }

    fn later(t: f64) -> f64 {
        bell(t, 43.5)
    }

    /// A channel with these ions, one scan a second, `late` seconds after the first.
    fn data(role: ChannelRole, late: f64, ions: &[(f64, &dyn Fn(f64) -> f64)]) -> ChannelData {
        let scan_seconds: Vec<f64> = (0..SCANS).map(|scan| f64::from(scan) + late).collect();
        let limit = 100.0_f32;
        let trace = |&(mz, height): &(f64, &dyn Fn(f64) -> f64)| {
            let shown = |scan: u32| {
                let noise = 0.96 + 0.008 * f64::from((scan * scan * 7 + scan * 3) % 11);
                let x = height(scan_seconds[scan as usize]) * noise;
                (x > f64::from(limit)).then_some((scan, x as f32))
            };
            let (scans, intensity) = (0..SCANS).filter_map(shown).unzip();
            Trace { channel: ChannelIx(0), mz, scans, intensity, shift: Vec::new() }
        };
        ChannelData {
            traces: ChannelTraces {
                traces: ions.iter().map(trace).collect(),
                limit: DetectionLimit { per_scan: vec![limit; SCANS as usize] },
                telling: None,
            },
            channel: Channel {
                role,
                polarity: Polarity::Positive,
                collision_energy: None,
                compensation_voltage: None,
                source_energy: None,
                scan_range: None,
                scan_seconds,
            },
            noise: NoiseModel { gain: 1.0, relative: 0.05, evidence: 0, gain_assumed: false },
        }
    }

    /// Apexes of the features of an ion of m/z 300.1 with that elution, and its neighbour at 303,
    /// where the window shows these fragments.
    fn parted(
        ion: &dyn Fn(f64) -> f64,
        fragments: &[(f64, &dyn Fn(f64) -> f64)],
    ) -> Vec<(usize, f64, f64)> {
        let early = |t: f64| 3e4 * bell(t, 20.0);
        let window = |lower| IsolationWindow { lower, upper: lower + 20.0 };
        let run = TracedRun {
            file_name: String::new(),
            kind: RunKind::Dia,
            channels: vec![
                data(ChannelRole::Ms1, 0.0, &[(300.1, ion), (303.0, &early)]),
                data(ChannelRole::Ms2 { window: window(290.0) }, 0.4, fragments),
                data(ChannelRole::Ms2 { window: window(311.0) }, 0.6, &[]),
            ],
            scan_count: 3 * SCANS as usize,
            warnings: Vec::new(),
        };
        let params = FeatureParams::default();
        let features = find_features(ChannelIx(0), &run.channels[0], Tolerance::ppm(10.0), &params);
        assert_eq!(features.len(), 2);
        let found = part_isobars(&run, features, Tolerance::ppm(10.0), &params, PRICE);
        found.iter().map(|f| (f.id, f.rt_seconds, f.height)).collect()
    }

    #[test]
    fn fragments_that_elute_apart_part_a_peak() {
        let sum = |t: f64| 4e4 * earlier(t) + 1e5 * later(t);
        let (first, second) = (|t: f64| 9e3 * earlier(t), |t: f64| 2e4 * later(t));
        let found = parted(
            &sum,
            &[(81.1, &second), (101.2, &first), (130.3, &first), (150.4, &second), (171.2, &sum)],
        );
        assert_eq!(found.len(), 3, "{found:?}");
        for ((id, apex, height), expected) in
            found.iter().zip([(1, 36.0, 4e4), (2, 43.5, 1e5), (3, 20.0, 3e4)])
        {
            assert!(*id == expected.0 && (apex - expected.1).abs() < 0.7, "{found:?}");
            assert!((height / expected.2 - 1.0).abs() < 0.15, "{found:?}");
        }
    }

    #[test]
    fn one_fragment_a_side_is_chance_and_those_of_the_whole_speak_against_it() {
        let sum = |t: f64| 4e4 * earlier(t) + 1e5 * later(t);
        let (first, second) = (|t: f64| 9e3 * earlier(t), |t: f64| 2e4 * later(t));
        let whole = |t: f64| 0.2 * sum(t);
        let two: [(f64, &dyn Fn(f64) -> f64); 2] = [(101.2, &first), (150.4, &second)];
        assert_eq!(parted(&sum, &two).len(), 2);
        let with_isotopologues: [(f64, &dyn Fn(f64) -> f64); 4] =
            [(101.2, &first), (102.20335, &first), (150.4, &second), (151.40335, &second)];
        assert_eq!(parted(&sum, &with_isotopologues).len(), 2);
        let weak = |t: f64| 600.0 * earlier(t);
        let mut fragments: Vec<(f64, &dyn Fn(f64) -> f64)> =
            vec![(81.1, &weak), (101.2, &weak), (150.4, &second), (151.9, &second)];
        let alone = parted(&sum, &fragments).len();
        for i in 0..60 {
            fragments.push((200.0 + f64::from(i), &whole));
        }
        assert_eq!((alone, parted(&sum, &fragments).len()), (3, 2));
    }
}
