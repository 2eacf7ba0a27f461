//! Many writers of one folder, files of others in it, results that were touched, and an input that
//! changes meanwhile.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::batch::same_results;
use crate::errors::fail;
use crate::support::{
    Compound, RESULT_FILES, cofactor, end, folder, names_in, run, signals, succeed, table, text,
    wait_for_claim, write_run_by_hand, write_small_run,
};

/// Rounds of two writers, and as many of four.
const ROUNDS: usize = 100;
/// How often the input is replaced or appended to.
const SWAPS: u32 = 50;

fn json(path: &Path) -> Value {
    serde_json::from_str(&text(path)).expect("JSON")
}

fn hash(path: &Path) -> String {
    Sha256::digest(fs::read(path).expect("a file"))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A run that is processed in no time; `rt` makes it differ from others.
fn write_tiny_run(path: &Path, rt: f64) {
    let compounds = [Compound { mz: 250.1, rt, fragments: &[100.05, 150.1] }];
    let window = cofactor_core::IsolationWindow { lower: 200.0, upper: 300.0 };
    write_run_by_hand(path, &compounds, |_| vec![window]);
}

/// All files are there, and those that the record lists.
#[track_caller]
fn is_one_whole_run(out: &Path) {
    let record = json(&out.join("run.json"));
    let files = record["files"].as_object().expect("files are listed");
    assert_eq!(files.len(), RESULT_FILES.len() - 1);
    for (name, about) in files {
        assert_eq!(about["sha256"], hash(&out.join(name)).as_str(), "{name} is of another run");
    }
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

#[test]
fn of_several_writers_one_has_the_folder() {
    let root = folder();
    let inputs: Vec<PathBuf> = (0..4).map(|n| root.path().join(format!("{n}.mzML"))).collect();
    for (n, input) in inputs.iter().enumerate() {
        write_tiny_run(input, 25.0 + 3.0 * n as f64);
    }
    let out = root.path().join("out");
    let beside =
        [".out.partial", ".out.cofactor-1-2", "out.lock"].map(|name| root.path().join(name));
    for path in &beside {
        fs::create_dir(path).unwrap();
        fs::write(path.join("features.tsv"), "mine").unwrap();
    }
    fs::create_dir_all(out.join("mine")).unwrap();
    fs::write(out.join("mine/features.tsv"), "mine").unwrap();
    fs::write(out.join("features.parquet"), "mine").unwrap();
    for round in 0..2 * ROUNDS {
        let writers = if round < ROUNDS { 2 } else { 4 };
        let begin = |n: usize| {
            start(run(&inputs[n], &out).args([
                "--force",
                "--quiet",
                "--threads",
                "1",
                "--rt",
                &format!("0:{}", 50 + round % 9),
            ]))
        };
        let children: Vec<Child> = (0..writers).map(begin).collect();
        let codes: Vec<_> =
            children.into_iter().map(|mut child| child.wait().expect("a child").code()).collect();
        assert!(codes.contains(&Some(0)), "{codes:?}");
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 2))), "{codes:?}");
        is_one_whole_run(&out);
    }
    assert_eq!(text(&out.join("features.parquet")), "mine");
    assert_eq!(text(&out.join("mine/features.tsv")), "mine");
    for path in &beside {
        assert_eq!(text(&path.join("features.tsv")), "mine");
        assert_eq!(names_in(path), ["features.tsv"]);
    }
    assert_eq!(
        names_in(root.path()).len(),
        inputs.len() + beside.len() + 1,
        "{:?}",
        names_in(root.path())
    );
}

#[test]
fn who_writes_is_told() {
    let root = folder();
    let (input, out) = (root.path().join("run.mzML"), root.path().join("out"));
    write_tiny_run(&input, 30.0);
    let lock = fs::File::create(root.path().join(".out.cofactor-lock")).unwrap();
    (&lock).write_all(b"cofactor lock process 12 on a.host\n").unwrap();
    lock.lock().unwrap();
    let message = fail(&mut run(&input, &out), 2);
    assert!(message.contains("is being written by process 12 on a.host"), "{message}");
    drop(lock);
    succeed(&mut run(&input, &out));
    assert_eq!(names_in(root.path()), ["out", "run.mzML"]);
}

