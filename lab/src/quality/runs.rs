//! The runs that are measured: simulated ones, over seeds, and the public files where they are
//! there.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use serde_json::Value;
use xtask::command;

use crate::real_data::checks::{SIMULATED, STEROIDS};
use crate::real_data::results;
use crate::real_data::scores::{COMPOUNDS, Scripts};

/// The scenarios that are simulated.
pub(crate) const SCENARIOS: [&str; 8] = [
    "easy",
    "tailing",
    "hard",
    "overlapping",
    "rule-sets",
    "lipids",
    "molecules",
    "molecules-negative",
];
/// Those that hold so many compounds that a few seeds are enough.
const LARGE: [&str; 2] = [SCENARIOS[6], SCENARIOS[7]];
/// Seeds of the large ones at most.
const LARGE_SEEDS: usize = 3;

/// The set of the plasma run with isotopologues of fragments in its spectra.
pub(crate) const PLASMA_KEPT: &str = "plasma, isotopologues kept";
/// The plasma without the spiked compounds.
const CONTROL: &str = "plasma_control_535-560s";

/// How far from its apex a compound may be found, in seconds.
const APEX_TOLERANCE: f64 = 6.0;

/// The program, and where results go.
pub(crate) struct Program<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) out: &'a Path,
}

impl Program<'_> {
    /// `cofactor run FILE --out OUT …`; OUT is removed before.
    pub(crate) fn run(&self, file: &Path, out: &Path, more: &[&str]) -> Result<()> {
        if out.exists() {
            std::fs::remove_dir_all(out)
                .with_context(|| format!("cannot remove {}", out.display()))?;
        }
        command::output(
            command::new(self.binary)
                .arg("run")
                .arg(file)
                .arg("--quiet")
                .arg("--out")
                .arg(out)
                .args(more),
        )?;
        Ok(())
    }

    fn score(&self, truth: &Path, results: &Path) -> Result<Value> {
        let mut score = command::new(self.binary);
        score.args(["score", "--json", "--truth"]).arg(truth).arg("--results").arg(results);
        serde_json::from_str(&command::output(&mut score)?)
            .context("`cofactor score --json` printed no JSON")
    }

    fn folder(&self, scenario: &str, seed: usize) -> PathBuf {
        self.out.join(format!("{scenario}-{seed}"))
    }

    /// Simulates a scenario.
    pub(crate) fn simulate(&self, scenario: &str, seed: usize) -> Result<()> {
        let mut simulate = command::new(self.binary);
        simulate.args([
            "simulate",
            "--force",
            "--scenario",
            scenario,
            "--seed",
            &seed.to_string(),
            "--out",
        ]);
        command::output(simulate.arg(self.folder(scenario, seed)))?;
        Ok(())
    }

    /// Deconvolves a simulated scenario with its rules on one thread, and scores.
    fn scored(&self, scenario: &str, seed: usize, more: &[&str]) -> Result<Value> {
        let folder = self.folder(scenario, seed);
        let rules = folder.join("rules.toml");
        let rules = rules.is_file().then(|| rules.to_string_lossy().into_owned());
        let mut all = vec!["--threads", "1"];
        all.extend(more);
        if let Some(rules) = &rules {
            all.extend(["--rules", rules]);
        }
        let results = folder.join("results");
        self.run(&folder.join("run.mzML"), &results, &all)?;
        self.score(&folder.join("truth.json"), &results)
    }

    /// The same with the parameters of a file.
    pub(crate) fn scored_with(&self, scenario: &str, seed: usize, config: &str) -> Result<Value> {
        self.scored(scenario, seed, &["--config", config])
    }

    /// The scores of seeds 1 to `seeds` of every scenario, by scenario and seed; of large ones
    /// fewer.
    pub(crate) fn all_simulated(&self, seeds: usize) -> Result<Vec<Vec<Value>>> {
        let jobs: Vec<(&str, usize)> = SCENARIOS
            .into_iter()
            .flat_map(|scenario| (1..=seeds_of(scenario, seeds)).map(move |seed| (scenario, seed)))
            .collect();
        let scores = at_once(&jobs, |&(scenario, seed)| {
            self.simulate(scenario, seed)?;
            let score = self.scored(scenario, seed, &[])?;
            std::fs::remove_file(self.folder(scenario, seed).join("run.mzML"))?;
            Ok(score)
        })?;
        let mut scores = scores.into_iter();
        let of_scenario = |scenario| scores.by_ref().take(seeds_of(scenario, seeds)).collect();
        Ok(SCENARIOS.into_iter().map(of_scenario).collect())
    }

    /// The scores of the public simulated files, by name.
    pub(crate) fn public_simulated(&self, data: &Path) -> Result<Vec<(&'static str, Value)>> {
        SIMULATED
            .into_iter()
            .map(|name| {
                let results = self.out.join(format!("public-{name}"));
                self.run(&data.join(format!("sim/{name}.mzML")), &results, &[])?;
                Ok((name, self.score(&data.join(format!("sim/{name}.truth.json")), &results)?))
            })
            .collect()
    }

    /// The cosine to the library of each spiked compound of the plasma run, with further arguments;
    /// none has 0 for lack of a spectrum.
    pub(crate) fn plasma(
        &self,
        data: &Path,
        scripts: &Scripts,
        more: &[&str],
    ) -> Result<Vec<(String, f64)>> {
        let results = self.real(data, STEROIDS, more)?;
        let said = scripts.library(&results.join("spectra.mgf"), data)?;
        Ok(COMPOUNDS
            .iter()
            .map(|compound| name_of(compound))
            .map(|name| (name.to_owned(), cosine(&said, name)))
            .collect())
    }

    /// How many of the spiked compounds have a spectrum in the control, where they are not, or
    /// hardly.
    pub(crate) fn control(&self, data: &Path) -> Result<usize> {
        let results = results::read(&self.real(data, CONTROL, &[])?)?;
        let mut found = 0;
        for compound in COMPOUNDS {
            let numbers: Vec<f64> =
                compound.split(':').skip(1).filter_map(|number| number.parse().ok()).collect();
            let [mz, seconds] = numbers[..] else { continue };
            found += usize::from(!results.spectra_of(mz, seconds, APEX_TOLERANCE).1.is_empty());
        }
        Ok(found)
    }

    fn real(&self, data: &Path, name: &str, more: &[&str]) -> Result<PathBuf> {
        let results = self.out.join(name);
        self.run(&data.join(format!("real/{name}.mzML")), &results, more)?;
        Ok(results)
    }
}

