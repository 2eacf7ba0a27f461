//! Arrays of one spectrum replaced: values that no instrument gives, other packings, and data that
//! break off.

use std::io::Read as _;
use std::ops::Range;

use flate2::read::ZlibDecoder;
use rand::RngExt;

use super::mutate::{Generator, base64, zlib};

/// A MS1 spectrum after the first compound has eluted.
const CHANGED: usize = 100;
/// MS:1000574, zlib, is how the sound file is packed.
const ZLIB: &str = "MS:1000574";
const PLAIN: &str = "MS:1000576";
const LINEAR: &str = "MS:1002312";
const PIC: &str = "MS:1002313";
const SLOF: &str = "MS:1002314";

/// Bytes of an array as they stand in the file, and the term of their packing.
#[derive(Clone)]
struct Packed(Vec<u8>, &'static str);

impl Generator<'_> {
    pub(super) fn arrays(&mut self) {
        let [mz, intensity] = self.sound_arrays();
        let values: Vec<f64> = mz
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes")))
            .collect();
        self.wild_intensities(&mz, intensity.len() / 4);
        self.orders(&mz, &intensity);
        self.plain(&mz, &intensity);
        self.numpress(&values, &intensity);
    }

    fn changed(&self) -> Range<usize> {
        let start = self.position("<spectrum ", CHANGED);
        start..start + self.sound[start..].find("</spectrum>").expect("it ends")
    }

    /// m/z (64 bit) and intensities (32 bit) of the spectrum.
    fn sound_arrays(&self) -> [Vec<u8>; 2] {
        let text = &self.sound[self.changed()];
        let arrays: Vec<Vec<u8>> = text
            .split("<binary>")
            .skip(1)
            .map(|rest| {
                let data = rest.split('<').next().expect("it ends");
                let bytes = base64_simd::STANDARD.decode_to_vec(data).expect("base64");
                let mut unpacked = Vec::new();
                ZlibDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).expect("zlib");
                unpacked
            })
            .collect();
        arrays.try_into().expect("two arrays")
    }

    /// The sound text with these arrays in the spectrum.
    fn with_both(&self, mz: &Packed, intensity: &Packed) -> String {
        let range = self.changed();
        let mut parts = self.sound[range.clone()].split("<binaryDataArray ");
        let mut text = self.sound[..range.start].to_owned() + parts.next().expect("a head");
        for (part, Packed(bytes, term)) in parts.zip([mz, intensity]) {
            let (head, rest) = part.split_once("<binary>").expect("an array");
            let rest = &rest[rest.find('<').expect("it ends")..];
            text += &format!(
                "<binaryDataArray {}<binary>{}{rest}",
                head.replace(ZLIB, term),
                base64(bytes)
            );
        }
        text + &self.sound[range.end..]
    }

    fn wild_intensities(&mut self, mz: &[u8], points: usize) {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -5.0] {
            let wild = Packed(zlib(&value.to_le_bytes().repeat(points)), ZLIB);
            let text = self.with_both(&Packed(zlib(mz), ZLIB), &wild);
            let kept = self.add(format!("intensities {value}"), text);
            (kept.loses, kept.keeps_first) = (true, true);
        }
    }

    fn orders(&mut self, mz: &[u8], intensity: &[u8]) {
        let reversed =
            |bytes: &[u8], size| bytes.chunks(size).rev().flatten().copied().collect::<Vec<u8>>();
        let text = self.with_both(
            &Packed(zlib(&reversed(mz, 8)), ZLIB),
            &Packed(zlib(&reversed(intensity, 4)), ZLIB),
        );
        self.add("m/z from high to low", text).same_spectra = true;
        let text = self.with_both(
            &Packed(zlib(&mz[..8].repeat(mz.len() / 8)), ZLIB),
            &Packed(zlib(intensity), ZLIB),
        );
        let kept = self.add("m/z all the same", text);
        (kept.loses, kept.keeps_first) = (true, true);
    }

    fn plain(&mut self, mz: &[u8], intensity: &[u8]) {
        let intensity = Packed(intensity.to_vec(), PLAIN);
        let text = self.with_both(&Packed(mz.to_vec(), PLAIN), &intensity);
        self.add("arrays without compression", text).same_spectra = true;
        for less in [1, 3, 4, 7, 8] {
            let text = self.with_both(&Packed(mz[..mz.len() - less].to_vec(), PLAIN), &intensity);
            self.add(format!("m/z without compression, {less} bytes short"), text).loses = true;
        }
    }

    fn numpress(&mut self, mz: &[f64], intensity: &[u8]) {
        let intensity = Packed(zlib(intensity), ZLIB);
        let (mut linear, mut pic, mut slof) = (Vec::new(), Vec::new(), Vec::new());
        numpress_rs::encode_linear(mz, &mut linear, numpress_rs::optimal_scaling(mz))
            .expect("linear");
        numpress_rs::encode_pic(mz, &mut pic).expect("pic");
        numpress_rs::encode_slof(mz, &mut slof, numpress_rs::optimal_slof_fixed_point(mz))
            .expect("slof");
        for (name, term, bytes) in
            [("linear", LINEAR, linear), ("pic", PIC, pic), ("slof", SLOF, slof)]
        {
            let text = self.with_both(&Packed(bytes.clone(), term), &intensity);
            self.add(format!("numpress {name}"), text).keeps_first = true;
            for length in 0..bytes.len() {
                let text = self.with_both(&Packed(bytes[..length].to_vec(), term), &intensity);
                self.add(format!("numpress {name}, {length} bytes of {}", bytes.len()), text)
                    .loses = true;
            }
            for _ in 0..8 {
                let mut wild = bytes.clone();
                wild.iter_mut().for_each(|byte| *byte = self.rng.random());
                let text = self.with_both(&Packed(wild, term), &intensity);
                self.add(format!("numpress {name}, any bytes"), text);
            }
        }
    }
}
