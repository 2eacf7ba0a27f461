//! `report.json` of a study: everything that its page shows, with a line a feature.
//!
//! A study has many cells, so what is there of each is packed: little-endian numbers in base64.

use std::collections::BTreeSet;

use base64_simd::STANDARD;
use cofactor_core::statistics::median;
use cofactor_core::{CellStatus, Study, StudyCell, StudyRun};
use serde_json::{Map, Value, json};

use super::quality::{Quality, of_features};
use super::record::{COMMAND, StudyRecord};
use super::runs::{integral, largest, shifts};
use crate::data::{SCHEMA, compact, compounds, digits, feature, number, stages, with_lines};
use crate::folder::Error;
use crate::quantities::group_name;

/// Points of the total signal of a run that are kept.
const TOTAL_POINTS: usize = 300;
/// Points of the alignment of a run that are kept.
const SHIFT_POINTS: usize = 100;
/// Points of an elution; the page knows it by this number too.
const ELUTION_POINTS: usize = 24;
/// Elutions that are kept, so that a page can be opened however large the study is.
const MOST_ELUTIONS: usize = 250_000;
/// Heights of an elution below this share of the highest are left out at its ends.
const NEGLIGIBLE: f64 = 0.01;
/// What the highest point of an elution is in a byte.
const HIGHEST: f64 = 255.0;
/// What is added to the status of a run whose fragments disagree.
const DISAGREES: u8 = 4;

pub(crate) fn text(study: &Study, record: &StudyRecord) -> Result<String, Error> {
    let head = json!({
        "schema": SCHEMA,
        "program": "cofactor",
        "command": COMMAND,
        "version": record.version,
        "name": record.name,
        "input": record.source(),
        "rules": record.rules,
        "stages": stages(&record.stages),
        "warnings": record.warnings,
        "runs": study.runs.iter().map(run).collect::<Vec<Value>>(),
        "cells": cells(study),
        "compounds": compounds(&study.result),
        "features": [],
    });
    let charted = charted(study, MOST_ELUTIONS);
    let features = study.result.features.iter().zip(&study.cells).zip(of_features(study));
    let lines = features.enumerate().map(|(position, ((deconvolved, cells), quality))| {
        let mut object = feature(deconvolved);
        object.extend(of_runs(&quality, cells, charted.contains(&position)));
        Value::Object(object)
    });
    with_lines(&head, lines)
}

/// Positions of the features whose elutions are kept: the most intense, as long as there are no
/// more than so many elutions.
fn charted(study: &Study, most: usize) -> BTreeSet<usize> {
    let height = |at: &usize| study.result.features[*at].feature.height;
    let mut positions: Vec<usize> =
        (0..study.result.features.len().min(study.cells.len())).collect();
    positions.sort_by(|a, b| height(b).total_cmp(&height(a)).then(a.cmp(b)));
    let elutions = |at: usize| study.cells[at].iter().filter(|c| !c.elution.is_empty()).count();
    let mut kept = 0;
    let fits = |at: &usize| {
        kept += elutions(*at);
        kept <= most
    };
    positions.into_iter().take_while(fits).collect()
}

fn run(run: &StudyRun) -> Value {
    let shifts = shifts(run);
    let (rt, total): (Vec<Value>, Vec<Value>) =
        thinned_totals(run).into_iter().map(|(t, total)| (number(t, 1), digits(total))).unzip();
    let (at, shift): (Vec<Value>, Vec<Value>) = thinned(&run.retention, SHIFT_POINTS)
        .map(|(of_run, of_study)| (number(*of_study, 1), number(of_run - of_study, 2)))
        .unzip();
    let optional = |value: Option<f64>| value.map_or(Value::Null, |value| number(value, 2));
    Value::Object(compact([
        ("name", json!(run.sample.name)),
        ("file", json!(run.file_name)),
        ("kind", json!(run.sample.kind)),
        ("group", json!(group_name(run))),
        ("batch", json!(run.sample.batch)),
        ("order", json!(run.sample.order)),
        ("left_out", json!(run.left_out)),
        ("mz_offset", number(run.mz_offset_ppm, 2)),
        ("shift_median", optional(median(&mut shifts.clone()))),
        ("shift_largest", optional(largest(&shifts))),
        ("anchors", json!(run.anchors)),
        ("features", json!(run.features)),
        ("tic", digits(integral(&run.total))),
        ("total", json!({ "rt": rt, "total": total })),
        ("shift", json!({ "rt": at, "shift": shift })),
    ]))
}

