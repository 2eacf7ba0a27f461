//! Matrices and options that cannot be used: one message with the place, exit code 2, and no
//! folder; and cells that were not observed.

use std::fs;
use std::path::Path;

use ndarray::{Array2, array};
use ndarray_npy::write_npy;
use serde_json::Value;

use crate::errors::fail;
use crate::factor::{example, factor};
use crate::support::{folder, number, succeed, table, text};

/// Arguments that must be refused with all `parts` in the message.
#[track_caller]
fn refused(files: &Path, arguments: &str, parts: &[&str]) {
    let out = files.join("out");
    let placed = arguments.replace('@', &format!("{}/", files.display()));
    let message = fail(&mut factor(&placed, &out), 2);
    for part in parts {
        assert!(message.contains(part), "no {part:?} in\n{message}");
    }
    assert!(!out.exists(), "a folder was left behind");
}

#[test]
fn matrices_that_cannot_be_used_are_shown_with_their_place() {
    let folder = folder();
    let files = folder.path();
    for (name, content, parts) in [
        ("short.tsv", "1\t2\n3\n", &["short.tsv:2: 1 cells, where the first line has 2"][..]),
        ("comma.csv", "1;2\n3;4,5\n", &["comma.csv:2:2: `4,5` is no number", "with a point"]),
        ("names.tsv", "1\t2\nb\t4\n", &["names.tsv:2:1: `b` is no number", "--row-names yes"]),
        ("word.tsv", "1\t2\n3\tmany\n", &["word.tsv:2:2: `many` is no number"]),
        ("negative.tsv", "1\t2\n3\t-4\n", &["negative.tsv:2:2: -4 is no intensity", "≥ 0"]),
        ("infinite.csv", "1,inf\n", &["infinite.csv:1:2: inf is no intensity"]),
        ("empty.tsv", "", &["empty.tsv is empty"]),
        ("dark.tsv", "0\t<7\nNA\t0\n", &["dark.tsv holds no signal"]),
        ("limit.tsv", "0\t<\n", &["limit.tsv:1:2: `<` is no number", "<5"]),
        (
            "matrix.xlsx",
            "1",
            &["matrix.xlsx: the extension says the format", ".npy, .tsv, .csv or .txt"],
        ),
        ("many.npz", "PK", &["many.npz is an archive of arrays", "numpy.save"]),
        ("broken.npy", "no array", &["broken.npy is no whole .npy file"]),
    ] {
        fs::write(files.join(name), content).unwrap();
        refused(files, &format!("--ms1 @{name} --ms2 ms2.tsv"), parts);
    }
    write_npy(files.join("flat.npy"), &array![1.0, 2.0]).unwrap();
    refused(files, "--ms1 @flat.npy --ms2 ms2.tsv", &["flat.npy has 1 dimensions; expected 2"]);
    write_npy(files.join("negative.npy"), &array![[1.0, 2.0], [3.0, -4.0]]).unwrap();
    refused(
        files,
        "--ms1 @negative.npy --ms2 ms2.tsv",
        &["negative.npy: row 2, column 2: -4 is no intensity"],
    );
    refused(files, "--ms1 @none.tsv --ms2 ms2.tsv", &["cannot read", "none.tsv"]);
    fs::write(files.join("wide.tsv"), "1\t2\t3\n").unwrap();
    refused(
        files,
        "--ms1 @wide.tsv --ms2 ms2.tsv",
        &["has 3 columns", "has 20", "--coupling dictionary"],
    );
}

