//! Scans to indexed mzML 1.1 (<https://www.psidev.info/mzML>), for simulated runs and exports.
//!
//! mzdata's writer does the document, the index, the checksum and the arrays. The spectrum element
//! is put together here, because mzdata gives every MS1 spectrum an empty precursor list, which the
//! schema forbids, and invents energies and injection times of zero.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cofactor_core::{IsolationWindow, Polarity, Scan, ScanHeader};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use mzdata::io::mzml::{MzMLWriter, MzMLWriterError};
use mzdata::meta::{
    Component, ComponentType, DataProcessing, InstrumentConfiguration, ProcessingMethod, Software,
    SourceFile,
};
use mzdata::params::{ControlledVocabulary, Param, Unit};
use mzdata::prelude::ParamDescribed;
use mzdata::spectrum::bindata::{ArrayType, BinaryCompressionType, BinaryDataArrayType, DataArray};
use quick_xml::events::{BytesEnd, BytesStart, Event};

use crate::Error;

const SECONDS_PER_MINUTE: f64 = 60.0;
const SOFTWARE_ID: &str = "cofactor";
const PROCESSING_ID: &str = "cofactor_export";

/// What a written file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteInfo {
    /// Number of scans that will come; mzML announces it before the first.
    pub scan_count: usize,
    /// Where the scans come from: the name of a raw file, or of a simulation.
    pub source: String,
    /// Whether the peak arrays are compressed (zlib).
    pub compress: bool,
}

/// The ion that a fragment spectrum is of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelectedIon {
    /// m/z of its monoisotopic peak.
    pub mz: f64,
    /// Number of charges, where it is known.
    pub charge: Option<u8>,
    /// Its intensity in MS1.
    pub intensity: f64,
}

/// Writes scans as a centroided, indexed mzML file. It gets its name only when it is whole.
///
/// m/z are kept as 64-bit and intensities as 32-bit numbers, times in minutes. A scan without an
/// identifier becomes `scan=N`; a fragment scan without a window is written as not isolated.
///
/// # Errors
/// If the file cannot be written, or if there are more or fewer scans than announced.
pub fn write(
    path: &Path,
    info: &WriteInfo,
    scans: impl Iterator<Item = Scan>,
) -> Result<(), Error> {
    write_all(path, info, scans.map(|scan| (scan, None)))
}

/// Writes fragment spectra, each of one known precursor, in the same way.
///
/// # Errors
/// As [`write()`].
pub fn write_spectra(
    path: &Path,
    info: &WriteInfo,
    spectra: impl Iterator<Item = (Scan, SelectedIon)>,
) -> Result<(), Error> {
    write_all(path, info, spectra.map(|(scan, ion)| (scan, Some(ion))))
}

/// A scan, and of which ion it is where that is known.
type Item = (Scan, Option<SelectedIon>);

fn write_all(
    path: &Path,
    info: &WriteInfo,
    scans: impl Iterator<Item = Item>,
) -> Result<(), Error> {
    let part = part_name(path);
    write_part(&part, info, scans)
        .and_then(|count| {
            if count == info.scan_count {
                fs::rename(&part, path).map_err(Failure::Io)
            } else {
                Err(Failure::Count(count))
            }
        })
        .map_err(|failure| {
            // The part is of no use; that it cannot be removed adds nothing to the failure itself.
            let _ = fs::remove_file(&part);
            let path = path.to_owned();
            match failure {
                Failure::Io(source) => Error::Write { path, source },
                Failure::Count(written) => {
                    Error::ScanCount { path, announced: info.scan_count, given: written }
                }
            }
        })
}

enum Failure {
    Io(io::Error),
    Count(usize),
}

impl From<MzMLWriterError> for Failure {
    fn from(error: MzMLWriterError) -> Self {
        Self::Io(io::Error::other(error))
    }
}

