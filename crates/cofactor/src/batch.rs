//! Many runs: side by side as far as memory allows, past those that fail, with a table of what
//! became of each.

use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use cofactor_report::{CompoundCounts, Marker, RenderedFile, table};
use serde_json::Value;

use crate::error::{Error, Fault};
use crate::pipeline::Outcome;

/// What became of a run.
#[derive(Debug)]
pub enum Ended {
    /// Its results were written.
    Done(Counts),
    /// They were there already.
    Kept(Counts),
    /// Why there are none.
    Failed(Error),
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct Counts {
    /// Compounds.
    pub compounds: usize,
    /// Features.
    pub features: usize,
    /// Features with a spectrum.
    pub spectra: usize,
    /// Warnings.
    pub warnings: usize,
    /// Wall time of its stages.
    pub seconds: f64,
}

impl Counts {
    /// What a run gave that was processed just now.
    pub fn new(outcome: &Outcome) -> Self {
        let features = &outcome.result.features;
        Self {
            compounds: CompoundCounts::new(&outcome.result).all(),
            features: features.len(),
            spectra: features.iter().filter(|f| f.has_spectrum()).count(),
            warnings: outcome.record.warnings.len(),
            seconds: outcome.record.stages.iter().map(|stage| stage.seconds).sum(),
        }
    }
}

/// A run to be processed.
#[derive(Debug)]
pub struct Job<'a> {
    /// Its file.
    pub run: &'a Path,
    /// Its result folder.
    pub folder: &'a Path,
    /// Memory that it is expected to need, bytes.
    pub memory: u64,
}

impl<'a> Job<'a> {
    /// A run and its result folder. Little memory is expected for a file that cannot be opened, as
    /// it fails at once.
    pub fn new(run: &'a Path, folder: &'a Path) -> Self {
        let size = std::fs::metadata(run).map_or(0, |file| file.len());
        let packed = run.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let memory = size * MEMORY_OF_FILE * if packed { UNPACKED } else { 1 };
        Self { run, folder, memory }
    }
}

/// A run takes less than about so many times the size of its file while it is processed: 3.5 times
/// for 8 MB, 0.8 for 45 MB and 0.2 for 1 GB in docs/performance.md. It only says how many runs
/// begin side by side; what they hold is measured, and a run that would exceed its limit is
/// refused. A compressed file counts as what it unpacks to.
const MEMORY_OF_FILE: u64 = 3;

/// A compressed file unpacks to so many times its size.
const UNPACKED: u64 = 3;

/// The summary.
pub const BATCH_FILE: &str = "batch.tsv";

/// A summary of an earlier batch is known by its header.
pub const BATCH: [Marker; 1] = [Marker {
    name: BATCH_FILE,
    read: |text| text.starts_with(&COLUMNS.join("\t")).then_some(Value::Null),
}];

/// Column names of the summary.
const COLUMNS: [&str; 9] = [
    "run",
    "folder",
    "outcome",
    "compounds",
    "features",
    "spectra",
    "warnings",
    "seconds",
    "message",
];

/// Lets `process` work on the jobs, in their order, `workers` at a time and within `budget` bytes;
/// one is always at work, whatever it needs. What became of each, in the order of the jobs.
pub fn side_by_side(
    jobs: &[Job],
    workers: usize,
    budget: u64,
    process: impl Fn(&Job) -> Ended + Sync,
) -> Vec<Ended> {
    let state = Mutex::new(State {
        next: 0,
        at_work: 0,
        used: 0,
        ended: jobs.iter().map(|_| None).collect(),
    });
    let changed = Condvar::new();
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    let mut now = lock();
                    while now.next < jobs.len()
                        && now.at_work > 0
                        && now.used + jobs[now.next].memory > budget
                    {
                        now = changed.wait(now).unwrap_or_else(PoisonError::into_inner);
                    }
                    let index = now.next;
                    let Some(job) = jobs.get(index) else { return };
                    now.next += 1;
                    now.at_work += 1;
                    now.used += job.memory;
                    drop(now);
                    let ended = process(job);
                    let mut now = lock();
                    now.at_work -= 1;
                    now.used -= job.memory;
                    now.ended[index] = Some(ended);
                    changed.notify_all();
                }
            });
        }
    });
    let ended = state.into_inner().unwrap_or_else(PoisonError::into_inner).ended;
    ended.into_iter().flatten().collect()
}

/// Processes alone, one after the other, what was refused for memory while others were at work:
/// their memory counted too.
pub fn refused_once_more(
    jobs: &[Job],
    ended: Vec<Ended>,
    process: impl Fn(&Job) -> Ended,
) -> Vec<Ended> {
    let again = |(job, ended)| match ended {
        Ended::Failed(error) if error.fault() == Fault::Memory => process(job),
        ended => ended,
    };
    jobs.iter().zip(ended).map(again).collect()
}

