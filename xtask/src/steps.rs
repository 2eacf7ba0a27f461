//! The steps of a long job: each with its name and seconds, the figures they gather, and a table of
//! both at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What has been done so far.
#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<(String, Duration)>,
    figures: Vec<(String, String)>,
}

impl Steps {
    /// Runs a step between two lines that name it; its failure is an error with its name.
    pub fn run<T>(&mut self, name: &str, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let result = body(self).with_context(|| format!("step `{name}` failed"));
        println!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
        self.done.push((name.to_owned(), start.elapsed()));
        result
    }

    /// Notes a figure for the table.
    pub fn figure(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.figures.push((name.into(), value.into()));
    }

    /// The figures, then the steps with their seconds; the last one failed unless `passed`.
    pub fn summary(&self, passed: bool) -> String {
        let names =
            self.done.iter().map(|(name, _)| name).chain(self.figures.iter().map(|(name, _)| name));
        let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
        let mut table = String::from("\n");
        for (name, value) in &self.figures {
            table += &format!("{name:<width$}  {value}\n");
        }
        if !self.figures.is_empty() {
            table.push('\n');
        }
        for (index, (name, time)) in self.done.iter().enumerate() {
            let failed = !passed && index + 1 == self.done.len();
            let mark = if failed { "  FAILED" } else { "" };
            table += &format!("{name:<width$}  {:>7.1} s{mark}\n", time.as_secs_f64());
        }
        if passed {
            table += "Everything passed.\n";
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_the_one_that_failed() {
        let mut steps = Steps::default();
        let two = steps.run("first", |_| Ok(2)).unwrap();
        steps.figure("two", two.to_string());
        assert!(steps.summary(true).ends_with("Everything passed.\n"));
        let error = steps.run("second", |_| -> Result<()> { anyhow::bail!("why") }).unwrap_err();
        assert_eq!(format!("{error:#}"), "step `second` failed: why");
        let lines = steps.summary(false);
        assert!(lines.contains("two     2\n"), "{lines}");
        assert_eq!(lines.matches("FAILED").count(), 1);
        assert!(lines.trim_end().ends_with("s  FAILED"), "{lines}");
    }
}
