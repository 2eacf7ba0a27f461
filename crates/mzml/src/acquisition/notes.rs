//! What was odd in a file, counted by kind, and told in one sentence a kind.

use std::collections::BTreeMap;

use cofactor_core::Polarity;

use crate::acquisition::time::MissingUnit;

/// A kind of oddity, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Note {
    MissingPolarity(Option<Polarity>),
    MissingContinuity,
    Picked,
    NoCurve,
    Mobility,
    MobilityFrame,
    CalledCentroid,
    MissingUnit(MissingUnit),
    NotMassSpectrum,
    OtherKind(&'static str),
    Calibration,
    HigherLevel,
    Multiplexed,
    MobilitySplit,
    TimeAhead,
    TimeBackwards,
    TimeEqual,
    AbsoluteEdges,
    ScanningQuadrupole,
    NoArrays,
    BadMz,
    BadIntensity,
    ZeroIntensity,
    Unsorted,
    EqualMz,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Count {
    spectra: usize,
    peaks: usize,
    first: String,
}

/// Counts of every kind of oddity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(BTreeMap<Note, Count>);

impl Notes {
    /// Counts one spectrum, and `peaks` of it where the kind is about peaks.
    pub(crate) fn add(&mut self, note: Note, id: &str, peaks: usize) {
        let count = self.0.entry(note).or_insert_with(|| Count {
            spectra: 0,
            peaks: 0,
            first: id.to_owned(),
        });
        count.spectra += 1;
        count.peaks += peaks;
    }

    /// Spectra of this kind.
    pub(crate) fn spectra(&self, note: Note) -> usize {
        self.0.get(&note).map_or(0, |count| count.spectra)
    }

    /// One sentence a kind.
    pub(crate) fn sentences(&self) -> Vec<String> {
        self.0.iter().map(|(note, count)| sentence(*note, count)).collect()
    }
}

fn sentence(note: Note, Count { spectra, peaks, first }: &Count) -> String {
    let text = match note {
        Note::MissingPolarity(None) => {
            format!("{spectra} spectra give no polarity and were taken as positive")
        }
        Note::MissingPolarity(Some(polarity)) => format!(
            "{spectra} spectra give no polarity and were taken as {}, as other spectra of the run \
             are",
            polarity.name().to_lowercase()
        ),
        Note::MissingContinuity => {
            format!(
                "{spectra} spectra do not say whether they are profile or centroid; their points \
                 decided it"
            )
        }
        Note::CalledCentroid => {
            format!(
                "{spectra} spectra hold the points of a curve although the file does not call them \
                 profiles, and were centroided"
            )
        }
        Note::MissingUnit(unit) => format!(
            "the times of {spectra} spectra have no unit and were taken as {}, which fits the \
             steps between spectra",
            match unit {
                MissingUnit::Seconds => "seconds",
                MissingUnit::Minutes => "minutes",
            }
        ),
        Note::OtherKind(name) => format!("{spectra} spectra of another kind ({name}) were skipped"),
        Note::Calibration => format!("{spectra} calibration spectra were skipped"),
        Note::TimeAhead => {
            format!("{spectra} spectra whose time lies far ahead of those that follow were skipped")
        }
        Note::TimeEqual => {
            format!(
                "{spectra} spectra with the same time as the one before in their channel were \
                 skipped"
            )
        }
        Note::AbsoluteEdges => format!(
            "{spectra} spectra give the edges of their isolation window where its offsets belong; \
             they were taken as edges"
        ),
        Note::ScanningQuadrupole => format!(
            "{spectra} spectra were isolated by a scanning quadrupole; each of its positions was \
             taken as a window"
        ),
        Note::Picked => format!("{spectra} profile spectra were centroided"),
        Note::NoCurve => {
            format!(
                "{spectra} spectra are called profiles but hold separate peaks, which were kept as \
                 they are"
            )
        }
        Note::Mobility => format!(
            "ion mobility was ignored: the peaks of each of {spectra} frames were merged by m/z \
             ({peaks} peaks went into others)"
        ),
        Note::MobilityFrame => {
            format!(
                "{spectra} spectra are frames of ion mobility, which is ignored: their peaks are \
                 merged by m/z"
            )
        }
        Note::NotMassSpectrum => format!("{spectra} spectra without an MS level were skipped"),
        Note::HigherLevel => format!("{spectra} spectra of MS level 3 or higher were skipped"),
        Note::Multiplexed => {
            format!(
                "{spectra} spectra with several isolation windows at once (multiplexed) were \
                 skipped"
            )
        }
        Note::MobilitySplit => format!(
            "{spectra} spectra of further mobility steps at the same time were skipped; convert \
             again with `msconvert --combineIonMobilitySpectra`"
        ),
        Note::TimeBackwards => {
            format!(
                "{spectra} spectra that are not later than the one before in their channel were \
                 skipped"
            )
        }
        Note::NoArrays => format!("{spectra} spectra hold no peak arrays and count as empty"),
        Note::BadMz => format!(
            "{peaks} peaks with an impossible m/z (not finite or not positive) in {spectra} \
             spectra were dropped"
        ),
        Note::BadIntensity => {
            format!(
                "{peaks} peaks with an impossible intensity (not finite or negative) in {spectra} \
                 spectra were dropped"
            )
        }
        Note::ZeroIntensity => {
            format!("{peaks} peaks of zero intensity in {spectra} spectra were dropped")
        }
        Note::Unsorted => {
            format!("the peaks of {spectra} spectra were not in the order of m/z and were sorted")
        }
        Note::EqualMz => format!(
            "{peaks} peaks with the same m/z as another in {spectra} spectra were added to it"
        ),
    };
    format!("{text} (first: spectrum `{first}`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_a_kind_with_the_first_spectrum() {
        let mut notes = Notes::default();
        notes.add(Note::EqualMz, "scan=3", 2);
        notes.add(Note::EqualMz, "scan=4", 5);
        notes.add(Note::MissingPolarity(None), "scan=9", 0);
        let sentences = notes.sentences();
        assert_eq!(sentences.len(), 2);
        assert!(sentences[0].starts_with("1 spectra give no polarity"), "{sentences:?}");
        assert!(sentences[1].starts_with("7 peaks with the same m/z as another in 2 spectra"));
        assert!(sentences[1].ends_with("(first: spectrum `scan=3`)"));
    }
}
