//! The stream of scans: a batch is parsed while other threads decode the one before it.

use std::collections::VecDeque;
use std::mem;
use std::path::{Path, PathBuf};

use cofactor_core::{Run, Scan};
use mzdata::spectrum::bindata::BinaryArrayMap;
use rayon::prelude::*;

use crate::Error;
use crate::channels::Channels;
use crate::decode::{Announced, Decoded, decode};
use crate::header::{self, Continuity, RawHeader};
use crate::limits::Limits;
use crate::notes::{Note, Notes};
use crate::parser::{Arrays, Parser, Spectrum};
use crate::peaks::Peaks;
use crate::recognise::recognise;
use crate::time::{self, MissingUnit};

/// Spectra that are looked at ahead, to tell whether a time is out of order.
const AHEAD: usize = 8;
/// Spectra parsed, then decoded, at a time.
const BATCH: usize = 128;

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadParams {
    /// Only scans that start between these times, seconds, both included. Others are neither
    /// decoded nor part of a channel.
    pub rt_seconds: Option<(f64, f64)>,
    /// Take a file that ends early, or closes properly but holds fewer spectra than it announces,
    /// up to its last whole spectrum, with a warning and a [`Loss`] instead of [`Error::Truncated`]
    /// and [`Error::Incomplete`].
    pub allow_truncated: bool,
    /// What the whole run may hold in memory, bytes; what is read at a time is a share of it.
    /// `None`: limits that no real file reaches.
    pub memory_bytes: Option<u64>,
}

/// What is missing of a file that was taken although it ends early.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Spectra that the file announces, where it does.
    pub announced: Option<usize>,
    /// Spectra that were there.
    pub read: usize,
    /// When the last of them started, seconds; not a number where the file does not say.
    pub last_seconds: f64,
    /// The file is cut off, rather than closed properly with fewer spectra than announced.
    pub cut: bool,
}

/// A run and what its metadata tell besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The run; warnings about peaks are missing, as none was decoded.
    pub run: Run,
    /// Used spectra that are profiles in the file.
    pub profile_scans: usize,
    /// Used spectra that are centroided in the file.
    pub centroid_scans: usize,
    /// Used spectra of which the file says neither.
    pub unknown_scans: usize,
}

/// A scan that has its channel but not its peaks.
struct Pending {
    channel: usize,
    header: RawHeader,
    arrays: BinaryArrayMap,
    announced: Announced,
    /// What it counts in its batch, bytes.
    weight: u64,
}

/// A spectrum that is parsed and not used yet.
struct Upcoming {
    spectrum: Spectrum,
    /// Position in the file.
    index: usize,
}

impl Upcoming {
    /// When its scan started, seconds; not a number where the file does not say.
    fn seconds(&self, missing: MissingUnit) -> f64 {
        let scan = self.spectrum.description.acquisition.scans.first();
        time::seconds(self.spectrum.facts.time, missing, scan.map(|scan| scan.start_time))
    }
}

/// What metadata have shown so far.
struct Survey {
    path: PathBuf,
    params: ReadParams,
    parser: Parser,
    channels: Channels,
    notes: Notes,
    continuity: [usize; 3],
    limits: Limits,
    last_seconds: f64,
    ahead: VecDeque<Upcoming>,
    /// The file has no more spectra.
    exhausted: bool,
    /// What ended it, for when the spectra before it are used up.
    failure: Option<Error>,
    missing_unit: Option<MissingUnit>,
    ended: bool,
}

/// Centroided scans in file order, each with the position of its channel in [`Run::channels`].
///
/// After an error there is nothing more. A scan's own `window` and `polarity` are what the file
/// says; what was made of them stands in its channel.
pub struct ScanReader {
    survey: Survey,
    pending: Vec<Pending>,
    ready: VecDeque<(usize, Scan)>,
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

/// What a file holds, from its metadata alone.
///
/// # Errors
/// If it cannot be read to its end or holds nothing to use.
pub fn inspect(path: &Path, params: &ReadParams) -> Result<Inspection, Error> {
    let mut survey = Survey::open(path, params, Arrays::Skip)?;
    while let Some(pending) = survey.next()? {
        if pending.announced.facts.mobility {
            survey.notes.add(Note::MobilityFrame, &pending.header.scan.id, 0);
        }
    }
    let [profile_scans, centroid_scans, unknown_scans] = survey.continuity;
    Ok(Inspection { run: survey.into_run()?, profile_scans, centroid_scans, unknown_scans })
}

impl Survey {
    fn open(path: &Path, params: &ReadParams, arrays: Arrays) -> Result<Self, Error> {
        let limits = Limits::of(params.memory_bytes);
        Ok(Self {
            path: path.to_owned(),
            params: params.clone(),
            parser: Parser::open(path, arrays, limits.spectrum, params.allow_truncated)?,
            channels: Channels::default(),
            notes: Notes::default(),
            continuity: [0; 3],
            limits,
            last_seconds: f64::NEG_INFINITY,
            ahead: VecDeque::new(),
            exhausted: false,
            failure: None,
            missing_unit: None,
            ended: false,
        })
    }

