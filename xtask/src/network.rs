//! What needs the network: where that, or what it should bring, cannot be had, it is left out and a
//! line says so; with `CI` set it fails.

use anyhow::{Result, bail};

use crate::command;
use crate::workspace::Workspace;

/// The environment variable that asks for everything: nothing is left out when it is set.
const CI: &str = "CI";

/// Whether the registry's index can be read. If not, says that `what` is left out, and why.
pub fn registry(workspace: &Workspace, what: &str) -> Result<bool> {
    let index = command::output(
        command::cargo().args(["update", "--dry-run"]).current_dir(&workspace.root),
    );
    match index {
        Ok(_) => Ok(true),
        Err(error) => leave_out(what, &error).map(|()| false),
    }
}

/// Says that `what` is left out, and why; an error if `CI` is set.
pub fn leave_out(what: &str, why: &anyhow::Error) -> Result<()> {
    let told = told(what, why);
    if std::env::var_os(CI).is_some_and(|value| !value.is_empty() && value != "false") {
        bail!("{told}; unset {CI} to allow that");
    }
    println!("{told}.");
    Ok(())
}

/// The line that says it. The last line of an error says most of why.
pub fn told(what: &str, why: &anyhow::Error) -> String {
    let text = format!("{why:#}");
    let reason = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    format!("LEFT OUT: {what}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_quotes_the_last_cause() {
        let error = anyhow::anyhow!(
            "`cargo update` failed: exit status: 101\nCaused by:\n  no such host\n"
        );
        assert_eq!(told("x", &error), "LEFT OUT: x: no such host");
    }
}
