//! An mzML file in the hands of converters: spectra whose every tag a test may write otherwise.

use std::fmt::Write as _;

/// A compound: m/z, apex in seconds, fragments.
pub(super) type Compound = (f64, f64, [f64; 3]);

/// The compounds of every file.
pub(super) const COMPOUNDS: [Compound; 4] = [
    (214.0894, 18.0, [81.0335, 109.0284, 151.0390]),
    (237.1597, 23.0, [105.0699, 133.1012, 191.1430]),
    (262.1074, 20.0, [98.0600, 126.0550, 180.0655]),
    (286.2013, 28.0, [93.0699, 121.1012, 201.1637]),
];
/// The isolation windows.
pub(super) const WINDOWS: [(f64, f64); 2] = [(200.0, 250.0), (250.0, 300.0)];
/// Time from one MS1 scan to the next, seconds.
pub(super) const CYCLE: f64 = 0.9;
/// Cycles of a file, the first at [`START`].
pub(super) const CYCLES: usize = 40;
/// Time of the first scan, seconds.
pub(super) const START: f64 = 4.0;

/// Standard deviation of the elutions, seconds.
const SIGMA: f64 = 2.2;
/// Heights at the apex: precursors, fragments in their order.
const HEIGHT: f64 = 4e5;
const FRAGMENT_HEIGHTS: [f64; 3] = [1.2e5, 7e4, 4e4];
/// What a scan does not show.
const LIMIT: f64 = 300.0;

/// A spectrum, by its parts.
#[derive(Debug, Clone)]
pub(super) struct Spectrum {
    pub(super) id: String,
    pub(super) level: u8,
    pub(super) seconds: f64,
    pub(super) peaks: Vec<(f64, f64)>,
    /// Tags of the spectrum besides its level.
    pub(super) terms: String,
    /// The tag of its time.
    pub(super) time: String,
    /// Tags of its scan besides the time.
    pub(super) scan_terms: String,
    pub(super) range: Option<(f64, f64)>,
    /// Tags of its isolation windows, one each.
    pub(super) windows: Vec<String>,
    pub(super) energy: Option<f64>,
}

/// The names of the terms that the files use.
const NAMES: [(&str, &str); 24] = [
    ("MS:1000045", "collision energy"),
    ("MS:1000127", "centroid spectrum"),
    ("MS:1000128", "profile spectrum"),
    ("MS:1000129", "negative scan"),
    ("MS:1000130", "positive scan"),
    ("MS:1000422", "beam-type collision-induced dissociation"),
    ("MS:1000500", "scan window upper limit"),
    ("MS:1000501", "scan window lower limit"),
    ("MS:1000511", "ms level"),
    ("MS:1000514", "m/z array"),
    ("MS:1000515", "intensity array"),
    ("MS:1000523", "64-bit float"),
    ("MS:1000544", "Conversion to mzML"),
    ("MS:1000576", "no compression"),
    ("MS:1000579", "MS1 spectrum"),
    ("MS:1000580", "MSn spectrum"),
    ("MS:1000795", "no combination"),
    ("MS:1000799", "custom unreleased software tool"),
    ("MS:1000804", "electromagnetic radiation spectrum"),
    ("MS:1000827", "isolation window target m/z"),
    ("MS:1000828", "isolation window lower offset"),
    ("MS:1000829", "isolation window upper offset"),
    ("MS:1000928", "calibration spectrum"),
    ("MS:1001581", "FAIMS compensation voltage"),
];

/// The tag of a term.
pub(super) fn term(accession: &str, value: impl ToString) -> String {
    let name = NAMES
        .iter()
        .find(|(known, _)| *known == accession)
        .map(|(_, name)| *name)
        .expect("a known term");
    format!(
        "<cvParam cvRef=\"MS\" accession=\"{accession}\" name=\"{name}\" value=\"{}\"/>",
        value.to_string()
    )
}

