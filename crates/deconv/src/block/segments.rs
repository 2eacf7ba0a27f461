//! Scans of overlapping windows beside those of a block: which they are, what they show of its
//! rows, and how much of a shared precursor they let through.

use std::collections::BTreeMap;

use cofactor_core::statistics::weighted_median;
use cofactor_core::{ChannelIx, FeatureIx, Tolerance};
use cofactor_nmf::Dense;

use crate::Input;
use crate::block::fit::Fitted;
use crate::block::rows::{Row, ScanSpan, cells, row_at};
use crate::block::system::{AtomRole, FRAGMENTS};
use crate::params::DeconvolutionParams;
use crate::plan::blocks::Block;

/// Nearer than this to the end of a window, in Th, nothing is known beforehand of how much it lets
/// through.
const EDGE: f64 = 1.0;
/// Standard deviation of the natural logarithm of how much more one window shows of a precursor
/// than another, well inside both …
const INSIDE: f64 = 0.1;
/// … and near the end of one.
const AT_EDGE: f64 = 1.0;
/// A fragment says something about that if so much of its height is the precursor's, in both …
const MOSTLY: f64 = 0.8;
/// … and with this standard deviation at least.
const OF_FRAGMENT: f64 = 0.2;

/// A stretch of scans of another window.
pub(crate) struct Segment<'a> {
    pub(crate) fitted: &'a Fitted,
    pub(crate) channel: ChannelIx,
    /// Its scans in the channel.
    span: ScanSpan,
    /// For each row of the block what the other window says of its m/z.
    pub(crate) rows: Vec<There>,
}

/// What another window shows at the m/z of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum There {
    /// This row of its block.
    Row(usize),
    /// No row: what there is lies below its limit.
    TooWeak,
    /// Nothing is known: the m/z is not scanned, or a row there belongs to another one.
    Unknown,
}

impl Segment<'_> {
    /// Its scans as columns of the other block.
    pub(crate) fn columns(&self) -> std::ops::Range<usize> {
        let first = (self.span.first - self.fitted.system.ms2_span.first) as usize;
        first..first + self.span.scans()
    }

    /// What it shows of `rows`, those of the block.
    pub(crate) fn cells(&self, rows: &[Row], input: &Input, tolerance: Tolerance) -> Dense {
        let traces = &input.run[self.channel].traces;
        let within = |p: &&(u32, f32)| (self.span.first..self.span.end).contains(&p.0);
        let there = |(row, there): (&Row, &There)| match *there {
            There::Row(n) => {
                let points =
                    self.fitted.system.fragments[n].points.iter().filter(within).copied().collect();
                Row { mz: row.mz, points }
            }
            There::TooWeak => row_at(traces, row.mz, self.span, tolerance),
            There::Unknown => Row { mz: row.mz, points: Vec::new() },
        };
        let rows: Vec<Row> = rows.iter().zip(&self.rows).map(there).collect();
        let mut laid = cells(&rows, self.span, traces, &input.run[self.channel].noise);
        for (mut weights, _) in laid
            .weight
            .rows_mut()
            .into_iter()
            .zip(&self.rows)
            .filter(|(_, r)| **r == There::Unknown)
        {
            weights.fill(0.0);
        }
        laid
    }

    /// How much higher this window shows `feature` than the block does, both having atoms for it;
    /// `usual` is that of most precursors. `None` if nothing is known.
    pub(crate) fn transmission(
        &self,
        (block, own): (&Block, &Fitted),
        feature: FeatureIx,
        atoms: (usize, usize),
        usual: &WindowRatios,
        input: &Input,
    ) -> Option<f64> {
        let pairs = self.shown_in_both(own, feature, atoms);
        let mz = input[feature].precursor.mz;
        let inside = |channel: ChannelIx| {
            let window = input.run[channel].channel.window();
            window.is_some_and(|w| w.lower + EDGE <= mz && mz <= w.upper - EDGE)
        };
        let prior = if inside(block.channel) && inside(self.channel) { INSIDE } else { AT_EDGE };
        let usual = usual.get(&(block.channel, self.channel)).copied().unwrap_or(0.0);
        (prior == INSIDE || !pairs.is_empty()).then(|| log_ratio(&pairs, usual, prior).exp())
    }

    /// For each row that both blocks show of `feature`, an atom in each, and hardly of anything
    /// else: the natural logarithm of how much higher it is here, and a weight. Where one atom has
    /// other members too, only the intact precursor is its own.
    fn shown_in_both(
        &self,
        own: &Fitted,
        feature: FeatureIx,
        atoms: (usize, usize),
    ) -> Vec<(f64, f64)> {
        let members =
            [&own.system.atoms[atoms.0], &self.fitted.system.atoms[atoms.1]].map(AtomRole::members);
        let [here, there] =
            members.map(|all| all.iter().map(|one| one.feature).collect::<Vec<_>>());
        let same = here == there;
        let intact =
            |m: usize| members[0].iter().any(|one| one.feature == feature && one.intact[m]);
        let pair = |(m, there): (usize, &There)| {
            let There::Row(n) = *there else { return None };
            let rows = [
                own.solution.dictionary(FRAGMENTS).row(m),
                self.fitted.solution.dictionary(FRAGMENTS).row(n),
            ];
            let (here, there) = (rows[0][atoms.0], rows[1][atoms.1]);
            let clear = here >= MOSTLY * rows[0].sum()
                && there >= MOSTLY * rows[1].sum()
                && (same || intact(m));
            (clear && here > 0.0 && there > 0.0)
                .then(|| ((there / here).ln(), (here * there).sqrt()))
        };
        self.rows.iter().enumerate().filter_map(pair).collect()
    }
}

