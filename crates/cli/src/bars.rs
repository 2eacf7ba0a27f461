//! Progress: bars on a terminal, plain lines otherwise, nothing when quiet. All of it on standard
//! error.

use std::io::IsTerminal;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use cofactor::observer::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::tell;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// Progress and a summary.
    Normal,
    /// Also each stage with counts and seconds.
    Verbose,
}

/// Shows the stage that is under way.
pub(crate) struct Bars {
    verbosity: Verbosity,
    bar: RwLock<Option<ProgressBar>>,
}

impl Bars {
    /// Shows as much as is asked for.
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, bar: RwLock::new(None) }
    }

    fn put(&self, bar: Option<ProgressBar>) -> Option<ProgressBar> {
        let mut place = self.bar.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, bar)
    }
}

impl Observer for Bars {
    fn begin(&self, stage: &str, total: Option<usize>) {
        let bar = match total {
            Some(total) => ProgressBar::new(total as u64),
            None => ProgressBar::new_spinner(),
        };
        let terminal = std::io::stderr().is_terminal();
        if self.verbosity == Verbosity::Quiet || !terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if self.verbosity > Verbosity::Quiet && !terminal {
            tell(&format!("{stage} …"));
        }
        let template = if total.is_some() {
            "{msg:<28} {bar:30} {pos}/{len} {eta}"
        } else {
            "{msg:<28} {spinner} {pos}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(stage.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.put(Some(bar));
    }

    fn step(&self) {
        if let Some(bar) = &*self.bar.read().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(1);
        }
    }

    fn end(&self, _stage: &str, _seconds: f64) {
        if let Some(bar) = self.put(None) {
            bar.finish_and_clear();
        }
    }
}