#[test]
fn what_others_left_in_the_way_stays() {
    let root = folder();
    let input = root.path().join("run.mzML");
    write_tiny_run(&input, 30.0);
    let out = root.path().join("out");
    fs::write(&out, "mine").unwrap();
    let matrices = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/two-matrices");
    let mut factor = cofactor();
    factor
        .arg("factor")
        .arg("--ms1")
        .arg(matrices.join("ms1.tsv"))
        .arg("--ms2")
        .arg(matrices.join("ms2-same-scans.tsv"));
    factor.args(["--rank", "1", "--out"]).arg(&out);
    let mut simulate = cofactor();
    simulate.args(["simulate", "--minutes", "1", "--scenario", "long", "--out"]).arg(&out);
    let mut doc = cofactor();
    doc.args(["rules", "doc", "--out"]).arg(&out);
    let mut commands = [
        (run(&input, &out), "features.tsv"),
        (factor, "dict1.tsv"),
        (simulate, "run.mzML"),
        (doc, "series.md"),
    ];
    for (command, _) in &mut commands {
        let message = fail(command, 2);
        assert!(message.contains("out is no folder"), "{message}");
    }
    assert_eq!(text(&out), "mine");
    fs::remove_file(&out).unwrap();
    for (command, name) in &mut commands {
        fs::create_dir(&out).unwrap();
        let path = out.join(*name);
        fs::write(&path, "mine").unwrap();
        let message = fail(command, 2);
        assert!(message.contains(*name) && message.contains("--force"), "{message}");
        assert_eq!((names_in(&out), text(&path)), (vec![(*name).to_owned()], "mine".to_owned()));
        #[cfg(unix)]
        {
            let target = root.path().join("target");
            fs::rename(&path, &target).unwrap();
            std::os::unix::fs::symlink(&target, &path).unwrap();
            fail(command, 2);
            succeed(command.arg("--force"));
            assert_eq!(text(&target), "mine", "links are not followed");
        }
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn touched_results_are_made_again() {
    let root = folder();
    let (input, out, wanted) =
        (root.path().join("run.mzML"), root.path().join("out"), root.path().join("wanted"));
    write_small_run(&input);
    succeed(&mut run(&input, &wanted));
    succeed(&mut run(&input, &out));
    let kept = || succeed(run(&input, &out).arg("--resume")).stderr.contains("are kept");
    assert!(kept());
    for (n, name) in RESULT_FILES.iter().enumerate() {
        let path = out.join(name);
        let whole = fs::read(&path).unwrap();
        match n % 4 {
            0 => fs::write(&path, &whole[..whole.len() / 2]).unwrap(),
            1 => fs::write(&path, "").unwrap(),
            2 => fs::write(&path, whole.iter().rev().copied().collect::<Vec<u8>>()).unwrap(),
            _ => fs::remove_file(&path).unwrap(),
        }
        assert!(!kept(), "{name}");
        same_results(&out, &wanted);
    }
    assert!(kept());
}

#[test]
fn a_batch_tells_of_kept_runs_what_it_told_of_new_ones() {
    let root = folder();
    let (runs, out) = (root.path().join("runs"), root.path().join("out"));
    fs::create_dir(&runs).unwrap();
    for name in ["a.mzML", "...mzML", "run.json.mzML"] {
        write_tiny_run(&runs.join(name), 30.0);
    }
    succeed(&mut run(&runs, &out));
    let before = table(&out.join("batch.tsv")).1;
    succeed(run(&runs, &out).arg("--resume"));
    let mut after = table(&out.join("batch.tsv")).1;
    assert_eq!(names_in(&out), ["a", "batch.tsv", "run-..", "run-run.json"]);
    for row in &mut after {
        assert_eq!(row.insert("outcome".to_owned(), "done".to_owned()).as_deref(), Some("kept"));
    }
    assert_eq!(after, before);
    fs::write(out.join("batch.tsv"), "mine").unwrap();
    let message = fail(run(&runs, &out).arg("--resume"), 2);
    assert!(message.contains("batch.tsv is no result"), "{message}");
}

#[test]
fn the_record_is_of_what_was_read() {
    let root = folder();
    let [input, old, new, out] =
        ["run.mzML", "old.mzML", "new.mzML", "out"].map(|name| root.path().join(name));
    write_small_run(&old);
    write_tiny_run(&new, 30.0);
    let hashes = [hash(&old), hash(&new)];
    fs::copy(&old, &input).unwrap();
    let began = std::time::Instant::now();
    succeed(run(&input, &out).arg("--quiet"));
    let whole = began.elapsed();
    let scans = json(&out.join("run.json"))["run"]["scans"].clone();
    for swap in 0..SWAPS {
        fs::remove_file(&input).unwrap();
        fs::copy(&old, &input).unwrap();
        let mut child = start(run(&input, &out).args(["--force", "--quiet"]));
        std::thread::sleep(whole * swap / SWAPS);
        if swap % 2 == 0 {
            fs::copy(&new, root.path().join("swap")).unwrap();
            fs::rename(root.path().join("swap"), &input).unwrap();
        } else {
            fs::OpenOptions::new()
                .append(true)
                .open(&input)
                .unwrap()
                .write_all(b"<!-- more -->")
                .unwrap();
        }
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 2)), "{code:?}");
        let record = json(&out.join("run.json"));
        let found = if record["run"]["scans"] == scans { 0 } else { 1 };
        let now = [hashes[found].clone(), hash(&input)];
        let sha256 = record["input"]["sha256"].as_str().unwrap().to_owned();
        let appended = swap % 2 == 1 && found == 0;
        assert!(sha256 == now[0] || appended && sha256 == now[1], "round {swap}");
    }
}

#[cfg(unix)]
#[test]
fn nobody_has_to_listen() {
    let root = folder();
    let input = root.path().join("run.mzML");
    write_tiny_run(&input, 30.0);
    for (n, stderr) in ["2>&-", "2>/dev/full", "2>&1 >/dev/null | true"].iter().enumerate() {
        let out = root.path().join(n.to_string());
        let script = format!("\"$0\" run \"$1\" --out \"$2\" {stderr}");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_cofactor-under-test")])
            .arg(&input)
            .arg(&out);
        let ended = end(&mut shell);
        assert_eq!(ended.code, Some(0), "{stderr}: {}", ended.stderr);
        // The shell does not wait for the first of a pipe.
        let written = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            out.join("run.json").is_file()
        });
        assert!(written, "{stderr}");
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" rules doc | true", env!("CARGO_BIN_EXE_cofactor-under-test")]);
    assert_eq!(end(&mut shell).stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_is_heeded_though_nobody_listens() {
    let root = folder();
    succeed(
        cofactor()
            .args(["simulate", "--scenario", "long", "--minutes", "10", "--out"])
            .arg(root.path()),
    );
    let (input, out) = (root.path().join("run.mzML"), root.path().join("out"));
    for (signal, code) in signals() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut child = run(&input, &out).arg("-q").stderr(full).spawn().unwrap();
        wait_for_claim(&out);
        std::thread::sleep(std::time::Duration::from_millis(200));
        let sent =
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
        assert!(!out.exists());
    }
}
