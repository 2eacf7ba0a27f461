//! What the tests share: the program, small runs, and readers of its result files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cofactor_core::{IsolationWindow, Polarity, Scan, ScanHeader};
use cofactor_mzml::{WriteInfo, write};
use cofactor_sim::{Scenario, simulate};

/// The files of a result folder, by name.
pub(crate) const RESULT_FILES: [&str; 14] = [
    "candidates.tsv",
    "compounds.tsv",
    "elution.tsv",
    "features.tsv",
    "fragments.tsv",
    "gnps_quant.csv",
    "report.html",
    "report.json",
    "result.mztab",
    "run.json",
    "spectra.mgf",
    "spectra.ms",
    "spectra.msp",
    "spectra.mzML",
];

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder that is removed when it is dropped.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, without arguments.
pub(crate) fn cofactor() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cofactor-under-test"))
}

/// Waits for the program.
pub(crate) fn end(command: &mut Command) -> Ended {
    let output = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Waits for the program, which must succeed.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Ended {
    let ended = end(command);
    assert_eq!(ended.code, Some(0), "{command:?}\n{}{}", ended.stdout, ended.stderr);
    ended
}

/// `cofactor run INPUT --out OUT`, to be given further arguments.
pub(crate) fn run(input: &Path, out: &Path) -> Command {
    let mut command = cofactor();
    command.arg("run").arg(input).arg("--out").arg(out);
    command
}

/// Writes a simulated run of a minute with three groups of co-eluting compounds.
pub(crate) fn write_small_run(path: &Path) {
    let scenario = Scenario {
        duration_seconds: 60.0,
        windows: vec![[200.0, 300.0], [299.0, 400.0]],
        groups: 3,
        group_size: [2, 2],
        ..Scenario::default()
    };
    let simulation = simulate(&scenario, 5).expect("the scenario is sound");
    write_scans(path, simulation.scans().collect());
}

/// A compound of a run made by hand: m/z and fragments, eluting as a Gaussian with its apex at
/// `rt`.
pub(crate) struct Compound {
    pub(crate) mz: f64,
    pub(crate) rt: f64,
    pub(crate) fragments: &'static [f64],
}

/// Height of every compound and fragment at its apex.
const HEIGHT: f64 = 1e6;
/// What the scans do not show.
const LIMIT: f64 = 500.0;

/// Writes a run by hand, a minute of cycles with one MS1 scan and the MS2 scans through the windows
/// that `windows` gives for the number of the cycle. Compounds are fragmented in every window that
/// holds them.
pub(crate) fn write_run_by_hand(
    path: &Path,
    compounds: &[Compound],
    windows: impl Fn(usize) -> Vec<IsolationWindow>,
) {
    write_scans(path, scans_by_hand(compounds, windows));
}

/// The scans of such a run.
pub(crate) fn scans_by_hand(
    compounds: &[Compound],
    windows: impl Fn(usize) -> Vec<IsolationWindow>,
) -> Vec<Scan> {
    let mut scans = Vec::new();
    for cycle in 0..60 {
        let levels = [None].into_iter().chain(windows(cycle).into_iter().map(Some));
        for (position, window) in levels.enumerate() {
            let seconds = cycle as f64 + 0.3 * position as f64;
            let mut peaks = Vec::new();
            for compound in compounds {
                // A ripple of 3 %: without any noise there is nothing to estimate.
                let ripple = 1.0 + 0.03 * (7.3 * seconds + compound.mz).sin();
                let height =
                    HEIGHT * (-0.5 * ((seconds - compound.rt) / 3.0).powi(2)).exp() * ripple;
                match window {
                    None => {
                        peaks
                            .extend([(compound.mz, height), (compound.mz + 1.00335, 0.1 * height)]);
                    }
                    Some(window) if window.contains(compound.mz) => {
                        peaks.extend(compound.fragments.iter().map(|&mz| (mz, height)));
                    }
                    Some(_) => {}
                }
            }
            // Something is always there, just above what a scan can show.
            peaks.push((390.0, LIMIT * (1.5 + 0.3 * (3.1 * seconds).sin())));
            peaks.retain(|peak| peak.1 > LIMIT);
            peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
            let header = ScanHeader {
                id: String::new(),
                index: scans.len(),
                ms_level: if window.is_some() { 2 } else { 1 },
                rt_seconds: seconds,
                polarity: Some(Polarity::Positive),
                window,
                collision_energy: window.map(|_| 30.0),
                scan_range: Some((10.0, 400.0)),
            };
            let (mz, intensity) = peaks.into_iter().map(|(mz, height)| (mz, height as f32)).unzip();
            scans.push(Scan { header, mz, intensity });
        }
    }
    scans
}

/// Takes the isotopologues of a singly charged ion out of MS1, as if they were below the detection
/// limit there.
pub(crate) fn hide_in_ms1(scans: &mut [Scan], ion: f64) {
    for scan in scans.iter_mut().filter(|scan| scan.header.ms_level == 1) {
        let shows = |mz: f64| (0..3).all(|n| (mz - ion - 1.00335 * f64::from(n)).abs() > 0.01);
        let kept = scan.mz.iter().zip(&scan.intensity).filter(|(mz, _)| shows(**mz));
        (scan.mz, scan.intensity) = kept.map(|(&mz, &intensity)| (mz, intensity)).unzip();
    }
}

pub(crate) fn write_scans(path: &Path, scans: Vec<Scan>) {
    let info = WriteInfo { scan_count: scans.len(), source: "a test".to_owned(), compress: true };
    write(path, &info, scans.into_iter()).expect("the run is written");
}

/// The names in the first column of the table of a page in docs/files, or of its section after a
/// `#`, such as `factor.md#features.tsv`.
#[track_caller]
pub(crate) fn documented(table: &str) -> Vec<String> {
    let (name, section) = table.split_once('#').unwrap_or((table, ""));
    let page = text(&root().join("docs/files").join(name));
    let heading = if section.is_empty() {
        format!("# {}\n", name.trim_end_matches(".md"))
    } else {
        format!("\n## {section}\n")
    };
    let (_, section) = page
        .split_once(&heading)
        .unwrap_or_else(|| panic!("docs/files/{name} has no heading {heading}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let name = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    section.lines().filter_map(name).collect()
}

/// The signals that the program heeds, with its exit codes. What starts the tests may have told the
/// system to ignore SIGHUP, as `nohup` does; then the program does not heed it either.
#[cfg(target_os = "linux")]
pub(crate) fn signals() -> Vec<(&'static str, i32)> {
    let status = fs::read_to_string("/proc/self/status").expect("the state of the tests");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    let ignored = u64::from_str_radix(ignored.unwrap_or("0"), 16).expect("a mask");
    let all = [("INT", 130), ("TERM", 143), ("HUP", 129)];
    all.into_iter().filter(|(name, _)| *name != "HUP" || ignored & 1 == 0).collect()
}

/// Waits until a process has claimed the folder `out`: from then on it heeds signals.
#[cfg(target_os = "linux")]
pub(crate) fn wait_for_claim(out: &Path) {
    let name = format!(".{}.cofactor-lock", out.file_name().expect("a name").to_string_lossy());
    let lock = out.with_file_name(name);
    for _ in 0..3000 {
        if lock.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nobody has claimed {}", out.display());
}

/// The names of the files in a folder, sorted; hidden ones included.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A file as text.
#[track_caller]
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A row of a table: column and field.
pub(crate) type Row = BTreeMap<String, String>;

/// The header and the rows of a tab-separated table.
#[track_caller]
pub(crate) fn table(path: &Path) -> (Vec<String>, Vec<Row>) {
    let text = text(path);
    // An apostrophe keeps spreadsheets from calculating a text; docs/files/README.md says so.
    let plain = |field: &str| field.strip_prefix('\'').unwrap_or(field).to_owned();
    let mut lines = text.lines().map(|line| line.split('\t').map(plain).collect::<Vec<_>>());
    let header = lines.next().expect("a table has a header");
    let rows = lines
        .map(|fields| {
            assert_eq!(fields.len(), header.len(), "{}: {fields:?}", path.display());
            header.iter().cloned().zip(fields).collect()
        })
        .collect();
    (header, rows)
}

/// A number in a row.
#[track_caller]
pub(crate) fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is no number in {row:?}"))
}

/// A spectrum of an MGF file.
pub(crate) struct Spectrum {
    pub(crate) keys: BTreeMap<String, String>,
    pub(crate) peaks: Vec<(f64, f64)>,
}

/// The spectra of an MGF file, by FEATURE_ID.
#[track_caller]
pub(crate) fn spectra(path: &Path) -> BTreeMap<String, Spectrum> {
    let text = text(path);
    let mut all = BTreeMap::new();
    for block in text.split("BEGIN IONS\n").skip(1) {
        let (block, rest) = block.split_once("END IONS\n").expect("a block ends");
        assert_eq!(rest, "\n");
        let (keys, peaks): (Vec<&str>, Vec<&str>) =
            block.lines().partition(|line| line.contains('='));
        let keys: BTreeMap<String, String> = keys
            .iter()
            .filter_map(|line| line.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        let peaks = peaks
            .iter()
            .filter_map(|line| line.split_once(' '))
            .map(|(mz, intensity)| {
                (mz.parse().expect("m/z"), intensity.parse().expect("intensity"))
            })
            .collect();
        let before = all.insert(keys["FEATURE_ID"].clone(), Spectrum { keys, peaks });
        assert!(before.is_none(), "two spectra with one id");
    }
    all
}
