//! The line from blocks to a result: fit, judge, conclude.

use std::collections::BTreeMap;

use cofactor_core::{Deconvolution, DeconvolvedFeature, FeatureIx, RuleRates};

use crate::candidates::ballot::Ballot;
use crate::candidates::judge::{Verdict, judge};
use crate::candidates::similarity;
use crate::chemistry::{Chemistry, candidates_of};
use crate::conclusion::{Blocks, conclude, forget_empty, supported};
use crate::params::DeconvolutionParams;
use crate::placement::place;
use crate::plan::blocks::Block;
use crate::runs::RunElution;
use crate::shift;
use crate::solve::{AllSolved, Task, solve_all};
use crate::{Error, Input};

/// Deconvolves the `blocks` of a run that [`crate::plan()`] gave. `progress` is called after each
/// of them, from any thread.
///
/// A feature in several windows (overlapping ones, or several collision energies) takes its
/// spectrum from the one where most intensity is its own. Where the fragments that rules name lie
/// clearly beside the m/z that they expect, all is done once more with that error taken off.
///
/// # Errors
/// If a rule gives too many candidates, or the solver refuses the matrices of a block.
pub fn deconvolve(
    input: &Input,
    blocks: &[Block],
    params: &DeconvolutionParams,
    progress: impl Fn(&Block) + Sync,
) -> Result<Deconvolution, Error> {
    deconvolve_joined(input, blocks, params, progress).map(|(result, _)| result)
}

/// What each of several joined runs says of the features, by id.
pub type RunElutions = BTreeMap<usize, Vec<RunElution>>;

/// [`deconvolve`], and what each of the runs that `input` joins says of each feature that MS1
/// shows: once more in MS1 alone, as far as a block was solved for it.
///
/// # Errors
/// As [`deconvolve`].
pub fn deconvolve_joined(
    input: &Input,
    blocks: &[Block],
    params: &DeconvolutionParams,
    progress: impl Fn(&Block) + Sync,
) -> Result<(Deconvolution, RunElutions), Error> {
    let candidates = candidates_of(input.features, input.rules)?;
    let chemistry = Chemistry { rules: input.rules, error: None };
    let task = Task { input, candidates: &candidates, chemistry, params };
    let mut found = judged(blocks, task, &progress)?;
    let mut mass_shift = None;
    if let Some(error) = shift::estimate(&found.features) {
        let corrected = shift::is_clear(&error);
        if corrected {
            let chemistry = Chemistry { error: Some(error), ..chemistry };
            found = judged(blocks, Task { chemistry, ..task }, &progress)?;
        }
        let remaining = if corrected { shift::estimate(&found.features) } else { None };
        mass_shift = Some(shift::record(remaining.unwrap_or(error), corrected));
    }
    let result = Deconvolution {
        features: supported(found.features, params),
        compounds: input.compounds.to_vec(),
        mass_shift,
        rule_rates: found.rule_rates,
    };
    Ok((result, found.runs))
}

/// All features of a run, and what was learnt about the rules on the way.
struct Judged {
    features: Vec<DeconvolvedFeature>,
    rule_rates: Option<RuleRates>,
    runs: RunElutions,
}

fn judged(
    blocks: &[Block],
    task: Task,
    progress: &(impl Fn(&Block) + Sync),
) -> Result<Judged, Error> {
    let AllSolved { features: mut solved, learned } = solve_all(blocks, task, progress)?;
    let mut runs = RunElutions::new();
    for solved in solved.iter_mut().flatten().filter(|solved| !solved.runs.is_empty()) {
        runs.insert(solved.assigned.feature.id(), std::mem::take(&mut solved.runs));
    }
    let (owners, ballots): (Vec<FeatureIx>, Vec<&Ballot>) = solved
        .iter()
        .flatten()
        .filter_map(|solved| Some((solved.assigned.feature, solved.ballot.as_ref()?)))
        .unzip();
    let (rates, verdicts) = judge(&ballots, task.params.decoy_rounds);
    let verdicts: BTreeMap<FeatureIx, Verdict> = owners.into_iter().zip(verdicts).collect();
    let placements = place(&solved, task.candidates, task.input);
    let blocks = Blocks { solved: &solved, placements: &placements, learned: &learned };
    let features = task.input.features.iter();
    let features = features.map(|f| conclude(f, blocks, verdicts.get(&f.position()), task));
    let mut features: Vec<DeconvolvedFeature> = features.collect();
    forget_empty(&mut features);
    similarity::tell(&mut features);
    let rule_rates = (!ballots.is_empty()).then(|| rates.record(ballots.len()));
    Ok(Judged { features, rule_rates, runs })
}
