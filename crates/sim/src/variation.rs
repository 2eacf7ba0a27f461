//! What a compound differs by between the runs of a study.

/// How a compound is in a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Variation {
    /// Height relative to that of the scenario.
    pub(crate) factor: f64,
    /// Apex, s.
    pub(crate) apex: f64,
    /// Width of its elution relative to that of the scenario.
    pub(crate) width: f64,
}
