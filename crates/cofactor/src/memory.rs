//! The memory that a run may use: what it holds is measured as it grows, and what comes next is
//! estimated before it begins.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cofactor_core::{ChannelData, TracedRun};
use cofactor_deconv::blocks::{Block, teaches};

const MEGABYTE: u64 = 1 << 20;
/// Time between two looks at the memory.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// Bytes that the solution of a block takes for each cell of its matrices: data, weights, models of
/// both levels, and what the assignment of its rows needs, as measured.
const BYTES_PER_CELL: u64 = 160;
/// Bytes that it takes for each precursor and row: what of a row is whose, in both levels, with
/// what the solver keeps beside it. Blocks of 790 × 4,000 and 1,549 × 8,000 that elute at once took
/// 36 and 23.
const BYTES_PER_ENTRY: u64 = 44;
/// MS1 rows of a precursor: its isotopologues.
const MS1_ROWS: u64 = 3;
/// Bytes of a cell of a solved block that waits for others: data, weights, and what is censored, of
/// the block and of its rows with those of overlapping windows.
const BYTES_PER_WAITING_CELL: u64 = 34;

/// More memory is needed than may be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{needs}. That is more than the limit of {} MB", mb(*limit))]
pub struct Excess {
    /// What needs how much, in words.
    pub needs: String,
    /// The limit, bytes.
    pub limit: u64,
}

/// The most that a run may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Bytes; `None` without a limit.
    pub limit: Option<u64>,
    /// Bytes that the program held before it read anything.
    pub before: u64,
}

impl Memory {
    /// `megabytes`, else three quarters of what the machine or the container has, where the system
    /// tells that.
    pub fn new(megabytes: Option<u64>) -> Self {
        let limit = megabytes.map(|mb| mb.saturating_mul(MEGABYTE));
        Self {
            limit: limit.or_else(|| machine().map(|bytes| bytes / 4 * 3)),
            before: held().unwrap_or(0),
        }
    }

    /// Whether what the program holds now is within the limit; `done` of `total` scans have been
    /// read.
    ///
    /// # Errors
    /// If it is not; the message says how much the whole run would need.
    pub(crate) fn check_scans(
        self,
        file: &str,
        done: usize,
        total: Option<usize>,
    ) -> Result<(), Excess> {
        let Some((held, limit)) = self.exceeded_by(0) else { return Ok(()) };
        let whole =
            total.filter(|&total| total > done && done > 0).map_or_else(String::new, |total| {
                let grown = held.saturating_sub(self.before) as f64;
                let needed = self.before as f64 + grown * total as f64 / done as f64;
                format!("; all {total} may need {:.0} MB", needed / MEGABYTE as f64)
            });
        let needs = format!("{file}: after {done} scans {} MB are in use{whole}", mb(held));
        Err(Excess { needs, limit })
    }

    /// Whether there is room for the solution of the largest blocks, one a thread.
    ///
    /// # Errors
    /// If there is not; the message says how much it would need.
    pub(crate) fn check_blocks(
        self,
        file: &str,
        blocks: &[Block],
        run: &TracedRun,
    ) -> Result<(), Excess> {
        let sizes: Vec<Size> = blocks.iter().map(|block| Size::new(block, run)).collect();
        let waits = |b: &usize| teaches(*b, blocks.len(), 1);
        let waiting = (0..blocks.len()).filter(waits).map(|b| sizes[b].cells());
        let waiting = waiting.sum::<u64>() * BYTES_PER_WAITING_CELL;
        let mut needs: Vec<u64> = sizes
            .iter()
            .map(|size| size.cells() * BYTES_PER_CELL + size.entries() * BYTES_PER_ENTRY)
            .collect();
        needs.sort_unstable_by(|a, b| b.cmp(a));
        let needed = waiting + needs.iter().take(rayon::current_num_threads()).sum::<u64>();
        let Some((held, limit)) = self.exceeded_by(needed) else { return Ok(()) };
        let largest = needs.first().copied().unwrap_or(0);
        let needs = format!(
            "{file}: traces and features take {} MB, the largest of {} blocks about {} MB, and all \
             that are solved at once about {} MB: {} MB in all",
            mb(held),
            blocks.len(),
            mb(largest),
            mb(needed),
            mb(held + needed)
        );
        Err(Excess { needs, limit })
    }

