//! How far apart two m/z may lie and still be called the same.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An m/z tolerance: a relative part (ppm) and an absolute part (Da); the wider of the two counts.
///
/// Written as `"10 ppm"`, `"0.02 Da"` or `"10 ppm, 0.002 Da"`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tolerance {
    ppm: f64,
    da: f64,
}

impl Tolerance {
    /// A relative tolerance in parts per million.
    pub const fn ppm(ppm: f64) -> Self {
        Self { ppm, da: 0.0 }
    }

    /// An absolute tolerance in Da.
    pub const fn da(da: f64) -> Self {
        Self { ppm: 0.0, da }
    }

    /// The same with another relative part.
    pub const fn with_ppm(self, ppm: f64) -> Self {
        Self { ppm, da: self.da }
    }

    /// Half width of the tolerance interval around `mz`, in Th.
    pub fn half_width(self, mz: f64) -> f64 {
        (mz * self.ppm * 1e-6).max(self.da)
    }

    /// The closed m/z interval that counts as equal to `mz`.
    pub fn bounds(self, mz: f64) -> (f64, f64) {
        let half = self.half_width(mz);
        (mz - half, mz + half)
    }

    /// Whether `observed` lies within the tolerance of `expected`.
    pub fn matches(self, expected: f64, observed: f64) -> bool {
        (observed - expected).abs() <= self.half_width(expected)
    }

    /// The index range of the entries of ascending `mzs` that match `expected`.
    pub fn range_in(self, mzs: &[f64], expected: f64) -> std::ops::Range<usize> {
        let (low, high) = self.bounds(expected);
        let start = mzs.partition_point(|&mz| mz < low);
        let end = start + mzs[start..].partition_point(|&mz| mz <= high);
        start..end
    }
}

/// A tolerance text that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseToleranceError(String);

impl fmt::Display for ParseToleranceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no m/z tolerance: write a positive number and a unit, as in \"10 ppm\", \
             \"0.02 Da\" or \"10 ppm, 0.002 Da\" (the wider counts)",
            self.0
        )
    }
}

impl std::error::Error for ParseToleranceError {}

impl FromStr for Tolerance {
    type Err = ParseToleranceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseToleranceError(text.to_owned());
        let mut tolerance = Self { ppm: 0.0, da: 0.0 };
        for part in text.split(',') {
            let part = part.trim();
            let unit_at = part
                .find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E')
                .ok_or_else(error)?;
            let value: f64 = part[..unit_at].trim().parse().map_err(|_| error())?;
            if !(value.is_finite() && value > 0.0) {
                return Err(error());
            }
            match part[unit_at..].to_ascii_lowercase().as_str() {
                "ppm" if tolerance.ppm == 0.0 => tolerance.ppm = value,
                "da" | "th" if tolerance.da == 0.0 => tolerance.da = value,
                _ => return Err(error()),
            }
        }
        Ok(tolerance)
    }
}

impl TryFrom<String> for Tolerance {
    type Error = ParseToleranceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Tolerance> for String {
    fn from(tolerance: Tolerance) -> Self {
        tolerance.to_string()
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ppm > 0.0, self.da > 0.0) {
            (true, true) => write!(f, "{} ppm, {} Da", self.ppm, self.da),
            (false, true) => write!(f, "{} Da", self.da),
            _ => write!(f, "{} ppm", self.ppm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in ["10 ppm", "0.02 Da", "10 ppm, 0.002 Da", "5.5 ppm"] {
            assert_eq!(text.parse::<Tolerance>().unwrap().to_string(), text);
        }
        assert_eq!("1e1ppm".parse(), Ok(Tolerance::ppm(10.0)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "10", "ppm", "-3 ppm", "0 Da", "nan ppm", "10 ppm, 5 ppm", "10 furlongs"] {
            assert!(text.parse::<Tolerance>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_wider_part_counts() {
        let tolerance: Tolerance = "10 ppm, 0.002 Da".parse().unwrap();
        assert_eq!(tolerance.half_width(100.0), 0.002);
        assert!((tolerance.half_width(1000.0) - 0.01).abs() < 1e-12);
    }

    #[test]
    fn range_is_inclusive() {
        let mzs = [99.0, 100.0, 100.5, 101.0];
        assert_eq!(Tolerance::da(0.5).range_in(&mzs, 100.5), 1..4);
        assert_eq!(Tolerance::da(0.1).range_in(&mzs, 98.0), 0..0);
        assert_eq!(Tolerance::da(0.1).range_in(&mzs, 200.0), 4..4);
    }
}
