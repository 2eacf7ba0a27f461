//! A rule as loaded: when it speaks, and the sets that it gives then.

use std::num::NonZeroU8;
use std::sync::Arc;

use cofactor_core::{CandidateSet, Polarity, Precursor, Tolerance};

use super::condition::{When, charge_allowed};
use super::observed::Observed;
use super::rule::{Role, Rule};
use super::sink::{Sink, TooManyCandidates};

/// Tolerance of rules in files that give none.
pub const DEFAULT_TOLERANCE: Tolerance = Tolerance::ppm(10.0);

/// Fragment sets that a rule may give for one precursor, unless the file says otherwise.
pub const DEFAULT_MAX_CANDIDATES: usize = 1000;

/// A rule as loaded.
#[derive(Debug, Clone)]
pub struct LoadedRule {
    /// `pack/rule`.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// What it says, where the file does.
    pub description: Option<String>,
    /// Whether its sets compete.
    pub role: Role,
    /// Tolerance for matching its fragments.
    pub tolerance: Tolerance,
    pub(crate) polarity: Option<Polarity>,
    pub(crate) charge: Option<Vec<NonZeroU8>>,
    pub(crate) when: When,
    pub(crate) max_candidates: usize,
    pub(crate) rule: Arc<dyn Rule>,
}

impl LoadedRule {
    /// Whether the rule speaks for any ion of a polarity.
    pub fn speaks_for(&self, polarity: Polarity) -> bool {
        [self.polarity, self.when.polarity]
            .into_iter()
            .flatten()
            .all(|required| required == polarity)
    }

    /// Whether the rule speaks for a precursor: its polarity, charge and `when`.
    pub fn applies_to(&self, precursor: &Precursor) -> bool {
        self.polarity.is_none_or(|polarity| polarity == precursor.polarity)
            && charge_allowed(self.charge.as_deref(), precursor)
            && self.when.holds(precursor)
    }

    /// The sets of the rule for a precursor; none if the rule does not speak for it, or not for
    /// what was observed.
    pub(crate) fn sets(
        &self,
        precursor: &Precursor,
        observed: Option<&Observed<'_>>,
    ) -> Result<Vec<CandidateSet>, TooManyCandidates> {
        let seen =
            observed.is_none_or(|observed| self.when.holds_observed(observed, self.tolerance));
        if !seen || !self.applies_to(precursor) {
            return Ok(Vec::new());
        }
        let mut sink = Sink::new(&self.id, self.max_candidates, observed);
        self.rule.candidates(precursor, &mut sink);
        sink.finish(precursor)
    }
}

impl Sink<'_> {
    /// What another rule gives for the same precursor, under its own conditions. If that is too
    /// much, this rule gives too much as well.
    pub fn sets_of(&mut self, rule: &LoadedRule, precursor: &Precursor) -> Vec<CandidateSet> {
        rule.sets(precursor, self.observed).unwrap_or_else(|error| {
            self.overflowed = true;
            self.too_many.get_or_insert(error);
            Vec::new()
        })
    }
}
