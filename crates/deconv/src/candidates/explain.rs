//! The spectrum of a precursor in the light of its candidates: labels, what is missing and why, and
//! what each candidate explains.

use std::borrow::Cow;

use cofactor_core::{
    CandidateResult, CandidateSet, Channel, Fragment, FragmentResult, FragmentStatus, NO_CANDIDATE,
    Precursor, Presence,
};
use cofactor_rules::{Observed, Role, RuleSet, why_missing};

use crate::candidates::hypotheses::{Choice, Weighed};
use crate::candidates::judge::Verdict;
use crate::chemistry::{Chemistry, is_intact, left};
use crate::fragments::assign::Assigned;
use crate::fragments::isotopologues::isotopologues;

/// Explanations by two candidates, and by decoys, are listed from this posterior on.
const WORTH_LISTING: f64 = 0.01;

/// What is said of a precursor.
pub(crate) struct Explained {
    /// Its fragments with labels, and those that are missing, ascending in m/z.
    pub(crate) fragments: Vec<FragmentResult>,
    /// Its candidates with what they are worth; empty where none compete.
    pub(crate) candidates: Vec<CandidateResult>,
    /// Whether two candidates are right at once.
    pub(crate) two: bool,
}

/// Explains the spectrum of a precursor by its most probable candidate, or where none compete by
/// what its rules allow.
pub(crate) fn explain(
    assigned: &Assigned,
    verdict: Option<&Verdict>,
    candidates: &[CandidateSet],
    chemistry: Chemistry,
    precursor: &Precursor,
    channel: &Channel,
    keep_isotopologues: bool,
) -> Explained {
    let own = chemistry.corrected(&assigned.fragments.iter().map(|f| f.mz).collect::<Vec<f64>>());
    let intensity: Vec<f64> = assigned.fragments.iter().map(|f| f.intensity).collect();
    let isotopologue = if keep_isotopologues {
        vec![false; own.len()]
    } else {
        isotopologues(&own, &intensity, precursor, channel.window())
    };
    let seen =
        Seen { assigned, own, intensity, isotopologue, precursor, channel, rules: chemistry.rules };
    match verdict {
        Some(verdict) => {
            let best = &verdict.weighed[0];
            let shown = set_of(best.choice, &verdict.ballot.candidates, chemistry.rules);
            Explained {
                fragments: seen.labelled(&shown),
                candidates: seen.judged(verdict),
                two: matches!(best.choice, Choice::Two(..)),
            }
        }
        None => {
            let observed =
                Observed { intensity: Some(&seen.intensity), ..Observed::mzs(&seen.own) };
            let left = left(candidates, chemistry.rules, precursor, &observed);
            let fragments =
                left.first().map_or_else(|| assigned.fragments.clone(), |only| seen.labelled(only));
            Explained { fragments, candidates: Vec::new(), two: false }
        }
    }
}

/// A spectrum, to be matched to candidates.
struct Seen<'a> {
    assigned: &'a Assigned,
    /// m/z without the systematic error.
    own: Vec<f64>,
    intensity: Vec<f64>,
    isotopologue: Vec<bool>,
    precursor: &'a Precursor,
    channel: &'a Channel,
    rules: &'a RuleSet,
}

