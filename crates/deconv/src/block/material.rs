//! What a block is solved from: a stretch of a run, or stretches of many runs one after another in
//! one time, in which a precursor elutes once each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use cofactor_core::{ChannelData, ChannelIx, Feature, FeatureIx, TracedRun};
use cofactor_nmf::Sampling;
use ndarray::{Array1, s};

use crate::Input;
use crate::block::rows::ScanSpan;
use crate::plan::blocks::Block;
use crate::tuning::FWHM_PER_SIGMA;

/// One of the times at which a precursor elutes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elution {
    /// Apex, seconds.
    pub rt_seconds: f64,
    /// Start of elution, seconds.
    pub rt_start: f64,
    /// End of elution, seconds.
    pub rt_end: f64,
    /// Standard deviations before and after the apex, seconds.
    pub sides: [f64; 2],
    /// Standard deviation of a Gaussian of the same width at half height, seconds.
    pub sigma: f64,
    /// Height in MS1 at the apex; 0 where it was not seen.
    pub height: f64,
}

impl Elution {
    /// Of a feature of `run`.
    pub fn seen(feature: &Feature, run: &TracedRun) -> Self {
        Self {
            rt_seconds: feature.rt_seconds,
            rt_start: feature.rt_start,
            rt_end: feature.rt_end,
            sides: spreads(feature, run),
            sigma: feature.fwhm_seconds / FWHM_PER_SIGMA,
            height: feature.height,
        }
    }

    /// The same so many seconds later.
    #[must_use]
    pub fn later(self, seconds: f64) -> Self {
        Self {
            rt_seconds: self.rt_seconds + seconds,
            rt_start: self.rt_start + seconds,
            rt_end: self.rt_end + seconds,
            ..self
        }
    }
}

/// A stretch of a run as a part of what a block is solved from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Which run it is of.
    pub run: usize,
    /// Its start, seconds, in the time of all stretches.
    pub start_seconds: f64,
    /// Its end.
    pub end_seconds: f64,
    /// How much earlier a time of it is in the common time of all runs, seconds.
    pub ahead_seconds: f64,
}

/// Stretches of runs, one after another.
#[derive(Debug, Clone)]
pub struct Stretches {
    /// All of them as one run: channels as in the others.
    pub run: TracedRun,
    /// Which part is of which run, ascending in time and apart.
    pub pieces: Vec<Piece>,
    /// When the precursors of the block elute, by feature: in which pieces, ascending, and when
    /// there. At least one each; several of a piece, ascending, are parts of one elution.
    pub elutions: BTreeMap<FeatureIx, Vec<(usize, Elution)>>,
}

/// Runs that are solved together.
pub trait JoinedRuns: Sync {
    /// Number of runs.
    fn runs(&self) -> usize;

    /// What there is to solve a block from.
    fn stretches(&self, block: &Block) -> Stretches;
}

/// What a block is solved from.
#[derive(Debug)]
pub(crate) struct Material<'a> {
    pub(crate) run: Cow<'a, TracedRun>,
    /// At least one.
    pub(crate) pieces: Vec<Piece>,
    elutions: BTreeMap<FeatureIx, Vec<(usize, Elution)>>,
}

impl<'a> Material<'a> {
    /// Of a block: its stretch of the run, or those of all joined ones.
    pub(crate) fn new(block: &Block, input: &Input<'a>) -> Self {
        if let Some(joined) = input.joined {
            let Stretches { run, pieces, elutions } = joined.stretches(block);
            return Self { run: Cow::Owned(run), pieces, elutions };
        }
        let members = block.owned.iter().chain(&block.context);
        let elution =
            |&member: &FeatureIx| (member, vec![(0, Elution::seen(&input[member], input.run))]);
        let whole = Piece {
            run: 0,
            start_seconds: block.start_seconds,
            end_seconds: block.end_seconds,
            ahead_seconds: 0.0,
        };
        Self {
            run: Cow::Borrowed(input.run),
            pieces: vec![whole],
            elutions: members.map(elution).collect(),
        }
    }

    /// Its scans in a channel.
    pub(crate) fn scans(&self, channel: ChannelIx) -> ScanSpan {
        let (first, last) = (self.pieces.first(), self.pieces.last());
        let start = first.map_or(0.0, |piece| piece.start_seconds);
        let end = last.map_or(0.0, |piece| piece.end_seconds);
        ScanSpan::within(&self.run[channel].channel.scan_seconds, start, end)
    }

    /// When a precursor of the block elutes, by piece.
    pub(crate) fn elutions(&self, feature: FeatureIx) -> &[(usize, Elution)] {
        self.elutions.get(&feature).map_or(&[], Vec::as_slice)
    }

    /// The points of an ascending `grid` that are of each piece: the borders lie halfway between
    /// pieces.
    pub(crate) fn on_grid(&self, grid: &[f64]) -> Vec<Range<usize>> {
        let borders = self.pieces.windows(2).map(|pair| {
            let border = 0.5 * (pair[0].end_seconds + pair[1].start_seconds);
            grid.partition_point(|&t| t < border)
        });
        let starts = [0].into_iter().chain(borders.clone());
        starts.zip(borders.chain([grid.len()])).map(|(start, end)| start..end).collect()
    }
}

/// The scans of a level in a piece of the grid.
pub(crate) fn scans_within(sampling: &Sampling, piece: &Range<usize>) -> Vec<usize> {
    let mut marks = Array1::zeros(sampling.grid_len());
    marks.slice_mut(s![piece.clone()]).fill(1.0);
    let within = sampling.sample(marks.view());
    (0..within.len()).filter(|&t| within[t] > 0.5).collect()
}

/// Standard deviations in seconds of a precursor's trace before and after its apex, within its
/// boundaries.
fn spreads(feature: &Feature, run: &TracedRun) -> [f64; 2] {
    let sides = [(feature.rt_start, feature.rt_seconds), (feature.rt_seconds, feature.rt_end)];
    sides.map(|(start, end)| {
        let spread = spread(feature, run, start..=end).filter(|spread| *spread > 0.0);
        spread.unwrap_or(feature.fwhm_seconds / FWHM_PER_SIGMA)
    })
}

/// Root of the mean square distance from the apex, seconds, of what the trace shows at `times`.
fn spread(feature: &Feature, run: &TracedRun, times: RangeInclusive<f64>) -> Option<f64> {
    let ChannelData { channel, traces, .. } = &run[feature.channel];
    let trace = &traces.traces[feature.isotopologues.first()?.trace];
    let (mut weight, mut square) = (0.0, 0.0);
    for (&scan, &intensity) in trace.scans.iter().zip(&trace.intensity) {
        let seconds = channel.scan_seconds[scan as usize];
        if times.contains(&seconds) {
            weight += f64::from(intensity);
            square += f64::from(intensity) * (seconds - feature.rt_seconds).powi(2);
        }
    }
    (weight > 0.0).then(|| (square / weight).sqrt())
}
