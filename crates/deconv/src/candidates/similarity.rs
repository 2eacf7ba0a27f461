//! How alike the written spectrum of a precursor and a library record are, by the measures of
//! library searches. They are told beside a posterior, and have no say in it.

use cofactor_chem::ion::ion_mass;
use cofactor_core::{DeconvolvedFeature, Precursor, RecordPeak, Similarity};

/// Peaks from this far below the precursor on are left out, Th: it survives or not by energy
/// alone, and its isotopologues come with it.
const BELOW_PRECURSOR: f64 = 1.6;

/// Peaks below this share of the strongest are left out.
const LEAST_HEIGHT: f64 = 0.01;

/// How far two peaks lie apart at most that are the same, Th.
const PAIR_WIDTH: f64 = 0.01;

/// Entropy, nats, below which high peaks count for less (Li et al. 2021).
const RICH_ENTROPY: f64 = 3.0;

/// Compares every candidate that is a library record with the spectrum that is written of its
/// precursor, be it under another ion of the compound or of a mixture. `results` are all features
/// by id.
pub(crate) fn tell(results: &mut [DeconvolvedFeature]) {
    let spectra: Vec<Vec<RecordPeak>> = results.iter().map(written).collect();
    for result in results {
        let Some(spectrum) = result.spectrum_of.and_then(|id| spectra.get(id - 1)) else {
            continue;
        };
        let precursor = &result.feature.precursor;
        let spectrum = fragments(spectrum, precursor);
        for candidate in &mut result.candidates {
            candidate.similarity = similarity(&spectrum, &fragments(&candidate.record, precursor));
        }
    }
}

/// The spectrum that stands under a feature.
fn written(result: &DeconvolvedFeature) -> Vec<RecordPeak> {
    result.spectrum().map(|f| RecordPeak { mz: f.mz, height: f.intensity }).collect()
}

/// The peaks that count: not those of the precursor or above it, nor the weakest.
fn fragments(peaks: &[RecordPeak], precursor: &Precursor) -> Vec<RecordPeak> {
    let heaviest = ion_mass(precursor) - BELOW_PRECURSOR;
    let is_fragment = |peak: &RecordPeak| {
        peak.mz <= heaviest && (peak.mz - precursor.mz).abs() >= BELOW_PRECURSOR
    };
    let mut kept: Vec<RecordPeak> = peaks.iter().copied().filter(is_fragment).collect();
    let strongest = kept.iter().map(|peak| peak.height).fold(0.0, f64::max);
    kept.retain(|peak| peak.height > 0.0 && peak.height >= LEAST_HEIGHT * strongest);
    kept
}

/// Of a spectrum and a record, both ascending in m/z; `None` if the record has no peak.
fn similarity(spectrum: &[RecordPeak], record: &[RecordPeak]) -> Option<Similarity> {
    if record.is_empty() {
        return None;
    }
    let pairs = pairs(spectrum, record);
    let (of_spectrum, of_record) = (entropy_weights(spectrum), entropy_weights(record));
    let shared = pairs.iter().map(|&(i, j)| shared_information(of_spectrum[i], of_record[j]));
    let entropy = 0.5 * shared.sum::<f64>();
    Some(Similarity { cosine: cosine(spectrum, record, &pairs), entropy: entropy.min(1.0) })
}

/// Peaks that are the same, each in one pair, those with the largest product of heights first.
fn pairs(spectrum: &[RecordPeak], record: &[RecordPeak]) -> Vec<(usize, usize)> {
    let mut near = Vec::new();
    for (j, peak) in record.iter().enumerate() {
        let start = spectrum.partition_point(|other| other.mz < peak.mz - PAIR_WIDTH);
        let reach = spectrum[start..].iter().take_while(|other| other.mz <= peak.mz + PAIR_WIDTH);
        near.extend((start..).zip(reach).map(|(i, other)| (other.height * peak.height, i, j)));
    }
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut used = (vec![false; spectrum.len()], vec![false; record.len()]);
    let mut pairs = Vec::new();
    for (_, i, j) in near {
        if !used.0[i] && !used.1[j] {
            (used.0[i], used.1[j]) = (true, true);
            pairs.push((i, j));
        }
    }
    pairs
}