impl Seen<'_> {
    fn labelled(&self, set: &CandidateSet) -> Vec<FragmentResult> {
        let mut fragments = self.assigned.fragments.clone();
        let found = self.rules.match_fragments(set, &self.own);
        for &(fragment, row) in &found.matched {
            if fragments[row].explained_by.is_none() {
                fragments[row].explained_by = Some(set.fragments[fragment].clone());
            }
        }
        for (fragment, _) in fragments
            .iter_mut()
            .zip(&self.isotopologue)
            .filter(|(f, is_one)| **is_one && f.explained_by.is_none())
        {
            fragment.status = FragmentStatus::Isotopologue;
        }
        if self.assigned.purity.is_some() {
            let missing =
                found.missing.iter().map(|&position| self.absent(&set.fragments[position]));
            fragments.extend(missing);
        }
        fragments.sort_by(|a, b| a.mz.total_cmp(&b.mz));
        fragments
    }

    fn absent(&self, expected: &Fragment) -> FragmentResult {
        FragmentResult {
            mz: expected.mz,
            intensity: 0.0,
            intensity_low: None,
            intensity_high: Some(self.assigned.limit),
            share: 0.0,
            status: self.why_missing(expected),
            explained_by: Some(expected.clone()),
        }
    }

    fn why_missing(&self, expected: &Fragment) -> FragmentStatus {
        let strongest = self.intensity.iter().copied().fold(0.0, f64::max);
        let scanned = Observed {
            scan_range: self.channel.scan_range,
            limit: Some(self.assigned.limit),
            ..Observed::default()
        };
        why_missing(expected, Some(strongest), &scanned)
    }

    /// All candidates by falling posterior; two at once and the best decoy where they are worth it.
    fn judged(&self, verdict: &Verdict) -> Vec<CandidateResult> {
        let candidates = &verdict.ballot.candidates;
        let of_none =
            verdict.weighed.iter().find(|w| w.choice == Choice::None).map(|w| w.log_evidence);
        let listed = |(rank, w): &(usize, &Weighed)| {
            *rank == 0 || w.posterior >= WORTH_LISTING || !matches!(w.choice, Choice::Two(..))
        };
        let result = |(rank, w): (usize, &Weighed)| {
            let set = set_of(w.choice, candidates, self.rules);
            let q_value = verdict.q_value.filter(|_| rank == 0);
            CandidateResult { q_value, ..self.result(&set, w, of_none, w.choice == Choice::None) }
        };
        let mut all: Vec<CandidateResult> =
            verdict.weighed.iter().enumerate().filter(listed).map(result).collect();
        let best = verdict
            .decoys
            .iter()
            .reduce(|a, b| if b.weighed.log_odds > a.weighed.log_odds { b } else { a });
        if let Some(best) = best.filter(|best| best.weighed.posterior >= WORTH_LISTING) {
            let set = &verdict.ballot.decoys[best.decoy];
            all.push(CandidateResult {
                decoy: true,
                ..self.result(set, &best.weighed, of_none, false)
            });
        }
        all
    }

    fn result(
        &self,
        set: &CandidateSet,
        w: &Weighed,
        of_none: Option<f64>,
        none: bool,
    ) -> CandidateResult {
        let found = self.rules.match_fragments(set, &self.own);
        let (mut inside, mut outside) = (0.0, 0.0);
        for ((intensity, allowed), isotopologue) in
            self.intensity.iter().zip(&found.allowed).zip(&self.isotopologue)
        {
            match (allowed, isotopologue) {
                (true, _) => inside += intensity,
                (false, true) => {}
                (false, false) => outside += intensity,
            }
        }
        let counts = |f: &Fragment| {
            !is_intact(f.mz, self.precursor, self.rules.tolerance(f)) && !is_common(f, self.rules)
        };
        let mut matched: Vec<usize> = found
            .matched
            .iter()
            .map(|pair| pair.0)
            .filter(|&f| counts(&set.fragments[f]))
            .collect();
        matched.dedup();
        let truly = |&&position: &&usize| {
            let fragment = &set.fragments[position];
            counts(fragment) && self.why_missing(fragment) == FragmentStatus::Missing
        };
        CandidateResult {
            name: set.name.clone(),
            rule_id: set.rule_id.clone(),
            posterior: w.posterior,
            q_value: None,
            log_evidence: of_none.filter(|_| !none).map(|other| w.log_evidence - other),
            expected: set
                .fragments
                .iter()
                .filter(|f| f.presence >= Presence::Expected && counts(f))
                .count(),
            matched: matched.len(),
            missing: found.missing.iter().filter(truly).count(),
            explained: if inside > 0.0 { inside / (inside + outside) } else { 0.0 },
            decoy: false,
        }
    }
}

/// The fragments of an explanation; of none of the candidates those that belong to all of them by
/// common rules.
fn set_of<'a>(
    choice: Choice,
    candidates: &'a [CandidateSet],
    rules: &RuleSet,
) -> Cow<'a, CandidateSet> {
    match choice {
        Choice::One(c) => Cow::Borrowed(&candidates[c]),
        Choice::Two(a, b) => Cow::Owned(both(&candidates[a], &candidates[b])),
        Choice::None => {
            let of_first = candidates
                .first()
                .map(|c| c.fragments.iter().filter(|f| is_common(f, rules)).cloned().collect());
            Cow::Owned(CandidateSet {
                name: NO_CANDIDATE.to_owned(),
                rule_id: String::new(),
                compound: None,
                fragments: of_first.unwrap_or_default(),
                open_up_to: None,
            })
        }
    }
}

/// Whether a fragment belongs to every candidate by a `common` rule.
fn is_common(fragment: &Fragment, rules: &RuleSet) -> bool {
    rules.rule(&fragment.rule_id).is_some_and(|rule| rule.role == Role::Common)
}

fn both(a: &CandidateSet, b: &CandidateSet) -> CandidateSet {
    let mut fragments: Vec<Fragment> = a.fragments.iter().chain(&b.fragments).cloned().collect();
    fragments.sort_by(|x, y| x.mz.total_cmp(&y.mz).then(y.presence.cmp(&x.presence)));
    fragments.dedup_by(|x, y| x.mz == y.mz && x.charge == y.charge);
    let rule_id = if a.rule_id == b.rule_id {
        a.rule_id.clone()
    } else {
        format!("{} + {}", a.rule_id, b.rule_id)
    };
    CandidateSet {
        name: format!("{} + {}", a.name, b.name),
        rule_id,
        compound: None,
        fragments,
        open_up_to: a.open_up_to.or(b.open_up_to),
    }
}
