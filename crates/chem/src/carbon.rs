//! Isotopologues of an ion whose formula is not known: carbon only, by its mass.
//!
//! Of the elements of small molecules carbon has by far the most of a heavier isotope, and what an
//! ion can hold of it is bounded by its mass.

use crate::mass::C13_SPACING;

/// Natural abundance of ¹³C.
const C13: f64 = 0.0107;

/// Da a carbon atom of a small molecule, hydrogen and heteroatoms included.
const DA_PER_CARBON: f64 = 15.0;

/// Mass in Da of a carbon atom: no ion has more than one for each of these.
const CARBON_MASS: f64 = 12.0;

/// Peaks of a singly charged ion as (m/z, intensity relative to the monoisotopic peak), the
/// monoisotopic one first, then `extra` isotopologues. Binomial in the number of carbons that is
/// typical of this m/z.
pub fn typical_isotopologues(mz: f64, extra: u8) -> Vec<(f64, f64)> {
    let carbons = (mz / DA_PER_CARBON).round().max(1.0);
    let mut peaks = vec![(mz, 1.0)];
    let mut ratio = 1.0;
    for number in 1..=extra {
        let n = f64::from(number);
        ratio *= ((carbons - n + 1.0) / n).max(0.0) * C13 / (1.0 - C13);
        peaks.push((mz + n * C13_SPACING, ratio));
    }
    peaks
}

/// The most that M+1 of an ion of `mass` Da can be relative to M: that of an ion of carbon alone.
/// M+n is at most the n-th power of it, divided by n!.
pub fn highest_ratio(mass: f64) -> f64 {
    mass / CARBON_MASS * C13 / (1.0 - C13)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Formula;
    use crate::elements::isotopes;
    use crate::isotopes::isotope_pattern;

    #[test]
    fn the_constants_are_those_of_the_table_of_elements() {
        let carbon: Vec<_> = isotopes("C").expect("an element").collect();
        assert_eq!((carbon[0].mass, carbon[1].abundance), (CARBON_MASS, C13));
        assert!((carbon[0].abundance - (1.0 - C13)).abs() < 1e-15);
    }

    #[test]
    fn twenty_carbons_give_the_binomial_ratios() {
        let peaks = typical_isotopologues(300.0, 2);
        let q = 0.0107_f64 / 0.9893;
        assert!((peaks[1].1 - 20.0 * q).abs() < 1e-12);
        assert!((peaks[2].1 - 190.0 * q * q).abs() < 1e-12);
        assert!((peaks[2].0 - 300.0 - 2.0 * C13_SPACING).abs() < 1e-12);
    }

    #[test]
    fn there_are_no_more_heavy_atoms_than_atoms() {
        assert_eq!(typical_isotopologues(15.0, 3)[2].1, 0.0);
    }

    #[test]
    fn no_molecule_of_carbon_hydrogen_nitrogen_and_oxygen_is_above_the_highest_ratio() {
        for text in ["C60", "C18H12", "C19H28O2", "C8H10N4O2", "C6H12O6"] {
            let formula: Formula = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            let pattern = isotope_pattern(&formula, 0.0);
            let ratio = pattern[1].abundance / pattern[0].abundance;
            let highest = highest_ratio(formula.mass());
            assert!(ratio < highest * (1.0 + 1e-12), "{text}: {ratio} {highest}");
        }
    }
}
