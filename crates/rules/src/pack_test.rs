//! `[[test]]` blocks inside rule files: a precursor, what was observed, and what the rules must
//! say.

use std::num::NonZeroU8;
use std::ops::Range;

use cofactor_core::{CandidateSet, Polarity, Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Observed;
use crate::condition::PolaritySchema;
use crate::diagnostic::Mistake;
use crate::matching::{FragmentMatch, match_observed};
use crate::pack::{DEFAULT_TOLERANCE, RuleSource};
use crate::ruleset::{Pack, RuleSet, candidates_of};

/// A test of the rules in the same file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestBlock {
    /// What is tested, for the list of results.
    name: Option<String>,
    /// The precursor.
    precursor: TestPrecursor,
    /// m/z of the observed fragments; where not given, nothing is known of them.
    observed: Option<Vec<f64>>,
    /// Their intensities, as many.
    intensity: Option<Vec<f64>>,
    /// What the rules must say.
    expect: Expect,
}

/// The precursor of a test.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestPrecursor {
    /// m/z.
    mz: f64,
    /// Charge; 1 where not given.
    charge: Option<NonZeroU8>,
    /// Polarity; that of the file's defaults, or positive, where not given.
    #[schemars(with = "Option<PolaritySchema>")]
    polarity: Option<Polarity>,
    /// Ion species.
    adduct: Option<String>,
    /// Retention time in seconds.
    rt_seconds: Option<f64>,
}

/// What a test expects; at least one key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// Name of the candidate that fits the observed fragments best.
    best: Option<String>,
    /// Names of all candidates, in the order of the rules; `[]` if the rules must give none.
    candidates: Option<Vec<String>>,
    /// m/z that are among the fragments of the best candidate.
    fragments: Option<Vec<f64>>,
    /// m/z that are not among the fragments of any candidate.
    not_fragments: Option<Vec<f64>>,
    /// Exactly the observed m/z that the best candidate explains.
    matched: Option<Vec<f64>>,
    /// m/z that are among the missing fragments of the best candidate.
    missing: Option<Vec<f64>>,
}

/// A test ready to run.
#[derive(Debug, Clone)]
pub(crate) struct PackTest {
    name: String,
    line: usize,
    precursor: Precursor,
    /// m/z ascending.
    observed: Option<Vec<f64>>,
    intensity: Option<Vec<f64>>,
    expect: Expect,
}

impl PackTest {
    /// Checks what the syntax does not: numbers that are numbers, and an expectation that can fail.
    pub(crate) fn check(
        block: TestBlock,
        span: &Range<usize>,
        source: &RuleSource,
        polarity: Option<Polarity>,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Self> {
        let TestBlock { name, precursor, observed, intensity, expect } = block;
        let before = mistakes.len();
        if !observed.iter().flatten().all(|mz| mz.is_finite()) || !precursor.mz.is_finite() {
            mistakes.push(Mistake::new(span.clone(), "an m/z of this test is not a finite number"));
        }
        let count = observed.as_ref().map_or(0, Vec::len);
        if let Some(intensity) = &intensity
            && intensity.len() != count
        {
            let message =
                format!("this test has {} intensities for {count} observed m/z", intensity.len());
            mistakes.push(
                Mistake::new(span.clone(), message)
                    .help("give one intensity for each m/z, in the same order"),
            );
            return None;
        }
        let Expect { best, candidates, fragments, not_fragments, matched, missing } = &expect;
        let lists = [fragments, not_fragments, matched, missing];
        if best.is_none() && candidates.is_none() && lists.iter().all(|list| list.is_none()) {
            mistakes.push(
                Mistake::new(span.clone(), "this test expects nothing, so it cannot fail").help(
                    "give one of best, candidates, fragments, not_fragments, matched, missing",
                ),
            );
        }
        let (observed, intensity) = sorted(observed, intensity);
        let line =
            source.text.get(..span.start).map_or(0, |before| before.matches('\n').count()) + 1;
        let precursor = Precursor {
            mz: precursor.mz,
            charge: precursor.charge.map_or(1, NonZeroU8::get),
            polarity: precursor.polarity.or(polarity).unwrap_or(Polarity::Positive),
            adduct: precursor.adduct,
            rt_seconds: precursor.rt_seconds,
        };
        let name = name.unwrap_or_else(|| format!("precursor {}", precursor.mz));
        (mistakes.len() == before).then_some(Self {
            name,
            line,
            precursor,
            observed,
            intensity,
            expect,
        })
    }

    fn observed(&self) -> Observed<'_> {
        Observed {
            intensity: self.intensity.as_deref(),
            ..Observed::mzs(self.observed.as_deref().unwrap_or_default())
        }
    }
}

/// Both lists in the order of the m/z.
fn sorted(
    mz: Option<Vec<f64>>,
    intensity: Option<Vec<f64>>,
) -> (Option<Vec<f64>>, Option<Vec<f64>>) {
    let Some(mz) = mz else { return (None, None) };
    let mut order: Vec<usize> = (0..mz.len()).collect();
    order.sort_by(|&a, &b| mz[a].total_cmp(&mz[b]));
    let in_order = |values: &[f64]| order.iter().map(|&at| values[at]).collect();
    (Some(in_order(&mz)), intensity.as_deref().map(in_order))
}

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
    let outcome = |pack: &Pack, test: &PackTest| TestOutcome {
        file: pack.file.clone(),
        line: test.line,
        name: test.name.clone(),
        failures: failures(pack, test),
    };
    rules
        .packs()
        .iter()
        .flat_map(|pack| pack.tests.iter().map(move |test| outcome(pack, test)))
        .collect()
}

/// Candidates with their matches, the best fit by m/z first; ties keep the order of the rules.
pub fn rank(
    candidates: Vec<CandidateSet>,
    matched: impl Fn(&CandidateSet) -> FragmentMatch,
) -> Vec<(CandidateSet, FragmentMatch)> {
    let mut ranked: Vec<_> = candidates
        .into_iter()
        .map(|candidate| {
            let matched = matched(&candidate);
            (candidate, matched)
        })
        .collect();
    ranked.sort_by(|(a, of_a), (b, of_b)| of_b.score(b).total_cmp(&of_a.score(a)));
    ranked
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
    let within = |mzs: &[f64], mz: f64| mzs.iter().any(|&other| tolerance.matches(mz, other));
    for &mz in expect.not_fragments.iter().flatten() {
        for candidate in &candidates {
            if within(&fragment_mzs(candidate), mz) {
                failures.push(format!("not_fragments: candidate `{}` has {mz}", candidate.name));
            }
        }
    }
    let tolerance_of = |rule_id: &str| {
        pack.rules
            .iter()
            .find(|rule| rule.id == rule_id)
            .map_or(DEFAULT_TOLERANCE, |rule| rule.tolerance)
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
        if !same(wanted, &got, tolerance) {
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

fn same(wanted: &[f64], got: &[f64], tolerance: Tolerance) -> bool {
    let mut wanted = wanted.to_vec();
    wanted.sort_by(f64::total_cmp);
    wanted.len() == got.len() && wanted.iter().zip(got).all(|(&a, &b)| tolerance.matches(a, b))
}
