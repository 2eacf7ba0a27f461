//! The atoms that each row of a block has: few of them all, so that only these are written down.

use cofactor_nmf::RowBasis;
use ndarray::Array2;

use crate::fragments::select::Selected;
use crate::index::AtomIx;
use crate::tuning::{CLEAR_EVIDENCE, CLEAR_SHARE};

/// The atoms that each row has.
pub(crate) struct Owners {
    pub(crate) rows: Vec<OwnedRow>,
}

/// The atoms of a row, ascending.
#[derive(Clone)]
pub(crate) struct OwnedRow {
    parts: Vec<Owned>,
}

/// What an atom has in a row; nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Owned {
    /// 0 where the row does not need the atom.
    pub(crate) height: f64,
    /// The same where the background has all that it can.
    pub(crate) beside_background: f64,
    /// Log-likelihood that it is worth.
    pub(crate) evidence: f64,
    /// Share of the signal of the row that is the atom's while it elutes.
    pub(crate) share: f64,
    atom: usize,
}

/// A fragment that an atom is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) row: usize,
    pub(crate) height: f64,
    /// Share of the row's signal that is the atom's while it elutes.
    pub(crate) share: f64,
    /// Log-likelihood that it is worth.
    pub(crate) evidence: f64,
    /// Whether nothing else could have given it.
    pub(crate) is_clear: bool,
}

impl Owners {
    /// Of rows whose shares are not known yet, on what MS2 sees of the activations.
    pub(crate) fn new(mut rows: Vec<OwnedRow>, basis: &RowBasis) -> Self {
        let together = cofactor_nmf::gram(basis.activations());
        rows.iter_mut().for_each(|row| row.share_out(&together));
        Self { rows }
    }

    /// All that an atom has in the rows.
    pub(crate) fn entries(&self, atom: AtomIx) -> impl Iterator<Item = Entry> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(move |(row, owned)| {
            let Owned { height, evidence, share, .. } = owned.part(atom);
            let is_clear = share >= CLEAR_SHARE && evidence >= CLEAR_EVIDENCE;
            (height > 0.0 && evidence > 0.0).then_some(Entry {
                row,
                height,
                share,
                evidence,
                is_clear,
            })
        })
    }
}

impl OwnedRow {
    /// What was selected, without shares.
    pub(crate) fn new(selected: &Selected) -> Self {
        let Selected { coefficients, beside_background, evidence } = selected;
        let part = |atom: usize| Owned {
            height: coefficients[atom],
            beside_background: beside_background[atom],
            evidence: evidence[atom],
            share: 0.0,
            atom,
        };
        let nothing = |atom: usize| Owned { atom, ..Owned::default() };
        let parts = (0..coefficients.len()).map(|atom| (part(atom), nothing(atom)));
        Self { parts: parts.filter(|(part, nothing)| part != nothing).map(|(p, _)| p).collect() }
    }

    /// What an atom has of it.
    pub(crate) fn part(&self, atom: AtomIx) -> Owned {
        self.parts.iter().find(|part| part.atom == atom.0).copied().unwrap_or_default()
    }

    /// The atoms that have something of it, ascending.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (AtomIx, &Owned)> {
        self.parts.iter().map(|part| (AtomIx(part.atom), part))
    }

    /// Heights of so many atoms.
    pub(crate) fn heights(&self, atoms: usize) -> Vec<f64> {
        let mut heights = vec![0.0; atoms];
        self.parts.iter().for_each(|part| heights[part.atom] = part.height);
        heights
    }

    /// Gives each atom its share; `together` are the products of the activations.
    fn share_out(&mut self, together: &Array2<f64>) {
        let parts = self.parts.iter().map(|part| (part.atom, part.beside_background));
        let present: Vec<(usize, f64)> = parts.filter(|(_, height)| *height > 0.0).collect();
        for Owned { atom, beside_background, share, .. } in &mut self.parts {
            let total: f64 = present.iter().map(|&(n, height)| height * together[(*atom, n)]).sum();
            let own = *beside_background * together[(*atom, *atom)];
            *share = if *beside_background > 0.0 { own / total } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn what_atoms_have_of_rows_is_theirs_by_their_share_while_they_elute() {
        let basis = RowBasis::new(array![
            [1.0, 2.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0, 2.0, 1.0]
        ]);
        let selected = |coefficients: [f64; 3], beside_background: [f64; 3]| Selected {
            coefficients: coefficients.to_vec(),
            beside_background: beside_background.to_vec(),
            evidence: coefficients.map(|height| 20.0 * height).to_vec(),
        };
        let rows = [
            selected([3.0, 0.0, 2.0], [3.0, 0.0, 2.0]),
            selected([0.0; 3], [0.0; 3]),
            selected([0.0, 4.0, 0.0], [0.0, 4.0, 0.5]),
        ];
        let Owners { rows } = &Owners::new(rows.iter().map(OwnedRow::new).collect(), &basis);
        let parts: Vec<usize> = rows.iter().map(|row| row.parts().count()).collect();
        assert_eq!(parts, [2, 0, 2]);
        assert_eq!(rows[0].part(AtomIx(0)).share, 18.0 / (18.0 + 2.0));
        assert_eq!(rows[0].part(AtomIx(2)).share, 12.0 / (12.0 + 3.0));
        assert_eq!(rows[0].part(AtomIx(1)), Owned::default());
        assert_eq!(rows[2].part(AtomIx(1)).share, 4.0 / (4.0 + 1.0));
        assert_eq!(rows[2].heights(3), [0.0, 4.0, 0.0]);
        assert_eq!(rows[2].part(AtomIx(2)).beside_background, 0.5);
        let owners = Owners { rows: rows.clone() };
        let entries = |atom| owners.entries(AtomIx(atom)).map(|e| (e.row, e.is_clear));
        assert_eq!(entries(0).collect::<Vec<_>>(), [(0, true)]);
        assert_eq!(entries(1).collect::<Vec<_>>(), [(2, false)]);
        assert_eq!(entries(2).collect::<Vec<_>>(), [(0, false)]);
    }
}
