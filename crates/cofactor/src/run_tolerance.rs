//! The m/z tolerance of a run: given, or as wide as the scatter of its scans asks.

use std::fmt;
use std::str::FromStr;

use cofactor_core::Tolerance;
use cofactor_traces::TraceParams;
use serde::{Deserialize, Serialize};

/// Standard deviation of the m/z of traces, over the tolerance, from which some are cut.
const MOST_SCATTER: f64 = 0.3;
/// A tolerance that cuts next to none, in standard deviations.
const WIDE_ENOUGH: f64 = 5.0;
/// m/z at which scatter is told in ppm.
const TYPICAL_MZ: f64 = 400.0;

/// How far apart peaks of one m/z may lie in a run. Written as a [`Tolerance`], or as `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RunTolerance {
    /// That of [`TraceParams::default`], wider where the m/z of the run scatter too much for it.
    #[default]
    Auto,
    /// This.
    Given(Tolerance),
}

impl RunTolerance {
    /// The tolerance with which a run is read first.
    pub fn first(self) -> Tolerance {
        match self {
            Self::Auto => TraceParams::default().tolerance,
            Self::Given(tolerance) => tolerance,
        }
    }
}

impl FromStr for RunTolerance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Self::Auto),
            (_, Ok(tolerance)) => Ok(Self::Given(tolerance)),
            (_, Err(error)) => Err(format!("{error}, or \"auto\"")),
        }
    }
}

impl TryFrom<String> for RunTolerance {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RunTolerance> for String {
    fn from(tolerance: RunTolerance) -> Self {
        tolerance.to_string()
    }
}

impl fmt::Display for RunTolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Given(tolerance) => tolerance.fmt(f),
        }
    }
}

/// m/z that scatter so much from scan to scan that traces are cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scatter {
    /// Standard deviation, ppm.
    pub(crate) ppm: f64,
    /// A tolerance that cuts next to none.
    pub(crate) enough: Tolerance,
}

impl Scatter {
    /// Of a standard deviation over the tolerance; `None` where that is wide enough.
    pub(crate) fn new(scatter: f64, tolerance: Tolerance) -> Option<Self> {
        let ppm = scatter * tolerance.half_width(TYPICAL_MZ) / TYPICAL_MZ * 1e6;
        let enough = tolerance.with_ppm((WIDE_ENOUGH * ppm).ceil());
        (scatter > MOST_SCATTER).then_some(Self { ppm, enough })
    }

    /// What is said where it was made up for.
    pub(crate) fn applied(self) -> String {
        let Self { ppm, enough } = self;
        format!(
            "the m/z of traces scatter by {ppm:.1} ppm from scan to scan: the tolerance is \
             {enough} in this run, as with `tolerance = \"{enough}\"`"
        )
    }

    /// What is said where the tolerance stays as it is.
    pub(crate) fn cut_by(self, tolerance: Tolerance) -> String {
        let Self { ppm, enough } = self;
        format!(
            "the m/z of traces scatter by {ppm:.1} ppm from scan to scan, which cuts some at \
             `tolerance = \"{tolerance}\"`; leave it at \"auto\", or set it to \"{enough}\" or so"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read_and_written() {
        for text in ["auto", "10 ppm", "10 ppm, 0.002 Da"] {
            assert_eq!(text.parse::<RunTolerance>().unwrap().to_string(), text);
        }
        assert!("wide".parse::<RunTolerance>().unwrap_err().ends_with("or \"auto\""));
    }

    #[test]
    fn only_what_scatters_too_much_asks_for_more() {
        let narrow: Tolerance = "10 ppm, 0.0015 Da".parse().unwrap();
        let found = Scatter::new(0.32, narrow).unwrap();
        assert_eq!((found.ppm, found.enough.to_string().as_str()), (3.2, "16 ppm, 0.0015 Da"));
        assert_eq!(Scatter::new(0.3, narrow), None);
    }
}
