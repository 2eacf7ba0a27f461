//! The traces of a run as one lean file: a study is made again from these, without the run.
//!
//! MessagePack, compressed with gzip: a map that any reader of MessagePack understands. It holds
//! what was read, not what was found in it, so that it stays good when only later steps change.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use cofactor_core::{
    Channel, ChannelIx, ChannelTraces, DetectionLimit, Loss, Run, RunKind, Tolerance, Trace,
};
use cofactor_mzml::ReadParams;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::Config;
use crate::error::Error;
use crate::evidence::SeenScan;

/// How the name of such a file ends.
pub(crate) const EXTENSION: &str = "traces.gz";

/// Bytes that a file may unpack to.
const LARGEST: u64 = 1 << 36;

/// Version of the layout.
const LAYOUT: u32 = 2;

/// What a trace file says.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    layout: u32,
    /// Version of the program that wrote it.
    program: String,
    /// What traces depend on besides the run.
    parameters: Value,
    /// SHA-256 of the run.
    sha256: String,
    file_name: String,
    kind: RunKind,
    scan_count: usize,
    warnings: Vec<String>,
    tolerance: Tolerance,
    loss: Option<Loss>,
    scans: Vec<SeenScan>,
    channels: Vec<StoredChannel>,
}

/// The traces of a channel, one after another.
#[derive(Debug, Serialize, Deserialize)]
struct StoredChannel {
    channel: Channel,
    limit: Vec<f32>,
    telling: Option<f32>,
    mz: Vec<f64>,
    /// Points of each trace.
    points: Vec<u32>,
    /// Scan positions: of a trace the first, then how much further each next one is.
    steps: Vec<u32>,
    intensity: Vec<f32>,
    /// Of MS1.
    shift: Vec<f32>,
}

impl StoredChannel {
    fn new(channel: &Channel, traces: &ChannelTraces) -> Self {
        let all = || traces.traces.iter();
        let steps = all().flat_map(|trace| {
            let before = [0].into_iter().chain(trace.scans.iter().copied());
            trace.scans.iter().zip(before).map(|(scan, before)| scan - before)
        });
        Self {
            channel: channel.clone(),
            limit: traces.limit.per_scan.clone(),
            telling: traces.telling,
            mz: all().map(|trace| trace.mz).collect(),
            points: all().map(|trace| trace.scans.len() as u32).collect(),
            steps: steps.collect(),
            intensity: all().flat_map(|trace| trace.intensity.iter().copied()).collect(),
            shift: all().flat_map(|trace| trace.shift.iter().copied()).collect(),
        }
    }

    /// The channel, at position `number` of its run; `None` where the lists do not fit.
    fn traces(self, number: ChannelIx) -> Option<(Channel, ChannelTraces)> {
        let Self { channel, limit, telling, mz, points, steps, intensity, shift } = self;
        let total: usize = points.iter().map(|n| *n as usize).sum();
        let fit = [steps.len(), intensity.len()] == [total; 2] && [0, total].contains(&shift.len());
        if mz.len() != points.len() || !fit {
            return None;
        }
        let mut traces = Vec::with_capacity(mz.len());
        let mut first = 0;
        for (mz, points) in mz.into_iter().zip(points) {
            let range = first..first + points as usize;
            first = range.end;
            let mut scan = 0_u32;
            let mut scans = Vec::with_capacity(range.len());
            for step in &steps[range.clone()] {
                scan = scan.checked_add(*step)?;
                scans.push(scan);
            }
            let seen = scans.last().is_some_and(|last| channel.scan_seconds.len() > *last as usize);
            if !seen {
                return None;
            }
            let intensity = intensity[range.clone()].to_vec();
            let shift = shift.get(range).map_or_else(Vec::new, <[f32]>::to_vec);
            traces.push(Trace { channel: number, mz, scans, intensity, shift });
        }
        let limit = DetectionLimit { per_scan: limit };
        Some((channel, ChannelTraces { traces, limit, telling }))
    }
}

/// A run that was read and traced.
#[derive(Debug)]
pub(crate) struct TracedScans {
    pub(crate) run: Run,
    pub(crate) channels: Vec<ChannelTraces>,
    pub(crate) scans: Vec<SeenScan>,
    pub(crate) tolerance: Tolerance,
    pub(crate) loss: Option<Loss>,
    pub(crate) sha256: String,
}

