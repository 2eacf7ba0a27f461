//! Ions as chemistry sees them: polarity, charge, adduct.

use serde::{Deserialize, Serialize};

/// Sign of the ions of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// Cations.
    Positive,
    /// Anions.
    Negative,
}

impl Polarity {
    /// `+1` or `-1`.
    pub fn sign(self) -> i32 {
        match self {
            Self::Positive => 1,
            Self::Negative => -1,
        }
    }

    /// `"Positive"` or `"Negative"`, as spectrum formats write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Positive => "Positive",
            Self::Negative => "Negative",
        }
    }

    /// `'+'` or `'-'`.
    pub fn symbol(self) -> char {
        match self {
            Self::Positive => '+',
            Self::Negative => '-',
        }
    }
}

/// An intact ion, as a fragmentation rule sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Precursor {
    /// m/z of the monoisotopic peak.
    pub mz: f64,
    /// Number of elementary charges, at least 1; the sign is the polarity's.
    pub charge: u8,
    /// Sign of the charge.
    pub polarity: Polarity,
    /// Ion species such as `[M+H]+`, where it is known.
    pub adduct: Option<String>,
    /// Apex of its elution in seconds, where it is known.
    pub rt_seconds: Option<f64>,
}
