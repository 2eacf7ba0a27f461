//! `cargo xtask bench quality`: how good the results are, on simulated runs over seeds and on
//! public files, beside what others reach; docs/quality.md explains the measures.

pub(crate) mod defaults;
mod figures;
pub(crate) mod knobs;
mod measures;
mod peers;
mod reliability;
mod runs;
mod tables;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xtask::release;
use xtask::workspace::Workspace;

use self::figures::{Figures, Set};
use self::runs::{PLASMA_KEPT, Program, SCENARIOS};
use crate::page;
use crate::real_data::{self, scores::Scripts};

/// Seeds of `--quick`.
const QUICK_SEEDS: usize = 2;

/// What the user may choose.
pub(crate) struct QualityOptions {
    /// Seeds of each scenario, from 1.
    pub(crate) seeds: usize,
    /// Two seeds, and no public files.
    pub(crate) quick: bool,
    /// Fail if something is worse than docs/quality.json says.
    pub(crate) check: bool,
    /// Write docs/quality.json and the tables in docs/quality.md.
    pub(crate) update: bool,
}

/// Builds, measures, prints the tables, and compares or writes as asked.
pub(crate) fn quality(workspace: &Workspace, options: &QualityOptions) -> Result<()> {
    let binary = release::build(workspace)?;
    let bench = workspace.target.join("bench");
    let out = bench.join("quality");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let place = Program { binary: &binary, out: &out };
    let seeds = if options.quick { QUICK_SEEDS } else { options.seeds };
    let mut figures = Figures::default();
    let scores = place.all_simulated(seeds)?;
    for (scenario, scores) in SCENARIOS.iter().zip(&scores) {
        figures.sets.push(Set::of_scores(scenario, scores));
    }
    let left_out = if options.quick {
        vec!["public files, for --quick".to_owned()]
    } else {
        public(&place, workspace, &mut figures)?
    };
    let tables =
        tables::tables(&figures, seeds, &left_out) + &reliability::tables(&SCENARIOS, &scores);
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
