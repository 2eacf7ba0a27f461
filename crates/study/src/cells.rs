//! What each run says of each ion: found by itself, by the fit of all runs, or not seen.

use cofactor_core::{CellStatus, Feature, Isotopologue, StudyCell};
use cofactor_deconv::rows::{ScanSpan, row_at};
use cofactor_deconv::{DeconvolutionParams, RunElution};

use crate::align::RunAlignment;
use crate::data::RunData;
use crate::link::LinkedIon;

/// Area of a Gaussian over its height times its full width at half height.
const GAUSSIAN_AREA: f64 = 1.064_467;

/// A run of its own, without others to compare.
pub(crate) fn alone(feature: &Feature) -> StudyCell {
    StudyCell { status: CellStatus::Detected, area: Some(feature.area), ..StudyCell::not_scanned() }
}

/// An ion in a run, as the fit of all runs shows it there.
pub(crate) fn fitted(
    elution: &RunElution,
    sighting: Option<&Feature>,
    params: &DeconvolutionParams,
) -> StudyCell {
    let is_seen = elution.evidence >= params.min_evidence && elution.area > 0.0;
    let points = elution.rt_seconds.iter().zip(&elution.height);
    let cell = StudyCell {
        elution: points.filter(|(_, h)| **h > 0.0).map(|(t, h)| (*t, *h)).collect(),
        disagrees: elution.disagrees,
        ..StudyCell::not_scanned()
    };
    match sighting {
        _ if is_seen => StudyCell {
            status: if sighting.is_some() { CellStatus::Detected } else { CellStatus::Filled },
            area: Some(elution.area),
            area_low: Some(elution.area_low),
            area_high: Some(elution.area_high),
            ..cell
        },
        Some(feature) => StudyCell { elution: cell.elution, ..alone(feature) },
        None => StudyCell {
            status: CellStatus::BelowLimit,
            area_high: Some(elution.area_high),
            elution: Vec::new(),
            disagrees: false,
            ..cell
        },
    }
}

/// An ion that no window isolates, in a run that did not find it by itself.
pub(crate) fn looked_up(
    ion: &LinkedIon,
    data: &RunData,
    alignment: &RunAlignment,
    params: &DeconvolutionParams,
) -> StudyCell {
    let feature = &ion.feature;
    let Some(main) = feature.isotopologues.first() else { return StudyCell::not_scanned() };
    let channel = &data.run[feature.channel];
    let [start, end] = [feature.rt_start, feature.rt_end].map(|t| alignment.run_seconds(t));
    let span = ScanSpan::within(&channel.channel.scan_seconds, start, end);
    let Isotopologue { mz, .. } = *main;
    let mz = mz * (1.0 + 1e-6 * alignment.mz_offset_ppm);
    let outside = |range: (f64, f64)| !(range.0..=range.1).contains(&mz);
    if span.scans() == 0 || channel.channel.scan_range.is_some_and(outside) {
        return StudyCell::not_scanned();
    }
    let row = row_at(&channel.traces, mz, span, params.tolerance);
    let is_another = data.features.iter().any(|other| {
        let near = other.isotopologues.iter().any(|i| params.tolerance.matches(i.mz, mz));
        near && other.rt_start <= end && start <= other.rt_end
    });
    let enough = channel.traces.enough(params.min_points);
    if !is_another && enough.holds(row.points.iter().map(|point| point.1)) {
        let seconds = &channel.channel.scan_seconds;
        let area = row.points.windows(2).map(|pair| {
            let [(a, low), (b, high)] = [pair[0], pair[1]];
            0.5 * f64::from(low + high) * (seconds[b as usize] - seconds[a as usize])
        });
        let area = Some(area.sum());
        return StudyCell { status: CellStatus::Filled, area, ..StudyCell::not_scanned() };
    }
    let limits = (span.first..span.end).map(|scan| channel.traces.limit.at(scan));
    let limit = limits.fold(0.0, f64::max);
    let shown = row.points.iter().map(|point| f64::from(point.1)).fold(limit, f64::max);
    StudyCell {
        status: CellStatus::BelowLimit,
        area_high: Some(GAUSSIAN_AREA * shown * feature.fwhm_seconds),
        ..StudyCell::not_scanned()
    }
}
