//! Files with one odd trait each, as users of other programs have reported them: each is
//! understood, or its oddity is told.

mod detector;
mod file;
mod time;

use std::path::Path;

use serde_json::Value;

use self::file::{
    COMPOUNDS, CYCLE, CYCLES, Compound, START, Spectrum, WINDOWS, cycles, document, isolation, term,
};
use crate::support::{Ended, cofactor, end, folder, number, run, table, text};

/// What came of a file.
struct Found {
    ended: Ended,
    /// run.json; null where there is none.
    record: Value,
    /// Precursor, apex, status and fragments of each feature.
    features: Vec<(f64, f64, String, Vec<f64>)>,
}

impl Found {
    fn warns(&self, words: &str) -> bool {
        self.record["warnings"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|warning| warning.as_str().is_some_and(|warning| warning.contains(words)))
    }

    fn kind(&self) -> &str {
        self.record["run"]["kind"].as_str().unwrap_or_default()
    }

    fn channels(&self) -> usize {
        self.record["run"]["channels"].as_array().map_or(0, Vec::len)
    }

    /// Asserts that the features are these, at their times; with spectra, that these hold their own
    /// fragments and no others.
    #[track_caller]
    fn assert_features(&self, compounds: &[Compound], with_spectra: bool) {
        assert_eq!(self.ended.code, Some(0), "{}", self.ended.stderr);
        assert_eq!(
            self.features.len(),
            compounds.len(),
            "{:?}\n{}",
            self.features,
            self.ended.stderr
        );
        for (mz, apex, fragments) in compounds {
            let found =
                self.features.iter().find(|f| (f.0 - mz).abs() < 0.002 && (f.1 - apex).abs() < 0.5);
            let (_, _, status, found) =
                found.unwrap_or_else(|| panic!("no {mz} at {apex}: {:?}", self.features));
            if with_spectra {
                assert_eq!(status, "deconvolved", "{mz}");
                let known: Vec<f64> = fragments.iter().copied().chain([*mz]).collect();
                let is_at = |a: f64, b: f64| (a - b).abs() < 0.002;
                assert!(
                    fragments.iter().all(|&one| found.iter().any(|&mz| is_at(one, mz))),
                    "{mz}: {found:?}"
                );
                assert!(
                    found.iter().all(|&mz| known.iter().any(|&one| is_at(one, mz))),
                    "{mz}: {found:?}"
                );
            }
        }
    }

    #[track_caller]
    fn assert_right(&self) {
        self.assert_features(&COMPOUNDS, true);
    }
}

/// Runs the program on a file.
fn result_of(document: impl AsRef<[u8]>) -> Found {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    std::fs::write(&input, document).expect("the file is written");
    let ended = end(&mut run(&input, &out));
    let json = out.join("run.json");
    let record =
        if json.exists() { serde_json::from_str(&text(&json)).expect("JSON") } else { Value::Null };
    Found { features: if record.is_null() { Vec::new() } else { features(&out) }, ended, record }
}

/// The isolation window of a fragment spectrum of the usual file.
fn window_of(spectrum: &Spectrum) -> (f64, f64) {
    WINDOWS[usize::from(!spectrum.windows[0].contains("\"225\""))]
}

fn features(out: &Path) -> Vec<(f64, f64, String, Vec<f64>)> {
    let fragments = table(&out.join("fragments.tsv")).1;
    let mzs = |id: &str| {
        let own =
            fragments.iter().filter(|row| row["feature_id"] == id && row["status"] == "matched");
        own.map(|row| number(row, "fragment_mz")).collect()
    };
    let rows = table(&out.join("features.tsv")).1;
    let feature = |row: &crate::support::Row| {
        (
            number(row, "precursor_mz"),
            number(row, "rt_seconds"),
            row["status"].clone(),
            mzs(&row["feature_id"]),
        )
    };
    rows.iter().map(feature).collect()
}

/// The result of the usual file after a change of each spectrum.
fn changed(change: impl Fn(usize, &mut Spectrum)) -> Found {
    let mut spectra = cycles(&WINDOWS);
    spectra.iter_mut().enumerate().for_each(|(position, spectrum)| change(position, spectrum));
    result_of(document(&spectra))
}

