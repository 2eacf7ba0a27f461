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

/// Masses in Da of the atoms of a loss besides carbon and hydrogen, with the most of them and how
/// many hydrogen atoms each can bind on top of those of carbon.
const HETEROATOMS: [(f64, u32, i32); 7] = [
    (14.003_074_004_43, 6, 1),
    (15.994_914_619_57, 10, 0),
    (31.972_071_174_4, 2, 0),
    (30.973_761_998_42, 2, 1),
    (18.998_403_162_73, 6, -1),
    (34.968_852_682, 3, -1),
    (78.918_337_6, 2, -1),
];
const CARBON: f64 = 12.0;
const HYDROGEN: f64 = 1.007_825_032_23;
/// Losses from here on, Da, lie so dense that any mass is one.
const DENSE: f64 = 200.0;

/// Whether a neutral loss of `mass` Da, known to `error` Da, can be made of C, H, N, O, S, P, F, Cl
/// and Br with no more hydrogen than valences allow.
pub fn is_possible_loss(mass: f64, error: f64) -> bool {
    mass >= DENSE || fits(mass, error, &HETEROATOMS, 3)
}

/// Whether `mass` can be made of carbon, hydrogen and the `atoms`; `bound` is what hydrogen may
/// exceed twice the carbon atoms by.
fn fits(mass: f64, error: f64, atoms: &[(f64, u32, i32)], bound: i32) -> bool {
    let Some((&(atom, most, binds), others)) = atoms.split_first() else {
        return (0..=((mass + error) / CARBON).max(0.0) as i32).any(|carbon| {
            let rest = mass - f64::from(carbon) * CARBON;
            let hydrogen = (rest / HYDROGEN).round();
            (rest - hydrogen * HYDROGEN).abs() <= error
                && (0.0..=f64::from(2 * carbon + bound)).contains(&hydrogen)
        });
    };
    (0..=most).take_while(|n| f64::from(*n) * atom <= mass + error).any(|n| {
        let bound = bound + binds * i32::try_from(n).unwrap_or(0);
        fits(mass - f64::from(n) * atom, error, others, bound)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Formula;

    #[test]
    fn what_no_atoms_make_is_no_loss() {
        for (text, mass) in COMMON_LOSSES {
            assert!(is_possible_loss(mass, 0.001), "{text}");
        }
        for text in ["H3PO4", "C6H10O5", "HCl", "HBr", "SO2", "CH3", "NO2", "C2F4", "C5H9N"] {
            let formula: Formula = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(is_possible_loss(formula.mass(), 1e-4), "{text}");
        }
        for mass in [3.88, 9.0, 21.9819, 25.5, 37.9559, 5.0, 46.1] {
            assert!(!is_possible_loss(mass, 0.001), "{mass}");
        }
        let possible = (0..1000).filter(|i| is_possible_loss(20.0 + 0.08 * f64::from(*i), 5e-4));
        assert!(possible.count() < 150);
    }

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
