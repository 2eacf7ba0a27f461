//! One scan: where and when it was taken, and its centroided peaks.

use serde::{Deserialize, Serialize};

use crate::Polarity;

/// The m/z range of precursors that were fragmented together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IsolationWindow {
    /// Lower edge, m/z.
    pub lower: f64,
    /// Upper edge, m/z.
    pub upper: f64,
}

impl IsolationWindow {
    /// Everything: all-ion fragmentation without an isolation step.
    pub const ALL: Self = Self { lower: 0.0, upper: f64::INFINITY };

    /// Whether a precursor of this m/z passes the window.
    pub fn contains(&self, mz: f64) -> bool {
        (self.lower..=self.upper).contains(&mz)
    }

    /// Distance of `mz` to the nearer edge, negative outside.
    pub fn margin(&self, mz: f64) -> f64 {
        (mz - self.lower).min(self.upper - mz)
    }

    /// Whether the window isolates nothing (all-ion fragmentation).
    pub fn is_all(&self) -> bool {
        *self == Self::ALL
    }
}

impl std::fmt::Display for IsolationWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_all() {
            write!(f, "all")
        } else {
            write!(f, "{:.4}-{:.4}", self.lower, self.upper)
        }
    }
}

/// What is known of a scan besides its peaks.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanHeader {
    /// Identifier in the file (`nativeID`), for messages.
    pub id: String,
    /// Position in the file, from 0.
    pub index: usize,
    /// 1 for intact ions, 2 for fragments, higher for MSⁿ.
    pub ms_level: u8,
    /// Time at which the scan started, seconds.
    pub rt_seconds: f64,
    /// Sign of the ions; `None` where the file does not say.
    pub polarity: Option<Polarity>,
    /// Isolated m/z range; `None` where the file does not say or the scan is MS1.
    pub window: Option<IsolationWindow>,
    /// Collision energy as the file gives it (eV or normalised), where it does.
    pub collision_energy: Option<f64>,
    /// Scanned m/z range, where the file gives it.
    pub scan_range: Option<(f64, f64)>,
}

/// A centroided scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Where and when.
    pub header: ScanHeader,
    /// Peak m/z, strictly ascending, finite and positive.
    pub mz: Vec<f64>,
    /// Peak intensities, one per `mz`, finite and positive.
    pub intensity: Vec<f32>,
}
