//! `cargo xtask audit`: the dependencies. cargo-machete says which are not used, cargo-deny which licences, sources,
//! versions and known faults they have; `deny.toml` says what is accepted.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{command, network};

/// A program from crates.io, and its version that is installed where there is none.
struct Tool {
    name: &'static str,
    version: &'static str,
}

const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };
const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Checks everything; tools that are not there are compiled into the target directory, which takes minutes.
pub(crate) fn audit(workspace: &Workspace) -> Result<()> {
    let (Some(machete), Some(deny)) = (obtain(workspace, &MACHETE)?, obtain(workspace, &DENY)?) else {
        return Ok(());
    };
    check(workspace, &machete, &deny)
}

/// Checks everything if the tools are there; says so if not.
pub(crate) fn audit_if_installed(workspace: &Workspace) -> Result<()> {
    match (find(workspace, &MACHETE), find(workspace, &DENY)) {
        (Some(machete), Some(deny)) => check(workspace, &machete, &deny),
        _ => {
            println!("The dependencies are not audited: `cargo xtask audit` installs the tools and does it.");
            Ok(())
        }
    }
}

fn check(workspace: &Workspace, machete: &Path, deny: &Path) -> Result<()> {
    let run = |program: &Path, arguments: &[&str]| {
        command::run(command::new(program).args(arguments).current_dir(&workspace.root))
    };
    run(machete, &["."])?;
    if !network::registry(workspace, "looking at licences, sources and versions")? {
        return Ok(());
    }
    run(deny, &["check", "licenses", "bans", "sources"])?;
    let fetched = command::output(command::new(deny).args(["fetch", "db"]).current_dir(&workspace.root));
    match fetched {
        Ok(_) => run(deny, &["--offline", "check", "advisories"]),
        Err(error) => network::leave_out("looking up known faults (advisories)", &error),
    }
}

/// The tool as it is found, else as it is compiled here; nothing where the network that this needs is not there.
fn obtain(workspace: &Workspace, tool: &Tool) -> Result<Option<PathBuf>> {
    if let Some(path) = find(workspace, tool) {
        return Ok(Some(path));
    }
    if !network::registry(workspace, &format!("the audit, which needs {},", tool.name))? {
        return Ok(None);
    }
    command::run(
        command::cargo()
            .args(["install", tool.name, "--version", tool.version, "--locked", "--root"])
            .arg(folder(workspace)),
    )?;
    find(workspace, tool).map(Some).with_context(|| format!("{} was installed but does not run", tool.name))
}

/// The tool in the target directory if it has our version, else the one on the path, of whatever version.
fn find(workspace: &Workspace, tool: &Tool) -> Option<PathBuf> {
    let ours = folder(workspace).join("bin").join(tool.name);
    [(ours, tool.version), (PathBuf::from(tool.name), "")].into_iter().find_map(|(path, version)| {
        let said = command::output(command::new(&path).arg("--version")).ok()?;
        said.contains(version).then_some(path)
    })
}

/// Where tools are installed.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_tool_is_found_in_the_target_directory_if_it_has_the_version() {
        let target = tempfile::tempdir().unwrap();
        let workspace = Workspace { root: PathBuf::new(), target: target.path().to_owned(), packages: Vec::new() };
        let tool = |version| Tool { name: "cargo-that-is-nowhere", version };
        assert_eq!(find(&workspace, &tool("1.2.3")), None);
        let path = target.path().join("tools/bin/cargo-that-is-nowhere");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "#!/bin/sh\necho 1.2.3\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find(&workspace, &tool("1.2.3")), Some(path));
        assert_eq!(find(&workspace, &tool("1.2.4")), None, "an old one is installed anew");
    }
}
