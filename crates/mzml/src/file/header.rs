//! From mzdata's description of a spectrum to the facts that cofactor uses.
//!
//! Terms by accession are those of the PSI-MS vocabulary. mzdata keeps minutes and single-precision
//! m/z bounds; both are converted here.

use cofactor_core::{Polarity, ScanHeader};
use mzdata::curie;
use mzdata::params::{CURIE, ParamValue};
use mzdata::prelude::{ParamDescribed, ParamLike};
use mzdata::spectrum::{IsolationWindowState, ScanPolarity, SignalContinuity, SpectrumDescription};

use crate::acquisition::header::{Continuity, Isolation, RawHeader, SpectrumKind, union};
use crate::file::tally::Facts;
use crate::tuning::ABSOLUTE_EDGES;

const MS1_SPECTRUM: CURIE = curie!(MS:1000579);
const MSN_SPECTRUM: CURIE = curie!(MS:1000580);
const COLLISION_ENERGY: CURIE = curie!(MS:1000045);
const DRIFT_TIME: CURIE = curie!(MS:1002476);
const INVERSE_MOBILITY: CURIE = curie!(MS:1002815);
const COMPENSATION_VOLTAGE: CURIE = curie!(MS:1001581);
const CONE_VOLTAGE: CURIE = curie!(MS:1000876);
const DECLUSTERING_POTENTIAL: CURIE = curie!(MS:1000875);
const FILTER_STRING: CURIE = curie!(MS:1000512);
const CALIBRATION_SPECTRUM: CURIE = curie!(MS:1000928);
/// Kinds of spectra that are no scans of ions over m/z as MS1 and MS2 are.
const OTHER_KINDS: [(CURIE, &str); 5] = [
    (curie!(MS:1000804), "electromagnetic radiation"),
    (curie!(MS:1000805), "emission"),
    (curie!(MS:1000806), "absorption"),
    (curie!(MS:1000620), "photodiode array"),
    (curie!(MS:1000583), "selected reaction monitoring"),
];
/// How vendors name where a scanning quadrupole stood, in small letters.
const QUADRUPOLE_BOUNDS: [&str; 2] =
    ["scanning quadrupole position lower bound", "scanning quadrupole position upper bound"];

/// Reads the header of the spectrum at position `index` of the file, whose scan started at
/// `rt_seconds`.
pub(crate) fn read(
    description: &SpectrumDescription,
    index: usize,
    rt_seconds: f64,
    facts: &Facts,
) -> RawHeader {
    let level = ms_level(description);
    let quadrupole = quadrupole_position(description).filter(|_| level > 1);
    let (isolation, absolute_edges) = match (level > 1, quadrupole) {
        (_, Some((lower, upper))) => (Isolation::Window(lower, upper), false),
        (true, None) => isolation(description),
        (false, None) => (Isolation::None, false),
    };
    let scan = description.acquisition.scans.first();
    RawHeader {
        scan: ScanHeader {
            id: description.id.clone(),
            index,
            ms_level: level,
            rt_seconds,
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
            [DRIFT_TIME, INVERSE_MOBILITY]
                .iter()
                .any(|term| scan.get_param_by_curie(term).is_some())
        }),
        function: waters_function(&description.id),
        kind: kind(description, facts),
        compensation_voltage: number(description, &COMPENSATION_VOLTAGE),
        source_energy: source_energy(description),
        absolute_edges,
        scanning_quadrupole: quadrupole.is_some(),
    }
}

fn kind(description: &SpectrumDescription, facts: &Facts) -> SpectrumKind {
    let is = |term: &CURIE| description.get_param_by_curie(term).is_some();
    if let Some((_, name)) = OTHER_KINDS.iter().find(|(term, _)| is(term)) {
        return SpectrumKind::Other(name);
    }
    if facts.wavelengths {
        return SpectrumKind::Other("electromagnetic radiation");
    }
    if is(&CALIBRATION_SPECTRUM) { SpectrumKind::Calibration } else { SpectrumKind::Mass }
}

