//! `[[test]]` blocks inside rule files: a precursor, what was observed, and what the rules must
//! say.

use std::num::NonZeroU8;
use std::ops::Range;

use cofactor_core::{Polarity, Precursor};
use schemars::JsonSchema;
use serde::Deserialize;

use super::observed::Observed;
use crate::lang::{Mistake, PolaritySchema, RuleSource};

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
pub(crate) struct Expect {
    /// Name of the candidate that fits the observed fragments best.
    pub(super) best: Option<String>,
    /// Names of all candidates, in the order of the rules; `[]` if the rules must give none.
    pub(super) candidates: Option<Vec<String>>,
    /// m/z that are among the fragments of the best candidate.
    pub(super) fragments: Option<Vec<f64>>,
    /// m/z that are not among the fragments of any candidate.
    pub(super) not_fragments: Option<Vec<f64>>,
    /// Exactly the observed m/z that the best candidate explains.
    pub(super) matched: Option<Vec<f64>>,
    /// m/z that are among the missing fragments of the best candidate.
    pub(super) missing: Option<Vec<f64>>,
}

/// A test ready to run.
#[derive(Debug, Clone)]
pub(crate) struct PackTest {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) precursor: Precursor,
    /// m/z ascending.
    pub(super) observed: Option<Vec<f64>>,
    pub(super) intensity: Option<Vec<f64>>,
    pub(super) expect: Expect,
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

    /// The fragments that were observed.
    pub(super) fn observed(&self) -> Observed<'_> {
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
