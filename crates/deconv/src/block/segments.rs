//! Scans of overlapping windows beside those of a block: which they are, what they show of its
//! rows, and how much of a shared precursor they let through.

use std::collections::BTreeMap;

use cofactor_core::statistics::weighted_median;
use cofactor_core::{ChannelIx, FeatureIx, Tolerance};
use cofactor_nmf::Dense;

use crate::Input;
use crate::block::fit::Fitted;
use crate::block::rows::{Row, ScanSpan, cells, row_at};
use crate::block::system::{FRAGMENTS, Member};
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::plan::blocks::Block;
use crate::tuning::{
    RATIO_LEAST_SHARE, RATIO_SPREAD_AT_EDGE, RATIO_SPREAD_INSIDE, RATIO_SPREAD_OF_FRAGMENT,
    WINDOW_EDGE,
};

/// Median absolute deviation over standard deviation, inverted: of a Gaussian.
const SIGMA_PER_MAD: f64 = 1.4826;

/// A block with its fit.
#[derive(Clone, Copy)]
pub(crate) struct FittedBlock<'a> {
    /// Position of the block.
    pub(crate) number: usize,
    pub(crate) block: &'a Block,
    pub(crate) fitted: &'a Fitted<'a>,
}

/// A stretch of scans of another window.
pub(crate) struct Segment<'a> {
    pub(crate) fitted: &'a Fitted<'a>,
    pub(crate) channel: ChannelIx,
    /// Its scans in the channel.
    span: ScanSpan,
    /// For each row of the block what the other window says of its m/z.
    pub(crate) rows: Vec<Counterpart>,
}

/// What another window shows at the m/z of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Counterpart {
    /// This row of its block.
    Row(usize),
    /// No row: what there is lies below its limit.
    TooWeak,
    /// Nothing is known: the m/z is not scanned, or the row near it belongs to another one.
    Unknown,
}

/// The atoms of a precursor in a block and in that of another window.
#[derive(Clone, Copy)]
pub(crate) struct AtomPair {
    pub(crate) block: AtomIx,
    pub(crate) segment: AtomIx,
}

impl Segment<'_> {
    /// Its scans as columns of the other block.
    pub(crate) fn columns(&self) -> std::ops::Range<usize> {
        let first = (self.span.first - self.fitted.system.ms2_span.first) as usize;
        first..first + self.span.scans()
    }

    /// What it shows of `rows`, those of the block.
    pub(crate) fn cells(&self, rows: &[Row], input: &Input, tolerance: Tolerance) -> Dense {
        let data = &input.run[self.channel];
        let rows: Vec<Row> = rows
            .iter()
            .zip(&self.rows)
            .map(|(row, counterpart)| match *counterpart {
                Counterpart::Row(n) => Row { mz: row.mz, points: self.points(n) },
                Counterpart::TooWeak => row_at(&data.traces, row.mz, self.span, tolerance),
                Counterpart::Unknown => Row { mz: row.mz, points: Vec::new() },
            })
            .collect();
        let mut laid = cells(&rows, self.span, &data.traces, &data.noise);
        for (mut weights, counterpart) in laid.weight.rows_mut().into_iter().zip(&self.rows) {
            if *counterpart == Counterpart::Unknown {
                weights.fill(0.0);
            }
        }
        laid
    }

    /// The points of a row of the other block within the segment.
    fn points(&self, row: usize) -> Vec<(u32, f32)> {
        let points = self.fitted.system.fragments[row].points.iter().copied();
        points.filter(|p| (self.span.first..self.span.end).contains(&p.0)).collect()
    }

    /// How much higher this window shows `feature` than `home` does, both having atoms for it;
    /// `ratios` are those of most precursors. `None` if nothing is known.
    pub(crate) fn transmission(
        &self,
        home: FittedBlock,
        feature: FeatureIx,
        atoms: AtomPair,
        ratios: &WindowRatios,
        input: &Input,
    ) -> Option<f64> {
        let pairs = self.shared_rows(home.fitted, feature, atoms);
        let channels = (home.block.channel, self.channel);
        let mz = input[feature].precursor.mz;
        let inside = |channel: ChannelIx| {
            let window = input.run[channel].channel.window();
            window.is_some_and(|w| w.lower + WINDOW_EDGE <= mz && mz <= w.upper - WINDOW_EDGE)
        };
        let inside_both = inside(channels.0) && inside(channels.1);
        let prior = if inside_both { RATIO_SPREAD_INSIDE } else { RATIO_SPREAD_AT_EDGE };
        let expected = ratios.get(&channels).copied().unwrap_or(0.0);
        (inside_both || !pairs.is_empty()).then(|| log_ratio(&pairs, expected, prior).exp())
    }

    /// For each row that both blocks show of `feature`, an atom in each, and hardly of anything
    /// else: the natural logarithm of how much higher the segment shows it, and a weight. Where one
    /// atom has other members too, only the intact precursor is its own.
    fn shared_rows(&self, home: &Fitted, feature: FeatureIx, atoms: AtomPair) -> Vec<(f64, f64)> {
        let members = home.system.atoms[atoms.block.0].members();
        let features = |members: &[Member]| -> Vec<FeatureIx> {
            members.iter().map(|member| member.feature).collect()
        };
        let same_members =
            features(members) == features(self.fitted.system.atoms[atoms.segment.0].members());
        let intact =
            |m: usize| members.iter().any(|member| member.feature == feature && member.intact[m]);
        let mut pairs = Vec::new();
        for (m, counterpart) in self.rows.iter().enumerate() {
            let Counterpart::Row(n) = *counterpart else { continue };
            let row = home.solution.dictionary(FRAGMENTS).row(m);
            let segment_row = self.fitted.solution.dictionary(FRAGMENTS).row(n);
            let (height, segment_height) = (row[atoms.block.0], segment_row[atoms.segment.0]);
            let clear = height >= RATIO_LEAST_SHARE * row.sum()
                && segment_height >= RATIO_LEAST_SHARE * segment_row.sum()
                && (same_members || intact(m));
            if clear && height > 0.0 && segment_height > 0.0 {
                pairs.push(((segment_height / height).ln(), (height * segment_height).sqrt()));
            }
        }
        pairs
    }
}

