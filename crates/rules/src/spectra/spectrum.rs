//! What a library says of a compound: its spectrum, and the ion that was fragmented.

use cofactor_core::Polarity;

/// A spectrum of a library.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LibrarySpectrum {
    /// Name of the compound, or title.
    pub name: String,
    /// Its elemental formula, as the library writes it.
    pub formula: Option<String>,
    /// Its InChIKey.
    pub inchikey: Option<String>,
    /// m/z of the precursor.
    pub precursor_mz: Option<f64>,
    /// Its charge.
    pub charge: Option<u8>,
    /// Its polarity.
    pub polarity: Option<Polarity>,
    /// Its ion species, such as `[M+H]+`.
    pub adduct: Option<String>,
    /// As the library writes it.
    pub collision_energy: Option<String>,
    /// Retention time, seconds.
    pub rt_seconds: Option<f64>,
    /// All precursors that the spectrum stands for, where it lists several.
    pub members: Vec<LibraryMember>,
    /// The peaks, in the order of the file.
    pub peaks: Vec<LibraryPeak>,
}

/// One of several precursors of a spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct LibraryMember {
    /// Number of its feature, as the file writes it.
    pub feature_id: String,
    /// m/z.
    pub mz: f64,
    /// Retention time, seconds.
    pub rt_seconds: f64,
}

/// A peak of a library spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct LibraryPeak {
    /// m/z.
    pub mz: f64,
    /// Intensity in the units of the library, at least 0.
    pub intensity: f64,
    /// What the library says it is.
    pub annotation: Option<String>,
}