/// How many seeds of a scenario are measured where `seeds` are asked for.
fn seeds_of(scenario: &str, seeds: usize) -> usize {
    if LARGE.contains(&scenario) { seeds.min(LARGE_SEEDS) } else { seeds }
}

/// What `work` gives for each job, in their order; as many at once as there are cores.
pub(crate) fn at_once<J: Sync, T: Send>(
    jobs: &[J],
    work: impl Fn(&J) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let worker = || -> Result<()> {
        while let Some((number, job)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, jobs.get(n)?)))
        {
            let result = work(job)?;
            if let Ok(mut done) = done.lock() {
                done.push((number, result));
            }
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().try_for_each(|handle| {
            handle
                .join()
                .unwrap_or_else(|_| Err(anyhow::anyhow!("a thread of the measurement panicked")))
        })
    })?;
    let mut done =
        done.into_inner().map_err(|_| anyhow::anyhow!("a thread of the measurement panicked"))?;
    done.sort_by_key(|one| one.0);
    Ok(done.into_iter().map(|one| one.1).collect())
}

/// The name of `NAME:MZ:SECONDS`.
fn name_of(compound: &str) -> &str {
    compound.split(':').next().unwrap_or(compound)
}

/// The cosine in the line of a compound; 0 where the script says that there is no spectrum.
fn cosine(said: &str, name: &str) -> f64 {
    let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": cosine="));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_scenarios_have_fewer_seeds() {
        assert_eq!((seeds_of("easy", 10), seeds_of("molecules", 10)), (10, LARGE_SEEDS));
        assert_eq!(seeds_of("molecules-negative", 1), 1);
    }

    #[test]
    fn the_cosine_is_in_the_line_of_the_compound() {
        let said = "Testosterone: cosine=0.861 matched=9 peaks=12\nFinasteride: no \
            spectrum\nmean_cosine=0.430\n";
        assert_eq!((cosine(said, "Testosterone"), cosine(said, "Finasteride")), (0.861, 0.0));
        assert_eq!(name_of(COMPOUNDS[0]), "Testosterone");
    }
}
