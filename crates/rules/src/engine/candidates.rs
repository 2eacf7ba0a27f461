//! From the sets of single rules to candidates: alternatives, each joined with what is common.

use std::collections::{BTreeSet, HashMap};

use cofactor_core::{CandidateSet, Fragment, Precursor};

use super::loaded_rule::LoadedRule;
use super::observed::Observed;
use super::rule::Role;
use super::sink::TooManyCandidates;

/// Fragments of the same charge closer than this (Th) are one fragment.
const SAME_MZ: f64 = 1e-6;

/// [`crate::RuleSet::candidates`] for some of the rules.
pub(crate) fn candidates_of<'a>(
    rules: impl IntoIterator<Item = &'a LoadedRule>,
    precursor: &Precursor,
    observed: Option<&Observed<'_>>,
) -> Result<Vec<CandidateSet>, TooManyCandidates> {
    let mut alternatives = Vec::new();
    let mut common = Vec::new();
    for rule in rules {
        match rule.role {
            Role::Alternative => alternatives.append(&mut rule.sets(precursor, observed)?),
            Role::Common => common.append(&mut rule.sets(precursor, observed)?),
            Role::Part => {}
        }
    }
    if common.is_empty() {
        alternatives.iter_mut().for_each(|set| sort_and_merge(&mut set.fragments));
    } else {
        let common = join(common);
        if alternatives.is_empty() {
            return Ok(vec![common]);
        }
        for set in &mut alternatives {
            set.fragments.extend_from_slice(&common.fragments);
            sort_and_merge(&mut set.fragments);
            set.open_up_to = wider(set.open_up_to, common.open_up_to);
        }
    }
    make_names_unique(&mut alternatives);
    Ok(alternatives)
}

/// All common sets as one.
fn join(sets: Vec<CandidateSet>) -> CandidateSet {
    let rule_ids: BTreeSet<&str> = sets.iter().map(|set| set.rule_id.as_str()).collect();
    let rule_id = Vec::from_iter(rule_ids).join("+");
    let name = if let [only] = sets.as_slice() { only.name.clone() } else { "common".into() };
    let mut joined =
        CandidateSet { name, rule_id, compound: None, fragments: Vec::new(), open_up_to: None };
    for set in sets {
        joined.fragments.extend(set.fragments);
        joined.open_up_to = wider(joined.open_up_to, set.open_up_to);
    }
    sort_and_merge(&mut joined.fragments);
    joined
}

pub(crate) fn wider(first: Option<f64>, second: Option<f64>) -> Option<f64> {
    match (first, second) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => first.or(second),
    }
}

/// Sorts by m/z. Of fragments with the same m/z and charge one is kept: the likeliest, and among
/// equals the one that came first (an alternative's own before a common one).
pub(crate) fn sort_and_merge(fragments: &mut Vec<Fragment>) {
    fragments.sort_by(|a, b| {
        a.mz.total_cmp(&b.mz)
            .then_with(|| a.charge.cmp(&b.charge))
            .then_with(|| b.presence.cmp(&a.presence))
    });
    let mut kept: Vec<Fragment> = Vec::with_capacity(fragments.len());
    for fragment in fragments.drain(..) {
        let known = kept
            .iter_mut()
            .rev()
            .take_while(|earlier| fragment.mz - earlier.mz <= SAME_MZ)
            .find(|earlier| earlier.charge == fragment.charge);
        match known {
            Some(earlier) if fragment.presence > earlier.presence => *earlier = fragment,
            Some(_) => {}
            None => kept.push(fragment),
        }
    }
    kept.sort_by(|a, b| a.mz.total_cmp(&b.mz));
    *fragments = kept;
}

/// A name that occurs twice is followed by its rule, and if that is not enough by a number.
fn make_names_unique(sets: &mut [CandidateSet]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for set in sets.iter() {
        *seen.entry(set.name.clone()).or_default() += 1;
    }
    for set in sets.iter_mut().filter(|set| seen[&set.name] > 1) {
        set.name = format!("{} ({})", set.name, set.rule_id);
    }
    let mut taken = BTreeSet::new();
    for set in sets {
        let base = set.name.clone();
        let mut number = 1;
        while !taken.insert(set.name.clone()) {
            number += 1;
            set.name = format!("{base} #{number}");
        }
    }
}
