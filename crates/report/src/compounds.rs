//! `compounds.tsv`: one line a molecule, with its ions; and what the formats say of ions of one
//! compound and of mixtures.

use std::collections::{BTreeMap, BTreeSet};

use cofactor_core::{Compound, CompoundIx, Deconvolution, DeconvolvedFeature, Feature};
use serde::{Deserialize, Serialize};

use crate::table::{optional, table};

pub(crate) const COMPOUND_COLUMNS: [&str; 8] = [
    "compound_id",
    "neutral_mass",
    "mass_probability",
    "rt_seconds",
    "n_ions",
    "main_ion",
    "ions",
    "mixture",
];

pub(crate) fn text(result: &Deconvolution) -> String {
    let listed = Listed::new(result);
    table(&COMPOUND_COLUMNS, listed.compounds.iter().map(|compound| row(compound, &listed)))
}

/// What the spectra of a compound are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SpectrumKind {
    /// The compound alone.
    Own,
    /// A mixture of compounds.
    Mixture,
}

/// How many compounds have a spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompoundCounts {
    /// Ions of all compounds.
    pub ions: usize,
    /// Compounds with a spectrum of their own.
    pub own: usize,
    /// Other compounds with a spectrum of a mixture.
    pub mixed: usize,
    /// Compounds without a spectrum.
    pub without: usize,
}

impl CompoundCounts {
    /// Counts the compounds of a result.
    pub fn new(result: &Deconvolution) -> Self {
        let listed = Listed::new(result).compounds;
        Self::count(listed.iter().map(|compound| (compound.ions.len(), compound.spectrum())))
    }

    /// Counts compounds, each told by its number of ions and its spectrum.
    pub(crate) fn count(compounds: impl Iterator<Item = (usize, Option<SpectrumKind>)>) -> Self {
        let mut counts = Self::default();
        for (ions, spectrum) in compounds {
            counts.ions += ions;
            *match spectrum {
                Some(SpectrumKind::Own) => &mut counts.own,
                Some(SpectrumKind::Mixture) => &mut counts.mixed,
                None => &mut counts.without,
            } += 1;
        }
        counts
    }

    /// All compounds.
    pub fn all(&self) -> usize {
        self.own + self.mixed + self.without
    }
}

/// A compound with those of its ions that are listed, the main one first.
pub(crate) struct ListedCompound<'a> {
    pub(crate) position: CompoundIx,
    pub(crate) compound: &'a Compound,
    pub(crate) ions: Vec<&'a DeconvolvedFeature>,
}

impl ListedCompound<'_> {
    /// What its spectra are of; `None` without a spectrum.
    pub(crate) fn spectrum(&self) -> Option<SpectrumKind> {
        let ions = self.ions.iter().filter(|ion| ion.spectrum_of.is_some());
        ions.map(|ion| ion.mixture.map_or(SpectrumKind::Own, |_| SpectrumKind::Mixture)).min()
    }

    /// The main ion.
    pub(crate) fn main(&self) -> Option<&Feature> {
        self.ions.first().map(|ion| &ion.feature)
    }

    /// Its ions as `feature_id:relation`, separated by commas.
    pub(crate) fn ions_text(&self) -> String {
        let told = |ion: &&DeconvolvedFeature| {
            format!("{}:{}", ion.feature.id, ion.feature.relation_text())
        };
        self.ions.iter().map(told).collect::<Vec<_>>().join(",")
    }
}

/// The compounds that have a listed ion.
pub(crate) struct Listed<'a> {
    pub(crate) compounds: Vec<ListedCompound<'a>>,
    /// Compounds of each mixture.
    mixtures: BTreeMap<usize, BTreeSet<CompoundIx>>,
}

impl<'a> Listed<'a> {
    pub(crate) fn new(result: &'a Deconvolution) -> Self {
        let by_id: BTreeMap<usize, &DeconvolvedFeature> =
            result.features.iter().map(|one| (one.feature.id, one)).collect();
        let mut mixtures: BTreeMap<usize, BTreeSet<CompoundIx>> = BTreeMap::new();
        for one in &result.features {
            if let (Some(mixture), Some(compound)) = (one.mixture, one.feature.compound) {
                mixtures.entry(mixture).or_default().insert(compound);
            }
        }
        let compounds = result.compounds.iter().enumerate().map(|(position, compound)| {
            let ions = compound.ions.iter().filter_map(|ion| by_id.get(&ion.id()).copied());
            ListedCompound { position: CompoundIx(position), compound, ions: ions.collect() }
        });
        Self { compounds: compounds.filter(|listed| !listed.ions.is_empty()).collect(), mixtures }
    }

