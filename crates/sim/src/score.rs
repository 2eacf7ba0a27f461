//! Deconvolved spectra against the truth.
//!
//! A compound is matched to the spectrum nearest in retention time among those within 15 ppm of its
//! precursor and 8 s of its apex. Peaks within 0.01 of the precursor or its M+1, and those above
//! precursor + 2, do not count. Fragments match within 10 ppm. Means run over all compounds (one
//! that was not found scores 0), the precision over those found. Of molecules, where the truth
//! lists every ion, those ions count that have a fragment above the detection limit. A spectrum
//! that stands for several precursors counts for each.

use std::fmt;

use serde::Serialize;

use crate::TruthCompound;

/// Fragment tolerance, ppm.
pub(crate) const PPM: f64 = 10.0;

/// Precursor tolerance, ppm.
pub(crate) const PRECURSOR_PPM: f64 = 15.0;

/// Largest distance of a spectrum from the apex, s.
pub(crate) const RT_SECONDS: f64 = 8.0;

/// Peaks so near the precursor or its M+1 do not count.
const PRECURSOR_HALF_WIDTH: f64 = 0.01;

/// M+1 as the measure takes it.
const ISOTOPE: f64 = 1.00336;

/// Share of the strongest peak below which a peak does not count for the entropy similarity.
const ENTROPY_NOISE: f64 = 0.01;

/// A precursor as a result has it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ScoredPrecursor {
    /// Its m/z.
    pub mz: f64,
    /// Its apex, s.
    pub rt_seconds: f64,
}

impl ScoredPrecursor {
    /// Whether it may be what has this m/z and apex.
    pub(crate) fn is_near(&self, mz: f64, rt: f64) -> bool {
        is_near_mz(self.mz, mz) && (self.rt_seconds - rt).abs() <= RT_SECONDS
    }
}

/// Whether an m/z is that of a precursor.
pub(crate) fn is_near_mz(measured: f64, mz: f64) -> bool {
    (measured - mz).abs() / mz * 1e6 <= PRECURSOR_PPM
}

/// A deconvolved spectrum.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoredSpectrum {
    /// m/z of its precursor.
    pub precursor_mz: f64,
    /// Apex of its precursor, s.
    pub rt_seconds: f64,
    /// Fragments as (m/z, intensity).
    pub peaks: Vec<(f64, f64)>,
    /// All precursors that it stands for, where it stands for several.
    pub members: Vec<ScoredPrecursor>,
    /// Ion species that it says its precursor is.
    pub adduct: Option<String>,
}

impl ScoredSpectrum {
    /// The precursors that it stands for.
    pub fn precursors(&self) -> Vec<ScoredPrecursor> {
        if self.members.is_empty() {
            vec![ScoredPrecursor { mz: self.precursor_mz, rt_seconds: self.rt_seconds }]
        } else {
            self.members.clone()
        }
    }
}

/// How well spectra agree with the truth.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Score {
    /// Compounds of the truth.
    pub compounds: usize,
    /// Compounds with a spectrum.
    pub found: usize,
    /// Spectra given.
    pub spectra: usize,
    /// Mean cosine of intensities over all compounds.
    pub cosine: f64,
    /// Compounds with a cosine of at least 0.8.
    pub cosine_ge_08: usize,
    /// Mean spectral entropy similarity (Li et al., Nat. Methods 18 (2021) 1524) over all
    /// compounds.
    pub entropy: f64,
    /// Mean share of peaks that are true fragments, over the compounds found.
    pub precision: f64,
    /// Mean share of true fragments that were found, over all compounds.
    pub recall: f64,
    /// Mean harmonic mean of precision and recall, over all compounds.
    pub f1: f64,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<28}{:>8}", "compounds", self.compounds)?;
        writeln!(f, "{:<28}{:>8}", "found", self.found)?;
        writeln!(f, "{:<28}{:>8}", "spectra", self.spectra)?;
        writeln!(f, "{:<28}{:>8.3}", "cosine", self.cosine)?;
        writeln!(f, "{:<28}{:>8}", "compounds with cosine >= 0.8", self.cosine_ge_08)?;
        writeln!(f, "{:<28}{:>8.3}", "entropy similarity", self.entropy)?;
        writeln!(f, "{:<28}{:>8.3}", "precision", self.precision)?;
        writeln!(f, "{:<28}{:>8.3}", "recall", self.recall)?;
        write!(f, "{:<28}{:>8.3}", "F1", self.f1)
    }
}

