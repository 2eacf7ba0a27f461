//! A measure: what it is called, where a score tells it, and when it counts as worse. And those of
//! the project's own scenarios, which `cofactor score --json` tells.

use serde_json::Value;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Better {
    Higher,
    Lower,
    /// The nearer to this value.
    Near(f64),
    /// Neither way: it is only told.
    Neither,
}

/// A measure.
#[derive(Debug)]
pub(crate) struct Measure {
    /// Name in tables and in JSON.
    pub(crate) name: &'static str,
    /// Where it is in the score: a number, or `{ part, of }`. Empty where it does not come from
    /// such a score.
    pointer: &'static str,
    pub(crate) better: Better,
    /// How much its mean may worsen before a check fails; its worst seed may by twice as much.
    pub(crate) margin: f64,
}

pub(super) const fn higher(name: &'static str, pointer: &'static str, margin: f64) -> Measure {
    Measure { name, pointer, better: Better::Higher, margin }
}

pub(super) const fn lower(name: &'static str, pointer: &'static str, margin: f64) -> Measure {
    Measure { name, pointer, better: Better::Lower, margin }
}

pub(super) const fn near(
    name: &'static str,
    pointer: &'static str,
    wanted: f64,
    margin: f64,
) -> Measure {
    Measure { name, pointer, better: Better::Near(wanted), margin }
}

pub(super) const fn told(name: &'static str, pointer: &'static str) -> Measure {
    Measure { name, pointer, better: Better::Neither, margin: f64::INFINITY }
}

/// All measures of runs with known truth.
pub(crate) const MEASURES: [Measure; 23] = [
    higher("cosine", "/spectra/cosine", 0.01),
    higher("entropy similarity", "/spectra/entropy", 0.01),
    higher("precision", "/spectra/precision", 0.02),
    higher("recall", "/spectra/recall", 0.02),
    higher("F1", "/spectra/f1", 0.02),
    higher("true candidate first", "/candidates/top_1", 0.02),
    higher("none where none is right", "/candidates/none", 0.03),
    lower("confident and wrong", "/candidates/confident_wrong", 0.01),
    lower("false at q <= 0.05", "/candidates/false_at_05", 0.02),
    lower("false at q <= 0.01", "/candidates/false_at_01", 0.02),
    lower("calibration error", "/candidates/calibration_error", 0.02),
    higher("inseparable and said so", "/candidates/said_inseparable", 0.05),
    higher("inseparable, both names right", "/candidates/both_named", 0.05),
    lower("separable and said not to be", "/candidates/said_wrongly", 0.03),
    higher("labels right", "/ions/labels_right", 0.02),
    told("ions without a label", "/ions/labels_none"),
    higher("ions of one molecule joined", "/ions/grouped", 0.02),
    lower("joined and not of one molecule", "/ions/grouped_wrongly", 0.01),
    lower("spectra of isotopologues", "/ions/ghosts", 1.0),
    lower("spectra of side lobes", "/ions/at_side_lobes", 1.0),
    lower("spectra of background ions", "/ions/at_background", 0.5),
    lower("spectra of nothing known", "/ions/at_nothing", 0.5),
    lower("spectra with the peaks of another", "/ions/copies", 0.5),
];

/// Name of the measure of the control.
pub(crate) const CONTROL: &str = "compounds with a spectrum";

/// What is measured of real runs: cosines to the library, by compound, and spectra of what is not
/// there.
pub(super) const REAL: [Measure; 4] = [
    higher("Testosterone", "", 0.02),
    higher("Finasteride", "", 0.02),
    higher("Glycodeoxycholate", "", 0.02),
    lower(CONTROL, "", 0.0),
];

/// The measure of the own scenarios and public files of this name.
pub(crate) fn measure(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().chain(&REAL).find(|measure| measure.name == name)
}

impl Measure {
    /// Its value in a score; `None` where there was nothing to measure.
    pub(crate) fn value(&self, score: &Value) -> Option<f64> {
        let value = score.pointer(self.pointer)?;
        match (value["part"].as_f64(), value["of"].as_f64()) {
            (Some(part), Some(of)) => (of > 0.0).then(|| part / of),
            _ => value.as_f64(),
        }
    }

    /// The worst of some values; `None` of nothing, and where neither way is better.
    pub(crate) fn worst(&self, values: impl Iterator<Item = f64>) -> Option<f64> {
        if self.better == Better::Neither {
            return None;
        }
        values.reduce(|a, b| if self.loss(a, b) > 0.0 { b } else { a })
    }

    /// By how much `now` is worse than `before`; below 0 where it is better.
    pub(crate) fn loss(&self, before: f64, now: f64) -> f64 {
        match self.better {
            Better::Higher => before - now,
            Better::Lower => now - before,
            Better::Near(wanted) => (now - wanted).abs() - (before - wanted).abs(),
            Better::Neither => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_shares_are_read_and_nothing_is_none() {
        let score = json!({
            "spectra": { "cosine": 0.5 },
            "candidates": { "top_1": { "part": 3, "of": 4 }, "none": { "part": 0, "of": 0 },
                "calibration_error": null },
        });
        let value = |name: &str| {
            MEASURES.iter().find(|measure| measure.name == name).unwrap().value(&score)
        };
        assert_eq!((value("cosine"), value("true candidate first")), (Some(0.5), Some(0.75)));
        assert_eq!(
            (value("none where none is right"), value("calibration error"), value("recall")),
            (None, None, None)
        );
    }

    #[test]
    fn every_compound_of_the_library_score_has_its_margin() {
        for compound in crate::real_data::scores::COMPOUNDS {
            let name = compound.split(':').next().unwrap();
            assert!(
                measure(name).is_some_and(|measure| measure.better == Better::Higher),
                "{name}"
            );
        }
    }

    #[test]
    fn worse_depends_on_the_measure() {
        let (cosine, error) = (&MEASURES[0], &MEASURES[10]);
        assert_eq!(cosine.worst([0.5, 0.25, 1.0].into_iter()), Some(0.25));
        assert_eq!(error.worst([0.5, 0.25, 1.0].into_iter()), Some(1.0));
        assert_eq!((cosine.loss(0.5, 0.25), error.loss(0.5, 0.25)), (0.25, -0.25));
        let (coverage, features) = (near("coverage", "", 0.75, 0.1), told("features", ""));
        assert_eq!(coverage.worst([0.75, 0.5, 0.875].into_iter()), Some(0.5));
        assert_eq!((coverage.loss(0.5, 1.0), coverage.loss(0.5, 0.75)), (0.0, -0.25));
        assert_eq!((features.worst([3.0].into_iter()), features.loss(3.0, 1.0)), (None, 0.0));
    }
}
