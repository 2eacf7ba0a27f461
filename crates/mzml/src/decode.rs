//! From the packed arrays of a spectrum to tidy centroided peaks.

use mzdata::spectrum::bindata::{ArrayType, BinaryArrayMap};

use crate::centroid::centroid;
use crate::header::Continuity;
use crate::peaks::{Defects, Peaks, Zeros, merge_frame, tidy};
use crate::tally::Facts;
use crate::unpack::unpack;

/// Points of a profile lie closer than this (Th); those of unit-resolution analysers about 0.1.
const WIDEST_PROFILE_STEP: f64 = 0.2;
/// Neighbouring steps of a curve differ by less than this factor: by 1.01 as m/z grow, more where
/// single precision rounds them …
const EVEN_STEP: f64 = 1.25;
/// … and those that differ by more than this lie at the border of a stretch of points. By chance
/// two steps that differ by less than it differ by less than the other in one of five.
const FAR_STEP: f64 = 3.0;
/// Pairs of neighbouring steps that it takes to doubt the label of a profile …
const LEAST_PAIRS: usize = 6;
/// … and even ones that it takes to call something a curve that is not labelled as one; they must
/// be a third of all.
const MANY_PAIRS: usize = 12;

/// The peaks of a spectrum and what was done to get them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) peaks: Peaks,
    pub(crate) defects: Defects,
    /// Neither m/z nor intensities were there.
    pub(crate) no_arrays: bool,
    /// Centroided from a profile.
    pub(crate) picked: bool,
    /// For an ion-mobility frame: peaks that went into others.
    pub(crate) frame_merged: Option<usize>,
}

/// What a spectrum says of its arrays, and what they may be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Announced {
    /// What its bytes say.
    pub(crate) facts: Facts,
    /// Bytes that an array may unpack to.
    pub(crate) most_bytes: u64,
}

/// Decodes the peaks; the error says what is wrong with them.
pub(crate) fn decode(
    arrays: &BinaryArrayMap,
    continuity: Continuity,
    announced: &Announced,
) -> Result<Decoded, String> {
    let Announced { facts, most_bytes } = announced;
    if let Some(message) = scanning_quadrupole(arrays) {
        return Err(message);
    }
    let frame = arrays.has_ion_mobility();
    let mz_array = arrays.byte_buffer_map.get(&ArrayType::MZArray);
    let intensity_array = arrays.byte_buffer_map.get(&ArrayType::IntensityArray);
    let (mz, intensity) = match (mz_array, intensity_array) {
        (Some(mz), Some(intensity)) => (mz, intensity),
        (None, None) => return Ok(Decoded { no_arrays: true, ..Decoded::default() }),
        (None, Some(_)) => return Err("it has intensities but no m/z array".to_owned()),
        (Some(_), None) => return Err("it has m/z but no intensity array".to_owned()),
    };
    let mz = unpack(mz, facts.mz.as_ref(), *most_bytes).map_err(|e| format!("m/z array: {e}"))?;
    let intensity = unpack(intensity, facts.intensity.as_ref(), *most_bytes)
        .map_err(|e| format!("intensity array: {e}"))?;
    if mz.len() != intensity.len() {
        return Err(format!("it has {} m/z but {} intensities", mz.len(), intensity.len()));
    }
    if let Some(points) = facts.announced.filter(|&points| points != mz.len() as u64) {
        return Err(format!("it announces {points} points but holds {}", mz.len()));
    }
    let intensity = intensity.into_iter().map(|value| value as f32).collect();
    let raw = Peaks { mz, intensity };
    let labelled = continuity == Continuity::Profile;
    if !frame && is_curve(&raw.mz, labelled) {
        let (profile, defects) = tidy(raw, Zeros::Keep);
        return Ok(Decoded {
            peaks: tidy(centroid(&profile), Zeros::Drop).0,
            defects,
            picked: true,
            ..Decoded::default()
        });
    }
    let (peaks, defects) = tidy(raw, Zeros::Drop);
    if frame {
        let (merged, taken_in) = merge_frame(&peaks);
        let frame_merged = Some(taken_in + defects.merged);
        return Ok(Decoded { peaks: merged, frame_merged, ..Decoded::default() });
    }
    Ok(Decoded { peaks, defects, ..Decoded::default() })
}

/// Whether peaks carry the position of a scanning quadrupole, which is what isolated them.
fn scanning_quadrupole(arrays: &BinaryArrayMap) -> Option<String> {
    let bounds = [
        ArrayType::ScanningQuadrupolePositionLowerBoundMZ,
        ArrayType::ScanningQuadrupolePositionUpperBoundMZ,
    ];
    bounds.iter().any(|name| arrays.byte_buffer_map.contains_key(name)).then(|| {
        "its peaks were isolated by a scanning quadrupole (SONAR) and all positions stand in one \
         spectrum, which \
         cofactor does not read. Convert with one spectrum a position (msconvert without \
         --combineIonMobilitySpectra)"
            .to_owned()
    })
}

/// Whether the points are those of a curve. What is `labelled` a profile is one unless its points
/// lie as those of separate peaks do; what is not must hold so many even steps that peaks cannot
/// have them by chance.
///
/// A curve is sampled evenly: of two neighbouring steps within a peak one is about as wide as the
/// other, and both are narrow. The distances of separate peaks, however dense, are those of chance.
fn is_curve(mz: &[f64], labelled: bool) -> bool {
    let mut gaps: Vec<f64> = mz.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if gaps.is_empty() || gaps.iter().any(|gap| *gap < 0.0) {
        return false;
    }
    let pairs = gaps.windows(2).map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1])));
    let (mut near, mut even) = (0, 0);
    for (narrow, wide) in pairs.filter(|(_, wide)| *wide <= WIDEST_PROFILE_STEP) {
        near += usize::from(wide <= FAR_STEP * narrow);
        even += usize::from(wide <= EVEN_STEP * narrow);
    }
    if !labelled {
        return even >= MANY_PAIRS && 2 * even >= near && 3 * even >= gaps.len();
    }
    if near >= LEAST_PAIRS {
        return 2 * even >= near;
    }
    let middle = gaps.len() / 2;
    *gaps.select_nth_unstable_by(middle, f64::total_cmp).1 <= WIDEST_PROFILE_STEP
}

