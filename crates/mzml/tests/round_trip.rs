//! What is written comes back as it was, plain and gzip.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use cofactor_core::{ChannelIx, IsolationWindow, Polarity, RunKind, Scan, ScanHeader};
use cofactor_mzml::{
    Error, ReadParams, ScanSource, SelectedIon, WriteInfo, describe, inspect, open, write,
    write_spectra,
};

/// A DIA run: in each cycle an MS1 scan and two windows.
fn run(cycles: usize) -> Vec<Scan> {
    let windows = [None, Some((129.5, 145.5)), Some((398.0, 602.0))];
    (0..3 * cycles)
        .map(|index| {
            let window = windows[index % 3].map(|(lower, upper)| IsolationWindow { lower, upper });
            let peaks = index % 7;
            Scan {
                header: ScanHeader {
                    id: format!("scan={}", index + 1),
                    index,
                    ms_level: if window.is_some() { 2 } else { 1 },
                    rt_seconds: 535.0 + 0.277 * index as f64,
                    polarity: Some(Polarity::Negative),
                    window,
                    collision_energy: window.map(|_| 27.6),
                    scan_range: Some((50.0, 750.5)),
                },
                mz: (0..peaks).map(|i| 100.1 + (i * i) as f64 / 3.0).collect(),
                intensity: (0..peaks).map(|i| 1e5 / (i + index) as f32 + 0.1).collect(),
            }
        })
        .collect()
}

fn write_run(path: &Path, scans: &[Scan], compress: bool) {
    let info = WriteInfo { scan_count: scans.len(), source: "a test".to_owned(), compress };
    write(path, &info, scans.iter().cloned()).expect("the run is written");
}

fn read(path: &Path) -> (Vec<(ChannelIx, Scan)>, cofactor_core::Run) {
    let mut reader = open(path, &ReadParams::default()).expect("the file opens");
    let scans = reader.by_ref().collect::<Result<Vec<_>, _>>().expect("the scans are whole");
    (scans, reader.finish().expect("the run is whole"))
}

fn assert_same(read: &[(ChannelIx, Scan)], written: &[Scan]) {
    assert_eq!(read.len(), written.len());
    for (position, ((channel, read), written)) in read.iter().zip(written).enumerate() {
        assert_eq!(*channel, ChannelIx(position % 3));
        let minutes = (read.header.rt_seconds - written.header.rt_seconds).abs() / 60.0;
        assert!(minutes < 1e-9, "{minutes}");
        let header = ScanHeader { rt_seconds: written.header.rt_seconds, ..read.header.clone() };
        assert_eq!(Scan { header, ..read.clone() }, *written);
    }
}

#[test]
fn scans_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let written = run(200);
    let mut files = Vec::new();
    for compress in [true, false] {
        let path = dir.path().join(format!("{compress}.mzML"));
        write_run(&path, &written, compress);
        let zipped = dir.path().join(format!("{compress}.mzML.gz"));
        let mut encoder = flate2::write::GzEncoder::new(
            fs::File::create(&zipped).unwrap(),
            flate2::Compression::fast(),
        );
        encoder.write_all(&fs::read(&path).unwrap()).unwrap();
        encoder.finish().unwrap();
        let misnamed = dir.path().join(format!("{compress}-zipped.mzML"));
        fs::copy(&zipped, &misnamed).unwrap();
        files.extend([path, zipped, misnamed]);
    }
    for path in files {
        let (scans, run) = read(&path);
        assert_same(&scans, &written);
        assert_eq!((run.kind, run.scan_count, run.channels.len()), (RunKind::Dia, 600, 3));
        assert!(run.warnings.is_empty(), "{:?}", run.warnings);
        for (position, channel) in run.channels.iter().enumerate() {
            assert_eq!(channel.window(), written[position].header.window);
            assert_eq!(channel.scan_range, Some((50.0, 750.5)));
            assert_eq!(channel.scan_seconds.len(), 200);
        }
        let inspection = inspect(&path, &ReadParams::default()).unwrap();
        assert_eq!(inspection.run, run);
        assert_eq!(
            (inspection.profile_scans, inspection.centroid_scans, inspection.unknown_scans),
            (0, 600, 0)
        );
        assert!(describe(&inspection).contains("2 of variable width 16.00-204.00"));
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.mzML");
    write_run(&path, &run(100), true);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read(&path))
    };
    assert_eq!(with_threads(1), with_threads(4));
}

