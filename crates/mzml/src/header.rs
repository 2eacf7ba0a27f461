//! From mzdata's description of a spectrum to the facts that cofactor uses.
//!
//! Terms by accession are those of the PSI-MS vocabulary. mzdata keeps minutes and single-precision m/z
//! bounds; both are converted here.

use cofactor_core::{IsolationWindow, Polarity, ScanHeader};
use mzdata::curie;
use mzdata::params::{CURIE, ParamValue};
use mzdata::prelude::ParamDescribed;
use mzdata::spectrum::{IsolationWindowState, ScanPolarity, SignalContinuity, SpectrumDescription};

const SECONDS_PER_MINUTE: f64 = 60.0;
const MS1_SPECTRUM: CURIE = curie!(MS:1000579);
const MSN_SPECTRUM: CURIE = curie!(MS:1000580);
const COLLISION_ENERGY: CURIE = curie!(MS:1000045);
const DRIFT_TIME: CURIE = curie!(MS:1002476);
const INVERSE_MOBILITY: CURIE = curie!(MS:1002815);

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
}

/// Reads the header of the spectrum at position `index` of the file.
pub(crate) fn read(description: &SpectrumDescription, index: usize) -> RawHeader {
    let level = ms_level(description);
    let isolation = if level > 1 { isolation(description) } else { Isolation::None };
    let scan = description.acquisition.scans.first();
    RawHeader {
        scan: ScanHeader {
            id: description.id.clone(),
            index,
            ms_level: level,
            rt_seconds: scan.map_or(f64::NAN, |scan| scan.start_time * SECONDS_PER_MINUTE),
            polarity: match description.polarity {
                ScanPolarity::Positive => Some(Polarity::Positive),
                ScanPolarity::Negative => Some(Polarity::Negative),
                ScanPolarity::Unknown => None,
            },
            window: isolation.window(),
            collision_energy: collision_energy(description),
            scan_range: scan_range(description),
        },
        isolation,
        precursors: description.precursor.len(),
        continuity: match description.signal_continuity {
            SignalContinuity::Profile => Continuity::Profile,
            SignalContinuity::Centroid => Continuity::Centroid,
            SignalContinuity::Unknown => Continuity::Unknown,
        },
        mobility_step: scan.is_some_and(|scan| {
            [DRIFT_TIME, INVERSE_MOBILITY].iter().any(|term| scan.get_param_by_curie(term).is_some())
        }),
        function: waters_function(&description.id),
    }
}

fn ms_level(description: &SpectrumDescription) -> u8 {
    if description.ms_level > 0 {
        return description.ms_level;
    }
    let is = |term| description.get_param_by_curie(term).is_some();
    if is(&MS1_SPECTRUM) {
        1
    } else if is(&MSN_SPECTRUM) {
        2
    } else {
        0
    }
}

/// The isolation of the first precursor. Offsets without a target are taken from the selected ion.
fn isolation(description: &SpectrumDescription) -> Isolation {
    let Some(precursor) = description.precursor.first() else {
        return Isolation::None;
    };
    let window = &precursor.isolation_window;
    if matches!(window.flags, IsolationWindowState::NoIsolation) {
        return Isolation::None;
    }
    let ion = precursor.ions.first().map_or(0.0, |ion| ion.mz);
    let (mut lower, mut upper) = (decimal(window.lower_bound), decimal(window.upper_bound));
    if matches!(window.flags, IsolationWindowState::Offset) {
        (lower, upper) = (ion - lower, ion + upper);
    }
    if lower.is_finite() && upper.is_finite() && lower >= 0.0 && lower < upper {
        return Isolation::Window(lower, upper);
    }
    [decimal(window.target), ion]
        .into_iter()
        .find(|centre| centre.is_finite() && *centre > 0.0)
        .map_or(Isolation::None, Isolation::Centre)
}

/// The energy of the activation, else the one that some vendors' MSᴱ files note with the scan.
fn collision_energy(description: &SpectrumDescription) -> Option<f64> {
    let activation = description.precursor.first().map(|precursor| decimal(precursor.activation.energy));
    let of_scan = || {
        let scan = description.acquisition.scans.first()?;
        let param =
            scan.get_param_by_curie(&COLLISION_ENERGY).or_else(|| description.get_param_by_curie(&COLLISION_ENERGY))?;
        param.to_f64().ok()
    };
    activation.filter(|energy| energy.is_finite() && *energy > 0.0).or_else(of_scan).filter(|energy| energy.is_finite())
}

fn scan_range(description: &SpectrumDescription) -> Option<(f64, f64)> {
    description
        .acquisition
        .scans
        .iter()
        .flat_map(|scan| &scan.scan_windows)
        .map(|window| (decimal(window.lower_bound), decimal(window.upper_bound)))
        .filter(|(lower, upper)| lower.is_finite() && upper.is_finite() && lower < upper)
        .reduce(union)
}

/// The smallest range that holds both.
pub(crate) fn union(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The number that the file wrote: the shortest decimal that gives this single-precision value.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

fn waters_function(id: &str) -> Option<u32> {
    id.split_whitespace().find_map(|part| part.strip_prefix("function="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_is_shown_as_written() {
        assert_eq!(decimal(129.5), 129.5);
        assert_eq!(decimal(400.4319), 400.4319);
        assert!(decimal(f32::NAN).is_nan());
    }

    #[test]
    fn functions_are_read_from_waters_ids() {
        assert_eq!(waters_function("function=2 process=0 scan=7"), Some(2));
        assert_eq!(waters_function("controllerType=0 controllerNumber=1 scan=7"), None);
    }
}
