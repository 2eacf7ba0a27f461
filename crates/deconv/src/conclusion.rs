//! What is said of each precursor in the end: status, window, fragments, candidates.

use std::collections::BTreeMap;

use cofactor_core::{
    Activation, Channel, DeconvolvedFeature, Feature, FoundIn, FragmentResult, FragmentStatus,
    Relation, RunKind, SpectrumStatus, TracedRun,
};

use crate::candidates::explain::explain;
use crate::candidates::judge::Verdict;
use crate::chemistry::is_intact;
use crate::fragments::assign::Assigned;
use crate::fragments::learned::Learned;
use crate::params::DeconvolutionParams;
use crate::placement::{Placement, purity};
use crate::solve::{Solved, Task};
use crate::tuning::{
    ELUTES_FOR_BOUNDARY, FARTHEST_LOBE, HIGHEST_LOBE, LEAST_FRAGMENTS, LEAST_PROBABILITY,
    LEAST_PURITY,
};

/// What blocks say of all features, and where their spectra are written.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a, 'c> {
    pub(crate) solved: &'a [Option<Solved<'c>>],
    pub(crate) placements: &'a [Option<Placement>],
    pub(crate) learned: &'a Learned,
}

/// What is said of a feature in the light of all blocks and the judge's `verdict`.
pub(crate) fn conclude(
    feature: &Feature,
    blocks: Blocks,
    verdict: Option<&Verdict>,
    task: Task,
) -> DeconvolvedFeature {
    let Task { input, candidates, chemistry, params } = task;
    let candidates = &candidates[feature.position().0];
    let mut result = DeconvolvedFeature {
        feature: feature.clone(),
        status: without_fit(feature, input.run),
        channel: None,
        window: None,
        other_windows: Vec::new(),
        collision_energies: Vec::new(),
        fragments: Vec::new(),
        activation: Activation::default(),
        purity: None,
        candidates: Vec::new(),
        spectrum_of: None,
        members: Vec::new(),
        mixture: None,
    };
    let position = feature.position();
    let (Some(Solved { channel, assigned, .. }), Some(placement)) =
        (&blocks.solved[position.0], &blocks.placements[position.0])
    else {
        return result;
    };
    let description = &input.run[*channel].channel;
    result.channel = Some(*channel);
    result.window = description.window();
    let channels = assigned.other_channels.iter().map(|&channel| &input.run[channel].channel);
    result.other_windows = channels.clone().filter_map(Channel::window).collect();
    result.other_windows.retain(|window| Some(*window) != result.window);
    let channels = [description].into_iter().chain(channels);
    result.collision_energies = channels.filter_map(|channel| channel.collision_energy).collect();
    result.collision_energies.sort_by(f64::total_cmp);
    result.collision_energies.dedup();
    result.activation = assigned.activation.clone();
    if let Some((start, end)) = eluting(&result.activation) {
        result.feature.rt_start = start.min(feature.rt_seconds);
        result.feature.rt_end = end.max(feature.rt_seconds);
    }
    if candidates.iter().all(|c| c.fragments.is_empty() && c.open_up_to.is_none()) {
        result.status = SpectrumStatus::NoRuleApplies;
        return result;
    }
    let is_head = placement.head == position;
    let spectrum = blocks.placements[placement.head.0].as_ref();
    let spectrum = spectrum.map(|head| head.fragments(blocks.solved)).unwrap_or_default();
    let in_parts = |mut fragments: Vec<FragmentResult>| {
        for fragment in &mut fragments {
            fragment.share *= placement.part_of(fragment, position, input);
        }
        fragments
    };
    let own = Assigned {
        purity: if is_head {
            purity(&in_parts(spectrum.clone()))
        } else {
            purity(&assigned.fragments)
        },
        fragments: if is_head { spectrum.clone() } else { assigned.fragments.clone() },
        ..assigned.clone()
    };
    let keep = params.keep_isotopologues;
    let explained = explain(&own, verdict, candidates, chemistry, feature, description, keep);
    let too_weak = blocks.learned.typical_yield() * feature.height < assigned.limit;
    result.status = if spectrum.is_empty() && too_weak {
        SpectrumStatus::BelowLimit
    } else if spectrum.is_empty() {
        SpectrumStatus::NothingCoelutes
    } else if !assigned.inseparable.is_empty() {
        let mut ids: Vec<usize> = assigned.inseparable.iter().map(|&i| input[i].id).collect();
        ids.sort_unstable();
        SpectrumStatus::NotSeparable(ids)
    } else if explained.two {
        SpectrumStatus::CandidatesNotSeparable
    } else {
        SpectrumStatus::Deconvolved
    };
    result.candidates = explained.candidates;
    result.purity = if is_head { own.purity } else { own.purity.map(|p| p * placement.part) };
    if is_head {
        result.fragments = explained.fragments;
        set_apart_lobes(&mut result.fragments);
        let height: f64 = placement.members.iter().map(|member| input[*member].height).sum();
        set_apart_chance(&mut result.fragments, |fragment| {
            let of_atom = blocks.learned.probability_of(fragment, *channel, height);
            of_atom * placement.part_written(fragment, input)
        });
        result.fragments = in_parts(result.fragments);
        let is_of_another =
            |mz: f64| placement.is_of_another(input, |ion| cannot_have(ion, mz, task));
        set_apart_others(&mut result.fragments, is_of_another);
        if !spectrum.is_empty() && result.spectrum().next().is_none() {
            result.status = SpectrumStatus::NothingOwn;
        }
    }
    if !spectrum.is_empty() {
        result.spectrum_of = Some(placement.head.id());
        result.members = placement.members.iter().map(|member| member.id()).collect();
        result.mixture = placement.mixture;
    }
    result
}

