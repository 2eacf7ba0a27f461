//! What spectra stand for: ions of molecules, isotopologues of them, artefacts or nothing; and what
//! is said of them.
//!
//! A precursor is at a true ion if it is within 15 ppm and 8 s of one (of either hump of a double
//! peak), else at an isotopologue by the same measure, else at a side lobe, else at a background
//! ion, whenever that is. A spectrum
//! that stands for several precursors counts with each. Only a truth that names the molecules of
//! its ions can say so.

use std::fmt;

use cofactor_chem::same_adduct;
use serde::Serialize;

use crate::score::is_near_mz;
use crate::{Artefact, ArtefactKind, Count, ScoredPrecursor, ScoredSpectrum, Truth, TruthCompound};

/// Intensities of two spectra in ratios that differ by less than this are the same.
const SAME_RATIO: f64 = 1e-3;

/// What the spectra of a run of molecules stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct IonScore {
    /// Precursors that spectra stand for.
    pub precursors: usize,
    /// Those at a true ion.
    pub at_ions: usize,
    /// Those among them at an ion that another one is at, too.
    pub repeats: usize,
    /// Those at another isotopologue of a true ion.
    pub ghosts: usize,
    /// Those at a side lobe.
    pub at_side_lobes: usize,
    /// Those at a background ion.
    pub at_background: usize,
    /// Those at nothing that is known.
    pub at_nothing: usize,
    /// Spectra with the peaks of one before them.
    pub copies: usize,
    /// Spectra at a true ion that name its species rightly, of those that name one.
    pub labels_right: Count,
    /// Spectra at a true ion that name no species.
    pub labels_none: usize,
    /// Spectra at no true ion that name a species.
    pub labels_elsewhere: usize,
    /// Pairs of ions of one molecule that are said to belong together, of those of which both have
    /// a spectrum.
    pub grouped: Count,
    /// Pairs of precursors said to belong together that are not of one molecule, of all such pairs.
    pub grouped_wrongly: Count,
}

impl fmt::Display for IonScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = |count: Count| format!("{} of {}", count.part, count.whole);
        writeln!(f, "{:<28}{:>8}", "precursors of spectra", self.precursors)?;
        writeln!(f, "{:<28}{:>8}", "at a true ion", self.at_ions)?;
        writeln!(f, "{:<28}{:>8}", "at the same ion again", self.repeats)?;
        writeln!(f, "{:<28}{:>8}", "at an isotopologue", self.ghosts)?;
        writeln!(f, "{:<28}{:>8}", "at a side lobe", self.at_side_lobes)?;
        writeln!(f, "{:<28}{:>8}", "at a background ion", self.at_background)?;
        writeln!(f, "{:<28}{:>8}", "at nothing known", self.at_nothing)?;
        writeln!(f, "{:<28}{:>8}", "copies of peak lists", self.copies)?;
        writeln!(f, "{:<28}{:>12}", "ion species right", shares(self.labels_right))?;
        writeln!(f, "{:<28}{:>8}", "ion species not named", self.labels_none)?;
        writeln!(f, "{:<28}{:>8}", "named at no true ion", self.labels_elsewhere)?;
        writeln!(f, "{:<28}{:>12}", "ions of one molecule joined", shares(self.grouped))?;
        write!(f, "{:<28}{:>12}", "joined wrongly", shares(self.grouped_wrongly))
    }
}

