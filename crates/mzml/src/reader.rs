//! The stream of scans: a batch is parsed while other threads decode the one before it.

use std::collections::VecDeque;
use std::mem;
use std::path::Path;

use cofactor_core::{ChannelIx, Loss, Run, Scan, ScanSource};
use rayon::prelude::*;

use crate::Error;
use crate::acquisition::header::{Continuity, RawHeader};
use crate::acquisition::notes::Note;
use crate::acquisition::peaks::Peaks;
use crate::acquisition::points::Decoded;
use crate::file::decode::decode;
use crate::file::parser::Arrays;
use crate::survey::{Pending, ReadParams, Survey};

/// Centroided scans in file order, each with the position of its channel in [`Run::channels`].
///
/// After an error there is nothing more. A scan's own `window` and `polarity` are what the file
/// says; what was made of them stands in its channel.
pub struct ScanReader {
    survey: Survey,
    pending: Vec<Pending>,
    ready: VecDeque<(ChannelIx, Scan)>,
    failure: Option<Error>,
    failed: bool,
}

/// Opens an mzML file, plain or gzip.
///
/// # Errors
/// If it cannot be opened or is not mzML. Damage further on comes with the scans.
pub fn open(path: &Path, params: &ReadParams) -> Result<ScanReader, Error> {
    Ok(ScanReader {
        survey: Survey::open(path, params, Arrays::Packed)?,
        pending: Vec::new(),
        ready: VecDeque::new(),
        failure: None,
        failed: false,
    })
}

impl ScanSource for ScanReader {
    type Error = Error;

    fn expected_scans(&self) -> Option<usize> {
        self.survey.parser.expected
    }

    fn loss(&self) -> Option<Loss> {
        self.survey.ended.then(|| self.survey.loss()).flatten()
    }

    fn sha256(&self) -> Option<&str> {
        self.survey.parser.sha256.as_deref()
    }

    fn finish(mut self) -> Result<Run, Error> {
        if self.failed {
            return Err(Error::StoppedEarly { path: self.survey.path });
        }
        for scan in self.by_ref() {
            scan?;
        }
        self.survey.into_run()
    }

    fn read_all<E: From<Error> + Send>(
        &mut self,
        mut take: impl FnMut(Vec<(ChannelIx, Scan)>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        take(mem::take(&mut self.ready).into()).inspect_err(|_| self.failed = true)?;
        loop {
            self.advance(&mut take).inspect_err(|_| self.failed = true)?;
            if self.pending.is_empty() {
                if let Some(failure) = self.failure.take() {
                    self.failed = true;
                    return Err(failure.into());
                }
                if self.survey.ended {
                    return Ok(());
                }
            }
        }
    }
}

impl ScanReader {
    /// Decodes the pending batch and gives it away while parsing the next one. After a spectrum
    /// that cannot be decoded nothing follows.
    fn advance<T: Send>(&mut self, take: impl FnOnce(Vec<(ChannelIx, Scan)>) -> T + Send) -> T {
        let batch = mem::take(&mut self.pending);
        let survey = &mut self.survey;
        let decode = || {
            let DecodedBatch { scans, oddities, fault } = decode_batch(&batch);
            (take(scans), oddities, fault)
        };
        let ((pending, failure), (taken, oddities, fault)) =
            rayon::join(|| survey.next_batch(), decode);
        // What was parsed on one thread is not freed on another while that goes on parsing: the
        // allocator would make them wait.
        drop(batch);
        self.pending = pending;
        self.failure = self.failure.take().or(failure);
        for Oddity { note, id, peaks } in oddities {
            self.survey.notes.add(note, &id, peaks);
        }
        if let Some(Fault { id, message }) = fault {
            self.failure = Some(Error::Peaks { path: self.survey.path.clone(), id, message });
            self.pending.clear();
            self.survey.ended = true;
        }
        taken
    }
}

impl Iterator for ScanReader {
    type Item = Result<(ChannelIx, Scan), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(scan) = self.ready.pop_front() {
                return Some(Ok(scan));
            }
            if self.pending.is_empty() {
                if let Some(failure) = self.failure.take() {
                    self.failed = true;
                    return Some(Err(failure));
                }
                if self.survey.ended {
                    return None;
                }
            }
            self.ready = self.advance(VecDeque::from);
        }
    }
}

/// What the peaks of a batch are.
#[derive(Default)]
struct DecodedBatch {
    scans: Vec<(ChannelIx, Scan)>,
    oddities: Vec<Oddity>,
    /// The first spectrum that cannot be decoded; nothing follows it.
    fault: Option<Fault>,
}

/// What is odd about a spectrum, and about how many peaks.
struct Oddity {
    note: Note,
    id: String,
    peaks: usize,
}

/// A spectrum whose peaks are wrong, and how.
struct Fault {
    id: String,
    message: String,
}

fn decode_batch(batch: &[Pending]) -> DecodedBatch {
    let decoded: Vec<Result<Decoded, String>> = batch
        .par_iter()
        .map(|pending| decode(&pending.arrays, pending.header.continuity, &pending.announced))
        .collect();
    let mut whole = DecodedBatch::default();
    for (Pending { channel, header, .. }, decoded) in batch.iter().zip(decoded) {
        match decoded {
            Ok(decoded) => {
                whole.oddities.extend(oddities(header, &decoded));
                let Peaks { mz, intensity } = decoded.peaks;
                let scan = Scan { header: header.scan.clone(), mz, intensity };
                whole.scans.push((ChannelIx(*channel), scan));
            }
            Err(message) => {
                whole.fault = Some(Fault { id: header.scan.id.clone(), message });
                break;
            }
        }
    }
    whole
}

fn oddities(header: &RawHeader, decoded: &Decoded) -> Vec<Oddity> {
    let defects = decoded.defects;
    let peaks = [
        (Note::BadMz, defects.bad_mz),
        (Note::BadIntensity, defects.bad_intensity),
        (Note::ZeroIntensity, defects.zero),
        (Note::EqualMz, defects.merged),
    ];
    let mut found: Vec<(Note, usize)> = peaks.into_iter().filter(|(_, count)| *count > 0).collect();
    if defects.unsorted {
        found.push((Note::Unsorted, 0));
    }
    match (decoded.picked, header.continuity) {
        (true, Continuity::Profile) => found.push((Note::Picked, 0)),
        (true, _) => found.push((Note::CalledCentroid, 0)),
        (false, Continuity::Profile) if !decoded.peaks.mz.is_empty() => {
            found.push((Note::NoCurve, 0));
        }
        (false, _) => {}
    }
    if decoded.no_arrays {
        found.push((Note::NoArrays, 0));
    }
    found.extend(decoded.frame_merged.map(|merged| (Note::Mobility, merged)));
    let id = &header.scan.id;
    found.into_iter().map(|(note, peaks)| Oddity { note, id: id.clone(), peaks }).collect()
}