#[test]
fn fragments_without_a_window_are_written_as_not_isolated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("aif.mzML");
    let mut scans = run(3);
    for (position, scan) in scans.iter_mut().enumerate() {
        let window = (position % 3 == 1).then_some(IsolationWindow::ALL);
        scan.header = ScanHeader { window, collision_energy: None, ..scan.header.clone() };
    }
    write_run(&path, &scans, true);
    let (read, run) = read(&path);
    assert_eq!(read.len(), 9);
    assert_eq!(run.kind, RunKind::AllIon);
    assert_eq!(run.channels.len(), 2);
    assert_eq!(run.channels[1].window(), Some(IsolationWindow::ALL));
}

#[test]
fn fragment_spectra_have_their_ion() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spectra.mzML");
    let scans: Vec<Scan> = run(2).into_iter().filter(|scan| scan.header.ms_level == 2).collect();
    let info = WriteInfo { scan_count: scans.len(), source: "a test".to_owned(), compress: true };
    let ion = |number: usize| SelectedIon {
        mz: 130.5 + number as f64,
        charge: (number != 1).then_some(2),
        intensity: 1000.0,
    };
    write_spectra(&path, &info, scans.iter().cloned().enumerate().map(|(n, scan)| (scan, ion(n))))
        .unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let values = |name: &str| -> Vec<f64> {
        let before = format!("name=\"{name}\" value=\"");
        let parts = text.split(&before).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap_or_default().parse().expect("a number"))
            .collect()
    };
    assert_eq!(values("selected ion m/z"), [130.5, 131.5, 132.5, 133.5]);
    assert_eq!(values("charge state"), [2.0; 3]);
    assert_eq!(values("peak intensity"), [1000.0; 4]);
    assert!(!text.contains("MS1 spectrum"));
    let (read, described) = read(&path);
    assert_eq!(described.kind, RunKind::Ms2Only);
    for ((_, read), written) in read.iter().zip(&scans) {
        assert_eq!((&read.mz, &read.intensity), (&written.mz, &written.intensity));
        assert_eq!(read.header.window, written.header.window);
    }
}

#[test]
fn only_the_wanted_times_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.mzML");
    write_run(&path, &run(50), true);
    let params = ReadParams { rt_seconds: Some((540.0, 545.0)), ..ReadParams::default() };
    let mut reader = open(&path, &params).unwrap();
    assert_eq!(reader.expected_scans(), Some(150));
    let scans = reader.by_ref().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(scans.len(), 18);
    assert!(scans.iter().all(|(_, scan)| (540.0..=545.0).contains(&scan.header.rt_seconds)));
    let run = reader.finish().unwrap();
    assert_eq!(run.scan_count, 150);
    assert_eq!(run.channels.iter().map(|channel| channel.scan_seconds.len()).sum::<usize>(), 18);
    let nothing = ReadParams { rt_seconds: Some((0.0, 1.0)), ..params };
    assert!(matches!(open(&path, &nothing).unwrap().finish(), Err(Error::NoScans { .. })));
}

#[test]
fn a_wrong_announcement_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.mzML");
    for scan_count in [2, 4] {
        let info = WriteInfo { scan_count, source: "a test".to_owned(), compress: true };
        let error = write(&path, &info, run(1).into_iter()).unwrap_err();
        assert!(matches!(error, Error::ScanCount { given: 3, .. }), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
    let nowhere = dir.path().join("no/such/folder.mzML");
    let info = WriteInfo { scan_count: 3, source: "a test".to_owned(), compress: true };
    assert!(matches!(write(&nowhere, &info, run(1).into_iter()), Err(Error::Write { .. })));
}