/// What a precursor is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Origin<'a> {
    Ion(&'a TruthCompound),
    Isotopologue(&'a TruthCompound),
    Artefact(&'a Artefact),
    Nothing,
}

impl<'a> Origin<'a> {
    fn find(precursor: ScoredPrecursor, truth: &'a Truth) -> Self {
        let ions = &truth.compounds;
        if let Some(ion) = nearest(ions, precursor, |ion| is_at(precursor, ion.mz, ion)) {
            return Self::Ion(ion);
        }
        let is_isotopologue = |ion: &TruthCompound| {
            ion.isotopologues.iter().any(|&(mz, _)| is_at(precursor, mz, ion))
        };
        if let Some(ion) = nearest(ions, precursor, is_isotopologue) {
            return Self::Isotopologue(ion);
        }
        // Those with a time are surer.
        let timed = truth.artefacts.iter().filter(|artefact| artefact.rt.is_some());
        let untimed = truth.artefacts.iter().filter(|artefact| artefact.rt.is_none());
        let artefact = timed.chain(untimed).find(|artefact| shows(artefact, precursor, ions));
        artefact.map_or(Self::Nothing, Self::Artefact)
    }

    /// The ion that it is at.
    fn ion(self) -> Option<&'a TruthCompound> {
        if let Self::Ion(ion) = self { Some(ion) } else { None }
    }

    /// The molecule that it comes from.
    fn molecule(self) -> Option<usize> {
        match self {
            Self::Ion(ion) | Self::Isotopologue(ion) => ion.compound,
            Self::Artefact(_) | Self::Nothing => None,
        }
    }
}

/// Whether a precursor has this m/z and elutes as an ion does.
fn is_at(precursor: ScoredPrecursor, mz: f64, ion: &TruthCompound) -> bool {
    let mut apexes = std::iter::once(ion.rt).chain(ion.second_rt);
    apexes.any(|apex| precursor.is_near(mz, apex))
}

/// Whether a precursor is at an artefact.
fn shows(artefact: &Artefact, precursor: ScoredPrecursor, ions: &[TruthCompound]) -> bool {
    let parent = ions.iter().find(|ion| Some(ion.id) == artefact.ion);
    match (parent, artefact.rt) {
        (Some(ion), _) => is_at(precursor, artefact.mz, ion),
        (None, Some(rt)) => precursor.is_near(artefact.mz, rt),
        (None, None) => is_near_mz(precursor.mz, artefact.mz),
    }
}

/// Of some ions the nearest in time.
fn nearest(
    ions: &[TruthCompound],
    precursor: ScoredPrecursor,
    is_one: impl Fn(&TruthCompound) -> bool,
) -> Option<&TruthCompound> {
    let distance = |ion: &TruthCompound| (precursor.rt_seconds - ion.rt).abs();
    let candidates = ions.iter().filter(|ion| is_one(ion));
    candidates.min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// Says what the spectra of a run of molecules stand for; `None` if the truth names no molecules.
/// `links` are pairs of precursors that are said to be of one molecule, beside those that share a
/// spectrum.
pub fn score_ions(
    truth: &Truth,
    spectra: &[ScoredSpectrum],
    links: &[[ScoredPrecursor; 2]],
) -> Option<IonScore> {
    truth.compounds.iter().find(|ion| ion.compound.is_some())?;
    let mut score = IonScore { copies: copies(spectra), ..IonScore::default() };
    for spectrum in spectra {
        for precursor in spectrum.precursors() {
            score.precursors += 1;
            *match Origin::find(precursor, truth) {
                Origin::Ion(_) => &mut score.at_ions,
                Origin::Isotopologue(_) => &mut score.ghosts,
                Origin::Artefact(Artefact { kind: ArtefactKind::SideLobe, .. }) => {
                    &mut score.at_side_lobes
                }
                Origin::Artefact(_) => &mut score.at_background,
                Origin::Nothing => &mut score.at_nothing,
            } += 1;
        }
        count_label(&mut score, spectrum, truth);
    }
    let mut pairs: Vec<[ScoredPrecursor; 2]> = links.to_vec();
    pairs.extend(spectra.iter().flat_map(|spectrum| pairs_of(&spectrum.precursors())));
    count_pairs(&mut score, &pairs, &found(spectra, truth), truth);
    Some(score)
}

/// Spectra whose peaks are those of one before them, up to a factor.
fn copies(spectra: &[ScoredSpectrum]) -> usize {
    let is_copy = |(number, spectrum): &(usize, &ScoredSpectrum)| {
        spectra[..*number].iter().any(|earlier| is_same(&earlier.peaks, &spectrum.peaks))
    };
    spectra.iter().enumerate().filter(is_copy).count()
}

fn is_same(a: &[(f64, f64)], b: &[(f64, f64)]) -> bool {
    let (Some(first), Some(other)) = (a.first(), b.first()) else { return false };
    let factor = other.1 / first.1;
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.0 == b.0 && (a.1 * factor - b.1).abs() <= SAME_RATIO * b.1)
}

fn count_label(score: &mut IonScore, spectrum: &ScoredSpectrum, truth: &Truth) {
    let labelled = ScoredPrecursor { mz: spectrum.precursor_mz, rt_seconds: spectrum.rt_seconds };
    match (Origin::find(labelled, truth), &spectrum.adduct) {
        (Origin::Ion(ion), Some(said)) => {
            score
                .labels_right
                .add(ion.adduct.as_ref().is_some_and(|adduct| same_adduct(said, adduct)));
        }
        (Origin::Ion(_), None) => score.labels_none += 1,
        (_, Some(_)) => score.labels_elsewhere += 1,
        (_, None) => {}
    }
}

/// Every two of some precursors.
fn pairs_of(precursors: &[ScoredPrecursor]) -> Vec<[ScoredPrecursor; 2]> {
    let after = |(number, &a): (usize, &ScoredPrecursor)| {
        precursors[number + 1..].iter().map(move |&b| [a, b]).collect::<Vec<_>>()
    };
    precursors.iter().enumerate().flat_map(after).collect()
}

/// The true ions that have a spectrum, by `id`.
fn found<'a>(spectra: &[ScoredSpectrum], truth: &'a Truth) -> Vec<&'a TruthCompound> {
    let precursors = spectra.iter().flat_map(ScoredSpectrum::precursors);
    let origins = precursors.map(|precursor| Origin::find(precursor, truth));
    let mut ions: Vec<&TruthCompound> = origins.filter_map(Origin::ion).collect();
    ions.sort_by_key(|ion| ion.id);
    ions.dedup_by_key(|ion| ion.id);
    ions
}

