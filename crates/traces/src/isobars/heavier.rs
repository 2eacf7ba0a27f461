//! Parts of a peak that are M+1 of another feature: what hid it was the isobar.

use cofactor_chem::carbon::typical_isotopologues;
use cofactor_chem::mass::C13_SPACING;
use cofactor_core::{Feature, Isotopologue, Relation, Tolerance};

use crate::tuning::{COELUTION_WIDTHS, TYPICAL_FACTOR, WITHIN_A_SCAN};

/// Gives parts that are the M+1 that a feature lacks to it, with what is M+1 and more of them.
/// `peaks` are the features that each peak is now, one or two; one of them stays.
pub(super) fn give_isotopologues(peaks: &mut [Vec<Feature>], tolerance: Tolerance) {
    for peak in 0..peaks.len() {
        let parts = &peaks[peak];
        if parts.len() < 2 {
            continue;
        }
        let found = (0..parts.len()).find_map(|part| {
            let lighter = lighter(peaks, &parts[part], tolerance)?;
            Some((part, lighter))
        });
        let Some((part, (i, j))) = found else { continue };
        let part = peaks[peak].remove(part);
        let isotopologues = &mut peaks[i][j].isotopologues;
        for isotopologue in part.isotopologues {
            let number = isotopologue.number + 1;
            if isotopologues.iter().all(|known| known.number != number) {
                isotopologues.push(Isotopologue { number, ..isotopologue });
            }
        }
        isotopologues.sort_by_key(|isotopologue| isotopologue.number);
    }
}

/// Where the feature is that lacks this M+1.
fn lighter(peaks: &[Vec<Feature>], part: &Feature, tolerance: Tolerance) -> Option<(usize, usize)> {
    let features = peaks.iter().enumerate().flat_map(|(i, features)| {
        features.iter().enumerate().map(move |(j, feature)| ((i, j), feature))
    });
    let lacking = features.filter(|(_, feature)| lacks(feature, part, tolerance));
    let apart = |feature: &Feature| (feature.rt_seconds - part.rt_seconds).abs();
    lacking.min_by(|a, b| apart(a.1).total_cmp(&apart(b.1))).map(|(at, _)| at)
}

/// Whether a feature has no M+1, and the part is as much as it would have, and there.
fn lacks(feature: &Feature, part: &Feature, tolerance: Tolerance) -> bool {
    let charges = f64::from(feature.precursor.charge);
    let mz = feature.precursor.mz;
    let width = feature.fwhm_seconds.max(part.fwhm_seconds);
    let expected = typical_isotopologues(mz * charges, 1)[1].1 * feature.height;
    feature.relation == Relation::Molecule
        && feature.channel == part.channel
        && feature.isotopologues.first().is_some_and(|main| main.number == 0)
        && feature.isotopologues.get(1).is_none_or(|next| next.number > 1)
        && (part.precursor.mz - mz - C13_SPACING / charges).abs()
            <= WITHIN_A_SCAN * tolerance.half_width(mz)
        && (feature.rt_seconds - part.rt_seconds).abs() <= COELUTION_WIDTHS * width
        && (expected / TYPICAL_FACTOR..=expected * TYPICAL_FACTOR).contains(&part.height)
}

#[cfg(test)]
mod tests {
    use cofactor_core::{ChannelIx, FoundIn, Polarity, Precursor};

    use super::*;

    fn feature(mz: f64, rt_seconds: f64, height: f64, numbers: &[u8]) -> Feature {
        let isotopologue = |&number: &u8| {
            let trace = usize::from(number);
            Isotopologue { number, trace, mz: mz + f64::from(number), height }
        };
        Feature {
            id: 1,
            found_in: FoundIn::Ms1,
            precursor: Precursor {
                mz,
                charge: 1,
                polarity: Polarity::Positive,
                adduct: None,
                rt_seconds: Some(rt_seconds),
            },
            charge_known: false,
            channel: ChannelIx(0),
            rt_seconds,
            rt_start: rt_seconds - 9.0,
            rt_end: rt_seconds + 9.0,
            fwhm_seconds: 7.0,
            height,
            area: 7.5 * height,
            isotopologues: numbers.iter().map(isotopologue).collect(),
            relation: Relation::Molecule,
            compound: None,
        }
    }

    /// The ions that stay, with the numbers of their isotopologues, of one of 300.1 that elutes
    /// at 40 s and a peak near 301.1 whose later part is at this m/z, time and height.
    fn ions(numbers: &[u8], mz: f64, rt_seconds: f64, height: f64) -> Vec<(f64, Vec<u8>)> {
        let mut peaks = vec![
            vec![feature(300.1, 40.0, 1e5, numbers)],
            vec![feature(301.099, 33.0, 5e4, &[0, 1]), feature(mz, rt_seconds, height, &[0, 1])],
        ];
        give_isotopologues(&mut peaks, Tolerance::ppm(10.0));
        let ions = peaks.into_iter().flatten();
        ions.map(|f| (f.precursor.mz, f.isotopologues.iter().map(|i| i.number).collect())).collect()
    }

    #[test]
    fn the_part_that_is_the_missing_isotopologue_is_no_ion() {
        let found = ions(&[0], 301.1034, 40.5, 2e4);
        assert_eq!(found, [(300.1, vec![0, 1, 2]), (301.099, vec![0, 1])]);
    }

    #[test]
    fn a_part_elsewhere_or_too_high_or_beside_a_known_isotopologue_is_one() {
        assert_eq!(ions(&[0], 301.107, 40.5, 2e4).len(), 3);
        assert_eq!(ions(&[0], 301.1034, 43.0, 2e4).len(), 3);
        assert_eq!(ions(&[0], 301.1034, 40.5, 6e4).len(), 3);
        assert_eq!(ions(&[0, 1], 301.1034, 40.5, 2e4).len(), 3);
    }
}
