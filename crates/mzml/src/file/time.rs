//! From times as files write them to seconds.

use crate::acquisition::time::{MissingUnit, SECONDS_PER_MINUTE};
use crate::file::tally::WrittenTime;

/// A time in seconds; `parsed_minutes` is what the parser made of it where it stands in a group of
/// terms.
pub(crate) fn seconds(
    written: Option<WrittenTime>,
    missing: MissingUnit,
    parsed_minutes: Option<f64>,
) -> f64 {
    match written {
        Some(WrittenTime { value, unit_seconds }) => {
            value * unit_seconds.unwrap_or(missing.seconds())
        }
        None => parsed_minutes.map_or(f64::NAN, |minutes| minutes * SECONDS_PER_MINUTE),
    }
}
