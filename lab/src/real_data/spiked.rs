//! How many published fragments of the spiked compounds the rule packs name. Asks the program, as a
//! user would.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use xtask::command;
use xtask::steps::Steps;
use xtask::workspace::Workspace;

use super::Bench;
use super::results::near;

/// The compounds with their m/z and up to three fragments each.
const TABLE: &str = "real/spiked_compounds.tsv";

/// The packs that are asked.
const PACKS: [&str; 3] = ["generic-losses-positive", "steroids-bile-acids", "flavonoids"];

/// So many fragments were named when this was last measured; fewer mean that a rule was lost.
const NAMED: usize = 123;

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Compound {
    name: String,
    mz: f64,
    fragments: Vec<f64>,
}

/// What the best candidate says of each fragment: `rule: label`, or nothing.
struct Explained {
    candidate: String,
    names: Vec<Option<String>>,
}

/// Prints a line for each fragment; fails where fewer are named than there were. How many of the
/// fragments of another compound are named tells how much of it is chance, or chemistry that both
/// have.
pub(super) fn spiked(bench: &Bench, workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let path = bench.data.join(TABLE);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let compounds = compounds(&text).with_context(|| path.display().to_string())?;
    let explain = |mz, fragments: &[f64]| explain(&bench.binary, &workspace.root, mz, fragments);
    let (mut all, mut names) = (0, Vec::new());
    let (mut of_others, mut named_of_others) = (0, 0);
    for (at, compound) in compounds.iter().enumerate() {
        let explained = explain(compound.mz, &compound.fragments)?;
        println!("{} {}: {}", compound.name, compound.mz, explained.candidate);
        for (fragment, name) in compound.fragments.iter().zip(&explained.names) {
            println!("  {fragment:>9.4}  {}", name.as_deref().unwrap_or("-"));
        }
        all += compound.fragments.len();
        names.extend(explained.names.into_iter().flatten());
        let fragments = foreign(&compounds, at);
        if !fragments.is_empty() {
            of_others += fragments.len();
            named_of_others += explain(compound.mz, &fragments)?.names.iter().flatten().count();
        }
    }
    let named = names.len();
    steps.figure("spiked compounds", format!("{named} of {all} published fragments named"));
    for pack in PACKS {
        let by_it = names.iter().filter(|name| name.starts_with(&format!("{pack}/"))).count();
        steps.figure(format!("  {pack}"), by_it.to_string());
    }
    steps.figure("fragments of others", format!("{named_of_others} of {of_others} named"));
    if named < NAMED {
        bail!("{named} of {all} fragments are named by a rule, and {NAMED} were");
    }
    Ok(())
}

/// Fragments of the compound half the table away, those lighter than this precursor and unlike its
/// own.
fn foreign(compounds: &[Compound], at: usize) -> Vec<f64> {
    let own = &compounds[at];
    let distant = &compounds[(at + compounds.len() / 2) % compounds.len()];
    let is_foreign = |fragment: &f64| {
        *fragment < own.mz && !own.fragments.iter().any(|&mine| near(*fragment, mine))
    };
    distant.fragments.iter().copied().filter(is_foreign).collect()
}

/// `cofactor rules explain`, of which the candidate that fits best counts.
fn explain(binary: &Path, root: &Path, mz: f64, fragments: &[f64]) -> Result<Explained> {
    let mut program = command::new(binary);
    program
        .args(["rules", "explain", "--json"])
        .args(PACKS.map(|pack| root.join(format!("rules/{pack}.toml"))));
    let observed: Vec<String> = fragments.iter().map(f64::to_string).collect();
    program.args(["--mz", &mz.to_string(), "--observed", &observed.join(",")]);
    let said: Value =
        serde_json::from_str(&command::output(&mut program)?).context("the answer is not JSON")?;
    let best = &said["candidates"][0];
    let candidate = best["name"].as_str().unwrap_or("no candidate").to_owned();
    Ok(Explained {
        candidate,
        names: fragments.iter().map(|&fragment| name_of(best, fragment)).collect(),
    })
}

