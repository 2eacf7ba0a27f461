//! `cargo xtask audit`: the dependencies. cargo-shear says which are not used, cargo-deny which
//! licences, sources, versions and known faults they have; `deny.toml` says what is accepted.

use anyhow::Result;
use xtask::workspace::Workspace;
use xtask::{command, network};

use crate::tools;

/// Checks everything. Known faults are looked up where RustSec's list can be had.
pub(crate) fn audit(workspace: &Workspace) -> Result<()> {
    let tools = match tools::folder(workspace) {
        Ok(folder) => folder,
        Err(error) => return network::leave_out("the audit of dependencies", &error),
    };
    let command = |tool: &str, arguments: &[&str]| {
        let mut command = command::new(tools.join(tool));
        command.args(arguments).current_dir(&workspace.root);
        command
    };
    command::run(&mut command("cargo-shear", &["--deny-warnings"]))?;
    command::run(&mut command(
        "cargo-deny",
        &["check", "--hide-inclusion-graph", "licenses", "bans", "sources"],
    ))?;
    match command::output(&mut command("cargo-deny", &["fetch", "db"])) {
        Ok(_) => command::run(&mut command("cargo-deny", &["--offline", "check", "advisories"])),
        // The list lies at a place of its own that a machine with every registry may not reach.
        Err(error) => {
            println!("{}.", network::told("looking up known faults (advisories)", &error));
            Ok(())
        }
    }
}
