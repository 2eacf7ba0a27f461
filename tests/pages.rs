//! The pages of docs/files: every column and key that is written is documented, and the examples
//! are lines that are written.

use std::path::Path;

use serde_json::Value;

use crate::blocks::{alike, blocks};
use crate::support::{cofactor, documented, folder, root, run, succeed, table, text};

/// The run that the pages say their examples are from.
fn write_results(folder: &Path) {
    succeed(
        cofactor().args(["simulate", "--scenario", "lipids", "--seed", "1", "--out"]).arg(folder),
    );
    succeed(run(&folder.join("run.mzML"), folder).arg("--rules").arg(folder.join("rules.toml")));
}

#[test]
fn columns_and_keys_are_documented() {
    let folder = folder();
    let out = folder.path();
    write_results(out);
    let tables =
        ["compounds.tsv", "features.tsv", "fragments.tsv", "candidates.tsv", "elution.tsv"];
    for name in tables {
        assert_eq!(table(&out.join(name)).0, documented(&format!("{name}.md")), "{name}");
    }
    let quantities = text(&out.join("gnps_quant.csv"));
    let header = quantities.lines().next().unwrap().replace("run.mzML", "FILE");
    assert_eq!(header.split(',').collect::<Vec<_>>(), documented("gnps_quant.csv.md"));

    let only_known = |name: &str, key: fn(&str) -> Option<&str>| {
        let documented = documented(&format!("{name}.md"));
        for key in text(&out.join(name)).lines().filter_map(key) {
            assert!(
                documented.iter().any(|known| known == key),
                "docs/files/{name}.md lacks {key}"
            );
        }
    };
    only_known("spectra.mgf", |line| Some(line.split_once('=')?.0));
    only_known("spectra.msp", |line| Some(line.split_once(": ")?.0));
    only_known("spectra.ms", |line| line.starts_with('>').then(|| line.split(' ').next())?);
    columns_with_values(&text(&out.join("result.mztab")));

    let record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    let of_run = documented("run.json.md#run");
    assert_eq!(keys(&record["run"], ""), direct(&of_run, ""));
    for part in ["mass_shift", "rule_rates"] {
        assert_eq!(
            keys(&record["run"][part], &format!("{part}.")),
            direct(&of_run, &format!("{part}."))
        );
    }
    let mut of_channel = documented("run.json.md#channels");
    of_channel.sort();
    for channel in record["run"]["channels"].as_array().unwrap() {
        assert_eq!(keys(channel, ""), of_channel);
    }
}

/// The keys of an object, sorted, with what stands before them.
fn keys(object: &Value, before: &str) -> Vec<String> {
    let mut keys: Vec<String> =
        object.as_object().expect("an object").keys().map(|key| format!("{before}{key}")).collect();
    keys.sort();
    keys
}

/// Those documented keys that begin so and have no further part, sorted.
fn direct(documented: &[String], before: &str) -> Vec<String> {
    let direct = |key: &&String| key.strip_prefix(before).is_some_and(|rest| !rest.contains('.'));
    let mut keys: Vec<String> = documented.iter().filter(direct).cloned().collect();
    keys.sort();
    keys
}

/// Columns of an mzTab in which something is not null are documented.
fn columns_with_values(mztab: &str) {
    let documented = documented("result.mztab.md");
    for (head, row) in [("SMH", "SML"), ("SFH", "SMF")] {
        let lines = |prefix: &str| -> Vec<Vec<&str>> {
            mztab
                .lines()
                .map(|line| line.split('\t').collect())
                .filter(|f: &Vec<&str>| f[0] == prefix)
                .collect()
        };
        let (header, rows) = (lines(head).remove(0), lines(row));
        assert!(!rows.is_empty());
        for (position, name) in header.iter().enumerate().skip(1) {
            let filled = rows.iter().any(|fields| fields[position] != "null");
            assert!(
                !filled || documented.iter().any(|known| known == name),
                "docs/files/result.mztab.md lacks {name}"
            );
        }
    }
}

/// An example line that ends in `…` is the beginning of a line. Lines with the version of the
/// program are left out.
#[test]
fn examples_are_of_the_files() {
    let folder = folder();
    let out = folder.path();
    write_results(out);
    let mut examples = 0;
    for entry in std::fs::read_dir(root().join("docs/files")).unwrap() {
        let page = entry.unwrap().path();
        let file = out.join(page.file_stem().unwrap());
        let page = text(&page);
        let Some((_, section)) = page.split_once("\n## Example\n") else { continue };
        let (_, example) = blocks(section).next().expect("an example");
        let written = text(&file);
        let of_a_version = |line: &&str| {
            line.split("cofactor ")
                .skip(1)
                .any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        for line in example.lines().filter(|line| !of_a_version(line)) {
            let found = match line.strip_suffix('…') {
                Some(beginning) => written.lines().any(|other| other.starts_with(beginning)),
                None => written.lines().any(|other| alike(line, other)),
            };
            assert!(found, "{} does not have the example {line}", file.display());
            examples += 1;
        }
    }
    assert!(examples > 60, "{examples} lines of examples");
}
