//! Sorts scans into channels as they come by.

use std::collections::HashMap;

use cofactor_core::Polarity;

use crate::acquisition::header::{Isolation, RawHeader, SpectrumKind, union};
use crate::acquisition::notes::{Note, Notes};
use crate::tuning::{SAME_EDGE, SAME_ENERGY, SAME_RANGE};

/// Scans of one kind, before it is known what the run is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawChannel {
    /// 1 or 2.
    pub(crate) level: u8,
    pub(crate) polarity: Polarity,
    pub(crate) isolation: Isolation,
    /// That of its first scan.
    pub(crate) energy: Option<f64>,
    pub(crate) compensation_voltage: Option<f64>,
    pub(crate) source_energy: Option<f64>,
    /// Waters function number, of MS1 scans only.
    pub(crate) function: Option<u32>,
    pub(crate) scan_range: Option<(f64, f64)>,
    /// Strictly ascending.
    pub(crate) scan_seconds: Vec<f64>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    level: u8,
    polarity: Polarity,
    /// Lower edge of the isolation window, in steps of [`SAME_EDGE`].
    edge: Option<i64>,
    function: Option<u32>,
}

/// The channels so far, in order of appearance.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    list: Vec<RawChannel>,
    by_key: HashMap<Key, Vec<usize>>,
    last_polarity: Option<Polarity>,
}

impl RawChannel {
    /// Whether a scan is one of this channel, its polarity and level being the same.
    fn takes(&self, header: &RawHeader) -> bool {
        let near = |a: Option<f64>, b: Option<f64>, most: f64| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= most,
            (a, b) => a == b,
        };
        let same_isolation = match (self.isolation, header.isolation) {
            (Isolation::Window(a, b), Isolation::Window(c, d)) => {
                (a - c).abs() <= SAME_EDGE && (b - d).abs() <= SAME_EDGE
            }
            (Isolation::Centre(a), Isolation::Centre(b)) => (a - b).abs() <= SAME_EDGE,
            (a, b) => a == b,
        };
        let same_range = self.level > 1
            || match (self.scan_range, header.scan.scan_range) {
                (Some(a), Some(b)) => {
                    let common = (a.1.min(b.1) - a.0.max(b.0)).max(0.0);
                    common >= SAME_RANGE * (a.1.max(b.1) - a.0.min(b.0))
                }
                (a, b) => a == b,
            };
        same_isolation
            && same_range
            && near(self.energy, header.scan.collision_energy, SAME_ENERGY)
            && near(self.compensation_voltage, header.compensation_voltage, SAME_ENERGY)
            && near(self.source_energy, header.source_energy, SAME_ENERGY)
    }
}

impl Channels {
    /// The channel of a scan, or `None` (with a note) where the scan is to be skipped.
    pub(crate) fn place(&mut self, header: &RawHeader, notes: &mut Notes) -> Option<usize> {
        let scan = &header.scan;
        let mut skip = |note| {
            notes.add(note, &scan.id, 0);
            None
        };
        match header.kind {
            SpectrumKind::Mass => {}
            SpectrumKind::Calibration => return skip(Note::Calibration),
            SpectrumKind::Other(name) => return skip(Note::OtherKind(name)),
        }
        match scan.ms_level {
            0 => return skip(Note::NotMassSpectrum),
            1 => {}
            2 if header.precursors > 1 => return skip(Note::Multiplexed),
            2 => {}
            _ => return skip(Note::HigherLevel),
        }
        let position = self.position(header);
        let channel = &mut self.list[position];
        match channel.scan_seconds.last() {
            Some(&last) if header.mobility_step && scan.rt_seconds == last => {
                return skip(Note::MobilitySplit);
            }
            Some(&last) if scan.rt_seconds == last => return skip(Note::TimeEqual),
            Some(&last) if scan.rt_seconds <= last => return skip(Note::TimeBackwards),
            _ if !scan.rt_seconds.is_finite() => return skip(Note::TimeBackwards),
            _ => {}
        }
        channel.scan_seconds.push(scan.rt_seconds);
        channel.scan_range =
            [channel.scan_range, scan.scan_range].into_iter().flatten().reduce(union);
        if scan.polarity.is_none() {
            notes.add(Note::MissingPolarity(self.last_polarity), &scan.id, 0);
        }
        Some(position)
    }

    fn position(&mut self, header: &RawHeader) -> usize {
        let scan = &header.scan;
        self.last_polarity = scan.polarity.or(self.last_polarity);
        let polarity = self.last_polarity.unwrap_or(Polarity::Positive);
        let function = header.function.filter(|_| scan.ms_level == 1);
        let edge = match header.isolation {
            Isolation::None => None,
            Isolation::Centre(centre) => Some(centre),
            Isolation::Window(lower, _) => Some(lower),
        };
        let step = edge.map(|edge| (edge / SAME_EDGE).round() as i64);
        let key = |edge| Key { level: scan.ms_level, polarity, edge, function };
        let nearby: Vec<Key> = match step {
            None => vec![key(None)],
            Some(step) => (step - 1..=step + 1).map(|step| key(Some(step))).collect(),
        };
        let known = nearby.iter().filter_map(|key| self.by_key.get(key)).flatten().copied();
        if let Some(position) = known.filter(|&at| self.list[at].takes(header)).min() {
            return position;
        }
        self.list.push(RawChannel {
            level: scan.ms_level,
            polarity,
            isolation: header.isolation,
            energy: scan.collision_energy,
            compensation_voltage: header.compensation_voltage,
            source_energy: header.source_energy,
            function,
            scan_range: scan.scan_range,
            scan_seconds: Vec::new(),
        });
        self.by_key.entry(key(step)).or_default().push(self.list.len() - 1);
        self.list.len() - 1
    }

