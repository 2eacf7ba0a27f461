//! Damaged files give an error or all their scans; they never panic, hang, or lose scans silently.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use cofactor_core::{ChannelIx, IsolationWindow, Polarity, Run, Scan, ScanHeader};
use cofactor_mzml::{Error, ReadParams, ScanSource, WriteInfo, inspect, open, write};

const SCANS: usize = 6;

fn small_file(path: &Path) -> Vec<u8> {
    let scans = (0..SCANS).map(|index| {
        let window = (index % 2 == 1).then_some(IsolationWindow { lower: 400.0, upper: 425.0 });
        Scan {
            header: ScanHeader {
                id: format!("scan={}", index + 1),
                index,
                ms_level: if window.is_some() { 2 } else { 1 },
                rt_seconds: 1.0 + index as f64,
                polarity: Some(Polarity::Positive),
                window,
                collision_energy: window.map(|_| 30.0),
                scan_range: Some((50.0, 600.0)),
            },
            mz: (1..=20).map(|i| 100.0 + 17.3 * f64::from(i)).collect(),
            intensity: (1..=20).map(|i| 1000.0 / i as f32).collect(),
        }
    });
    let info = WriteInfo { scan_count: SCANS, source: "a test".to_owned(), compress: true };
    write(path, &info, scans).expect("the file is written");
    fs::read(path).expect("the file is read")
}

/// Reads a file to its end, scan by scan and all at once, which must come to the same; the number
/// of spectra that came or were counted as skipped.
fn read(path: &Path) -> Result<usize, Error> {
    let (one_by_one, all_at_once) = (read_one_by_one(path), read_all_at_once(path));
    let told = |result: &Result<_, Error>| result.as_ref().map_err(ToString::to_string).cloned();
    assert_eq!(told(&one_by_one), told(&all_at_once));
    Ok(one_by_one?.1.scan_count)
}

type Everything = (Vec<(ChannelIx, Scan)>, Run);

fn read_one_by_one(path: &Path) -> Result<Everything, Error> {
    let mut reader = open(path, &ReadParams::default())?;
    let mut scans = Vec::new();
    for item in reader.by_ref() {
        let (channel, scan) = item?;
        assert!(scan.mz.is_sorted_by(|a, b| a < b) && scan.mz.len() == scan.intensity.len());
        scans.push((channel, scan));
    }
    Ok((scans, reader.finish()?))
}

fn read_all_at_once(path: &Path) -> Result<Everything, Error> {
    let mut reader = open(path, &ReadParams::default())?;
    let mut scans = Vec::new();
    reader.read_all(|batch| {
        scans.extend(batch);
        Ok::<_, Error>(())
    })?;
    Ok((scans, reader.finish()?))
}

#[test]
fn a_cut_file_is_truncated_wherever_it_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.mzML");
    let whole = small_file(&path);
    let text = String::from_utf8(whole.clone()).unwrap();
    let last_spectrum_ends = text.rfind("</spectrum>").unwrap() + "</spectrum>".len();
    let first_spectrum_starts = text.find("<spectrum ").unwrap();
    for length in
        (0..whole.len()).step_by(13).chain(last_spectrum_ends - 15..last_spectrum_ends + 5)
    {
        fs::write(&path, &whole[..length]).unwrap();
        let result = read(&path);
        if length >= last_spectrum_ends {
            assert_eq!(result.unwrap(), SCANS, "cut at {length}");
            continue;
        }
        let error = result.unwrap_err();
        match error {
            Error::Empty { .. } => assert_eq!(length, 0),
            Error::NotMzml { .. } => assert!(length < 60, "cut at {length}: {error}"),
            Error::Truncated { read, .. } => {
                assert_eq!(read, text[..length].matches("</spectrum>").count(), "cut at {length}");
                assert!(
                    length < first_spectrum_starts || error.to_string().contains("of 6 spectra"),
                    "{error}"
                );
            }
            _ => panic!("cut at {length}: {error}"),
        }
        assert!(inspect(&path, &ReadParams::default()).is_err(), "cut at {length}");
    }
}

#[test]
fn a_cut_gzip_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.mzML.gz");
    let whole = small_file(&path);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&whole).unwrap();
    let zipped = encoder.finish().unwrap();
    for length in (2..zipped.len()).step_by(29) {
        fs::write(&path, &zipped[..length]).unwrap();
        let error = read(&path).unwrap_err();
        assert!(
            matches!(error, Error::Truncated { .. } | Error::Gzip { .. }),
            "cut at {length}: {error}"
        );
    }
    for position in (2..zipped.len()).step_by(29) {
        let mut flipped = zipped.clone();
        flipped[position] ^= 0x10;
        fs::write(&path, &flipped).unwrap();
        assert!(read(&path).map_or(true, |count| count == SCANS), "flipped at {position}");
    }
}

