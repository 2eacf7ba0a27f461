//! What is said of each precursor in the end: status, window, fragments, candidates.

use cofactor_core::{
    Activation, Channel, DeconvolvedFeature, Feature, FoundIn, RunKind, SpectrumStatus, TracedRun,
};

use crate::candidates::explain::explain;
use crate::candidates::judge::Verdict;
use crate::chemistry::is_intact;
use crate::params::DeconvolutionParams;
use crate::solve::{Solved, Task};
use crate::tuning::{ELUTES_FOR_BOUNDARY, LEAST_FRAGMENTS, LEAST_PURITY};

/// What is said of a feature of which blocks said `solved` and the judge `verdict`.
pub(crate) fn conclude(
    feature: &Feature,
    solved: Option<&Solved>,
    verdict: Option<&Verdict>,
    task: Task,
) -> DeconvolvedFeature {
    let Task { input, candidates, chemistry, params } = task;
    let candidates = &candidates[feature.position().0];
    let mut result = DeconvolvedFeature {
        feature: feature.clone(),
        status: SpectrumStatus::NotIsolated,
        channel: None,
        window: None,
        other_windows: Vec::new(),
        collision_energy: None,
        fragments: Vec::new(),
        activation: Activation::default(),
        purity: None,
        candidates: Vec::new(),
    };
    let Some(Solved { channel, assigned, .. }) = solved else {
        if !matches!(input.run.kind, RunKind::Dia | RunKind::AllIon) {
            result.status = SpectrumStatus::NoFragmentScans;
        } else if is_isolated(feature, input.run) {
            result.status = SpectrumStatus::TooFewScans;
        }
        return result;
    };
    let description = &input.run[*channel].channel;
    result.channel = Some(*channel);
    result.window = description.window();
    let channels = assigned.other_channels.iter().map(|&channel| &input.run[channel].channel);
    result.other_windows = channels.filter_map(Channel::window).collect();
    result.collision_energy = description.collision_energy;
    result.activation = assigned.activation.clone();
    if let Some((start, end)) = eluting(&result.activation) {
        result.feature.rt_start = start.min(feature.rt_seconds);
        result.feature.rt_end = end.max(feature.rt_seconds);
    }
    if candidates.iter().all(|c| c.fragments.is_empty() && c.open_up_to.is_none()) {
        result.status = SpectrumStatus::NoRuleApplies;
        return result;
    }
    let keep = params.keep_isotopologues;
    let explained =
        explain(assigned, verdict, candidates, chemistry, &feature.precursor, description, keep);
    let too_weak = params.expected_yield * feature.height < assigned.limit;
    result.status = if assigned.fragments.is_empty() && too_weak {
        SpectrumStatus::BelowLimit
    } else if assigned.fragments.is_empty() {
        SpectrumStatus::NothingCoelutes
    } else if !assigned.inseparable.is_empty() {
        SpectrumStatus::NotSeparable(assigned.inseparable.iter().map(|&i| input[i].id).collect())
    } else if explained.two {
        SpectrumStatus::CandidatesNotSeparable
    } else {
        SpectrumStatus::Deconvolved
    };
    result.fragments = explained.fragments;
    result.candidates = explained.candidates;
    result.purity = assigned.purity;
    result
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
