//! One ion is one feature, however many MS1 channels show it: scan ranges that overlap, or voltages
//! of an ion-mobility filter that both let it through.

use std::collections::BTreeMap;

use cofactor_core::{
    Deconvolution, DeconvolvedFeature, Feature, FoundIn, SpectrumStatus, Tolerance, TracedRun,
};

/// Of an ion that several MS1 channels of the same ions show, only the highest feature stays; the
/// others are no neighbours of it. Ids count from 1 again.
pub(crate) fn drop_repeats(features: &mut Vec<Feature>, run: &TracedRun, tolerance: Tolerance) {
    let shares =
        |a: &Feature, b: &Feature| run[a.channel].channel.shares_ions_with(&run[b.channel].channel);
    let kept = kept_instead(&features.iter().collect::<Vec<_>>(), tolerance, shares, |f| {
        (false, f.height)
    });
    features.retain(|feature| !kept.contains_key(&feature.id));
    let numbers: BTreeMap<usize, usize> = features.iter().map(|f| f.id).zip(1..).collect();
    let number = |id: usize| numbers.get(kept.get(&id).unwrap_or(&id)).copied();
    for feature in features {
        feature.id = number(feature.id).unwrap_or(feature.id);
    }
}

/// Of an ion that several voltages let through, the feature with a spectrum and the greatest height
/// stays. Each voltage has its own fragment scans, so all of them were deconvolved. Returns how
/// many were taken out.
pub(crate) fn merge_voltages(
    result: &mut Deconvolution,
    run: &TracedRun,
    tolerance: Tolerance,
) -> usize {
    let spectra: BTreeMap<usize, bool> =
        result.features.iter().map(|f| (f.feature.id, f.has_spectrum())).collect();
    let features: Vec<&Feature> = result.features.iter().map(|f| &f.feature).collect();
    let apart = |a: &Feature, b: &Feature| {
        !run[a.channel].channel.shares_ions_with(&run[b.channel].channel)
    };
    let kept = kept_instead(&features, tolerance, apart, |f| (spectra[&f.id], f.height));
    result.features.retain(|f| !kept.contains_key(&f.feature.id));
    for DeconvolvedFeature { feature, status, spectrum_of, members, .. } in &mut result.features {
        if let Some(head) = spectrum_of {
            *head = *kept.get(head).unwrap_or(head);
        }
        members.retain(|member| !kept.contains_key(member));
        if let SpectrumStatus::NotSeparable(ids) = status {
            replace(ids, &kept, feature.id);
        }
    }
    kept.len()
}

/// Names in place of each feature the one that was kept instead, but not the feature `id` itself.
fn replace(ids: &mut Vec<usize>, kept: &BTreeMap<usize, usize>, id: usize) {
    ids.iter_mut().for_each(|id| *id = *kept.get(id).unwrap_or(id));
    ids.retain(|&known| known != id);
    ids.sort_unstable();
    ids.dedup();
}

/// For each feature that is the same ion as a better one, its id and that of the better one.
/// Features of one channel, and pairs for which `may_repeat` does not hold, are never the same.
fn kept_instead(
    features: &[&Feature],
    tolerance: Tolerance,
    may_repeat: impl Fn(&Feature, &Feature) -> bool,
    worth: impl Fn(&Feature) -> (bool, f64),
) -> BTreeMap<usize, usize> {
    let mut best_first: Vec<&Feature> =
        features.iter().copied().filter(|f| f.found_in == FoundIn::Ms1).collect();
    if best_first.iter().all(|feature| feature.channel == best_first[0].channel) {
        return BTreeMap::new();
    }
    best_first.sort_by(|a, b| {
        let ((spectrum_a, height_a), (spectrum_b, height_b)) = (worth(a), worth(b));
        spectrum_b.cmp(&spectrum_a).then(height_b.total_cmp(&height_a)).then(a.id.cmp(&b.id))
    });
    let mut by_mz: BTreeMap<u64, Vec<&Feature>> = BTreeMap::new();
    let mut kept = BTreeMap::new();
    for feature in best_first {
        let mz = feature.precursor.mz;
        let (low, high) = tolerance.bounds(mz);
        let near = by_mz.range(low.to_bits()..=high.to_bits()).flat_map(|(_, features)| features);
        let better = near.copied().find(|better| {
            better.channel != feature.channel
                && better.precursor.polarity == feature.precursor.polarity
                && (better.rt_seconds - feature.rt_seconds).abs()
                    <= 0.5 * better.fwhm_seconds.min(feature.fwhm_seconds)
                && may_repeat(better, feature)
        });
        match better {
            Some(better) => {
                kept.insert(feature.id, better.id);
            }
            None => by_mz.entry(mz.to_bits()).or_default().push(feature),
        }
    }
    kept
}
