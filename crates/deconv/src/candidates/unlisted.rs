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

use super::fitted::FittedRows;
use crate::block::price::Price;
use crate::block::system::{AtomRole, Member, shows_with};
use crate::block::unlinked::FittedLevel;
use crate::chemistry::open_rows;
use crate::fragments::draft::Draft;

/// Which atoms may use each row, rows × atoms: as in the fit, but precursors in the place of
/// unlinked atoms that are not worth their price beside them. A precursor that is in `clear` has
/// the rows given there alone.
pub(crate) fn support(
    fit: &FittedRows,
    clear: &HashMap<FeatureIx, Vec<bool>>,
    features: &[Feature],
    price: Price,
) -> Array2<bool> {
    let atoms = fit.draft.atoms();
    let is_unlinked = |k: &usize| matches!(atoms[*k], AtomRole::Unlinked);
    let unlinked: Vec<usize> = (0..atoms.len()).filter(is_unlinked).collect();
    let taken = |m: &usize| unlinked.iter().any(|&k| fit.support[(*m, k)]);
    let rows: Vec<usize> = (0..fit.support.nrows()).filter(taken).collect();
    if rows.is_empty() {
        return fit.support.clone();
    }
    let mut free = with_precursors(fit, clear, features, &rows);
    let Draft { basis, .. } = fit.draft;
    let level = FittedLevel { view: fit.draft.view(), basis, heights: fit.draft.heights() };
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
    let (level, enough) = (fit.draft.view().level, fit.draft.enough());
    let mzs = fit.corrected_mzs();
    let mut free = fit.support.clone();
    for (atom, role) in fit.draft.numbered() {
        let open = |member: &&Member| !clear.contains_key(&member.feature);
        let possible: Vec<Vec<bool>> = role
            .members()
            .iter()
            .filter(open)
            .map(|member| open_rows(&features[member.feature.0].precursor, &mzs))
            .collect();
        let activation = fit.draft.basis.activations().row(atom.0);
        for &m in rows.iter().filter(|&&m| possible.iter().any(|rows| rows[m])) {
            free[(m, atom.0)] |= shows_with(level, m, activation, enough);
        }
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragments::draft::Scope;
    use crate::one_precursor::{APEX, FRAGMENTS, Ion, bell, look_at};
    use crate::params::DeconvolutionParams;

    const FOREIGN: [f64; 3] = [115.1, 145.1, 175.1];

    /// Whether a precursor and unlinked atoms may use the row of each m/z.
    type Users = Vec<(f64, bool, bool)>;

    fn users(fit: &FittedRows, support: &Array2<bool>) -> Users {
        let atoms = fit.draft.atoms();
        let may = |m: usize, is: &dyn Fn(&AtomRole) -> bool| {
            (0..atoms.len()).any(|k| is(&atoms[k]) && support[(m, k)])
        };
        let precursor = |role: &AtomRole| matches!(role, AtomRole::Precursors(_));
        let unlinked = |role: &AtomRole| matches!(role, AtomRole::Unlinked);
        let row = |(m, mz): (usize, f64)| (mz, may(m, &precursor), may(m, &unlinked));
        fit.corrected_mzs().into_iter().enumerate().map(row).collect()
    }

    /// As in the fit, if none of the candidates is right, and if one is that has the first of the
    /// fragments, which is the only one that the rules allow.
    fn looked_at(draft: &Draft, scope: Scope) -> [Users; 3] {
        let channel = &scope.input.run.channels[1].channel;
        let fit = FittedRows::new(draft, scope.chemistry, channel);
        let price = Price::new(scope.params);
        let first = fit.corrected_mzs().iter().map(|mz| is_first(*mz)).collect();
        let clear = HashMap::from([(FeatureIx(0), first)]);
        let by_clear = |clear| users(&fit, &support(&fit, clear, scope.input.features, price));
        [users(&fit, &fit.support), by_clear(&HashMap::new()), by_clear(&clear)]
    }

    fn is_first(mz: f64) -> bool {
        (mz - FRAGMENTS[0]).abs() < 0.01
    }

    #[test]
    fn what_rules_keep_from_a_precursor_is_its_own_if_it_has_none_of_its_candidates() {
        let later = |t: f64| 300.0 * bell(t, APEX + 6.0);
        let foreign = FOREIGN.map(|mz| (mz, &later as &dyn Fn(f64) -> f64));
        let foreign: &[Ion] = &foreign;
        let profile = |t: f64| bell(t, APEX);
        let params = DeconvolutionParams::default();
        let [fitted, none, clear] =
            look_at((2000.0, &profile), foreign, &is_first, &params, looked_at);
        let used = |mzs: &[f64], users: (bool, bool)| -> Users {
            mzs.iter().map(|&mz| (mz, users.0, users.1)).collect()
        };
        let sorted = |mut users: Users| {
            users.sort_by(|a, b| a.0.total_cmp(&b.0));
            users
        };
        let first = used(&FRAGMENTS[..1], (true, false));
        let by_rules = sorted(
            [&first[..], &used(&FRAGMENTS[1..], (false, true)), &used(&FOREIGN, (false, true))]
                .concat(),
        );
        assert_eq!(fitted, by_rules);
        assert_eq!(clear, by_rules, "its candidate is clear");
        for ((mz, precursor, unlinked), wanted) in none.into_iter().zip(&by_rules) {
            let own = FRAGMENTS.iter().any(|fragment| (fragment - mz).abs() < 0.01);
            assert_eq!(unlinked, !own, "{mz}");
            assert!(precursor || !own, "{mz} {wanted:?}");
        }
    }
}
