//! What MS1 shows and is no ion of a compound: side lobes of the Fourier transform and ringing of
//! a detector beside intense ions, and ions that are there for most of the run.

use cofactor_core::{ChannelData, Feature, FeatureIx, FoundIn, Relation, Tolerance, TracedRun};

use crate::elution::one_elution;
use crate::tuning::{
    FARTHEST_LOBE, FLAT, HIGHEST_LOBE, LEAST_LEVEL, MOST_SCANS, NEAR_LOBE, WEAK_LOBE,
};

/// Says which features (ids in order) are artefacts or background.
pub fn mark_artefacts(features: &mut [Feature], run: &TracedRun, tolerance: Tolerance) {
    let found: Vec<Relation> =
        features.iter().map(|feature| judge(feature, features, run, tolerance)).collect();
    for (feature, relation) in features.iter_mut().zip(found) {
        feature.relation = relation;
    }
}

fn judge(
    feature: &Feature,
    features: &[Feature],
    run: &TracedRun,
    tolerance: Tolerance,
) -> Relation {
    let data = &run[feature.channel];
    if feature.found_in != FoundIn::Ms1 {
        Relation::Molecule
    } else if let Some(beside) = intense_neighbour(feature, features, data) {
        Relation::Artefact { beside }
    } else if is_flat(feature, data, tolerance) {
        Relation::Background
    } else {
        Relation::Molecule
    }
}

/// The intense ion of whose peak the feature is a side lobe.
fn intense_neighbour(
    feature: &Feature,
    features: &[Feature],
    data: &ChannelData,
) -> Option<FeatureIx> {
    let mz = feature.precursor.mz;
    let reach = FARTHEST_LOBE * mz;
    let first =
        features.partition_point(|f| (f.channel, f.precursor.mz) < (feature.channel, mz - reach));
    features[first..]
        .iter()
        .take_while(|f| f.channel == feature.channel && f.precursor.mz <= mz + reach)
        .filter(|intense| is_lobe(feature, intense, data))
        .max_by(|a, b| a.height.total_cmp(&b.height))
        .map(Feature::position)
}

/// Whether a feature is a side lobe of an intense ion that is near it.
fn is_lobe(feature: &Feature, intense: &Feature, data: &ChannelData) -> bool {
    let apart = (intense.precursor.mz - feature.precursor.mz).abs();
    let ratio = feature.height / intense.height;
    let is_near = apart <= NEAR_LOBE * feature.precursor.mz && ratio <= WEAK_LOBE;
    intense.found_in == FoundIn::Ms1
        && ratio <= HIGHEST_LOBE
        && (intense.rt_seconds - feature.rt_seconds).abs() <= 0.5 * intense.fwhm_seconds
        && (is_near || elute_alike(intense, feature, data))
}

fn elute_alike(intense: &Feature, weak: &Feature, data: &ChannelData) -> bool {
    let trace = |feature: &Feature| data.traces.traces.get(feature.isotopologues.first()?.trace);
    let (Some(reference), Some(trace)) = (trace(intense), trace(weak)) else { return false };
    let seconds = &data.channel.scan_seconds;
    let first = seconds.partition_point(|&t| t < intense.rt_start) as u32;
    let last = seconds.partition_point(|&t| t <= intense.rt_end) as u32;
    one_elution(reference, trace, (first, last.saturating_sub(1)), data).is_some()
}

/// Whether the m/z of the feature is seen in most scans of the channel and does not stand out of
/// what it mostly is.
fn is_flat(feature: &Feature, data: &ChannelData, tolerance: Tolerance) -> bool {
    let scans = data.channel.scan_seconds.len();
    let (low, high) = tolerance.bounds(feature.precursor.mz);
    let traces = &data.traces.traces;
    let first = traces.partition_point(|trace| trace.mz < low);
    let mut highest = vec![0.0_f32; scans];
    for trace in traces[first..].iter().take_while(|trace| trace.mz <= high) {
        for (&scan, &intensity) in trace.scans.iter().zip(&trace.intensity) {
            let slot = &mut highest[scan as usize];
            *slot = slot.max(intensity);
        }
    }
    let mut seen: Vec<f32> = highest.into_iter().filter(|&intensity| intensity > 0.0).collect();
    if (seen.len() as f64) < MOST_SCANS * scans as f64 {
        return false;
    }
    seen.sort_by(f32::total_cmp);
    let at =
        |share: f64| seen.get((share * seen.len() as f64) as usize).map_or(0.0, |&i| f64::from(i));
    let most = seen.last().map_or(0.0, |&most| f64::from(most));
    most < FLAT * at(0.5) && at(0.25) >= LEAST_LEVEL * most
}