    /// Whether what the program holds now is within the limit; `when` is told.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn check(self, file: &str, when: &str) -> Result<(), Excess> {
        let Some((held, limit)) = self.exceeded_by(0) else { return Ok(()) };
        Err(Excess { needs: format!("{file}: {when} {} MB are in use", mb(held)), limit })
    }

    /// What is held and the limit, where `more` bytes would exceed it.
    fn exceeded_by(self, more: u64) -> Option<(u64, u64)> {
        let limit = self.limit?;
        let held = held()?;
        (held.saturating_add(more) > limit).then_some((held, limit))
    }
}

/// Looks at the memory while a run is processed, as long as it is there.
#[derive(Debug)]
pub struct Watch(Arc<AtomicBool>);

impl Watch {
    /// Calls `exceeded`, from another thread, as soon as the program holds more than its limit. For
    /// a program that processes this file alone.
    pub fn over(
        memory: Memory,
        file: String,
        exceeded: impl FnOnce(Excess) + Send + 'static,
    ) -> Self {
        let ended = Arc::new(AtomicBool::new(memory.limit.is_none()));
        let watch = Self(Arc::clone(&ended));
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                if let Err(excess) = memory.check(&file, "while it is processed") {
                    return exceeded(excess);
                }
                std::thread::sleep(BETWEEN_LOOKS);
            }
        });
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Bytes that the program holds now, where the system tells.
fn held() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

/// Bytes as megabytes, rounded up.
fn mb(bytes: u64) -> u64 {
    bytes.div_ceil(MEGABYTE)
}

/// How large the matrices of a block are.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Precursors that take part.
    precursors: u64,
    /// Fragment traces.
    rows: u64,
    /// Fragment scans.
    scans: u64,
}

impl Size {
    fn new(block: &Block, run: &TracedRun) -> Self {
        let precursors = (block.owned.len() + block.context.len()) as u64;
        let mut size = Self { precursors, rows: 0, scans: 0 };
        for &channel in &block.channels {
            let ChannelData { channel, traces: traced, .. } = &run[channel];
            let first = channel.scan_seconds.partition_point(|&s| s < block.start_seconds);
            let end = channel.scan_seconds.partition_point(|&s| s <= block.end_seconds);
            let within = |span: (u32, u32)| (span.0 as usize) < end && span.1 as usize >= first;
            let rows = traced.traces.iter().filter(|trace| within(trace.scan_span())).count();
            size.rows += rows as u64;
            size.scans += end.saturating_sub(first) as u64;
        }
        size
    }

    /// Cells of the matrix of fragments.
    fn cells(self) -> u64 {
        self.rows * self.scans
    }

    /// Entries of both dictionaries.
    fn entries(self) -> u64 {
        self.precursors * (self.rows + MS1_ROWS * self.precursors)
    }
}

/// Memory of the machine or of the container that this runs in, bytes.
fn machine() -> Option<u64> {
    let text = |path: &str| fs::read_to_string(path).ok();
    let total = text("/proc/meminfo").and_then(|text| total_of(&text));
    let container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .filter_map(text)
        .filter_map(|text| text.trim().parse().ok());
    total.into_iter().chain(container).min()
}

/// `MemTotal` of `/proc/meminfo`, bytes.
fn total_of(meminfo: &str) -> Option<u64> {
    let kilobytes = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?
        .trim()
        .strip_suffix("kB")?;
    kilobytes.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_exceeded_is_told_with_what_is_needed() {
        let small = Memory { limit: Some(1), before: 0 };
        let message = small.check_scans("a.mzML", 100, Some(1000)).unwrap_err().to_string();
        assert!(
            message.contains("a.mzML: after 100 scans") && message.contains("all 1000 may need"),
            "{message}"
        );
        assert!(message.ends_with("limit of 1 MB"), "{message}");
        assert!(Memory { limit: None, before: 0 }.check("a.mzML", "x").is_ok());
        assert!(Memory { limit: Some(u64::MAX), before: 0 }.check("a.mzML", "x").is_ok());
    }

    #[test]
    fn megabytes_become_bytes() {
        assert_eq!(Memory::new(Some(100)).limit, Some(100 << 20));
        assert_eq!(Memory::new(Some(u64::MAX)).limit, Some(u64::MAX));
        assert_eq!(total_of("MemTotal:       24 kB\nMemFree: 1 kB\n"), Some(24 << 10));
        assert_eq!(total_of("nothing"), None);
    }
}
