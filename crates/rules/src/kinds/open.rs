//! `open`: every observed fragment up to the precursor, which is deconvolution without chemistry.

use std::sync::Arc;

use cofactor_chem::{C13_SPACING, PROTON_MASS};
use cofactor_core::{Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{
    Context, DEFAULT_MAX_CANDIDATES, DEFAULT_TOLERANCE, LoadedRule, Pack, Role, Rule, RuleKind,
    RuleSet, Sink, When,
};
use crate::lang::Mistake;

/// Isotopologues above the monoisotopic peak that are allowed where the file does not say.
const DEFAULT_ISOTOPES: u8 = 2;

/// A compiled `open` rule.
#[derive(Debug, Clone)]
pub struct Open {
    isotopes: u8,
    tolerance: Tolerance,
}

/// Keys of an `open` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenParams {
    /// How many isotopologues above the monoisotopic peak of the intact precursor are allowed too;
    /// 2 where not given.
    isotopes: Option<u8>,
}

impl Default for Open {
    fn default() -> Self {
        Self { isotopes: DEFAULT_ISOTOPES, tolerance: DEFAULT_TOLERANCE }
    }
}

impl RuleSet {
    /// The default without any rule file: every observed fragment up to the precursor is allowed.
    pub fn open() -> Self {
        let rule = LoadedRule {
            id: "builtin/open".into(),
            kind: Open::KIND,
            description: None,
            role: Open::ROLE,
            tolerance: DEFAULT_TOLERANCE,
            polarity: None,
            charge: None,
            when: When::default(),
            max_candidates: DEFAULT_MAX_CANDIDATES,
            rule: Arc::new(Open::default()),
        };
        let pack = Pack {
            file: "builtin".into(),
            name: "builtin".into(),
            description: None,
            tolerance: DEFAULT_TOLERANCE,
            rules: vec![Arc::new(rule)],
            tests: Vec::new(),
        };
        Self::new(vec![pack], Vec::new())
    }
}

impl RuleSet {
    /// With every observed fragment up to the precursor allowed besides.
    pub fn and_open(self) -> Self {
        self.joined_with(Self::open())
    }
}

impl RuleKind for Open {
    const KIND: &'static str = "open";
    const DOC: &'static str = "\
Allows every observed fragment up to the precursor and its isotopes.

This is the default where no rules are given: fragments are assigned by their elution alone.
No fragment of a singly charged precursor weighs more than the precursor. A precursor of charge z \
may
give singly charged fragments above its own m/z, so the limit is the m/z of the whole precursor with
one charge, `z·m/z − (z − 1)·proton` (`+` for anions).

As a `common` rule (the default) it opens every candidate: named fragments still count as found or
missing, but any other observed fragment is allowed besides. With `role = \"alternative\"` it is a
candidate of its own, `open`, that competes with the others.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"open-example\"

[[rule]]
id = \"anything\"
kind = \"open\"
isotopes = 1

[[test]]
precursor = { mz = 300.1 }
observed = [50.0, 184.07, 300.1, 301.1034, 302.1, 451.0]
expect = { best = \"open\", matched = [50.0, 184.07, 300.1, 301.1034] }
";
    const ROLE: Role = Role::Common;
    type Params = OpenParams;

    fn compile(params: OpenParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        Ok(Self {
            isotopes: params.isotopes.unwrap_or(DEFAULT_ISOTOPES),
            tolerance: context.tolerance(),
        })
    }
}

impl Rule for Open {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let charge = f64::from(precursor.charge.max(1));
        let sign = f64::from(precursor.polarity.sign());
        let singly_charged = precursor.mz * charge - sign * (charge - 1.0) * PROTON_MASS;
        let top = singly_charged + f64::from(self.isotopes) * C13_SPACING;
        sink.open("open", self.tolerance.bounds(top).1);
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::Polarity;

    use super::*;

    fn limit(mz: f64, charge: u8, polarity: Polarity) -> f64 {
        let precursor = Precursor { mz, charge, polarity, adduct: None, rt_seconds: None };
        let candidates = RuleSet::open().candidates(&precursor).unwrap();
        assert_eq!(candidates.len(), 1);
        candidates[0].open_up_to.unwrap()
    }

    #[test]
    fn the_limit_is_the_precursor_with_one_charge_and_its_isotopes() {
        let above = 2.0 * C13_SPACING + 0.01;
        for (mz, charge, polarity, whole) in [
            (300.0, 1, Polarity::Positive, 300.0),
            (300.0, 1, Polarity::Negative, 300.0),
            (501.0, 2, Polarity::Positive, 1002.0 - PROTON_MASS),
            (499.0, 2, Polarity::Negative, 998.0 + PROTON_MASS),
        ] {
            let limit = limit(mz, charge, polarity);
            assert!(
                limit > whole + 2.0 * C13_SPACING && limit < whole + above + 0.02,
                "{mz} {charge}: {limit}"
            );
        }
    }
}
