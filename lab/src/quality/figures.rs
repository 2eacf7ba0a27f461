//! The figures of a measurement, by set and measure, a value a seed; as JSON and back, and what
//! became worse.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::kinds::{measure_of, measures_of};

/// Version of the layout of `quality.json`.
const SCHEMA: u64 = 1;

/// All figures.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Figures {
    /// Sets in the order of the tables.
    pub(crate) sets: Vec<Set>,
}

/// The figures of one set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    pub(crate) name: String,
    /// Measure, and its value for each seed; `None` where a seed has nothing to measure.
    pub(crate) values: Vec<(String, Vec<Option<f64>>)>,
}

impl Set {
    /// From the scores of its runs, without measures that none of them has.
    pub(crate) fn of_scores(name: &str, scores: &[Value]) -> Self {
        let values = measures_of(name)
            .into_iter()
            .map(|measure| {
                (
                    measure.name.to_owned(),
                    scores.iter().map(|score| measure.value(score)).collect::<Vec<_>>(),
                )
            })
            .filter(|(_, values)| values.iter().any(Option::is_some))
            .collect();
        Self { name: name.to_owned(), values }
    }

    fn seeds(&self, measure: &str) -> Option<&[Option<f64>]> {
        self.values.iter().find(|(name, _)| name == measure).map(|(_, values)| values.as_slice())
    }

    /// How many seeds were measured.
    fn count(&self) -> usize {
        self.values.iter().map(|(_, values)| values.len()).max().unwrap_or(0)
    }

    /// The values of the seeds that have one.
    pub(crate) fn known(&self, measure: &str) -> Vec<f64> {
        self.seeds(measure).unwrap_or_default().iter().copied().flatten().collect()
    }
}

impl Figures {
    /// A set by its name.
    pub(crate) fn set(&self, name: &str) -> Option<&Set> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// `{ schema, sets: { SET: { MEASURE: { mean, worst, seeds: […] } } } }`, numbers with four
    /// decimals.
    pub(crate) fn to_json(&self) -> Value {
        let round = |value: f64| (value * 1e4).round() / 1e4;
        let mut sets = Map::new();
        for set in &self.sets {
            let mut measures = Map::new();
            for (name, values) in &set.values {
                let known: Vec<f64> = values.iter().copied().flatten().collect();
                let seeds: Vec<Value> = values
                    .iter()
                    .map(|value| value.map_or(Value::Null, |v| round(v).into()))
                    .collect();
                let worst = measure_of(&set.name, name)
                    .and_then(|measure| measure.worst(known.iter().copied()));
                measures.insert(
                    name.clone(),
                    json!({ "mean": mean(&known).map(round), "worst": worst.map(round),
                        "seeds": seeds }),
                );
            }
            sets.insert(set.name.clone(), measures.into());
        }
        json!({ "schema": SCHEMA, "sets": sets })
    }

    /// Reads what [`Figures::to_json`] wrote.
    pub(crate) fn from_json(value: &Value) -> Result<Self> {
        let sets = value["sets"].as_object().context("no `sets`")?;
        Ok(Self {
            sets: sets.iter().map(|(name, measures)| set(name, measures)).collect::<Result<_>>()?,
        })
    }