/// Scores deconvolved spectra against the compounds of a simulated run.
pub fn score(truth: &[TruthCompound], spectra: &[ScoredSpectrum]) -> Score {
    let scored: Vec<&TruthCompound> =
        truth.iter().filter(|c| c.compound.is_none() || !c.frags.is_empty()).collect();
    let mut sum = Score { compounds: scored.len(), spectra: spectra.len(), ..Score::default() };
    for compound in &scored {
        let Some(spectrum) = spectrum_of(compound, spectra) else { continue };
        let measures = compare(compound, spectrum);
        sum.found += 1;
        sum.cosine += measures.cosine;
        sum.cosine_ge_08 += usize::from(measures.cosine >= 0.8);
        sum.entropy += measures.entropy;
        sum.precision += measures.precision;
        sum.recall += measures.recall;
        sum.f1 += measures.f1;
    }
    let all = scored.len().max(1) as f64;
    Score {
        cosine: sum.cosine / all,
        entropy: sum.entropy / all,
        precision: sum.precision / sum.found.max(1) as f64,
        recall: sum.recall / all,
        f1: sum.f1 / all,
        ..sum
    }
}

/// The spectrum nearest to the compound in time; of several the first.
fn spectrum_of<'a>(
    compound: &TruthCompound,
    spectra: &'a [ScoredSpectrum],
) -> Option<&'a ScoredSpectrum> {
    let distances = spectra.iter().filter_map(|spectrum| {
        let precursors = spectrum.precursors().into_iter();
        let near = precursors.filter(|precursor| precursor.is_near(compound.mz, compound.rt));
        let distance = near.map(|precursor| (precursor.rt_seconds - compound.rt).abs());
        Some((distance.min_by(f64::total_cmp)?, spectrum))
    });
    distances.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, spectrum)| spectrum)
}

