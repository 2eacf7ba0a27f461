//! Isotopologues of fragments: a wide isolation window holds heavier isotopologues of the precursor
//! too, and so a fragment shows them.
//!
//! A fragment is taken for an isotopologue where another one lies one neutron below and is at least
//! as much higher as carbon asks for, of which an ion has at most as much as its mass allows.

use cofactor_chem::C13_SPACING;
use cofactor_chem::carbon::highest_ratio;
use cofactor_core::{IsolationWindow, Precursor};

use crate::tuning::{
    ISOTOPOLOGUE_EXCESS, ISOTOPOLOGUE_LEAST_TH, ISOTOPOLOGUE_LENIENCE, ISOTOPOLOGUE_PPM,
};

/// Which of the fragments (m/z ascending, with heights) are isotopologues of another one.
pub(crate) fn isotopologues(
    mzs: &[f64],
    heights: &[f64],
    precursor: &Precursor,
    window: Option<IsolationWindow>,
) -> Vec<bool> {
    let heavier = precursor.mz + C13_SPACING / f64::from(precursor.charge.max(1));
    let mut found = vec![false; mzs.len()];
    if window.is_some_and(|window| !window.contains(heavier)) {
        return found;
    }
    for charge in 1..=precursor.charge.max(1) {
        for (m, &mz) in mzs.iter().enumerate() {
            let lighter = mz - C13_SPACING / f64::from(charge);
            let half = (ISOTOPOLOGUE_PPM * 1e-6 * mz).max(ISOTOPOLOGUE_LEAST_TH);
            let first = mzs.partition_point(|&mz| mz < lighter - half);
            let most = ISOTOPOLOGUE_LENIENCE * highest_ratio(lighter * f64::from(charge))
                + ISOTOPOLOGUE_EXCESS;
            found[m] |= (first..m)
                .take_while(|&n| mzs[n] <= lighter + half)
                .any(|n| heights[m] <= most * heights[n]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use cofactor_core::Polarity;

    use super::*;

    fn found(
        mzs: &[f64],
        heights: &[f64],
        charge: u8,
        window: Option<IsolationWindow>,
    ) -> Vec<bool> {
        let precursor = Precursor {
            mz: 450.3207,
            charge,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: None,
        };
        isotopologues(mzs, heights, &precursor, window)
    }

    #[test]
    fn a_chain_of_isotopologues_is_found() {
        let mzs = [339.2676, 340.2716, 414.2996, 415.3032, 416.3066];
        assert_eq!(
            found(&mzs, &[13.0, 3.5, 100.0, 29.0, 4.0], 1, None),
            [false, true, false, true, true]
        );
    }

    #[test]
    fn a_hydrogen_atom_more_or_too_much_signal_is_a_fragment() {
        assert_eq!(found(&[414.2996, 415.3074], &[100.0, 29.0], 1, None), [false; 2]);
        assert_eq!(found(&[91.0542, 92.0576], &[100.0, 40.0], 1, None), [false; 2]);
    }

    #[test]
    fn a_window_without_the_heavier_precursor_shows_none() {
        let narrow = IsolationWindow { lower: 449.8, upper: 450.8 };
        assert_eq!(found(&[414.2996, 415.3032], &[100.0, 29.0], 1, Some(narrow)), [false; 2]);
    }

    #[test]
    fn fragments_of_several_charges_are_spaced_more_narrowly() {
        assert_eq!(found(&[300.0, 300.5017], &[100.0, 40.0], 2, None), [false, true]);
        assert_eq!(found(&[300.0, 300.5017], &[100.0, 40.0], 1, None), [false; 2]);
    }
}
