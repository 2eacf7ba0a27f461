//! How much of a file may be in memory at once. What a file announces is never believed: it may say
//! anything, and a few kilobytes may unpack to gigabytes.

use crate::tuning::{LEAST_ARRAY_BYTES, MEMORY_SHARE, MOST_BYTES, UNANNOUNCED_ARRAY_BYTES};
/// Bytes of a value at most.
const VALUE: u64 = 8;

/// Limits, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The text of a spectrum, or what stands before the first.
    pub(crate) spectrum: u64,
    /// The spectra that are decoded together.
    pub(crate) batch: u64,
    /// An unpacked array.
    array: u64,
}

impl Limits {
    /// Those of a run that may hold `memory` bytes.
    pub(crate) fn new(memory: Option<u64>) -> Self {
        let share = memory.map_or(MOST_BYTES, |memory| (memory / MEMORY_SHARE).min(MOST_BYTES));
        Self { spectrum: share, batch: share, array: share }
    }

    /// What an array of a spectrum that announces so many points may unpack to.
    pub(crate) fn array(self, announced: Option<u64>) -> u64 {
        announced
            .map_or(UNANNOUNCED_ARRAY_BYTES, |points| {
                points.saturating_mul(VALUE).max(LEAST_ARRAY_BYTES)
            })
            .min(self.array)
    }

    /// What a spectrum counts in its batch: its packed bytes and those of two arrays.
    pub(crate) fn weight(self, packed: usize, announced: Option<u64>) -> u64 {
        packed as u64 + 2 * announced.unwrap_or(0).saturating_mul(VALUE).min(self.array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_lengths_are_capped() {
        let limits = Limits::new(Some(80 << 20));
        assert_eq!(limits.spectrum, 10 << 20);
        assert_eq!(limits.array(Some(1_000_000_000_000_000)), 10 << 20);
        assert_eq!(limits.array(Some(u64::MAX)), 10 << 20);
        assert_eq!(limits.array(Some(20)), LEAST_ARRAY_BYTES);
        assert_eq!(limits.array(Some(1 << 20)), 8 << 20);
        assert_eq!(Limits::new(None).array(None), UNANNOUNCED_ARRAY_BYTES);
        assert_eq!(limits.weight(100, Some(10)), 260);
    }
}
