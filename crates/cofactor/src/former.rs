//! Parameters as they were written before: the keys of the tables `traces`, `features` and
//! `deconvolution`, of which two were the same twice.

use std::fmt::Display;

use cofactor_deconv::DeconvolutionParams;
use cofactor_rules::{Moved, Place};
use cofactor_traces::{FeatureParams, TraceParams};
use serde::Deserialize;
use serde_json::Value;

use crate::config::Config;

/// The tables.
const TABLES: [&str; 3] = ["traces", "features", "deconvolution"];

/// What each key is now.
pub(crate) const FORMER: [Moved; 28] = [
    shared("traces", "tolerance", "deconvolution"),
    moved("traces", "max_gap", "expert", "max_gap"),
    shared("traces", "min_points", "deconvolution"),
    moved("features", "smoothing_scans", "expert", "smoothing_scans"),
    moved("features", "min_prominence_sd", "expert", "min_prominence_sd"),
    moved("features", "min_prominence", "", "min_prominence"),
    moved("features", "min_height_over_limit", "", "min_height_over_limit"),
    moved("features", "boundary", "expert", "boundary"),
    moved("features", "min_points", "expert", "peak_points"),
    moved("features", "max_plateau", "expert", "max_plateau"),
    moved("features", "max_charge", "", "max_charge"),
    moved("features", "min_correlation", "expert", "min_correlation"),
    moved("features", "max_ms2_only_window", "", "max_ms2_only_window"),
    shared("deconvolution", "tolerance", "traces"),
    moved("deconvolution", "max_block", "expert", "max_block"),
    shared("deconvolution", "min_points", "traces"),
    moved("deconvolution", "grid_per_cycle", "expert", "grid_per_cycle"),
    moved("deconvolution", "max_isotopologues", "expert", "max_isotopologues"),
    moved("deconvolution", "max_sweeps", "expert", "max_sweeps"),
    moved("deconvolution", "curvature_weight", "expert", "curvature_weight"),
    moved("deconvolution", "min_evidence", "", "min_evidence"),
    moved("deconvolution", "max_unlinked", "expert", "max_unlinked"),
    gone("deconvolution", "expected_yield"),
    gone("expert", "expected_yield"),
    moved("deconvolution", "min_separation", "", "min_separation"),
    moved("deconvolution", "profile_error", "expert", "profile_error"),
    moved("deconvolution", "decoy_rounds", "expert", "decoy_rounds"),
    moved("deconvolution", "keep_isotopologues", "", "keep_isotopologues"),
];

const fn moved(
    former_table: &'static str,
    former_key: &'static str,
    table: &'static str,
    key: &'static str,
) -> Moved {
    let now = Some(Place::new(table, key));
    Moved { former: Place::new(former_table, former_key), now, twin: None }
}

/// A key that is none any more.
const fn gone(table: &'static str, key: &'static str) -> Moved {
    Moved { former: Place::new(table, key), now: None, twin: None }
}

/// A key that another table had as well.
const fn shared(table: &'static str, key: &'static str, twin: &'static str) -> Moved {
    Moved {
        former: Place::new(table, key),
        now: Some(Place::new("", key)),
        twin: Some(Place::new(twin, key)),
    }
}

/// The parameters of a record without those that are none any more.
pub(crate) fn without_gone(config: &Value) -> Value {
    let mut config = config.clone();
    for Moved { former, .. } in FORMER.iter().filter(|key| key.now.is_none()) {
        let table = config.get_mut(former.table).and_then(Value::as_object_mut);
        table.map(|table| table.remove(former.key));
    }
    config
}

/// Parameters of before.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Former {
    traces: TraceParams,
    features: FeatureParams,
    deconvolution: DeconvolutionParams,
}

impl Former {
    /// Whether parameters of a record are written like these.
    pub(crate) fn is(config: &Value) -> bool {
        TABLES.iter().any(|table| config.get(table).is_some())
    }

    /// The same as they are written now, or what says that they cannot be: two values of what is
    /// one parameter.
    pub(crate) fn config(&self) -> Result<Config, String> {
        let (traces, deconvolution) = (&self.traces, &self.deconvolution);
        let differing: Vec<String> = [
            differing("tolerance", traces.tolerance, deconvolution.tolerance),
            differing("min_points", traces.min_points, deconvolution.min_points),
        ]
        .into_iter()
        .flatten()
        .collect();
        if differing.is_empty() {
            Ok(Config::of_stages(traces, &self.features, deconvolution))
        } else {
            Err(differing.join("; "))
        }
    }
}

fn differing<T: Display + PartialEq>(key: &str, traces: T, deconvolution: T) -> Option<String> {
    (traces != deconvolution).then(|| {
        format!(
            "`{key}` is one parameter now, and `traces.{key}` is {traces}, but \
             `deconvolution.{key}` is {deconvolution}"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_of(former: Value) -> Result<Config, String> {
        assert!(Former::is(&former));
        serde_json::from_value::<Former>(former).unwrap().config()
    }

    #[test]
    fn what_agrees_is_written_anew() {
        let config = config_of(json!({
            "traces": { "tolerance": "5 ppm", "max_gap": 2 },
            "features": { "min_points": 6 },
            "deconvolution": { "tolerance": "5 ppm", "min_evidence": 8.0 },
        }))
        .unwrap();
        let mut expected =
            Config { tolerance: "5 ppm".parse().unwrap(), min_evidence: 8.0, ..Config::default() };
        expected.expert.max_gap = 2;
        expected.expert.peak_points = 6;
        assert_eq!(config, expected);
        assert!(!Former::is(&json!(Config::default())));
    }

    #[test]
    fn what_differs_is_told() {
        let told = config_of(json!({
            "traces": { "tolerance": "5 ppm", "min_points": 4 },
        }))
        .unwrap_err();
        for part in [
            "`traces.tolerance` is 5 ppm, but `deconvolution.tolerance` is 10 ppm, 0.0015 Da",
            "`traces.min_points` is 4, but `deconvolution.min_points` is 3",
        ] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }

    #[test]
    fn every_former_key_is_a_parameter_now() {
        let (traces, features) = (TraceParams::default(), FeatureParams::default());
        let deconvolution = DeconvolutionParams::default();
        let defaults = json!(Config::of_stages(&traces, &features, &deconvolution));
        let tables = [json!(traces), json!(features), json!(deconvolution)];
        let mut keys = 0;
        for (table, params) in TABLES.iter().zip(&tables) {
            for (key, default) in params.as_object().unwrap() {
                let at = |moved: &&Moved| moved.former.table == *table && moved.former.key == key;
                let now = FORMER.iter().find(at).unwrap().now.unwrap();
                let config = if now.table.is_empty() { &defaults } else { &defaults[now.table] };
                assert_eq!(&config[now.key], default, "{table}.{key}");
                keys += 1;
            }
        }
        assert_eq!(keys, FORMER.iter().filter(|key| key.now.is_some()).count());
    }

    #[test]
    fn records_may_have_parameters_that_are_none_any_more() {
        let config = without_gone(&json!({
            "deconvolution": { "expected_yield": 0.1, "min_evidence": 8.0 },
        }));
        assert_eq!(config_of(config).unwrap().min_evidence, 8.0);
        let config = without_gone(&json!({ "expert": { "expected_yield": 0.1 } }));
        assert_eq!(Config::deserialize(&config).unwrap(), Config::default());
    }
}