fn part_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Writes everything and returns the number of scans.
fn write_part(
    part: &Path,
    info: &WriteInfo,
    scans: impl Iterator<Item = Item>,
) -> Result<usize, Failure> {
    let failure = Arc::default();
    let file =
        Latch { file: File::create(part).map_err(Failure::Io)?, failure: Arc::clone(&failure) };
    let compression = if info.compress {
        BinaryCompressionType::Zlib
    } else {
        BinaryCompressionType::NoCompression
    };
    let mut writer = MzMLWriter::new_with_index_and_compression(file, true, compression);
    let mut scans = scans.peekable();
    let first = scans.peek();
    let first_id = first.map(|(scan, _)| scan.header.id.as_str()).unwrap_or_default();
    let with_ms1 = first.is_none_or(|(_, ion)| ion.is_none());
    describe_document(&mut writer, info, first_id, with_ms1);
    writer.start_spectrum_list()?;
    let mut packer = info.compress.then(|| ZlibEncoder::new(Vec::new(), Compression::best()));
    let mut count = 0;
    for (scan, ion) in scans {
        write_scan(&mut writer, packer.as_mut(), count, &scan, ion)?;
        count += 1;
        if is_set(&failure) {
            break;
        }
    }
    writer.close()?;
    drop(writer);
    match failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(Failure::Io(error)),
        None => Ok(count),
    }
}

type SharedFailure = Arc<Mutex<Option<io::Error>>>;

fn is_set(failure: &SharedFailure) -> bool {
    failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// A file that keeps its first error and swallows what comes after, since mzdata's writer closes
/// the document when it is dropped and panics if that fails.
struct Latch {
    file: File,
    failure: SharedFailure,
}

impl Latch {
    fn keep<T>(&self, result: io::Result<T>, fallback: T) -> T {
        result.unwrap_or_else(|error| {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            fallback
        })
    }
}

impl Write for Latch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if is_set(&self.failure) {
            return Ok(bytes.len());
        }
        match self.file.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            result => Ok(self.keep(result, bytes.len())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.file.flush();
        self.keep(result, ());
        Ok(())
    }
}

fn describe_document(
    writer: &mut MzMLWriter<Latch>,
    info: &WriteInfo,
    first_id: &str,
    with_ms1: bool,
) {
    writer.set_spectrum_count(info.scan_count as u64);
    if with_ms1 {
        writer.file_description.add_param(term("MS:1000579", "MS1 spectrum"));
    }
    writer.file_description.add_param(term("MS:1000580", "MSn spectrum"));
    writer.file_description.add_param(term("MS:1000127", "centroid spectrum"));
    let id_format = if first_id.is_empty() || first_id.starts_with("scan=") {
        term("MS:1000776", "scan number only nativeID format")
    } else {
        term("MS:1000824", "no nativeID format")
    };
    writer.file_description.source_files.push(SourceFile {
        name: xml_text(&info.source),
        location: "file:///".to_owned(),
        id: "source".to_owned(),
        id_format: Some(id_format),
        ..SourceFile::default()
    });
    writer.softwares.push(Software {
        id: SOFTWARE_ID.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        params: vec![value("MS:1000799", "custom unreleased software tool", SOFTWARE_ID)],
    });
    let mut instrument = InstrumentConfiguration {
        params: vec![term("MS:1000031", "instrument model")],
        software_reference: SOFTWARE_ID.to_owned(),
        ..InstrumentConfiguration::default()
    };
    for (component_type, param) in [
        (ComponentType::IonSource, term("MS:1000073", "electrospray ionization")),
        (ComponentType::Analyzer, term("MS:1000443", "mass analyzer type")),
        (ComponentType::Detector, term("MS:1000026", "detector type")),
    ] {
        instrument.push(Component { component_type, params: vec![param], ..Component::default() });
    }
    writer.instrument_configurations.insert(0, instrument);
    writer.data_processings.push(DataProcessing {
        id: PROCESSING_ID.to_owned(),
        methods: vec![ProcessingMethod {
            order: 0,
            software_reference: SOFTWARE_ID.to_owned(),
            params: vec![term("MS:1000544", "Conversion to mzML")],
        }],
    });
}

