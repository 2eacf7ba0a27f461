//! What takes the fragment sets of a rule, and when there are too many.

use cofactor_core::{CandidateSet, Fragment, Precursor};

use super::observed::Observed;

/// A rule gave more fragment sets for a precursor than it may.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "rule `{rule_id}` gives more than {limit} fragment sets for the precursor m/z \
     {precursor_mz:.4}: make the rule narrower (a smaller tolerance, fewer building blocks, a \
     `when` condition), or raise `max_candidates` in the rule or in [defaults]"
)]
pub struct TooManyCandidates {
    /// The rule, `pack/rule`.
    pub rule_id: String,
    /// m/z of the precursor.
    pub precursor_mz: f64,
    /// The rule's `max_candidates`.
    pub limit: usize,
}

/// Takes the fragment sets of one rule for one precursor.
#[derive(Debug)]
pub struct Sink<'a> {
    rule_id: &'a str,
    limit: usize,
    pub(super) observed: Option<&'a Observed<'a>>,
    sets: Vec<CandidateSet>,
    pub(super) overflowed: bool,
    pub(super) too_many: Option<TooManyCandidates>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(rule_id: &'a str, limit: usize, observed: Option<&'a Observed<'a>>) -> Self {
        Self { rule_id, limit, observed, sets: Vec::new(), overflowed: false, too_many: None }
    }

    /// The id that the fragments carry, `pack/rule`.
    pub fn rule_id(&self) -> &str {
        self.rule_id
    }

    /// How many sets may still come.
    pub fn room(&self) -> usize {
        self.limit - self.sets.len()
    }

    /// Whether more sets came than the rule's `max_candidates`; a rule may stop then.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Adds a complete set of fragments, in any order; an empty one is ignored, as are fragments
    /// without an m/z above 0.
    pub fn set(&mut self, name: impl Into<String>, fragments: Vec<Fragment>) {
        self.set_of_compound(name, None, fragments);
    }

    /// Adds a set as [`Self::set`] does, one of several that may say the same of the precursor
    /// ([`CandidateSet::compound`]).
    pub fn set_of_compound(
        &mut self,
        name: impl Into<String>,
        compound: Option<String>,
        mut fragments: Vec<Fragment>,
    ) {
        fragments.retain(|fragment| fragment.mz.is_finite() && fragment.mz > 0.0);
        if !fragments.is_empty() {
            let rule_id = self.rule_id.to_owned();
            self.push(CandidateSet {
                name: name.into(),
                rule_id,
                compound,
                fragments,
                open_up_to: None,
            });
        }
    }

    /// Adds a set that allows every observed fragment up to an m/z.
    pub fn open(&mut self, name: impl Into<String>, up_to: f64) {
        let rule_id = self.rule_id.to_owned();
        let (fragments, open_up_to) = (Vec::new(), Some(up_to));
        self.push(CandidateSet {
            name: name.into(),
            rule_id,
            compound: None,
            fragments,
            open_up_to,
        });
    }

    /// Adds a set of another rule as one of this rule's own.
    pub fn adopt(&mut self, mut set: CandidateSet) {
        for fragment in &mut set.fragments {
            self.rule_id.clone_into(&mut fragment.rule_id);
        }
        if !set.fragments.is_empty() || set.open_up_to.is_some() {
            self.rule_id.clone_into(&mut set.rule_id);
            self.push(set);
        }
    }

    fn push(&mut self, set: CandidateSet) {
        if self.sets.len() == self.limit {
            self.overflowed = true;
        } else {
            self.sets.push(set);
        }
    }

    /// The sets, or that there are too many of them.
    pub(crate) fn finish(
        self,
        precursor: &Precursor,
    ) -> Result<Vec<CandidateSet>, TooManyCandidates> {
        if !self.overflowed {
            return Ok(self.sets);
        }
        Err(self.too_many.unwrap_or_else(|| TooManyCandidates {
            rule_id: self.rule_id.to_owned(),
            precursor_mz: precursor.mz,
            limit: self.limit,
        }))
    }
}
