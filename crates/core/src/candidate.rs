//! What a precursor may give: fragments, and sets of them that compete.

use serde::{Deserialize, Serialize};

/// How surely a fragment is expected. A weight, never a veto: some fragments will not be detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// May appear.
    Optional,
    /// Usually appears.
    Expected,
    /// Practically always appears.
    Required,
}

impl Presence {
    /// The word used in rules and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Expected => "expected",
            Self::Required => "required",
        }
    }
}

/// A fragment that a rule allows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fragment {
    /// Expected m/z.
    pub mz: f64,
    /// Number of elementary charges, at least 1; the sign is the precursor's.
    pub charge: u8,
    /// Short name for people, such as `-H2O`.
    pub label: String,
    /// Elemental formula, where the rule knows it.
    pub formula: Option<String>,
    /// How surely it is expected.
    pub presence: Presence,
    /// Expected intensity relative to the strongest fragment of its set, where the rule knows it.
    pub relative_intensity: Option<f64>,
    /// The rule that gave it, `pack/rule`.
    pub rule_id: String,
}

/// One way in which a precursor may fragment. At most one of its candidate sets is true.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateSet {
    /// Name for people; unique among the candidates of a precursor.
    pub name: String,
    /// The rule that gave it, `pack/rule`.
    pub rule_id: String,
    /// The fragments, ascending in m/z.
    pub fragments: Vec<Fragment>,
    /// What the precursor is if this set is right, where several sets may say the same: library
    /// spectra of one compound. A set without it says something of its own.
    pub compound: Option<String>,
    /// Where set, any observed fragment up to this m/z is allowed besides `fragments`.
    pub open_up_to: Option<f64>,
}
