//! Joint deconvolution: which fragment traces of a window belong to which MS1 precursor.
//!
//! [`deconvolve`] cuts every isolation window into [`blocks`] of precursors that elute together,
//! lays each block out as a joint factorization of its MS1 and MS2 traces with one elution profile
//! a precursor, solves it, and reads off every precursor's own fragments with their intensity,
//! interval and share.

mod block;
mod candidates;
mod chemistry;
mod fragments;
pub mod params;
mod plan;
mod shift;
mod solve;
mod tuning;

use cofactor_core::{
    Activation, CandidateSet, ChannelTraces, Deconvolution, DeconvolvedFeature, Feature, FoundIn,
    NoiseModel, RuleRates, Run, RunKind, SpectrumStatus,
};
use cofactor_rules::{RuleSet, TooManyCandidates};

pub use crate::block::rows;
use crate::candidates::ballot::Ballot;
use crate::candidates::explain::explain;
use crate::candidates::judge::{Verdict, judge};
use crate::chemistry::{Chemistry, candidates_of, is_intact};
pub use crate::params::DeconvolutionParams;
pub use crate::plan::blocks;
use crate::plan::blocks::{Block, make_blocks};
use crate::solve::{Solved, Task, solve_all};
pub use {cofactor_core, cofactor_rules};

/// Fragments that a precursor must have to be reported if only MS2 shows it.
const LEAST_FRAGMENTS: usize = 2;
/// … and its least purity.
const LEAST_PURITY: f64 = 0.5;

/// Share of its apex above which a fitted profile counts as eluting.
const BOUNDARY: f64 = 0.01;

/// Everything a deconvolution looks at.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The run.
    pub run: &'a Run,
    /// Traces of each channel of the run.
    pub channels: &'a [ChannelTraces],
    /// Noise of each channel.
    pub noise: &'a [NoiseModel],
    /// The precursors, ids in order.
    pub features: &'a [Feature],
    /// What they may give.
    pub rules: &'a RuleSet,
}

/// Why a run could not be deconvolved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule gives more candidates than it may.
    #[error(transparent)]
    Rules(#[from] TooManyCandidates),
    /// A block's matrices were refused.
    #[error(
        "the block of window {window} at {start_seconds:.1}–{end_seconds:.1} s could not be solved"
    )]
    Solver {
        /// Isolation window.
        window: String,
        /// Start of the block.
        start_seconds: f64,
        /// End of the block.
        end_seconds: f64,
        /// The solver's word.
        source: cofactor_nmf::Error,
    },
}

/// Blocks of a run, for progress displays: the work that [`deconvolve`] does.
pub fn plan(input: &Input, params: &DeconvolutionParams) -> Vec<Block> {
    if !matches!(input.run.kind, RunKind::Dia | RunKind::AllIon) {
        return Vec::new();
    }
    let mut blocks = Vec::new();
    for (number, channel) in input.run.channels.iter().enumerate() {
        let Some(window) = channel.window() else { continue };
        let let_in = |feature: &Feature| {
            channel.shares_ions_with(&input.run.channels[feature.channel])
                && window.contains(feature.precursor.mz)
        };
        let members: Vec<usize> =
            (0..input.features.len()).filter(|&i| let_in(&input.features[i])).collect();
        let cycles = members
            .iter()
            .filter_map(|&i| input.run.channels[input.features[i].channel].cycle_seconds());
        let margin = 4.0 * cycles.reduce(f64::max).unwrap_or(1.0);
        blocks.extend(make_blocks(number, &members, input.features, params.max_block, margin));
    }
    blocks
}

/// Deconvolves a run. `progress` is called after each block of [`plan`], from any thread.
///
/// A feature in several windows (overlapping ones, or several collision energies) takes its
/// spectrum from the one where most intensity is its own. Where the fragments that rules name lie
/// clearly beside the m/z that they expect, all is done once more with that error taken off.
///
/// # Errors
/// If a rule gives too many candidates, or the solver refuses the matrices of a block.
pub fn deconvolve(
    input: &Input,
    params: &DeconvolutionParams,
    progress: impl Fn(&Block) + Sync,
) -> Result<Deconvolution, Error> {
    let uncorrected = Chemistry { rules: input.rules, error: None };
    let candidates = candidates_of(input.features, input.rules)?;
    let (features, rule_rates) =
        deconvolve_with(input, params, &candidates, uncorrected, &progress)?;
    let Some(error) = shift::estimate(&features) else {
        return Ok(Deconvolution {
            features: supported(features, params),
            mass_shift: None,
            rule_rates,
        });
    };
    let corrected = shift::is_clear(&error);
    let (features, rule_rates) = if corrected {
        let chemistry = Chemistry { error: Some(error), ..uncorrected };
        deconvolve_with(input, params, &candidates, chemistry, &progress)?
    } else {
        (features, rule_rates)
    };
    let error = if corrected { shift::estimate(&features).unwrap_or(error) } else { error };
    let mass_shift = Some(shift::record(error, corrected));
    Ok(Deconvolution { features: supported(features, params), mass_shift, rule_rates })
}

