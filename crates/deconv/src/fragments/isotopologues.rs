//! Isotopologues of fragments: a wide isolation window holds heavier isotopologues of the precursor
//! too, and so a fragment shows them.
//!
//! A fragment is taken for an isotopologue where another one lies one neutron below and is at least
//! as much higher as carbon asks for, of which an ion has at most as much as its mass allows.

use cofactor_chem::C13_SPACING;
use cofactor_chem::carbon::highest_ratio;
use cofactor_core::{IsolationWindow, Precursor};

/// How much higher than that an isotopologue may be measured, as a factor and in relation to the
/// lighter fragment.
const LENIENCE: (f64, f64) = (1.3, 0.03);
/// m/z accuracy that tells ¹³C (1.0034) from a hydrogen atom (1.0078).
const PPM: f64 = 5.0;
/// … and at low m/z, Th.
const LEAST: f64 = 0.0008;

/// Which of the fragments (m/z ascending, with heights) are isotopologues of another one.
pub(crate) fn isotopologues(
    mzs: &[f64],
    heights: &[f64],
    precursor: &Precursor,
    window: Option<IsolationWindow>,
) -> Vec<bool> {
    let next = precursor.mz + C13_SPACING / f64::from(precursor.charge.max(1));
    let mut is_one = vec![false; mzs.len()];
    if window.is_some_and(|window| !window.contains(next)) {
        return is_one;
    }
    for charge in 1..=precursor.charge.max(1) {
        for (m, &mz) in mzs.iter().enumerate() {
            let below = mz - C13_SPACING / f64::from(charge);
            let half = (PPM * 1e-6 * mz).max(LEAST);
            let from = mzs.partition_point(|&other| other < below - half);
            let lighter = (from..m).take_while(|&other| mzs[other] <= below + half);
            let most = LENIENCE.0 * highest_ratio(below * f64::from(charge)) + LENIENCE.1;
            is_one[m] |= lighter.into_iter().any(|other| heights[m] <= most * heights[other]);
        }
    }
    is_one
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
