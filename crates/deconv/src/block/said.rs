//! What each of several runs says of the heights in a row, on elutions that are held: its
//! log-likelihood as a quadratic in them, whatever the background has.

use std::ops::Range;

use cofactor_nmf::Cell;
use ndarray::{Array1, Array2, ArrayView1, aview1, aview2, s};
use rayon::prelude::*;

use crate::block::quadratic::Quadratic;
use crate::block::sum::{Remainder, Sum};
use crate::block::system::{AtomRole, FRAGMENTS, MS2, System};
use crate::tuning::LEAST_RUNS_OF_MISMATCHES;

/// Scans around one of its window whose mean is what noise is told by.
const SMOOTHED: usize = 5;

/// A row with what each run says of it.
pub(crate) struct SaidRow {
    /// The atoms of precursors that it may be of.
    pub(crate) atoms: Vec<usize>,
    /// By run.
    pub(crate) runs: Vec<Quadratic>,
}

/// What the runs say of each row, of the atoms that it is probably of, if profiles have this
/// relative error. Nothing of a row that too few runs show to be compared.
pub(crate) fn said(system: &System, profile_error: f64) -> Vec<SaidRow> {
    let seen = system.started();
    let runs: Vec<Run> = system.pieces.iter().map(|piece| Run::new(system, piece, &seen)).collect();
    let rows = (0..system.fragments.len()).into_par_iter();
    rows.map(|row| {
        if runs.iter().filter(|run| run.shows(row)).count() < LEAST_RUNS_OF_MISMATCHES {
            let nothing = |_: &Run| Quadratic::new(&[], aview2::<f64, 0>(&[]), aview1(&[]));
            return SaidRow { atoms: Vec::new(), runs: runs.iter().map(nothing).collect() };
        }
        let atoms = allowed(system, row, |role| !role.members().is_empty());
        let background = allowed(system, row, |role| matches!(role, AtomRole::Background));
        let of_run = |run: &Run| run.said(row, (&atoms, &background), profile_error);
        SaidRow { runs: runs.iter().map(of_run).collect(), atoms }
    })
    .collect()
}

fn allowed(system: &System, row: usize, is_one: impl Fn(&AtomRole) -> bool) -> Vec<usize> {
    let support = system.problem[FRAGMENTS].support.row(row);
    (0..system.atoms.len()).filter(|&k| support[k] && is_one(&system.atoms[k])).collect()
}

impl SaidRow {
    /// The heights that explain all runs best.
    pub(crate) fn heights(&self) -> Vec<f64> {
        let parts = self.runs.iter().map(Remainder::all).collect();
        Sum::new(self.atoms.len(), parts).best(vec![0.0; self.atoms.len()])
    }
}

/// The scans of a run.
struct Run<'a> {
    system: &'a System,
    scans: Range<usize>,
    /// By atom: what its scans see.
    seen: Vec<&'a [f64]>,
    /// By atom: where they see it, from the first of the scans on.
    shown: Vec<Range<usize>>,
    /// By window, the same.
    windows: Vec<Vec<usize>>,
}

impl<'a> Run<'a> {
    fn new(system: &'a System, piece: &Range<usize>, seen: &'a Array2<f64>) -> Self {
        let scans = system.scans_of(MS2, piece);
        let scans = scans.first().map_or(0..0, |&first| first..first + scans.len());
        let (first, end) = (scans.start, scans.end);
        let of_atom =
            |row: ArrayView1<'a, f64>| row.to_slice().map_or(&[][..], |row| &row[first..end]);
        let seen: Vec<&[f64]> = seen.rows().into_iter().map(of_atom).collect();
        let shown = seen.iter().map(|row| {
            let first = row.iter().position(|v| *v > 0.0).unwrap_or(0);
            first..row.iter().rposition(|v| *v > 0.0).map_or(first, |last| last + 1)
        });
        let part_of = |t: usize| system.problem[MS2].efficiency.part_of(first + t);
        let windows = (0..system.views.len())
            .map(|view| (0..scans.len()).filter(|&t| part_of(t) == view).collect());
        Self { system, shown: shown.collect(), windows: windows.collect(), scans, seen }
    }

    fn shows(&self, row: usize) -> bool {
        let level = &self.system.problem[MS2];
        let mut cells = self.scans.clone().map(|t| level.cells.at(row, t));
        cells.any(|cell| !cell.censored && cell.weight > 0.0 && cell.value > 0.0)
    }

