//! The MS1 side of a block. MS1 scans may be of several channels (scan ranges one after another),
//! each of which shows some of the precursors.

use std::collections::BTreeMap;
use std::ops::Range;

use cofactor_core::{ChannelIx, Feature, FeatureIx, TracedRun};
use cofactor_nmf::{Cells, Dense, Dictionary, Level, Sampling};
use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

use crate::Input;
use crate::block::bernstein;
use crate::block::rows::{Row, ScanSpan, cells, row_at};
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;

/// The MS1 channels that show precursors of a block, each with its scans there. A scan of one
/// channel is no zero of what another covers.
pub(crate) type Ms1Scans = BTreeMap<ChannelIx, ScanSpan>;

/// `per_cycle` equal steps between two MS1 scans of the channel with most of them; `None` where
/// that has fewer than three.
pub(crate) fn time_grid(
    run: &TracedRun,
    ms1_scans: &Ms1Scans,
    per_cycle: usize,
) -> Option<Vec<f64>> {
    let times = || {
        ms1_scans
            .iter()
            .map(|(&channel, &span)| span.seconds(&run[channel].channel))
            .filter(|t| !t.is_empty())
    };
    let densest = times().rev().max_by_key(|times| times.len()).filter(|times| times.len() >= 3)?;
    let intervals = (densest.len() - 1) * per_cycle.max(1);
    let step = (densest[densest.len() - 1] - densest[0]) / intervals as f64;
    let start = times().map(|times| times[0]).reduce(f64::min)?;
    let end = times().map(|times| times[times.len() - 1]).reduce(f64::max)?;
    let steps = ((end - start) / step).round() as usize;
    (step > 0.0).then(|| (0..=steps + per_cycle).map(|i| start + step * i as f64).collect())
}

/// A row of MS1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ms1Row {
    pub(crate) channel: ChannelIx,
    pub(crate) mz: f64,
}

/// The level of isotopologues with its dictionary.
pub(crate) struct Ms1Side {
    pub(crate) level: Level,
    pub(crate) dictionary: Dictionary,
    /// What the rows are.
    pub(crate) rows: Vec<Ms1Row>,
}

/// The level of the isotopologues of the precursors of each atom, over the scans of all channels
/// that show one, and its dictionary. After the atoms of precursors come those of the background
/// of each piece of the grid.
pub(crate) fn level(
    precursors: &[Vec<FeatureIx>],
    (run, input): (&TracedRun, &Input),
    ms1_scans: &Ms1Scans,
    (grid, pieces): (&[f64], &[Range<usize>]),
    params: &DeconvolutionParams,
) -> Ms1Side {
    let atoms = precursors.len() + pieces.len() * bernstein::ATOMS;
    let mut parts = Vec::with_capacity(ms1_scans.len());
    let mut shown = Vec::new();
    for (&channel, &span) in ms1_scans {
        let data = &run[channel];
        let mut rows: Vec<Row> = Vec::new();
        let mut owners: Vec<Vec<AtomIx>> = Vec::new();
        let ions = shown_by(precursors, input, channel);
        for (_, ion) in &ions {
            let isobars = ions.iter().filter(|(_, other)| are_isobars(ion, other, params));
            let isobars: Vec<AtomIx> = isobars.map(|(atom, _)| *atom).collect();
            for isotopologue in ion.isotopologues.iter().take(params.max_isotopologues) {
                let mz = isotopologue.mz;
                let known = rows.iter().position(|row| params.tolerance.matches(row.mz, mz));
                let m = known.unwrap_or(rows.len());
                if known.is_none() {
                    rows.push(row_at(&data.traces, mz, span, params.tolerance));
                    owners.push(Vec::new());
                }
                owners[m].extend(&isobars);
            }
        }
        let mut support = Array2::from_elem((rows.len(), atoms), false);
        let line = bernstein::line_atoms(AtomIx(precursors.len()), pieces.len());
        for (m, owners) in owners.iter().enumerate() {
            owners.iter().chain(&line).for_each(|atom| support[(m, atom.0)] = true);
        }
        shown.extend(rows.iter().map(|row| Ms1Row { channel, mz: row.mz }));
        parts.push(ChannelPart {
            times: span.seconds(&data.channel),
            cells: cells(&rows, span, &data.traces, &data.noise),
            support,
        });
    }
    let (level, dictionary) = side_by_side(&parts, grid);
    Ms1Side { level, dictionary, rows: shown }
}

