//! From the packed arrays of a spectrum to tidy centroided peaks.

use mzdata::spectrum::bindata::{ArrayType, BinaryArrayMap};

use crate::acquisition::header::Continuity;
use crate::acquisition::peaks::Peaks;
use crate::acquisition::points::{Decoded, peaks_of};
use crate::file::tally::Facts;
use crate::file::unpack::unpack;

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
    Ok(peaks_of(Peaks { mz, intensity }, continuity, frame))
}

/// Whether peaks carry the position of a scanning quadrupole, which is what isolated them.
fn scanning_quadrupole(arrays: &BinaryArrayMap) -> Option<String> {
    let bounds = [
        ArrayType::ScanningQuadrupolePositionLowerBoundMZ,
        ArrayType::ScanningQuadrupolePositionUpperBoundMZ,
    ];
    bounds.iter().any(|name| arrays.byte_buffer_map.contains_key(name)).then(|| {
        "its peaks were isolated by a scanning quadrupole (SONAR) and all positions stand in one \
         spectrum, which cofactor does not read. Convert with one spectrum a position (msconvert \
         without --combineIonMobilitySpectra)"
            .to_owned()
    })
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
        let decoded = |announced| {
            let facts = Facts { announced, ..Facts::default() };
            super::decode(&two(), Continuity::Centroid, &Announced { facts, most_bytes: 1 << 20 })
        };
        assert!(decoded(None).is_ok() && decoded(Some(2)).is_ok());
        assert_eq!(decoded(Some(3)).unwrap_err(), "it announces 3 points but holds 2");
    }
}
