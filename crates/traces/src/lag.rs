//! How far the clock of the fragment scans is behind that of MS1: a compound and its fragments
//! leave the column at once, so where their apexes differ in time, and for all compounds alike, the
//! times in the file are wrong.

use cofactor_core::statistics::upper_median;
use cofactor_core::{Feature, TracedRun};
use serde::{Deserialize, Serialize};

use crate::isotopes::{TracedPeak, peaks_of};
use crate::params::FeatureParams;
use crate::tuning::{
    CLEAR_LAG_CYCLES, CLEAR_LAG_ERRORS, CLEAR_LAG_GROWTH, LAG_REACH_CYCLES, LEAST_LAG_COMPOUNDS,
    LEAST_LAG_FRAGMENTS, SAME_WIDTH, WEAK_NEIGHBOUR,
};

/// By how much fragments appear later than their precursors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    /// Median over the compounds, seconds; negative where fragments appear earlier.
    pub seconds: f64,
    /// Its standard error, seconds.
    pub error: f64,
    /// Isolated compounds that it rests on.
    pub compounds: usize,
    /// Whether it is clear: well beyond its error and a tenth of a cycle.
    pub clear: bool,
}

/// Estimates the lag from the features whose apex stands alone in their isolation window; `None`
/// with fewer than seven of them.
pub fn estimate_lag(run: &TracedRun, features: &[Feature], params: &FeatureParams) -> Option<Lag> {
    let mut lags: Vec<f64> = Vec::new();
    let mut cycle = 0.0_f64;
    for data in &run.channels {
        let channel = &data.channel;
        let (Some(window), Some(seconds)) = (channel.window(), channel.cycle_seconds()) else {
            continue;
        };
        let let_in = |f: &&Feature| {
            window.contains(f.precursor.mz) && channel.shares_ions_with(&run[f.channel].channel)
        };
        let isolated = isolated(features.iter().filter(let_in).collect(), seconds);
        if isolated.is_empty() {
            continue;
        }
        cycle = cycle.max(seconds);
        let mut peaks = peaks_of(data, params);
        peaks.sort_by(|a, b| a.peak.rt_seconds.total_cmp(&b.peak.rt_seconds));
        lags.extend(
            isolated
                .iter()
                .filter_map(|feature| lag_of(feature, LAG_REACH_CYCLES * seconds, &peaks)),
        );
    }
    if lags.len() < LEAST_LAG_COMPOUNDS {
        return None;
    }
    let seconds = upper_median(&mut lags, f64::total_cmp)?;
    let degrees = (lags.len() - 1) as f64;
    let variance = lags.iter().map(|lag| (lag - seconds).powi(2)).sum::<f64>() / degrees;
    let error = (variance / lags.len() as f64).sqrt();
    let needed = CLEAR_LAG_ERRORS * (1.0 + CLEAR_LAG_GROWTH / degrees) * error;
    let clear = seconds.abs() > needed && seconds.abs() > CLEAR_LAG_CYCLES * cycle;
    Some(Lag { seconds, error, compounds: lags.len(), clear })
}

/// Those of the features of a window whose fragments can be nobody else's: no other apex of note
/// within twice their reach.
fn isolated(mut inside: Vec<&Feature>, cycle: f64) -> Vec<&Feature> {
    inside.sort_by(|a, b| a.rt_seconds.total_cmp(&b.rt_seconds));
    let reach = 2.0 * LAG_REACH_CYCLES * cycle;
    let alone = |i: &usize| !shares_time(&inside, *i, reach);
    (0..inside.len()).filter(alone).map(|i| inside[i]).collect()
}

/// Whether another of the features, ascending in time, that is not too weak has its apex within
/// `reach` seconds of feature `i`.
fn shares_time(features: &[&Feature], i: usize, reach: f64) -> bool {
    let feature = features[i];
    let near = |f: &&&Feature| (f.rt_seconds - feature.rt_seconds).abs() < reach;
    let before = features[..i].iter().rev().take_while(near);
    let after = features[i + 1..].iter().take_while(near);
    before.chain(after).any(|f| f.height > WEAK_NEIGHBOUR * feature.height)
}

