//! `cargo xtask bench quality`: how good the results are, on own scenarios over seeds and on public
//! files, beside what others reach; and, where they are, on runs of another simulator, on library
//! spectra in simulated and real runs, and on real runs. docs/quality.md explains the measures.

mod counts;
pub(crate) mod defaults;
mod figures;
pub(crate) mod kinds;
pub(crate) mod knobs;
mod labels;
mod measures;
mod other_sim;
mod outside;
mod peers;
mod phospholipids;
mod real;
mod reliability;
mod runs;
mod semi;
mod tables;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xtask::release;
use xtask::workspace::Workspace;

use self::figures::{Figures, Set};
use self::kinds::{KINDS, Kind, OWN};
use self::outside::Outside;
use self::runs::{PLASMA_KEPT, Program, SCENARIOS, at_once};
use crate::page;
use crate::real_data::{self, scores::Scripts};

/// Seeds of `--quick`.
const QUICK_SEEDS: usize = 2;

/// What the user may choose.
pub(crate) struct QualityOptions {
    /// Seeds of each own scenario, from 1; the most of the other kinds.
    pub(crate) seeds: usize,
    /// Two seeds, and no public files.
    pub(crate) quick: bool,
    /// Only these kinds; all where empty.
    pub(crate) only: Vec<String>,
    /// A run or none of each kind beside the own scenarios.
    pub(crate) sample: bool,
    /// Fail if something is worse than docs/quality.json says.
    pub(crate) check: bool,
    /// Write docs/quality.json and the tables in docs/quality.md.
    pub(crate) update: bool,
}

impl QualityOptions {
    fn wants(&self, kind: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == kind)
    }
}

/// Builds, measures, prints the tables, and compares or writes as asked.
pub(crate) fn quality(workspace: &Workspace, options: &QualityOptions) -> Result<()> {
    let binary = release::build(workspace)?;
    let bench = workspace.target.join("bench");
    let out = bench.join("quality");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let place = Program { binary: &binary, out: &out };
    let mut figures = Figures::default();
    let mut tables = String::new();
    if options.wants(OWN) {
        tables += &own(&place, workspace, options, &mut figures)?;
    }
    let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| options.wants(kind.name)).collect();
    if !kinds.is_empty() {
        tables += &further(&place, workspace, options, &kinds, &mut figures)?;
    }
    print!("\n{tables}");
    let json = format!("{:#}\n", figures.to_json());
    let file = bench.join("quality.json");
    write(&file, &json)?;
    println!("\nThe same for machines: {}", workspace.relative(&file).display());
    let docs = workspace.root.join("docs");
    if options.check {
        check(&figures, &docs.join("quality.json"))?;
    }
    if options.update {
        update(&docs, &json, &tables)?;
    }
    Ok(())
}

/// Measures the own scenarios and the public files; their tables.
fn own(
    place: &Program<'_>,
    workspace: &Workspace,
    options: &QualityOptions,
    figures: &mut Figures,
) -> Result<String> {
    let seeds = if options.quick { QUICK_SEEDS } else { options.seeds };
    let scores = place.all_simulated(seeds)?;
    for (scenario, scores) in SCENARIOS.iter().zip(&scores) {
        figures.sets.push(Set::of_scores(scenario, scores));
    }
    let left_out = if options.quick {
        vec!["public files, for --quick".to_owned()]
    } else {
        public(place, workspace, figures)?
    };
    Ok(tables::own(figures, seeds, &left_out) + &reliability::tables(&SCENARIOS, &scores))
}

