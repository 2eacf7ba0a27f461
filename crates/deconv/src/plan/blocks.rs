//! Blocks: precursors of the same isolation windows that elute together and are therefore solved
//! together.
//!
//! Precursors of the same windows whose elutions touch form a component. A component that is too
//! large is cut where the fewest elutions cross. Each precursor is *owned* by the block that holds
//! its apex, and takes part as *context* in every other block of its windows that its elution
//! reaches, so that no block blames its signal on a neighbour.

use std::collections::{HashMap, HashSet};

use cofactor_core::statistics::upper_median;
use cofactor_core::{ChannelIx, Feature, FeatureIx};

use crate::tuning::{
    LARGEST_BLOCKS, LEAST_TEACHING_BLOCKS, MOST_CROSSING, MOST_REACH_TYPICAL_WIDTHS, REACH_WIDTHS,
    TEACHING_BLOCKS,
};

/// One unit of work: isolation windows and a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The fragment channels that isolate what it owns, at least one.
    pub channels: Vec<ChannelIx>,
    /// Features whose result comes from this block, by apex.
    pub owned: Vec<FeatureIx>,
    /// Features that reach into the block and are owned by another one, by apex.
    pub context: Vec<FeatureIx>,
    /// Start of the stretch of time, seconds.
    pub start_seconds: f64,
    /// End of the stretch of time, seconds.
    pub end_seconds: f64,
}

impl Block {
    /// The first of its fragment channels, under which it is told of.
    pub fn channel(&self) -> ChannelIx {
        self.channels[0]
    }
}

/// What the blocks of some fragment channels are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd<'a> {
    pub(crate) channels: &'a [ChannelIx],
    /// What they all isolate.
    pub(crate) owned: &'a [FeatureIx],
    /// What any of them lets through.
    pub(crate) members: &'a [FeatureIx],
}

/// Cuts what a crowd owns into blocks of at most `max_block` features where that is possible; each
/// block's time reaches `margin_seconds` beyond the elution of its owned features.
pub(crate) fn make_blocks(
    crowd: Crowd,
    features: &[Feature],
    max_block: usize,
    margin_seconds: f64,
) -> Vec<Block> {
    let reaches = Reaches::new(crowd.members, features);
    let mut groups: Vec<Vec<FeatureIx>> = Vec::new();
    let mut so_far = f64::NEG_INFINITY;
    for &member in &reaches.sorted(crowd.owned, features) {
        match groups.last_mut() {
            Some(group) if reaches.start(member) <= so_far => group.push(member),
            _ => groups.push(vec![member]),
        }
        so_far = so_far.max(reaches.end(member));
    }
    let mut owners = Vec::new();
    for mut group in groups {
        sort_by_apex(&mut group, features);
        split(&group, features, &reaches, max_block.max(1), &mut owners);
    }
    let members = reaches.sorted(crowd.members, features);
    owners
        .into_iter()
        .map(|owned| block(crowd.channels, owned, &members, features, &reaches, margin_seconds))
        .collect()
}

fn sort_by_apex(members: &mut [FeatureIx], features: &[Feature]) {
    members.sort_by(|a, b| {
        let [a, b] = [&features[a.0], &features[b.0]];
        a.rt_seconds.total_cmp(&b.rt_seconds).then(a.id.cmp(&b.id))
    });
}

/// When each feature counts as eluting: so many widths around its apex, own ones or typical ones,
/// and never beyond its boundaries.
pub(crate) struct Reaches {
    by_feature: HashMap<FeatureIx, (f64, f64)>,
}

impl Reaches {
    pub(crate) fn new(members: &[FeatureIx], features: &[Feature]) -> Self {
        let mut widths: Vec<f64> = members.iter().map(|&m| features[m.0].fwhm_seconds).collect();
        let typical = upper_median(&mut widths, f64::total_cmp).unwrap_or(0.0);
        let reach = |m: FeatureIx| {
            let f = &features[m.0];
            let half = (REACH_WIDTHS * f.fwhm_seconds).min(MOST_REACH_TYPICAL_WIDTHS * typical);
            (m, ((f.rt_seconds - half).max(f.rt_start), (f.rt_seconds + half).min(f.rt_end)))
        };
        Self { by_feature: members.iter().map(|&m| reach(m)).collect() }
    }

    /// Features by the start of their elution.
    fn sorted(&self, members: &[FeatureIx], features: &[Feature]) -> Vec<FeatureIx> {
        let mut sorted = members.to_vec();
        sorted.sort_by(|&a, &b| {
            let by_time = self.start(a).total_cmp(&self.start(b));
            by_time.then(features[a.0].id.cmp(&features[b.0].id))
        });
        sorted
    }

    /// Whether two elute together.
    pub(crate) fn meet(&self, a: FeatureIx, b: FeatureIx) -> bool {
        self.start(a) <= self.end(b) && self.start(b) <= self.end(a)
    }

    fn start(&self, member: FeatureIx) -> f64 {
        self.by_feature[&member].0
    }

    fn end(&self, member: FeatureIx) -> f64 {
        self.by_feature[&member].1
    }
}

