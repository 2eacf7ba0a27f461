//! The checks themselves. Each looks at all its files before it fails, and names every one that is
//! wrong.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xtask::steps::Steps;

use super::Bench;
use super::compare::{differences, files};
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
pub(crate) const STEROIDS: &str = "plasma10ng_steroids_535-560s";

/// The simulated runs.
pub(crate) const SIMULATED: [&str; 2] = ["easy", "hard"];

/// Spiked compounds of the steroid run: name, m/z, apex in seconds, and of the published fragments
/// those that rise and fall with the compound in the raw data.
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
fn all_succeed(bench: &Bench, folder: &str, names: &[&str], steps: &mut Steps) -> Result<()> {
    let mut failures = Vec::new();
    for name in names {
        let file = bench.data.join(folder).join(format!("{name}.mzML"));
        let out = out(bench, folder, name);
        let outcome = process::run(&bench.binary, &file, &out, &[])?;
        if outcome.code == Some(0) {
            let results = results::read(&out)?;
            let peaks: usize = results.spectra.iter().map(|spectrum| spectrum.peaks.len()).sum();
            steps.figure(
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
pub(super) fn runs(bench: &Bench, steps: &mut Steps) -> Result<()> {
    all_succeed(bench, "real", &RUNS, steps)
}

/// Every simulated run ends with exit code 0.
pub(super) fn simulated(bench: &Bench, steps: &mut Steps) -> Result<()> {
    all_succeed(bench, "sim", &SIMULATED, steps)
}

/// The spiked compounds of the steroid run have a feature, a spectrum and their fragments in it.
/// Needs [`runs`].
pub(super) fn compounds(bench: &Bench, steps: &mut Steps) -> Result<()> {
    let results = results::read(&out(bench, "real", STEROIDS))?;
    let mut failures = Vec::new();
    for (name, mz, seconds, fragments) in COMPOUNDS {
        let (features, spectra) = results.spectra_of(mz, seconds, APEX_TOLERANCE);
        let found = spectra
            .iter()
            .map(|s| fragments.iter().filter(|&&f| s.peaks.iter().any(|&p| near(p, f))).count())
            .max();
        let wanted = fragments.len();
        match found {
            Some(found) => steps.figure(name, format!("{found} of {wanted} fragments")),
            None => steps.figure(name, "not found"),
        }
        if features == 0 {
            failures.push(format!("{name}: no feature at m/z {mz}, {seconds} s"));
        } else if found.is_none() {
            failures.push(format!("{name}: the feature at m/z {mz}, {seconds} s has no spectrum"));
        } else if found < Some(wanted) {
            failures.push(format!("{name}: no spectrum has all of the fragments {fragments:?}"));
        }
    }
    none_of(&failures)
}

/// Every broken or unusual file ends with exit code 0 and results, or 2, a message and no results.
pub(super) fn edge_files(bench: &Bench, steps: &mut Steps) -> Result<()> {
    let folder = bench.data.join("edge");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort();
    let mut failures = Vec::new();
    let (mut read, mut refused) = (0, 0);
    for path in &paths {
        let name = path.file_name().unwrap_or(OsStr::new("?")).to_string_lossy();
        let out = out(bench, "edge", &name.replace('.', "_"));
        let outcome = process::run(&bench.binary, path, &out, &[])?;
        match outcome.code {
            Some(0) => read += 1,
            Some(2) => refused += 1,
            _ => {}
        }
        if let Err(error) = ended_well(&outcome, &name, &out) {
            failures.push(format!("{name}: {error}"));
        }
    }
    steps.figure("edge files", format!("{read} read, {refused} refused, of {}", paths.len()));
    none_of(&failures)
}

/// As `tests/damage.rs` demands it.
fn ended_well(outcome: &Outcome, name: &str, out: &Path) -> Result<()> {
    let written = if out.exists() { files(out)? } else { Default::default() };
    match outcome.code {
        Some(0) => {
            for name in ["features.tsv", "spectra.mgf", "run.json"] {
                if !written.contains(Path::new(name)) {
                    bail!("exit code 0 without {name}");
                }
            }
        }
        Some(2) => {
            let message = String::from_utf8_lossy(&outcome.message);
            if message.matches("error:").count() != 1 || message.contains("panicked") {
                bail!("exit code 2, but not with one error: {message}");
            }
            if !message.contains(name) {
                bail!("exit code 2, but the file is not named: {message}");
            }
            if let Some(file) = written.first() {
                bail!("exit code 2, but {} was left behind", file.display());
            }
        }
        _ => bail!("{}", outcome.shown()),
    }
    Ok(())
}

/// One thread and two give the same files.
pub(super) fn threads(bench: &Bench, steps: &mut Steps) -> Result<()> {
    let file = bench.data.join("sim/easy.mzML");
    // Both runs write to the same folder, as the run record may name it.
    let out = bench.out.join("threads/results");
    let mut kept = Vec::new();
    for threads in ["1", "2"] {
        let outcome = process::run(&bench.binary, &file, &out, &["--threads", threads])?;
        if outcome.code != Some(0) {
            bail!("--threads {threads}: {}", outcome.shown());
        }
        steps.figure(format!("easy, --threads {threads}"), format!("{:.1} s", outcome.seconds));
        let keep = out.with_file_name(format!("results-{threads}"));
        if keep.exists() {
            std::fs::remove_dir_all(&keep)?;
        }
        std::fs::rename(&out, &keep)?;
        kept.push(keep);
    }
    none_of(&differences(&kept[0], &kept[1])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: Option<i32>, message: &str, files: &[&str]) -> Result<()> {
        let out = tempfile::tempdir()?;
        for file in files {
            std::fs::write(out.path().join(file), "")?;
        }
        let outcome = Outcome {
            code,
            status: format!("{code:?}"),
            message: message.as_bytes().to_vec(),
            seconds: 0.0,
        };
        ended_well(&outcome, "a.mzML", out.path())
    }

    #[test]
    fn a_broken_file_is_read_or_refused_cleanly() {
        let whole = ["features.tsv", "spectra.mgf", "run.json"];
        assert!(ended(Some(0), "", &whole).is_ok());
        assert!(ended(Some(0), "", &whole[1..]).is_err());
        assert!(ended(Some(2), "error: a.mzML is cut", &[]).is_ok());
        assert!(ended(Some(2), "error: it is cut", &[]).is_err());
        assert!(ended(Some(2), "error: a.mzML error: twice", &[]).is_err());
        assert!(ended(Some(2), "", &[]).is_err());
        assert!(ended(Some(2), "error: a.mzML is cut", &["spectra.mgf"]).is_err());
        for other in [Some(1), Some(101), None] {
            assert!(ended(other, "x", &[]).is_err());
        }
    }

    #[test]
    fn a_compound_needs_a_feature_a_spectrum_and_its_fragments() {
        let folder = tempfile::tempdir().unwrap();
        let bench =
            Bench { binary: PathBuf::new(), data: PathBuf::new(), out: folder.path().to_owned() };
        let results = out(&bench, "real", STEROIDS);
        std::fs::create_dir_all(&results).unwrap();
        let mut table = String::from("feature_id\tprecursor_mz\trt_seconds\n");
        let mut mgf = String::new();
        for (name, mz, seconds, fragments) in COMPOUNDS {
            table += &format!("{name}\t{mz}\t{seconds}\n");
            mgf += &format!("BEGIN IONS\nFEATURE_ID={name}\nMSLEVEL=2\n");
            for fragment in fragments {
                mgf += &format!("{fragment} 1\n");
            }
            mgf += "END IONS\n";
        }
        std::fs::write(results.join("features.tsv"), table).unwrap();
        std::fs::write(results.join("spectra.mgf"), &mgf).unwrap();
        compounds(&bench, &mut Steps::default()).unwrap();

        let without = mgf.replace("317.2226", "317.3").replace("=stanozolol", "=other");
        std::fs::write(results.join("spectra.mgf"), without).unwrap();
        let message = compounds(&bench, &mut Steps::default()).unwrap_err().to_string();
        assert!(message.contains("finasteride: no spectrum has all"), "{message}");
        assert!(message.contains("stanozolol: the feature"), "{message}");
        assert!(!message.contains("testosterone"), "{message}");
    }
}