/// The tag of a time in minutes.
pub(super) fn minutes(seconds: f64) -> String {
    time(
        format!("{:.6}", seconds / 60.0),
        "unitCvRef=\"UO\" unitAccession=\"UO:0000031\" unitName=\"minute\"",
    )
}

/// The tag of a time in any unit.
pub(super) fn time(value: impl ToString, unit: &str) -> String {
    format!(
        "<cvParam cvRef=\"MS\" accession=\"MS:1000016\" name=\"scan start time\" value=\"{}\" \
         {unit}/>",
        value.to_string()
    )
}

/// The tags of an isolation window by its target and offsets.
pub(super) fn isolation(target: f64, lower: f64, upper: f64) -> String {
    term("MS:1000827", target) + &term("MS:1000828", lower) + &term("MS:1000829", upper)
}

impl Spectrum {
    /// Takes place at another time.
    pub(super) fn at(mut self, seconds: f64) -> Self {
        self.seconds = seconds;
        self.time = minutes(seconds);
        self
    }

    /// What shows at its time through a window; MS1 without one.
    pub(super) fn new(seconds: f64, window: Option<(f64, f64)>, compounds: &[Compound]) -> Self {
        let (lower, upper) = window.unwrap_or_default();
        Self {
            id: String::new(),
            level: if window.is_some() { 2 } else { 1 },
            seconds,
            peaks: peaks(seconds, window, compounds),
            terms: term("MS:1000130", "") + &term("MS:1000127", ""),
            time: minutes(seconds),
            scan_terms: String::new(),
            range: Some((50.0, 400.0)),
            windows: window
                .map(|_| {
                    isolation(0.5 * (lower + upper), 0.5 * (upper - lower), 0.5 * (upper - lower))
                })
                .into_iter()
                .collect(),
            energy: window.map(|_| 30.0),
        }
    }

    fn xml(&self, position: usize) -> String {
        let id =
            if self.id.is_empty() { format!("scan={}", position + 1) } else { self.id.clone() };
        let range = self.range.map_or_else(String::new, |(lower, upper)| {
            let (lower, upper) = (term("MS:1000501", lower), term("MS:1000500", upper));
            format!(
                "<scanWindowList \
                count=\"1\"><scanWindow>{lower}{upper}</scanWindow></scanWindowList>"
            )
        });
        let mut precursors = String::new();
        for window in &self.windows {
            let energy = self.energy.map_or_else(String::new, |energy| term("MS:1000045", energy));
            let _ = write!(
                precursors,
                "<precursor><isolationWindow>{window}</isolationWindow>\
                 <activation>{}{energy}</activation></precursor>",
                term("MS:1000422", "")
            );
        }
        if !precursors.is_empty() {
            precursors = format!(
                "<precursorList count=\"{}\">{precursors}</precursorList>",
                self.windows.len()
            );
        }
        let mut arrays = String::new();
        for (accession, values) in [
            ("MS:1000514", self.peaks.iter().map(|peak| peak.0).collect::<Vec<f64>>()),
            ("MS:1000515", self.peaks.iter().map(|peak| peak.1).collect()),
        ] {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let text = base64_simd::STANDARD.encode_to_string(bytes);
            let _ = write!(
                arrays,
                "<binaryDataArray \
                 encodedLength=\"{}\">{}{}{}<binary>{text}</binary></binaryDataArray>",
                text.len(),
                term("MS:1000523", ""),
                term("MS:1000576", ""),
                term(accession, ""),
            );
        }
        let kind = if self.level == 1 { "MS:1000579" } else { "MS:1000580" };
        let scan = format!(
            "<scanList count=\"1\">{}<scan>{}{}{range}</scan></scanList>",
            term("MS:1000795", ""),
            self.time,
            self.scan_terms
        );
        format!(
            "<spectrum index=\"{position}\" id=\"{id}\" \
             defaultArrayLength=\"{}\">{}{}{}{scan}{precursors}\
             <binaryDataArrayList count=\"2\">{arrays}</binaryDataArrayList></spectrum>\n",
            self.peaks.len(),
            term("MS:1000511", self.level),
            term(kind, ""),
            self.terms,
        )
    }
}

