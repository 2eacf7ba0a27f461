//! How much was measured where: the runs of a result, the groups of them, and the area of every
//! feature in every run.

use std::collections::BTreeMap;

use cofactor_core::{Deconvolution, SampleKind, Study, StudyRun};

use crate::record::{InputRecord, RunRecord};
use crate::spectrum::run_name;

/// A run as the formats name it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assay {
    /// For people.
    pub(crate) name: String,
    /// The name that a column of areas has.
    pub(crate) column: String,
    /// Its file.
    pub(crate) input: InputRecord,
    /// What else is known of it: how a parameter of mzTab begins, and its value.
    pub(crate) notes: Vec<(&'static str, String)>,
}

/// Runs that are compared with others as one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AssayGroup {
    /// Its name.
    pub(crate) name: String,
    /// What it is, for people.
    pub(crate) description: String,
    /// Positions of its runs.
    pub(crate) assays: Vec<usize>,
}

/// The areas of a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantities {
    /// What the result is called.
    pub(crate) title: String,
    /// The runs.
    pub(crate) assays: Vec<Assay>,
    /// Their groups; every run is in one.
    pub(crate) groups: Vec<AssayGroup>,
    /// By feature, as in the result, then by run; intensity × seconds, `None` where it was not
    /// seen.
    pub(crate) areas: Vec<Vec<Option<f64>>>,
}

impl Quantities {
    /// Those of a single run.
    pub(crate) fn of_run(result: &Deconvolution, record: &RunRecord) -> Self {
        let name = run_name(&record.input.file_name).to_owned();
        Self {
            title: name.clone(),
            assays: vec![Assay {
                name,
                column: record.input.file_name.clone(),
                input: record.input.clone(),
                notes: Vec::new(),
            }],
            groups: vec![AssayGroup {
                name: "undefined".to_owned(),
                description: "The only run".to_owned(),
                assays: vec![0],
            }],
            areas: result.features.iter().map(|f| vec![Some(f.feature.area)]).collect(),
        }
    }

    /// Those of a study with this title; `inputs` are the files of its runs.
    pub(crate) fn of_study(study: &Study, title: &str, inputs: &[InputRecord]) -> Self {
        let areas = |row: &Vec<cofactor_core::StudyCell>| row.iter().map(|c| c.area).collect();
        Self {
            title: title.to_owned(),
            assays: study.runs.iter().zip(inputs).map(|(run, input)| assay(run, input)).collect(),
            groups: groups(study),
            areas: study.cells.iter().map(areas).collect(),
        }
    }
}

fn assay(run: &StudyRun, input: &InputRecord) -> Assay {
    let sample = &run.sample;
    let notes = [
        Some(("[, , sample type, ", sample.kind.name().to_owned())),
        sample.batch.clone().map(|batch| ("[MS, MS:4000088, batch label, ", batch)),
        sample.order.map(|at| ("[MS, MS:4000089, injection sequence label, ", at.to_string())),
        run.left_out.clone().map(|reason| ("[, , left out of the study, ", reason)),
    ];
    Assay {
        name: sample.name.clone(),
        column: format!("{}.mzML", sample.name),
        input: input.clone(),
        notes: notes.into_iter().flatten().collect(),
    }
}

/// The groups of a study in the order of their names; runs without a group are one by what they are
/// for, samples last.
fn groups(study: &Study) -> Vec<AssayGroup> {
    let mut groups: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
    for (position, run) in study.runs.iter().enumerate() {
        let name = group_name(run);
        groups.entry((name == UNGROUPED, name)).or_default().push(position);
    }
    groups
        .into_iter()
        .map(|((_, name), assays)| AssayGroup {
            name: name.to_owned(),
            description: description(name, assays.len()),
            assays,
        })
        .collect()
}

/// What samples without a group are called.
const UNGROUPED: &str = "undefined";

/// The group of a run: that of its sample, or what it is for.
pub(crate) fn group_name(run: &StudyRun) -> &str {
    match (&run.sample.group, run.sample.kind) {
        (Some(group), _) => group,
        (None, SampleKind::Sample) => UNGROUPED,
        (None, kind) => kind.name(),
    }
}

fn description(name: &str, runs: usize) -> String {
    let what = if name == UNGROUPED { "Runs without a group".to_owned() } else { name.to_owned() };
    format!("{what}: {runs} {}", if runs == 1 { "run" } else { "runs" })
}

/// The mean of those that are there.
pub(crate) fn mean(areas: &[f64]) -> Option<f64> {
    (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
}

/// Standard deviation over mean of at least two areas; `None` where the mean is 0.
pub(crate) fn variation(areas: &[f64]) -> Option<f64> {
    let mean = mean(areas).filter(|mean| *mean > 0.0 && areas.len() > 1)?;
    let squares: f64 = areas.iter().map(|area| (area - mean).powi(2)).sum();
    Some((squares / (areas.len() - 1) as f64).sqrt() / mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variation_are_of_what_is_there() {
        assert_eq!((mean(&[]), variation(&[])), (None, None));
        assert_eq!((mean(&[2.0]), variation(&[2.0])), (Some(2.0), None));
        assert_eq!(mean(&[1.0, 2.0, 3.0]), Some(2.0));
        assert_eq!(variation(&[1.0, 2.0, 3.0]), Some(0.5));
        assert_eq!(variation(&[0.0, 0.0]), None);
    }
}
