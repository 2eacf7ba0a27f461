//! How much of a file may be in memory at once. What a file announces is never believed: it may say
//! anything, and a few kilobytes may unpack to gigabytes.

/// Share of the memory of a run that any one of the limits takes.
const SHARE: u64 = 8;
/// Limits of a run whose memory is not limited, bytes: more than any real spectrum holds.
const MOST: u64 = 512 << 20;
/// An array may unpack to this many bytes whatever it announces.
const SLACK: u64 = 4 << 20;
/// … and to this many where nothing is announced.
const UNANNOUNCED: u64 = 64 << 20;
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
    pub(crate) fn of(memory: Option<u64>) -> Self {
        let share = memory.map_or(MOST, |memory| (memory / SHARE).min(MOST));
        Self { spectrum: share, batch: share, array: share }
    }

    /// What an array of a spectrum that announces so many points may unpack to.
    pub(crate) fn array(self, announced: Option<u64>) -> u64 {
        announced
            .map_or(UNANNOUNCED, |points| points.saturating_mul(VALUE).max(SLACK))
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
        let limits = Limits::of(Some(80 << 20));
        assert_eq!(limits.spectrum, 10 << 20);
        assert_eq!(limits.array(Some(1_000_000_000_000_000)), 10 << 20);
        assert_eq!(limits.array(Some(u64::MAX)), 10 << 20);
        assert_eq!(limits.array(Some(20)), SLACK);
        assert_eq!(limits.array(Some(1 << 20)), 8 << 20);
        assert_eq!(Limits::of(None).array(None), UNANNOUNCED);
        assert_eq!(limits.weight(100, Some(10)), 260);
    }
}
