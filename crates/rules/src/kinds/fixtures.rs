//! What the tests of several kinds share.

use cofactor_core::{CandidateSet, Polarity, Precursor};

use crate::{Registry, RuleSet, RuleSource};

/// The rule set of one rule, whose keys besides `id` are given.
pub(crate) fn load(rule: &str) -> RuleSet {
    let text = format!("schema = 1\nname = 'p'\n[[rule]]\nid = 'r'\n{rule}\n");
    Registry::builtin()
        .load(&[RuleSource::new("p.toml", text)])
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// A precursor; a negative charge is an anion's.
pub(crate) fn precursor(mz: f64, charge: i8) -> Precursor {
    let polarity = if charge < 0 { Polarity::Negative } else { Polarity::Positive };
    Precursor { mz, charge: charge.unsigned_abs(), polarity, adduct: None, rt_seconds: None }
}

/// What one rule gives.
pub(crate) fn given(rule: &str, mz: f64, charge: i8) -> Vec<CandidateSet> {
    load(rule).candidates(&precursor(mz, charge)).unwrap_or_else(|error| panic!("{error}"))
}

/// m/z of the fragments, to four decimals.
pub(crate) fn mzs(candidate: &CandidateSet) -> Vec<f64> {
    candidate.fragments.iter().map(|fragment| (fragment.mz * 1e4).round() / 1e4).collect()
}

/// Labels of the fragments.
pub(crate) fn labels(candidate: &CandidateSet) -> Vec<&str> {
    candidate.fragments.iter().map(|fragment| fragment.label.as_str()).collect()
}

/// The first mistake of one rule.
pub(crate) fn mistake(rule: &str) -> String {
    let text = format!("schema = 1\nname = 'p'\n[[rule]]\nid = 'r'\n{rule}\n");
    Registry::builtin()
        .load(&[RuleSource::new("p.toml", text)])
        .expect_err("the rule has a mistake")
        .to_string()
}

/// Two rules to build from, `r` with the sets `a` and `b` and `b` with two ions, and a third, `c`,
/// of the given keys.
pub(crate) fn parts(rule: &str) -> String {
    format!(
        "kind = 'fragment-set'\nrole = 'part'\nsets = [{{ name = 'a', mz = [50.0, 60.0] }}, {{ \
         name = 'b', mz = [70.0] }}]\n\
         [[rule]]\nid = 'b'\nkind = 'product-ion'\nrole = 'part'\nions = [60.0004, \
         80.0]\n[[rule]]\nid = 'c'\n{rule}"
    )
}

/// Name and m/z of the sets that a rule built from [`parts`] gives.
pub(crate) fn shape(rule: &str) -> Vec<(String, Vec<f64>)> {
    given(&parts(rule), 200.0, 1).iter().map(|set| (set.name.clone(), mzs(set))).collect()
}
