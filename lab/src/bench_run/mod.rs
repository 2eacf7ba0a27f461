//! `cargo xtask bench run`: time and memory of whole processes on long runs, beside what reading
//! the file costs anyway and another method; docs/performance.md has the results of one machine.

mod goals;
mod process;
mod spread;
mod subject;
mod tables;

use std::path::PathBuf;

use anyhow::{Context, Result};
use xtask::workspace::Workspace;
use xtask::{command, python};

use self::spread::Repeats;
use self::subject::{ONE_THREAD, Place, Subject};
use self::tables::Point;
use crate::page;
use crate::real_data::{self, scores::EVAL};

/// What the script of the correlation needs.
const PACKAGES: [&str; 5] =
    ["lxml==6.1.3", "numpy==2.4.6", "psims==1.4.0", "pyteomics==5.0.1", "scipy==1.17.1"];

/// Where the tables are in docs/performance.md.
const MARKS: [&str; 2] = ["<!-- whole run: begin -->\n", "<!-- whole run: end -->\n"];

/// Lengths of the runs of the curve, minutes; and their compounds a minute, as in the scenario
/// `long`.
const LENGTHS: [usize; 4] = [5, 10, 20, 40];
const COMPOUNDS_A_MINUTE: usize = 15;

/// The one of them that everything is measured on, minutes.
const REPEATED: usize = 20;

/// The measured run beside the simulated ones.
const YEAST: &str = "yeast_swath_1980-2160s";

/// What the user may choose.
pub(crate) struct RunOptions {
    /// Repeats of each measurement.
    pub(crate) repeats: usize,
    /// A short run, once.
    pub(crate) quick: bool,
    /// Leave out the run of 1 GB.
    pub(crate) no_large: bool,
    /// Write the tables of docs/performance.md.
    pub(crate) update: bool,
}

/// Builds, simulates, measures, prints the tables, and writes them where asked.
pub(crate) fn run(workspace: &Workspace, options: &RunOptions) -> Result<()> {
    let (place, mut left_out) = prepare(workspace)?;
    let begin = tables::load();
    let (mut measured, mut curve) = (Vec::new(), Vec::new());
    let repeats = if options.quick { 1 } else { options.repeats };
    if options.quick {
        let short = place.simulate("5 minutes", "short", &long(LENGTHS[0]))?;
        measured.push(place.measure(&short, repeats, true)?);
        left_out.push("the long runs and the public file, for --quick".to_owned());
    } else {
        for minutes in LENGTHS {
            let title = format!("{minutes} minutes");
            let subject = place.simulate(&title, "long", &long(minutes))?;
            let used = if minutes == REPEATED {
                let repeated = place.measure(&subject, repeats, true)?;
                let used = repeated.program(ONE_THREAD).map(Repeats::median);
                measured.push(repeated);
                used.context("nothing was measured")?
            } else {
                place.run_once(&subject)?
            };
            curve.push(Point { minutes, bytes: subject.bytes, used });
        }
        match real_data::folder()? {
            Some(data) => {
                let file = data.join(format!("real/{YEAST}.mzML"));
                let yeast = Subject::new("yeast, SWATH, 3 minutes", file, None)?;
                // The correlation cannot read its windows, which have limits but no target.
                measured.push(place.measure(&yeast, repeats, false)?);
            }
            None => left_out.push(format!("the public file, as {} is not set", real_data::DATA)),
        }
        if options.no_large {
            left_out.push("the run of 1 GB, for --no-large".to_owned());
        } else {
            let large = place.simulate("two hours", "large", &["--scenario", "large"])?;
            measured.push(place.measure(&large, 1, false)?);
        }
    }
    let text =
        tables::tables(&tables::Machine::new(begin, tables::load()), &measured, &curve, &left_out);
    print!("\n{text}");
    if options.update { update(workspace, options, &text) } else { Ok(()) }
}

/// The arguments that simulate a run of the scenario `long` of another length, as crowded.
fn long(minutes: usize) -> [String; 6] {
    let compounds = minutes * COMPOUNDS_A_MINUTE;
    ["--scenario", "long", "--minutes", &minutes.to_string(), "--compounds", &compounds.to_string()]
        .map(str::to_owned)
}

/// Builds the programs, and finds those that may be missing; with what is left out, and why.
fn prepare(workspace: &Workspace) -> Result<(Place, Vec<String>)> {
    command::run(
        command::cargo()
            .args([
                "build",
                "--release",
                "-p",
                "cofactor-cli",
                "-p",
                "cofactor-mzml",
                "--bins",
                "--example",
                "decode",
            ])
            .current_dir(&workspace.root),
    )?;
    let out = workspace.target.join("bench/run");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let release = workspace.target.join("release");
    let built = |name: &str| release.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut place = Place {
        cofactor: built("cofactor"),
        decode: built("examples/decode"),
        correlation: None,
        out,
    };
    let mut left_out = Vec::new();
    match correlation(workspace) {
        Ok(found) => place.correlation = Some(found),
        Err(error) => left_out.push(format!("the correlation of traces, as {error:#}")),
    }
    Ok((place, left_out))
}

/// A Python and the script that correlates traces.
fn correlation(workspace: &Workspace) -> Result<(PathBuf, PathBuf)> {
    let folder = std::env::var_os(EVAL).map(PathBuf::from);
    let script = folder
        .map(|folder| folder.join("correlation_baseline.py"))
        .filter(|script| script.is_file());
    let script = script.with_context(|| format!("{EVAL} names no folder with it"))?;
    Ok((python::environment(&workspace.target.join("bench/correlation"), &PACKAGES)?, script))
}

fn update(workspace: &Workspace, options: &RunOptions, text: &str) -> Result<()> {
    let file = workspace.root.join("docs/performance.md");
    let before = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let more = if options.no_large { " --no-large" } else { "" };
    let text = format!(
        "\n`cargo xtask bench run --repeats {}{more} --update`\n\n{text}\n",
        options.repeats
    );
    let after = page::replaced(&before, MARKS, &text)
        .with_context(|| format!("{} has no place for them", file.display()))?;
    std::fs::write(&file, after).with_context(|| format!("cannot write {}", file.display()))
}