fn write_scan(
    writer: &mut MzMLWriter<Latch>,
    packer: Option<&mut Packer>,
    position: usize,
    scan: &Scan,
    ion: Option<SelectedIon>,
) -> Result<(), MzMLWriterError> {
    let header = &scan.header;
    let id =
        if header.id.is_empty() { format!("scan={}", position + 1) } else { header.id.clone() };
    let count = scan.mz.len().to_string();
    let offset = writer.stream_position()?;
    writer.spectrum_offset_index.insert(id.clone(), offset);
    writer.spectrum_counter += 1;

    open(
        writer,
        "spectrum",
        &[("id", &id), ("index", &position.to_string()), ("defaultArrayLength", &count)],
    )?;
    write_properties(writer, scan)?;
    write_scan_list(writer, header)?;
    if header.ms_level > 1 {
        write_precursor(writer, header, ion)?;
    }
    write_arrays(writer, packer, scan)?;
    close(writer, "spectrum")
}

/// Packs one array after the other. mzdata would make one for each array, and the memory of those
/// may not come back: the allocator of glibc does not find the gaps that they leave.
type Packer = ZlibEncoder<Vec<u8>>;

fn write_arrays(
    writer: &mut MzMLWriter<Latch>,
    mut packer: Option<&mut Packer>,
    scan: &Scan,
) -> Result<(), MzMLWriterError> {
    let arrays = [
        array(&ArrayType::MZArray, BinaryDataArrayType::Float64, &scan.mz, f64::to_le_bytes),
        array(
            &ArrayType::IntensityArray,
            BinaryDataArrayType::Float32,
            &scan.intensity,
            f32::to_le_bytes,
        ),
    ];
    open(writer, "binaryDataArrayList", &[("count", &arrays.len().to_string())])?;
    for array in arrays {
        let bytes = match packer.as_deref_mut() {
            Some(packer) => {
                packer.write_all(&array.data)?;
                packer.reset(Vec::new())?
            }
            None => array.data.clone(),
        };
        // Only base64 is left to do.
        let bytes = DataArray::wrap(&array.name, array.dtype, bytes);
        let text = bytes.encode_bytestring(BinaryCompressionType::NoCompression);
        writer.write_binary_data_array_pre_encoded(&array, scan.mz.len(), &text)?;
    }
    close(writer, "binaryDataArrayList")
}

fn write_properties(writer: &mut MzMLWriter<Latch>, scan: &Scan) -> Result<(), MzMLWriterError> {
    let header = &scan.header;
    writer.write_param(&if header.ms_level > 1 {
        term("MS:1000580", "MSn spectrum")
    } else {
        term("MS:1000579", "MS1 spectrum")
    })?;
    writer.write_param(&value("MS:1000511", "ms level", header.ms_level))?;
    match header.polarity {
        Some(Polarity::Positive) => writer.write_param(&term("MS:1000130", "positive scan"))?,
        Some(Polarity::Negative) => writer.write_param(&term("MS:1000129", "negative scan"))?,
        None => {}
    }
    writer.write_param(&term("MS:1000127", "centroid spectrum"))?;
    let total: f64 = scan.intensity.iter().map(|&intensity| f64::from(intensity)).sum();
    let highest = scan.intensity.iter().copied().fold(0.0, f32::max);
    let minutes = header.rt_seconds / SECONDS_PER_MINUTE;
    writer.tic_collector.add(minutes, total as f32);
    writer.bic_collector.add(minutes, highest);
    writer.write_param(&value("MS:1000285", "total ion current", total))
}

fn write_scan_list(
    writer: &mut MzMLWriter<Latch>,
    header: &ScanHeader,
) -> Result<(), MzMLWriterError> {
    open(writer, "scanList", &[("count", "1")])?;
    writer.write_param(&term("MS:1000795", "no combination"))?;
    open(writer, "scan", &[])?;
    let minutes = header.rt_seconds / SECONDS_PER_MINUTE;
    writer
        .write_param(&value("MS:1000016", "scan start time", minutes).with_unit_t(&Unit::Minute))?;
    if let Some((lower, upper)) = header.scan_range {
        open(writer, "scanWindowList", &[("count", "1")])?;
        open(writer, "scanWindow", &[])?;
        writer.write_param(&mz_value("MS:1000501", "scan window lower limit", lower))?;
        writer.write_param(&mz_value("MS:1000500", "scan window upper limit", upper))?;
        close(writer, "scanWindow")?;
        close(writer, "scanWindowList")?;
    }
    close(writer, "scan")?;
    close(writer, "scanList")
}