/// Says how probably each fragment is the precursor's, or its mixture's, and takes improbable ones
/// that no rule names out of the spectrum.
fn set_apart_chance(
    fragments: &mut [FragmentResult],
    probability: impl Fn(&FragmentResult) -> f64,
) {
    for fragment in fragments.iter_mut().filter(|fragment| fragment.evidence > 0.0) {
        fragment.probability = probability(fragment);
        let is_improbable = fragment.probability < LEAST_PROBABILITY;
        let is_open = fragment.explained_by.is_none() && fragment.status == FragmentStatus::Matched;
        if is_improbable && is_open {
            fragment.status = FragmentStatus::Shared;
        }
    }
}

/// Whether an ion cannot give a fragment at `mz`: it is singly charged and lighter, or would have
/// to lose what precursors do not.
fn cannot_have(ion: &Feature, mz: f64, task: Task) -> bool {
    let Feature { precursor, charge_known, .. } = ion;
    let is_single = *charge_known && precursor.charge == 1;
    let is_lighter = mz > precursor.mz && !is_intact(mz, precursor, task.params.tolerance);
    let is_impossible = || task.chemistry.rules.is_impossible(precursor, mz);
    (is_single && is_lighter) || is_impossible()
}

/// Takes fragments that no rule names out of the spectrum of a mixture if only another compound of
/// it can have them.
fn set_apart_others(fragments: &mut [FragmentResult], is_of_another: impl Fn(f64) -> bool) {
    for fragment in fragments {
        let unnamed = fragment.status == FragmentStatus::Matched && fragment.explained_by.is_none();
        if unnamed && is_of_another(fragment.mz) {
            fragment.status = FragmentStatus::Shared;
        }
    }
}