/// The usual file with further spectra, put where their times belong.
fn with(further: impl IntoIterator<Item = Spectrum>) -> Found {
    let mut spectra = cycles(&WINDOWS);
    spectra.extend(further);
    spectra.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    result_of(document(&spectra))
}

#[test]
fn the_usual_file_is_right() {
    let found = result_of(document(&cycles(&WINDOWS)));
    found.assert_right();
    assert_eq!((found.kind(), found.channels()), ("dia", 3));
    assert!(!found.warns("saturates"), "{}", found.ended.stderr);
}

#[test]
fn windows_are_read_however_they_are_written() {
    let edges = changed(|_, spectrum| {
        if spectrum.level == 2 {
            let (lower, upper) = window_of(spectrum);
            spectrum.windows = vec![isolation(lower + 25.0, lower, upper)];
        }
    });
    edges.assert_right();
    assert!(edges.warns("edges"), "{}", edges.ended.stderr);
    let widthless = changed(|_, spectrum| {
        if spectrum.level == 2 {
            spectrum.windows = vec![term("MS:1000827", window_of(spectrum).0 + 25.0)];
        }
    });
    widthless.assert_right();
    assert!(widthless.warns("halfway"), "{}", widthless.ended.stderr);
    let jitter = changed(|position, spectrum| {
        let wrong = 0.002 * (position % 3) as f64;
        spectrum.energy = spectrum.energy.map(|energy| energy + 0.1 * (position % 2) as f64);
        if spectrum.level == 2 {
            spectrum.windows = vec![isolation(window_of(spectrum).0 + 25.0 + wrong, 25.0, 25.0)];
        }
    });
    jitter.assert_right();
    assert_eq!(jitter.channels(), 3);
}

#[test]
fn a_narrow_window_in_the_middle_of_the_range_is_no_isolation() {
    let mut spectra = cycles(&[(0.0, 1000.0)]);
    for window in spectra.iter_mut().flat_map(|spectrum| &mut spectrum.windows) {
        *window = isolation(225.0, 0.5, 0.5);
    }
    let found = result_of(document(&spectra));
    found.assert_right();
    assert_eq!(found.kind(), "all-ion");
    assert!(found.warns("middle of the MS1 range"), "{}", found.ended.stderr);
    for window in spectra.iter_mut().flat_map(|spectrum| &mut spectrum.windows) {
        *window = isolation(120.0, 0.5, 0.5);
    }
    assert!(
        result_of(document(&spectra))
            .warns("none of the 4 precursors found lies in an isolation window")
    );
}

#[test]
fn a_scanning_quadrupole_is_taken_by_its_positions() {
    let mut spectra = cycles(&WINDOWS);
    for spectrum in spectra.iter_mut().filter(|spectrum| spectrum.level == 2) {
        let (lower, upper) = window_of(spectrum);
        spectrum.windows = vec![isolation(250.0, 50.0, 50.0)];
        spectrum.scan_terms = format!(
            "<userParam name=\"scanning quadrupole position lower bound m/z\" type=\"xsd:double\" \
             value=\"{lower}\"/><userParam name=\"scanning quadrupole position upper bound m/z\" \
             type=\"xsd:double\" value=\"{upper}\"/>"
        );
    }
    let found = result_of(document(&spectra));
    found.assert_right();
    assert!(found.warns("scanning quadrupole"), "{}", found.ended.stderr);
}

#[test]
fn targeted_scans_leave_a_run_dia() {
    let found = with((0..COMPOUNDS.len()).flat_map(|i| {
        let (mz, apex, _) = COMPOUNDS[i];
        (0..3).map(move |scan| {
            Spectrum::new(
                apex + CYCLE * f64::from(scan) + 0.05,
                Some((mz - 0.5, mz + 0.5)),
                &COMPOUNDS,
            )
        })
    }));
    found.assert_right();
    assert_eq!(found.kind(), "dia");
    assert!(found.warns("12 scans in 4 narrow windows"), "{}", found.ended.stderr);
}

