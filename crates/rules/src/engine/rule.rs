//! What a compiled rule is: which fragments a precursor may give.

use std::fmt;

use cofactor_chem::Adduct;
use cofactor_core::{Fragment, Precursor};
use schemars::JsonSchema;
use serde::Deserialize;

use super::decoy::{Decoy, moved};
use super::sink::Sink;

/// How the sets of a rule combine with those of other rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Each set is complete; sets compete, at most one explains the precursor.
    Alternative,
    /// The fragments may appear beside those of any alternative.
    Common,
    /// Gives nothing by itself: it is there for other rules to be built from.
    Part,
}

impl Role {
    /// The word used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alternative => "alternative",
            Self::Common => "common",
            Self::Part => "part",
        }
    }
}

/// An ion of a spectrum, singly charged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectrumIon {
    /// m/z.
    pub mz: f64,
    /// Probability that it is one of the spectrum.
    pub weight: f64,
}

/// A compiled rule: which fragments a precursor may give.
pub trait Rule: fmt::Debug + Send + Sync {
    /// Puts the fragment sets of `precursor` into `sink`; none if the rule is not about it.
    ///
    /// The same precursor must always give the same sets in the same order.
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>);

    /// Whether it is about which fragments there are, rather than how probable they are.
    fn gives_fragments(&self) -> bool {
        true
    }

    /// How far the m/z of the precursor is from the nearest that the rule has sets for, m/z; `None`
    /// where it has sets for any, or does not tell.
    fn distance(&self, precursor: &Precursor) -> Option<f64> {
        let _ = precursor;
        None
    }

    /// The ion species that the rule is about, where it is about one.
    fn adduct(&self) -> Option<&Adduct> {
        None
    }

    /// How much likelier a fragment of the precursor is at `mz` than one of anything else, by what
    /// is known of its spectrum; `None` where the rule says nothing of that.
    fn odds(&self, ions: &[SpectrumIon], mz: f64) -> Option<f64> {
        let _ = (ions, mz);
        None
    }

    /// Whether precursors are known not to lose what `precursor` would to be a fragment at `mz`.
    fn is_impossible(&self, precursor: &Precursor, mz: f64) -> bool {
        let _ = (precursor, mz);
        false
    }

    /// Where the fragments of a decoy lie: `target` are fragments that this rule gave for
    /// `precursor` in the candidate `name`, and as many are wanted, that look like its fragments
    /// and are wrong. What lies on a target or out of range is moved afterwards.
    ///
    /// Unless a kind knows better, each fragment is moved by a random number of nominal masses,
    /// which keeps mass defects plausible.
    fn decoy(
        &self,
        name: &str,
        target: &[Fragment],
        precursor: &Precursor,
        decoy: &mut Decoy,
    ) -> Vec<Fragment> {
        let _ = (name, precursor);
        moved(target, decoy)
    }
}