struct State {
    next: usize,
    at_work: usize,
    used: u64,
    ended: Vec<Option<Ended>>,
}

/// The summary, `batch.tsv`; `told` says in words why a run failed.
pub fn render(jobs: &[Job], ended: &[Ended], told: impl Fn(&Error) -> String) -> RenderedFile {
    let rows = jobs.iter().zip(ended).map(|(job, ended)| row(job, ended, &told));
    RenderedFile { name: BATCH_FILE.to_owned(), content: table(&COLUMNS, rows).into_bytes() }
}

fn row(job: &Job, ended: &Ended, told: impl Fn(&Error) -> String) -> Vec<String> {
    let (outcome, counts, message) = match ended {
        Ended::Done(c) | Ended::Kept(c) => {
            let counts = [
                c.compounds.to_string(),
                c.features.to_string(),
                c.spectra.to_string(),
                c.warnings.to_string(),
                format!("{:.1}", c.seconds),
            ];
            let outcome = if matches!(ended, Ended::Kept(_)) { "kept" } else { "done" };
            (outcome, counts, String::new())
        }
        Ended::Failed(error) => ("failed", Default::default(), one_line(&told(error))),
    };
    let name = |path: &Path| path.display().to_string();
    [name(job.run), name(job.folder), outcome.to_owned()]
        .into_iter()
        .chain(counts)
        .chain([message])
        .collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::memory::Excess;

    fn jobs(memory: &[u64]) -> Vec<Job<'static>> {
        memory
            .iter()
            .map(|&memory| Job { run: Path::new("a"), folder: Path::new("b"), memory })
            .collect()
    }

    /// The most bytes that were in use at once, and the most jobs.
    fn most(memory: &[u64], workers: usize, budget: u64) -> (usize, usize) {
        let [used, most_used, at_work, most_at_work] = [const { AtomicUsize::new(0) }; 4];
        let ended = side_by_side(&jobs(memory), workers, budget, |job| {
            let bytes = usize::try_from(job.memory).unwrap();
            most_used.fetch_max(used.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
            most_at_work.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(20));
            used.fetch_sub(bytes, Ordering::SeqCst);
            at_work.fetch_sub(1, Ordering::SeqCst);
            Ended::Kept(Counts::default())
        });
        assert_eq!(ended.len(), memory.len());
        (most_used.into_inner(), most_at_work.into_inner())
    }

    #[test]
    fn the_budget_is_kept() {
        let (used, at_work) = most(&[4, 4, 4, 4, 4, 4], 4, 9);
        assert!(used <= 9 && at_work <= 2, "{used} {at_work}");
        assert_eq!(most(&[4; 6], 1, 100).1, 1);
    }

    #[test]
    fn a_run_beyond_the_budget_is_alone() {
        assert_eq!(most(&[20, 1, 20, 1], 4, 9).1, 1);
    }

    fn refused() -> Ended {
        Ended::Failed(Error::Memory(Excess { needs: "a.mzML".to_owned(), limit: 1 }))
    }

    fn unknown() -> Ended {
        Ended::Failed(Error::Scenario { name: "one\ntwo".to_owned() })
    }

    #[test]
    fn what_was_refused_for_memory_is_processed_alone() {
        let ended = vec![Ended::Kept(Counts::default()), refused(), unknown(), refused()];
        let mut jobs = jobs(&[1, 2, 3, 4]);
        jobs.iter_mut().for_each(|job| job.memory *= 10);
        let process = |job: &Job| {
            if job.memory == 20 { Ended::Kept(Counts::default()) } else { refused() }
        };
        let ended = refused_once_more(&jobs, ended, process);
        assert!(matches!(ended[..2], [Ended::Kept(_), Ended::Kept(_)]));
        let faults: Vec<Option<Fault>> = ended[2..]
            .iter()
            .map(|ended| if let Ended::Failed(error) = ended { Some(error.fault()) } else { None })
            .collect();
        assert_eq!(faults, [Some(Fault::Input), Some(Fault::Memory)]);
    }

    #[test]
    fn a_failure_is_a_line() {
        let ended = [Ended::Kept(Counts::default()), unknown()];
        let file = render(&jobs(&[1, 1]), &ended, |error| format!("no: {error}"));
        let text = String::from_utf8(file.content).unwrap();
        assert!(
            text.contains("a\tb\tfailed\t\t\t\t\t\tno: there is no scenario `one two`;"),
            "{text}"
        );
    }
}
