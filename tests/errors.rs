//! Input that cannot be used: an exit code, one message that says what to do, and a result folder
//! that stays as it was.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{
    RESULT_FILES, cofactor, end, folder, names_in, run, succeed, text, write_small_run,
};

/// Runs a command that must fail, and checks that it fails in good order; its message.
#[track_caller]
pub(crate) fn fail(command: &mut Command, code: i32) -> String {
    let ended = end(command);
    let message = ended.stderr;
    assert_eq!(ended.code, Some(code), "{command:?}\n{message}");
    assert!(!message.contains("panicked") && !message.contains("RUST_BACKTRACE"), "{message}");
    assert_eq!(message.matches("error:").count(), 1, "{message}");
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    message
}

/// A file that cannot be used: the message has all `parts`, no result folder is made, and old
/// results stay.
#[track_caller]
fn refused(input: &Path, parts: &[&str]) {
    let folder = folder();
    let out = folder.path().join("out");
    let message = fail(&mut run(input, &out), 2);
    for part in parts {
        assert!(message.contains(part), "no {part:?} in\n{message}");
    }
    assert!(!out.exists(), "a folder was left behind");
    fs::create_dir(&out).expect("a folder");
    fs::write(out.join("features.tsv"), "old").expect("an old result");
    fail(&mut run(input, &out), 2);
    assert_eq!(names_in(&out), ["features.tsv"]);
    assert_eq!(text(&out.join("features.tsv")), "old");
}

#[test]
fn files_that_cannot_be_used() {
    let folder = folder();
    let path = folder.path().join("broken.mzML");
    refused(&path, &["broken.mzML cannot be opened"]);
    refused(folder.path(), &["is a folder. Give an mzML file"]);
    fs::write(&path, "").unwrap();
    refused(&path, &["broken.mzML is empty (0 bytes)"]);
    fs::write(&path, "m/z\tintensity\n100\t5\n").unwrap();
    refused(&path, &["broken.mzML is not an mzML file", "msconvert"]);
    write_small_run(&path);
    let whole = text(&path);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused(
        &path,
        &["broken.mzML is incomplete", "of 213 spectra", "copy or convert", "--allow-truncated"],
    );
    fs::write(&path, whole.replace("spectrumList count=\"213\"", "spectrumList count=\"500\""))
        .unwrap();
    refused(&path, &["213 of the 500 spectra", "--allow-truncated"]);
}

#[test]
fn a_bad_rule_file_is_shown_at_its_line_and_column() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_small_run(&input);
    let rules = folder.path().join("bad.toml");
    fs::write(
        &rules,
        "schema = 1\n\n[[rule]]\nid = \"a\"\nkind = \"neutral-loss\"\nlosses = [\"H2Xx\"]\n",
    )
    .unwrap();
    for mut command in [run(&input, &out), cofactor()] {
        if command.get_args().count() == 0 {
            command.args(["rules", "check"]).arg(&rules);
        } else {
            command.arg("--rules").arg(&rules);
        }
        let message = fail(&mut command, 2);
        assert!(message.contains("bad.toml:6:11"), "{message}");
        assert!(message.contains("losses = [\"H2Xx\"]"), "{message}");
    }
    let message = fail(run(&input, &out).arg("--rules").arg(folder.path().join("none.toml")), 2);
    assert!(message.contains("none.toml"), "{message}");
    let message = fail(run(&input, &out).args(["--rules", "@flavonoid"]), 2);
    assert!(message.contains("first: flavonoids, "), "{message}");
    assert!(!out.exists());
}