#[test]
fn wide_windows_around_chosen_precursors_are_dda() {
    let mut spectra = Vec::new();
    for cycle in 0..CYCLES {
        let seconds = START + CYCLE * cycle as f64;
        spectra.push(Spectrum::new(seconds, None, &COMPOUNDS));
        for (position, (mz, apex, _)) in COMPOUNDS.iter().enumerate() {
            if (seconds - apex).abs() < 3.0 {
                let at = seconds + 0.1 + 0.1 * position as f64;
                spectra.push(Spectrum::new(at, Some((mz - 5.0, mz + 5.0)), &COMPOUNDS));
            }
        }
    }
    let found = result_of(document(&spectra));
    found.assert_features(&COMPOUNDS, false);
    assert_eq!(found.kind(), "dda");
    assert!(found.features.iter().all(|feature| feature.2 == "no_fragment_scans"));
}

#[test]
fn several_windows_at_once_are_named() {
    let found = changed(|_, spectrum| {
        if spectrum.level == 2 {
            spectrum.windows.push(isolation(350.0, 25.0, 25.0));
        }
    });
    found.assert_features(&COMPOUNDS, false);
    assert_eq!(found.kind(), "multiplexed");
    assert!(found.warns("several isolation windows at once"));
}

#[test]
fn the_lower_of_two_energies_is_the_survey_whatever_its_sign() {
    let mut spectra = cycles(&[(0.0, 1000.0)]);
    for spectrum in &mut spectra {
        let energy = if spectrum.level == 1 { -6.0 } else { -30.0 };
        spectrum.level = 1;
        spectrum.windows.clear();
        spectrum.scan_terms = term("MS:1000045", energy);
        spectrum.terms = term("MS:1000129", "") + &term("MS:1000127", "");
    }
    let found = result_of(document(&spectra));
    found.assert_right();
    assert_eq!((found.kind(), found.channels()), ("all-ion", 2));
    assert_eq!(found.record["run"]["channels"][0]["polarity"], "negative");
}

#[test]
fn scan_ranges_and_voltages_are_channels_of_their_own() {
    let ranges = [(200.0, 230.0), (230.0, 250.0), (250.0, 275.0), (275.0, 300.0)];
    let mut spectra = Vec::new();
    for spectrum in cycles(&WINDOWS) {
        if spectrum.level > 1 {
            spectra.push(spectrum);
            continue;
        }
        for (position, (lower, upper)) in ranges.into_iter().enumerate() {
            let mut part =
                Spectrum::new(spectrum.seconds + 0.05 * position as f64, None, &COMPOUNDS);
            part.peaks.retain(|peak| (lower..upper).contains(&peak.0));
            part.range = Some((lower, upper));
            spectra.push(part);
        }
    }
    let found = result_of(document(&spectra));
    found.assert_right();
    assert_eq!(found.channels(), 6);

    // Two voltages, each of which lets two compounds through and a little of the others.
    let mut spectra = cycles(&WINDOWS);
    for (position, spectrum) in spectra.iter_mut().enumerate() {
        let second = position / 3 % 2 == 1;
        spectrum.scan_terms = term("MS:1001581", if second { -65.0 } else { -45.0 });
        let passes = |compound: usize| if (compound % 2 == 1) == second { 1.0 } else { 0.05 };
        for peak in &mut spectrum.peaks {
            let compound = COMPOUNDS.iter().position(|(mz, _, fragments)| {
                fragments.iter().chain([mz, &(mz + 1.00335)]).any(|one| (one - peak.0).abs() < 1e-6)
            });
            peak.1 *= compound.map_or(1.0, passes);
        }
        spectrum.peaks.retain(|peak| peak.1 > 300.0);
    }
    let found = result_of(document(&spectra));
    found.assert_right();
    assert_eq!(found.channels(), 6);
    assert!(found.warns("second compensation voltage"), "{}", found.ended.stderr);
}