/// Means of neighbouring points of the total signal, with their retention times in the study.
fn thinned_totals(run: &StudyRun) -> Vec<(f64, f64)> {
    let size = run.total.len().div_ceil(TOTAL_POINTS).max(1);
    let mean = |points: &[(f64, f64)], part: fn(&(f64, f64)) -> f64| {
        points.iter().map(part).sum::<f64>() / points.len() as f64
    };
    let chunks = run.total.chunks(size);
    chunks.map(|c| (in_study(mean(c, |p| p.0), &run.retention), mean(c, |p| p.1))).collect()
}

/// A retention time of the run in the study; as it is where the run is not aligned.
fn in_study(rt: f64, retention: &[(f64, f64)]) -> f64 {
    let after = retention.partition_point(|point| point.0 < rt);
    match (after.checked_sub(1).and_then(|before| retention.get(before)), retention.get(after)) {
        (Some(&(r0, s0)), Some(&(r1, s1))) => s0 + (rt - r0) * (s1 - s0) / (r1 - r0),
        (Some(&(r, s)), None) | (None, Some(&(r, s))) => rt - r + s,
        (None, None) => rt,
    }
}

/// At most so many of some points, evenly chosen, the last among them.
fn thinned(points: &[(f64, f64)], most: usize) -> impl Iterator<Item = &(f64, f64)> {
    let step = points.len().saturating_sub(1).div_ceil(most - 1).max(1);
    let last = points.last().filter(move |_| !(points.len() - 1).is_multiple_of(step));
    points.iter().step_by(step).chain(last)
}

/// By feature, then by run: area and the ends of its interval as 32-bit floats, of which NaN are
/// not known, and a byte of the status.
fn cells(study: &Study) -> Value {
    let all = || study.cells.iter().flatten();
    let floats = |value: fn(&StudyCell) -> Option<f64>| {
        let bytes = all().flat_map(|c| (value(c).unwrap_or(f64::NAN) as f32).to_le_bytes());
        STANDARD.encode_to_string(bytes.collect::<Vec<u8>>())
    };
    let statuses: Vec<u8> = all().map(status).collect();
    json!({
        "area": floats(|c| c.area),
        "low": floats(|c| c.area_low),
        "high": floats(|c| c.area_high),
        "status": STANDARD.encode_to_string(statuses),
    })
}

/// What a run says of a feature, in the order of the page, and whether it disagrees.
fn status(cell: &StudyCell) -> u8 {
    let status = match cell.status {
        CellStatus::Detected => 0,
        CellStatus::Filled => 1,
        CellStatus::BelowLimit => 2,
        CellStatus::NotScanned => 3,
    };
    status + if cell.disagrees { DISAGREES } else { 0 }
}

/// What the runs say of a feature: where it was seen, and how it eluted.
fn of_runs(quality: &Quality, cells: &[StudyCell], charted: bool) -> Map<String, Value> {
    let optional = |value: Option<f64>| value.map_or(Value::Null, |value| number(value, 4));
    let charted_cells = if charted { cells } else { &[] };
    let eluting = || charted_cells.iter().enumerate().filter_map(|(at, c)| Some((at, elution(c)?)));
    let (runs, elutions): (Vec<usize>, Vec<Vec<u8>>) = eluting().unzip();
    let packed = (!runs.is_empty()).then(|| STANDARD.encode_to_string(elutions.concat()));
    compact([
        ("seen", json!(quality.detected + quality.filled)),
        ("detected", json!(quality.detected)),
        ("blank_ratio", optional(quality.blank_ratio)),
        ("above_blank", json!(quality.above_blank)),
        ("n_qc", json!(quality.controls)),
        ("qc_cv", optional(quality.control_variation)),
        ("disagreeing", json!(quality.disagreeing)),
        ("elution_runs", json!(runs)),
        ("elutions", json!(packed)),
    ])
}

