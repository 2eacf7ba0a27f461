//! The compounds of a library whose ions are known.

use std::collections::BTreeMap;
use std::fmt;

use cofactor_chem::ion::ion_mz;
use cofactor_chem::{Formula, same_adduct};
use cofactor_core::Polarity;

use crate::spectra::LibrarySpectrum;
use crate::tuning::PRECURSOR_WITHIN;

/// The records of one compound.
#[derive(Debug)]
pub(super) struct LibraryCompound<'l> {
    /// The atoms of the ion that was fragmented.
    pub(super) ion: Formula,
    pub(super) records: Vec<&'l LibrarySpectrum>,
}

/// Records of a library that say nothing of losses, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// They are of another ion species, or do not say of which.
    pub species: usize,
    /// They have no formula, or one that cannot be read.
    pub formula: usize,
    /// Their formula has isotopes.
    pub isotopes: usize,
    /// Their precursor has another m/z than their formula.
    pub mz: usize,
    /// No fragment of their compound is explained by its formula.
    pub fragments: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = [
            (self.species, "of another or no ion species"),
            (self.formula, "without a formula that can be read"),
            (self.isotopes, "of a formula with isotopes"),
            (self.mz, "whose precursor has not the m/z of the formula"),
            (self.fragments, "without a fragment that the formula explains"),
        ];
        let given = reasons.iter().filter(|(records, _)| *records > 0);
        let told: Vec<String> =
            given.map(|(records, reason)| format!("{records} {reason}")).collect();
        f.write_str(if told.is_empty() { "none" } else { "" })?;
        f.write_str(&told.join(", "))
    }
}

/// The ion species whose fragments are counted.
pub(super) fn species(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Positive => "[M+H]+",
        Polarity::Negative => "[M-H]-",
    }
}

/// The compounds of which there are records of the ion species, by the first block of the InChIKey
/// or else the name, and the formula.
pub(super) fn compounds<'l>(
    library: &'l [LibrarySpectrum],
    polarity: Polarity,
) -> (Vec<LibraryCompound<'l>>, LeftOut) {
    let mut left_out = LeftOut::default();
    let mut found: BTreeMap<(&str, String), LibraryCompound<'l>> = BTreeMap::new();
    for record in library {
        let Some(ion) = ion(record, polarity, &mut left_out) else { continue };
        let inchikey = record.inchikey.as_deref().and_then(|key| key.split('-').next());
        let key = (inchikey.unwrap_or(&record.name), ion.to_string());
        let compound =
            found.entry(key).or_insert_with(|| LibraryCompound { ion, records: Vec::new() });
        compound.records.push(record);
    }
    (found.into_values().collect(), left_out)
}

/// The atoms of the ion of a record; counts why there are none.
fn ion(record: &LibrarySpectrum, polarity: Polarity, left_out: &mut LeftOut) -> Option<Formula> {
    let is_species = |adduct: &str| same_adduct(adduct, species(polarity));
    if !record.adduct.as_deref().is_some_and(is_species) {
        left_out.species += 1;
        return None;
    }
    let formula = record.formula.as_deref().and_then(|text| text.parse::<Formula>().ok());
    let hydrogen = Formula::from_counts([("H", 1)])?;
    let charged = |formula| Formula::sum(&[(1, &formula), (polarity.sign(), &hydrogen)]);
    let Some(ion) = formula.and_then(charged) else {
        left_out.formula += 1;
        return None;
    };
    if ion.atoms().any(|(_, isotope, _)| isotope.is_some()) {
        left_out.isotopes += 1;
        return None;
    }
    let mz = ion_mz(ion.mass(), 1, polarity);
    if record.precursor_mz.is_some_and(|written| (written - mz).abs() > PRECURSOR_WITHIN) {
        left_out.mz += 1;
        return None;
    }
    Some(ion)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(keys: &str) -> LibrarySpectrum {
        let text = format!("NAME: a\n{keys}\nNum Peaks: 0\n");
        crate::read_library(&text).unwrap().remove(0)
    }

    #[test]
    fn records_of_one_compound_are_together() {
        let ion = "ADDUCT: [M+H]1+\nFORMULA: CH4O";
        let library = [
            record(&format!("{ion}\nINCHIKEY: OKKJLVBELUTLKV-UHFFFAOYSA-N")),
            record(&format!("{ion}\nINCHIKEY: OKKJLVBELUTLKV-MICDWDOJSA-N")),
            record(ion),
            record(&format!("{ion}\nPRECURSORMZ: 33.03")),
            record("ADDUCT: [M+H]+\nFORMULA: C2H6O"),
        ];
        let (compounds, left_out) = compounds(&library, Polarity::Positive);
        let found: Vec<_> = compounds
            .iter()
            .map(|compound| (compound.ion.to_string(), compound.records.len()))
            .collect();
        let expected = [("CH5O", 2), ("C2H7O", 1), ("CH5O", 2)];
        assert_eq!(found, expected.map(|(ion, records)| (ion.to_owned(), records)));
        assert_eq!(left_out.to_string(), "none");
    }

    #[test]
    fn what_is_left_out_is_counted_by_reason() {
        let library = [
            record("FORMULA: CH4O"),
            record("ADDUCT: [M+H]+\nFORMULA: CH4O"),
            record("ADDUCT: [M-H]-"),
            record("ADDUCT: [M-H]-\nFORMULA: C3H9N+"),
            record("ADDUCT: [M-H]-\nFORMULA: CCl4"),
            record("ADDUCT: [M-H]-\nFORMULA: CD3OH"),
            record("ADDUCT: [M-H]-\nFORMULA: CH4O\nPRECURSORMZ: 45.0"),
        ];
        let (compounds, left_out) = compounds(&library, Polarity::Negative);
        assert!(compounds.is_empty());
        let expected = LeftOut { species: 2, formula: 3, isotopes: 1, mz: 1, fragments: 0 };
        assert_eq!(left_out, expected);
        assert_eq!(
            left_out.to_string(),
            "2 of another or no ion species, 3 without a formula that can be read, 1 of a formula \
             with isotopes, 1 whose precursor has not the m/z of the formula"
        );
    }
}
