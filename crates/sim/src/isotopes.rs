//! Isotopologues of a compound whose formula is not known: carbon-13 only, at a typical carbon
//! content.

use cofactor_core::ion::C13_SPACING;

/// Natural abundance of carbon-13.
const C13: f64 = 0.0107;

/// Da a carbon atom of a small molecule, hydrogen and heteroatoms included.
const DA_PER_CARBON: f64 = 15.0;

/// Peaks of a singly charged ion as (m/z, intensity relative to the monoisotopic peak), the
/// monoisotopic one first, then `extra` isotopologues. Binomial in the number of carbons.
pub fn isotopologues(mz: f64, extra: u8) -> Vec<(f64, f64)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_carbons_give_the_binomial_ratios() {
        let peaks = isotopologues(300.0, 2);
        let q = 0.0107_f64 / 0.9893;
        assert!((peaks[1].1 - 20.0 * q).abs() < 1e-12);
        assert!((peaks[2].1 - 190.0 * q * q).abs() < 1e-12);
        assert!((peaks[2].0 - 300.0 - 2.0 * C13_SPACING).abs() < 1e-12);
    }

    #[test]
    fn there_are_no_more_heavy_atoms_than_atoms() {
        assert_eq!(isotopologues(15.0, 3)[2].1, 0.0);
    }
}
