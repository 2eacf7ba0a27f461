//! From the packed arrays of a spectrum to tidy centroided peaks.

use std::borrow::Cow;

use mzdata::prelude::ByteArrayView;
use mzdata::spectrum::bindata::{
    ArrayRetrievalError, ArrayType, BinaryArrayMap, BinaryCompressionType, BinaryDataArrayType, DataArray,
};

use crate::centroid::centroid;
use crate::guard;
use crate::header::Continuity;
use crate::peaks::{Defects, Peaks, Zeros, merge_frame, tidy};

/// Points of a profile lie closer than this (Th); those of unit-resolution analysers about 0.1.
const WIDEST_PROFILE_STEP: f64 = 0.2;

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

/// Decodes the peaks; the error says what is wrong with them.
pub(crate) fn decode(mut arrays: BinaryArrayMap, continuity: Continuity) -> Result<Decoded, String> {
    let frame = arrays.has_ion_mobility();
    let mz_array = arrays.byte_buffer_map.remove(&ArrayType::MZArray);
    let intensity_array = arrays.byte_buffer_map.remove(&ArrayType::IntensityArray);
    let (mz, intensity) = match (mz_array, intensity_array) {
        (Some(mz), Some(intensity)) => (mz, intensity),
        (None, None) => return Ok(Decoded { no_arrays: true, ..Decoded::default() }),
        (None, Some(_)) => return Err("it has intensities but no m/z array".to_owned()),
        (Some(_), None) => return Err("it has m/z but no intensity array".to_owned()),
    };
    let mz = unpack(mz, |array| array.to_f64().map(Cow::into_owned)).map_err(|e| format!("m/z array: {e}"))?;
    let intensity =
        unpack(intensity, |array| array.to_f32().map(Cow::into_owned)).map_err(|e| format!("intensity array: {e}"))?;
    if mz.len() != intensity.len() {
        return Err(format!("it has {} m/z but {} intensities", mz.len(), intensity.len()));
    }
    let raw = Peaks { mz, intensity };
    if continuity == Continuity::Profile && is_curve(&raw.mz) {
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

/// Whether the points can be those of a curve: in order, and mostly close together.
fn is_curve(mz: &[f64]) -> bool {
    let mut gaps: Vec<f64> = mz.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if gaps.is_empty() || gaps.iter().any(|gap| *gap < 0.0) {
        return false;
    }
    let middle = gaps.len() / 2;
    *gaps.select_nth_unstable_by(middle, f64::total_cmp).1 <= WIDEST_PROFILE_STEP
}

/// Decodes one array and converts it with `values`.
fn unpack<T>(
    mut array: DataArray,
    values: impl FnOnce(&DataArray) -> Result<Vec<T>, ArrayRetrievalError>,
) -> Result<Vec<T>, String> {
    if array.compression != BinaryCompressionType::Decoded {
        array.data.retain(|byte| !byte.is_ascii_whitespace());
    }
    if is_numpress_linear(array.compression) {
        array.dtype = BinaryDataArrayType::Float64;
    }
    guard::catch(|| {
        let array = if is_numpress_pic(array.compression) { unpack_pic(array)? } else { array };
        values(&array).map_err(|error| error.to_string())
    })?
}

/// Some files note the type before packing, but what unpacks is always double precision.
fn is_numpress_linear(compression: BinaryCompressionType) -> bool {
    matches!(compression, BinaryCompressionType::NumpressLinear | BinaryCompressionType::NumpressLinearZlib)
}

fn is_numpress_pic(compression: BinaryCompressionType) -> bool {
    matches!(compression, BinaryCompressionType::NumpressPIC | BinaryCompressionType::NumpressPICZlib)
}

/// Decodes numpress positive integers, which mzdata knows by name only.
fn unpack_pic(mut array: DataArray) -> Result<DataArray, String> {
    array.compression = match array.compression {
        BinaryCompressionType::NumpressPICZlib => BinaryCompressionType::Zlib,
        _ => BinaryCompressionType::NoCompression,
    };
    array.decode_and_store().map_err(|error| error.to_string())?;
    let mut integers = Vec::new();
    numpress_rs::decode_pic(&array.data, &mut integers).map_err(|error| error.to_string())?;
    let bytes = integers.into_iter().flat_map(f64::to_le_bytes).collect();
    Ok(DataArray::wrap(&array.name, BinaryDataArrayType::Float64, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let decoded = decode(arrays(&[100.0, 100.01, 100.02], &[1.0, 4.0, 1.0]), Continuity::Profile).unwrap();
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
    fn damage_is_named() {
        let mut half = arrays(&[100.0], &[1.0, 2.0]);
        assert_eq!(decode(half.clone(), Continuity::Centroid), Err("it has 1 m/z but 2 intensities".to_owned()));
        half.byte_buffer_map.remove(&ArrayType::MZArray);
        assert_eq!(decode(half, Continuity::Centroid), Err("it has intensities but no m/z array".to_owned()));
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
    fn numpress_positive_integers_are_decoded() {
        let intensities = [0.0, 7.0, 100_000.0, 3.0];
        let mut packed = Vec::new();
        numpress_rs::encode_pic(&intensities, &mut packed).unwrap();
        let mut pic = array(&ArrayType::IntensityArray, &[]);
        pic.data = packed;
        pic.compression = BinaryCompressionType::Decoded;
        let base64 = pic.encode_bytestring(BinaryCompressionType::NoCompression);
        pic.data = base64;
        pic.compression = BinaryCompressionType::NumpressPIC;
        let unpacked = unpack(pic, |array| array.to_f64().map(Cow::into_owned)).unwrap();
        assert_eq!(unpacked, intensities);
    }
}
