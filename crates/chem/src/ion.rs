//! From the m/z of ions to masses, and back.

use cofactor_core::{Polarity, Precursor};

use crate::adduct::Adduct;
use crate::mass::{ELECTRON_MASS, PROTON_MASS};

/// m/z of atoms of `mass` Da that lack `charge` electrons, or have so many too many.
pub fn ion_mz(mass: f64, charge: u8, polarity: Polarity) -> f64 {
    let charge = f64::from(charge.max(1));
    (mass - f64::from(polarity.sign()) * charge * ELECTRON_MASS) / charge
}

/// m/z of a molecule of `mass` Da that carries or lacks `charge` protons.
pub fn protonated_mz(mass: f64, charge: u8, polarity: Polarity) -> f64 {
    mass / f64::from(charge.max(1)) + f64::from(polarity.sign()) * PROTON_MASS
}

/// Mass in Da of the molecule whose ion carries as many protons as it has charges, or lacks them.
fn protonated_mass(precursor: &Precursor) -> f64 {
    f64::from(precursor.charge.max(1))
        * (precursor.mz - f64::from(precursor.polarity.sign()) * PROTON_MASS)
}

/// Mass in Da of the ion: no fragment of it weighs more.
pub fn ion_mass(precursor: &Precursor) -> f64 {
    precursor.mz * f64::from(precursor.charge.max(1))
}

/// Mass in Da of the neutral molecule of a precursor: through `adduct` where it is given, else the
/// precursor's own adduct, else as carrying (or lacking) protons. `None` if the precursor cannot be
/// that ion.
pub fn neutral_mass(precursor: &Precursor, adduct: Option<&Adduct>) -> Option<f64> {
    if let Some(adduct) = adduct {
        return adduct.may_be(precursor).then(|| adduct.neutral_mass(precursor.mz));
    }
    let known = precursor.adduct.as_deref().and_then(|name| name.parse::<Adduct>().ok());
    Some(match known {
        Some(known) if known.charge() == precursor.charge => known.neutral_mass(precursor.mz),
        _ => protonated_mass(precursor),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neutral_mass_uses_what_is_known() {
        let adduct = |text: &str| text.parse::<Adduct>().unwrap();
        let bare = Precursor {
            mz: 203.0526,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: None,
        };
        let sodium = Precursor { adduct: Some("[M+Na]+".into()), ..bare.clone() };
        let mass =
            |precursor, given: Option<&Adduct>| neutral_mass(precursor, given).map(f64::round);
        assert_eq!(mass(&bare, None), Some(202.0));
        assert_eq!(mass(&sodium, None), Some(180.0));
        assert_eq!(mass(&bare, Some(&adduct("[M+Na]+"))), Some(180.0));
        assert_eq!(mass(&sodium, Some(&adduct("[M+H]+"))), None);
        assert_eq!(mass(&bare, Some(&adduct("[M-H]-"))), None);
    }
}
