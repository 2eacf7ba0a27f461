//! Times, clocks and pauses.

use super::file::{self, COMPOUNDS, Compound, Spectrum, WINDOWS, cycles, document, time};
use super::{changed, result_of, window_of};

#[test]
fn times_are_read_by_what_their_terms_mean() {
    let unit = |accession: &str, name: &str| {
        format!("unitCvRef=\"UO\" unitAccession=\"{accession}\" unitName=\"{name}\"")
    };
    for (accession, name, scale) in [
        ("UO:0000010", "minute", 1.0),
        ("UO:0000028", "millisecond", 1e3),
        ("UO:0000032", "hour", 1.0 / 3600.0),
        ("MS:1000038", "minute", 1.0 / 60.0),
        ("MS:1000039", "second", 1.0),
    ] {
        changed(|_, spectrum| {
            spectrum.time =
                time(format!("{:.9}", spectrum.seconds * scale), &unit(accession, name));
        })
        .assert_right();
    }
    for scale in [1.0, 1.0 / 60.0] {
        let found = changed(|_, spectrum| {
            spectrum.time = time(format!("{:.6}", spectrum.seconds * scale), "");
        });
        found.assert_right();
        assert!(found.warns("have no unit"), "{}", found.ended.stderr);
    }
}

#[test]
fn a_time_out_of_order_costs_one_scan_and_rounding_is_told() {
    let found = changed(|position, spectrum| {
        if position == 24 {
            spectrum.time = file::minutes(5000.0);
        }
    });
    found.assert_right();
    assert!(found.warns("1 spectra whose time lies far ahead"), "{}", found.ended.stderr);
    let found = changed(|_, spectrum| {
        let rounded = format!("{:.2}", spectrum.seconds / 60.0);
        spectrum.time =
            time(rounded, "unitCvRef=\"UO\" unitAccession=\"UO:0000031\" unitName=\"minute\"");
    });
    assert!(found.warns("times of the scans are rounded to 0.6 s"), "{}", found.ended.stderr);
}

#[test]
fn a_pause_ends_the_peaks() {
    let pause = 300.0;
    let [first, second, third, fourth] = COMPOUNDS;
    let at = |(mz, _, fragments): Compound, apex: f64| (mz, apex, fragments);
    let compounds = [at(first, 10.0), second, at(third, 12.0), at(fourth, 32.0)];
    let mut spectra = cycles(&WINDOWS);
    for spectrum in &mut spectra {
        let window = (spectrum.level == 2).then(|| window_of(spectrum));
        let seconds = spectrum.seconds;
        // What elutes stops with the pump and goes on.
        *spectrum = Spectrum::new(seconds, window, &compounds)
            .at(seconds + if seconds > 22.9 { pause } else { 0.0 });
    }
    let found = result_of(document(&spectra));
    let cut =
        [at(first, 10.0), at(second, 22.0), at(second, 323.0), at(third, 12.0), at(fourth, 332.0)];
    found.assert_features(&cut, true);
    assert!(found.warns("the acquisition paused 1 times"), "{}", found.ended.stderr);
}

#[test]
fn a_slow_cycle_is_told() {
    let spectra: Vec<Spectrum> = cycles(&WINDOWS)
        .into_iter()
        .enumerate()
        .filter(|(i, _)| i / 3 % 6 == 0)
        .map(|(_, s)| s)
        .collect();
    let found = result_of(document(&spectra));
    assert!(found.warns("fewer than `expert.peak_points = 4` scans"), "{}", found.ended.stderr);
}

#[test]
fn a_lag_of_the_fragment_scans_is_taken_off() {
    // Pairs of compounds three seconds apart in one window: half a cycle late, the fragments of the
    // first would be the second's.
    let compounds: Vec<Compound> = (0..10)
        .map(|i| {
            let number = f64::from(i);
            let apex = 10.0 + 11.0 * f64::from(i / 2) + 3.0 * f64::from(i % 2);
            (
                210.0937 + 13.0131 * number,
                apex,
                [70.0411 + 4.0101 * number, 121.0507 + 5.0131 * number, 160.0603 + 4.5117 * number],
            )
        })
        .collect();
    let mut spectra = Vec::new();
    for cycle in 0..80 {
        for (position, window) in [None, Some((200.0, 400.0))].into_iter().enumerate() {
            let seconds = f64::from(cycle) + 0.5 * position as f64;
            let late = if position == 1 { 0.5 } else { 0.0 };
            spectra.push(Spectrum::new(seconds, window, &compounds).at(seconds + late));
        }
    }
    // Placed by the clock that they have.
    spectra.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let found = result_of(document(&spectra));
    found.assert_features(&compounds, true);
    assert!(found.warns("later than their precursors"), "{}", found.ended.stderr);
    let lag = found.record["run"]["ms2_lag"]["seconds"].as_f64().unwrap_or_default();
    assert!((lag - 0.5).abs() < 0.1, "{lag}");
}