/// Takes side lobes of much more intense fragments (ascending in m/z) out of the spectrum, unless a
/// rule names them.
fn set_apart_lobes(fragments: &mut [FragmentResult]) {
    let found: Vec<(f64, f64)> = fragments.iter().map(|f| (f.mz, f.intensity)).collect();
    for fragment in fragments {
        let reach = FARTHEST_LOBE * fragment.mz;
        let first = found.partition_point(|(mz, _)| *mz < fragment.mz - reach);
        let is_lobe = found[first..]
            .iter()
            .take_while(|(mz, _)| *mz <= fragment.mz + reach)
            .any(|(_, intensity)| fragment.intensity <= HIGHEST_LOBE * intensity);
        if is_lobe && fragment.status == FragmentStatus::Matched && fragment.explained_by.is_none()
        {
            fragment.status = FragmentStatus::Artefact;
        }
    }
}

/// Takes back references to spectra of which nothing is left.
pub(crate) fn forget_empty(results: &mut [DeconvolvedFeature]) {
    let empty: BTreeMap<usize, SpectrumStatus> = results
        .iter()
        .filter(|result| result.spectrum_of == Some(result.feature.id) && !result.has_spectrum())
        .map(|result| (result.feature.id, result.status.clone()))
        .collect();
    for result in results {
        if let Some(status) = result.spectrum_of.and_then(|head| empty.get(&head)) {
            result.status = status.clone();
            result.spectrum_of = None;
            result.members = Vec::new();
            result.mixture = None;
        }
    }
}

/// Why there is no fit of a feature.
fn without_fit(feature: &Feature, run: &TracedRun) -> SpectrumStatus {
    match feature.relation {
        Relation::Artefact { beside } => SpectrumStatus::Artefact(beside.id()),
        Relation::Background => SpectrumStatus::Background,
        _ if !matches!(run.kind, RunKind::Dia | RunKind::AllIon) => SpectrumStatus::NoFragmentScans,
        _ if is_isolated(feature, run) => SpectrumStatus::TooFewScans,
        _ => SpectrumStatus::NotIsolated,
    }
}

/// From when to when a fitted elution profile elutes, seconds.
fn eluting(activation: &Activation) -> Option<(f64, f64)> {
    let floor = ELUTES_FOR_BOUNDARY * activation.value.iter().copied().fold(0.0, f64::max);
    let mut seconds = activation
        .rt_seconds
        .iter()
        .zip(&activation.value)
        .filter(|(_, v)| **v > floor)
        .map(|(t, _)| *t);
    let start = seconds.next()?;
    Some((start, seconds.next_back().unwrap_or(start)))
}

/// Whether a window of the run holds the precursor.
fn is_isolated(feature: &Feature, run: &TracedRun) -> bool {
    let ms1 = &run[feature.channel].channel;
    run.channels
        .iter()
        .map(|data| &data.channel)
        .filter(|channel| channel.shares_ions_with(ms1))
        .any(|channel| channel.window().is_some_and(|window| window.contains(feature.precursor.mz)))
}

/// Without precursors that only MS2 shows and that turned out to have too few fragments, or to own
/// too little of what is there.
pub(crate) fn supported(
    mut features: Vec<DeconvolvedFeature>,
    params: &DeconvolutionParams,
) -> Vec<DeconvolvedFeature> {
    features.retain(|result| {
        let DeconvolvedFeature { feature, purity, .. } = result;
        let fragments = result
            .spectrum()
            .filter(|f| !is_intact(f.mz, &feature.precursor, params.tolerance))
            .count();
        let pure = purity.is_some_and(|purity| purity >= LEAST_PURITY);
        feature.found_in == FoundIn::Ms1 || (pure && fragments >= LEAST_FRAGMENTS)
    });
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_elutes_above_its_hundredth() {
        let boundaries = |value: &[f64]| {
            let rt_seconds = (0..value.len()).map(|i| 10.0 + i as f64).collect();
            eluting(&Activation { rt_seconds, value: value.to_vec() })
        };
        assert_eq!(boundaries(&[0.0, 0.01, 0.3, 1.0, 0.2, 0.011, 0.009]), Some((12.0, 15.0)));
        assert_eq!(boundaries(&[0.0, 1.0, 0.0]), Some((11.0, 11.0)));
        assert_eq!(boundaries(&[0.0; 3]), None);
    }
}
