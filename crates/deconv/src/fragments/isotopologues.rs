//! Isotopologues of fragments: a wide isolation window holds heavier isotopologues of the precursor
//! too, and so a fragment shows them.
//!
//! A fragment is taken for an isotopologue where another one lies as far below as an element has a
//! heavier isotope, and is at least as much higher as carbon or the pattern of the precursor asks
//! for.

use cofactor_chem::C13_SPACING;
use cofactor_chem::carbon::highest_ratio;
use cofactor_chem::isotopes::{MAX_NUCLEONS, nucleon_steps};
use cofactor_core::{Feature, IsolationWindow};

use crate::tuning::{
    ISOTOPOLOGUE_EXCESS, ISOTOPOLOGUE_LEAST_TH, ISOTOPOLOGUE_LENIENCE, ISOTOPOLOGUE_PPM,
};

/// Which of the fragments (m/z ascending, with heights) of a precursor are isotopologues of another
/// one.
pub(crate) fn isotopologues(
    mzs: &[f64],
    heights: &[f64],
    feature: &Feature,
    window: Option<IsolationWindow>,
) -> Vec<bool> {
    let precursor = &feature.precursor;
    let charges = precursor.charge.max(1);
    let mut found = vec![false; mzs.len()];
    let let_in = |number: &u8| {
        let heavier = precursor.mz + f64::from(*number) * C13_SPACING / f64::from(charges);
        window.is_none_or(|window| window.contains(heavier))
    };
    for number in (1..=MAX_NUCLEONS).take_while(let_in) {
        let (lightest, heaviest) = nucleon_steps(number);
        let seen = seen_ratio(feature, number);
        for charge in (1..=charges).map(f64::from) {
            for (m, &mz) in mzs.iter().enumerate() {
                let half = (ISOTOPOLOGUE_PPM * 1e-6 * mz).max(ISOTOPOLOGUE_LEAST_TH);
                let first = mzs.partition_point(|&mz2| mz2 < mz - heaviest / charge - half);
                let carbon = carbon_ratio(mz * charge, number);
                let most = ISOTOPOLOGUE_LENIENCE * carbon.max(seen) + ISOTOPOLOGUE_EXCESS;
                found[m] |= (first..m)
                    .take_while(|&n| mzs[n] <= mz - lightest / charge + half)
                    .any(|n| heights[m] <= most * heights[n]);
            }
        }
    }
    found
}

/// The most that M+`number` of an ion of `mass` Da is by carbon, relative to M.
fn carbon_ratio(mass: f64, number: u8) -> f64 {
    (1..=number).map(|n| highest_ratio(mass) / f64::from(n)).product()
}

/// How high M+`number` of the precursor is in MS1, relative to M: a fragment that keeps chlorine or
/// sulphur shows as much.
fn seen_ratio(feature: &Feature, number: u8) -> f64 {
    let height = |number: u8| {
        let found = feature.isotopologues.iter().find(|peak| peak.number == number);
        found.map(|peak| peak.height)
    };
    match (height(0), height(number)) {
        (Some(first), Some(peak)) if first > 0.0 => peak / first,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::Isotopologue;

    use super::*;
    use crate::plan::blocks::tests::feature;

    fn found(
        mzs: &[f64],
        heights: &[f64],
        charge: u8,
        window: Option<IsolationWindow>,
    ) -> Vec<bool> {
        let mut feature = feature(1, 450.3207, 100.0, 5.0);
        feature.precursor.charge = charge;
        isotopologues(mzs, heights, &feature, window)
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
    fn a_fragment_that_keeps_chlorine_shows_it_as_the_precursor_does() {
        let peak = |number, height| Isotopologue { number, trace: 0, mz: 300.0, height };
        let mut chlorinated = feature(1, 300.0, 100.0, 5.0);
        let (mzs, heights) = ([150.0, 151.997, 200.0], [100.0, 32.0, 10.0]);
        assert_eq!(isotopologues(&mzs, &heights, &chlorinated, None), [false; 3]);
        chlorinated.isotopologues = vec![peak(0, 100.0), peak(2, 33.0)];
        assert_eq!(isotopologues(&mzs, &heights, &chlorinated, None), [false, true, false]);
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
