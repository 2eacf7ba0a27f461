//! The tutorial, carried out from its first command to its last in an empty folder.

use std::fs;
use std::process::Command;

use crate::blocks::{Step, assert_alike, steps};
use crate::support::{cofactor, end, folder, root, text};

/// TOML is the file `mine.toml`: it begins with `schema`, and other blocks are added to it.
#[test]
fn what_the_tutorial_prints_is_what_comes_out() {
    let folder = folder();
    let rules = folder.path().join("mine.toml");
    let steps = steps(&text(&root().join("docs/tutorial.md")));
    let commands = steps.iter().filter(|step| matches!(step, Step::Command { .. })).count();
    assert!(commands > 15, "{commands} commands");
    for step in steps {
        match step {
            Step::Toml(part) if part.starts_with("schema") => fs::write(&rules, part).unwrap(),
            Step::Toml(part) => fs::write(&rules, text(&rules) + "\n" + &part).unwrap(),
            Step::Command { command, printed } => {
                let script =
                    format!("exec 2>&1; cofactor() {{ \"$COFACTOR\" \"$@\"; }}; {command}");
                let mut shell = Command::new("sh");
                shell
                    .current_dir(folder.path())
                    .args(["-c", &script])
                    .env("COFACTOR", cofactor().get_program());
                let ended = end(&mut shell);
                let wanted = if printed.starts_with("error:") { 2 } else { 0 };
                assert_eq!(ended.code, Some(wanted), "{command}\n{}", ended.stdout);
                assert_alike(&printed, &ended.stdout, &command, |line| {
                    !line.is_empty() && !line.starts_with("  time ")
                });
            }
        }
    }
}
