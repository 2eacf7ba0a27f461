//! The isotope pattern of a formula: M, M+1, M+2 … with their masses and abundances.
//!
//! Isotopologues of the same number of nucleons are one peak, at the mean of their masses: that is
//! how they show unless the resolving power tells ¹³C from ¹⁵N.

use crate::elements;
use crate::formula::Formula;
use crate::mass::C13_SPACING;

/// Nucleons that isotopologues of small molecules have more than the monoisotopic one, at most.
pub const MAX_NUCLEONS: u8 = 4;

/// Steps in Da from M to the lightest and the heaviest isotopologue with `number` more nucleons
/// (from 1): ¹⁵N, ³⁴S, both ³⁴S and ¹³C, two ³⁴S; as many ¹³C. Chlorine, bromine, silicon,
/// potassium and oxygen lie in between. Steps of less abundant combinations are left out.
pub fn nucleon_steps(number: u8) -> (f64, f64) {
    let lightest = match number {
        1 => NITROGEN15,
        2 => SULPHUR34,
        3 => SULPHUR34 + C13_SPACING,
        _ => 2.0 * SULPHUR34 + f64::from(number.saturating_sub(4)) * C13_SPACING,
    };
    (lightest, f64::from(number) * C13_SPACING)
}

/// ¹⁵N over ¹⁴N, Da.
const NITROGEN15: f64 = 0.997_034_885_5;
/// ³⁴S over ³²S, Da.
const SULPHUR34: f64 = 1.995_795_825_6;

/// Peaks of less than this share of a pattern are dropped while it is put together.
const NEGLIGIBLE: f64 = 1e-14;

/// All isotopologues of a molecule that have the same number of nucleons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IsotopePeak {
    /// Nucleons above those of the monoisotopic molecule: 1 for M+1. Below 0 where an element has
    /// isotopes that are lighter than its most abundant one, such as boron.
    pub nucleons: i32,
    /// Mean mass in Da of the neutral molecules.
    pub mass: f64,
    /// Share of all molecules.
    pub abundance: f64,
}

/// The peaks of a formula whose abundance is at least `least`, ascending in mass. Atoms of a given
/// isotope are that isotope; the others are as abundant as in nature.
pub fn isotope_pattern(formula: &Formula, least: f64) -> Vec<IsotopePeak> {
    let empty = vec![IsotopePeak { nucleons: 0, mass: 0.0, abundance: 1.0 }];
    let mut pattern = formula.atoms().fold(empty, |pattern, (symbol, isotope, count)| {
        joined(&pattern, &repeated(atom(symbol, isotope), count))
    });
    pattern.retain(|peak| peak.abundance >= least);
    pattern
}

/// The pattern of one atom, relative to the most abundant isotope or to that which is given.
fn atom(symbol: &str, given: Option<u16>) -> Vec<IsotopePeak> {
    let isotopes: Vec<_> = elements::isotopes(symbol)
        .into_iter()
        .flatten()
        .filter(|isotope| given.is_none_or(|given| given == isotope.nucleons))
        .collect();
    let first = isotopes.first().map_or(0, |isotope| i32::from(isotope.nucleons));
    let total: f64 = isotopes.iter().map(|isotope| isotope.abundance).sum();
    let mut peaks: Vec<IsotopePeak> = isotopes
        .iter()
        .map(|isotope| IsotopePeak {
            nucleons: i32::from(isotope.nucleons) - first,
            mass: isotope.mass,
            abundance: isotope.abundance / total,
        })
        .collect();
    peaks.sort_by_key(|peak| peak.nucleons);
    peaks
}

/// The pattern of `count` times the same, by squaring.
fn repeated(mut pattern: Vec<IsotopePeak>, mut count: u32) -> Vec<IsotopePeak> {
    let mut whole = vec![IsotopePeak { nucleons: 0, mass: 0.0, abundance: 1.0 }];
    while count > 0 {
        if count % 2 == 1 {
            whole = joined(&whole, &pattern);
        }
        count /= 2;
        if count > 0 {
            pattern = joined(&pattern, &pattern);
        }
    }
    whole
}