#[test]
fn a_cut_file_is_read_up_to_the_cut_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.mzML");
    let whole = small_file(&path);
    let text = String::from_utf8(whole.clone()).unwrap();
    let params = ReadParams { allow_truncated: true, ..ReadParams::default() };
    let first_ends = text.find("</spectrum>").unwrap() + "</spectrum>".len();
    let last_ends = text.rfind("</spectrum>").unwrap() + "</spectrum>".len();
    for length in (first_ends..last_ends).step_by(13) {
        fs::write(&path, &whole[..length]).unwrap();
        let mut reader = open(&path, &params).unwrap();
        let scans = reader.by_ref().inspect(|item| assert!(item.is_ok())).count();
        let whole_spectra = text[..length].matches("</spectrum>").count();
        let loss = reader.loss().expect("something is missing");
        assert_eq!(
            (scans, loss.read, loss.announced, loss.cut),
            (whole_spectra, whole_spectra, Some(SCANS), true),
            "cut at {length}"
        );
        assert_eq!(loss.last_seconds, whole_spectra as f64);
        let run = reader.finish().unwrap();
        let said = format!(
            "{whole_spectra} of 6 announced spectra were there, the last at \
             {whole_spectra}.00 s: the file is cut off"
        );
        assert!(run.warnings.iter().any(|warning| warning.contains(&said)), "{:?}", run.warnings);
        assert_eq!(inspect(&path, &params).unwrap().run.scan_count, whole_spectra);
    }
    fs::write(&path, &whole[..first_ends - 20]).unwrap();
    assert!(matches!(inspect(&path, &params), Err(Error::Truncated { read: 0, .. })));
}

#[test]
fn a_flipped_byte_gives_an_error_or_all_scans() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flipped.mzML");
    let whole = small_file(&path);
    let mut errors = 0;
    for (round, position) in (0..whole.len()).step_by(7).enumerate() {
        let mut flipped = whole.clone();
        flipped[position] ^= [0x01, 0x04, 0x10, 0x40, 0x80, 0xff][round % 6];
        fs::write(&path, &flipped).unwrap();
        match read(&path) {
            Ok(count) => assert_eq!(count, SCANS, "flipped at {position}"),
            Err(error) => {
                errors += 1;
                assert!(error.to_string().contains("flipped.mzML"), "{error}");
            }
        }
    }
    assert!(errors > 0);
}

#[test]
fn one_bad_spectrum_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.mzML");
    let text = String::from_utf8(small_file(&path)).unwrap();
    let third = text.find("id=\"scan=3\"").unwrap();
    let data = third + text[third..].find("<binary>").unwrap() + "<binary>".len();
    for garbage in ["!!!!", "AAAAAAAA"] {
        let mut damaged = text.clone();
        damaged.replace_range(data..data + garbage.len(), garbage);
        fs::write(&path, damaged).unwrap();
        let mut reader = open(&path, &ReadParams::default()).unwrap();
        let error = reader.find_map(Result::err).unwrap();
        assert!(matches!(&error, Error::Peaks { id, .. } if id == "scan=3"), "{error}");
        assert!(reader.next().is_none());
        assert!(matches!(reader.finish(), Err(Error::StoppedEarly { .. })));
    }
}

#[test]
fn who_takes_the_scans_may_end_the_reading() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("whole.mzML");
    small_file(&path);
    let mut reader = open(&path, &ReadParams::default()).unwrap();
    assert!(reader.next().unwrap().is_ok());
    let mut taken = 0;
    let enough = |scans: Vec<_>| {
        taken += scans.len();
        Err(Error::NoTimes { path: path.clone() })
    };
    assert!(matches!(reader.read_all(enough), Err(Error::NoTimes { .. })));
    assert_eq!(taken, SCANS - 1, "what was decoded with the first");
    assert!(matches!(reader.finish(), Err(Error::StoppedEarly { .. })));
}

#[test]
fn a_closed_file_with_too_few_spectra_is_taken_only_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("few.mzML");
    let text = String::from_utf8(small_file(&path))
        .unwrap()
        .replace("spectrumList count=\"6\"", "spectrumList count=\"9\"");
    fs::write(&path, &text).unwrap();
    let error = read(&path).unwrap_err();
    assert!(matches!(error, Error::Incomplete { read: 6, expected: 9, .. }), "{error}");
    let params = ReadParams { allow_truncated: true, ..ReadParams::default() };
    let run = open(&path, &params).unwrap().finish().unwrap();
    assert!(
        run.warnings.iter().any(|warning| warning.contains(
            "6 of 9 announced spectra were there, the last at 6.00 s: the file closes properly"
        )),
        "{:?}",
        run.warnings
    );
}

#[test]
fn a_file_of_chromatograms_only_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chromatograms.mzML");
    let text = String::from_utf8(small_file(&path)).unwrap();
    let list = text.find("<spectrumList").unwrap()..text.find("<chromatogramList").unwrap();
    for replacement in [
        "",
        "<spectrumList count=\"0\" defaultDataProcessingRef=\"cofactor_export\"></spectrumList>",
    ] {
        let mut without = text.clone();
        without.replace_range(list.clone(), replacement);
        fs::write(&path, without).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, Error::NoScans { .. }), "{error}");
    }
}
