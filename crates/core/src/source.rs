//! Where scans come from: a run that is read once, from its first scan to its last.

use serde::{Deserialize, Serialize};

use crate::{ChannelIx, Run, Scan};

/// What is missing of a run that was taken although it ends early.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

impl Loss {
    /// The same in a sentence.
    pub fn sentence(&self) -> String {
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

/// A described run and a stream of its scans.
pub trait ScanSource {
    /// What can be wrong with it.
    type Error;

    /// The number of spectra that it announces, for a progress bar; those that are not used
    /// included.
    fn expected_scans(&self) -> Option<usize>;

    /// Gives all scans that are left to `take`, each with the position of its channel in
    /// [`Run::channels`], in order of acquisition and a batch at a time, while the next batch is
    /// made ready.
    ///
    /// # Errors
    /// Those of the scans, and the first of `take`; after either there is nothing more.
    fn read_all<E: From<Self::Error> + Send>(
        &mut self,
        take: impl FnMut(Vec<(ChannelIx, Scan)>) -> Result<(), E> + Send,
    ) -> Result<(), E>;

    /// What is missing, once the scans are through; `None` where nothing is.
    fn loss(&self) -> Option<Loss>;

    /// SHA-256 of the bytes that were read, in hexadecimal, once the scans are through; `None`
    /// where they were not read to their end, or there are none.
    fn sha256(&self) -> Option<&str>;

    /// What the run is, once the scans are through; scans not yet taken are dropped.
    ///
    /// # Errors
    /// Those of the scans, and if there was nothing to use.
    fn finish(self) -> Result<Run, Self::Error>;
}