/// Median lag of the peaks, ascending in time, that a feature's fragments can be.
fn lag_of(feature: &Feature, reach: f64, peaks: &[TracedPeak]) -> Option<f64> {
    let first = peaks.partition_point(|p| p.peak.rt_seconds < feature.rt_seconds - reach);
    let width = feature.fwhm_seconds / SAME_WIDTH..=feature.fwhm_seconds * SAME_WIDTH;
    let mut lags: Vec<f64> = peaks[first..]
        .iter()
        .take_while(|p| p.peak.rt_seconds <= feature.rt_seconds + reach)
        .filter(|p| width.contains(&p.peak.fwhm_seconds))
        .map(|p| p.peak.rt_seconds - feature.rt_seconds)
        .collect();
    upper_median(&mut lags, f64::total_cmp).filter(|_| lags.len() >= LEAST_LAG_FRAGMENTS)
}

#[cfg(test)]
mod tests {
    use cofactor_core::{
        Channel, ChannelData, ChannelIx, ChannelRole, ChannelTraces, DetectionLimit,
        IsolationWindow, NoiseModel, Polarity, RunKind, Tolerance, Trace,
    };

    use super::*;
    use crate::find_features;

    const NOISE: NoiseModel =
        NoiseModel { gain: 1.0, relative: 0.02, evidence: 0, gain_assumed: false };

    fn channel(role: ChannelRole, offset: f64) -> Channel {
        Channel {
            role,
            polarity: Polarity::Positive,
            collision_energy: None,
            compensation_voltage: None,
            source_energy: None,
            scan_range: None,
            scan_seconds: (0..400).map(|i| f64::from(i) + offset).collect(),
        }
    }

    fn trace(number: ChannelIx, channel: &Channel, mz: f64, apex: f64) -> Trace {
        let height = |scan: u32| {
            let seconds = channel.scan_seconds[scan as usize];
            1e5 * (-0.5 * ((seconds - apex) / 3.0).powi(2)).exp()
        };
        let scans: Vec<u32> = (0..400).filter(|&scan| height(scan) > 50.0).collect();
        let intensity = scans.iter().map(|&scan| height(scan) as f32).collect();
        Trace { channel: number, mz, intensity, scans, shift: Vec::new() }
    }

    /// Compounds `apart` seconds from each other, with three fragments each whose apexes are seen
    /// `late` seconds later.
    fn lag(compounds: u32, apart: f64, late: f64) -> Option<Lag> {
        let window = IsolationWindow { lower: 300.0, upper: 1000.0 };
        let channels = [channel(ChannelRole::Ms1, 0.0), channel(ChannelRole::Ms2 { window }, 0.4)];
        let trace = |i: usize, mz, apex| trace(ChannelIx(i), &channels[i], mz, apex);
        let (mut ms1, mut ms2) = (Vec::new(), Vec::new());
        for i in 0..compounds {
            let (mz, apex) = (400.0 + 20.0 * f64::from(i), 20.3 + apart * f64::from(i));
            ms1.push(trace(0, mz, apex));
            // The errors of the single compounds differ.
            let wrong = 0.02 * f64::from(i % 3) - 0.02;
            ms2.extend([0.3, 0.4, 0.5].map(|share| trace(1, share * mz, apex + late + wrong)));
        }
        ms2.sort_by(|a, b| a.mz.total_cmp(&b.mz));
        let limit = DetectionLimit { per_scan: vec![50.0; 400] };
        let traces = [
            ChannelTraces { traces: ms1, limit: limit.clone(), telling: None },
            ChannelTraces { traces: ms2, limit, telling: None },
        ];
        let data = channels.into_iter().zip(traces);
        let run = TracedRun {
            file_name: String::new(),
            kind: RunKind::Dia,
            channels: data
                .map(|(channel, traces)| ChannelData { channel, traces, noise: NOISE })
                .collect(),
            scan_count: 0,
            warnings: Vec::new(),
        };
        let params = FeatureParams::default();
        let features = find_features(ChannelIx(0), &run.channels[0], Tolerance::ppm(10.0), &params);
        assert_eq!(features.len(), compounds as usize);
        estimate_lag(&run, &features, &params)
    }

    #[test]
    fn a_lag_of_all_compounds_is_found() {
        for late in [0.5, -0.3] {
            let found = lag(10, 30.0, late).unwrap();
            assert!(found.clear && (found.seconds - late).abs() < 0.03, "{found:?}");
        }
        let found = lag(10, 30.0, 0.0).unwrap();
        assert!(!found.clear && found.seconds.abs() < 0.03, "{found:?}");
    }

    #[test]
    fn few_compounds_and_those_with_neighbours_say_nothing() {
        assert_eq!(lag(6, 30.0, 0.5), None);
        assert_eq!(lag(20, 2.0, 0.5), None);
    }
}
