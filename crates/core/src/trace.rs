//! A mass trace: one m/z followed through consecutive scans of one channel.

use std::ops::Range;

use crate::ChannelIx;

/// The signal of one m/z through the scans of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Position of its channel in [`crate::Run::channels`].
    pub channel: ChannelIx,
    /// Intensity-weighted mean m/z.
    pub mz: f64,
    /// Scan positions within the channel, strictly ascending; scans in between showed no peak.
    pub scans: Vec<u32>,
    /// Intensity in each of `scans`.
    pub intensity: Vec<f32>,
    /// How far above `mz` each point is, ppm; empty where that was not kept.
    pub shift: Vec<f32>,
}

impl Trace {
    /// First and last scan position.
    ///
    /// # Panics
    /// Never for a trace made by this workspace: a trace has at least one point.
    pub fn scan_span(&self) -> (u32, u32) {
        (self.scans[0], self.scans[self.scans.len() - 1])
    }

    /// The points at these positions of `scans`.
    pub fn piece(&self, points: Range<usize>) -> Self {
        Self {
            scans: self.scans[points.clone()].to_vec(),
            intensity: self.intensity[points.clone()].to_vec(),
            shift: self.shift.get(points).map_or_else(Vec::new, <[f32]>::to_vec),
            ..*self
        }
    }

    /// Intensity at a scan position, `None` where the scan showed no peak.
    pub fn at(&self, scan: u32) -> Option<f32> {
        self.scans.binary_search(&scan).ok().map(|i| self.intensity[i])
    }
}
