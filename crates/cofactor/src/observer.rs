//! Who is told how far the work is: a program that shows it, or nobody.

use std::time::Instant;

/// Is told of the stages of a run, one after the other. Nothing here may hold the work up.
pub trait Observer: Sync {
    /// A stage begins; `total` is the number of its steps, `None` where it is not known.
    fn begin(&self, stage: &str, total: Option<usize>);

    /// One step further; called from any thread.
    fn step(&self);

    /// The stage that began last has ended, after so many seconds. One that fails does not end.
    fn end(&self, stage: &str, seconds: f64);
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn begin(&self, _stage: &str, _total: Option<usize>) {}

    fn step(&self) {}

    fn end(&self, _stage: &str, _seconds: f64) {}
}

/// A stage that is under way.
pub(crate) struct Stage<'a> {
    observer: &'a dyn Observer,
    name: &'a str,
    started: Instant,
}

impl<'a> Stage<'a> {
    /// Begins a stage, named for people.
    pub(crate) fn begin(observer: &'a dyn Observer, name: &'a str, total: Option<usize>) -> Self {
        observer.begin(name, total);
        Self { observer, name, started: Instant::now() }
    }

    /// One step further.
    pub(crate) fn step(&self) {
        self.observer.step();
    }

    /// Ends the stage and gives its wall time in seconds.
    pub(crate) fn end(self) -> f64 {
        let seconds = self.started.elapsed().as_secs_f64();
        self.observer.end(self.name, seconds);
        seconds
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Observer for Heard {
        fn begin(&self, stage: &str, total: Option<usize>) {
            self.0.lock().unwrap().push(format!("{stage} of {total:?}"));
        }

        fn step(&self) {
            self.0.lock().unwrap().push("step".to_owned());
        }

        fn end(&self, stage: &str, seconds: f64) {
            self.0.lock().unwrap().push(format!("{stage} took no time: {}", seconds < 0.0));
        }
    }

    #[test]
    fn a_stage_is_told_from_its_begin_to_its_end() {
        let heard = Heard::default();
        let stage = Stage::begin(&heard, "reading", Some(2));
        stage.step();
        assert!(stage.end() >= 0.0);
        let told = heard.0.into_inner().unwrap();
        assert_eq!(told, ["reading of Some(2)", "step", "reading took no time: false"]);
    }
}