fn write_precursor(
    writer: &mut MzMLWriter<Latch>,
    header: &ScanHeader,
    ion: Option<SelectedIon>,
) -> Result<(), MzMLWriterError> {
    open(writer, "precursorList", &[("count", "1")])?;
    open(writer, "precursor", &[])?;
    open(writer, "isolationWindow", &[])?;
    let isolated = header.window.filter(|window| !window.is_all());
    if let Some(IsolationWindow { lower, upper }) = isolated {
        let centre = f64::midpoint(lower, upper);
        writer.write_param(&mz_value("MS:1000827", "isolation window target m/z", centre))?;
        writer.write_param(&mz_value(
            "MS:1000828",
            "isolation window lower offset",
            centre - lower,
        ))?;
        writer.write_param(&mz_value(
            "MS:1000829",
            "isolation window upper offset",
            upper - centre,
        ))?;
    } else {
        writer.write_param(&term("MS:1003159", "no isolation"))?;
    }
    close(writer, "isolationWindow")?;
    let centre = isolated.map(|IsolationWindow { lower, upper }| f64::midpoint(lower, upper));
    if let Some(mz) = ion.map(|ion| ion.mz).or(centre) {
        open(writer, "selectedIonList", &[("count", "1")])?;
        open(writer, "selectedIon", &[])?;
        writer.write_param(&mz_value("MS:1000744", "selected ion m/z", mz))?;
        if let Some(charge) = ion.and_then(|ion| ion.charge) {
            writer.write_param(&value("MS:1000041", "charge state", charge))?;
        }
        if let Some(ion) = ion {
            let intensity = value("MS:1000042", "peak intensity", ion.intensity);
            writer.write_param(&intensity.with_unit_t(&Unit::DetectorCounts))?;
        }
        close(writer, "selectedIon")?;
        close(writer, "selectedIonList")?;
    }
    open(writer, "activation", &[])?;
    writer.write_param(&term("MS:1000133", "collision-induced dissociation"))?;
    if let Some(energy) = header.collision_energy {
        writer.write_param(
            &value("MS:1000045", "collision energy", energy).with_unit_t(&Unit::Electronvolt),
        )?;
    }
    close(writer, "activation")?;
    close(writer, "precursor")?;
    close(writer, "precursorList")
}

/// What XML can hold of a text, on one line: other characters become spaces.
fn xml_text(text: &str) -> String {
    let is_none = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if is_none(c) { ' ' } else { c }).collect()
}

fn open(
    writer: &mut MzMLWriter<Latch>,
    tag: &str,
    attributes: &[(&str, &str)],
) -> Result<(), MzMLWriterError> {
    writer
        .write_event(Event::Start(BytesStart::new(tag).with_attributes(attributes.iter().copied())))
}

fn close(writer: &mut MzMLWriter<Latch>, tag: &str) -> Result<(), MzMLWriterError> {
    writer.write_event(Event::End(BytesEnd::new(tag)))
}

fn array<T: Copy, const N: usize>(
    name: &ArrayType,
    number: BinaryDataArrayType,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> DataArray {
    DataArray::wrap(name, number, values.iter().flat_map(|&value| bytes(value)).collect())
}

fn term(accession: &str, name: &str) -> Param {
    ControlledVocabulary::MS.param(accession, name)
}

fn value(accession: &str, name: &str, value: impl std::fmt::Display + Copy) -> Param {
    ControlledVocabulary::MS.param_val(accession, name, value.to_string())
}

fn mz_value(accession: &str, name: &str, mz: f64) -> Param {
    value(accession, name, mz).with_unit_t(&Unit::MZ)
}
