//! All blocks of a run: each is fitted by itself, then judged, together with those of overlapping
//! windows where it has a precursor in common with them.

use cofactor_core::{CandidateSet, ChannelIx, Feature};
use rayon::prelude::*;

use crate::block::fit::{self, Fitted};
use crate::block::segments::{Segment, WindowRatios, segments, window_ratios};
use crate::candidates::ballot::Ballot;
use crate::candidates::draw::{FittedRows, draw_up_all};
use crate::chemistry::{Chemistry, allowed_rows};
use crate::fragments::assign::{Assigned, assign};
use crate::fragments::joint::Joint;
use crate::params::DeconvolutionParams;
use crate::plan::blocks::{Block, partners};
use crate::{Error, Input};

/// What a block says about one of its precursors.
pub(crate) struct Solved<'c> {
    /// The fragment channel.
    pub(crate) channel: ChannelIx,
    pub(crate) assigned: Assigned,
    pub(crate) ballot: Option<Ballot<'c>>,
}

/// What blocks are solved with.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a, 'c> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) candidates: &'c [Vec<CandidateSet>],
    pub(crate) chemistry: Chemistry<'a>,
    pub(crate) params: &'a DeconvolutionParams,
}

/// Solves all blocks: for each feature what the block says of it where most intensity is its own;
/// `None` where no block could be solved.
pub(crate) fn solve_all<'c>(
    blocks: &[Block],
    task: Task<'_, 'c>,
    progress: &(impl Fn(&Block) + Sync),
) -> Result<Vec<Option<Solved<'c>>>, Error> {
    let partners = partners(blocks, task.input.run);
    // What another window has a say in waits until that is fitted too.
    let first = |(block, partners): (&Block, &Vec<usize>)| {
        let fitted = task.fit(block);
        progress(block);
        Ok(match fitted? {
            Some(fitted) if partners.is_empty() => {
                (None, task.judge(block, &fitted, &[], &WindowRatios::new()))
            }
            other => (other, Vec::new()),
        })
    };
    let all: Vec<Result<_, Error>> = blocks.par_iter().zip(&partners).map(first).collect();
    let (waiting, judged): (Vec<Option<Fitted>>, Vec<Vec<Solved>>) =
        all.into_iter().collect::<Result<Vec<_>, Error>>()?.into_iter().unzip();
    let overlapping: Vec<((&Block, &Fitted), Vec<Segment>)> = (0..blocks.len())
        .into_par_iter()
        .filter_map(|b| {
            let own = (&blocks[b], waiting[b].as_ref()?);
            let others = partners[b]
                .iter()
                .filter_map(|&other| Some((&blocks[other], waiting[other].as_ref()?)));
            Some((own, segments(own, &others.collect::<Vec<_>>(), task.input, task.params)))
        })
        .collect();
    let usual = window_ratios(&overlapping);
    let joined: Vec<Vec<Solved>> = overlapping
        .par_iter()
        .map(|&((block, fitted), ref segments)| task.judge(block, fitted, segments, &usual))
        .collect();
    let mut best: Vec<Option<Solved>> = task.input.features.iter().map(|_| None).collect();
    for one in judged.into_iter().chain(joined).flatten() {
        let slot = &mut best[one.assigned.feature.0];
        let intensity = |s: &Solved| s.assigned.fragments.iter().map(|f| f.intensity).sum::<f64>();
        if slot.as_ref().is_none_or(|other| intensity(&one) > intensity(other)) {
            *slot = Some(one);
        }
    }
    Ok(best)
}

impl<'c> Task<'_, 'c> {
    fn fit(self, block: &Block) -> Result<Option<Fitted>, Error> {
        let Self { input, candidates, chemistry, params } = self;
        let allowed = |feature: &Feature, mzs: &[f64]| {
            allowed_rows(&candidates[feature.position().0], chemistry, &feature.precursor, mzs)
        };
        fit::fit(block, input, params, allowed).map_err(|source| Error::Solver {
            window: input.run[block.channel]
                .channel
                .window()
                .map(|w| w.to_string())
                .unwrap_or_default(),
            start_seconds: block.start_seconds,
            end_seconds: block.end_seconds,
            source,
        })
    }

    /// Judges a fitted block together with the scans of other windows.
    fn judge(
        self,
        block: &Block,
        fitted: &Fitted,
        segments: &[Segment],
        usual: &WindowRatios,
    ) -> Vec<Solved<'c>> {
        let Self { input, candidates, chemistry, params } = self;
        let joint = Joint::of((block, fitted), segments, usual, input, params);
        let assigned = assign(&joint, fitted, &block.owned, block.channel, input, params);
        let mut fit = FittedRows {
            joint: &joint,
            fragments: &fitted.system.fragments,
            support: joint.dictionary.support.clone(),
            chemistry,
            channel: &input.run[block.channel].channel,
        };
        let ballots = draw_up_all(&mut fit, &assigned, candidates, input.features, params);
        let solved = |(assigned, ballot)| Solved { channel: block.channel, assigned, ballot };
        assigned.into_iter().zip(ballots).map(solved).collect()
    }
}
