//! What a scan says of itself, as far as it decides its channel and treatment.

use cofactor_core::{IsolationWindow, ScanHeader};

/// What a file says about the isolated precursors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Isolation {
    /// Nothing, or that nothing was isolated.
    None,
    /// A centre without a width, m/z.
    Centre(f64),
    /// Lower and upper edge, m/z.
    Window(f64, f64),
}

impl Isolation {
    /// The window, where the file gives one with a width.
    pub(crate) fn window(self) -> Option<IsolationWindow> {
        match self {
            Self::Window(lower, upper) => Some(IsolationWindow { lower, upper }),
            Self::None | Self::Centre(_) => None,
        }
    }
}

/// What a spectrum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpectrumKind {
    /// Ions over m/z.
    Mass,
    /// A calibrant or the lock mass.
    Calibration,
    /// Something else, by name.
    Other(&'static str),
}

/// Whether a spectrum holds points of a curve or peaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continuity {
    Profile,
    Centroid,
    Unknown,
}

/// A scan's header with the facts that decide its channel and treatment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawHeader {
    /// What the scan is handed out with.
    pub(crate) scan: ScanHeader,
    pub(crate) isolation: Isolation,
    pub(crate) precursors: usize,
    pub(crate) continuity: Continuity,
    /// The scan is one step of an ion-mobility frame.
    pub(crate) mobility_step: bool,
    /// Waters function number.
    pub(crate) function: Option<u32>,
    pub(crate) kind: SpectrumKind,
    /// Compensation voltage (FAIMS), V.
    pub(crate) compensation_voltage: Option<f64>,
    /// Voltage that fragments ions in the source, V.
    pub(crate) source_energy: Option<f64>,
    /// The file writes the edges of the isolation window where offsets belong.
    pub(crate) absolute_edges: bool,
    /// The isolation window is where a scanning quadrupole stood.
    pub(crate) scanning_quadrupole: bool,
}

/// The smallest range that holds both.
pub(crate) fn union(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}
