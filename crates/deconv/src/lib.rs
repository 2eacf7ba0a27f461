//! Joint deconvolution: which fragment traces of a window belong to which MS1 precursor.
//!
//! [`deconvolve`] cuts every isolation window into [`blocks`] of precursors that elute together, lays each block out as a
//! joint factorization of its MS1 and MS2 traces with one elution profile a precursor, solves it, and reads off
//! every precursor's own fragments with their intensity, interval and share.

pub mod blocks;
pub mod params;
pub mod rows;

mod assign;
mod chemistry;
mod fit;
mod groups;
mod select;
mod shift;
mod system;

use std::collections::BTreeMap;

use cofactor_core::{
    CandidateSet, ChannelTraces, Deconvolution, DeconvolvedFeature, Feature, NoiseModel, Run, RunKind, SpectrumStatus,
};
use cofactor_rules::{RuleSet, TooManyCandidates};
use rayon::prelude::*;

use crate::assign::{Assigned, assign};
use crate::blocks::{Block, make_blocks};
use crate::chemistry::{Chemistry, allowed_rows, candidates_of, explain};
pub use crate::params::DeconvolutionParams;

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
    #[error("the block of window {window} at {start_seconds:.1}–{end_seconds:.1} s could not be solved")]
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
        let mut by_ms1: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (i, feature) in input.features.iter().enumerate() {
            if feature.precursor.polarity == channel.polarity && window.contains(feature.precursor.mz) {
                by_ms1.entry(feature.channel).or_default().push(i);
            }
        }
        for (ms1, members) in by_ms1 {
            let margin = 4.0 * input.run.channels[ms1].cycle_seconds().unwrap_or(1.0);
            blocks.extend(make_blocks(number, &members, input.features, params.max_block, margin));
        }
    }
    blocks
}

/// Deconvolves a run. `progress` is called after each block of [`plan`], from any thread.
///
/// A feature in several windows (overlapping ones, or several collision energies) takes its spectrum from the one where most
/// intensity is its own. Where the fragments that rules name lie clearly beside the m/z that they expect, all is done once more with that
/// error taken off.
///
/// # Errors
/// If a rule gives too many candidates.
pub fn deconvolve(
    input: &Input,
    params: &DeconvolutionParams,
    progress: impl Fn(&Block) + Sync,
) -> Result<Deconvolution, Error> {
    let uncorrected = Chemistry { rules: input.rules, error: None };
    let candidates = candidates_of(input.features, input.rules)?;
    let features = deconvolve_with(input, params, &candidates, uncorrected, &progress)?;
    let Some(error) = shift::estimate(&features) else { return Ok(Deconvolution { features, mass_shift: None }) };
    let corrected = shift::is_clear(&error);
    let features = if corrected {
        let chemistry = Chemistry { error: Some(error), ..uncorrected };
        deconvolve_with(input, params, &candidates, chemistry, &progress)?
    } else {
        features
    };
    let error = if corrected { shift::estimate(&features).unwrap_or(error) } else { error };
    Ok(Deconvolution { features, mass_shift: Some(shift::record(error, corrected)) })
}

fn deconvolve_with(
    input: &Input,
    params: &DeconvolutionParams,
    candidates: &[Vec<CandidateSet>],
    chemistry: Chemistry,
    progress: &(impl Fn(&Block) + Sync),
) -> Result<Vec<DeconvolvedFeature>, Error> {
    let blocks = plan(input, params);
    let solved: Vec<Result<Vec<Assigned>, Error>> = blocks
        .par_iter()
        .map(|block| {
            let result = solve_block(block, input, candidates, chemistry, params);
            progress(block);
            result
        })
        .collect();
    let mut best: Vec<Option<(usize, Assigned)>> = input.features.iter().map(|_| None).collect();
    for (block, result) in blocks.iter().zip(solved) {
        for assigned in result? {
            let slot = &mut best[assigned.feature];
            let intensity = |a: &Assigned| a.fragments.iter().map(|f| f.intensity).sum::<f64>();
            if slot.as_ref().is_none_or(|(_, other)| intensity(&assigned) > intensity(other)) {
                *slot = Some((block.channel, assigned));
            }
        }
    }
    let described = input.features.iter().zip(best).zip(candidates);
    Ok(described
        .map(|((feature, assigned), candidates)| conclude(feature, assigned, candidates, chemistry, input))
        .collect())
}

fn solve_block(
    block: &Block,
    input: &Input,
    candidates: &[Vec<CandidateSet>],
    chemistry: Chemistry,
    params: &DeconvolutionParams,
) -> Result<Vec<Assigned>, Error> {
    let allowed =
        |feature: &Feature, mzs: &[f64]| allowed_rows(&candidates[feature.id - 1], chemistry, &feature.precursor, mzs);
    let fitted = fit::fit(block, input, params, allowed).map_err(|source| Error::Solver {
        window: input.run.channels[block.channel].window().map(|w| w.to_string()).unwrap_or_default(),
        start_seconds: block.start_seconds,
        end_seconds: block.end_seconds,
        source,
    })?;
    Ok(fitted.map_or_else(Vec::new, |f| assign(&f.system, &f.solution, &block.owned, block.channel, input, params)))
}

fn conclude(
    feature: &Feature,
    assigned: Option<(usize, Assigned)>,
    candidates: &[CandidateSet],
    chemistry: Chemistry,
    input: &Input,
) -> DeconvolvedFeature {
    let mut result = DeconvolvedFeature {
        feature: feature.clone(),
        status: SpectrumStatus::NotIsolated,
        window: None,
        collision_energy: None,
        fragments: Vec::new(),
        activation: cofactor_core::Activation::default(),
        purity: None,
        candidates: Vec::new(),
    };
    let Some((channel, assigned)) = assigned else {
        if !matches!(input.run.kind, RunKind::Dia | RunKind::AllIon) {
            result.status = SpectrumStatus::NoFragmentScans;
        }
        return result;
    };
    let description = &input.run.channels[channel];
    result.window = description.window();
    result.collision_energy = description.collision_energy;
    result.status =
        if candidates.is_empty() || candidates.iter().all(|c| c.fragments.is_empty() && c.open_up_to.is_none()) {
            SpectrumStatus::NoRuleApplies
        } else if assigned.fragments.is_empty() {
            SpectrumStatus::NothingCoelutes
        } else if assigned.inseparable.is_empty() {
            SpectrumStatus::Deconvolved
        } else {
            SpectrumStatus::NotSeparable(assigned.inseparable.iter().map(|&i| input.features[i].id).collect())
        };
    result.fragments = explain(&assigned, candidates, chemistry, &feature.precursor, description).0;
    result.purity = assigned.purity;
    result.activation = assigned.activation;
    result
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