    /// What is worse than before by more than its margin, a line each. Of simulated runs the seeds
    /// that both have are compared; a set that was left out now is not compared.
    pub(crate) fn worse_than(&self, before: &Self) -> Vec<String> {
        let mut worse = Vec::new();
        for old in &before.sets {
            let Some(new) = self.set(&old.name) else { continue };
            for (name, old_values) in &old.values {
                let Some(measure) = measure_of(&old.name, name) else { continue };
                let new_values = new.seeds(name).unwrap_or_default();
                let known = |values: &[Option<f64>]| -> Vec<f64> {
                    values.iter().take(new.count()).copied().flatten().collect()
                };
                let old_known = known(old_values);
                if new_values.is_empty() && !old_known.is_empty() {
                    worse.push(format!("{}, {name}: not measured any more", old.name));
                    continue;
                }
                let new_known = known(&new_values[..new_values.len().min(old_values.len())]);
                let worst = |values: &[f64]| measure.worst(values.iter().copied());
                for (what, old_value, new_value, margin) in [
                    ("mean", mean(&old_known), mean(&new_known), measure.margin),
                    ("worst", worst(&old_known), worst(&new_known), 2.0 * measure.margin),
                ] {
                    let (Some(old_value), Some(new_value)) = (old_value, new_value) else {
                        continue;
                    };
                    if measure.loss(old_value, new_value) > margin {
                        worse.push(format!(
                            "{}, {name}, {what}: {new_value:.3}, was {old_value:.3}; {margin:.2} \
                             is allowed",
                            old.name
                        ));
                    }
                }
            }
        }
        worse
    }
}

/// The mean; `None` of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn set(name: &str, measures: &Value) -> Result<Set> {
    let measures = measures.as_object().with_context(|| format!("`{name}` is no table"))?;
    let values = measures.iter().map(|(measure, value)| {
        let seeds =
            value["seeds"].as_array().with_context(|| format!("{name}, {measure}: no `seeds`"))?;
        Ok((measure.clone(), seeds.iter().map(Value::as_f64).collect()))
    });
    Ok(Set { name: name.to_owned(), values: values.collect::<Result<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(cosine: &[Option<f64>], error: &[Option<f64>]) -> Figures {
        let values = vec![
            ("cosine".to_owned(), cosine.to_vec()),
            ("calibration error".to_owned(), error.to_vec()),
        ];
        Figures { sets: vec![Set { name: "easy".to_owned(), values }] }
    }

    #[test]
    fn json_gives_back_what_was_written_and_says_mean_and_worst() {
        let before = figures(&[Some(0.75), Some(0.25)], &[None, Some(0.125)]);
        let json = before.to_json();
        assert_eq!(
            json["sets"]["easy"]["cosine"],
            serde_json::json!({ "mean": 0.5, "worst": 0.25, "seeds": [0.75, 0.25] })
        );
        assert_eq!(json["sets"]["easy"]["calibration error"]["worst"], 0.125);
        assert_eq!(Figures::from_json(&json).unwrap(), before);
        assert!(Figures::from_json(&serde_json::json!({})).is_err());
    }

    #[test]
    fn only_what_is_worse_by_more_than_its_margin_is_told() {
        let before = figures(&[Some(0.9), Some(0.8), Some(0.1)], &[Some(0.05)]);
        assert_eq!(before.worse_than(&before), Vec::<String>::new());
        // Better, or hardly worse; the third seed was not measured now.
        assert!(figures(&[Some(0.895), Some(0.8)], &[Some(0.01)]).worse_than(&before).is_empty());
        // One seed much worse: mean and worst.
        let told = figures(&[Some(0.9), Some(0.7)], &[Some(0.05)]).worse_than(&before);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], "easy, cosine, mean: 0.800, was 0.850; 0.01 is allowed");
        let told = figures(&[Some(0.9), Some(0.8)], &[Some(0.08)]).worse_than(&before);
        assert_eq!(told, ["easy, calibration error, mean: 0.080, was 0.050; 0.02 is allowed"]);
        // Of the seeds of both, none had a calibration error.
        let late = figures(&[Some(0.9), Some(0.8)], &[None, Some(0.05)]);
        let mut now = figures(&[Some(0.9)], &[]);
        now.sets[0].values.pop();
        assert!(now.worse_than(&late).is_empty());
        let told = figures(&[Some(0.9), Some(0.8)], &[]).worse_than(&before);
        assert_eq!(told, ["easy, calibration error: not measured any more"]);
        assert!(Figures::default().worse_than(&before).is_empty());
    }
}
