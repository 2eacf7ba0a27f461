//! All blocks of a run: each is fitted by itself, then judged by what the run teaches.

use std::sync::{Mutex, PoisonError};

use cofactor_core::{CandidateSet, ChannelIx, Feature, Trace};
use rayon::prelude::*;

use crate::block::fit::{self, Fitted, FittedBlock};
use crate::block::material::JoinedRuns;
use crate::block::rows::ScanSpan;
use crate::candidates::ballot::Ballot;
use crate::candidates::draw::draw_up_all;
use crate::candidates::fitted::FittedRows;
use crate::chemistry::{Chemistry, allowed_rows};
use crate::fragments::assign::{Assigned, assign};
use crate::fragments::draft::{Draft, Scope, Waiting};
use crate::fragments::learned::{Learned, Lesson};
use crate::params::DeconvolutionParams;
use crate::plan::blocks::{Block, teaches};
use crate::runs::{RunElution, RunPieces};
use crate::tuning::CELLS_AT_ONCE;
use crate::{Error, Input};

/// What a block says about one of its precursors.
pub(crate) struct Solved<'c> {
    /// Position of the block.
    pub(crate) block: usize,
    /// The fragment channel.
    pub(crate) channel: ChannelIx,
    pub(crate) assigned: Assigned,
    pub(crate) ballot: Option<Ballot<'c>>,
    /// What each of several joined runs says of it; empty for a run alone.
    pub(crate) runs: Vec<RunElution>,
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
/// `None` where no block could be solved. Some of them, from all of the run, are solved first and
/// teach what the fragments of all are judged by.
pub(crate) fn solve_all<'c>(
    blocks: &[Block],
    task: Task<'_, 'c>,
    progress: &(impl Fn(&Block) + Sync),
) -> Result<AllSolved<'c>, Error> {
    let runs = task.input.joined.map_or(1, JoinedRuns::runs);
    let teaches = |b: usize| teaches(b, blocks.len(), runs);
    let fit = |b: usize| {
        let fitted = task.fit(&blocks[b]);
        progress(&blocks[b]);
        fitted
    };
    let (teaching, others): (Vec<usize>, Vec<usize>) = (0..blocks.len()).partition(|&b| teaches(b));
    let most = blocks_at_once(blocks, task.input);
    let draft = |b: usize| -> Result<Option<Draft>, Error> {
        let of_block = |fitted| FittedBlock { number: b, block: &blocks[b], fitted };
        Ok(fit(b)?.map(|fitted| Draft::settled(of_block(fitted), task.scope())))
    };
    let taught = in_turn(teaching, most, |b| {
        let taught = |draft| (Lesson::new(&draft, task.scope()), Waiting::new(draft));
        Ok(draft(b)?.map(taught))
    });
    let taught: Vec<Option<_>> = taught.into_iter().collect::<Result<_, Error>>()?;
    let (lessons, waiting): (Vec<Lesson>, Vec<Waiting>) = taught.into_iter().flatten().unzip();
    let learned = Learned::new(&lessons);
    let mut judged: Vec<Vec<Solved>> =
        in_turn(waiting, most, |draft| task.judge(&draft.taken_up(task.params), &learned));
    let at_once = in_turn(others, most, |b| {
        Ok(draft(b)?.map_or_else(Vec::new, |draft| task.judge(&draft, &learned)))
    });
    judged.extend(at_once.into_iter().collect::<Result<Vec<_>, Error>>()?);
    let mut best: Vec<Option<Solved>> = task.input.features.iter().map(|_| None).collect();
    for solved in judged.into_iter().flatten() {
        let slot = &mut best[solved.assigned.feature.0];
        let intensity = |s: &Solved| s.assigned.fragments.iter().map(|f| f.intensity).sum::<f64>();
        if slot.as_ref().is_none_or(|known| intensity(&solved) > intensity(known)) {
            *slot = Some(solved);
        }
    }
    Ok(AllSolved { features: best, learned })
}

/// Blocks that are solved at a time: those of many joined runs are large, and threads share the
/// rows of each.
fn blocks_at_once(blocks: &[Block], input: &Input) -> usize {
    let Some(joined) = input.joined else { return usize::MAX };
    let largest = blocks.iter().map(|block| joined.runs() * cells(block, input)).max().unwrap_or(0);
    (CELLS_AT_ONCE / largest.max(1)).max(1)
}