#[test]
fn two_surveys_without_fragments_are_ms1_only() {
    let mut spectra = cycles(&[(0.0, 1000.0)]);
    for (position, spectrum) in spectra.iter_mut().enumerate() {
        let (lower, upper) = if position % 2 == 0 { (50.0, 245.0) } else { (245.0, 400.0) };
        *spectrum = Spectrum::new(spectrum.seconds, None, &COMPOUNDS);
        spectrum.peaks.retain(|peak| (lower..upper).contains(&peak.0));
        spectrum.range = Some((lower, upper));
        spectrum.id = format!("function={} process=0 scan={}", position % 2 + 1, position / 2 + 1);
    }
    let found = result_of(document(&spectra));
    found.assert_features(&COMPOUNDS, false);
    assert_eq!((found.kind(), found.channels()), ("ms1-only", 2));
}

#[test]
fn constant_ions_in_ranges_that_follow_each_other_are_no_features() {
    let spectra: Vec<Spectrum> = (0..60)
        .map(|i| {
            let lower = 200.0 + 50.0 * f64::from(i % 3);
            let mut spectrum = Spectrum::new(0.5 * f64::from(i), None, &[]);
            spectrum.peaks.extend(
                [11.1, 22.2, 33.3]
                    .map(|more| (lower + more, 5e4 * (1.0 + 0.02 * f64::from(i % 5)))),
            );
            spectrum.peaks.retain(|peak| (lower..lower + 50.0).contains(&peak.0));
            spectrum.range = Some((lower, lower + 50.0));
            spectrum
        })
        .collect();
    result_of(document(&spectra)).assert_features(&[], false);
}

#[test]
fn scans_of_another_kind_are_left_out() {
    let lock_mass = |seconds: f64| {
        let mut spectrum = Spectrum::new(seconds, None, &[]);
        spectrum.peaks = vec![(554.2615, 3e5)];
        spectrum
    };
    let in_place_of = |positions: &'static [usize], foreign: &dyn Fn(f64) -> Spectrum| {
        changed(|position, spectrum| {
            if positions.contains(&position) {
                *spectrum = foreign(spectrum.seconds);
            }
        })
    };
    let empty = in_place_of(&[45, 51, 60], &|seconds| Spectrum::new(seconds, None, &[]));
    empty.assert_right();
    assert!(empty.warns("3 scans hold almost nothing"), "{}", empty.ended.stderr);
    let locked = in_place_of(&[45, 54, 63], &lock_mass);
    locked.assert_right();
    assert!(locked.warns("3 scans hold almost nothing"), "{}", locked.ended.stderr);
    let calibration = with((0..13).map(|i| {
        let mut spectrum = lock_mass(5.1 + 2.7 * f64::from(i));
        spectrum.terms += &term("MS:1000928", "");
        spectrum
    }));
    calibration.assert_right();
    assert!(
        calibration.warns("13 calibration spectra were skipped"),
        "{}",
        calibration.ended.stderr
    );
    let light = with((0..40).map(|i| {
        let mut spectrum = Spectrum::new(4.2 + CYCLE * f64::from(i), None, &[]);
        spectrum.peaks = (200..400).map(|nanometres| (f64::from(nanometres), 10.0)).collect();
        spectrum.terms += &term("MS:1000804", "");
        spectrum
    }));
    light.assert_right();
    assert!(light.warns("40 spectra of another kind"), "{}", light.ended.stderr);
}

