//! What was odd in a file, counted by kind, and told in one sentence a kind.

use std::collections::BTreeMap;

/// A kind of oddity, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Note {
    MissingPolarity,
    MissingContinuity,
    Picked,
    NoCurve,
    Mobility,
    NotMassSpectrum,
    HigherLevel,
    Multiplexed,
    MobilitySplit,
    TimeBackwards,
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
        let count = self.0.entry(note).or_insert_with(|| Count { spectra: 0, peaks: 0, first: id.to_owned() });
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
        Note::MissingPolarity => format!("{spectra} spectra give no polarity and were taken as positive"),
        Note::MissingContinuity => {
            format!("{spectra} spectra do not say whether they are profile or centroid and were taken as centroid")
        }
        Note::Picked => format!("{spectra} profile spectra were centroided"),
        Note::NoCurve => {
            format!("{spectra} spectra are called profiles but hold separate peaks, which were kept as they are")
        }
        Note::Mobility => format!(
            "ion mobility was ignored: the peaks of each of {spectra} frames were merged by m/z ({peaks} peaks went into others)"
        ),
        Note::NotMassSpectrum => format!("{spectra} spectra without an MS level were skipped"),
        Note::HigherLevel => format!("{spectra} spectra of MS level 3 or higher were skipped"),
        Note::Multiplexed => {
            format!("{spectra} spectra with several isolation windows at once (multiplexed) were skipped")
        }
        Note::MobilitySplit => format!(
            "{spectra} spectra of further mobility steps at the same time were skipped; convert again with \
             `msconvert --combineIonMobilitySpectra`"
        ),
        Note::TimeBackwards => {
            format!("{spectra} spectra that are not later than the one before in their channel were skipped")
        }
        Note::NoArrays => format!("{spectra} spectra hold no peak arrays and count as empty"),
        Note::BadMz => format!(
            "{peaks} peaks with an impossible m/z (not finite or not positive) in {spectra} spectra were dropped"
        ),
        Note::BadIntensity => {
            format!(
                "{peaks} peaks with an impossible intensity (not finite or negative) in {spectra} spectra were dropped"
            )
        }
        Note::ZeroIntensity => format!("{peaks} peaks of zero intensity in {spectra} spectra were dropped"),
        Note::Unsorted => format!("the peaks of {spectra} spectra were not in the order of m/z and were sorted"),
        Note::EqualMz => format!("{peaks} peaks with the same m/z as another in {spectra} spectra were added to it"),
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
        notes.add(Note::MissingPolarity, "scan=9", 0);
        let sentences = notes.sentences();
        assert_eq!(sentences.len(), 2);
        assert!(sentences[0].starts_with("1 spectra give no polarity"), "{sentences:?}");
        assert!(sentences[1].starts_with("7 peaks with the same m/z as another in 2 spectra"));
        assert!(sentences[1].ends_with("(first: spectrum `scan=3`)"));
    }
}
