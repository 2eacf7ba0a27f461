//! The blocks of a run: the precursors of each set of windows that isolate the same ones.

use std::collections::BTreeMap;

use cofactor_core::{ChannelIx, Feature, FeatureIx, RunKind};

use super::blocks::{Block, Crowd, Reaches, make_blocks};
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
    let mut isolated = Crowds::new();
    for feature in input.features {
        for channels in isolating(feature, input) {
            isolated.entry(channels).or_default().push(feature.position());
        }
    }
    let mut blocks = Vec::new();
    for (channels, owned) in with_more_windows(&isolated, input.features) {
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

/// What each set of channels isolates.
type Crowds = BTreeMap<Vec<ChannelIx>, Vec<FeatureIx>>;

/// The same, but a feature that elutes with some that its windows isolate and others too goes with
/// these: what the other windows say of them, they say of it.
fn with_more_windows(isolated: &Crowds, features: &[Feature]) -> Crowds {
    let everything: Vec<FeatureIx> = features.iter().map(Feature::position).collect();
    let reaches = Reaches::new(&everything, features);
    let mut owned = Crowds::new();
    for (channels, members) in isolated {
        let wider: Vec<_> = isolated
            .iter()
            .filter(|(more, _)| *more != channels && channels.iter().all(|c| more.contains(c)))
            .collect();
        for &member in members {
            let met = |(_, members): &&(&Vec<ChannelIx>, &Vec<FeatureIx>)| {
                members.iter().filter(|other| reaches.meet(member, **other)).count()
            };
            let most = wider.iter().rev().max_by_key(met).filter(|crowd| met(crowd) > 0);
            let home = most.map_or(channels, |(more, _)| more);
            let home = owned.entry(home.clone()).or_default();
            if !home.contains(&member) {
                home.push(member);
            }
        }
    }
    owned
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
    window.map_or(Isolation::Outside, |window| Isolation::by(window, feature.precursor.mz))
}