#[test]
fn axes_dictionaries_and_options_that_do_not_fit() {
    let folder = folder();
    let files = folder.path();
    let given = "--ms1 ms1.tsv --ms2 ms2.tsv";
    for (name, content, parts) in [
        (
            "turned.txt",
            "200\n400\n300\n500\n",
            &["turned.txt:3: 300 follows 400; expected ascending m/z"][..],
        ),
        ("few.txt", "200\n300\n", &["few.txt has 2 m/z", "ms1.tsv has 4 rows"]),
        ("words.txt", "200\nabc\n400\n500\n", &["words.txt:2: `abc` is no m/z"]),
    ] {
        fs::write(files.join(name), content).unwrap();
        refused(files, &format!("{given} --ms1-axis @{name}"), parts);
    }
    refused(
        files,
        &format!("{given} --rules rules.toml"),
        &["--ms1-axis FILE and --ms2-axis FILE"],
    );
    refused(
        files,
        &format!("{given} --ms1-axis ms1-mz.txt --rules rules.toml"),
        &["--rules speak of m/z"],
    );
    for (name, content, parts) in [
        ("rows.tsv", "1\t0\n0\t1\n", &["rows.tsv has 2 rows", "ms1.tsv has 4"][..]),
        ("hole.tsv", "1\t0\n\t1\n1\t0\n0\t1\n", &["hole.tsv: row 2, column 1 is empty"]),
        ("zero.tsv", "1\t0\n0\t0\n1\t0\n0\t0\n", &["zero.tsv: column 2 is all zeros"]),
    ] {
        fs::write(files.join(name), content).unwrap();
        refused(files, &format!("{given} --dict1 @{name}"), parts);
    }
    fs::write(files.join("two.tsv"), "1\t1\n".repeat(7)).unwrap();
    refused(
        files,
        &format!("{given} --dict1 dict1.tsv --dict2 @two.tsv"),
        &["--dict1 has 3 columns and --dict2 2"],
    );
    refused(
        files,
        &format!("{given} --hold dict2"),
        &["--hold names a dictionary that is not given"],
    );
    refused(
        files,
        &format!("{given} --dict1 dict1.tsv --rank 4"),
        &["--rank is 4", "have 3 precursors"],
    );
    refused(
        files,
        &format!("{given} --coupling dictionary"),
        &["give --rank K, a dictionary or rules"],
    );
    refused(files, &format!("{given} --rank 0"), &["`0` is no rank"]);
    refused(files, &format!("{given} --gain2 0"), &["--gain2 is 0; expected a number above 0"]);
    refused(files, &format!("{given} --starts 0"), &["--starts <N>", "from 1 to 10000"]);
    let ruled = format!("{given} --ms1-axis ms1-mz.txt --ms2-axis ms2-mz.txt");
    fs::write(files.join("bad.toml"), "schema = 1\n[[rule]]\nid = \"a\"\nkind = \"neutral-los\"\n")
        .unwrap();
    refused(files, &format!("{ruled} --rules @bad.toml"), &["bad.toml:4:8"]);
    let rules = text(&example().join("rules.toml")).replace("precursor = ", "precursor = 1");
    fs::write(files.join("other.toml"), rules.split("[[test]]").next().unwrap()).unwrap();
    let nearest = "no rule of `two-matrices` speaks for any of the 3 precursors; the nearest is";
    refused(
        files,
        &format!("{ruled} --rules @other.toml"),
        &["about none of the m/z of ms1.tsv", nearest],
    );
}

#[test]
fn a_rule_file_that_speaks_for_no_precursor_is_told_with_its_nearest_rule() {
    let folder = folder();
    let files = folder.path();
    let rules = text(&example().join("rules.toml")).replace("two-matrices", "elsewhere");
    let rules = rules.replace("precursor = ", "precursor = 1");
    fs::write(files.join("other.toml"), rules.split("[[test]]").next().unwrap()).unwrap();
    let axes = "--ms1-axis ms1-mz.txt --ms2-axis ms2-mz.txt --rules rules.toml";
    let given = format!("--ms1 ms1.tsv --ms2 ms2.tsv {axes}");
    let run = |arguments: &str| succeed(&mut factor(arguments, &files.join("found"))).stderr;
    let silence = "speaks for any of the 3 precursors; the nearest is `elsewhere/";
    assert!(!run(&given).contains("speaks for any"));
    let told = run(&format!("{given} --rules {} --force", files.join("other.toml").display()));
    assert!(told.contains(silence), "{told}");
}

