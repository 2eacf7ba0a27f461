//! How values on the command line are read, and the most that numbers may be.

use cofactor::cofactor_sim::StudyPlan;
use cofactor_core::Polarity;

/// Numbers above these are mistakes, and would only take the machine's time or memory.
pub(crate) const MOST_THREADS: usize = 1024;
pub(crate) const MOST_STARTS: usize = 10_000;
pub(crate) const MOST_SWEEPS: usize = 1_000_000;
pub(crate) const MOST_RANK: usize = 10_000;

/// Reads a whole number within a range.
pub(crate) fn count(least: usize, most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// How much the runs of a study differ.
pub(crate) fn spread(text: &str) -> Result<f64, String> {
    let most = StudyPlan::MOST_SPREAD;
    let number = text.parse().ok().filter(|number| (0.0..=most).contains(number));
    number.ok_or_else(|| format!("expected a number from 0 to {most}"))
}

/// The polarity of an ion.
pub(crate) fn polarity(text: &str) -> Result<Polarity, String> {
    match text {
        "positive" => Ok(Polarity::Positive),
        "negative" => Ok(Polarity::Negative),
        _ => Err("it is `positive` or `negative`".to_owned()),
    }
}