    /// Ids of the compounds that a compound is mixed with in the window of one of its ions.
    pub(crate) fn mixed_with(&self, listed: &ListedCompound) -> Vec<usize> {
        let mixtures = listed.ions.iter().filter_map(|ion| self.mixtures.get(&ion.mixture?));
        let ids: BTreeSet<usize> = mixtures
            .flatten()
            .filter(|compound| **compound != listed.position)
            .map(|compound| compound.id())
            .collect();
        ids.into_iter().collect()
    }
}

fn row(listed: &ListedCompound, all: &Listed) -> Vec<String> {
    let main = listed.main();
    vec![
        listed.position.id().to_string(),
        optional(listed.compound.neutral_mass, 5),
        optional(listed.compound.probability, 4),
        optional(main.map(|main| main.rt_seconds), 3),
        listed.ions.len().to_string(),
        main.map(|main| main.id.to_string()).unwrap_or_default(),
        listed.ions_text(),
        joined(&all.mixed_with(listed)),
    ]
}

/// Ids, separated by commas.
pub(crate) fn joined(ids: &[usize]) -> String {
    ids.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

/// Ids of the other ions of the compound of a feature.
pub(crate) fn other_ions(result: &Deconvolution, feature: &Feature) -> Vec<usize> {
    let compound = feature.compound.and_then(|compound| result.compounds.get(compound.0));
    let ions = compound.iter().flat_map(|compound| &compound.ions).map(|ion| ion.id());
    ions.filter(|id| *id != feature.id).collect()
}

/// The precursors that the spectrum of a feature is of, as `feature_id:m/z:rt_seconds`, separated
/// by commas; `None` where it is of this one alone.
pub(crate) fn members(head: &DeconvolvedFeature, result: &Deconvolution) -> Option<String> {
    let listed = |id: &usize| {
        let found = result.features.binary_search_by_key(id, |listed| listed.feature.id);
        let member = &result.features[found.ok()?].feature;
        Some(format!("{}:{:.6}:{:.3}", member.id, member.precursor.mz, member.rt_seconds))
    };
    let texts: Vec<String> = head.members.iter().filter_map(listed).collect();
    (texts.len() > 1).then(|| texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_compound_names_its_ions_and_what_it_is_mixed_with() {
        let text = text(&samples::result());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "1\t288.20840\t0.9900\t540.000\t1\t1\t1:[M+H]+\t2");
        assert_eq!(lines[2], "2\t\t\t540.000\t1\t2\t2:M\t1");
    }

    #[test]
    fn a_spectrum_of_its_own_counts_before_a_mixture() {
        let mut result = samples::result();
        let both_mixed = CompoundCounts { ions: 2, own: 0, mixed: 2, without: 0 };
        assert_eq!(CompoundCounts::new(&result), both_mixed);
        result.features[0].mixture = None;
        result.features[1].spectrum_of = None;
        let separate = CompoundCounts { ions: 2, own: 1, mixed: 0, without: 1 };
        assert_eq!(CompoundCounts::new(&result), separate);
        result.compounds.remove(1);
        result.compounds[0].ions.push(result.features[1].feature.position());
        assert_eq!(CompoundCounts::new(&result), CompoundCounts { without: 0, ..separate });
        result.features[1].spectrum_of = Some(2);
        assert_eq!(CompoundCounts::new(&result).own, 1);
    }

    #[test]
    fn members_are_told_where_there_are_several() {
        let mut result = samples::result();
        let told = members(&result.features[0], &result);
        assert_eq!(told.as_deref(), Some("1:289.215700:540.000,2:300.100000:540.000"));
        result.features[0].members = vec![1];
        assert_eq!(members(&result.features[0], &result), None);
    }
}