/// The example's matrices as other programs write them: what is read is the same, and how is told.
#[test]
fn names_delimiters_and_turned_matrices_are_understood_and_told() {
    let folder = folder();
    let files = folder.path();
    let rows = |name: &str| -> Vec<Vec<String>> {
        let lines = text(&example().join(name));
        lines.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let (first, second) = (rows("ms1.tsv"), rows("ms2-same-scans.tsv"));
    let axis: Vec<String> =
        text(&example().join("ms1-mz.txt")).lines().map(str::to_owned).collect();
    let out = files.join("found");
    let run = |arguments: &str| {
        let placed = arguments.replace('@', &format!("{}/", files.display()));
        let ended = succeed(&mut factor(&format!("{placed} --ms2-axis ms2-mz.txt"), &out));
        let factors = ["dict1.tsv", "dict2.tsv", "activations2.tsv"];
        (factors.map(|name| text(&out.join(name))), ended.stderr)
    };
    let plain = "--ms1 ms1.tsv --ms2 ms2-same-scans.tsv --ms1-axis ms1-mz.txt";
    let (wanted, told) = run(plain);
    assert!(!told.contains("note:"), "{told}");

    // pandas: to_csv with its header and index, the index being m/z or a count.
    let pandas = |matrix: &[Vec<String>], index: &dyn Fn(usize) -> String| -> String {
        let header: String = (0..matrix[0].len()).map(|t| format!(",{t}")).collect();
        let line = |(m, row): (usize, &Vec<String>)| index(m) + "," + &row.join(",") + "\n";
        header + "\n" + &matrix.iter().enumerate().map(line).collect::<String>()
    };
    fs::write(files.join("index.csv"), pandas(&first, &|m| axis[m].clone())).unwrap();
    fs::write(files.join("count.csv"), pandas(&second, &|m| m.to_string())).unwrap();
    let (found, told) = run("--ms1 @index.csv --ms2 @count.csv");
    assert_eq!(found, wanted, "its m/z are the axis");
    for part in [
        "index.csv: the first line (, 0, 1, 2, …) is taken for a header",
        "index.csv: the names of its rows are taken for their m/z",
        "count.csv: the first column (0, 1, 2, 3, …) is taken for names of the rows",
    ] {
        assert!(told.contains(part), "no {part:?} in\n{told}");
    }

    // Columns for rows, and semicolons.
    let turned = |matrix: &[Vec<String>]| -> String {
        let line = |t: usize| matrix.iter().map(|row| row[t].clone()).collect::<Vec<_>>().join(";");
        (0..matrix[0].len()).map(|t| line(t) + "\n").collect()
    };
    fs::write(files.join("turned.csv"), turned(&first)).unwrap();
    let arguments = "--ms1 @turned.csv --ms2 ms2-same-scans.tsv --ms1-axis ms1-mz.txt";
    let (found, told) = run(arguments);
    assert_eq!(found, wanted);
    assert!(told.contains("semicolons separate") && told.contains("columns are taken for rows"));

    // What is said is not sniffed: the header becomes a row of the matrix.
    fs::write(files.join("bare.csv"), pandas(&first, &|m| m.to_string())).unwrap();
    refused(
        files,
        "--ms1 @bare.csv --ms1-axis ms1-mz.txt --ms2 ms2.tsv --header no --row-names no",
        &["ms1-mz.txt has 4 m/z", "bare.csv has 5 rows"],
    );
    let record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    assert_eq!(record["told"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_result_folder_that_cannot_be_made_is_the_machines_fault() {
    let folder = folder();
    fs::write(folder.path().join("file"), "something else").unwrap();
    let message = fail(
        &mut factor("--ms1 ms1.tsv --ms2 ms2.tsv --rank 2", &folder.path().join("file/out")),
        1,
    );
    assert!(message.contains("cannot write"), "{message}");
}

/// A rank-one matrix of which some cells were not observed, and what these would have been is
/// wrong.
#[test]
fn cells_that_were_not_observed_are_never_read() {
    let folder = folder();
    let files = folder.path();
    let activation = [1.0, 4.0, 9.0, 10.0, 6.0, 2.0];
    let lines = |column: &[f64], hidden: &[(usize, usize)], word: &str| -> String {
        let cell = |m: usize, t: usize| match hidden.contains(&(m, t)) {
            true => word.to_owned(),
            false => (column[m] * activation[t]).to_string(),
        };
        let line = |m: usize| (0..6).map(|t| cell(m, t)).collect::<Vec<_>>().join("\t");
        (0..column.len()).map(|m| line(m) + "\n").collect()
    };
    let hidden = [(0, 3), (1, 0), (2, 5)];
    fs::write(files.join("a.tsv"), lines(&[20.0, 5.0], &[], "")).unwrap();
    let run = |name: &str| {
        let out = files.join("out");
        let a = files.join("a.tsv");
        succeed(
            factor("--rank 1 --quiet", &out)
                .arg("--ms1")
                .arg(&a)
                .arg("--ms2")
                .arg(files.join(name)),
        );
        table(&out.join("dict2.tsv")).1.iter().map(|row| number(row, "1")).collect::<Vec<f64>>()
    };
    for word in ["", "NA", "nan"] {
        fs::write(files.join("b.tsv"), lines(&[30.0, 0.0, 7.0], &hidden, word)).unwrap();
        assert_eq!(run("b.tsv"), [300.0, 0.0, 70.0], "{word}");
    }
    let mut holes = Array2::from_shape_fn((3, 6), |(m, t)| [30.0, 0.0, 7.0][m] * activation[t]);
    hidden.iter().for_each(|&at| holes[at] = f64::NAN);
    write_npy(files.join("b.npy"), &holes).unwrap();
    assert_eq!(run("b.npy"), [300.0, 0.0, 70.0]);
    fs::write(files.join("wrong.tsv"), lines(&[30.0, 0.0, 7.0], &hidden, "500")).unwrap();
    assert_ne!(run("wrong.tsv"), [300.0, 0.0, 70.0]);
}

#[test]
fn cells_below_a_limit_say_so_and_no_more() {
    let folder = folder();
    let files = folder.path();
    let activation = [1.0, 4.0, 9.0, 10.0, 6.0, 2.0];
    let lines = |column: &[f64], least: f64, mark: &str| -> String {
        let cell = |x: f64| if x < least { format!("{mark}{least}") } else { x.to_string() };
        let line = |d: &f64| activation.iter().map(|h| cell(d * h)).collect::<Vec<_>>().join("\t");
        column.iter().map(|d| line(d) + "\n").collect()
    };
    fs::write(files.join("a.tsv"), lines(&[20.0, 5.0], 0.0, "")).unwrap();
    let run = |text: String| {
        let (out, b) = (files.join("out"), files.join("b.tsv"));
        fs::write(&b, text).unwrap();
        succeed(
            factor("--rank 1 --quiet", &out)
                .arg("--ms1")
                .arg(files.join("a.tsv"))
                .arg("--ms2")
                .arg(b),
        );
        table(&out.join("dict2.tsv")).1.iter().map(|row| number(row, "1")).collect::<Vec<f64>>()
    };
    let column = [30.0, 7.0, 0.5];
    let (known, taken_as_values) = (run(lines(&column, 25.0, "<")), run(lines(&column, 25.0, "")));
    // The first two rows show a part, the third nothing; limits taken as values make it the
    // strongest error.
    assert!(
        (known[0] / 300.0 - 1.0).abs() < 0.05 && (known[1] / 70.0 - 1.0).abs() < 0.15,
        "{known:?}"
    );
    assert!(known[2] < 10.0 && taken_as_values[2] > 30.0, "{known:?}, {taken_as_values:?}");
}

#[test]
fn held_dictionaries_stay_as_given_and_matrices_of_other_lengths_go_apart() {
    let folder = folder();
    let out = folder.path().join("out");
    let matrices = "--ms1 ms1.tsv --ms2 ms2-same-scans.tsv";
    succeed(&mut factor(&format!("{matrices} --dict1 dict1.tsv --hold dict1"), &out));
    let rows = table(&out.join("dict1.tsv")).1;
    let diagonal: Vec<&str> =
        [(0, "1"), (2, "2"), (3, "3")].iter().map(|&(m, k)| rows[m][k].as_str()).collect();
    assert_eq!(diagonal, ["200", "400", "500"]);
    let (header, _) = table(&out.join("dict1.tsv"));
    assert_eq!(header[0], "row", "without an axis rows are numbered");

    let shorter: String = text(&example().join("ms2.tsv"))
        .lines()
        .map(|line| line.split('\t').take(15).collect::<Vec<_>>().join("\t") + "\n")
        .collect();
    let short = folder.path().join("short.tsv");
    fs::write(&short, shorter).unwrap();
    let arguments = "--ms1 ms1.tsv --ms1-axis ms1-mz.txt --ms2-axis ms2-mz.txt --rules rules.toml \
        --coupling dictionary";
    succeed(factor(arguments, &out).arg("--ms2").arg(&short));
    let (columns1, columns2) = (
        table(&out.join("activations1.tsv")).0.len(),
        table(&out.join("activations2.tsv")).0.len(),
    );
    assert_eq!((columns1, columns2), (21, 16));
}

#[test]
fn the_number_of_precursors_is_chosen_by_held_out_cells() {
    let folder = folder();
    let out = folder.path().join("out");
    succeed(&mut factor("--ms1 ms1.tsv --ms2 ms2-same-scans.tsv", &out));
    let record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    assert_eq!(
        (&record["rank"]["atoms"], &record["rank"]["from"]),
        (&3.into(), &"held-out cells".into())
    );
    assert_eq!(record["rank"]["trials"].as_array().map(Vec::len), Some(10));
}