/// Peaks above the limit, ascending in m/z.
fn peaks(seconds: f64, window: Option<(f64, f64)>, compounds: &[Compound]) -> Vec<(f64, f64)> {
    let mut peaks = Vec::new();
    for (mz, apex, fragments) in compounds {
        let elution = (-0.5 * ((seconds - apex) / SIGMA).powi(2)).exp();
        match window {
            None => {
                peaks.extend([(*mz, HEIGHT * elution), (mz + 1.00335, 0.12 * HEIGHT * elution)]);
            }
            Some((lower, upper)) if (lower..upper).contains(mz) => {
                peaks.extend(
                    fragments
                        .iter()
                        .zip(FRAGMENT_HEIGHTS)
                        .map(|(&fragment, height)| (fragment, height * elution)),
                );
            }
            Some(_) => {}
        }
    }
    // Noise of 3 % that no scan repeats, and something just above the limit at an m/z of its own.
    for (number, peak) in peaks.iter_mut().enumerate() {
        peak.1 *= 1.0 + 0.03 * even(seconds, number);
    }
    peaks.push((330.0 + 20.0 * even(seconds, 90), LIMIT * (1.3 + 0.25 * even(seconds, 91))));
    peaks.retain(|peak| peak.1 > LIMIT);
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    peaks
}

/// A number between −√3 and √3, of standard deviation 1, that looks random in both arguments.
fn even(seconds: f64, number: usize) -> f64 {
    let mut bits = (seconds * 1e4).round() as u64 ^ ((number as u64 + 1) << 40);
    for _ in 0..2 {
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
    }
    (bits as f64 / u64::MAX as f64 - 0.5) * 12_f64.sqrt()
}

/// Cycles of an MS1 scan and one scan a window.
pub(super) fn cycles(windows: &[(f64, f64)]) -> Vec<Spectrum> {
    let mut spectra = Vec::new();
    let step = CYCLE / (windows.len() + 1) as f64;
    for cycle in 0..CYCLES {
        let levels = [None].into_iter().chain(windows.iter().copied().map(Some));
        for (position, window) in levels.enumerate() {
            let seconds = START + CYCLE * cycle as f64 + step * position as f64;
            spectra.push(Spectrum::new(seconds, window, &COMPOUNDS));
        }
    }
    spectra
}

/// The document.
pub(super) fn document(spectra: &[Spectrum]) -> String {
    let list: String =
        spectra.iter().enumerate().map(|(position, spectrum)| spectrum.xml(position)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<mzML xmlns=\"http://psi.hupo.org/ms/mzml\" \
         version=\"1.1.0\">\
         <cvList count=\"1\"><cv id=\"MS\" fullName=\"PSI-MS\" \
         URI=\"https://psidev.info\"/></cvList>\
         <fileDescription><fileContent>{}</fileContent></fileDescription>\
         <softwareList count=\"1\"><software id=\"s\" version=\"1\">{}</software></softwareList>\
         <instrumentConfigurationList count=\"1\"><instrumentConfiguration id=\"i\">\
         <componentList count=\"0\"/></instrumentConfiguration></instrumentConfigurationList>\
         <dataProcessingList count=\"1\"><dataProcessing id=\"d\">\
         <processingMethod order=\"0\" \
         softwareRef=\"s\">{}</processingMethod></dataProcessing></dataProcessingList>\
         <run id=\"r\" defaultInstrumentConfigurationRef=\"i\">\
         <spectrumList count=\"{}\" \
         defaultDataProcessingRef=\"d\">\n{list}</spectrumList></run></mzML>\n",
        term("MS:1000579", ""),
        term("MS:1000799", "test"),
        term("MS:1000544", ""),
        spectra.len()
    )
}
