//! Many runs: side by side as far as memory allows, past those that fail, with a table of what
//! became of each.

use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use cofactor_report::{Claim, Marker, RenderedFile, Replace, table, write_files};
use serde_json::Value;

use crate::failure::Failure;
use crate::output::tell;

/// What became of a run.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Its results were written.
    Done(Counts),
    /// They were there already.
    Kept(Counts),
    /// Why there are none.
    Failed(Failure),
}

/// What a run gave.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) features: usize,
    pub(crate) spectra: usize,
    pub(crate) warnings: usize,
    pub(crate) seconds: f64,
}

/// A run to be processed.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) run: &'a Path,
    pub(crate) folder: &'a Path,
    /// Memory that it is expected to need, bytes.
    pub(crate) memory: u64,
}

/// The summary.
pub(crate) const BATCH_FILE: &str = "batch.tsv";

/// A summary of an earlier batch is known by its header.
pub(crate) const BATCH: [Marker; 1] = [Marker {
    name: BATCH_FILE,
    read: |text| text.starts_with(&COLUMNS.join("\t")).then_some(Value::Null),
}];

/// Column names of the summary.
const COLUMNS: [&str; 8] =
    ["run", "folder", "outcome", "features", "spectra", "warnings", "seconds", "message"];

/// Lets `process` work on the jobs, in their order, `workers` at a time and within `budget` bytes;
/// one is always at work, whatever it needs. What became of each, in the order of the jobs.
pub(crate) fn side_by_side(
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
pub(crate) fn refused_once_more(
    jobs: &[Job],
    ended: Vec<Ended>,
    process: impl Fn(&Job) -> Ended,
) -> Vec<Ended> {
    let again = |(job, ended)| match ended {
        Ended::Failed(Failure::Memory(_)) => process(job),
        other => other,
    };
    jobs.iter().zip(ended).map(again).collect()
}

struct State {
    next: usize,
    at_work: usize,
    used: u64,
    ended: Vec<Option<Ended>>,
}

/// Writes `batch.tsv` and says how it went; an error if a run failed.
///
/// # Errors
/// If a run failed: the machine's fault counts before that of an input.
pub(crate) fn conclude(
    jobs: &[Job],
    ended: Vec<Ended>,
    claim: &mut Claim,
    replace: Replace,
    out: &Path,
) -> Result<(), Failure> {
    let rows = jobs.iter().zip(&ended).map(|(job, ended)| row(job, ended));
    let file =
        RenderedFile { name: BATCH_FILE.to_owned(), content: table(&COLUMNS, rows).into_bytes() };
    write_files(claim, &[file], &BATCH, replace)?;
    let kept = ended.iter().filter(|ended| matches!(ended, Ended::Kept(_))).count();
    let failures: Vec<Failure> = ended
        .into_iter()
        .filter_map(|ended| if let Ended::Failed(failure) = ended { Some(failure) } else { None })
        .collect();
    let done = jobs.len() - kept - failures.len();
    tell(&format!(
        "{} runs: {done} done, {kept} kept, {} failed; see {}",
        jobs.len(),
        failures.len(),
        out.join(BATCH_FILE).display()
    ));
    if failures.is_empty() {
        return Ok(());
    }
    let error = anyhow::anyhow!("{} of {} runs failed, as said above", failures.len(), jobs.len());
    let machine = failures.iter().any(|failure| matches!(failure, Failure::Machine(_)));
    Err(if machine { Failure::Machine(error) } else { Failure::Input(error) })
}

fn row(job: &Job, ended: &Ended) -> Vec<String> {
    let (outcome, counts, message) = match ended {
        Ended::Done(c) | Ended::Kept(c) => {
            let counts = [
                c.features.to_string(),
                c.spectra.to_string(),
                c.warnings.to_string(),
                format!("{:.1}", c.seconds),
            ];
            let outcome = if matches!(ended, Ended::Kept(_)) { "kept" } else { "done" };
            (outcome, counts, String::new())
        }
        Ended::Failed(failure) => ("failed", Default::default(), one_line(&failure.to_string())),
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

    #[test]
    fn what_was_refused_for_memory_is_processed_alone() {
        let failed =
            |failure: fn(anyhow::Error) -> Failure| Ended::Failed(failure(anyhow::anyhow!("no")));
        let ended = vec![
            Ended::Kept(Counts::default()),
            failed(Failure::Memory),
            failed(Failure::Input),
            failed(Failure::Memory),
        ];
        let mut jobs = jobs(&[1, 2, 3, 4]);
        jobs.iter_mut().for_each(|job| job.memory *= 10);
        let process = |job: &Job| {
            if job.memory == 20 { Ended::Kept(Counts::default()) } else { failed(Failure::Memory) }
        };
        let ended = refused_once_more(&jobs, ended, process);
        assert!(matches!(ended[..2], [Ended::Kept(_), Ended::Kept(_)]));
        assert!(matches!(
            ended[2..],
            [Ended::Failed(Failure::Input(_)), Ended::Failed(Failure::Memory(_))]
        ));
    }

    #[test]
    fn a_failure_is_a_line_and_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let ended = vec![
            Ended::Kept(Counts::default()),
            Ended::Failed(Failure::Input(anyhow::anyhow!("one\ntwo"))),
            Ended::Failed(Failure::Machine(anyhow::anyhow!("disk"))),
        ];
        let mut claim = cofactor_report::claim(folder.path()).unwrap();
        let error = conclude(&jobs(&[1, 1, 1]), ended, &mut claim, Replace::Same, folder.path())
            .unwrap_err();
        assert!(matches!(error, Failure::Machine(_)));
        let text = std::fs::read_to_string(folder.path().join("batch.tsv")).unwrap();
        assert!(text.contains("a\tb\tfailed\t\t\t\t\tone two\n"), "{text}");
    }
}
