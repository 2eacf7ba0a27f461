//! `cofactor factor` on the committed example: what the documents print is what comes out, and
//! every file is as documented.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ndarray::Array2;
use ndarray_npy::{read_npy, write_npy};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::blocks::{Step, alike, assert_alike, blocks, steps};
use crate::support::{
    Row, cofactor, documented, end, folder, names_in, number, root, succeed, table, text,
};

/// The tables of a factorization, by name.
const TABLES: [&str; 7] = [
    "activations1.tsv",
    "activations2.tsv",
    "candidates.tsv",
    "dict1.tsv",
    "dict2.tsv",
    "features.tsv",
    "fragments.tsv",
];

/// The folder of the example.
pub(crate) fn example() -> PathBuf {
    root().join("examples/two-matrices")
}

/// `cofactor factor` in the example's folder, to be given further arguments.
pub(crate) fn factor(arguments: &str, out: &Path) -> Command {
    let mut command = cofactor();
    command
        .current_dir(example())
        .arg("factor")
        .args(arguments.split_whitespace())
        .arg("--out")
        .arg(out);
    if !arguments.contains("--force") {
        command.arg("--force");
    }
    command
}

const SAME_SCANS: &str =
    "--ms1 ms1.tsv --ms2 ms2-same-scans.tsv --ms1-axis ms1-mz.txt --ms2-axis ms2-mz.txt";
const APART: &str = "--ms1 ms1.tsv --ms2 ms2.tsv --ms1-axis ms1-mz.txt --ms2-axis ms2-mz.txt";

/// Fragments of the example's precursors: those of its fragment sets that were not lost.
const TRUE_FRAGMENTS: [(&str, &[&str]); 3] = [
    ("1", &["90.00000", "110.00000"]),
    ("2", &["100.00000", "110.00000", "120.00000"]),
    ("3", &["80.00000", "100.00000", "120.00000", "130.00000"]),
];

/// The m/z of a feature's fragments with a status.
fn fragments<'a>(rows: &'a [Row], id: &str, status: &str) -> Vec<&'a str> {
    rows.iter()
        .filter(|r| r["feature_id"] == id && r["status"] == status)
        .map(|r| r["fragment_mz"].as_str())
        .collect()
}

#[track_caller]
fn links_are_right(out: &Path) {
    let rows = table(&out.join("fragments.tsv")).1;
    for (id, wanted) in TRUE_FRAGMENTS {
        assert_eq!(fragments(&rows, id, "matched"), wanted, "feature {id}");
    }
}

#[test]
fn shared_activations_link_fragments_without_any_rule() {
    let folder = folder();
    succeed(&mut factor(&format!("{SAME_SCANS} --dict1 dict1.tsv"), folder.path()));
    links_are_right(folder.path());
    assert!(table(&folder.path().join("candidates.tsv")).1.is_empty());
}

#[test]
fn rules_link_what_was_measured_apart_and_mask_what_they_do_not_name() {
    let folder = folder();
    for coupling in ["shared", "soft", "dictionary"] {
        succeed(&mut factor(
            &format!("{SAME_SCANS} --rules rules.toml --coupling {coupling}"),
            folder.path(),
        ));
        links_are_right(folder.path());
    }
    succeed(&mut factor(
        &format!("{APART} --rules rules.toml --coupling dictionary"),
        folder.path(),
    ));
    links_are_right(folder.path());
    let rows = table(&folder.path().join("fragments.tsv")).1;
    assert_eq!(fragments(&rows, "2", "missing"), ["70.00000"]);
    assert_eq!(fragments(&rows, "3", "missing"), ["70.00000"]);
    let named =
        rows.iter().find(|r| r["fragment_mz"] == "130.00000").expect("the fragment is there");
    assert_eq!(
        (named["rule_id"].as_str(), named["presence"].as_str()),
        ("two-matrices/sets-of-500", "expected")
    );

    // What the chosen sets do not hold is exactly zero, and the row at m/z 300 has no precursor.
    let sets =
        [&[90.0, 110.0][..], &[70.0, 100.0, 110.0, 120.0], &[70.0, 80.0, 100.0, 120.0, 130.0]];
    let (_, dictionary) = table(&folder.path().join("dict2.tsv"));
    for row in &dictionary {
        for (set, id) in sets.iter().zip(["1", "2", "3"]) {
            assert!(set.contains(&number(row, "mz")) || row[id] == "0", "{row:?}");
        }
    }
    let (_, dictionary) = table(&folder.path().join("dict1.tsv"));
    for (row, mz) in dictionary.iter().zip([200.0, 300.0, 400.0, 500.0]) {
        let shows: Vec<bool> = ["1", "2", "3"].iter().map(|id| number(row, id) > 0.0).collect();
        assert_eq!(shows, [mz == 200.0, mz == 400.0, mz == 500.0]);
    }
}