    fn said(
        &self,
        row: usize,
        (atoms, background): (&[usize], &[usize]),
        profile_error: f64,
    ) -> Quadratic {
        let level = &self.system.problem[MS2];
        let cells: Vec<Cell> = self.scans.clone().map(|t| level.cells.at(row, t)).collect();
        let values: Vec<f64> = cells.iter().map(value).collect();
        let precision = self.precision(&cells, &values, profile_error);
        let elutes = |k: &usize| !self.shown[*k].is_empty();
        let places: Vec<usize> = (0..atoms.len()).filter(|&i| elutes(&atoms[i])).collect();
        let own = places.len();
        let mut columns: Vec<usize> = places.iter().map(|&i| atoms[i]).collect();
        columns.extend(background.iter().copied().filter(elutes));
        let mut bend = Array2::zeros((columns.len(), columns.len()));
        let mut slope = Array1::zeros(columns.len());
        for (i, &k) in columns.iter().enumerate() {
            let weighed: Vec<f64> = precision
                .iter()
                .zip(self.seen[k])
                .map(|(precision, seen)| precision * seen)
                .collect();
            let shown = &self.shown[k];
            slope[i] = product(&weighed[shown.clone()], &values[shown.clone()]);
            for (j, &other) in columns[..=i].iter().enumerate() {
                let beside = &self.shown[other];
                let (start, end) = (shown.start.max(beside.start), shown.end.min(beside.end));
                let shared = start..end.max(start);
                bend[(i, j)] = product(&weighed[shared.clone()], &self.seen[other][shared]);
                bend[(j, i)] = bend[(i, j)];
            }
        }
        for free in (own..columns.len()).rev() {
            eliminate(&mut bend, &mut slope, free);
        }
        Quadratic::new(&places, bend.slice(s![..own, ..own]), slope.slice(s![..own]))
    }

    /// Inverse of the variance of each cell, if profiles have this relative error.
    fn precision(&self, cells: &[Cell], values: &[f64], profile_error: f64) -> Vec<f64> {
        let mut precision = vec![0.0; cells.len()];
        for window in &self.windows {
            for (i, &t) in window.iter().enumerate() {
                let first = i.saturating_sub(SMOOTHED / 2);
                let near = &window[first..(i + SMOOTHED / 2 + 1).min(window.len())];
                let mean = near.iter().map(|&t| values[t]).sum::<f64>() / near.len() as f64;
                let Cell { weight, censored, .. } = cells[t];
                let hidden = if censored { values[t] * values[t] } else { 0.0 };
                let variance = mean / weight + (profile_error * mean).powi(2) + hidden;
                precision[t] = if weight > 0.0 && variance > 0.0 { 1.0 / variance } else { 0.0 };
            }
        }
        precision
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    ArrayView1::from(a).dot(&ArrayView1::from(b))
}

/// What a cell shows, half of the limit where that is all that is known.
fn value(cell: &Cell) -> f64 {
    if cell.censored { 0.5 * cell.value } else { cell.value }
}

/// Lets a quadratic have its best value along variable `free`, of those up to which only the others
/// are of use.
fn eliminate(bend: &mut Array2<f64>, slope: &mut Array1<f64>, free: usize) {
    let own = bend[(free, free)] * (1.0 + 1e-9);
    if own <= 0.0 {
        return;
    }
    for i in 0..free {
        let factor = bend[(i, free)] / own;
        slope[i] -= factor * slope[free];
        for j in 0..free {
            bend[(i, j)] -= factor * bend[(free, j)];
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn the_best_heights_are_those_of_the_sum_and_not_negative() {
        let said = |slope: [f64; 2]| {
            Quadratic::new(&[0, 1], arr2(&[[2.0, 1.0], [1.0, 2.0]]).view(), aview1(&slope))
        };
        let heights = |runs: Vec<Quadratic>| SaidRow { atoms: vec![0, 1], runs }.heights();
        // Of (1, 2) and (3, 2).
        let found = heights(vec![said([4.0, 5.0]), said([8.0, 7.0])]);
        assert!((found[0] - 2.0).abs() < 0.01 && (found[1] - 2.0).abs() < 0.01, "{found:?}");
        // Of (-1, 2): the second alone is best at 1.5.
        let found = heights(vec![said([0.0, 3.0])]);
        assert!(found[0] == 0.0 && (found[1] - 1.5).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn what_is_free_leaves_what_the_others_are_of_use_for() {
        let mut bend = arr2(&[[4.0, 2.0], [2.0, 5.0]]);
        let mut slope = Array1::from(vec![3.0, 10.0]);
        eliminate(&mut bend, &mut slope, 1);
        assert!((bend[(0, 0)] - (4.0 - 4.0 / 5.0)).abs() < 1e-6);
        assert!((slope[0] - (3.0 - 4.0)).abs() < 1e-6);
    }
}