/// The pattern of two parts together; both ascend in nucleons.
fn joined(first: &[IsotopePeak], second: &[IsotopePeak]) -> Vec<IsotopePeak> {
    let (Some(a), Some(b)) = (first.first(), second.first()) else { return Vec::new() };
    let lowest = a.nucleons + b.nucleons;
    let highest = first.last().map_or(0, |peak| peak.nucleons)
        + second.last().map_or(0, |peak| peak.nucleons);
    let width = usize::try_from(highest - lowest).unwrap_or_default() + 1;
    // The abundance of each peak, and its mass times that.
    let mut sums = vec![(0.0, 0.0); width];
    for a in first {
        for b in second {
            let at = usize::try_from(a.nucleons + b.nucleons - lowest).unwrap_or_default();
            let share = a.abundance * b.abundance;
            sums[at].0 += share;
            sums[at].1 += share * (a.mass + b.mass);
        }
    }
    let peaks = (lowest..).zip(sums).filter(|(_, (abundance, _))| *abundance > NEGLIGIBLE);
    peaks
        .map(|(nucleons, (abundance, moment))| IsotopePeak {
            nucleons,
            mass: moment / abundance,
            abundance,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, least: f64) -> Vec<IsotopePeak> {
        let formula: Formula = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        isotope_pattern(&formula, least)
    }

    #[test]
    fn the_steps_hold_what_elements_make() {
        let mass = |symbol: &str, nucleons: u16| {
            let mut isotopes = elements::isotopes(symbol).expect("an element");
            isotopes.find(|isotope| isotope.nucleons == nucleons).expect("an isotope").mass
        };
        assert!((mass("N", 15) - mass("N", 14) - NITROGEN15).abs() < 1e-7);
        assert!((mass("S", 34) - mass("S", 32) - SULPHUR34).abs() < 1e-7);
        let texts = ["C12H8Cl2", "C10H7Br", "C8H24O4Si4", "C6H12S2", "C8H10N4O2", "C9H10BrClN2S"];
        for peaks in texts.map(|text| pattern(text, 1e-3)) {
            for peak in peaks.iter().skip(1).filter(|peak| peak.nucleons <= 4) {
                let (low, high) = nucleon_steps(peak.nucleons as u8);
                let step = peak.mass - peaks[0].mass;
                assert!((low - 2e-3..=high + 2e-4).contains(&step), "{peak:?} {step}");
            }
        }
    }

    #[test]
    fn carbon_alone_is_binomial() {
        let peaks = pattern("C20", 0.0);
        let ratio = 0.0107_f64 / 0.9893;
        assert!((peaks[1].abundance / peaks[0].abundance - 20.0 * ratio).abs() < 1e-12);
        assert!((peaks[2].abundance / peaks[0].abundance - 190.0 * ratio * ratio).abs() < 1e-12);
        assert!((peaks[2].mass - peaks[0].mass - 2.0 * crate::C13_SPACING).abs() < 1e-9);
    }

    #[test]
    fn patterns_are_those_of_the_field() {
        // Relative to the highest peak, in percent.
        for (text, expected) in [
            ("C6H12O6", vec![(0, 100.0), (1, 6.86), (2, 1.43)]),
            ("Cl2", vec![(0, 100.0), (2, 63.99), (4, 10.24)]),
            ("CBr4", vec![(0, 68.54), (2, 266.7), (4, 389.2), (6, 252.4), (8, 61.39)]),
            ("B", vec![(-1, 24.84), (0, 100.0)]),
            ("[13C]", vec![(0, 100.0)]),
        ] {
            let peaks = pattern(text, 0.001);
            let mono = peaks.iter().find(|peak| peak.nucleons == 0).expect("M").abundance;
            let scale = expected.iter().find(|peak| peak.0 == 0).expect("M").1;
            for (nucleons, percent) in expected {
                let found = peaks.iter().find(|peak| peak.nucleons == nucleons).expect("a peak");
                let relative = found.abundance / mono * scale;
                assert!((relative - percent).abs() < 0.02 * percent, "{text} {found:?} {relative}");
            }
        }
    }

    #[test]
    fn the_first_peak_is_the_monoisotopic_mass_and_abundances_add_up() {
        for text in ["C254H377N65O75S6", "C8H10N4O2", "NaCl", "D2O", "C60000H100000"] {
            let formula: Formula = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            let peaks = isotope_pattern(&formula, 0.0);
            let sum: f64 = peaks.iter().map(|peak| peak.abundance).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{text}: {sum}");
            if let Some(mono) = peaks.iter().find(|peak| peak.nucleons == 0) {
                assert!((mono.mass - formula.mass()).abs() < 1e-6, "{text}: {mono:?}");
            }
            assert!(peaks.windows(2).all(|pair| pair[0].mass < pair[1].mass), "{text}");
        }
    }
}
