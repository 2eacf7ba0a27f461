//! The blocks of a run, window by window.

use cofactor_core::{Feature, FeatureIx, RunKind};

use super::blocks::{Block, make_blocks};
use crate::Input;
use crate::params::DeconvolutionParams;
use crate::tuning::MARGIN_CYCLES;

/// What there is to solve: the blocks of every isolation window; none of a run that is not
/// deconvolved.
pub fn plan(input: &Input, params: &DeconvolutionParams) -> Vec<Block> {
    if !matches!(input.run.kind, RunKind::Dia | RunKind::AllIon) {
        return Vec::new();
    }
    let mut blocks = Vec::new();
    for (number, data) in input.run.numbered() {
        let channel = &data.channel;
        let Some(window) = channel.window() else { continue };
        let let_in = |feature: &Feature| {
            feature.relation.is_of_a_compound()
                && channel.shares_ions_with(&input.run[feature.channel].channel)
                && window.contains(feature.precursor.mz)
        };
        let members: Vec<FeatureIx> =
            input.features.iter().filter(|f| let_in(f)).map(Feature::position).collect();
        let cycles =
            members.iter().filter_map(|&i| input.run[input[i].channel].channel.cycle_seconds());
        let margin = MARGIN_CYCLES * cycles.reduce(f64::max).unwrap_or(1.0);
        blocks.extend(make_blocks(number, &members, input.features, params.max_block, margin));
    }
    blocks
}