/// The number of a term, at the spectrum or its scan.
fn number(description: &SpectrumDescription, term: &CURIE) -> Option<f64> {
    let scan = description.acquisition.scans.first();
    let param = description.get_param_by_curie(term).or_else(|| scan?.get_param_by_curie(term))?;
    param.to_f64().ok().filter(|number| number.is_finite())
}

/// Thermo's `sid=` in the filter string, else the voltage before the first vacuum stage.
fn source_energy(description: &SpectrumDescription) -> Option<f64> {
    let scan = description.acquisition.scans.first();
    let filter = scan.and_then(|scan| scan.get_param_by_curie(&FILTER_STRING));
    let text = filter.map(|param| param.value.to_string()).unwrap_or_default();
    let sid = text.split_whitespace().find_map(|word| word.strip_prefix("sid=")?.parse().ok());
    sid.or_else(|| number(description, &CONE_VOLTAGE))
        .or_else(|| number(description, &DECLUSTERING_POTENTIAL))
}

/// Where a scanning quadrupole stood, m/z.
fn quadrupole_position(description: &SpectrumDescription) -> Option<(f64, f64)> {
    let scan = description.acquisition.scans.first()?;
    let bound = |name: &str| {
        let mut params = scan.params().iter().chain(description.params());
        params.find(|param| param.name().to_lowercase().starts_with(name))?.to_f64().ok()
    };
    let [lower, upper] = QUADRUPOLE_BOUNDS.map(bound);
    lower
        .zip(upper)
        .filter(|(lower, upper)| lower.is_finite() && upper.is_finite() && lower < upper)
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

/// The isolation of the first precursor, and whether its edges stand where offsets belong. Offsets
/// without a target are taken from the selected ion.
fn isolation(description: &SpectrumDescription) -> (Isolation, bool) {
    let Some(precursor) = description.precursor.first() else {
        return (Isolation::None, false);
    };
    let window = &precursor.isolation_window;
    if matches!(window.flags, IsolationWindowState::NoIsolation) {
        return (Isolation::None, false);
    }
    let ion = precursor.ions.first().map_or(0.0, |ion| ion.mz);
    let (mut lower, mut upper) = (decimal(window.lower_bound), decimal(window.upper_bound));
    if matches!(window.flags, IsolationWindowState::Offset) {
        (lower, upper) = (ion - lower, ion + upper);
    }
    let target = decimal(window.target);
    let offsets = (target - lower, upper - target);
    let absolute = offsets.0 > 0.0
        && offsets.0 < target
        && target < offsets.1
        && (0.5 * (offsets.0 + offsets.1) - target).abs()
            <= ABSOLUTE_EDGES * (offsets.1 - offsets.0);
    if absolute {
        return (Isolation::Window(rounded(offsets.0), rounded(offsets.1)), true);
    }
    if lower.is_finite() && upper.is_finite() && lower >= 0.0 && lower < upper {
        return (Isolation::Window(lower, upper), false);
    }
    let centre = [target, ion].into_iter().find(|centre| centre.is_finite() && *centre > 0.0);
    (centre.map_or(Isolation::None, Isolation::Centre), false)
}

/// Single precision that was added and taken off again, without what that left behind.
fn rounded(mz: f64) -> f64 {
    (mz * 1e3).round() / 1e3
}

/// The energy of the activation, else the one that some vendors' MSᴱ files note with the scan;
/// without its sign, which some vendors give that of the ions.
fn collision_energy(description: &SpectrumDescription) -> Option<f64> {
    let activation =
        description.precursor.first().map(|precursor| decimal(precursor.activation.energy));
    let written = activation.filter(|energy| energy.is_finite() && *energy != 0.0);
    let energy = written.or_else(|| noted_energy(description));
    energy.map(f64::abs).filter(|energy| energy.is_finite())
}

/// The energy that is noted with the first scan.
fn noted_energy(description: &SpectrumDescription) -> Option<f64> {
    let scan = description.acquisition.scans.first()?;
    let param = scan
        .get_param_by_curie(&COLLISION_ENERGY)
        .or_else(|| description.get_param_by_curie(&COLLISION_ENERGY))?;
    param.to_f64().ok()
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