/// Natural logarithms of how much higher the second of two channels shows most precursors.
pub(crate) type WindowRatios = BTreeMap<(ChannelIx, ChannelIx), f64>;

/// Of all blocks with their segments: the medians over the precursors that two channels share.
pub(crate) fn window_ratios(blocks: &[(FittedBlock, Vec<Segment>)]) -> WindowRatios {
    let mut by_channels: BTreeMap<(ChannelIx, ChannelIx), Vec<(f64, f64)>> = BTreeMap::new();
    for (home, segments) in blocks {
        for segment in segments {
            let homes = segment.fitted.system.homes();
            for (feature, block) in home.fitted.system.homes() {
                let Some(&segment_atom) = homes.get(&feature) else { continue };
                let atoms = AtomPair { block, segment: segment_atom };
                let pairs = segment.shared_rows(home.fitted, feature, atoms);
                if !pairs.is_empty() {
                    let channels = (home.block.channel, segment.channel);
                    let ratios = by_channels.entry(channels).or_default();
                    ratios.push((weighted_median(&pairs).unwrap_or(0.0), 1.0));
                }
            }
        }
    }
    by_channels
        .into_iter()
        .map(|(channels, ratios)| (channels, weighted_median(&ratios).unwrap_or(0.0)))
        .collect()
}

/// The mean of the median of `pairs` (values with weights) and of the `expected` one, which is
/// known to within `prior` beforehand.
fn log_ratio(pairs: &[(f64, f64)], expected: f64, prior: f64) -> f64 {
    let median = weighted_median(pairs).unwrap_or(0.0);
    let distances: Vec<(f64, f64)> = pairs.iter().map(|&(x, w)| ((x - median).abs(), w)).collect();
    let mad = weighted_median(&distances).unwrap_or(0.0);
    let spread = (SIGMA_PER_MAD * mad).max(RATIO_SPREAD_OF_FRAGMENT);
    let (sum, squares) = pairs.iter().fold((0.0, 0.0), |(s, q), &(_, w)| (s + w, q + w * w));
    let count = if squares > 0.0 { sum * sum / squares } else { 0.0 };
    let precision = count / (spread * spread);
    let known = prior.powi(-2);
    (median * precision + expected * known) / (precision + known)
}