#[test]
fn without_rules_what_was_measured_apart_cannot_be_linked() {
    let folder = folder();
    succeed(&mut factor(
        &format!("{APART} --dict1 dict1.tsv --coupling dictionary"),
        folder.path(),
    ));
    let features = table(&folder.path().join("features.tsv")).1;
    let status: Vec<&str> = features.iter().map(|row| row["status"].as_str()).collect();
    assert_eq!(status, ["not_separable:2,3", "not_separable:1,3", "not_separable:1,2"]);
    let record: Value = serde_json::from_str(&text(&folder.path().join("run.json"))).unwrap();
    assert!(
        record["gauge"][0]
            .as_str()
            .is_some_and(|note| note.contains("tie of column sums would add nothing"))
    );

    // Activations in common do not fit, and that is told.
    let ended = succeed(&mut factor(&format!("{APART} --rules rules.toml"), folder.path()));
    assert!(ended.stderr.contains("ms2.tsv: the residuals scatter"), "{}", ended.stderr);
    let features = table(&folder.path().join("features.tsv")).1;
    let believed = |row: &Row| row["best_candidate"] != "none" && number(row, "posterior") > 0.9;
    assert!(!features.iter().any(believed), "{features:?}");
}

/// Activations that are to be alike, and of matrices that have nothing in common.
#[test]
fn coupling_that_says_nothing_is_told() {
    let folder = folder();
    for coupling in ["soft", "shared"] {
        let told = |matrices: &str| {
            let arguments = format!("{matrices} --coupling {coupling}");
            let ended = succeed(&mut factor(&arguments, folder.path()));
            ended.stderr.contains("activations in common say nothing here")
        };
        assert!(told(APART) && !told(SAME_SCANS), "{coupling}");
    }
}

/// With the m/z of the first matrix its rows are the precursors; a row at the distance of an
/// isotope with the same course is none of its own.
#[test]
fn rows_of_the_first_matrix_are_precursors_and_those_of_one_course_are_one() {
    let folder = folder();
    let (out, ms1) = (folder.path().join("out"), folder.path().join("ms1.tsv"));
    succeed(&mut factor(SAME_SCANS, &out));
    links_are_right(&out);
    let lines = text(&example().join("ms1.tsv"));
    let isotope: Vec<String> = lines
        .lines()
        .nth(2)
        .expect("400 shows in the third row")
        .split('\t')
        .map(|x| (0.2 * x.parse::<f64>().expect("a count")).round().to_string())
        .collect();
    let rows: Vec<&str> = lines.lines().collect();
    let all = [rows[0], rows[1], rows[2], &isotope.join("\t"), rows[3]].join("\n");
    fs::write(&ms1, all).unwrap();
    let axis = folder.path().join("axis.txt");
    fs::write(&axis, "200\n300\n400\n401.00336\n500\n").unwrap();
    let arguments = "--ms2 ms2-same-scans.tsv --ms2-axis ms2-mz.txt";
    succeed(factor(arguments, &out).arg("--ms1").arg(&ms1).arg("--ms1-axis").arg(&axis));
    links_are_right(&out);
    let dictionary = table(&out.join("dict1.tsv")).1;
    let own: Vec<bool> = dictionary.iter().map(|row| number(row, "2") > 0.0).collect();
    assert_eq!(own, [false, false, true, true, false]);
    let record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    assert_eq!((&record["rank"]["atoms"], &record["rank"]["from"]), (&3.into(), &"rows".into()));

    // Another number of precursors than rows show is the caller's.
    let ended = succeed(&mut factor(&format!("{SAME_SCANS} --rank 4"), &out));
    assert!(ended.stderr.contains("the rows show 3 precursors, and 4 are asked for"));
}