/// Rows of a block in the first run times its scans.
fn cells(block: &Block, input: &Input) -> usize {
    let mut sum = 0;
    for &channel in &block.channels {
        let data = &input.run[channel];
        let (start, end) = (block.start_seconds, block.end_seconds);
        let span = ScanSpan::within(&data.channel.scan_seconds, start, end);
        let is_within = |trace: &&Trace| trace.scans.iter().any(|scan| span.holds(*scan));
        sum += data.traces.traces.iter().filter(is_within).count() * span.scans();
    }
    sum
}

/// The `work` on each of `items`, at most so many at a time.
fn in_turn<T: Send, R: Send>(
    items: Vec<T>,
    most: usize,
    work: impl Fn(T) -> R + Sync + Send,
) -> Vec<R> {
    if most >= rayon::current_num_threads() {
        return items.into_par_iter().map(work).collect();
    }
    let queue = Mutex::new(items.into_iter().enumerate());
    let mut done: Vec<(usize, R)> =
        (0..most).into_par_iter().flat_map_iter(|_| share(&queue, &work)).collect();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Does `work` on the next of a `queue` until there is none; of each what came of it.
fn share<T, R>(
    queue: &Mutex<impl Iterator<Item = (usize, T)>>,
    work: impl Fn(T) -> R,
) -> Vec<(usize, R)> {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::iter::from_fn(next).map(|(at, item)| (at, work(item))).collect()
}

/// What all blocks say.
pub(crate) struct AllSolved<'c> {
    /// Of each feature what the block says where most intensity is its own.
    pub(crate) features: Vec<Option<Solved<'c>>>,
    /// What was learnt of the run.
    pub(crate) learned: Learned,
}

impl<'a, 'c> Task<'a, 'c> {
    fn fit(self, block: &Block) -> Result<Option<Fitted<'a>>, Error> {
        let Self { input, candidates, chemistry, params } = self;
        let allowed = |feature: &Feature, mzs: &[f64]| {
            allowed_rows(&candidates[feature.position().0], chemistry, &feature.precursor, mzs)
        };
        fit::fit(block, input, params, allowed).map_err(|source| Error::Solver {
            window: input.run[block.channel()]
                .channel
                .window()
                .map(|w| w.to_string())
                .unwrap_or_default(),
            start_seconds: block.start_seconds,
            end_seconds: block.end_seconds,
            source,
        })
    }

    fn scope(&self) -> Scope<'_> {
        Scope { input: self.input, chemistry: self.chemistry, params: self.params }
    }

    /// Judges a block.
    fn judge(self, draft: &Draft, learned: &Learned) -> Vec<Solved<'c>> {
        let Self { input, candidates, chemistry, params } = self;
        let FittedBlock { number, block, fitted } = &draft.block;
        let assigned = assign(draft, learned, self.scope());
        let channel = &input.run[block.channel()].channel;
        let mut fit = FittedRows::new(draft, chemistry, channel);
        let ballots = draw_up_all(&mut fit, &assigned, candidates, input.features, params);
        let pieces = input.joined.map(|_| RunPieces::new(fitted));
        let mut solved = Vec::with_capacity(assigned.len());
        for (assigned, ballot) in assigned.into_iter().zip(ballots) {
            let runs = pieces.as_ref().map_or_else(Vec::new, |pieces| {
                let atom = (assigned.atom, assigned.disagreeing.as_slice());
                pieces.elutions(atom, &input[assigned.feature], params)
            });
            let channel = block.channel();
            solved.push(Solved { block: *number, channel, assigned, ballot, runs });
        }
        solved
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn work_is_done_in_turn_by_so_many_at_a_time_and_keeps_its_order() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        for most in [1, 2, 3, 4, usize::MAX] {
            let (now, seen) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let items: Vec<usize> = (0..40).collect();
            let found = pool.install(|| {
                in_turn(items, most, |item| {
                    seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Threads that wait here may take up what is left of others.
                    let inner: usize = (0..2000).into_par_iter().map(|n| n % 7).sum();
                    now.fetch_sub(1, Ordering::SeqCst);
                    (item, inner)
                })
            });
            assert!(found.iter().enumerate().all(|(at, (item, _))| at == *item));
            assert!(most > 4 || seen.load(Ordering::SeqCst) <= most, "{most}: {seen:?}");
        }
    }
}