/// The scans of `partners` while the block lasts; each scan is in one of them.
pub(crate) fn segments<'a>(
    home: FittedBlock,
    partners: &[FittedBlock<'a>],
    input: &Input,
    params: &DeconvolutionParams,
) -> Vec<Segment<'a>> {
    let mut by_channel: BTreeMap<ChannelIx, Vec<FittedBlock>> = BTreeMap::new();
    for partner in partners {
        by_channel.entry(partner.block.channel).or_default().push(*partner);
    }
    let mut segments = Vec::new();
    for (channel, mut partners) in by_channel {
        partners.sort_by(|a, b| a.block.start_seconds.total_cmp(&b.block.start_seconds));
        let scanned = &input.run[channel].channel;
        let mut start = home.block.start_seconds;
        for (i, &FittedBlock { block, fitted, .. }) in partners.iter().enumerate() {
            let next = partners.get(i + 1).map(|next| next.block.start_seconds);
            let cut = next.map_or(f64::INFINITY, |next| 0.5 * (block.end_seconds + next));
            let end = cut.min(home.block.end_seconds);
            let within = ScanSpan::within(&scanned.scan_seconds, start, end);
            let whole = fitted.system.ms2_span;
            let first = within.first.max(whole.first);
            let span = ScanSpan { first, end: within.end.min(whole.end).max(first) };
            start = start.max(end).next_up();
            if span.scans() > 0 {
                let rows = counterparts(
                    &home.fitted.system.fragments,
                    &fitted.system.fragments,
                    scanned.scan_range,
                    params.tolerance,
                );
                segments.push(Segment { fitted, channel, span, rows });
            }
        }
    }
    segments
}

/// What the block with the rows `foreign` shows at the m/z of `rows`; both ascending. Rows are the
/// same if each is the other's nearest.
fn counterparts(
    rows: &[Row],
    foreign: &[Row],
    scanned: Option<(f64, f64)>,
    tolerance: Tolerance,
) -> Vec<Counterpart> {
    let mut found = Vec::with_capacity(rows.len());
    for (m, row) in rows.iter().enumerate() {
        let outside = scanned.is_some_and(|(low, high)| !(low..=high).contains(&row.mz));
        let near = nearest(foreign, row.mz).filter(|&n| tolerance.matches(row.mz, foreign[n].mz));
        found.push(match near {
            _ if outside => Counterpart::Unknown,
            None => Counterpart::TooWeak,
            Some(n) if nearest(rows, foreign[n].mz) == Some(m) => Counterpart::Row(n),
            Some(_) => Counterpart::Unknown,
        });
    }
    found
}

fn nearest(rows: &[Row], mz: f64) -> Option<usize> {
    let above = rows.partition_point(|row| row.mz < mz);
    let near = above.saturating_sub(1)..(above + 1).min(rows.len());
    near.min_by(|&a, &b| (rows[a].mz - mz).abs().total_cmp(&(rows[b].mz - mz).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(mzs: &[f64]) -> Vec<Row> {
        mzs.iter().map(|&mz| Row { mz, points: Vec::new() }).collect()
    }

    #[test]
    fn a_row_is_that_of_the_same_mz_or_too_weak_or_unknown() {
        let block = rows(&[100.0, 150.0, 150.0012, 200.0, 900.0]);
        let foreign = rows(&[100.0005, 150.0002, 210.0]);
        assert_eq!(
            counterparts(&block, &foreign, Some((50.0, 800.0)), Tolerance::ppm(10.0)),
            [
                Counterpart::Row(0),
                Counterpart::Row(1),
                Counterpart::Unknown,
                Counterpart::TooWeak,
                Counterpart::Unknown
            ]
        );
        let weak = counterparts(&block[..1], &[], None, Tolerance::ppm(10.0));
        assert_eq!(weak, [Counterpart::TooWeak]);
    }

    #[test]
    fn the_ratio_goes_from_what_is_expected_to_what_is_seen() {
        assert_eq!(log_ratio(&[], 0.3, 0.1), 0.3);
        let seen = |n: usize| vec![(-0.5, 1.0); n];
        let (single, many) = (log_ratio(&seen(1), 0.0, 0.1), log_ratio(&seen(100), 0.0, 0.1));
        assert!(single < 0.0 && single > -0.2 && many < -0.45);
        assert!(
            log_ratio(&seen(1), 0.0, RATIO_SPREAD_AT_EDGE) < -0.45,
            "at an edge nothing is known beforehand"
        );
        // Two that disagree say less than two that agree.
        let apart = log_ratio(&[(-1.0, 1.0), (-0.5, 1.1), (0.0, 1.0)], 0.0, 0.1);
        assert!(apart > log_ratio(&seen(3), 0.0, 0.1));
    }
}
