//! What is no file, places that cannot be written to, and runs that need more than they may have.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::process::{Finish, finish};
use super::{judged, write_sound_run};
use crate::support::folder;

fn run(input: &Path, out: &Path, place: &Path, more: &[&str]) -> Finish {
    let mut arguments: Vec<&OsStr> = ["run", "--quiet", "--out"].map(OsStr::new).to_vec();
    arguments.extend([out.as_os_str(), input.as_os_str()]);
    arguments.extend(more.iter().map(OsStr::new));
    finish(&arguments, place)
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let folder = folder();
    let pipe = folder.path().join("pipe.mzML");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts");
    assert!(made.success());
    let locked = folder.path().join("locked.mzML");
    write_sound_run(&locked);
    fs::set_permissions(&locked, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let mut inputs = vec![pipe.as_path(), Path::new("/dev/zero"), Path::new("/dev/null"), &empty];
    if fs::File::open(&locked).is_err() {
        inputs.push(&locked);
    } else {
        println!("permissions do not bind this user: a file without any is not tried");
    }
    for input in inputs {
        let out = folder.path().join("out");
        let finish = run(input, &out, folder.path(), &[]);
        let name = input.file_name().unwrap().to_string_lossy();
        assert_eq!(judged(&finish, &name, &out), Ok(2), "{}", input.display());
    }
}

#[cfg(unix)]
#[test]
fn parameters_rules_and_records_that_are_no_files_are_refused_without_waiting() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_sound_run(&input);
    let pipe = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts").success()
    );
    for place in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
        for option in ["--config", "--rules", "--from"] {
            let mut arguments: Vec<&OsStr> = ["run", "--quiet", "--out"].map(OsStr::new).to_vec();
            arguments.extend([out.as_os_str(), OsStr::new(option), place.as_os_str()]);
            if option != "--from" {
                arguments.push(input.as_os_str());
            }
            let finish = finish(&arguments, folder.path());
            let name = place.file_name().expect("a name").to_string_lossy();
            assert_eq!(judged(&finish, &name, &out), Ok(2), "{option} {}", place.display());
            assert!(finish.stderr.contains("Give a file"), "{}", finish.stderr);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_and_a_folder_that_is_read_only_keep_the_old_results() {
    let folder = folder();
    let input = folder.path().join("run.mzML");
    write_sound_run(&input);
    // In a name space of its own, where a user may mount: a disk of 128 kB that is nearly full, and
    // one that is read only.
    for (name, mount) in [
        ("full", "mount -t tmpfs -o size=128k none disk"),
        ("read-only", "mount -t tmpfs none disk"),
    ] {
        let place = folder.path().join(name);
        fs::create_dir_all(place.join("disk")).unwrap();
        let lock = if name == "read-only" { "mount -o remount,ro disk" } else { "true" };
        let script = format!(
            "{mount} || exit 77; mkdir disk/out && echo old > disk/out/notes.txt || exit 77; \
             {lock} || exit 77; \
             \"$0\" run --quiet \"$1\" --out disk/out 2> stderr; code=$?; ls -A disk > left; ls -A \
             disk/out >> left; exit $code"
        );
        let ended = std::process::Command::new("unshare")
            .args(["-rm", "sh", "-c", &script, env!("CARGO_BIN_EXE_cofactor-under-test")])
            .arg(&input)
            .current_dir(&place)
            .output();
        let Ok(ended) = ended else {
            return println!("there is no unshare: a full disk is not tried");
        };
        let Ok(told) = fs::read_to_string(place.join("stderr")) else {
            return println!("this user may not mount: a full disk is not tried");
        };
        assert_eq!(ended.status.code(), Some(1), "{name}: {told}");
        assert!(told.contains("cannot write") && !told.contains("panicked"), "{name}: {told}");
        assert_eq!(told.matches("error:").count(), 1, "{name}: {told}");
        assert_eq!(fs::read_to_string(place.join("left")).unwrap(), "out\nnotes.txt\n", "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_place_that_takes_nothing_is_the_machines_fault() {
    let folder = folder();
    let input = folder.path().join("run.mzML");
    write_sound_run(&input);
    for out in [Path::new("/dev/null/out"), Path::new("/proc/out")] {
        let finish = run(&input, out, folder.path(), &[]);
        assert_eq!(finish.code, Some(1), "{}", finish.stderr);
        assert_eq!(finish.stderr.matches("error:").count(), 1, "{}", finish.stderr);
        assert!(
            finish.stderr.contains("cannot write") && !finish.stderr.contains("panicked"),
            "{}",
            finish.stderr
        );
    }
}

#[cfg(unix)]
#[test]
fn where_there_is_no_room_the_old_results_stay() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_sound_run(&input);
    let old = run(&input, &out, folder.path(), &[]);
    assert_eq!(old.code, Some(0), "{}", old.stderr);
    fs::remove_file(folder.path().join("stderr")).unwrap();
    let old = fs::read(out.join("run.json")).unwrap();
    // No file may grow to the size of one of the results, each in turn, as on a disk that is full;
    // the signal that comes with it is not heeded.
    let sizes: BTreeSet<u64> = crate::support::RESULT_FILES
        .iter()
        .map(|name| (fs::metadata(out.join(name)).unwrap().len() - 1) / 512)
        .collect();
    for blocks in sizes {
        let mut shell = std::process::Command::new("sh");
        shell.args([
            "-c",
            &format!("trap '' XFSZ && ulimit -f {blocks} && exec \"$0\" \"$@\""),
            env!("CARGO_BIN_EXE_cofactor-under-test"),
            "run",
        ]);
        let message = crate::errors::fail(shell.arg(&input).arg("--out").arg(&out), 1);
        assert!(message.contains("space left") || message.contains("free space"), "{message}");
        assert_eq!(crate::support::names_in(&out), crate::support::RESULT_FILES);
        assert_eq!(fs::read(out.join("run.json")).unwrap(), old);
        assert_eq!(crate::support::names_in(folder.path()), ["out", "run.mzML"]);
    }
}

#[test]
fn a_run_that_needs_more_memory_than_it_may_is_refused() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    write_sound_run(&input);
    let finish = run(&input, &out, folder.path(), &["--memory", "1"]);
    assert_eq!(judged(&finish, "run.mzML", &out), Ok(2));
    assert!(
        finish.stderr.contains("--memory") && finish.stderr.contains("limit of 1 MB"),
        "{}",
        finish.stderr
    );
    let finish = run(&input, &out, folder.path(), &["--memory", "400"]);
    assert_eq!(judged(&finish, "run.mzML", &out), Ok(0), "{}", finish.stderr);
}
