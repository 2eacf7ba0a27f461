//! `report.json`: everything that the page shows, as compact JSON with a line a feature. The page
//! is rendered from this file alone.
//!
//! Numbers are rounded to what a chart can show; an empty or unknown value has no key.
//! `docs/files/report.json.md` lists the keys.

use cofactor_core::{
    Activation, CandidateResult, CompoundIx, Deconvolution, DeconvolvedFeature, Evidence,
    FeatureEvidence, FragmentResult, LevelTotals, RecordPeak, RunKind,
};
use serde_json::{Map, Value, json};

use crate::compounds::{Listed, ListedCompound};
use crate::folder::Error;
use crate::record::{RunRecord, StageRecord};
use crate::spectrum::{intensity, joined_energies};

/// Version of the layout of `report.json`.
pub(crate) const SCHEMA: u64 = 2;

/// Activations below this share of the apex are left out.
const NEGLIGIBLE: f64 = 1e-3;

pub(crate) fn text(
    result: &Deconvolution,
    evidence: &Evidence,
    record: &RunRecord,
) -> Result<String, Error> {
    let head = json!({
        "schema": SCHEMA,
        "program": "cofactor",
        "version": record.version,
        "input": record.input,
        "rules": record.rules,
        "treatment": treatment(&record.run["kind"]),
        "run": record.run,
        "stages": stages(&record.stages),
        "warnings": record.warnings,
        "totals": evidence.totals.iter().map(totals).collect::<Vec<Value>>(),
        "compounds": compounds(result),
        "features": [],
    });
    let features = result.features.iter().map(|f| {
        let evidence = evidence.feature(f.feature.id);
        let mut object = feature(f);
        if let Some(evidence) = evidence {
            object.extend(charted(evidence));
            if !evidence.ms1_seconds.is_empty() {
                let elution = elution(&f.activation, evidence.ms1_height);
                object.insert("elution".to_owned(), elution);
            }
        }
        Value::Object(object)
    });
    with_lines(&head, features)
}

/// The stages without their times.
pub(crate) fn stages(stages: &[StageRecord]) -> Vec<Value> {
    let counts = |stage: &StageRecord| -> Map<String, Value> {
        stage.counts.iter().map(|(name, n)| (name.clone(), json!(n))).collect()
    };
    stages.iter().map(|s| json!({ "name": s.name, "counts": counts(s) })).collect()
}

/// `head`, whose last key is the empty list of features, with a line for each of these.
pub(crate) fn with_lines(
    head: &Value,
    features: impl Iterator<Item = Value>,
) -> Result<String, Error> {
    let lines =
        features.map(|value| serde_json::to_string(&value)).collect::<Result<Vec<String>, _>>()?;
    let mut text = serde_json::to_string(head)?;
    text.truncate(text.len() - "]}".len());
    text.push_str(&format!("\n{}\n]}}\n", lines.join(",\n")));
    Ok(text)
}

pub(crate) fn compounds(result: &Deconvolution) -> Vec<Value> {
    let listed = Listed::new(result);
    listed.compounds.iter().map(|entry| compound(entry, &listed)).collect()
}

fn compound(entry: &ListedCompound, all: &Listed) -> Value {
    let ions: Vec<usize> = entry.ions.iter().map(|ion| ion.feature.id).collect();
    Value::Object(compact([
        ("id", json!(entry.position.id())),
        ("mass", entry.compound.neutral_mass.map_or(Value::Null, |mass| number(mass, 5))),
        ("probability", entry.compound.probability.map_or(Value::Null, |p| number(p, 4))),
        ("ions", json!(ions)),
        ("mixed_with", json!(all.mixed_with(entry))),
        ("spectrum", json!(entry.spectrum())),
    ]))
}

/// What was done with a run of this kind, for people.
fn treatment(kind: &Value) -> Option<&'static str> {
    serde_json::from_value::<RunKind>(kind.clone()).ok().map(RunKind::treatment)
}

fn totals(level: &LevelTotals) -> Value {
    json!({
        "level": level.level,
        "rt": decimals(&level.rt_seconds, 2),
        "total": level.total.iter().map(|&i| digits(i)).collect::<Vec<Value>>(),
        "base_peak": level.base_peak.iter().map(|&i| digits(i)).collect::<Vec<Value>>(),
    })
}

