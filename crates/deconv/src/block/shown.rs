//! The MS1 side of a block as it is fitted, before precursors are grouped.

use std::ops::Range;

use cofactor_nmf::{Level, Problem};
use ndarray::{Array2, ArrayView1};

use crate::block::material::scans_within;
use crate::block::system::{ISOTOPOLOGUES, MS1};
use crate::index::AtomIx;

/// The MS1 side of a block: one level with an atom a precursor, then the background.
pub(crate) struct Ms1<'a> {
    /// The level [`MS1`] alone, with the rows of all precursors.
    pub(crate) problem: &'a Problem,
    /// Activations fitted with one atom a precursor.
    pub(crate) activations: &'a Array2<f64>,
    /// Grid points of each piece of time.
    pub(crate) pieces: &'a [Range<usize>],
    /// The rows that may show each atom, ascending.
    pub(crate) rows: Vec<Vec<usize>>,
    /// The atoms that each row may show, ascending.
    atoms: Vec<Vec<usize>>,
}

impl<'a> Ms1<'a> {
    pub(crate) fn new(
        problem: &'a Problem,
        activations: &'a Array2<f64>,
        pieces: &'a [Range<usize>],
    ) -> Self {
        let support = &problem[ISOTOPOLOGUES].support;
        let set = |line: ArrayView1<bool>| {
            line.iter().enumerate().filter(|(_, allowed)| **allowed).map(|(at, _)| at).collect()
        };
        let rows = support.columns().into_iter().map(set).collect();
        let atoms = support.rows().into_iter().map(set).collect();
        Self { problem, activations, pieces, rows, atoms }
    }

    /// The rows that may show any of some atoms, ascending.
    pub(crate) fn rows_of(&self, atoms: &[AtomIx]) -> Vec<usize> {
        union(atoms.iter().map(|atom| &self.rows[atom.0]))
    }

    /// The atoms that any of some rows may show, ascending.
    pub(crate) fn atoms_in(&self, rows: &[usize]) -> Vec<usize> {
        union(rows.iter().map(|&m| &self.atoms[m]))
    }

    pub(crate) fn level(&self) -> &Level {
        &self.problem[MS1]
    }

    pub(crate) fn support(&self) -> &Array2<bool> {
        &self.problem[ISOTOPOLOGUES].support
    }

    /// The scans in a piece of time.
    pub(crate) fn scans_of(&self, piece: &Range<usize>) -> Vec<usize> {
        scans_within(&self.level().sampling, piece)
    }
}

fn union<'a>(sets: impl Iterator<Item = &'a Vec<usize>>) -> Vec<usize> {
    let mut all: Vec<usize> = sets.flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}
