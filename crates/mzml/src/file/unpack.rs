//! From the text of an array to its values: base64, then zlib, then numpress, each as the file
//! says. Nothing unpacks to more than it may, and a stream that breaks off is an error.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::ZlibDecoder;
use mzdata::prelude::ByteArrayView;
use mzdata::spectrum::bindata::{BinaryCompressionType as Packing, BinaryDataArrayType, DataArray};

use crate::file::guard;
use crate::file::tally::{self, Numpress};

/// Bytes before the values of numpress data, and the most that a value takes.
const NUMPRESS_HEAD: u64 = 16;
const NUMPRESS_VALUE: u64 = 5;

/// Unpacks an array into values; `most` bytes at most. `terms` are all that it says of its packing,
/// where that is known: the parser keeps one.
pub(crate) fn unpack(
    array: &DataArray,
    terms: Option<&tally::Packing>,
    most: u64,
) -> Result<Vec<f64>, String> {
    let packing = match terms {
        Some(tally::Packing { unknown: Some(name), .. }) => {
            return Err(format!("its compression, {name}, is not one that cofactor reads"));
        }
        Some(terms) if array.compression != Packing::Decoded => packing_of(terms),
        _ => array.compression,
    };
    let bytes = bytes_of(&array.data, packing, most)?;
    match packing {
        Packing::NumpressLinear | Packing::NumpressLinearZlib => {
            numpress(&bytes, most, numpress_rs::decode_linear)
        }
        Packing::NumpressSLOF | Packing::NumpressSLOFZlib => {
            numpress(&bytes, most, numpress_rs::decode_slof)
        }
        Packing::NumpressPIC | Packing::NumpressPICZlib => {
            numpress(&bytes, most, numpress_rs::decode_pic)
        }
        _ => numbers(bytes, array),
    }
}

fn packing_of(terms: &tally::Packing) -> Packing {
    match (terms.numpress, terms.zlib) {
        (None, false) => Packing::NoCompression,
        (None, true) => Packing::Zlib,
        (Some(Numpress::Linear), false) => Packing::NumpressLinear,
        (Some(Numpress::Linear), true) => Packing::NumpressLinearZlib,
        (Some(Numpress::Pic), false) => Packing::NumpressPIC,
        (Some(Numpress::Pic), true) => Packing::NumpressPICZlib,
        (Some(Numpress::Slof), false) => Packing::NumpressSLOF,
        (Some(Numpress::Slof), true) => Packing::NumpressSLOFZlib,
    }
}

fn bytes_of(text: &[u8], packing: Packing, most: u64) -> Result<Vec<u8>, String> {
    let zipped = match packing {
        Packing::Decoded => return Ok(text.to_vec()),
        Packing::NoCompression
        | Packing::NumpressLinear
        | Packing::NumpressSLOF
        | Packing::NumpressPIC => false,
        Packing::Zlib
        | Packing::NumpressLinearZlib
        | Packing::NumpressSLOFZlib
        | Packing::NumpressPICZlib => true,
        unknown => {
            return Err(format!("its compression ({unknown:?}) is not one that cofactor reads"));
        }
    };
    let mut text = Cow::Borrowed(text);
    if text.iter().any(u8::is_ascii_whitespace) {
        text.to_mut().retain(|byte| !byte.is_ascii_whitespace());
    }
    let bytes = base64_simd::STANDARD
        .decode_to_vec(&text)
        .map_err(|_| "it is no base64 text".to_owned())?;
    if !zipped || bytes.is_empty() {
        return Ok(bytes);
    }
    let mut unzipped = Vec::new();
    let mut decoder = ZlibDecoder::new(bytes.as_slice()).take(most + 1);
    decoder
        .read_to_end(&mut unzipped)
        .map_err(|error| format!("its zlib data do not unpack ({error})"))?;
    if unzipped.len() as u64 > most {
        return Err(format!(
            "it unpacks to more than the {most} bytes that the spectrum announces or the memory \
             allows"
        ));
    }
    Ok(unzipped)
}

fn numpress<E>(
    bytes: &[u8],
    most: u64,
    decode: impl FnOnce(&[u8], &mut Vec<f64>) -> Result<usize, E>,
) -> Result<Vec<f64>, String> {
    // A value is packed into five bytes at most, and the decoder asks for memory by the number of
    // bytes.
    if bytes.len() as u64 > NUMPRESS_HEAD + most / 8 * NUMPRESS_VALUE {
        return Err(format!(
            "its {} bytes of numpress data are more than the announced values can take",
            bytes.len()
        ));
    }
    let mut values = Vec::new();
    if !bytes.is_empty() {
        // The decoder panics on some data that are too short. Its error is not shown: its `Display`
        // calls itself for ever.
        guard::catch(|| decode(bytes, &mut values).is_ok())
            .ok()
            .filter(|&whole| whole)
            .ok_or("its numpress data do not unpack (they break off)")?;
    }
    Ok(values)
}