/// A feature with its fragments and candidates.
pub(crate) fn feature(result: &DeconvolvedFeature) -> Map<String, Value> {
    let f = &result.feature;
    let isotopologues: Vec<Value> = f
        .isotopologues
        .iter()
        .map(|peak| json!([number(peak.mz, 6), number(peak.height, 1)]))
        .collect();
    compact([
        ("id", json!(f.id)),
        ("mz", number(f.precursor.mz, 6)),
        ("rt", number(f.rt_seconds, 3)),
        ("start", number(f.rt_start, 2)),
        ("end", number(f.rt_end, 2)),
        ("charge", json!(f.charge_known.then_some(f.precursor.charge))),
        ("polarity", json!(f.precursor.polarity)),
        ("adduct", json!(f.precursor.adduct)),
        ("height", measured(f.height, 1)),
        ("area", measured(f.area, 1)),
        ("isotopologues", Value::Array(isotopologues)),
        ("compound", json!(f.compound.map(CompoundIx::id))),
        ("mixture_id", json!(result.mixture)),
        ("relation", json!(f.relation_text())),
        ("spectrum_of", json!(result.spectrum_of)),
        ("members", json!(if result.members.len() > 1 { result.members.as_slice() } else { &[] })),
        ("found_in", json!(f.found_in)),
        ("status", json!(result.status.text())),
        ("window", json!(result.window.map(|w| w.to_string()))),
        (
            "other_windows",
            json!(result.other_windows.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ),
        ("energy", energy(&result.collision_energies)),
        ("purity", result.purity.map_or(Value::Null, |purity| number(purity, 4))),
        (
            "fragments",
            if result.fragments.is_empty() { Value::Null } else { fragments(&result.fragments) },
        ),
        ("candidates", Value::Array(candidates(&result.candidates))),
    ])
}

/// Found and missing fragments, an array a property.
fn fragments(fragments: &[FragmentResult]) -> Value {
    let array = |values: Vec<Value>| {
        if values.iter().all(Value::is_null) { Value::Null } else { Value::Array(values) }
    };
    let column = |value: fn(&FragmentResult) -> Value| array(fragments.iter().map(value).collect());
    let rule = |value: fn(&cofactor_core::Fragment) -> Value| {
        let rules = fragments.iter().map(|f| f.explained_by.as_ref());
        array(rules.map(|rule| rule.map_or(Value::Null, value)).collect())
    };
    Value::Object(compact([
        ("mz", column(|f| number(f.mz, 6))),
        ("intensity", column(|f| measured(f.intensity, 2))),
        ("low", column(|f| f.intensity_low.map_or(Value::Null, digits))),
        ("high", column(|f| f.intensity_high.map_or(Value::Null, digits))),
        ("share", column(|f| number(f.share, 3))),
        ("status", column(|f| json!(f.status.name()))),
        ("label", rule(|r| json!(r.label))),
        ("rule", rule(|r| json!(r.rule_id))),
        ("presence", rule(|r| json!(r.presence.name()))),
        ("expected", rule(|r| r.relative_intensity.map_or(Value::Null, |i| number(i, 4)))),
    ]))
}

/// All candidates, with the peaks of the most probable one that is a library record.
fn candidates(candidates: &[CandidateResult]) -> Vec<Value> {
    let recorded = candidates.iter().position(|c| !c.record.is_empty());
    let told = |(position, c)| candidate(c, recorded == Some(position));
    candidates.iter().enumerate().map(told).collect()
}

fn candidate(c: &CandidateResult, with_record: bool) -> Value {
    Value::Object(compact([
        ("name", json!(c.name)),
        ("rule", json!(c.rule_id)),
        ("posterior", number(c.posterior, 4)),
        ("q_value", c.q_value.map_or(Value::Null, |q| number(q, 4))),
        ("log_evidence", c.log_evidence.map_or(Value::Null, |e| number(e, 2))),
        ("n_expected", json!(c.expected)),
        ("n_matched", json!(c.matched)),
        ("n_missing", json!(c.missing)),
        ("explained", number(c.explained, 4)),
        ("decoy", json!(c.decoy.then_some(true))),
        ("cosine", c.similarity.map_or(Value::Null, |s| number(s.cosine, 4))),
        ("entropy", c.similarity.map_or(Value::Null, |s| number(s.entropy, 4))),
        ("record", if with_record { record(&c.record) } else { Value::Null }),
    ]))
}

fn record(peaks: &[RecordPeak]) -> Value {
    let column = |value: fn(&RecordPeak) -> Value| peaks.iter().map(value).collect::<Vec<Value>>();
    json!({ "mz": column(|p| number(p.mz, 5)), "height": column(|p| number(p.height, 4)) })
}

fn charted(evidence: &FeatureEvidence) -> Map<String, Value> {
    let points = |cells: &[Option<f32>]| -> Value {
        cells.iter().map(|cell| cell.map_or(Value::Null, |i| digits(i.into()))).collect()
    };
    let rows: Vec<Value> = evidence.fragments.iter().map(|row| points(row)).collect();
    let neighbours: Vec<Value> =
        evidence.neighbours.iter().map(|n| json!([n.id, decimals(&n.fragments, 4)])).collect();
    let mut object = compact([
        ("scan_index", json!(evidence.scan_index)),
        ("neighbours", Value::Array(neighbours)),
    ]);
    if !evidence.ms1_seconds.is_empty() {
        let (mz, intensity): (Vec<Value>, Vec<Value>) =
            evidence.mixture.iter().map(|&(mz, i)| (number(mz, 4), digits(i.into()))).unzip();
        object.extend(compact([
            (
                "ms1",
                json!({ "rt": decimals(&evidence.ms1_seconds, 2),
                "intensity": points(&evidence.ms1) }),
            ),
            ("ms2", json!({ "rt": decimals(&evidence.ms2_seconds, 2), "intensity": rows })),
            ("mixture", json!({ "mz": mz, "intensity": intensity })),
        ]));
    }
    object
}

fn elution(activation: &Activation, height: f64) -> Value {
    let points = activation
        .rt_seconds
        .iter()
        .zip(&activation.value)
        .filter(|(_, value)| **value >= NEGLIGIBLE);
    let (rt, value): (Vec<Value>, Vec<Value>) =
        points.map(|(t, v)| (number(*t, 2), number(*v, 3))).unzip();
    json!({ "rt": rt, "activation": value, "height": digits(height) })
}

/// An object without the keys that have nothing to say.
pub(crate) fn compact<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    entries
        .into_iter()
        .filter(|(_, value)| !empty(value))
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn decimals(values: &[f64], decimals: usize) -> Vec<Value> {
    values.iter().map(|&value| number(value, decimals)).collect()
}

/// A number with at most so many decimals.
pub(crate) fn number(value: f64, decimals: usize) -> Value {
    shortest(&format!("{value:.decimals$}"))
}

/// An intensity or an area with the decimals that the tables have.
fn measured(value: f64, fewest: usize) -> Value {
    shortest(&intensity(value, fewest))
}

/// A number with three significant digits.
pub(crate) fn digits(value: f64) -> Value {
    shortest(&format!("{value:.2e}"))
}

/// The shortest JSON of a decimal number; nothing where it is not finite.
fn shortest(text: &str) -> Value {
    match text.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => json!(value as i64),
        Ok(value) => json!(value),
        Err(_) => Value::Null,
    }
}