    /// The next scan that is to be used.
    fn next(&mut self) -> Result<Option<Pending>, Error> {
        while !self.ended {
            self.look_ahead();
            let missing = self.missing_unit();
            let Some(next) = self.ahead.pop_front() else {
                self.ended = true;
                return self.failure.take().map_or_else(|| self.check_count(), Err);
            };
            let rt_seconds = next.seconds(missing);
            let Upcoming { spectrum, index } = next;
            if spectrum.facts.time.is_some_and(|time| time.unit_seconds.is_none()) {
                self.notes.add(Note::MissingUnit(missing), &spectrum.description.id, 0);
            }
            let following: Vec<f64> =
                self.ahead.iter().map(|later| later.seconds(missing)).collect();
            if time::is_ahead(rt_seconds, self.last_seconds, &following) {
                self.notes.add(Note::TimeAhead, &spectrum.description.id, 0);
                continue;
            }
            let header = header::read(&spectrum.description, index, rt_seconds, &spectrum.facts);
            self.last_seconds = header.scan.rt_seconds;
            let wanted = |(from, to): (f64, f64)| (from..=to).contains(&header.scan.rt_seconds);
            if !self.params.rt_seconds.is_none_or(wanted) {
                continue;
            }
            let Some(channel) = self.channels.place(&header, &mut self.notes) else {
                continue;
            };
            self.continuity[header.continuity as usize] += 1;
            if header.continuity == Continuity::Unknown {
                self.notes.add(Note::MissingContinuity, &header.scan.id, 0);
            }
            if header.absolute_edges {
                self.notes.add(Note::AbsoluteEdges, &header.scan.id, 0);
            }
            if header.scanning_quadrupole {
                self.notes.add(Note::ScanningQuadrupole, &header.scan.id, 0);
            }
            let packed = spectrum.arrays.iter().map(|(_, array)| array.data.len()).sum();
            return Ok(Some(Pending {
                channel,
                header,
                arrays: spectrum.arrays,
                weight: self.limits.weight(packed, spectrum.facts.announced),
                announced: Announced {
                    most_bytes: self.limits.array(spectrum.facts.announced),
                    facts: spectrum.facts,
                },
            }));
        }
        Ok(None)
    }

    /// Parses on until [`AHEAD`] spectra are known, or the file ends.
    fn look_ahead(&mut self) {
        while self.ahead.len() <= AHEAD && !self.exhausted {
            match self.parser.next() {
                Ok(Some(spectrum)) => {
                    self.ahead.push_back(Upcoming { spectrum, index: self.parser.read - 1 });
                }
                Ok(None) => self.exhausted = true,
                Err(error) => {
                    self.exhausted = true;
                    self.failure = Some(error);
                }
            }
        }
    }

    /// How times without a unit are read, decided once from the first spectra.
    fn missing_unit(&mut self) -> MissingUnit {
        let ahead = &self.ahead;
        let decide = || {
            let values: Vec<f64> =
                ahead.iter().filter_map(|next| Some(next.spectrum.facts.time?.value)).collect();
            MissingUnit::of(&values)
        };
        *self.missing_unit.get_or_insert_with(decide)
    }

    fn check_count(&self) -> Result<Option<Pending>, Error> {
        if self.parser.missing > 0 && !self.params.allow_truncated {
            let (path, read, expected) =
                (self.path.clone(), self.parser.read, self.parser.read + self.parser.missing);
            return Err(if read == 0 {
                Error::Truncated { path, read, expected: Some(expected) }
            } else {
                Error::Incomplete { path, read, expected }
            });
        }
        Ok(None)
    }

    /// What is missing, once the file has ended.
    fn loss(&self) -> Option<Loss> {
        let Parser { read, expected, missing, cut, .. } = self.parser;
        (cut || missing > 0).then_some(Loss {
            announced: expected,
            read,
            last_seconds: self.last_seconds,
            cut,
        })
    }

    /// Up to [`BATCH`] scans, fewer of very large ones, and the error that ended them.
    fn next_batch(&mut self) -> (Vec<Pending>, Option<Error>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut weight = 0;
        while batch.len() < BATCH && weight < self.limits.batch {
            match self.next() {
                Ok(Some(pending)) => {
                    weight += pending.weight;
                    batch.push(pending);
                }
                Ok(None) => break,
                Err(error) => return (batch, Some(error)),
            }
        }
        (batch, None)
    }