#[cfg(test)]
mod tests {
    use mzdata::spectrum::bindata::{BinaryCompressionType, BinaryDataArrayType, DataArray};

    use super::*;

    fn decode(arrays: BinaryArrayMap, continuity: Continuity) -> Result<Decoded, String> {
        super::decode(
            &arrays,
            continuity,
            &Announced { most_bytes: 1 << 20, ..Announced::default() },
        )
    }

    fn array(name: &ArrayType, values: &[f64]) -> DataArray {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        DataArray::wrap(name, BinaryDataArrayType::Float64, bytes)
    }

    fn arrays(mz: &[f64], intensity: &[f64]) -> BinaryArrayMap {
        let mut map = BinaryArrayMap::new();
        map.add(array(&ArrayType::MZArray, mz));
        map.add(array(&ArrayType::IntensityArray, intensity));
        map
    }

    #[test]
    fn centroids_are_kept_as_they_are() {
        let decoded = decode(arrays(&[100.0, 200.0], &[1.0, 2.0]), Continuity::Centroid).unwrap();
        assert_eq!(decoded.peaks, Peaks { mz: vec![100.0, 200.0], intensity: vec![1.0, 2.0] });
        assert!(!decoded.picked);
    }

    #[test]
    fn a_profile_is_centroided() {
        let decoded =
            decode(arrays(&[100.0, 100.01, 100.02], &[1.0, 4.0, 1.0]), Continuity::Profile)
                .unwrap();
        assert!(decoded.picked);
        assert_eq!(decoded.peaks.intensity, [4.0]);
        assert!((decoded.peaks.mz[0] - 100.01).abs() < 1e-9);
    }

    #[test]
    fn peaks_that_are_called_a_profile_are_kept() {
        for mz in [[100.0, 200.0, 150.0], [100.0, 150.0, 200.0]] {
            let decoded = decode(arrays(&mz, &[1.0, 3.0, 2.0]), Continuity::Profile).unwrap();
            assert!(!decoded.picked);
            assert_eq!(decoded.peaks.mz, [100.0, 150.0, 200.0]);
        }
    }

    #[test]
    fn points_tell_a_curve_whatever_the_label() {
        let height = |mz: f64| 1e4 * (-0.5 * ((mz - 200.05) / 0.01).powi(2)).exp();
        let even: Vec<f64> = (0..20).map(|i| 200.0 + 0.005 * f64::from(i)).collect();
        let curve: Vec<f64> = even.iter().map(|&mz| height(mz)).collect();
        // A low-discrepancy sequence: dense, but with steps of all sizes.
        let mut dense: Vec<f64> = (0..200)
            .map(|i| 200.0 + 5.0 * (f64::from(i) * 0.754_877_666).fract().powi(2))
            .collect();
        dense.sort_by(f64::total_cmp);
        for continuity in [Continuity::Profile, Continuity::Centroid, Continuity::Unknown] {
            let decoded = decode(arrays(&even, &curve), continuity).unwrap();
            assert!(decoded.picked && decoded.peaks.mz.len() == 1, "{continuity:?}");
            let decoded = decode(arrays(&dense, &vec![5.0; dense.len()]), continuity).unwrap();
            assert!(!decoded.picked && decoded.peaks.mz.len() == dense.len(), "{continuity:?}");
        }
    }

    #[test]
    fn damage_is_named() {
        let mut half = arrays(&[100.0], &[1.0, 2.0]);
        assert_eq!(
            decode(half.clone(), Continuity::Centroid),
            Err("it has 1 m/z but 2 intensities".to_owned())
        );
        half.byte_buffer_map.remove(&ArrayType::MZArray);
        assert_eq!(
            decode(half, Continuity::Centroid),
            Err("it has intensities but no m/z array".to_owned())
        );
        let mut packed = arrays(&[100.0], &[1.0]);
        let mz = packed.byte_buffer_map.get_mut(&ArrayType::MZArray).unwrap();
        mz.compression = BinaryCompressionType::Zlib;
        for garbage in ["!!", "AAAA", "eJwDAAAAAA=="] {
            packed.byte_buffer_map.get_mut(&ArrayType::MZArray).unwrap().data = garbage.into();
            let error = decode(packed.clone(), Continuity::Centroid).unwrap_err();
            assert!(error.starts_with("m/z array: ") || error.contains("1 intensities"), "{error}");
        }
        assert!(decode(BinaryArrayMap::new(), Continuity::Centroid).unwrap().no_arrays);
    }

    #[test]
    fn another_number_of_points_than_announced_is_damage() {
        let two = || arrays(&[100.0, 200.0], &[1.0, 2.0]);
        let of = |announced| {
            let facts = Facts { announced, ..Facts::default() };
            super::decode(&two(), Continuity::Centroid, &Announced { facts, most_bytes: 1 << 20 })
        };
        assert!(of(None).is_ok() && of(Some(2)).is_ok());
        assert_eq!(of(Some(3)).unwrap_err(), "it announces 3 points but holds 2");
    }
}