/// Writes the traces of a run.
pub(crate) fn write(
    path: &Path,
    traced: &TracedScans,
    config: &Config,
    reading: &ReadParams,
) -> Result<(), Error> {
    let TracedScans { run, channels, scans, tolerance, loss, sha256 } = traced;
    let stored = Stored {
        layout: LAYOUT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        parameters: parameters(config, reading),
        sha256: sha256.clone(),
        file_name: run.file_name.clone(),
        kind: run.kind,
        scan_count: run.scan_count,
        warnings: run.warnings.clone(),
        tolerance: *tolerance,
        loss: *loss,
        scans: scans.clone(),
        channels: run
            .channels
            .iter()
            .zip(channels)
            .map(|(c, t)| StoredChannel::new(c, t))
            .collect(),
    };
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let part = path.with_extension("part");
    let whole = || -> io::Result<()> {
        let file = BufWriter::new(File::create(&part)?);
        let mut packed = GzEncoder::new(file, Compression::fast());
        rmp_serde::encode::write_named(&mut packed, &stored).map_err(io::Error::other)?;
        packed.finish()?.flush()?;
        fs::rename(&part, path)
    };
    whole().map_err(failed)
}

/// The traces of a file, made as they would be made now; `None` if it is none such, damaged, or
/// other traces than `sha256` asks for, where it does.
pub(crate) fn read(
    path: &Path,
    sha256: Option<&str>,
    config: &Config,
    reading: &ReadParams,
) -> Option<TracedScans> {
    let unpacked = GzDecoder::new(BufReader::new(File::open(path).ok()?));
    let stored: Stored = rmp_serde::from_read(unpacked.take(LARGEST)).ok()?;
    let is_same = stored.layout == LAYOUT
        && stored.program == env!("CARGO_PKG_VERSION")
        && stored.parameters == parameters(config, reading)
        && sha256.is_none_or(|sha256| sha256 == stored.sha256);
    if !is_same {
        return None;
    }
    let channels = stored.channels.into_iter().enumerate();
    let channels = channels.map(|(number, channel)| channel.traces(ChannelIx(number)));
    let (channels, traces) = channels.collect::<Option<Vec<_>>>()?.into_iter().unzip();
    Some(TracedScans {
        run: Run {
            file_name: stored.file_name,
            kind: stored.kind,
            channels,
            scan_count: stored.scan_count,
            warnings: stored.warnings,
        },
        channels: traces,
        scans: stored.scans,
        tolerance: stored.tolerance,
        loss: stored.loss,
        sha256: stored.sha256,
    })
}

/// What traces depend on besides the run.
fn parameters(config: &Config, reading: &ReadParams) -> Value {
    let traces = config.traces(config.tolerance.first());
    // As it is read again.
    let written = json!({
        "tolerance": config.tolerance,
        "traces": traces,
        "min_points": config.min_points,
        "rt_seconds": reading.rt_seconds,
        "allow_truncated": reading.allow_truncated,
    });
    serde_json::from_str(&written.to_string()).unwrap_or(written)
}

#[cfg(test)]
mod tests {
    use cofactor_core::{ChannelRole, Polarity};

    use super::*;

    fn traced() -> TracedScans {
        let channel = Channel {
            role: ChannelRole::Ms1,
            polarity: Polarity::Positive,
            collision_energy: None,
            compensation_voltage: None,
            source_energy: None,
            scan_range: Some((50.0, 900.0)),
            scan_seconds: vec![0.5, 1.25, 2.0, 2.75],
        };
        let trace = |mz: f64, scans: &[u32]| Trace {
            channel: ChannelIx(0),
            mz,
            scans: scans.to_vec(),
            intensity: scans.iter().map(|scan| 0.1 + *scan as f32).collect(),
            shift: scans.iter().map(|scan| 0.5 - *scan as f32).collect(),
        };
        TracedScans {
            run: Run {
                file_name: "a.mzML".to_owned(),
                kind: RunKind::Dia,
                channels: vec![channel],
                scan_count: 4,
                warnings: vec!["odd".to_owned()],
            },
            channels: vec![ChannelTraces {
                traces: vec![trace(100.000_1, &[0, 1, 3]), trace(250.1, &[2])],
                limit: DetectionLimit { per_scan: vec![1.5; 4] },
                telling: Some(7.0),
            }],
            scans: Vec::new(),
            tolerance: Tolerance::ppm(10.0),
            loss: None,
            sha256: "ab".to_owned(),
        }
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.traces.gz");
        let (config, reading) = (Config::default(), ReadParams::default());
        write(&path, &traced(), &config, &reading).unwrap();
        let found = read(&path, Some("ab"), &config, &reading).unwrap();
        assert_eq!(format!("{found:?}"), format!("{:?}", traced()));
        assert!(read(&path, Some("cd"), &config, &reading).is_none(), "another run");
        let stricter = Config { min_points: config.min_points + 1, ..config };
        assert!(read(&path, Some("ab"), &stricter, &reading).is_none(), "other parameters");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(read(&path, Some("ab"), &config, &reading).is_none(), "half a file");
    }
}