/// Cuts `group` (by apex) in its middle half, between the two neighbours whose gap the fewest
/// elutions cross, until it fits. Where too much crosses the best
/// cut the group stays whole.
fn split(
    group: &[FeatureIx],
    features: &[Feature],
    reaches: &Reaches,
    max_block: usize,
    out: &mut Vec<Vec<FeatureIx>>,
) {
    if group.len() <= max_block {
        out.push(group.to_vec());
        return;
    }
    let mut starts: Vec<f64> = group.iter().map(|&m| reaches.start(m)).collect();
    let mut ends: Vec<f64> = group.iter().map(|&m| reaches.end(m)).collect();
    starts.sort_by(f64::total_cmp);
    ends.sort_by(f64::total_cmp);
    let apex = |i: usize| features[group[i].0].rt_seconds;
    let crossing = |cut: usize| {
        let time = 0.5 * (apex(cut - 1) + apex(cut));
        starts.partition_point(|&start| start < time) - ends.partition_point(|&end| end <= time)
    };
    let (quarter, middle) = (group.len() / 4, group.len() / 2);
    let cut = (quarter.max(1)..=(group.len() - quarter).min(group.len() - 1))
        .min_by_key(|&cut| (crossing(cut), cut.abs_diff(middle), cut))
        .unwrap_or(middle);
    if MOST_CROSSING * crossing(cut) > group.len() && group.len() <= LARGEST_BLOCKS * max_block {
        out.push(group.to_vec());
        return;
    }
    split(&group[..cut], features, reaches, max_block, out);
    split(&group[cut..], features, reaches, max_block, out);
}

fn block(
    channels: &[ChannelIx],
    owned: Vec<FeatureIx>,
    members: &[FeatureIx],
    features: &[Feature],
    reaches: &Reaches,
    margin: f64,
) -> Block {
    let start = owned.iter().map(|&m| reaches.start(m)).fold(f64::INFINITY, f64::min) - margin;
    let end = owned.iter().map(|&m| reaches.end(m)).fold(f64::NEG_INFINITY, f64::max) + margin;
    let held: HashSet<FeatureIx> = owned.iter().copied().collect();
    let mut context: Vec<FeatureIx> = members
        .iter()
        .copied()
        .filter(|m| !held.contains(m) && reaches.start(*m) <= end && reaches.end(*m) >= start)
        .collect();
    sort_by_apex(&mut context, features);
    Block { channels: channels.to_vec(), owned, context, start_seconds: start, end_seconds: end }
}

/// Whether the block of that number, of so many blocks of so many joined runs, teaches what the
/// fragments of all are judged by: it stays solved until all others that do are.
pub fn teaches(number: usize, blocks: usize, runs: usize) -> bool {
    let teaching = (TEACHING_BLOCKS / runs.max(1)).max(LEAST_TEACHING_BLOCKS);
    number.is_multiple_of(blocks.div_ceil(teaching).max(1))
}

#[cfg(test)]
pub(crate) mod tests {
    use cofactor_core::{FoundIn, Polarity, Precursor, Relation};

    use super::*;

    pub(crate) fn feature(id: usize, mz: f64, apex: f64, half_width: f64) -> Feature {
        Feature {
            id,
            found_in: FoundIn::Ms1,
            precursor: Precursor {
                mz,
                charge: 1,
                polarity: Polarity::Positive,
                adduct: None,
                rt_seconds: Some(apex),
            },
            charge_known: false,
            channel: ChannelIx(0),
            rt_seconds: apex,
            rt_start: apex - half_width,
            rt_end: apex + half_width,
            fwhm_seconds: half_width,
            height: 1.0,
            area: 1.0,
            isotopologues: Vec::new(),
            relation: Relation::Molecule,
            compound: None,
        }
    }

    fn blocks(apexes: &[f64], max_block: usize) -> Vec<Block> {
        let features: Vec<Feature> =
            apexes.iter().enumerate().map(|(i, &t)| feature(i + 1, 200.0, t, 5.0)).collect();
        let members: Vec<FeatureIx> = features.iter().map(Feature::position).collect();
        let channels = [ChannelIx(1)];
        let crowd = Crowd { channels: &channels, owned: &members, members: &members };
        make_blocks(crowd, &features, max_block, 2.0)
    }

    #[test]
    fn a_gap_separates_blocks() {
        let found = blocks(&[10.0, 14.0, 50.0], 10);
        let owned = |block: &Block| block.owned.iter().map(|feature| feature.0).collect();
        assert_eq!(found.iter().map(owned).collect::<Vec<Vec<_>>>(), [vec![0, 1], vec![2]]);
        assert_eq!((found[0].start_seconds, found[0].end_seconds), (3.0, 21.0));
    }

    #[test]
    fn a_long_chain_is_cut_and_every_precursor_owned_once() {
        let apexes: Vec<f64> = (0..40).map(|i| f64::from(i) * 6.0).collect();
        let found = blocks(&apexes, 8);
        assert!(found.len() >= 5 && found.iter().all(|b| b.owned.len() <= 8));
        let mut owned: Vec<FeatureIx> = found.iter().flat_map(|b| b.owned.clone()).collect();
        owned.sort_unstable();
        assert_eq!(owned, (0..40).map(FeatureIx).collect::<Vec<_>>());
        assert!(found.iter().all(|b| !b.context.is_empty()));
    }

    #[test]
    fn a_crowd_that_elutes_at_once_stays_whole() {
        let apexes: Vec<f64> = (0..20).map(|i| 50.0 + 0.1 * f64::from(i)).collect();
        assert_eq!(blocks(&apexes, 8).len(), 1);
    }

    #[test]
    fn the_cut_is_made_where_least_crosses() {
        let found = blocks(&[10.0, 12.0, 14.0, 23.5, 25.0, 27.0], 4);
        assert_eq!(found[0].owned, [0, 1, 2].map(FeatureIx));
    }
}
