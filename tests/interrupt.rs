//! A program that is stopped at any moment leaves the old results or the new ones, and the next one
//! puts everything right.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::batch::same_results;
use crate::support::{
    RESULT_FILES, folder, names_in, run, signals, succeed, text, wait_for_claim, write_small_run,
};

/// How often the program is killed: at any time, and as often while it puts its results in place.
const KILLS: u64 = 50;

/// Which of two result folders a folder equals.
#[track_caller]
fn which(out: &Path, old: &Path, new: &Path) -> &'static str {
    let equals = |results: &Path| {
        let mut names = RESULT_FILES.iter().filter(|name| **name != "run.json");
        names.all(|name| fs::read(out.join(name)).ok() == fs::read(results.join(name)).ok())
    };
    assert!(out.join("run.json").is_file(), "no run.json");
    match (equals(old), equals(new)) {
        (true, false) => "old",
        (false, true) => "new",
        _ => panic!("neither the old nor the new results: {:?}", names_in(out)),
    }
}

#[test]
fn killed_at_any_moment() {
    let root = folder();
    let [input, other, old, new, out] =
        ["run.mzML", "other.mzML", "old", "new", "out"].map(|name| root.path().join(name));
    write_small_run(&other);
    let scans = text(&other);
    fs::write(&input, scans.replace("id=\"run\"", "id=\"again\"")).expect("a run");
    succeed(run(&other, &old).args(["--rt", "0:45"]));
    let started = Instant::now();
    succeed(&mut run(&input, &new));
    let whole = started.elapsed();
    succeed(run(&other, &out).args(["--rt", "0:45"]));
    fs::write(out.join("notes.txt"), "mine").expect("a note");
    let staging = || {
        names_in(root.path())
            .iter()
            .any(|name| name.starts_with(".out.cofactor-") && !name.ends_with("lock"))
    };
    let mut found = Vec::new();
    for kill in 0..2 * KILLS {
        let mut program = run(&input, &out);
        program.arg("--force").stderr(Stdio::null());
        let mut child = program.spawn().expect("the program starts");
        if kill < KILLS {
            sleep(whole.mul_f64(kill as f64 / KILLS as f64));
        } else {
            while !staging() && child.try_wait().expect("a child").is_none() {
                sleep(Duration::from_micros(200));
            }
            sleep(Duration::from_micros(700 * (kill - KILLS)));
        }
        // It may have ended already.
        let _ = child.kill();
        child.wait().expect("a child");
        found.push(which(&out, &old, &new));
        // Old results again, written over whatever was left.
        if found.last() == Some(&"new") {
            succeed(run(&other, &out).args(["--rt", "0:45", "--force"]));
        }
    }
    assert!(found.contains(&"old"), "no kill came before the new results: {found:?}");
    succeed(run(&input, &out).args(["--resume", "--force"]));
    same_results(&out, &new);
    assert_eq!(text(&out.join("notes.txt")), "mine");
    assert_eq!(
        names_in(root.path()),
        ["new", "old", "other.mzML", "out", "run.mzML"],
        "something was left behind"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn interrupted_it_says_so_and_leaves_nothing() {
    for (signal, code) in signals() {
        let root = folder();
        let (input, out) = (root.path().join("run.mzML"), root.path().join("out"));
        succeed(
            crate::support::cofactor()
                .args(["simulate", "--scenario", "long", "--minutes", "10", "--out"])
                .arg(root.path()),
        );
        let mut program = run(&input, &out);
        let child = program.stderr(Stdio::piped()).spawn().expect("the program starts");
        wait_for_claim(&out);
        sleep(Duration::from_millis(200));
        let sent =
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
        let ended = child.wait_with_output().expect("the program ends");
        let message = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{message}");
        assert!(message.contains("interrupted") && message.contains("--resume"), "{message}");
        assert!(!message.contains("panicked"), "{message}");
        assert_eq!(names_in(root.path()), ["run.mzML", "simulation.json", "truth.json"]);
    }
}