/// The measures of one compound; `found` and the like stay 0.
fn compare(compound: &TruthCompound, spectrum: &ScoredSpectrum) -> Score {
    let is_near = |mz: f64, known: f64| (mz - known).abs() <= PRECURSOR_HALF_WIDTH;
    let is_precursor = |mz: f64| is_near(mz, compound.mz) || is_near(mz - compound.mz, ISOTOPE);
    let counts = |&&(mz, intensity): &&(f64, f64)| {
        !is_precursor(mz) && mz < compound.mz + 2.0 && intensity > 0.0
    };
    let peaks: Vec<(f64, f64)> = spectrum.peaks.iter().filter(counts).copied().collect();
    let truth = &compound.frags;
    let mut found = vec![0.0; truth.len()];
    let mut true_peaks = 0_usize;
    for &(mz, intensity) in &peaks {
        let ppm = |fragment: usize| (truth[fragment].0 - mz).abs() / mz * 1e6;
        let nearest = (0..truth.len()).min_by(|&a, &b| ppm(a).total_cmp(&ppm(b)));
        if let Some(nearest) = nearest.filter(|&fragment| ppm(fragment) <= PPM) {
            true_peaks += 1;
            found[nearest] += intensity;
        }
    }
    let squares = |list: &[(f64, f64)]| list.iter().map(|(_, height)| height * height).sum::<f64>();
    let product: f64 = found.iter().zip(truth).map(|(found, (_, height))| found * height).sum();
    let precision = ratio(true_peaks as f64, peaks.len() as f64);
    let recall =
        ratio(found.iter().filter(|&&height| height > 0.0).count() as f64, truth.len() as f64);
    Score {
        cosine: ratio(product, (squares(&peaks) * squares(truth)).sqrt()),
        entropy: entropy_similarity(&peaks, truth),
        precision,
        recall,
        f1: ratio(2.0 * precision * recall, precision + recall),
        ..Score::default()
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// 1 − (2·S(a+b) − S(a) − S(b)) / ln 4, with the weights of the method for spectra of low entropy.
fn entropy_similarity(a: &[(f64, f64)], b: &[(f64, f64)]) -> f64 {
    let (a, b) = (entropy_weighted(a), entropy_weighted(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    // Both spectra sum to 1, so every matched pair adds f(x + y) − f(x) − f(y) with f(x) =
    // x·log2(x).
    let term = |x: f64| if x > 0.0 { x * x.log2() } else { 0.0 };
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        if (x.0 - y.0).abs() <= x.0.max(y.0) * PPM * 1e-6 {
            sum += term(x.1 + y.1) - term(x.1) - term(y.1);
            i += 1;
            j += 1;
        } else if x.0 < y.0 {
            i += 1;
        } else {
            j += 1;
        }
    }
    0.5 * sum
}

/// Without peaks below 1 %, of sum 1, and flattened where the entropy is below 3; ascending m/z.
fn entropy_weighted(peaks: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let top = peaks.iter().map(|&(_, height)| height).fold(0.0, f64::max);
    let mut kept: Vec<(f64, f64)> = peaks
        .iter()
        .copied()
        .filter(|&(_, height)| height > 0.0 && height >= ENTROPY_NOISE * top)
        .collect();
    kept.sort_by(|a, b| a.0.total_cmp(&b.0));
    scale_to_one(&mut kept);
    let entropy: f64 = kept.iter().map(|&(_, share)| -share * share.ln()).sum();
    if entropy < 3.0 {
        let weight = 0.25 + 0.25 * entropy;
        kept.iter_mut().for_each(|(_, share)| *share = share.powf(weight));
        scale_to_one(&mut kept);
    }
    kept
}

fn scale_to_one(peaks: &mut [(f64, f64)]) {
    let sum: f64 = peaks.iter().map(|&(_, height)| height).sum();
    peaks.iter_mut().for_each(|(_, height)| *height /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compound(mz: f64, rt: f64, frags: &[(f64, f64)]) -> TruthCompound {
        TruthCompound {
            mz,
            rt,
            sig: 3.0,
            tail: 0.1,
            h: 1e6,
            eff: 0.5,
            frags: frags.to_vec(),
            ..TruthCompound::default()
        }
    }

    fn spectrum(precursor_mz: f64, rt_seconds: f64, peaks: &[(f64, f64)]) -> ScoredSpectrum {
        ScoredSpectrum {
            precursor_mz,
            rt_seconds,
            peaks: peaks.to_vec(),
            ..ScoredSpectrum::default()
        }
    }

    #[test]
    fn a_perfect_spectrum_scores_one() {
        let frags = [(50.0, 1.0), (80.0, 0.5), (120.0, 0.25)];
        let scaled: Vec<(f64, f64)> =
            frags.iter().map(|&(mz, height)| (mz, 7e4 * height)).collect();
        let result = score(&[compound(200.0, 60.0, &frags)], &[spectrum(200.0, 60.0, &scaled)]);
        for value in [result.cosine, result.entropy, result.precision, result.recall, result.f1] {
            assert!((value - 1.0).abs() < 1e-12, "{result:?}");
        }
        assert_eq!((result.found, result.cosine_ge_08), (1, 1));
    }

    #[test]
    fn a_spectrum_worked_by_hand() {
        // One of two fragments at 3, one wrong peak at 4; precursor, M+1 and what lies above do not
        // count.
        let truth = [compound(200.0, 60.0, &[(50.0, 0.6), (80.0, 0.8)])];
        let peaks =
            [(50.0, 3.0), (60.0, 4.0), (200.005, 9.0), (201.003, 9.0), (202.5, 9.0), (90.0, 0.0)];
        let result = score(&truth, &[spectrum(200.001, 65.0, &peaks)]);
        assert!((result.cosine - 3.0 * 0.6 / 5.0).abs() < 1e-12);
        assert_eq!((result.precision, result.recall, result.f1), (0.5, 0.5, 0.5));
    }

    #[test]
    fn means_run_over_all_compounds_and_precision_over_those_found() {
        let frags = [(50.0, 1.0)];
        let truth = [compound(200.0, 60.0, &frags), compound(300.0, 60.0, &frags)];
        let result = score(&truth, &[spectrum(200.0, 60.0, &frags), spectrum(300.0, 69.0, &frags)]);
        assert_eq!(
            (result.found, result.precision, result.recall, result.cosine),
            (1, 1.0, 0.5, 0.5)
        );
        assert_eq!(score(&[], &[]), Score::default());
    }

    #[test]
    fn the_nearest_spectrum_in_time_counts() {
        let truth = [compound(200.0, 60.0, &[(50.0, 1.0)])];
        let far = spectrum(200.0, 66.0, &[(50.0, 1.0)]);
        let near = spectrum(200.0, 59.0, &[(51.0, 1.0)]);
        assert_eq!(score(&truth, &[far.clone(), near]).cosine, 0.0);
        assert_eq!(score(&truth, &[far]).cosine, 1.0);
    }

    #[test]
    fn a_spectrum_counts_for_each_of_its_members() {
        let frags = [(50.0, 1.0)];
        let truth = [compound(200.0, 60.0, &frags), compound(300.0, 61.0, &frags)];
        let members = [(200.0, 60.0), (300.0, 61.0)]
            .map(|(mz, rt_seconds)| ScoredPrecursor { mz, rt_seconds })
            .to_vec();
        let together = ScoredSpectrum { members, ..spectrum(200.0, 60.0, &frags) };
        let result = score(&truth, &[together]);
        assert_eq!((result.found, result.spectra, result.cosine), (2, 1, 1.0));
    }

    #[test]
    fn an_ion_of_a_molecule_without_fragments_is_not_asked_for() {
        let bare = TruthCompound { compound: Some(0), ..compound(200.0, 60.0, &[]) };
        assert_eq!(score(&[bare], &[]).compounds, 0);
        assert_eq!(score(&[compound(200.0, 60.0, &[])], &[]).compounds, 1);
    }

    #[test]
    fn half_the_entropy_is_shared_by_two_of_one_and_one() {
        // Equal weights stay equal: (½, ½) against (1): ½·(f(1.5) − f(½) − f(1)) = ½·(0.8774 + ½).
        let similarity = entropy_similarity(&[(50.0, 1.0), (60.0, 1.0)], &[(50.0, 1.0)]);
        assert!((similarity - 0.688_72).abs() < 1e-4, "{similarity}");
    }
}