/// Natural logarithms of how much higher the second of two channels shows most precursors.
pub(crate) type WindowRatios = BTreeMap<(ChannelIx, ChannelIx), f64>;

/// Of all blocks with their segments: the medians over the precursors that two channels share.
pub(crate) fn window_ratios(blocks: &[((&Block, &Fitted), Vec<Segment>)]) -> WindowRatios {
    let mut of_precursors: BTreeMap<(ChannelIx, ChannelIx), Vec<(f64, f64)>> = BTreeMap::new();
    for ((block, own), segments) in blocks {
        for segment in segments {
            let there = segment.fitted.system.homes();
            for (feature, atom) in own.system.homes() {
                let Some(&other) = there.get(&feature) else { continue };
                let pairs = segment.shown_in_both(own, feature, (atom, other));
                if !pairs.is_empty() {
                    let of_pair =
                        of_precursors.entry((block.channel, segment.channel)).or_default();
                    of_pair.push((weighted_median(&pairs).unwrap_or(0.0), 1.0));
                }
            }
        }
    }
    of_precursors
        .into_iter()
        .map(|(channels, ratios)| (channels, weighted_median(&ratios).unwrap_or(0.0)))
        .collect()
}

/// The mean of the median of `pairs` (values with weights) and of `usual`, which is known to within
/// `prior` beforehand.
fn log_ratio(pairs: &[(f64, f64)], usual: f64, prior: f64) -> f64 {
    let middle = weighted_median(pairs).unwrap_or(0.0);
    let distances: Vec<(f64, f64)> = pairs.iter().map(|&(x, w)| ((x - middle).abs(), w)).collect();
    let spread = (1.4826 * weighted_median(&distances).unwrap_or(0.0)).max(OF_FRAGMENT);
    let (sum, squares) = pairs.iter().fold((0.0, 0.0), |(s, q), &(_, w)| (s + w, q + w * w));
    let count = if squares > 0.0 { sum * sum / squares } else { 0.0 };
    let precision = count / (spread * spread);
    let known = prior.powi(-2);
    (middle * precision + usual * known) / (precision + known)
}

