//! All blocks of a run: each is fitted by itself, then judged, together with those of overlapping
//! windows where it has a precursor in common with them.

use cofactor_core::{CandidateSet, ChannelIx, Feature};
use rayon::prelude::*;

use crate::block::fit::{self, Fitted};
use crate::block::segments::{FittedBlock, Segment, WindowRatios, segments, window_ratios};
use crate::candidates::ballot::Ballot;
use crate::candidates::draw::{FittedRows, draw_up_all};
use crate::chemistry::{Chemistry, allowed_rows};
use crate::fragments::assign::{Assigned, assign};
use crate::fragments::decoys::{Tally, tally};
use crate::fragments::joint::Joint;
use crate::params::DeconvolutionParams;
use crate::plan::blocks::{Block, partners};
use crate::{Error, Input};

/// What a block says about one of its precursors.
pub(crate) struct Solved<'c> {
    /// Position of the block.
    pub(crate) block: usize,
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
) -> Result<AllSolved<'c>, Error> {
    let partners = partners(blocks, task.input.run);
    let firsts: Vec<Result<First, Error>> = blocks
        .par_iter()
        .zip(&partners)
        .enumerate()
        .map(|(b, (block, partners))| task.first((b, block), !partners.is_empty(), progress))
        .collect();
    let mut waiting = Vec::with_capacity(blocks.len());
    let mut judged = Vec::new();
    for first in firsts {
        let First { waits, judged: block } = first?;
        waiting.push(waits);
        judged.extend(block);
    }
    let fitted =
        |b: usize| Some(FittedBlock { number: b, block: &blocks[b], fitted: waiting[b].as_ref()? });
    let overlapping: Vec<(FittedBlock, Vec<Segment>)> = (0..blocks.len())
        .into_par_iter()
        .filter_map(|b| {
            let block = fitted(b)?;
            let partners: Vec<FittedBlock> =
                partners[b].iter().filter_map(|&partner| fitted(partner)).collect();
            Some((block, segments(block, &partners, task.input, task.params)))
        })
        .collect();
    let ratios = window_ratios(&overlapping);
    let joined: Vec<JudgedBlock> = overlapping
        .par_iter()
        .map(|(block, segments)| task.judge(*block, segments, &ratios))
        .collect();
    let mut best: Vec<Option<Solved>> = task.input.features.iter().map(|_| None).collect();
    let mut tally = Tally::default();
    judged.extend(joined);
    judged.iter().for_each(|block| tally.add(&block.tally));
    for solved in judged.into_iter().flat_map(|block| block.solved) {
        let slot = &mut best[solved.assigned.feature.0];
        let intensity = |s: &Solved| s.assigned.fragments.iter().map(|f| f.intensity).sum::<f64>();
        if slot.as_ref().is_none_or(|known| intensity(&solved) > intensity(known)) {
            *slot = Some(solved);
        }
    }
    Ok(AllSolved { features: best, tally })
}

/// What all blocks say.
pub(crate) struct AllSolved<'c> {
    /// Of each feature what the block says where most intensity is its own.
    pub(crate) features: Vec<Option<Solved<'c>>>,
    /// What precursors and decoys were given.
    pub(crate) tally: Tally,
}

/// What a block says of its precursors.
struct JudgedBlock<'c> {
    solved: Vec<Solved<'c>>,
    tally: Tally,
}

/// What the fit of a block leads to at first.
struct First<'c> {
    /// The fit, if another window has a say in it and that is to be fitted too.
    waits: Option<Fitted>,
    judged: Option<JudgedBlock<'c>>,
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

    fn first(
        self,
        (number, block): (usize, &Block),
        has_partners: bool,
        progress: &(impl Fn(&Block) + Sync),
    ) -> Result<First<'c>, Error> {
        let fitted = self.fit(block);
        progress(block);
        Ok(match fitted? {
            Some(fitted) if !has_partners => {
                let block = FittedBlock { number, block, fitted: &fitted };
                let judged = self.judge(block, &[], &WindowRatios::new());
                First { judged: Some(judged), waits: None }
            }
            waits => First { waits, judged: None },
        })
    }

    /// Judges a fitted block together with the scans of other windows.
    fn judge(
        self,
        block: FittedBlock,
        segments: &[Segment],
        ratios: &WindowRatios,
    ) -> JudgedBlock<'c> {
        let Self { input, candidates, chemistry, params } = self;
        let joint = Joint::new(block, segments, ratios, input, params);
        let FittedBlock { number, block, fitted } = block;
        let assigned = assign(&joint, fitted, &block.owned, block.channel, input, params);
        let mut fit = FittedRows {
            joint: &joint,
            fragments: &fitted.system.fragments,
            support: joint.dictionary.support.clone(),
            chemistry,
            channel: &input.run[block.channel].channel,
        };
        let ballots = draw_up_all(&mut fit, &assigned, candidates, input.features, params);
        let solved =
            |(assigned, ballot)| Solved { block: number, channel: block.channel, assigned, ballot };
        let limit = assigned.first().map_or(0.0, |assigned| assigned.limit);
        JudgedBlock {
            tally: tally(&joint, limit, params),
            solved: assigned.into_iter().zip(ballots).map(solved).collect(),
        }
    }
}
