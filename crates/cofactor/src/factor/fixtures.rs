//! What tests of `factor` share.

use cofactor_core::{CandidateSet, Fragment, Presence};
use cofactor_rules::FragmentMatch;

use super::setup::Candidate;

/// A set of the rows `listed`, and of as many fragments without one as `lost` says.
pub(super) fn candidate(name: &str, listed: &[usize], lost: usize, rows: usize) -> Candidate {
    let fragment = |mz: f64| Fragment {
        mz,
        charge: 1,
        label: String::new(),
        formula: None,
        presence: Presence::Expected,
        relative_intensity: None,
        rule_id: String::new(),
    };
    let with_row = listed.iter().map(|m| fragment(100.0 + *m as f64));
    let set = CandidateSet {
        name: name.to_owned(),
        rule_id: String::new(),
        fragments: with_row.chain((0..lost).map(|f| fragment(900.0 + f as f64))).collect(),
        compound: None,
        open_up_to: None,
    };
    let allowed: Vec<bool> = (0..rows).map(|m| listed.contains(&m)).collect();
    let found = FragmentMatch {
        allowed: allowed.clone(),
        matched: listed.iter().copied().enumerate().collect(),
        missing: Vec::new(),
        reasons: Vec::new(),
        ambiguous: Vec::new(),
    };
    Candidate { set, found, mask: allowed }
}