#[test]
fn points_decide_what_is_a_profile() {
    let dense = |representation: &'static str| {
        changed(move |position, spectrum| {
            if spectrum.level == 1 {
                // Neighbours 0.02 apart, as centroids of a crowded spectrum are.
                let more = (0..60).map(|i| {
                    (
                        380.0
                            + 0.02 * f64::from(i)
                            + 0.003 * f64::from((i * 7 + position as i32) % 5),
                        900.0 + f64::from(i % 7),
                    )
                });
                spectrum.peaks.extend(more.filter(|peak| peak.0 < 381.3));
                spectrum.peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
            }
            spectrum.terms = term("MS:1000130", "") + &term(representation, "");
        })
    };
    let (called_profile, called_centroid) = (dense("MS:1000128"), dense("MS:1000127"));
    let points = |found: &Found| found.record["stages"][0]["counts"]["points"].clone();
    assert_eq!(points(&called_profile), points(&called_centroid));
    assert_eq!(called_profile.features, called_centroid.features);

    for representation in ["MS:1000128", "MS:1000127"] {
        changed(|_, spectrum| {
            let curve = |&(mz, height): &(f64, f64)| {
                let width = 0.004;
                (-6..=6).map(move |i| {
                    let offset = 0.5 * width * f64::from(i);
                    (mz + offset, height * (-0.5 * (offset / width).powi(2)).exp())
                })
            };
            spectrum.peaks = spectrum.peaks.iter().flat_map(curve).collect();
            spectrum.terms = term("MS:1000130", "") + &term(representation, "");
        })
        .assert_right();
    }
}

#[test]
fn texts_and_prefixes_do_not_hinder() {
    let plain = document(&cycles(&WINDOWS));
    let latin = plain
        .replace("value=\"test\"", "value=\"M\u{fc}ller\"")
        .replace("encoding=\"utf-8\"", "encoding=\"ISO-8859-1\"");
    let bytes: Vec<u8> =
        latin.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    result_of(bytes).assert_right();
    let prefixed =
        plain.replace("</", "</ns0:").replace('<', "<ns0:").replace("<ns0:/ns0:", "</ns0:");
    let prefixed = prefixed.replace("<ns0:?xml", "<?xml").replace("xmlns=", "xmlns:ns0=");
    result_of(prefixed).assert_right();
    let old = plain.replace("version=\"1.1.0\"", "version=\"0.99.1\"");
    let found = result_of(old);
    assert_eq!(found.ended.code, Some(2), "{}", found.ended.stderr);
    assert!(found.ended.stderr.contains("0.99"), "{}", found.ended.stderr);
}

#[test]
fn polarity_is_that_of_the_run_where_a_spectrum_says_none() {
    let found = changed(|_, spectrum| {
        spectrum.terms = if spectrum.level == 1 { term("MS:1000129", "") } else { String::new() }
            + &term("MS:1000127", "");
    });
    found.assert_right();
    let channels = found.record["run"]["channels"].as_array().expect("channels");
    assert!(channels.iter().all(|channel| channel["polarity"] == "negative"));
}

#[test]
fn switching_polarities_stay_apart() {
    let negative: Vec<Compound> = COMPOUNDS
        .iter()
        .map(|&(mz, apex, fragments)| (mz - 2.01456, apex, fragments.map(|mz| mz - 2.01456)))
        .collect();
    let mut spectra = cycles(&WINDOWS);
    for (position, spectrum) in spectra.iter_mut().enumerate() {
        if position / 3 % 2 == 1 {
            let window = (spectrum.level == 2).then(|| window_of(spectrum));
            *spectrum = Spectrum::new(spectrum.seconds, window, &negative);
            spectrum.terms = term("MS:1000129", "") + &term("MS:1000127", "");
        }
    }
    let compounds: Vec<Compound> = COMPOUNDS.iter().copied().chain(negative).collect();
    result_of(document(&spectra)).assert_features(&compounds, true);
}

#[test]
fn inspect_tells_the_same_to_programs() {
    let folder = folder();
    let input = folder.path().join("run.mzML");
    let mut spectra = cycles(&WINDOWS);
    spectra.iter_mut().for_each(|spectrum| spectrum.scan_terms = term("MS:1001581", -45.0));
    std::fs::write(&input, document(&spectra)).expect("the file is written");
    let ended = end(cofactor().arg("inspect").arg("--json").arg(&input));
    let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(told[0]["kind"], "dia");
    let channels = told[0]["channels"].as_array().expect("channels");
    assert_eq!(channels.len(), 3);
    assert!(
        channels
            .iter()
            .all(|channel| channel["compensation_voltage"] == -45.0 && channel["scans"] == CYCLES)
    );
    assert!(end(cofactor().arg("inspect").arg(&input)).stdout.contains("-45"));
}
