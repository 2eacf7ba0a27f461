//! The ions that a molecule is seen as, and how often.

use cofactor_chem::Adduct;
use cofactor_core::Polarity;

/// An ion species with the share of molecules of which it is seen where the main one is. The shares
/// are rough: the accuracy of masses decides, they only weigh readings of the same ions.
pub(super) struct Species {
    pub(super) adduct: Adduct,
    pub(super) share: f64,
    /// Made in the source by a loss.
    pub(super) in_source: bool,
}

const POSITIVE: [(&str, f64); 23] = [
    ("[M+H]+", 0.9),
    ("[M+Na]+", 0.3),
    ("[M+K]+", 0.1),
    ("[M+NH4]+", 0.1),
    ("[M+H-H2O]+", 0.15),
    ("[M+H-NH3]+", 0.1),
    ("[M+H-CO]+", 0.02),
    ("[M+H-CH2O2]+", 0.05),
    ("[M+H-C2H2O]+", 0.03),
    ("[M+H-CO2]+", 0.02),
    ("[M+H-CH4O]+", 0.03),
    ("[M+H-C2H4O2]+", 0.03),
    ("[M+H-2H2O]+", 0.04),
    ("[M+H-CH3]+", 0.02),
    ("[M+H-CH4]+", 0.02),
    ("[M+H-HF]+", 0.02),
    ("[2M+H]+", 0.05),
    ("[2M+Na]+", 0.05),
    ("[M+2H]2+", 0.03),
    ("[M+H+Na]2+", 0.01),
    ("[M-H+2Na]+", 0.03),
    ("[M+ACN+H]+", 0.02),
    ("[M+ACN+Na]+", 0.01),
];

const NEGATIVE: [(&str, f64); 13] = [
    ("[M-H]-", 0.9),
    ("[M+Cl]-", 0.15),
    ("[M+HCOO]-", 0.2),
    ("[M+CH3COO]-", 0.1),
    ("[M-H-H2O]-", 0.08),
    ("[M-H-CO2]-", 0.08),
    ("[M-H-NH3]-", 0.02),
    ("[M-H-CH4O]-", 0.02),
    ("[M-CH3]-", 0.02),
    ("[2M-H]-", 0.08),
    ("[M-2H]2-", 0.03),
    ("[M-2H+Na]-", 0.03),
    ("[2M-2H+Na]-", 0.02),
];

/// The species of a polarity, the protonated or deprotonated molecule first.
pub(super) fn species(polarity: Polarity) -> Vec<Species> {
    let table: &[(&str, f64)] = match polarity {
        Polarity::Positive => &POSITIVE,
        Polarity::Negative => &NEGATIVE,
    };
    let parsed = table.iter().filter_map(|&(name, share)| {
        let adduct: Adduct = name.parse().ok()?;
        let in_source = ["+H-", "-H-", "M-C"].iter().any(|loss| name.contains(loss));
        Some(Species { adduct, share, in_source })
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_species_is_read_and_losses_are_of_the_source() {
        let (positive, negative) = (species(Polarity::Positive), species(Polarity::Negative));
        assert_eq!((positive.len(), negative.len()), (POSITIVE.len(), NEGATIVE.len()));
        let lost = |all: &[Species]| all.iter().filter(|s| s.in_source).count();
        assert_eq!((lost(&positive), lost(&negative)), (12, 5));
        assert!((positive[4].adduct.mz(180.063_39) - 163.060_1).abs() < 1e-3);
        // Phosphatidylcholine 34:2.
        assert!((negative[8].adduct.mz(757.562_12) - 742.539_2).abs() < 1e-3);
    }
}
