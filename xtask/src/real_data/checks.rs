//! The checks themselves. Each looks at all its files before it fails, and names every one that is wrong.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Bench;
use super::compare::{differences, files};
use super::figures::Figures;
use super::process::{self, Outcome};
use super::results::{self, near};

/// The measured runs that must go through.
const RUNS: [&str; 5] = [
    STEROIDS,
    "plasma_control_535-560s",
    "yeast_swath_1980-2160s",
    "serum_aif_neg",
    "tof_aif_100-110s",
];

/// Human plasma with spiked steroids.
pub(super) const STEROIDS: &str = "plasma10ng_steroids_535-560s";

/// The simulated runs.
pub(super) const SIMULATED: [&str; 2] = ["easy", "hard"];

/// Spiked compounds of the steroid run: name, m/z, apex in seconds, and of the published fragments those that rise
/// and fall with the compound in the raw data.
const COMPOUNDS: [(&str, f64, f64, &[f64]); 3] = [
    ("testosterone", 289.2157, 539.6, &[109.0649]),
    ("stanozolol", 329.2581, 551.2, &[121.1013, 107.0857]),
    ("finasteride", 373.2844, 554.4, &[305.2590, 317.2226]),
];

/// How far from its apex a compound may be found, in seconds.
const APEX_TOLERANCE: f64 = 3.0;

/// Where the results of a file go.
pub(super) fn out(bench: &Bench, kind: &str, name: &str) -> PathBuf {
    bench.out.join(kind).join(name)
}

/// Runs `FOLDER/NAME.mzML` for every name; exit code 0 required.
fn all_succeed(bench: &Bench, folder: &str, names: &[&str], figures: &mut Figures) -> Result<()> {
    let mut failures = Vec::new();
    for name in names {
        let file = bench.data.join(folder).join(format!("{name}.mzML"));
        let out = out(bench, folder, name);
        let outcome = process::run(&bench.binary, &file, &out, &[])?;
        if outcome.status.code() == Some(0) {
            let results = results::read(&out)?;
            let peaks: usize = results
                .spectra
                .iter()
                .map(|spectrum| spectrum.peaks.len())
                .sum();
            figures.add(
                format!("{folder}/{name}"),
                format!(
                    "{:.1} s, {} features, {} spectra, {peaks} peaks",
                    outcome.seconds,
                    results.features.len(),
                    results.spectra.len(),
                ),
            );
        } else {
            failures.push(format!("{name}: {}", outcome.shown()));
        }
    }
    none_of(&failures)
}

/// An error that lists what went wrong, if anything did.
fn none_of(failures: &[String]) -> Result<()> {
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(())
}

/// Every measured run ends with exit code 0.
pub(crate) fn runs(bench: &Bench, figures: &mut Figures) -> Result<()> {
    all_succeed(bench, "real", &RUNS, figures)
}

/// Every simulated run ends with exit code 0.
pub(crate) fn simulated(bench: &Bench, figures: &mut Figures) -> Result<()> {
    all_succeed(bench, "sim", &SIMULATED, figures)
}

/// The spiked compounds of the steroid run have a feature, a spectrum and their fragments in it. Needs [`runs`].
pub(crate) fn compounds(bench: &Bench, figures: &mut Figures) -> Result<()> {
    let results = results::read(&out(bench, "real", STEROIDS))?;
    let mut failures = Vec::new();
    for (name, mz, seconds, fragments) in COMPOUNDS {
        let (features, spectra) = results.spectra_of(mz, seconds, APEX_TOLERANCE);
        let found = spectra
            .iter()
            .map(|s| {
                fragments
                    .iter()
                    .filter(|&&f| s.peaks.iter().any(|&p| near(p, f)))
                    .count()
            })
            .max();
        let wanted = fragments.len();
        match found {
            Some(found) => figures.add(name, format!("{found} of {wanted} fragments")),
            None => figures.add(name, "not found"),
        }
        if features == 0 {
            failures.push(format!("{name}: no feature at m/z {mz}, {seconds} s"));
        } else if found.is_none() {
            failures.push(format!(
                "{name}: the feature at m/z {mz}, {seconds} s has no spectrum"
            ));
        } else if found < Some(wanted) {
            failures.push(format!(
                "{name}: no spectrum has all of the fragments {fragments:?}"
            ));
        }
    }
    none_of(&failures)
}

/// Every broken or unusual file ends with exit code 0 and results, or 2, a message and no results.
pub(crate) fn edge_files(bench: &Bench, figures: &mut Figures) -> Result<()> {
    let folder = bench.data.join("edge");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort();
    let mut failures = Vec::new();
    let (mut read, mut refused) = (0, 0);
    for path in &paths {
        let name = path
            .file_name()
            .unwrap_or(OsStr::new("?"))
            .to_string_lossy();
        let out = out(bench, "edge", &name.replace('.', "_"));
        let outcome = process::run(&bench.binary, path, &out, &[])?;
        println!("{name}: {}", outcome.status);
        match outcome.status.code() {
            Some(0) => read += 1,
            Some(2) => refused += 1,
            _ => {}
        }
        if let Err(error) = ended_well(&outcome, &out) {
            failures.push(format!("{name}: {error}"));
        }
    }
    figures.add(
        "edge files",
        format!("{read} read, {refused} refused, of {}", paths.len()),
    );
    none_of(&failures)
}

fn ended_well(outcome: &Outcome, out: &Path) -> Result<()> {
    let left = if out.exists() {
        files(out)?
    } else {
        Default::default()
    };
    match outcome.status.code() {
        Some(0) => {
            for name in ["features.tsv", "spectra.mgf", "run.json"] {
                if !left.contains(Path::new(name)) {
                    bail!("exit code 0 without {name}");
                }
            }
        }
        Some(2) => {
            if outcome.message.is_empty() {
                bail!("exit code 2 without a message");
            }
            if let Some(file) = left.first() {
                bail!("exit code 2, but {} was left behind", file.display());
            }
        }
        _ => bail!("{}", outcome.shown()),
    }
    Ok(())
}

/// One thread and two give the same files.
pub(crate) fn threads(bench: &Bench, figures: &mut Figures) -> Result<()> {
    let file = bench.data.join("sim/easy.mzML");
    // Both runs write to the same folder, as the run record may name it.
    let out = bench.out.join("threads/results");
    let mut kept = Vec::new();
    for threads in ["1", "2"] {
        let outcome = process::run(&bench.binary, &file, &out, &["--threads", threads])?;
        if outcome.status.code() != Some(0) {
            bail!("--threads {threads}: {}", outcome.shown());
        }
        figures.add(
            format!("easy, --threads {threads}"),
            format!("{:.1} s", outcome.seconds),
        );
        let keep = out.with_file_name(format!("results-{threads}"));
        if keep.exists() {
            std::fs::remove_dir_all(&keep)?;
        }
        std::fs::rename(&out, &keep)?;
        kept.push(keep);
    }
    none_of(&differences(&kept[0], &kept[1])?)
}
