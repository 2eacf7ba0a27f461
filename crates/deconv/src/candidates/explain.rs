//! The spectrum of a precursor in the light of its candidates: labels, what is missing and why, and
//! what each candidate explains.

use std::borrow::Cow;

use cofactor_core::{
    CandidateResult, CandidateSet, Channel, Feature, Fragment, FragmentResult, FragmentStatus,
    NO_CANDIDATE, Precursor, Presence, RecordPeak,
};
use cofactor_rules::kinds::Library;
use cofactor_rules::{Observed, Role, RuleKind, RuleSet, why_missing};

use crate::candidates::claims::surer;
use crate::candidates::hypotheses::{Choice, Weighed};
use crate::candidates::judge::Verdict;
use crate::chemistry::{Chemistry, is_intact, observed_candidates};
use crate::fragments::assign::Assigned;
use crate::fragments::isotopologues::isotopologues;
use crate::tuning::WORTH_LISTING;

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
    feature: &Feature,
    channel: &Channel,
    keep_isotopologues: bool,
) -> Explained {
    let precursor = &feature.precursor;
    let observed: Vec<f64> = assigned.fragments.iter().map(|f| f.mz).collect();
    let mzs = chemistry.corrected(&observed);
    let intensity: Vec<f64> = assigned.fragments.iter().map(|f| f.intensity).collect();
    let isotopologue = if keep_isotopologues {
        vec![false; mzs.len()]
    } else {
        isotopologues(&mzs, &intensity, feature, channel.window())
    };
    let seen =
        Seen { assigned, mzs, intensity, isotopologue, precursor, channel, rules: chemistry.rules };
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
                Observed { intensity: Some(&seen.intensity), ..Observed::mzs(&seen.mzs) };
            let candidates = observed_candidates(candidates, chemistry.rules, precursor, &observed);
            let fragments = match candidates.first() {
                Some(set) => seen.labelled(set),
                None => assigned.fragments.clone(),
            };
            Explained { fragments, candidates: Vec::new(), two: false }
        }
    }
}

/// A spectrum, to be matched to candidates.
struct Seen<'a> {
    assigned: &'a Assigned,
    /// m/z without the systematic error.
    mzs: Vec<f64>,
    intensity: Vec<f64>,
    isotopologue: Vec<bool>,
    precursor: &'a Precursor,
    channel: &'a Channel,
    rules: &'a RuleSet,
}

impl Seen<'_> {
    fn labelled(&self, set: &CandidateSet) -> Vec<FragmentResult> {
        let mut fragments = self.assigned.fragments.clone();
        let found = self.rules.match_fragments(set, &self.mzs);
        for &(fragment, row) in &found.matched {
            if fragments[row].explained_by.is_none() {
                fragments[row].explained_by = Some(set.fragments[fragment].clone());
            }
        }
        for (fragment, isotopologue) in fragments.iter_mut().zip(&self.isotopologue) {
            if *isotopologue && fragment.explained_by.is_none() {
                fragment.status = FragmentStatus::Isotopologue;
            }
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
            evidence: 0.0,
            log_odds: 0.0,
            probability: 0.0,
            members: Vec::new(),
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
        let none = verdict.weighed.iter().find(|w| w.choice == Choice::None);
        let reference = none.map(|w| w.log_evidence);
        let mut results = Vec::with_capacity(verdict.weighed.len());
        for (rank, w) in verdict.weighed.iter().enumerate() {
            let listed = w.posterior >= WORTH_LISTING || !matches!(w.choice, Choice::Two(..));
            if rank == 0 || listed {
                let set = set_of(w.choice, candidates, self.rules);
                let reference = reference.filter(|_| w.choice != Choice::None);
                let q_value = verdict.q_value.filter(|_| rank == 0);
                let record = record(w.choice, &set, self.rules);
                let result = self.result(&set, w, reference);
                results.push(CandidateResult { q_value, record, ..result });
            }
        }
        let decoy = verdict.decoys.iter().copied().reduce(surer);
        if let Some(decoy) = decoy.filter(|decoy| decoy.weighed.posterior >= WORTH_LISTING) {
            let set = &verdict.ballot.decoys[decoy.decoy];
            let result = self.result(set, &decoy.weighed, reference);
            results.push(CandidateResult { decoy: true, ..result });
        }
        results
    }

    /// What is said of a candidate; `reference` is the log-evidence that it is compared with.
    fn result(&self, set: &CandidateSet, w: &Weighed, reference: Option<f64>) -> CandidateResult {
        let found = self.rules.match_fragments(set, &self.mzs);
        let (mut inside, mut outside) = (0.0, 0.0);
        for (m, intensity) in self.intensity.iter().enumerate() {
            if found.allowed[m] {
                inside += intensity;
            } else if !self.isotopologue[m] {
                outside += intensity;
            }
        }
        let counts = |f: &Fragment| {
            !is_intact(f.mz, self.precursor, self.rules.tolerance(f)) && !is_common(f, self.rules)
        };
        let mut matched: Vec<usize> = found.matched.iter().map(|pair| pair.0).collect();
        matched.dedup();
        let count = |positions: &[usize], holds: &dyn Fn(&Fragment) -> bool| {
            let fragments = positions.iter().map(|&position| &set.fragments[position]);
            fragments.filter(|f| counts(f) && holds(f)).count()
        };
        let missing = |f: &Fragment| self.why_missing(f) == FragmentStatus::Missing;
        let expected = set.fragments.iter().filter(|f| f.presence >= Presence::Expected);
        CandidateResult {
            name: set.name.clone(),
            rule_id: set.rule_id.clone(),
            posterior: w.posterior,
            q_value: None,
            log_evidence: reference.map(|reference| w.log_evidence - reference),
            expected: expected.filter(|f| counts(f)).count(),
            matched: count(&matched, &|_| true),
            missing: count(&found.missing, &missing),
            explained: if inside > 0.0 { inside / (inside + outside) } else { 0.0 },
            decoy: false,
            record: Vec::new(),
            similarity: None,
        }
    }
}

/// The peaks of the library record that an explanation is; none of one that is none, or two.
fn record(choice: Choice, set: &CandidateSet, rules: &RuleSet) -> Vec<RecordPeak> {
    let is_record = |id: &str| rules.rule(id).is_some_and(|rule| rule.kind == Library::KIND);
    if !matches!(choice, Choice::One(_)) || !is_record(&set.rule_id) {
        return Vec::new();
    }
    let peak = |f: &Fragment| f.relative_intensity.map(|height| RecordPeak { mz: f.mz, height });
    set.fragments.iter().filter(|f| is_record(&f.rule_id)).filter_map(peak).collect()
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
        Choice::Two(a, b) => Cow::Owned(joined(&candidates[a], &candidates[b])),
        Choice::None => {
            let fragments = candidates.first().map_or(&[][..], |set| &set.fragments);
            Cow::Owned(CandidateSet {
                name: NO_CANDIDATE.to_owned(),
                rule_id: String::new(),
                compound: None,
                fragments: fragments.iter().filter(|f| is_common(f, rules)).cloned().collect(),
                open_up_to: None,
            })
        }
    }
}

/// Whether a fragment belongs to every candidate by a `common` rule.
fn is_common(fragment: &Fragment, rules: &RuleSet) -> bool {
    rules.rule(&fragment.rule_id).is_some_and(|rule| rule.role == Role::Common)
}

fn joined(a: &CandidateSet, b: &CandidateSet) -> CandidateSet {
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