#[test]
fn every_file_is_as_documented() {
    let folder = folder();
    let out = folder.path().join("out");
    succeed(&mut factor(&format!("{SAME_SCANS} --rules rules.toml --format npy"), &out));
    let mut expected: Vec<String> = TABLES.iter().map(|name| (*name).to_owned()).collect();
    expected.extend(
        ["activations1", "activations2", "dict1", "dict2"].map(|name| format!("{name}.npy")),
    );
    expected.push("run.json".to_owned());
    expected.sort();
    assert_eq!(names_in(&out), expected);
    for name in ["features.tsv", "fragments.tsv", "candidates.tsv"] {
        assert_eq!(table(&out.join(name)).0, documented(&format!("factor.md#{name}")), "{name}");
    }
    let record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(keys, documented("factor.md#run.json").iter().collect::<Vec<_>>());
    let written: String =
        TABLES.iter().chain(&["run.json"]).map(|name| text(&out.join(name))).collect();
    let page = text(&root().join("docs/files/factor.md"));
    for line in blocks(&page).flat_map(|(_, example)| example.lines()) {
        assert!(written.lines().any(|other| alike(line, other)), "no file has the example {line}");
    }
    let hash = Sha256::digest(fs::read(example().join("ms1.tsv")).unwrap());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(record["input"]["ms1"]["sha256"], hash);
    assert_eq!((&record["rank"]["atoms"], &record["rank"]["from"]), (&3.into(), &"rules".into()));
    assert_eq!(record["fit"]["gain"], serde_json::json!([1.0, 1.0]));
    let judgement = &record["judgement"];
    assert_eq!((&judgement["fitted"], &judgement["complete"]), (&45.into(), &true.into()));
    assert!(
        judgement["log10_hypotheses"].as_f64().is_some_and(|n| (n - 45_f64.log10()).abs() < 1e-9)
    );
    assert!(record["fit"]["kkt_residual"].as_f64().is_some_and(|kkt| kkt < 1e-4), "{record}");

    let posterior = |row: &Row| number(row, "posterior");
    let candidates = table(&out.join("candidates.tsv")).1;
    for (id, sets) in [("1", 3), ("2", 5), ("3", 3)] {
        let own: Vec<&Row> = candidates.iter().filter(|row| row["feature_id"] == id).collect();
        assert_eq!(own.len(), sets + 1, "every set, and none of them");
        assert!((own.iter().map(|row| posterior(row)).sum::<f64>() - 1.0).abs() < 1e-3);
        assert!(own.is_sorted_by(|a, b| posterior(a) >= posterior(b)));
        let none = own.iter().find(|row| row["candidate"] == "none").expect("none of them");
        assert_eq!(number(none, "log_evidence"), 0.0);
    }
    for (name, shape) in
        [("dict1", (4, 3)), ("dict2", (7, 3)), ("activations1", (3, 20)), ("activations2", (3, 20))]
    {
        let exact: Array2<f64> = read_npy(out.join(format!("{name}.npy"))).unwrap();
        assert_eq!(exact.dim(), shape);
        let (header, rows) = table(&out.join(format!("{name}.tsv")));
        for (m, row) in rows.iter().enumerate() {
            for (k, column) in header.iter().skip(1).enumerate() {
                assert!(
                    (number(row, column) - exact[(m, k)]).abs() <= 1e-5 * exact[(m, k)],
                    "{name} {m} {k}"
                );
            }
        }
        if name.starts_with("activations") {
            assert!(
                exact.rows().into_iter().all(|row| row.fold(0.0, |a: f64, b| a.max(*b)) == 1.0),
                "{name}"
            );
        }
    }
}

