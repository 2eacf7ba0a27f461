//! `cargo xtask ci`: every check in turn, stopping at the first that fails, with a table at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::backend::{self, Backend};
use crate::real_data::{self, Figures};
use crate::workspace::Workspace;
use crate::{command, demo, release, test, tidy};

/// Runs everything.
pub(crate) fn ci(workspace: &Workspace) -> Result<()> {
    let mut done = Vec::new();
    let mut figures = Figures::default();
    let result = steps(workspace, &mut done, &mut figures);
    print!("{}{}", figures.table(), summary(&done, result.is_ok()));
    result
}

fn steps(
    workspace: &Workspace,
    done: &mut Vec<(String, Duration)>,
    figures: &mut Figures,
) -> Result<()> {
    let mut step = |name: &str, body: &mut dyn FnMut() -> Result<()>| {
        println!("\n== {name}");
        let start = Instant::now();
        let result = body().with_context(|| format!("step `{name}` failed"));
        println!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
        done.push((name.to_owned(), start.elapsed()));
        result
    };
    let cargo = |arguments: &[&str], features: &[&str], last: &[&str]| {
        command::run(
            command::cargo()
                .args(arguments)
                .args(features)
                .args(last)
                .env("RUSTDOCFLAGS", "-Dwarnings")
                .current_dir(&workspace.root),
        )
    };

    step("format", &mut || {
        cargo(&["fmt", "--all", "--check"], &[], &[])
    })?;
    step("tidy", &mut || tidy::tidy(workspace))?;
    let mut backend = Backend::Bundled;
    step("linear algebra", &mut || {
        backend = backend::prepare(workspace)?;
        Ok(())
    })?;
    let features = backend.features();
    step("clippy", &mut || {
        cargo(
            &["clippy", "--workspace", "--all-targets"],
            features,
            &["--", "-Dwarnings"],
        )
    })?;
    step("documentation", &mut || {
        cargo(&["doc", "--no-deps", "--workspace"], features, &[])
    })?;
    step("test", &mut || test::test(workspace, &[], backend))?;
    step("demo", &mut || {
        demo::demo(
            workspace,
            &demo::Options {
                seed: 1,
                threads: None,
            },
            backend,
        )
    })?;

    let Some(data) = real_data::folder()? else {
        println!(
            "\nThe checks on real data are left out: {} is not set.",
            real_data::DATA
        );
        return Ok(());
    };
    let binary = release::build(workspace, backend)?;
    let bench = real_data::Bench {
        binary,
        data,
        out: workspace.target.join("ci"),
    };
    step("real runs", &mut || real_data::runs(&bench, figures))?;
    step("known compounds", &mut || {
        real_data::compounds(&bench, figures)
    })?;
    step("files that break readers", &mut || {
        real_data::edge_files(&bench, figures)
    })?;
    step("simulated runs", &mut || {
        real_data::simulated(&bench, figures)
    })?;
    step("threads", &mut || real_data::threads(&bench, figures))?;
    step("scores", &mut || {
        real_data::scores(&bench, workspace, figures)
    })?;
    Ok(())
}

/// The steps with their seconds, the last one failed unless `passed`.
fn summary(done: &[(String, Duration)], passed: bool) -> String {
    let mut table = String::from("\nstep                        seconds\n");
    for (index, (name, time)) in done.iter().enumerate() {
        let failed = !passed && index + 1 == done.len();
        let mark = if failed { "  FAILED" } else { "" };
        table += &format!("{name:<26} {:>8.1}{mark}\n", time.as_secs_f64());
    }
    if passed {
        table += "Everything passed.\n";
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_the_one_that_failed() {
        let done = [
            ("a".to_owned(), Duration::ZERO),
            ("b".to_owned(), Duration::from_secs(2)),
        ];
        let failed = summary(&done, false);
        assert_eq!(failed.matches("FAILED").count(), 1);
        assert!(failed.trim_end().ends_with("2.0  FAILED"), "{failed}");
        assert!(!summary(&done, true).contains("FAILED"));
    }
}
