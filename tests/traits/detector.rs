//! Detectors that do not show an intensity as it is.

use super::changed;

#[test]
fn a_detector_that_saturates_is_put_right() {
    let shown = |intensity: f64| intensity / (1.0 + intensity / 8e5);
    let found = changed(|_, spectrum| {
        spectrum.peaks.iter_mut().for_each(|peak| peak.1 = shown(peak.1));
    });
    found.assert_right();
    assert!(found.warns("the detector saturates"), "{}", found.ended.stderr);
    let told = |key: &str| found.record["run"]["saturation"][key].as_f64().unwrap_or_default();
    let off = told("inverse") - 1.0 / 8e5;
    assert!(off.abs() < 3.0 * told("error"), "{off} of {} ± {}", 1.0 / 8e5, told("error"));
}
