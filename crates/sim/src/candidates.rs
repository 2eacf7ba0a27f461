//! What the scenarios with candidates ask for besides.

use serde::{Deserialize, Serialize};

/// How many sums of chains a mixture has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lipids {
    /// With two isomers that elute exactly together.
    pub together: usize,
    /// With two isomers whose apexes can be told apart.
    pub apart: usize,
    /// With one isomer.
    pub alone: usize,
}

impl Default for Lipids {
    /// Those of the preset `lipids`.
    fn default() -> Self {
        Self { together: 10, apart: 10, alone: 20 }
    }
}

/// What rules list for the precursors. Ranges are `[low, high]`; their ends are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSets {
    /// Sets listed for each precursor.
    pub sets: usize,
    /// Share of the precursors whose true set is not among them.
    pub unlisted: f64,
    /// Share of the true fragments that a wrong set has too.
    pub shared: [f64; 2],
    /// Share of the true fragments that are not detected.
    pub undetected: [f64; 2],
    /// Share of these that are there below the detection limit; the others are not there at all.
    pub faint: f64,
    /// Least difference of a wrong fragment from the true ones, m/z.
    pub distance: f64,
}

impl Default for RuleSets {
    /// Those of the preset `rule-sets`.
    fn default() -> Self {
        Self {
            sets: 8,
            unlisted: 0.25,
            shared: [0.3, 0.6],
            undetected: [0.2, 0.5],
            faint: 0.25,
            distance: 0.02,
        }
    }
}
