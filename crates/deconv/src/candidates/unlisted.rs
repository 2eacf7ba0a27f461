//! Which atoms a row may be of if a precursor has none of its candidates.
//!
//! Rules that list fragments keep a precursor from all others. What it has of these all the same,
//! an unlinked atom takes up in the fit, and would then explain as well as the precursor, so that
//! nothing could speak for "none of them". But that atom is there because of the mask alone: with
//! precursors free to use its rows it is weighed again, and stays where it is still worth its
//! price.

use std::collections::HashMap;

use cofactor_core::{Feature, FeatureIx};
use ndarray::Array2;

use super::draw::FittedRows;
use crate::block::price::Price;
use crate::block::system::{AtomRole, Member, shows_with};
use crate::block::unlinked::FittedLevel;
use crate::chemistry::open_rows;
use crate::fragments::joint::Joint;

/// Which atoms may use each row, rows × atoms: as in the fit, but precursors in the place of
/// unlinked atoms that are not worth their price beside them. A precursor that is in `clear` has
/// the rows given there alone.
pub(crate) fn support(
    fit: &FittedRows,
    clear: &HashMap<FeatureIx, Vec<bool>>,
    features: &[Feature],
    price: Price,
) -> Array2<bool> {
    let Joint { basis, heights, .. } = fit.joint;
    let is_unlinked = |k: &usize| matches!(fit.joint.atoms[*k].role, AtomRole::Unlinked);
    let unlinked: Vec<usize> = (0..fit.joint.atoms.len()).filter(is_unlinked).collect();
    let taken = |m: &usize| unlinked.iter().any(|&k| fit.support[(*m, k)]);
    let rows: Vec<usize> = (0..fit.support.nrows()).filter(taken).collect();
    if rows.is_empty() {
        return fit.support.clone();
    }
    let mut free = with_precursors(fit, clear, features, &rows);
    let level = FittedLevel { view: fit.joint.view(), basis, heights };
    level.weigh(&mut free, unlinked.clone(), price);
    let mut support = fit.support.clone();
    for m in rows {
        if unlinked.iter().any(|&k| support[(m, k)] && !free[(m, k)]) {
            support.row_mut(m).assign(&free.row(m));
        }
    }
    support
}

/// The same with every precursor that is not in `clear` free to use `rows`.
fn with_precursors(
    fit: &FittedRows,
    clear: &HashMap<FeatureIx, Vec<bool>>,
    features: &[Feature],
    rows: &[usize],
) -> Array2<bool> {
    let Joint { level, basis, enough, .. } = fit.joint;
    let mzs = fit.corrected_mzs();
    let mut free = fit.support.clone();
    for (atom, joint_atom) in fit.joint.numbered() {
        let open = |member: &&Member| !clear.contains_key(&member.feature);
        let possible: Vec<Vec<bool>> = joint_atom
            .role
            .members()
            .iter()
            .filter(open)
            .map(|member| open_rows(&features[member.feature.0].precursor, &mzs))
            .collect();
        let activation = basis.activations().row(atom.0);
        for &m in rows.iter().filter(|&&m| possible.iter().any(|rows| rows[m])) {
            free[(m, atom.0)] |= shows_with(level, m, activation, *enough);
        }
    }
    free
}