/// Without precursors that only MS2 shows and that turned out to have less than two fragments, or
/// to own less than half of what is there.
fn supported(
    mut features: Vec<DeconvolvedFeature>,
    params: &DeconvolutionParams,
) -> Vec<DeconvolvedFeature> {
    features.retain(|one| {
        let fragments = one
            .spectrum()
            .filter(|f| !is_intact(f.mz, &one.feature.precursor, params.tolerance))
            .count();
        let pure = one.purity.is_some_and(|purity| purity >= LEAST_PURITY);
        one.feature.found_in == FoundIn::Ms1 || (pure && fragments >= LEAST_FRAGMENTS)
    });
    features
}

/// The features with their fragments, and what was learnt about the rules on the way.
fn deconvolve_with(
    input: &Input,
    params: &DeconvolutionParams,
    candidates: &[Vec<CandidateSet>],
    chemistry: Chemistry,
    progress: &(impl Fn(&Block) + Sync),
) -> Result<(Vec<DeconvolvedFeature>, Option<RuleRates>), Error> {
    let best =
        solve_all(&plan(input, params), Task { input, candidates, chemistry, params }, progress)?;
    let ballots: Vec<&Ballot> = best.iter().flatten().filter_map(|s| s.ballot.as_ref()).collect();
    let (rates, verdicts) = judge(&ballots, params.decoy_rounds);
    let mut verdicts = verdicts.into_iter();
    let mut features = Vec::with_capacity(best.len());
    for ((feature, solved), candidates) in input.features.iter().zip(&best).zip(candidates) {
        let verdict = solved.as_ref().and_then(|s| s.ballot.as_ref()).and_then(|_| verdicts.next());
        features.push(conclude(
            feature,
            solved.as_ref(),
            verdict.as_ref(),
            candidates,
            chemistry,
            (input, params),
        ));
    }
    Ok((features, (!ballots.is_empty()).then(|| rates.record(ballots.len()))))
}

fn conclude(
    feature: &Feature,
    solved: Option<&Solved>,
    verdict: Option<&Verdict>,
    candidates: &[CandidateSet],
    chemistry: Chemistry,
    (input, params): (&Input, &DeconvolutionParams),
) -> DeconvolvedFeature {
    let mut result = DeconvolvedFeature {
        feature: feature.clone(),
        status: SpectrumStatus::NotIsolated,
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
    let description = &input.run.channels[*channel];
    result.window = description.window();
    let others =
        assigned.other_channels.iter().filter_map(|&other| input.run.channels[other].window());
    result.other_windows = others.collect();
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
        SpectrumStatus::NotSeparable(
            assigned.inseparable.iter().map(|&i| input.features[i].id).collect(),
        )
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

/// From when to when a fitted elution profile is above [`BOUNDARY`] of its apex, seconds.
fn eluting(activation: &Activation) -> Option<(f64, f64)> {
    let floor = BOUNDARY * activation.value.iter().copied().fold(0.0, f64::max);
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
fn is_isolated(feature: &Feature, run: &Run) -> bool {
    let ms1 = &run.channels[feature.channel];
    run.channels
        .iter()
        .filter(|channel| channel.shares_ions_with(ms1))
        .any(|channel| channel.window().is_some_and(|window| window.contains(feature.precursor.mz)))
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_elutes_above_its_hundredth() {
        let of = |value: &[f64]| {
            let rt_seconds = (0..value.len()).map(|i| 10.0 + i as f64).collect();
            eluting(&Activation { rt_seconds, value: value.to_vec() })
        };
        assert_eq!(of(&[0.0, 0.01, 0.3, 1.0, 0.2, 0.011, 0.009]), Some((12.0, 15.0)));
        assert_eq!(of(&[0.0, 1.0, 0.0]), Some((11.0, 11.0)));
        assert_eq!(of(&[0.0; 3]), None);
    }
}
