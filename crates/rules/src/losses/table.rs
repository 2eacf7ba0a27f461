//! The table: how many compounds of a library show each neutral loss.

use std::collections::{BTreeSet, HashMap, HashSet};

use cofactor_chem::{ELECTRON_MASS, Formula};
use cofactor_core::Polarity;

use super::atoms::{Atoms, Counts};
use super::compounds::{LeftOut, LibraryCompound, compounds, species};
use crate::packs::{Name, SCHEMA};
use crate::spectra::LibrarySpectrum;
use crate::tuning::{ANNOTATION_DA, ANNOTATION_PPM, LEAST_INTENSITY, RARE_LOSS};

/// How many compounds of a library show each neutral loss between ions of one spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct LossTable {
    polarity: Polarity,
    compounds: usize,
    records: usize,
    /// Fewest compounds that show a loss of the table.
    fewest: usize,
    /// By mass, ascending.
    losses: Vec<(Formula, usize)>,
    left_out: LeftOut,
}

/// A library without a compound that shows losses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no record of {species} has a formula and a fragment that it explains; records left out: \
     {left_out}"
)]
pub struct NoLosses {
    species: &'static str,
    left_out: LeftOut,
}

impl LossTable {
    /// Counts the losses of [M+H]+ or [M-H]- in the records of a library that have a formula.
    ///
    /// An ion is the precursor, or a peak that is a part of its formula. Every difference of two
    /// ions of a compound that is a formula counts once for this compound.
    ///
    /// # Errors
    /// If no compound shows a loss.
    pub fn new(library: &[LibrarySpectrum], polarity: Polarity) -> Result<Self, NoLosses> {
        let (found, mut left_out) = compounds(library, polarity);
        let (mut compounds, mut records) = (0_usize, 0);
        let mut counts: HashMap<Vec<(&'static str, u32)>, usize> = HashMap::new();
        for compound in &found {
            let atoms = Atoms::new(&compound.ion);
            let ions = ions(compound, &atoms, polarity);
            if ions.len() < 2 {
                left_out.fragments += compound.records.len();
                continue;
            }
            compounds += 1;
            records += compound.records.len();
            for loss in losses(&ions) {
                *counts.entry(atoms.named(&loss)).or_default() += 1;
            }
        }
        if compounds == 0 {
            return Err(NoLosses { species: species(polarity), left_out });
        }
        let fewest = compounds.div_ceil(RARE_LOSS);
        counts.retain(|_, count| *count >= fewest);
        Ok(Self { polarity, compounds, records, fewest, losses: by_mass(counts), left_out })
    }

    /// The losses with the number of compounds that show each, by mass.
    pub fn losses(&self) -> &[(Formula, usize)] {
        &self.losses
    }

    /// The records that say nothing of losses.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// A rule file with the table.
    pub fn rule_file(&self, name: &Name) -> String {
        let Self { polarity, compounds, records, fewest, .. } = self;
        let polarity = polarity.name().to_ascii_lowercase();
        let name = name.as_str();
        let species = species(self.polarity);
        let mut text = format!(
            "schema = {SCHEMA}\n\
             name = \"{name}\"\n\
             description = \"Neutral losses between ions of one spectrum: {compounds} compounds, \
             {records} records of {species}\"\n\n\
             [[rule]]\n\
             id = \"losses\"\n\
             kind = \"loss-statistics\"\n\
             polarity = \"{polarity}\"\n\
             charge = [1]\n\
             tolerance = \"5 ppm, 0.002 Da\"\n\
             # Losses of 4 to 14 and of 21 to 25 Da are illogical (McLafferty and Turecek 1993).\n\
             impossible = [[3.5, 14.5], [20.5, 25.5]]\n\
             text = '''\n\
             # loss, compounds that show it, if at least {fewest}\n"
        );
        for (loss, compounds) in &self.losses {
            text += &format!("{loss} {compounds}\n");
        }
        text + "'''\n"
    }
}

/// The ions of a compound, with what each is made of.
fn ions(compound: &LibraryCompound<'_>, atoms: &Atoms, polarity: Polarity) -> BTreeSet<Counts> {
    let mut ions = BTreeSet::from([atoms.counts().clone()]);
    for record in &compound.records {
        let base = record.peaks.iter().map(|peak| peak.intensity).fold(0.0, f64::max);
        for peak in record.peaks.iter().filter(|peak| peak.intensity >= LEAST_INTENSITY * base) {
            let mass = peak.mz + f64::from(polarity.sign()) * ELECTRON_MASS;
            let tolerance = (peak.mz * ANNOTATION_PPM * 1e-6).max(ANNOTATION_DA);
            ions.extend(atoms.fragment(mass, tolerance));
        }
    }
    ions
}

/// The differences of ions that are a part of the heavier one.
fn losses(ions: &BTreeSet<Counts>) -> HashSet<Counts> {
    let ions: Vec<&Counts> = ions.iter().collect();
    let mut losses = HashSet::new();
    let mut loss = Counts::new();
    for (place, whole) in ions.iter().enumerate() {
        // A part of an ion stands before it.
        for part in &ions[..place] {
            if whole.iter().zip(*part).all(|(whole, part)| whole >= part) {
                loss.clear();
                loss.extend(whole.iter().zip(*part).map(|(whole, part)| whole - part));
                if !losses.contains(&loss) {
                    losses.insert(loss.clone());
                }
            }
        }
    }
    losses
}

fn by_mass(counts: HashMap<Vec<(&'static str, u32)>, usize>) -> Vec<(Formula, usize)> {
    let formula = |(atoms, count): (Vec<(&str, u32)>, usize)| {
        let atoms = atoms.into_iter().map(|(symbol, n)| (symbol, i64::from(n)));
        Some((Formula::from_counts(atoms)?, count))
    };
    let mut losses: Vec<(Formula, usize)> = counts.into_iter().filter_map(formula).collect();
    losses.sort_by(|(a, _), (b, _)| {
        a.mass().total_cmp(&b.mass()).then_with(|| a.to_string().cmp(&b.to_string()))
    });
    losses
}

#[cfg(test)]
mod tests {
    use cofactor_core::Precursor;

    use super::*;
    use crate::{Registry, RuleSource, read_library};

    /// A record of [M+H]+.
    fn record(name: &str, formula: &str, mzs: &[f64]) -> String {
        let peaks: String = mzs.iter().map(|mz| format!("{mz} 100\n")).collect();
        format!(
            "NAME: {name}\nADDUCT: [M+H]+\nFORMULA: {formula}\nNum Peaks: {}\n{peaks}\n",
            mzs.len()
        )
    }

    /// Ethanol and two records of methanol.
    fn alcohols() -> String {
        record("ethanol", "C2H6O", &[19.0178, 29.0386, 47.0491])
            + &record("methanol", "CH4O", &[15.0229, 17.5])
            + &record("methanol", "CH4O", &[31.0178])
    }

    fn table(library: &str, polarity: Polarity) -> LossTable {
        LossTable::new(&read_library(library).unwrap(), polarity).unwrap()
    }

    fn told(table: &LossTable) -> Vec<String> {
        table.losses().iter().map(|(loss, count)| format!("{loss} {count}")).collect()
    }

    #[test]
    fn a_loss_counts_once_a_compound_between_any_ions_of_it() {
        let table = table(&alcohols(), Polarity::Positive);
        // CH3+ and CH3O+ are in different records of methanol.
        assert_eq!(told(&table), ["H2 1", "O 1", "H2O 2", "C2H4 1"]);
        assert_eq!((table.compounds, table.records), (2, 3));
    }

    #[test]
    fn anions_have_an_electron_more_and_weak_peaks_are_no_ions() {
        let library = "NAME: acetic acid\nADDUCT: [M-H]-\nFORMULA: C2H4O2\nNum Peaks: 3\n\
             15.0240 100\n41.0033 2\n31.0189 0.9\n";
        assert_eq!(told(&table(library, Polarity::Negative)), ["H2O 1", "CO2 1"]);
    }

    #[test]
    fn losses_of_few_compounds_are_left_out_of_large_tables() {
        let mut library: String =
            (0..RARE_LOSS).map(|n| record(&n.to_string(), "CH4O", &[15.0229])).collect();
        library += &record("nitrogen", "CH4N2", &[30.0338]);
        let table = table(&library, Polarity::Positive);
        assert_eq!((table.fewest, told(&table)), (2, vec![format!("H2O {RARE_LOSS}")]));
    }

    #[test]
    fn the_rule_file_is_one_and_knows_the_losses() {
        let name = Name::try_from("alcohols".to_owned()).unwrap();
        let text = table(&alcohols(), Polarity::Positive).rule_file(&name);
        assert!(text.contains("2 compounds, 3 records of [M+H]+"), "{text}");
        let source = RuleSource::new("alcohols.toml", text);
        let rules = Registry::builtin().load(&[source]).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(rules.rules().next().map(|rule| rule.id.as_str()), Some("alcohols/losses"));
        let precursor = Precursor {
            mz: 200.0,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: None,
        };
        let ions = [crate::SpectrumIon { mz: 200.0, weight: 1.0 }];
        assert!(rules.odds(&precursor, &ions, 200.0 - 18.0106).unwrap() > 2.0);
        assert!(rules.is_impossible(&precursor, 191.0));
        let anion = Precursor { polarity: Polarity::Negative, ..precursor };
        assert_eq!(rules.odds(&anion, &ions, 200.0 - 18.0106), None);
    }

    #[test]
    fn a_library_without_losses_says_why() {
        let library = record("alone", "CH4O", &[17.5]) + &record("unknown", "?", &[15.0229]);
        let library = read_library(&library).unwrap();
        let error = LossTable::new(&library, Polarity::Positive).unwrap_err().to_string();
        assert_eq!(
            error,
            "no record of [M+H]+ has a formula and a fragment that it explains; records left out: \
             1 without a formula that can be read, 1 without a fragment that the formula explains"
        );
        let error = LossTable::new(&library, Polarity::Negative).unwrap_err().to_string();
        assert!(error.ends_with("2 of another or no ion species"), "{error}");
    }
}
