//! Running the tests of rule files.

use cofactor_core::{CandidateSet, Tolerance};

use super::candidates::candidates_of;
use super::loaded_rule::DEFAULT_TOLERANCE;
use super::matching::{match_observed, rank};
use super::pack_test::PackTest;
use super::ruleset::{Pack, RuleSet};

/// What came out of one `[[test]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// The rule file.
    pub file: String,
    /// Line of the test in it, from 1.
    pub line: usize,
    /// Name of the test.
    pub name: String,
    /// What was not as expected, one sentence each; empty if the test passed.
    pub failures: Vec<String>,
}

impl TestOutcome {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs the `[[test]]` blocks of every file, each against the rules of its own file only.
pub fn run_tests(rules: &RuleSet) -> Vec<TestOutcome> {
    let tests =
        rules.packs().iter().flat_map(|pack| pack.tests.iter().map(move |test| (pack, test)));
    tests
        .map(|(pack, test)| TestOutcome {
            file: pack.file.clone(),
            line: test.line,
            name: test.name.clone(),
            failures: failures(pack, test),
        })
        .collect()
}

fn failures(pack: &Pack, test: &PackTest) -> Vec<String> {
    let observed = test.observed();
    let known = test.observed.is_some().then_some(&observed);
    let candidates =
        match candidates_of(pack.rules.iter().map(|rule| &**rule), &test.precursor, known) {
            Ok(candidates) => candidates,
            Err(error) => return vec![error.to_string()],
        };
    let mut failures = Vec::new();
    let expect = &test.expect;
    let names: Vec<&str> = candidates.iter().map(|candidate| candidate.name.as_str()).collect();
    if let Some(wanted) = &expect.candidates
        && *wanted != names
    {
        failures.push(format!("candidates: expected {wanted:?}, got {names:?}"));
    }
    let tolerance = pack.tolerance;
    let within = |mzs: &[f64], mz: f64| mzs.iter().any(|&known| tolerance.matches(mz, known));
    for &mz in expect.not_fragments.iter().flatten() {
        for candidate in &candidates {
            if within(&fragment_mzs(candidate), mz) {
                failures.push(format!("not_fragments: candidate `{}` has {mz}", candidate.name));
            }
        }
    }
    let tolerance_of = |rule_id: &str| {
        let rule = pack.rules.iter().find(|rule| rule.id == rule_id);
        rule.map_or(DEFAULT_TOLERANCE, |rule| rule.tolerance)
    };
    let ranked = rank(candidates, |candidate| {
        match_observed(candidate, &observed, |fragment| tolerance_of(&fragment.rule_id))
    });
    let Some((best, found)) = ranked.first() else {
        let wants_one =
            [&expect.fragments, &expect.matched, &expect.missing].iter().any(|list| list.is_some());
        if expect.best.is_some() || wants_one {
            failures.push("the rules give no candidate for this precursor".into());
        }
        return failures;
    };
    if let Some(wanted) = &expect.best
        && *wanted != best.name
    {
        failures.push(format!("best: expected `{wanted}`, got `{}`", best.name));
    }
    let mzs = fragment_mzs(best);
    for &mz in expect.fragments.iter().flatten() {
        if !within(&mzs, mz) {
            failures.push(format!("fragments: `{}` has no {mz}{}", best.name, closest(&mzs, mz)));
        }
    }
    let missing: Vec<f64> = found.missing.iter().map(|&position| mzs[position]).collect();
    for &mz in expect.missing.iter().flatten() {
        if !within(&missing, mz) {
            failures.push(format!(
                "missing: {mz} is not among the missing fragments {missing:?} of `{}`",
                best.name
            ));
        }
    }
    if let Some(wanted) = &expect.matched {
        let allowed = observed.mz.iter().zip(&found.allowed).filter(|(_, allowed)| **allowed);
        let got: Vec<f64> = allowed.map(|(&mz, _)| mz).collect();
        if !agree(wanted, &got, tolerance) {
            failures.push(format!("matched: expected {wanted:?}, got {got:?}"));
        }
    }
    failures
}

fn fragment_mzs(candidate: &CandidateSet) -> Vec<f64> {
    candidate.fragments.iter().map(|fragment| fragment.mz).collect()
}

fn closest(mzs: &[f64], mz: f64) -> String {
    mzs.iter()
        .min_by(|a, b| (*a - mz).abs().total_cmp(&(*b - mz).abs()))
        .map_or(String::new(), |close| format!("; the closest is {close:.4}"))
}

fn agree(wanted: &[f64], got: &[f64], tolerance: Tolerance) -> bool {
    let mut wanted = wanted.to_vec();
    wanted.sort_by(f64::total_cmp);
    wanted.len() == got.len() && wanted.iter().zip(got).all(|(&a, &b)| tolerance.matches(a, b))
}
