//! A study: the same compounds in many runs, which differ as those of samples do.

use cofactor_core::statistics::median;
use serde::{Deserialize, Serialize};

use crate::drawn_run::{Analyte, DrawnRun, analytes, draw_run, is_in_b, number_of};
use crate::run::{Simulation, simulate};
use crate::study_truth::{StudyCompound, StudyTruth, TrueCell, TrueRun};
use crate::truth::TruthCompound;
use crate::variation::Variation;
use crate::{Error, Scenario};

/// How many runs a study has, and how much they differ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StudyPlan {
    /// Number of runs.
    pub runs: usize,
    /// Standard deviation of the natural logarithm of how much there is of a compound in a run.
    pub spread: f64,
}

impl StudyPlan {
    /// Most runs.
    pub const MOST_RUNS: usize = 1000;

    /// Largest spread.
    pub const MOST_SPREAD: f64 = 3.0;

    fn check(self) -> Result<(), Error> {
        if !(1..=Self::MOST_RUNS).contains(&self.runs) {
            return Err(Error::Study { field: "runs", expected: "a number from 1 to 1000" });
        }
        if !(0.0..=Self::MOST_SPREAD).contains(&self.spread) {
            return Err(Error::Study { field: "spread", expected: "a number from 0 to 3" });
        }
        Ok(())
    }
}

/// A simulated study: what it holds, and how to make its runs.
#[derive(Debug, Clone)]
pub struct StudySimulation {
    /// What is true of it.
    pub truth: StudyTruth,
    /// A rule file that lists what the compounds may give, where the scenario has one.
    pub rules: Option<String>,
    base: Simulation,
    runs: Vec<DrawnRun>,
}

/// Draws a study of a scenario. The same scenario, seed and spread give the same runs, however many
/// are asked for.
///
/// # Errors
/// If the scenario or the plan has a value that makes none.
pub fn simulate_study(
    scenario: &Scenario,
    seed: u64,
    plan: StudyPlan,
) -> Result<StudySimulation, Error> {
    plan.check()?;
    let base = simulate(scenario, seed)?;
    let analytes = analytes(&base.truth, seed);
    let duration = scenario.duration_seconds;
    let runs: Vec<DrawnRun> = (0..plan.runs)
        .map(|position| draw_run(&analytes, duration, (seed, position), plan.spread))
        .collect();
    let truth = truth(&base, &analytes, &runs);
    Ok(StudySimulation { truth, rules: base.rules.clone(), base, runs })
}

impl StudySimulation {
    /// Number of scans of each run.
    pub fn scan_count(&self) -> usize {
        self.base.scan_count()
    }

    /// The run at a position, from 0; its compounds and artefacts are those of this run, with the
    /// `id` that they have in the study. `None` beyond the last.
    pub fn run(&self, position: usize) -> Option<Simulation> {
        self.runs.get(position).map(|run| self.base.varied(run))
    }
}

/// Name of a run without extension: as many digits as the last one needs, at least two.
fn run_name(position: usize, count: usize) -> String {
    let digits = count.to_string().len().max(2);
    format!("run{:0digits$}", position + 1)
}

fn truth(base: &Simulation, analytes: &[Analyte], runs: &[DrawnRun]) -> StudyTruth {
    let typical = base.varied(&typical_run(analytes.len(), runs));
    let mut compounds: Vec<StudyCompound> = typical
        .truth
        .into_iter()
        .map(|compound| StudyCompound {
            difference: analytes[number_of(&compound)].difference,
            compound,
            cells: Vec::with_capacity(runs.len()),
        })
        .collect();
    for run in runs {
        // Entries of a run are a part of those of the study, in the same order.
        let varied = base.varied(run).truth;
        let mut entries = varied.iter().peekable();
        for compound in &mut compounds {
            let entry = entries.next_if(|entry| entry.id == compound.compound.id);
            compound.cells.push(entry.map(true_cell));
        }
    }
    let runs_told = runs.iter().enumerate().map(|(position, run)| TrueRun {
        run: run_name(position, runs.len()),
        group: if is_in_b(position) { "B" } else { "A" }.to_owned(),
        injection: run.injection,
        mz_offset_ppm: run.mz_offset_ppm,
    });
    StudyTruth {
        detection_limit: base.scenario().detection_limit,
        runs: runs_told.collect(),
        compounds,
        artefacts: typical.artefacts,
    }
}

fn true_cell(entry: &TruthCompound) -> TrueCell {
    TrueCell { rt: entry.rt, h: entry.h, area: entry.h * entry.elution().area() }
}

/// Each compound as it is where there is most of it, at its median time and as wide as the scenario
/// has it.
fn typical_run(count: usize, runs: &[DrawnRun]) -> DrawnRun {
    let variations = (0..count).map(|number| typical(number, runs)).collect();
    DrawnRun { noise_seed: 0, injection: 1.0, mz_offset_ppm: 0.0, variations }
}

/// A compound by number; `None` if it is in no run.
fn typical(number: usize, runs: &[DrawnRun]) -> Option<Variation> {
    let present: Vec<Variation> = runs.iter().filter_map(|run| run.variations[number]).collect();
    let apex = median(&mut present.iter().map(|one| one.apex).collect::<Vec<f64>>())?;
    let factor = present.iter().map(|one| one.factor).fold(0.0, f64::max);
    Some(Variation { factor, apex, width: 1.0 })
}

#[cfg(test)]
mod tests {
    use cofactor_core::Scan;

    use super::*;