/// With twelve sets for each of three precursors there are more hypotheses than are all fitted.
#[test]
fn that_not_all_hypotheses_were_fitted_is_told() {
    let folder = folder();
    let (out, rules) = (folder.path().join("out"), folder.path().join("many.toml"));
    let mut known = text(&example().join("rules.toml"));
    for (mz, first) in [(200, 3), (400, 5), (500, 3)] {
        let sets: Vec<String> = (first..12).map(|n| wrong_set(n, mz)).collect();
        known += &format!(
            "\n[[rule]]\nid = \"more-of-{mz}\"\nkind = \"fragment-set\"\nprecursor = {mz}.0\n\
             sets = [{}]\n",
            sets.join(", ")
        );
    }
    fs::write(&rules, known).unwrap();
    succeed(factor(SAME_SCANS, &out).arg("--rules").arg(&rules));
    links_are_right(&out);
    let record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    let judgement = &record["judgement"];
    assert_eq!(judgement["complete"], false);
    let all = judgement["log10_hypotheses"].as_f64().unwrap();
    assert!((all - 3.0 * 12_f64.log10()).abs() < 1e-9, "{judgement}");
    let notes = record["gauge"].as_array().unwrap();
    let told = |note: &&Value| note.as_str().unwrap().contains("hypotheses (a candidate for every");
    assert_eq!(notes.iter().filter(told).count(), 1, "{notes:?}");
}

/// A set of fragments that are not there.
fn wrong_set(number: usize, mz: usize) -> String {
    format!("{{ name = \"wrong-{mz}-{number}\", mz = [{}.5, {}.5] }}", 30 + number, 45 + number)
}

#[test]
fn every_format_and_every_number_of_threads_gives_the_same() {
    let folder = folder();
    let lines = text(&example().join("ms2-same-scans.tsv"));
    let rows: Vec<Vec<f64>> = lines
        .lines()
        .map(|line| line.split('\t').map(|x| x.parse().expect("a number")).collect())
        .collect();
    let flat = rows.concat();
    let wide = Array2::from_shape_vec((7, 20), flat.clone()).unwrap();
    fs::write(folder.path().join("b.csv"), lines.replace('\t', ", ")).unwrap();
    write_npy(folder.path().join("b.npy"), &wide.mapv(|x| x as u16)).unwrap();
    // Fortran order.
    let tall = Array2::from_shape_fn((20, 7), |(t, m)| wide[(m, t)] as f32);
    write_npy(folder.path().join("f.npy"), &tall.t()).unwrap();
    let tables = |ms2: &Path, threads: &str, out: &str| {
        let out = folder.path().join(out);
        let arguments = "--ms1 ms1.tsv --ms1-axis ms1-mz.txt --ms2-axis ms2-mz.txt --rules \
            rules.toml --coupling dictionary";
        succeed(factor(arguments, &out).arg("--ms2").arg(ms2).args(["--threads", threads]));
        TABLES.map(|name| text(&out.join(name)))
    };
    let wanted = tables(Path::new("ms2-same-scans.tsv"), "1", "tsv");
    assert!(tables(Path::new("ms2-same-scans.tsv"), "2", "two") == wanted);
    for (name, out) in [("b.csv", "csv"), ("b.npy", "npy"), ("f.npy", "fortran")] {
        assert!(tables(&folder.path().join(name), "2", out) == wanted, "{name}");
    }
}

/// The lines about the solver depend on rounding.
#[test]
fn the_documents_print_what_comes_out() {
    let folder = folder();
    for (page, least) in [("examples/two-matrices/README.md", 3), ("docs/two-matrices.md", 2)] {
        let mut found = 0;
        for step in steps(&text(&root().join(page))) {
            let Step::Command { command, printed } = step else { continue };
            let arguments = command.strip_prefix("cofactor factor ").unwrap();
            let ended = end(&mut factor(arguments, folder.path()));
            assert_eq!(ended.code, Some(0), "{command}\n{}", ended.stderr);
            assert_alike(&printed, &ended.stderr, &command, |line| {
                line.starts_with("  ") || line.starts_with("warning")
            });
            found += 1;
        }
        assert!(found >= least, "{page}");
    }
}
