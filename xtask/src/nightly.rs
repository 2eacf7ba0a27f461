//! The nightly compiler, which fuzzers and sanitizers need: used where rustup has it or can install
//! it.

use std::process::Command;

use anyhow::Result;
use xtask::command;
use xtask::workspace::Workspace;

/// What has to be there beside the compiler itself: code with a sanitizer runs on this kind of
/// machine.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Whether there is a nightly compiler for this machine; if not, says that `what` is left out, and
/// why.
pub(crate) fn present(what: &str) -> bool {
    let rustup = |arguments: &[&str]| command::output(command::new("rustup").args(arguments));
    let found = || rustup(&["run", "nightly", "rustc", "-vV"]);
    let installed = found().or_else(|_| {
        println!("installing a nightly compiler …");
        rustup(&["toolchain", "install", "nightly", "--profile", "minimal"])?;
        found()
    });
    let why = match installed {
        Ok(version) if version.contains(TARGET) => return true,
        Ok(_) => format!("only {TARGET} is supported"),
        Err(error) => {
            format!(
                "there is no nightly compiler: {}",
                error.root_cause().to_string().trim().replace('\n', " ")
            )
        }
    };
    println!("LEFT OUT: {what}: {why}.");
    false
}

/// `program` in the root with nightly as the compiler, whichever called us.
pub(crate) fn command(workspace: &Workspace, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = command::new(program);
    command
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .current_dir(&workspace.root);
    command
}

/// `cargo xtask sanitize`: tests of the crates with unsafe code, under AddressSanitizer: all of
/// `cofactor-lapack`, which hands over matrices, and the unit tests of `cofactor-nmf`, which
/// chooses vector units.
pub(crate) fn sanitize(workspace: &Workspace) -> Result<()> {
    if !present("AddressSanitizer on cofactor-lapack and cofactor-nmf") {
        return Ok(());
    }
    for tests in [
        &["--package", "cofactor-lapack", "--lib", "--tests"][..],
        &["--package", "cofactor-nmf", "--lib"],
    ] {
        command::run(
            command(workspace, "cargo")
                .arg("test")
                .args(tests)
                .args(["--target", TARGET, "--target-dir"])
                .arg(workspace.target.join("sanitize"))
                .env("RUSTFLAGS", "-Zsanitizer=address"),
        )?;
    }
    Ok(())
}