fn numbers(bytes: Vec<u8>, array: &DataArray) -> Result<Vec<f64>, String> {
    let size = match array.dtype {
        BinaryDataArrayType::Float64 | BinaryDataArrayType::Int64 => 8,
        BinaryDataArrayType::Float32 | BinaryDataArrayType::Int32 => 4,
        BinaryDataArrayType::Unknown | BinaryDataArrayType::ASCII => {
            return Err(
                "the file does not say what kind of numbers it holds (such as MS:1000523, 64-bit \
                 float)"
                    .to_owned(),
            );
        }
    };
    if !bytes.len().is_multiple_of(size) {
        return Err(format!(
            "its {} bytes are no whole number of {}-bit values",
            bytes.len(),
            8 * size
        ));
    }
    let array = DataArray::wrap(&array.name, array.dtype, bytes);
    guard::catch(|| array.to_f64().map(Cow::into_owned).map_err(|error| error.to_string()))?
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use mzdata::spectrum::bindata::ArrayType;

    use super::*;

    fn packed(bytes: &[u8], packing: Packing) -> DataArray {
        let mut array =
            DataArray::wrap(&ArrayType::MZArray, BinaryDataArrayType::Float64, bytes.to_vec());
        array.data = base64_simd::STANDARD.encode_type(bytes);
        array.compression = packing;
        array
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn zlib_is_unpacked_up_to_the_limit() {
        let bytes: Vec<u8> =
            [100.0_f64, 200.5].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(
            unpack(&packed(&zipped(&bytes), Packing::Zlib), None, 16),
            Ok(vec![100.0, 200.5])
        );
        let error = unpack(&packed(&zipped(&bytes), Packing::Zlib), None, 15).unwrap_err();
        assert!(error.contains("more than the 15 bytes"), "{error}");
        let bomb =
            unpack(&packed(&zipped(&vec![0; 50 << 20]), Packing::Zlib), None, 1 << 20).unwrap_err();
        assert!(bomb.contains("unpacks to more"), "{bomb}");
    }

    #[test]
    fn a_stream_that_breaks_off_is_an_error_wherever_it_does() {
        let bytes: Vec<u8> = (0..50).flat_map(|i| (f64::from(i) * 1.7).to_le_bytes()).collect();
        let whole = zipped(&bytes);
        for length in 1..whole.len() {
            assert!(
                unpack(&packed(&whole[..length], Packing::Zlib), None, 400).is_err(),
                "{length}"
            );
        }
        assert!(unpack(&packed(&whole, Packing::Zlib), None, 400).is_ok());
        assert!(
            unpack(&packed(&bytes[..39], Packing::NoCompression), None, 400)
                .unwrap_err()
                .contains("39 bytes")
        );
    }

    #[test]
    fn a_flipped_bit_is_an_error_or_changes_nothing() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i) * 1.7).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let whole = packed(&zipped(&bytes), Packing::Zlib);
        for bit in 0..8 * whole.data.len() {
            let mut flipped = whole.clone();
            flipped.data[bit / 8] ^= 1 << (bit % 8);
            if let Ok(found) = unpack(&flipped, None, 400) {
                // A few bits between the blocks and the checksum mean nothing.
                assert_eq!(found, values, "bit {bit}");
            }
        }
    }

    #[test]
    fn every_numpress_is_decoded() {
        let values = [0.0, 7.0, 100_000.0, 3.0];
        let near = |found: Vec<f64>| {
            found.iter().zip(&values).all(|(a, b)| (a - b).abs() <= 1e-3 * b.max(1.0))
        };
        let (mut pic, mut slof, mut linear) = (Vec::new(), Vec::new(), Vec::new());
        numpress_rs::encode_pic(&values, &mut pic).unwrap();
        numpress_rs::encode_slof(
            &values,
            &mut slof,
            numpress_rs::optimal_slof_fixed_point(&values),
        )
        .unwrap();
        numpress_rs::encode_linear(&values, &mut linear, numpress_rs::optimal_scaling(&values))
            .unwrap();
        for (plain, zlib, bytes) in [
            (Packing::NumpressPIC, Packing::NumpressPICZlib, pic),
            (Packing::NumpressSLOF, Packing::NumpressSLOFZlib, slof),
            (Packing::NumpressLinear, Packing::NumpressLinearZlib, linear),
        ] {
            assert!(near(unpack(&packed(&bytes, plain), None, 400).unwrap()), "{plain:?}");
            assert!(near(unpack(&packed(&zipped(&bytes), zlib), None, 400).unwrap()), "{zlib:?}");
        }
        assert!(
            unpack(&packed(&[1, 2, 3], Packing::NumpressLinear), None, 400)
                .unwrap_err()
                .contains("numpress")
        );
    }
}