    fn scenario(name: &str) -> Scenario {
        let scenario = Scenario::named(name).unwrap();
        if scenario.lipids.is_some() { scenario } else { scenario.with_compounds(20) }
    }

    fn study(name: &str, runs: usize) -> StudySimulation {
        simulate_study(&scenario(name), 5, StudyPlan { runs, spread: 0.5 }).unwrap()
    }

    #[test]
    fn a_run_does_not_depend_on_how_many_others_there_are() {
        for name in ["demo", "molecules"] {
            let (few, many) = (study(name, 2), study(name, 5));
            for position in 0..2 {
                let [a, b] = [&few, &many].map(|study| study.run(position).unwrap());
                assert_eq!((&a.truth, &a.artefacts), (&b.truth, &b.artefacts));
                for index in [0, 1, 100, 301] {
                    assert_eq!(a.scan(index), b.scan(index), "{name}");
                }
            }
            assert_ne!(many.run(0).unwrap().scan(100), many.run(2).unwrap().scan(100));
            assert!(few.run(2).is_none());
        }
    }

    #[test]
    fn the_truth_of_the_study_is_that_of_its_runs() {
        for name in ["demo", "molecules", "lipids"] {
            let study = study(name, 4);
            for (position, run) in (0..4).map(|position| (position, study.run(position).unwrap())) {
                let present = study.truth.compounds.iter().filter(|c| c.cells[position].is_some());
                let ids: Vec<usize> = present.map(|compound| compound.compound.id).collect();
                let true_ids: Vec<usize> = run.truth.iter().map(|entry| entry.id).collect();
                assert_eq!(ids, true_ids, "{name}, run {position}");
                for entry in &run.truth {
                    let mut all = study.truth.compounds.iter();
                    let compound = all.find(|c| c.compound.id == entry.id).unwrap();
                    let cell = compound.cells[position].unwrap();
                    assert_eq!((cell.rt, cell.h), (entry.rt, entry.h));
                    assert_eq!(compound.compound.mz, entry.mz);
                    assert!(entry.h <= compound.compound.h * (1.0 + 1e-9));
                }
            }
        }
    }

    #[test]
    fn ions_of_a_molecule_vary_as_one() {
        let study = study("molecules", 4);
        let mut pairs = 0;
        for pair in study.truth.compounds.windows(2) {
            if pair[0].compound.compound != pair[1].compound.compound {
                continue;
            }
            let [a, b] = [&pair[0], &pair[1]];
            for (one, other) in a.cells.iter().zip(&b.cells) {
                assert_eq!(one.map(|cell| cell.rt), other.map(|cell| cell.rt));
                let ratio = |cell: &Option<TrueCell>, ion: &StudyCompound| {
                    cell.map_or(0.0, |cell| cell.h / ion.compound.h)
                };
                assert!((ratio(one, a) - ratio(other, b)).abs() < 1e-9);
                pairs += 1;
            }
        }
        assert!(pairs > 20, "{pairs}");
    }

    #[test]
    fn scans_show_what_the_truth_of_the_run_says() {
        let quiet = Scenario {
            gain: 1e-3,
            relative_noise: 0.0,
            mz_jitter_ppm: 0.0,
            noise_peaks: 0.0,
            background_ions: 0,
            ..scenario("demo")
        };
        let plan = StudyPlan { runs: 3, spread: 1.0 };
        let study = simulate_study(&quiet, 5, plan).unwrap();
        let per_cycle = quiet.windows.len() + 1;
        let mut seen = 0;
        for (position, told) in study.truth.runs.iter().enumerate() {
            let run = study.run(position).unwrap();
            for compound in &study.truth.compounds {
                let Some(cell) = compound.cells[position] else { continue };
                let cycle = (cell.rt / quiet.cycle_seconds).round() as usize;
                let scan: Scan = run.scan(cycle * per_cycle);
                let wanted = compound.compound.mz * (1.0 + told.mz_offset_ppm * 1e-6);
                let near = |&(_, &mz): &(usize, &f64)| (mz / wanted - 1.0).abs() < 1e-9;
                let Some((at, _)) = scan.mz.iter().enumerate().find(near) else { continue };
                let ratio = f64::from(scan.intensity[at]) / cell.h;
                assert!((0.95..=1.01).contains(&ratio), "{ratio}");
                seen += 1;
            }
        }
        assert!(seen > 30, "{seen}");
    }

    #[test]
    fn a_plan_that_makes_no_study_is_refused_with_its_field() {
        for (runs, spread, wanted) in
            [(0, 0.5, "runs"), (1001, 0.5, "runs"), (2, -0.1, "spread"), (2, f64::NAN, "spread")]
        {
            match simulate_study(&scenario("demo"), 1, StudyPlan { runs, spread }) {
                Err(Error::Study { field, .. }) => assert_eq!(field, wanted),
                other => panic!("{runs} runs, spread {spread}: {:?}", other.map(|_| ())),
            }
        }
    }

    #[test]
    fn the_truth_comes_back_from_json() {
        let truth = study("molecules", 3).truth;
        let text = serde_json::to_string(&truth).unwrap();
        assert_eq!(serde_json::from_str::<StudyTruth>(&text).unwrap(), truth);
    }

    #[test]
    fn names_sort_as_the_runs_do() {
        assert_eq!([run_name(0, 6), run_name(11, 12)], ["run01", "run12"]);
        assert_eq!([run_name(0, 100), run_name(999, 1000)], ["run001", "run1000"]);
    }
}
