//! The fits of a row that were made so far. A block has very many of them, so they lie one after
//! another.

use std::sync::{Mutex, PoisonError};

use cofactor_nmf::RowFit;

use crate::index::AtomIx;
use crate::tuning::MOST_KNOWN_COEFFICIENTS;

/// The fits of a row by their atoms, as none depends on prices: the first, up to
/// [`MOST_KNOWN_COEFFICIENTS`].
#[derive(Default)]
pub(crate) struct Fits(Mutex<KnownFits>);

/// Fits with some of the atoms each, one after another.
#[derive(Default)]
struct KnownFits {
    /// A number that equal lists of atoms have in common.
    marks: Vec<u32>,
    /// Where the atoms of each end.
    ends: Vec<u32>,
    objectives: Vec<f64>,
    atoms: Vec<u32>,
    /// Of these.
    coefficients: Vec<f64>,
}

impl Fits {
    /// Writes the coefficients of the fit with `atoms`, ascending, into zeros, an entry an atom of
    /// the block; its objective, or `None` where it is not known.
    pub(crate) fn read(&self, atoms: &[AtomIx], coefficients: &mut [f64]) -> Option<f64> {
        let fits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = mark(atoms);
        let marked = fits.marks.iter().enumerate().filter(|(_, known)| **known == mark);
        let at = marked.map(|(at, _)| at).find(|&at| fits.has(at, atoms))?;
        let known = atoms.iter().zip(&fits.coefficients[fits.start(at)..]);
        known.for_each(|(atom, &coefficient)| coefficients[atom.0] = coefficient);
        Some(fits.objectives[at])
    }

    /// Keeps the fit with `atoms`, which is not known yet.
    pub(crate) fn keep(&self, atoms: &[AtomIx], fit: &RowFit) {
        let mut fits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if (fits.ends.len() + 1) * atoms.len() <= MOST_KNOWN_COEFFICIENTS {
            fits.marks.push(mark(atoms));
            fits.objectives.push(fit.objective);
            fits.atoms.extend(atoms.iter().map(|atom| atom.0 as u32));
            fits.coefficients.extend(atoms.iter().map(|atom| fit.coefficients[atom.0]));
            let end = fits.atoms.len() as u32;
            fits.ends.push(end);
        }
    }

    /// Gives back the memory that no fit needs.
    pub(crate) fn shrink(&mut self) {
        let fits = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        fits.marks.shrink_to_fit();
        fits.ends.shrink_to_fit();
        fits.objectives.shrink_to_fit();
        fits.atoms.shrink_to_fit();
        fits.coefficients.shrink_to_fit();
    }
}

impl KnownFits {
    /// Where the atoms of a fit begin.
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }

    /// Whether a fit is the one with `atoms`.
    fn has(&self, at: usize, atoms: &[AtomIx]) -> bool {
        let known = self.atoms[self.start(at)..self.ends[at] as usize].iter();
        known.map(|&atom| AtomIx(atom as usize)).eq(atoms.iter().copied())
    }
}

/// The same number for the same atoms (Fowler, Noll and Vo), and seldom for others.
fn mark(atoms: &[AtomIx]) -> u32 {
    atoms.iter().fold(0x811c_9dc5, |mark, atom| (mark ^ atom.0 as u32).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(atoms: &[usize]) -> Vec<AtomIx> {
        atoms.iter().copied().map(AtomIx).collect()
    }

    fn fit(atoms: usize, objective: f64) -> RowFit {
        let coefficients = (0..atoms).map(|k| objective + k as f64).collect();
        RowFit { coefficients, objective, converged: true }
    }

    #[test]
    fn a_fit_is_known_by_its_atoms() {
        let mut fits = Fits::default();
        let sets: [&[usize]; 5] = [&[1, 4], &[], &[1], &[4], &[0, 1, 4]];
        for (n, set) in sets.iter().enumerate() {
            fits.keep(&positions(set), &fit(5, 10.0 * n as f64));
        }
        fits.shrink();
        for (n, set) in sets.iter().enumerate() {
            let mut found = vec![0.0; 5];
            let objective = 10.0 * n as f64;
            assert_eq!(fits.read(&positions(set), &mut found), Some(objective));
            let expected = |k| if set.contains(&k) { objective + k as f64 } else { 0.0 };
            assert_eq!(found, (0..5).map(expected).collect::<Vec<_>>());
        }
        for set in [&[0][..], &[1, 3], &[0, 1], &[1, 4, 0]] {
            assert_eq!(fits.read(&positions(set), &mut [0.0; 5]), None);
        }
    }

    #[test]
    fn so_many_coefficients_are_kept() {
        let fits = Fits::default();
        let pairs = MOST_KNOWN_COEFFICIENTS / 2;
        for k in 0..=pairs {
            fits.keep(&positions(&[k, k + 1]), &fit(pairs + 2, 1.0));
        }
        let is_known =
            |k: usize| fits.read(&positions(&[k, k + 1]), &mut vec![0.0; pairs + 2]).is_some();
        assert!((0..pairs).all(is_known) && !is_known(pairs));
    }
}