/// The ions that a channel shows, with their atoms.
fn shown_by<'a>(
    precursors: &[Vec<FeatureIx>],
    input: &'a Input,
    channel: ChannelIx,
) -> Vec<(AtomIx, &'a Feature)> {
    let atoms = precursors.iter().enumerate();
    let ions = atoms.flat_map(|(k, ions)| ions.iter().map(move |&p| (AtomIx(k), &input[p])));
    ions.filter(|(_, ion)| ion.channel == channel).collect()
}

/// Whether two ions, or one and itself, have one m/z and charge, so that the isotopologues of one
/// are rows of the other even where no peak of its own shows there.
fn are_isobars(a: &Feature, b: &Feature, params: &DeconvolutionParams) -> bool {
    let main = |ion: &Feature| ion.isotopologues.first().map(|main| main.mz);
    let mains = main(a).zip(main(b));
    a.precursor.charge == b.precursor.charge
        && mains.is_some_and(|(a, b)| params.tolerance.matches(a, b))
}

/// What one MS1 channel shows.
struct ChannelPart<'a> {
    times: &'a [f64],
    cells: Dense,
    support: Array2<bool>,
}

/// A scan of one of several channels, by position.
struct PartScan {
    seconds: f64,
    part: usize,
    scan: usize,
}

/// Lays channels out over the scans of all of them, in the order of time. The cells of a row in
/// scans of another channel are unobserved.
fn side_by_side(parts: &[ChannelPart], grid: &[f64]) -> (Level, Dictionary) {
    let mut order: Vec<PartScan> = Vec::new();
    for (part, ChannelPart { times, .. }) in parts.iter().enumerate() {
        let scans = times.iter().enumerate();
        order.extend(scans.map(|(scan, &seconds)| PartScan { seconds, part, scan }));
    }
    order.sort_by(|a, b| a.seconds.total_cmp(&b.seconds).then(a.part.cmp(&b.part)));
    let rows = parts.iter().map(|part| part.support.nrows()).sum();
    let mut laid = Dense {
        data: Array2::zeros((rows, order.len())),
        weight: Array2::zeros((rows, order.len())),
        censored: Array2::from_elem((rows, order.len()), true),
    };
    let firsts: Vec<usize> = parts
        .iter()
        .scan(0, |next, part| Some(std::mem::replace(next, *next + part.support.nrows())))
        .collect();
    for (t, &PartScan { part, scan, .. }) in order.iter().enumerate() {
        let ChannelPart { cells, support, .. } = &parts[part];
        let range = firsts[part]..firsts[part] + support.nrows();
        laid.data.slice_mut(s![range.clone(), t]).assign(&cells.data.column(scan));
        laid.weight.slice_mut(s![range.clone(), t]).assign(&cells.weight.column(scan));
        laid.censored.slice_mut(s![range, t]).assign(&cells.censored.column(scan));
    }
    let supports: Vec<_> = parts.iter().map(|part| part.support.view()).collect();
    let atoms = supports.first().map_or(0, ArrayView2::ncols);
    let support =
        concatenate(Axis(0), &supports).unwrap_or_else(|_| Array2::from_elem((0, atoms), false));
    let times: Vec<f64> = order.iter().map(|scan| scan.seconds).collect();
    let level = Level {
        sampling: Sampling::interpolation(grid, &times),
        ..Level::new(Cells::Dense(laid), atoms)
    };
    (level, Dictionary::new(support))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn what_a_channel_does_not_scan_is_not_observed() {
        let part = |times, values: Array2<f64>, support| ChannelPart {
            times,
            cells: Dense::from(values),
            support,
        };
        let parts = [
            part(&[0.0, 2.0], array![[1.0, 3.0]], array![[true, false, true]]),
            part(
                &[1.0, 4.0],
                array![[2.0, 4.0], [5.0, 6.0]],
                array![[false, true, true], [false, true, true]],
            ),
        ];
        let (level, dictionary) = side_by_side(&parts, &[0.0, 1.0, 2.0, 3.0, 4.0]);
        let Cells::Dense(laid) = &level.cells else { panic!("dense cells") };
        assert_eq!(
            laid.weight,
            array![[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]]
        );
        assert_eq!(
            laid.data,
            array![[1.0, 0.0, 3.0, 0.0], [0.0, 2.0, 0.0, 4.0], [0.0, 5.0, 0.0, 6.0]]
        );
        assert_eq!(
            dictionary.support,
            array![[true, false, true], [false, true, true], [false, true, true]]
        );
        assert_eq!(
            level.sampling.sample(array![0.0, 1.0, 2.0, 3.0, 4.0].view()).to_vec(),
            [0.0, 1.0, 2.0, 4.0]
        );
    }
}