fn count_pairs(
    score: &mut IonScore,
    pairs: &[[ScoredPrecursor; 2]],
    found: &[&TruthCompound],
    truth: &Truth,
) {
    let mut joined: Vec<[usize; 2]> = Vec::new();
    for pair in pairs {
        let origins = pair.map(|precursor| Origin::find(precursor, truth));
        let [a, b] = origins.map(Origin::molecule);
        score.grouped_wrongly.add(a.is_none() || a != b);
        if let [Origin::Ion(a), Origin::Ion(b)] = origins {
            joined.push([a.id.min(b.id), a.id.max(b.id)]);
        }
    }
    score.repeats = score.at_ions - found.len();
    for (number, a) in found.iter().enumerate() {
        for b in found[number + 1..].iter().filter(|b| b.compound == a.compound) {
            score.grouped.add(joined.contains(&[a.id, b.id]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ion(id: usize, mz: f64, adduct: &str) -> TruthCompound {
        TruthCompound {
            id,
            mz,
            rt: 60.0,
            compound: Some(0),
            adduct: Some(adduct.to_owned()),
            isotopologues: vec![(mz + 1.997, 0.65)],
            ..TruthCompound::default()
        }
    }

    fn truth() -> Truth {
        let lobe = Artefact {
            kind: ArtefactKind::SideLobe,
            mz: 200.02,
            rt: Some(60.0),
            ion: Some(0),
            win: None,
        };
        Truth {
            compounds: vec![ion(0, 200.0, "[M+H]+"), ion(1, 221.98, "[M+Na]+")],
            artefacts: vec![lobe, Artefact::background(300.0, 0)],
        }
    }

    fn spectrum(precursor_mz: f64, rt_seconds: f64, adduct: Option<&str>) -> ScoredSpectrum {
        ScoredSpectrum {
            precursor_mz,
            rt_seconds,
            peaks: vec![(50.0, precursor_mz), (60.0, 2.0)],
            adduct: adduct.map(str::to_owned),
            ..ScoredSpectrum::default()
        }
    }

    #[test]
    fn precursors_are_what_they_are_at() {
        let spectra = [
            spectrum(200.0, 60.0, Some("[M+H]+")),
            spectrum(221.98, 61.0, Some("[M+K]+")),
            spectrum(201.997, 60.0, Some("[M+H]+")),
            spectrum(200.02, 60.0, None),
            spectrum(200.02, 90.0, None),
            spectrum(300.0, 150.0, None),
        ];
        let score = score_ions(&truth(), &spectra, &[]).unwrap();
        let places = [
            score.at_ions,
            score.ghosts,
            score.at_side_lobes,
            score.at_background,
            score.at_nothing,
        ];
        assert_eq!(places, [2, 1, 1, 1, 1]);
        assert_eq!((score.labels_right.part, score.labels_right.whole), (1, 2));
        assert_eq!((score.labels_none, score.labels_elsewhere), (0, 1));
        assert_eq!((score.grouped.part, score.grouped.whole), (0, 1));
    }

    #[test]
    fn members_are_counted_one_by_one_and_belong_together() {
        let members = [200.0, 221.98, 201.997, 300.0]
            .map(|mz| ScoredPrecursor { mz, rt_seconds: 60.0 })
            .to_vec();
        let together = ScoredSpectrum { members, ..spectrum(200.0, 60.0, None) };
        let score = score_ions(&truth(), &[together], &[]).unwrap();
        assert_eq!((score.precursors, score.at_ions, score.ghosts), (4, 2, 1));
        assert_eq!((score.grouped.part, score.grouped.whole), (1, 1));
        assert_eq!((score.grouped_wrongly.part, score.grouped_wrongly.whole), (3, 6));
    }

    #[test]
    fn the_second_hump_of_a_double_peak_is_the_same_ion_again() {
        let mut truth = truth();
        let spectra = [spectrum(200.0, 60.0, None), spectrum(200.0, 75.0, None)];
        let places = |score: IonScore| (score.at_ions, score.repeats, score.at_nothing);
        assert_eq!(score_ions(&truth, &spectra, &[]).map(places), Some((1, 0, 1)));
        truth.compounds[0].second_rt = Some(74.0);
        assert_eq!(score_ions(&truth, &spectra, &[]).map(places), Some((2, 1, 0)));
    }

    #[test]
    fn links_join_ions_that_have_spectra_of_their_own() {
        let spectra = [spectrum(200.0, 60.0, None), spectrum(221.98, 61.0, None)];
        let link = [200.0, 221.98].map(|mz| ScoredPrecursor { mz, rt_seconds: 60.0 });
        let score = score_ions(&truth(), &spectra, &[link]).unwrap();
        assert_eq!((score.grouped.part, score.grouped.whole), (1, 1));
        assert_eq!((score.grouped_wrongly.part, score.grouped_wrongly.whole), (0, 1));
    }

    #[test]
    fn a_list_of_peaks_that_comes_again_is_a_copy_whatever_its_scale() {
        let first = spectrum(200.0, 60.0, None);
        let peaks = first.peaks.iter().map(|&(mz, height)| (mz, 3.0 * height)).collect();
        let again = ScoredSpectrum { peaks, ..spectrum(221.98, 60.0, None) };
        let different = spectrum(300.0, 60.0, None);
        assert_eq!(copies(&[first, again, different]), 1);
    }

    #[test]
    fn a_truth_without_molecules_says_nothing() {
        let plain = Truth {
            compounds: vec![TruthCompound { mz: 200.0, ..TruthCompound::default() }],
            ..Truth::default()
        };
        assert_eq!(score_ions(&plain, &[], &[]), None);
    }
}