    fn into_run(self) -> Result<Run, Error> {
        let loss = self.loss();
        let Self { path, parser, channels, notes, params, .. } = self;
        if channels.lack_times(&notes) {
            return Err(Error::NoTimes { path });
        }
        let raw = channels.into_list();
        if raw.is_empty() {
            let mut reasons = notes.sentences();
            if parser.read == 0 {
                reasons.push("its spectrum list is missing or empty".to_owned());
            } else if let Some((from, to)) = params.rt_seconds {
                reasons.push(format!("no scan lies between {from} and {to} seconds"));
            }
            return Err(Error::NoScans { path, found: reasons.join("; ") });
        }
        let (kind, channels, mut warnings) = recognise(&raw, notes.spectra(Note::Multiplexed) > 0);
        let rounded = channels.iter().find_map(|channel| time::rounding(&channel.scan_seconds));
        warnings
            .extend(rounded.map(|step| format!("the times of the scans are rounded to {step} s")));
        warnings.extend(notes.sentences());
        warnings.extend(loss.map(|loss| loss.sentence()));
        Ok(Run {
            file_name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            kind,
            channels,
            scan_count: parser.read,
            warnings,
        })
    }
}

impl Loss {
    fn sentence(&self) -> String {
        let announced =
            self.announced.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
        let last = if self.last_seconds.is_finite() {
            format!(", the last at {:.2} s", self.last_seconds)
        } else {
            String::new()
        };
        let how = if self.cut {
            "the file is cut off; what came after is lost"
        } else {
            "the file closes properly, as when a part was cut out of a run"
        };
        format!("{} of {announced} announced spectra were there{last}: {how}", self.read)
    }
}

impl ScanReader {
    /// The number of spectra that the file announces, for a progress bar; skipped ones included.
    pub fn expected_scans(&self) -> Option<usize> {
        self.survey.parser.expected
    }

    /// What is missing of the file, once the scans are through; `None` where nothing is.
    pub fn loss(&self) -> Option<Loss> {
        self.survey.ended.then(|| self.survey.loss()).flatten()
    }

    /// SHA-256 of the file that was read, as it is on the disk and in hexadecimal, once the scans
    /// are through; `None` where it could not be read to its end.
    pub fn sha256(&self) -> Option<&str> {
        self.survey.parser.sha256.as_deref()
    }

    /// What the run is, once the scans are through; scans not yet taken are read and dropped.
    ///
    /// # Errors
    /// Those of the scans; [`Error::StoppedEarly`] if one was handed out already; and if there was
    /// nothing to use in the file.
    pub fn finish(mut self) -> Result<Run, Error> {
        if self.failed {
            return Err(Error::StoppedEarly { path: self.survey.path });
        }
        for scan in self.by_ref() {
            scan?;
        }
        self.survey.into_run()
    }

    /// Gives all scans that are left to `take`, in file order and a batch at a time, while the next
    /// batch is parsed.
    ///
    /// # Errors
    /// Those of the scans, and the first of `take`; after either there is nothing more.
    pub fn read_all<E: From<Error> + Send>(
        &mut self,
        mut take: impl FnMut(Vec<(usize, Scan)>) -> Result<(), E> + Send,
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

    /// Decodes the pending batch and gives it away while parsing the next one. After a spectrum
    /// that cannot be decoded nothing follows.
    fn advance<T: Send>(&mut self, take: impl FnOnce(Vec<(usize, Scan)>) -> T + Send) -> T {
        let batch = mem::take(&mut self.pending);
        let survey = &mut self.survey;
        let decode = || {
            let decoded: Vec<_> = batch.par_iter().map(decode_pending).collect();
            let mut scans = Vec::with_capacity(decoded.len());
            let (mut found, mut fault) = (Vec::new(), None);
            for result in decoded {
                match result {
                    Ok((&Pending { channel, ref header, .. }, decoded)) => {
                        found.extend(oddities(header, &decoded));
                        let Peaks { mz, intensity } = decoded.peaks;
                        scans.push((channel, Scan { header: header.scan.clone(), mz, intensity }));
                    }
                    Err(why) => {
                        fault = Some(why);
                        break;
                    }
                }
            }
            (take(scans), found, fault)
        };
        let ((pending, failure), (taken, found, fault)) =
            rayon::join(|| survey.next_batch(), decode);
        // What was parsed on one thread is not freed on another while that goes on parsing: the
        // allocator would make them wait.
        drop(batch);
        self.pending = pending;
        self.failure = self.failure.take().or(failure);
        found.into_iter().for_each(|(note, id, peaks)| self.survey.notes.add(note, &id, peaks));
        if let Some((id, message)) = fault {
            self.failure = Some(Error::Peaks { path: self.survey.path.clone(), id, message });
            self.pending.clear();
            self.survey.ended = true;
        }
        taken
    }
}

impl Iterator for ScanReader {
    type Item = Result<(usize, Scan), Error>;

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

/// A spectrum with its peaks, or its id and what is wrong with them.
fn decode_pending(pending: &Pending) -> Result<(&Pending, Decoded), (String, String)> {
    match decode(&pending.arrays, pending.header.continuity, &pending.announced) {
        Ok(decoded) => Ok((pending, decoded)),
        Err(message) => Err((pending.header.scan.id.clone(), message)),
    }
}

/// An oddity of a spectrum, its id, and of how many peaks.
type Found = (Note, String, usize);

fn oddities(header: &RawHeader, decoded: &Decoded) -> Vec<Found> {
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
    found.into_iter().map(|(note, count)| (note, header.scan.id.clone(), count)).collect()
}