    /// Whether there are scans, more than one a channel, and none has a time other than zero.
    pub(crate) fn lack_times(&self, notes: &Notes) -> bool {
        notes.spectra(Note::TimeBackwards) + notes.spectra(Note::TimeEqual) > 0
            && self
                .list
                .iter()
                .all(|channel| channel.scan_seconds.iter().all(|&seconds| seconds == 0.0))
    }

    /// The channels, in order of appearance.
    pub(crate) fn into_list(self) -> Vec<RawChannel> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acquisition::header::Continuity;
    use cofactor_core::ScanHeader;

    fn header(level: u8, rt_seconds: f64, isolation: Isolation, energy: Option<f64>) -> RawHeader {
        RawHeader {
            scan: ScanHeader {
                id: format!("scan at {rt_seconds}"),
                index: 0,
                ms_level: level,
                rt_seconds,
                polarity: Some(Polarity::Positive),
                window: isolation.window(),
                collision_energy: energy,
                scan_range: Some((100.0 - rt_seconds, 500.0)),
            },
            isolation,
            precursors: usize::from(level > 1),
            continuity: Continuity::Centroid,
            mobility_step: false,
            function: None,
            kind: SpectrumKind::Mass,
            compensation_voltage: None,
            source_energy: None,
            absolute_edges: false,
            scanning_quadrupole: false,
        }
    }

    #[test]
    fn channels_are_numbered_as_they_appear() {
        let (mut channels, mut notes) = (Channels::default(), Notes::default());
        let window = Isolation::Window(400.0, 425.0);
        let mut place = |header: &RawHeader| channels.place(header, &mut notes);
        assert_eq!(place(&header(1, 0.0, Isolation::None, None)), Some(0));
        assert_eq!(place(&header(2, 0.1, window, Some(30.0))), Some(1));
        assert_eq!(place(&header(2, 0.2, window, Some(40.0))), Some(2));
        assert_eq!(place(&header(2, 0.3, Isolation::Window(425.0, 450.0), Some(30.0))), Some(3));
        assert_eq!(place(&header(1, 0.4, Isolation::None, None)), Some(0));
        assert_eq!(place(&header(2, 0.5, window, Some(30.001))), Some(1));
        let negative = RawHeader {
            scan: ScanHeader {
                polarity: Some(Polarity::Negative),
                ..header(1, 0.6, Isolation::None, None).scan
            },
            ..header(1, 0.6, Isolation::None, None)
        };
        assert_eq!(place(&negative), Some(4));
        let list = channels.into_list();
        assert_eq!(list[0].scan_seconds, [0.0, 0.4]);
        assert_eq!(list[0].scan_range, Some((99.6, 500.0)));
    }

    #[test]
    fn what_cannot_be_used_is_skipped_and_noted() {
        let (mut channels, mut notes) = (Channels::default(), Notes::default());
        let ms1 = |seconds| header(1, seconds, Isolation::None, None);
        assert_eq!(channels.place(&ms1(2.0), &mut notes), Some(0));
        assert_eq!(channels.place(&ms1(1.0), &mut notes), None);
        assert_eq!(channels.place(&ms1(2.0), &mut notes), None);
        assert_eq!(channels.place(&ms1(f64::NAN), &mut notes), None);
        assert_eq!(
            channels.place(&RawHeader { mobility_step: true, ..ms1(2.0) }, &mut notes),
            None
        );
        assert_eq!(channels.place(&header(3, 3.0, Isolation::None, None), &mut notes), None);
        assert_eq!(channels.place(&header(0, 3.0, Isolation::None, None), &mut notes), None);
        let several =
            RawHeader { precursors: 4, ..header(2, 3.0, Isolation::Window(1.0, 2.0), None) };
        assert_eq!(channels.place(&several, &mut notes), None);
        assert_eq!((notes.spectra(Note::TimeBackwards), notes.spectra(Note::TimeEqual)), (2, 1));
        for note in
            [Note::MobilitySplit, Note::HigherLevel, Note::NotMassSpectrum, Note::Multiplexed]
        {
            assert_eq!(notes.spectra(note), 1, "{note:?}");
        }
        assert!(!channels.lack_times(&notes));
        assert_eq!(channels.into_list()[0].scan_seconds, [2.0]);
    }

    #[test]
    fn all_zero_times_are_no_times() {
        let (mut channels, mut notes) = (Channels::default(), Notes::default());
        for _ in 0..3 {
            channels.place(&header(1, 0.0, Isolation::None, None), &mut notes);
        }
        assert!(channels.lack_times(&notes));
    }
}