/// Begin, end and height of an elution as 32-bit floats, and a byte for each of evenly spaced
/// points between; `None` where nothing elutes.
fn elution(cell: &StudyCell) -> Option<Vec<u8>> {
    let points = &cell.elution;
    let height = points.iter().map(|point| point.1).reduce(f64::max).filter(|h| *h > 0.0)?;
    let is_high = |point: &(f64, f64)| point.1 >= NEGLIGIBLE * height;
    let first = points.iter().position(is_high)?.saturating_sub(1);
    let last = (points.iter().rposition(is_high)? + 1).min(points.len() - 1);
    let (begin, end) = (points[first].0, points[last].0);
    let mut bytes: Vec<u8> =
        [begin, end, height].iter().flat_map(|x| (*x as f32).to_le_bytes()).collect();
    let step = (end - begin) / (ELUTION_POINTS - 1) as f64;
    let shares = (0..ELUTION_POINTS).map(|n| height_at(begin + n as f64 * step, points) / height);
    bytes.extend(shares.map(|share| (HIGHEST * share).round().clamp(0.0, HIGHEST) as u8));
    Some(bytes)
}

/// The height at a time, on the straight line between the points beside it.
fn height_at(rt: f64, points: &[(f64, f64)]) -> f64 {
    let after = points.partition_point(|point| point.0 < rt).min(points.len() - 1);
    let ((t0, h0), (t1, h1)) = (points[after.saturating_sub(1)], points[after]);
    if t1 > t0 { h0 + ((rt - t0) / (t1 - t0)).clamp(0.0, 1.0) * (h1 - h0) } else { h1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_elution_is_begin_end_height_and_bytes() {
        let mut cell = StudyCell {
            status: CellStatus::Detected,
            area: Some(1.0),
            area_low: None,
            area_high: None,
            elution: vec![(0.0, 0.0), (10.0, 0.0), (20.0, 8.0), (30.0, 0.0), (90.0, 0.0)],
            disagrees: false,
        };
        let bytes = elution(&cell).unwrap();
        let float = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!([float(0), float(4), float(8)], [10.0, 30.0, 8.0]);
        let shares = &bytes[12..];
        assert_eq!((shares.len(), shares[0], shares[23]), (ELUTION_POINTS, 0, 0));
        assert_eq!(shares[11], (255.0_f64 * 22.0 / 23.0).round() as u8);
        cell.elution.clear();
        assert_eq!(elution(&cell), None);
    }

    #[test]
    fn the_most_intense_features_keep_their_elutions() {
        let mut study = crate::study::tests::study();
        study.result.features[1].feature.height = 9000.0;
        for (most, kept) in [(1, &[][..]), (2, &[1]), (5, &[1]), (6, &[0, 1])] {
            assert_eq!(charted(&study, most).into_iter().collect::<Vec<_>>(), kept, "{most}");
        }
    }

    #[test]
    fn thinned_points_keep_their_ends() {
        let points: Vec<(f64, f64)> = (0..250).map(|n| (f64::from(n), 0.0)).collect();
        let kept: Vec<f64> = thinned(&points, 100).map(|point| point.0).collect();
        assert!(kept.len() <= 101 && kept[0] == 0.0 && kept.last() == Some(&249.0), "{kept:?}");
        assert_eq!(thinned(&points[..3], 100).count(), 3);
        assert_eq!(thinned(&[], 100).count(), 0);
    }

    #[test]
    fn times_of_a_run_become_those_of_the_study() {
        let retention = [(10.0, 12.0), (20.0, 21.0)];
        let told = [5.0, 10.0, 15.0, 20.0, 30.0].map(|rt| in_study(rt, &retention));
        assert_eq!(told, [7.0, 12.0, 16.5, 21.0, 31.0]);
        assert_eq!(in_study(5.0, &[]), 5.0);
    }
}