/// The collision energy as a number; those of a mean as a text.
fn energy(energies: &[f64]) -> Value {
    match *energies {
        [energy] => number(energy, 3),
        _ => joined_energies(energies).map_or(Value::Null, Value::String),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn numbers_are_short() {
        assert_eq!(digits(157_386.03).to_string(), "157000");
        assert_eq!(digits(0.001_234_5).to_string(), "0.00123");
        assert_eq!(number(97.064_8, 6).to_string(), "97.0648");
        assert_eq!(number(30.0, 3).to_string(), "30");
        assert_eq!(number(f64::INFINITY, 3), Value::Null);
    }

    #[test]
    fn what_is_unknown_has_no_key() {
        let text = text(&samples::result(), &samples::evidence(), &samples::record()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let (first, second) = (&value["features"][0], &value["features"][1]);
        assert_eq!(
            first["fragments"]["status"],
            json!(["not_scanned", "matched", "matched", "missing"])
        );
        assert_eq!(first["ms2"]["intensity"], json!([[78000, 157_000], [null, 1460]]));
        assert_eq!(
            first["elution"],
            json!({ "rt": [539, 540], "activation": [0.5, 1], "height": 4980 })
        );
        assert_eq!(first["neighbours"], json!([[2, [97.0648]]]));
        assert_eq!(first["candidates"][0]["posterior"], 0.93);
        assert_eq!(
            first["candidates"][0]["record"],
            json!({ "mz": [97.0648, 123.0804], "height": [1, 0.25] })
        );
        assert_eq!(first["candidates"][0]["cosine"], 0.875);
        for key in ["fragments", "elution", "ms1", "purity", "adduct", "candidates", "window"] {
            assert!(second.get(key).is_none(), "{key}");
        }
        assert_eq!(value["treatment"], RunKind::Dia.treatment());
    }

    #[test]
    fn compounds_and_mixtures_are_told() {
        let text = text(&samples::result(), &samples::evidence(), &samples::record()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let first = json!({ "id": 1, "mass": 288.2084, "probability": 0.99, "ions": [1],
            "mixed_with": [2], "spectrum": "mixture" });
        let second = json!({ "id": 2, "ions": [2], "mixed_with": [1], "spectrum": "mixture" });
        assert_eq!(value["compounds"], json!([first, second]));
        let feature = &value["features"][0];
        assert_eq!(feature["mixture"]["mz"], json!([97.0648, 150.1]));
        let told = ["compound", "mixture_id", "relation", "spectrum_of", "members"];
        let told = told.map(|key| feature[key].clone());
        assert_eq!(told, [json!(1), json!(1), json!("[M+H]+"), json!(1), json!([1, 2])]);
    }
}
