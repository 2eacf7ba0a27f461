//! Neutral molecules that ions of small molecules often lose.

/// Mass of water in Da.
pub const WATER_MASS: f64 = 18.010_564_684_03;

/// Common losses as (formula, mass in Da).
pub const COMMON_LOSSES: [(&str, f64); 7] = [
    ("H2O", WATER_MASS),
    ("NH3", 17.026_549_101_12),
    ("CO", 27.994_914_619_57),
    ("C2H4", 28.031_300_128_92),
    ("CO2", 43.989_829_239_14),
    ("HCOOH", 46.005_479_303_6),
    ("C2H2O", 42.010_564_684_03),
];

/// Losses of molecules that have the groups or elements for them.
pub const LOSSES_OF_GROUPS: [&str; 24] = [
    "CH3OH", "HCN", "HNCO", "CH4", "C2H5OH", "C3H6", "C4H8", "C2H4O2", "CH3NH2", "C2H7N", "HF",
    "HCl", "HBr", "HI", "Cl", "Br", "NO2", "H2S", "CH3SH", "SO2", "SO3", "HPO3", "H3PO4",
    "C2H6OSi",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Formula;

    #[test]
    fn losses_of_groups_are_formulas() {
        assert!(LOSSES_OF_GROUPS.iter().all(|text| text.parse::<Formula>().is_ok()));
    }

    #[test]
    fn masses_are_those_of_the_formulas() {
        for (text, mass) in COMMON_LOSSES {
            let formula: Formula = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!((formula.mass() - mass).abs() < 1e-11, "{text}: {}", formula.mass());
        }
    }
}