#[test]
fn bad_arguments_and_parameters() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_small_run(&input);
    let config = folder.path().join("config.toml");
    fs::write(&config, "[expert]\nmax_gapp = 2\n").unwrap();
    let message = fail(run(&input, &out).arg("--config").arg(&config), 2);
    assert!(
        message.contains("config.toml:2:1") && message.contains("did you mean `max_gap`?"),
        "{message}"
    );
    for (former, now) in
        [("traces.tolerance", "tolerance"), ("features.boundary", "expert.boundary")]
    {
        let (table, key) = former.split_once('.').unwrap();
        fs::write(&config, format!("[{table}]\n{key} = 1\n")).unwrap();
        let message = fail(run(&input, &out).arg("--config").arg(&config), 2);
        assert!(
            message.contains("config.toml:2:1")
                && message.contains(&format!("`{former}` is `{now}` now")),
            "{message}"
        );
    }
    let message = fail(run(&input, &out).args(["--rt", "120:60"]), 2);
    assert!(message.contains("`120:60` is no interval"), "{message}");
    let message = fail(run(&input, &out).args(["--rt", "5000:6000"]), 2);
    assert!(message.contains("no scan lies between 5000 and 6000 seconds"), "{message}");
    let message = fail(run(&input, &out).arg("--parquet"), 2);
    assert!(
        message.contains("was built without Parquet") && message.contains("--features parquet"),
        "{message}"
    );
    assert!(!out.exists());
    let scenario =
        fail(cofactor().args(["simulate", "--scenario", "nonsense", "--out"]).arg(&out), 2);
    assert!(scenario.contains("easy, hard, demo"), "{scenario}");
    let fixed = fail(
        cofactor()
            .args(["simulate", "--scenario", "lipids", "--compounds", "9", "--out"])
            .arg(&out),
        2,
    );
    assert!(fixed.contains("`lipids` has a fixed number of compounds"), "{fixed}");
    let never = fail(cofactor().args(["simulate", "--minutes", "nan", "--out"]).arg(&out), 2);
    assert!(never.contains("`duration_seconds` must be a time of at least one cycle"), "{never}");
    assert!(!out.exists());
    let score =
        fail(cofactor().arg("score").arg("--truth").arg(&config).arg("--spectra").arg(&config), 2);
    assert!(score.contains("config.toml is not the truth of a simulated run"), "{score}");
}

#[test]
fn two_runs_of_one_name_have_a_folder_each() {
    let folder = folder();
    let inputs = ["a", "b"].map(|name| folder.path().join(name).join("run.mzML"));
    for input in &inputs {
        fs::create_dir(input.parent().unwrap()).unwrap();
        write_small_run(input);
    }
    let out = folder.path().join("out");
    succeed(run(&inputs[0], &out).arg(&inputs[1]));
    assert_eq!(names_in(&out), ["batch.tsv", "run-a", "run-b"]);
}

#[test]
fn a_broken_run_among_several_does_not_touch_the_results_of_the_others() {
    let folder = folder();
    let (good, bad) = (folder.path().join("good.mzML"), folder.path().join("bad.mzML"));
    write_small_run(&good);
    fs::write(&bad, "").unwrap();
    let out = folder.path().join("out");
    let message = fail(run(&good, &out).arg(&bad), 2);
    assert!(message.contains("bad.mzML is empty"), "{message}");
    assert_eq!(names_in(&out), ["batch.tsv", "good"]);
    assert_eq!(names_in(&out.join("good")), RESULT_FILES);
}

#[test]
fn an_output_that_cannot_be_written_is_the_machines_fault() {
    let folder = folder();
    let input = folder.path().join("run.mzML");
    write_small_run(&input);
    let file = folder.path().join("file");
    fs::write(&file, "something else").unwrap();
    let message = fail(&mut run(&input, &file.join("out")), 1);
    assert!(message.contains("cannot write") && message.contains("file/out"), "{message}");
    assert_eq!(text(&file), "something else");
}

#[test]
fn new_results_replace_old_ones() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_small_run(&input);
    fs::create_dir(&out).unwrap();
    fs::write(out.join("features.tsv"), "of another program").unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let message = fail(&mut run(&input, &out), 2);
    assert!(
        message.contains("features.tsv is no result") && message.contains("--force"),
        "{message}"
    );
    assert_eq!(text(&out.join("features.tsv")), "of another program");
    succeed(run(&input, &out).arg("--force"));
    assert!(text(&out.join("features.tsv")).starts_with("feature_id\t"));
    succeed(&mut run(&input, &out));
    let message = fail(run(&input, &out).args(["--rt", "0:45"]), 2);
    assert!(
        message.contains("from other rules or parameters") && message.contains("--force"),
        "{message}"
    );
    succeed(run(&input, &out).args(["--rt", "0:45", "--force"]));
    assert_eq!(text(&out.join("notes.txt")), "mine");
}
