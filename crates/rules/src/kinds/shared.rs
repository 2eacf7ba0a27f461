//! What several kinds check and build alike.

use std::ops::Range;
use std::sync::Arc;

use cofactor_core::{Fragment, Presence};

use crate::engine::{Context, LoadedRule};
use crate::lang::{Mistake, Short, Shorthand, Spanned};

/// Most fragments of one set, and most values of a range in a rule.
pub(super) const MAX_FRAGMENTS: usize = 10_000;

/// Reports an m/z that is none.
pub(super) fn check_mz(mz: f64, span: Range<usize>, mistakes: &mut Vec<Mistake>) {
    if !(mz.is_finite() && mz > 0.0) {
        mistakes.push(Mistake::new(span, format!("an m/z is a number above 0, and this is {mz}")));
    }
}

/// Reports a relative intensity that is none.
pub(super) fn check_intensity(
    intensity: Option<f64>,
    span: Range<usize>,
    mistakes: &mut Vec<Mistake>,
) {
    if let Some(intensity) = intensity
        && !(intensity.is_finite() && intensity > 0.0)
    {
        mistakes.push(Mistake::new(
            span,
            format!("a relative intensity is above 0, and this is {intensity}"),
        ));
    }
}

/// The fragment that rules start from: a charge of 1, nothing known but its m/z.
pub(super) fn fragment(rule_id: &str, mz: f64, label: String, presence: Presence) -> Fragment {
    Fragment {
        mz,
        charge: 1,
        label,
        formula: None,
        presence,
        relative_intensity: None,
        rule_id: rule_id.to_owned(),
    }
}

/// The value of each, or everything that is wrong with them.
pub(super) fn read_all<T: Shorthand, U>(
    given: &[Short<T>],
    mistakes: &mut Vec<Mistake>,
    read: impl Fn(&T) -> Result<U, String>,
) -> Vec<U> {
    let mut values = Vec::with_capacity(given.len());
    for text in given {
        match read(text) {
            Ok(value) => values.push(value),
            Err(message) => mistakes.push(Mistake::new(text.span(), message)),
        }
    }
    values
}

/// The rules of a list, each once.
pub(super) fn parts_of(
    ids: &Spanned<Vec<Spanned<String>>>,
    context: &Context,
) -> Result<Vec<Arc<LoadedRule>>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    if ids.is_empty() {
        mistakes
            .push(Mistake::new(ids.span(), "no rule is named").help("list the ids of other rules"));
    }
    let mut parts: Vec<Arc<LoadedRule>> = Vec::new();
    for id in ids.iter() {
        let Some(part) = context.part(id) else { continue };
        if parts.iter().any(|known| known.id == part.id) {
            mistakes.push(Mistake::new(
                id.span(),
                format!("the rule `{}` is named twice", id.as_str()),
            ));
        }
        parts.push(part);
    }
    if mistakes.is_empty() { Ok(parts) } else { Err(mistakes) }
}
