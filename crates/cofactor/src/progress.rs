//! Progress: bars on a terminal, plain lines otherwise, nothing when quiet. All of it on standard
//! error.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::tell;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// Progress and a summary.
    Normal,
    /// Also each stage with counts and seconds.
    Verbose,
}

/// A stage that is under way.
pub struct Stage {
    bar: ProgressBar,
    started: Instant,
}

impl Stage {
    /// Starts a stage of `total` steps (`None`: unknown), named for people.
    pub fn start(name: &str, total: Option<usize>, verbosity: Verbosity) -> Self {
        let bar = match total {
            Some(total) => ProgressBar::new(total as u64),
            None => ProgressBar::new_spinner(),
        };
        let terminal = std::io::stderr().is_terminal();
        if verbosity == Verbosity::Quiet || !terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if verbosity > Verbosity::Quiet && !terminal {
            tell(&format!("{name} …"));
        }
        let template = if total.is_some() {
            "{msg:<28} {bar:30} {pos}/{len} {eta}"
        } else {
            "{msg:<28} {spinner} {pos}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, started: Instant::now() }
    }

    /// One step further; may be called from any thread.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Ends the stage and gives its wall time in seconds.
    pub fn finish(self) -> f64 {
        self.bar.finish_and_clear();
        self.started.elapsed().as_secs_f64()
    }
}