/// Cosine of the square roots of heights.
fn cosine(spectrum: &[RecordPeak], record: &[RecordPeak], pairs: &[(usize, usize)]) -> f64 {
    let norm = |peaks: &[RecordPeak]| peaks.iter().map(|peak| peak.height).sum::<f64>();
    let product = |&(i, j): &(usize, usize)| (spectrum[i].height * record[j].height).sqrt();
    let norms = (norm(spectrum) * norm(record)).sqrt();
    let cosine = pairs.iter().map(product).sum::<f64>() / norms;
    if norms > 0.0 { cosine.min(1.0) } else { 0.0 }
}

/// Heights of sum 1; those of a spectrum of few peaks are brought nearer to each other before.
fn entropy_weights(peaks: &[RecordPeak]) -> Vec<f64> {
    let total: f64 = peaks.iter().map(|peak| peak.height).sum();
    let shares: Vec<f64> = peaks.iter().map(|peak| peak.height / total).collect();
    let entropy = -shares.iter().map(|share| share * share.ln()).sum::<f64>();
    let power = (0.25 + 0.25 * entropy).min(0.25 + 0.25 * RICH_ENTROPY);
    let raised: Vec<f64> = shares.iter().map(|share| share.powf(power)).collect();
    let total: f64 = raised.iter().sum();
    raised.iter().map(|weight| weight / total).collect()
}

/// What two equal peaks of these weights have in common, bits.
fn shared_information(a: f64, b: f64) -> f64 {
    let information = |weight: f64| weight * weight.log2();
    information(a + b) - information(a) - information(b)
}

#[cfg(test)]
mod tests {
    use cofactor_core::Polarity;

    use super::*;

    const PRECURSOR: Precursor = Precursor {
        mz: 289.2157,
        charge: 1,
        polarity: Polarity::Positive,
        adduct: None,
        rt_seconds: None,
    };

    fn peaks(list: &[(f64, f64)]) -> Vec<RecordPeak> {
        list.iter().map(|&(mz, height)| RecordPeak { mz, height }).collect()
    }

    fn told(spectrum: &[(f64, f64)], record: &[(f64, f64)]) -> Option<(f64, f64)> {
        let [spectrum, record] = [spectrum, record].map(|s| fragments(&peaks(s), &PRECURSOR));
        similarity(&spectrum, &record).map(|s| (s.cosine, s.entropy))
    }

    #[test]
    fn the_precursor_and_weak_peaks_are_left_out() {
        let spectrum = [(97.0648, 9000.0), (109.0648, 4000.0), (150.0, 80.0), (289.2157, 5e4)];
        let record = [(97.064, 0.9), (109.064, 0.4), (271.2, 0.008), (287.63, 1.0)];
        let (cosine, entropy) = told(&spectrum, &record).unwrap();
        assert!((cosine - 1.0).abs() < 1e-12 && (entropy - 1.0).abs() < 1e-12);
        assert_eq!(told(&spectrum, &[(289.2157, 1.0)]), None, "the precursor says nothing");
        assert_eq!(told(&[], &record), Some((0.0, 0.0)));
        assert_eq!(told(&[(98.0648, 1.0)], &record), Some((0.0, 0.0)));
    }

    #[test]
    fn heights_and_strangers_count() {
        // Half of the spectrum is in one peak that the record has not.
        let (cosine, _) = told(&[(97.0, 1.0), (110.0, 1.0)], &[(97.0, 1.0)]).unwrap();
        assert!((cosine - 0.5_f64.sqrt()).abs() < 1e-12);
        // The entropy of the spectrum is ln 2, that of the mean of both 3/4 log2 4/3 + 1/4 log2 4.
        let (_, entropy) = told(&[(97.0, 1.0), (110.0, 1.0)], &[(97.0, 1.0)]).unwrap();
        let mixed = 0.75 * (4.0_f64 / 3.0).log2() + 0.5;
        assert!((entropy - (1.0 - (2.0 * mixed - 1.0) / 2.0)).abs() < 1e-12, "{entropy}");
    }

    #[test]
    fn a_peak_is_taken_once_and_by_the_highest() {
        let (cosine, _) = told(&[(97.0, 4.0), (97.008, 1.0)], &[(97.004, 1.0)]).unwrap();
        assert!((cosine - 2.0 / 5.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_charged_precursor_has_fragments_above_it() {
        let double = Precursor { charge: 2, ..PRECURSOR };
        let kept = fragments(&peaks(&[(200.0, 1.0), (289.2, 1.0), (400.0, 1.0)]), &double);
        assert_eq!(kept, peaks(&[(200.0, 1.0), (400.0, 1.0)]));
    }
}
