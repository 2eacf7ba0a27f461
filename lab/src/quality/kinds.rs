//! The kinds of data beside the own scenarios: their runs, seeds, measures and scores. A set of
//! such a kind is called `KIND RUN`.

use anyhow::Result;
use serde_json::Value;

use super::measures::{self, Measure};
use super::outside::Outside;
use super::{counts, other_sim, real, semi};

/// The own scenarios and the public files with them.
pub(crate) const OWN: &str = "own";

/// A kind of data.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// What it is, for the head of its table.
    pub(crate) title: &'static str,
    pub(crate) runs: &'static [&'static str],
    /// Of a kind without seeds, one.
    pub(crate) seeds: &'static [usize],
    measures: &'static [&'static [Measure]],
    pub(crate) score: fn(&Outside<'_>, &str, usize) -> Result<Value>,
    /// The runs that a sample has, with the first seed.
    pub(crate) sample: &'static [&'static str],
}

/// All kinds.
pub(crate) const KINDS: [Kind; 3] = [
    Kind {
        name: "other_sim",
        title: "Another simulator",
        runs: &other_sim::SCENARIOS,
        seeds: &[1, 2, 3],
        measures: &[&other_sim::MEASURES],
        score: other_sim::score,
        sample: &["swath"],
    },
    Kind {
        name: "semi",
        title: "Library spectra in simulated and in real runs",
        runs: &semi::RUNS,
        seeds: &[21, 22, 23],
        measures: &[&semi::MEASURES, &counts::MEASURES],
        score: semi::score,
        sample: &["orbi_medium"],
    },
    Kind {
        name: "real",
        title: "Real runs",
        runs: &real::RUNS,
        seeds: &[1],
        measures: &[&real::MEASURES, &counts::MEASURES],
        score: real::score,
        sample: &[],
    },
];

impl Kind {
    /// The set of one of its runs.
    pub(crate) fn set(&self, run: &str) -> String {
        format!("{} {run}", self.name)
    }

    /// Its measures, in the order of its table.
    pub(crate) fn measures(&self) -> impl Iterator<Item = &'static Measure> + use<> {
        self.measures.iter().copied().flatten()
    }
}

/// The measures of a set.
pub(crate) fn measures_of(set: &str) -> Vec<&'static Measure> {
    let kind = KINDS.iter().find(|kind| set.split_once(' ').is_some_and(|(k, _)| k == kind.name));
    match kind {
        Some(kind) => kind.measures().collect(),
        None => measures::MEASURES.iter().chain(&measures::REAL).collect(),
    }
}

/// The measure of this name of a set.
pub(crate) fn measure_of(set: &str, name: &str) -> Option<&'static Measure> {
    measures_of(set).into_iter().find(|measure| measure.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_that_of_the_kind() {
        let pointers = |set| measures_of(set).len();
        assert_eq!(pointers("semi orbi_medium"), semi::MEASURES.len() + counts::MEASURES.len());
        assert_eq!(pointers("plasma control"), measures::MEASURES.len() + measures::REAL.len());
        assert!(measure_of("real ionshed", "copies").is_some());
        assert!(measure_of("easy", "copies").is_none());
    }

    #[test]
    fn no_kind_has_two_measures_of_one_name_and_a_sample_is_of_its_runs() {
        for kind in &KINDS {
            let mut names: Vec<&str> = kind.measures().map(|measure| measure.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{}", kind.name);
            assert!(kind.sample.iter().all(|run| kind.runs.contains(run)), "{}", kind.name);
        }
    }
}