/// Measures further kinds of data; their tables, or the line that says that they are left out.
fn further(
    place: &Program<'_>,
    workspace: &Workspace,
    options: &QualityOptions,
    kinds: &[&Kind],
    figures: &mut Figures,
) -> Result<String> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let left_out = |why: &str| Ok(format!("\nLeft out: {}, {why}.\n", names.join(", ")));
    if options.quick {
        return left_out("for --quick");
    }
    let outside = match Outside::find(place, workspace) {
        Ok(outside) => outside,
        Err(error) => return left_out(&format!("as {error:#}")),
    };
    let mut text = String::new();
    for kind in kinds {
        if options.sample {
            let seeds = &kind.seeds[..1];
            text += &of_kind(&outside, kind, kind.sample, seeds, figures)?;
            let but = if kind.sample.is_empty() { "all" } else { "all other runs" };
            text += &format!("\nLeft out: {but} of {}, for --sample.\n", kind.name);
        } else {
            let seeds = &kind.seeds[..options.seeds.min(kind.seeds.len())];
            text += &of_kind(&outside, kind, kind.runs, seeds, figures)?;
        }
    }
    Ok(text)
}

/// Measures some runs of a kind with each seed; their table.
fn of_kind(
    outside: &Outside<'_>,
    kind: &Kind,
    runs: &[&str],
    seeds: &[usize],
    figures: &mut Figures,
) -> Result<String> {
    if runs.is_empty() {
        return Ok(String::new());
    }
    let jobs: Vec<(&str, usize)> =
        runs.iter().flat_map(|run| seeds.iter().map(move |seed| (*run, *seed))).collect();
    let scores = at_once(&jobs, |&(run, seed)| {
        (kind.score)(outside, run, seed)
            .with_context(|| format!("{}, seed {seed}, was not measured", kind.set(run)))
    })?;
    for (run, scores) in runs.iter().zip(scores.chunks(seeds.len())) {
        figures.sets.push(Set::of_scores(&kind.set(run), scores));
    }
    Ok(tables::of_kind(figures, kind, runs, seeds))
}

/// Measures the public files; what was left out, and why.
fn public(
    place: &Program<'_>,
    workspace: &Workspace,
    figures: &mut Figures,
) -> Result<Vec<String>> {
    let Some(data) = real_data::folder()? else {
        return Ok(vec![format!("the public files, as {} is not set", real_data::DATA)]);
    };
    for (name, score) in place.public_simulated(&data)? {
        figures.sets.push(Set::of_scores(&format!("public {name}"), &[score]));
    }
    let mut left_out = Vec::new();
    match Scripts::find(workspace) {
        Ok(scripts) => {
            let kept = place.out.join("kept.toml");
            write(&kept, "keep_isotopologues = true\n")?;
            let kept = kept.to_string_lossy();
            for (name, more) in [("plasma", &[][..]), (PLASMA_KEPT, &["--config", kept.as_ref()])] {
                let values = place.plasma(&data, &scripts, more)?;
                let values =
                    values.into_iter().map(|(name, cosine)| (name, vec![Some(cosine)])).collect();
                figures.sets.push(Set { name: name.to_owned(), values });
            }
        }
        Err(error) => left_out.push(format!("the plasma run against the library, as {error:#}")),
    }
    let found = place.control(&data)? as f64;
    let values = vec![(measures::CONTROL.to_owned(), vec![Some(found)])];
    figures.sets.push(Set { name: "plasma control".to_owned(), values });
    Ok(left_out)
}

/// Fails with everything that is worse than the committed figures.
fn check(figures: &Figures, committed: &Path) -> Result<()> {
    let text = std::fs::read_to_string(committed)
        .with_context(|| format!("cannot read {}; --update writes it", committed.display()))?;
    let before = serde_json::from_str(&text)
        .map_err(anyhow::Error::from)
        .and_then(|value| Figures::from_json(&value))
        .with_context(|| format!("{} is not what --update writes", committed.display()))?;
    let worse = figures.worse_than(&before);
    if !worse.is_empty() {
        bail!("worse than {}:\n{}", committed.display(), worse.join("\n"));
    }
    println!("Nothing is worse than {}.", committed.display());
    Ok(())
}

fn update(docs: &Path, json: &str, tables: &str) -> Result<()> {
    let file: PathBuf = docs.join("quality.md");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let text = page::replaced(&text, tables::MARKS, &format!("\n{tables}\n"))
        .with_context(|| format!("{} has no place for the tables", file.display()))?;
    write(&docs.join("quality.json"), json)?;
    write(&file, &text)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
