//! What the metadata of a file show, spectrum by spectrum: which are used, in which channel, and at
//! the end what the run is.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use cofactor_core::{Loss, Run};
use mzdata::spectrum::bindata::BinaryArrayMap;

use crate::Error;
use crate::acquisition::channels::Channels;
use crate::acquisition::header::{Continuity, RawHeader};
use crate::acquisition::notes::{Note, Notes};
use crate::acquisition::recognise::recognise;
use crate::acquisition::time::{MissingUnit, is_ahead, rounding};
use crate::file::decode::Announced;
use crate::file::limits::Limits;
use crate::file::parser::{Arrays, Parser, Spectrum};
use crate::file::{header, time};
use crate::tuning::{BATCH_SCANS, SCANS_AHEAD};

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
pub(crate) struct Pending {
    pub(crate) channel: usize,
    pub(crate) header: RawHeader,
    pub(crate) arrays: BinaryArrayMap,
    pub(crate) announced: Announced,
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
pub(crate) struct Survey {
    pub(crate) path: PathBuf,
    params: ReadParams,
    pub(crate) parser: Parser,
    channels: Channels,
    pub(crate) notes: Notes,
    continuity: [usize; 3],
    limits: Limits,
    last_seconds: f64,
    ahead: VecDeque<Upcoming>,
    /// The file has no more spectra.
    exhausted: bool,
    /// What ended it, for when the spectra before it are used up.
    failure: Option<Error>,
    missing_unit: Option<MissingUnit>,
    pub(crate) ended: bool,
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
    pub(crate) fn open(path: &Path, params: &ReadParams, arrays: Arrays) -> Result<Self, Error> {
        let limits = Limits::new(params.memory_bytes);
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
    pub(crate) fn next(&mut self) -> Result<Option<Pending>, Error> {
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
            if is_ahead(rt_seconds, self.last_seconds, &following) {
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

    /// Parses on until [`SCANS_AHEAD`] spectra are known, or the file ends.
    fn look_ahead(&mut self) {
        while self.ahead.len() <= SCANS_AHEAD && !self.exhausted {
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
            MissingUnit::guess(&values)
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
    pub(crate) fn loss(&self) -> Option<Loss> {
        let Parser { read, expected, missing, cut, .. } = self.parser;
        (cut || missing > 0).then_some(Loss {
            announced: expected,
            read,
            last_seconds: self.last_seconds,
            cut,
        })
    }

    /// Up to [`BATCH_SCANS`] scans, fewer of very large ones, and the error that ended them.
    pub(crate) fn next_batch(&mut self) -> (Vec<Pending>, Option<Error>) {
        let mut batch = Vec::with_capacity(BATCH_SCANS);
        let mut weight = 0;
        while batch.len() < BATCH_SCANS && weight < self.limits.batch {
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

    pub(crate) fn into_run(self) -> Result<Run, Error> {
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
        let rounded = channels.iter().find_map(|channel| rounding(&channel.scan_seconds));
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