/// The fragment of a candidate that an observed m/z is one of.
pub(super) fn name_of(candidate: &Value, observed: f64) -> Option<String> {
    let is_it = |fragment: &&Value| {
        let mut seen =
            fragment["observed"].as_array().into_iter().flatten().filter_map(Value::as_f64);
        seen.any(|mz| (mz - observed).abs() < 1e-6)
    };
    let fragment = candidate["fragments"].as_array()?.iter().find(is_it)?;
    Some(format!("{}: {}", fragment["rule_id"].as_str()?, fragment["label"].as_str()?))
}

/// The compound of a line, of whose name, m/z and fragments the columns are given.
fn compound(
    number: usize,
    cells: &[&str],
    [name, mz]: [usize; 2],
    fragments: &[usize],
) -> Result<Compound> {
    let cell = |column: usize| {
        cells.get(column).copied().with_context(|| format!("line {number} is too short"))
    };
    let value = |text: &str| {
        text.parse::<f64>().with_context(|| format!("line {number}: `{text}` is no number"))
    };
    let given = fragments.iter().map(|&column| cell(column)).collect::<Result<Vec<_>>>()?;
    let given = given
        .into_iter()
        .filter(|text| !["", "NA"].contains(text))
        .map(value)
        .collect::<Result<_>>()?;
    Ok(Compound { name: cell(name)?.to_owned(), mz: value(cell(mz)?)?, fragments: given })
}

/// Reads the table by its header.
fn compounds(text: &str) -> Result<Vec<Compound>> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().context("no header")?.split('\t').map(str::trim).collect();
    let column = |name: &str| {
        let position = header.iter().position(|found| *found == name);
        position.with_context(|| format!("no column `{name}`"))
    };
    let (name, mz) = (column("Compound")?, column("Precursor mz")?);
    let fragments = [column("Fragment1 mz")?, column("Fragment2 mz")?, column("Fragment3 mz")?];
    let compound = |(number, line): (usize, &str)| {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        compound(number, &cells, [name, mz], &fragments)
    };
    (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty()).map(compound).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_by_its_header() {
        let header = "Compound\tPrecursor mz\tFragment1 mz\tFragment2 mz\tFragment3 mz\n";
        let found =
            compounds(&format!("{header}Isoleucine \t132.1019\t86.0966\tNA\t\n\n")).unwrap();
        assert_eq!(
            found,
            [Compound { name: "Isoleucine".into(), mz: 132.1019, fragments: vec![86.0966] }]
        );
        assert!(compounds("Compound\n").unwrap_err().to_string().contains("Precursor mz"));
        assert!(
            compounds(&format!("{header}x\t1\t2\n")).unwrap_err().to_string().contains("line 2")
        );
    }

    #[test]
    fn foreign_fragments_are_lighter_and_not_shared() {
        let compound = |mz: f64, fragments: &[f64]| Compound {
            name: String::new(),
            mz,
            fragments: fragments.to_vec(),
        };
        let two = [compound(200.0, &[91.0542, 109.0]), compound(300.0, &[91.0543, 150.0, 250.0])];
        assert_eq!(foreign(&two, 0), [150.0]);
        assert_eq!(foreign(&two, 1), [109.0]);
    }

    #[test]
    fn a_fragment_has_the_name_that_the_best_candidate_gives_it() {
        let candidate = serde_json::json!({ "fragments": [
            { "mz": 109.0648, "label": "ring A", "rule_id": "p/r", "observed": [109.065] },
            { "mz": 271.2056, "label": "-H2O", "rule_id": "p/s", "observed": [] },
        ] });
        assert_eq!(name_of(&candidate, 109.065).as_deref(), Some("p/r: ring A"));
        assert_eq!(name_of(&candidate, 271.2056), None);
        assert_eq!(name_of(&Value::Null, 271.2056), None);
    }
}