/// The scans of `partners` while the block lasts; each scan is in one of them.
pub(crate) fn segments<'a>(
    (block, own): (&Block, &Fitted),
    partners: &[(&'a Block, &'a Fitted)],
    input: &Input,
    params: &DeconvolutionParams,
) -> Vec<Segment<'a>> {
    let mut by_channel: BTreeMap<ChannelIx, Vec<(&Block, &Fitted)>> = BTreeMap::new();
    partners.iter().for_each(|&one| by_channel.entry(one.0.channel).or_default().push(one));
    let mut segments = Vec::new();
    for (channel, mut blocks) in by_channel {
        blocks.sort_by(|a, b| a.0.start_seconds.total_cmp(&b.0.start_seconds));
        let mut from = block.start_seconds;
        for (i, (other, fitted)) in blocks.iter().enumerate() {
            let cut =
                blocks.get(i + 1).map(|next| 0.5 * (other.end_seconds + next.0.start_seconds));
            let to = cut.unwrap_or(f64::INFINITY).min(block.end_seconds);
            let within = ScanSpan::within(&input.run[channel].channel.scan_seconds, from, to);
            let whole = fitted.system.ms2_span;
            let first = within.first.max(whole.first);
            let span = ScanSpan { first, end: within.end.min(whole.end).max(first) };
            from = from.max(to).next_up();
            if span.scans() > 0 {
                let scanned = input.run[channel].channel.scan_range;
                let rows = rows_there(
                    &own.system.fragments,
                    &fitted.system.fragments,
                    scanned,
                    params.tolerance,
                );
                segments.push(Segment { fitted, channel, span, rows });
            }
        }
    }
    segments
}

/// What the block with the rows `others` shows at the m/z of `own`; both ascending. Rows are the
/// same if each is the other's nearest.
fn rows_there(
    own: &[Row],
    others: &[Row],
    scanned: Option<(f64, f64)>,
    tolerance: Tolerance,
) -> Vec<There> {
    let there = |(m, row): (usize, &Row)| {
        if scanned.is_some_and(|(low, high)| !(low..=high).contains(&row.mz)) {
            return There::Unknown;
        }
        match nearest(others, row.mz).filter(|&n| tolerance.matches(row.mz, others[n].mz)) {
            None => There::TooWeak,
            Some(n) if nearest(own, others[n].mz) == Some(m) => There::Row(n),
            Some(_) => There::Unknown,
        }
    };
    own.iter().enumerate().map(there).collect()
}

fn nearest(rows: &[Row], mz: f64) -> Option<usize> {
    let at = rows.partition_point(|row| row.mz < mz);
    let near = at.saturating_sub(1)..(at + 1).min(rows.len());
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
        let (own, others) =
            (rows(&[100.0, 150.0, 150.0012, 200.0, 900.0]), rows(&[100.0005, 150.0002, 210.0]));
        let found = rows_there(&own, &others, Some((50.0, 800.0)), Tolerance::ppm(10.0));
        assert_eq!(
            found,
            [There::Row(0), There::Row(1), There::Unknown, There::TooWeak, There::Unknown]
        );
        assert_eq!(rows_there(&own[..1], &[], None, Tolerance::ppm(10.0)), [There::TooWeak]);
    }

    #[test]
    fn the_ratio_goes_from_what_is_usual_to_what_is_seen() {
        assert_eq!(log_ratio(&[], 0.3, 0.1), 0.3);
        let seen = |n: usize| vec![(-0.5, 1.0); n];
        let (one, many) = (log_ratio(&seen(1), 0.0, 0.1), log_ratio(&seen(100), 0.0, 0.1));
        assert!(one < 0.0 && one > -0.2 && many < -0.45, "{one} {many}");
        assert!(
            log_ratio(&seen(1), 0.0, AT_EDGE) < -0.45,
            "at an edge nothing is known beforehand"
        );
        // Two that disagree say less than two that agree.
        let apart = log_ratio(&[(-1.0, 1.0), (-0.5, 1.1), (0.0, 1.0)], 0.0, 0.1);
        assert!(apart > log_ratio(&seen(3), 0.0, 0.1));
    }
}
