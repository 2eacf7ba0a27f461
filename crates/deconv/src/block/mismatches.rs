//! Runs in which another compound elutes in the place of a precursor: the ion was matched to a
//! wrong one. What such a run shows would be mixed into the spectrum of all, so it is left out.
//!
//! It is told before both levels are joined, on the elutions that MS1 shows: the profiles of a
//! joint fit follow wrong fragments.

use cofactor_nmf::{Cells, Level};
use ndarray::Array2;

use crate::block::comparison::{Comparison, Shown};
use crate::block::material::Material;
use crate::block::said::said;
use crate::block::system::{ISOTOPOLOGUES, MS1, MS2, System};
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::tuning::{LEAST_ELUTING, LEAST_MISMATCHED, LEAST_RUNS_OF_MISMATCHES};

/// Leaves out what mismatched runs show of an atom and the compound in the place of it; says which
/// atoms are mismatched in which pieces.
pub(crate) fn leave_out(
    system: &mut System,
    material: &Material,
    params: &DeconvolutionParams,
) -> Vec<(AtomIx, usize)> {
    if system.pieces.len() < LEAST_RUNS_OF_MISMATCHES {
        return Vec::new();
    }
    let rows = said(system, params.profile_error);
    let mut comparison = Comparison::new(shown(system, material), &rows);
    let mismatches = comparison.mismatches();
    if mismatches.is_empty() {
        return mismatches;
    }
    system.as_measured = false;
    let seen = system.started();
    let scans: Vec<Vec<usize>> =
        mismatches.iter().map(|(_, run)| system.scans_of(MS2, &system.pieces[*run])).collect();
    let Cells::Dense(cells) = &mut system.problem[MS2].cells else { return mismatches };
    for (&(atom, run), mut eluting) in mismatches.iter().zip(scans) {
        let seen = seen.row(atom.0);
        let highest = eluting.iter().map(|&t| seen[t]).fold(0.0, f64::max);
        eluting.retain(|&t| seen[t] > LEAST_ELUTING * highest);
        for m in 0..rows.len() {
            let measured = || eluting.iter().copied().filter(|&t| cells.weight[(m, t)] > 0.0);
            let all: f64 = measured().map(|t| cells.data[(m, t)]).sum();
            let own = comparison.most(m, atom, run) * measured().map(|t| seen[t]).sum::<f64>();
            if own > LEAST_MISMATCHED * all {
                eluting.iter().for_each(|&t| cells.weight[(m, t)] = 0.0);
            }
        }
    }
    mismatches
}

/// What MS1 shows of each atom in each run.
fn shown(system: &System, material: &Material) -> Array2<Shown> {
    let level = &system.problem[MS1];
    let seen = level.sampling.sample_rows(&system.problem.activations);
    let scans: Vec<Vec<usize>> =
        system.pieces.iter().map(|piece| system.scans_of(MS1, piece)).collect();
    let support = &system.problem[ISOTOPOLOGUES].support;
    Array2::from_shape_fn((system.atoms.len(), scans.len()), |(k, run)| {
        let members = system.atoms[k].members().iter();
        let mut elutions = members.flat_map(|member| material.elutions(member.feature));
        let eluting = scans[run].iter().copied().filter(|&t| seen[(k, t)] > 0.0);
        let eluting: Vec<usize> = eluting.collect();
        let rows = (0..support.nrows()).filter(|&m| support[(m, k)]);
        let ions: f64 = rows.map(|m| signal(level, m, &eluting)).sum();
        Shown {
            found: elutions.any(|(piece, elution)| *piece == run && elution.height > 0.0),
            variance: 1.0 / ions.max(1.0),
        }
    })
}

/// Inverse of the relative variance of what some scans show of a row.
fn signal(level: &Level, row: usize, scans: &[usize]) -> f64 {
    let cells = scans.iter().map(|&t| level.cells.at(row, t)).filter(|cell| !cell.censored);
    cells.map(|cell| cell.weight * cell.value).sum()
}
