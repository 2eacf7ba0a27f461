//! What each run says of each ion: found by itself, by the fit of all runs, or not seen.

use cofactor_core::{CellStatus, Feature, Isotopologue, StudyCell};
use cofactor_deconv::rows::{ScanSpan, row_at};
use cofactor_deconv::{DeconvolutionParams, RunElution, RunElutions};

use crate::align::RunAlignment;
use crate::data::RunData;
use crate::link::LinkedIon;
use crate::tuning::LEAST_SCATTER;

/// Area of a Gaussian over its height times its full width at half height.
const GAUSSIAN_AREA: f64 = 1.064_467;

/// A run of its own, without others to compare.
pub(crate) fn alone(feature: &Feature) -> StudyCell {
    StudyCell { status: CellStatus::Detected, area: Some(feature.area), ..StudyCell::not_scanned() }
}

/// How far from its place in time an ion may elute in a run that did not find it by itself, in full
/// widths at half height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reach(f64);

impl Reach {
    /// As far as all but one in twenty elute of what runs found by themselves. A fit of all runs
    /// may take what it likes of a stretch for the elution in a run; where the ion is absent that
    /// is any small peak of its m/z.
    pub(crate) fn learn(ions: &[LinkedIon], elutions: &RunElutions) -> Self {
        let mut distances = Vec::new();
        for ion in ions {
            let of_ion = elutions.get(&ion.feature.id).into_iter().flatten();
            let found = of_ion.filter(|elution| ion.sightings[elution.run].is_some());
            distances.extend(found.map(|elution| distance(elution, &ion.feature)));
        }
        distances.sort_by(f64::total_cmp);
        let last = distances.len() * 19 / 20;
        let learnt = distances.get(last).filter(|_| distances.len() >= LEAST_SCATTER);
        Self(learnt.copied().unwrap_or(1.0))
    }
}

/// How far an ion elutes from its place, in full widths at half height.
fn distance(elution: &RunElution, feature: &Feature) -> f64 {
    let points = elution.rt_seconds.iter().zip(&elution.height);
    let apex = points.max_by(|a, b| a.1.total_cmp(b.1)).map_or(feature.rt_seconds, |top| *top.0);
    (apex - feature.rt_seconds).abs() / feature.fwhm_seconds.max(f64::MIN_POSITIVE)
}

/// An ion in a run that found it by itself, as the fit of all runs shows it there.
pub(crate) fn shown(
    elution: &RunElution,
    sighting: &Feature,
    params: &DeconvolutionParams,
) -> StudyCell {
    match seen(elution, CellStatus::Detected, params) {
        Some(cell) => cell,
        None => StudyCell { elution: points(elution), ..alone(sighting) },
    }
}

/// An ion in a run that did not find it by itself, as the fit of all runs shows it there.
pub(crate) fn filled(
    elution: &RunElution,
    feature: &Feature,
    reach: Reach,
    params: &DeconvolutionParams,
) -> StudyCell {
    let is_in_place = distance(elution, feature) <= reach.0;
    let cell = seen(elution, CellStatus::Filled, params).filter(|_| is_in_place);
    cell.unwrap_or_else(|| StudyCell {
        status: CellStatus::BelowLimit,
        area_high: Some(elution.area_high),
        ..StudyCell::not_scanned()
    })
}

/// What a fit shows in a run, `None` where it shows nothing.
fn seen(
    elution: &RunElution,
    status: CellStatus,
    params: &DeconvolutionParams,
) -> Option<StudyCell> {
    let is_seen = elution.evidence >= params.min_evidence && elution.area > 0.0;
    is_seen.then(|| StudyCell {
        status,
        area: Some(elution.area),
        area_low: Some(elution.area_low),
        area_high: Some(elution.area_high),
        elution: points(elution),
        disagrees: elution.disagrees,
    })
}

/// Times and heights of an elution where there is any.
fn points(elution: &RunElution) -> Vec<(f64, f64)> {
    let points = elution.rt_seconds.iter().zip(&elution.height);
    points.filter(|(_, h)| **h > 0.0).map(|(t, h)| (*t, *h)).collect()
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

#[cfg(test)]
mod tests {
    use cofactor_core::{ChannelIx, FoundIn, Polarity, Precursor, Relation};

    use super::*;

    fn feature(id: usize) -> Feature {
        let precursor = Precursor {
            mz: 200.0,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: Some(50.0),
        };
        Feature {
            id,
            found_in: FoundIn::Ms1,
            precursor,
            charge_known: false,
            channel: ChannelIx(0),
            rt_seconds: 50.0,
            rt_start: 45.0,
            rt_end: 55.0,
            fwhm_seconds: 4.0,
            height: 100.0,
            area: 400.0,
            isotopologues: Vec::new(),
            relation: Relation::Molecule,
            compound: None,
        }
    }

    /// An elution in a run with its apex so many seconds after 50.
    fn elution(run: usize, later: f64) -> RunElution {
        RunElution {
            run,
            rt_seconds: vec![48.0 + later, 50.0 + later, 52.0 + later],
            height: vec![0.0, 10.0, 5.0],
            area: 30.0,
            area_low: 20.0,
            area_high: 40.0,
            evidence: 50.0,
            disagrees: false,
        }
    }

    /// Ions that the first run shows, but for the last, each so much later than its place.
    fn reach(later: impl Iterator<Item = f64>) -> Reach {
        let (mut ions, mut elutions) = (Vec::new(), RunElutions::new());
        for (place, later) in later.enumerate() {
            let feature = feature(place + 1);
            elutions.insert(feature.id, vec![elution(0, later), elution(1, 3.9)]);
            let sightings = vec![Some(feature.position()), None];
            ions.push(LinkedIon { feature, sightings });
        }
        Reach::learn(&ions, &elutions)
    }

    #[test]
    fn what_elutes_elsewhere_is_no_fill() {
        let params = DeconvolutionParams::default();
        let reach = reach((0..100).map(|n| 0.02 * f64::from(n)));
        for (later, status) in [
            (0.0, CellStatus::Filled),
            (-1.85, CellStatus::Filled),
            (1.95, CellStatus::BelowLimit),
            (-3.0, CellStatus::BelowLimit),
        ] {
            let cell = filled(&elution(1, later), &feature(1), reach, &params);
            assert_eq!(cell.status, status, "{later}");
            assert_eq!(cell.area_high, Some(40.0));
            assert_eq!(cell.area.is_some(), status == CellStatus::Filled);
            assert_eq!(cell.elution.is_empty(), status == CellStatus::BelowLimit);
        }
        let found = shown(&elution(1, -3.0), &feature(1), &params);
        assert_eq!(found.status, CellStatus::Detected, "the run itself says so");
    }

    #[test]
    fn a_few_cells_teach_no_reach() {
        assert_eq!(reach([0.1; 9].into_iter()), Reach(1.0));
        assert!((reach([0.1; 20].into_iter()).0 - 0.025).abs() < 1e-12);
    }
}
