//! Ions of one compound: coeluting features whose m/z differ as two adducts do.

use cofactor_core::Polarity;
use cofactor_core::ion::{ELECTRON_MASS, PROTON_MASS};

/// An ion species of charge 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adduct {
    /// Name such as `[M+Na]+`.
    pub name: &'static str,
    /// m/z of the ion minus the mass of the neutral compound.
    pub shift: f64,
}

const H: f64 = 1.007_825_031_9;
const NH4: f64 = 18.034_374_13;
const NA: f64 = 22.989_769_28;
const K: f64 = 38.963_706_49;
const H2O: f64 = 18.010_564_68;
const CL: f64 = 34.968_852_7;
const HCOO: f64 = 44.997_654_28;
const CH3COO: f64 = 59.013_304_34;

const POSITIVE: [Adduct; 5] = [
    Adduct { name: "[M+H]+", shift: PROTON_MASS },
    Adduct { name: "[M+NH4]+", shift: NH4 - ELECTRON_MASS },
    Adduct { name: "[M+Na]+", shift: NA - ELECTRON_MASS },
    Adduct { name: "[M+K]+", shift: K - ELECTRON_MASS },
    Adduct { name: "[M+H-H2O]+", shift: PROTON_MASS - H2O },
];

const NEGATIVE: [Adduct; 4] = [
    Adduct { name: "[M-H]-", shift: ELECTRON_MASS - H },
    Adduct { name: "[M+Cl]-", shift: CL + ELECTRON_MASS },
    Adduct { name: "[M+HCOO]-", shift: HCOO + ELECTRON_MASS },
    Adduct { name: "[M+CH3COO]-", shift: CH3COO + ELECTRON_MASS },
];

/// The common singly charged species of a polarity (monoisotopic masses: AME 2020); the usual one
/// first.
pub fn common_adducts(polarity: Polarity) -> &'static [Adduct] {
    match polarity {
        Polarity::Positive => &POSITIVE,
        Polarity::Negative => &NEGATIVE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn testosterone_has_its_known_ions() {
        let neutral = 288.208_930_1; // C19H28O2
        let mz = |name: &str| {
            let adduct =
                common_adducts(Polarity::Positive).iter().find(|a| a.name == name).unwrap();
            neutral + adduct.shift
        };
        assert!((mz("[M+H]+") - 289.2162).abs() < 1e-4);
        assert!((mz("[M+Na]+") - 311.1982).abs() < 1e-4);
        assert!((mz("[M+H-H2O]+") - 271.2056).abs() < 1e-4);
    }

    #[test]
    fn deprotonation_removes_a_proton() {
        assert!((common_adducts(Polarity::Negative)[0].shift + PROTON_MASS).abs() < 1e-6);
    }
}
