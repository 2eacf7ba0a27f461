//! The blocks of a run: the precursors of each set of windows that isolate the same ones.

use std::collections::BTreeMap;

use cofactor_core::{ChannelIx, Feature, FeatureIx, RunKind};

use super::blocks::{Block, Crowd, make_blocks};
use crate::Input;
use crate::block::ms2::Isolation;
use crate::params::DeconvolutionParams;
use crate::tuning::MARGIN_CYCLES;

/// What there is to solve: the blocks of every set of windows; none of a run that is not
/// deconvolved.
pub fn plan(input: &Input, params: &DeconvolutionParams) -> Vec<Block> {
    if !matches!(input.run.kind, RunKind::Dia | RunKind::AllIon) {
        return Vec::new();
    }
    let mut owned: BTreeMap<Vec<ChannelIx>, Vec<FeatureIx>> = BTreeMap::new();
    for feature in input.features {
        for channels in isolating(feature, input) {
            owned.entry(channels).or_default().push(feature.position());
        }
    }
    let mut blocks = Vec::new();
    for (channels, owned) in owned {
        let passes = |feature: &Feature| {
            channels.iter().any(|channel| isolation(*channel, feature, input) > Isolation::Outside)
        };
        let members: Vec<FeatureIx> =
            input.features.iter().filter(|f| passes(f)).map(Feature::position).collect();
        let cycles =
            members.iter().filter_map(|&i| input.run[input[i].channel].channel.cycle_seconds());
        let margin = MARGIN_CYCLES * cycles.reduce(f64::max).unwrap_or(1.0);
        let crowd = Crowd { channels: &channels, owned: &owned, members: &members };
        blocks.extend(make_blocks(crowd, input.features, params.max_block, margin));
    }
    blocks
}

/// The sets of channels that isolate a feature: all together that let it through, or each by itself
/// where it is at the edge of all.
fn isolating(feature: &Feature, input: &Input) -> Vec<Vec<ChannelIx>> {
    let (mut inside, mut at_edges) = (Vec::new(), Vec::new());
    for (number, _) in input.run.numbered() {
        match isolation(number, feature, input) {
            Isolation::Outside => {}
            Isolation::AtEdge => at_edges.push(vec![number]),
            Isolation::Inside => inside.push(number),
        }
    }
    if inside.is_empty() { at_edges } else { vec![inside] }
}

/// What a fragment channel isolates of a feature.
pub(crate) fn isolation(channel: ChannelIx, feature: &Feature, input: &Input) -> Isolation {
    let fragments = &input.run[channel].channel;
    let shows = feature.relation.is_of_a_compound()
        && fragments.shares_ions_with(&input.run[feature.channel].channel);
    let window = fragments.window().filter(|_| shows);
    window.map_or(Isolation::Outside, |window| Isolation::of(window, feature.precursor.mz))
}
