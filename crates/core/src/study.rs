//! A study: runs of similar samples on one method, with one answer for all of them.

use serde::{Deserialize, Serialize};

use crate::Deconvolution;

/// What a sample is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleKind {
    /// What is studied.
    #[default]
    Sample,
    /// Everything but the sample: what it shows comes from elsewhere.
    Blank,
    /// The same material again and again: what varies in it is the method.
    Qc,
}

impl SampleKind {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Blank => "blank",
            Self::Qc => "qc",
        }
    }
}

/// What is known of the sample of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Sample {
    /// Name of the run: its file without extension, unless the user gave another.
    pub name: String,
    /// What it is for.
    pub kind: SampleKind,
    /// Group of samples that it belongs to.
    pub group: Option<String>,
    /// Batch in which it was measured.
    pub batch: Option<String>,
    /// Position in the order of injection.
    pub order: Option<f64>,
}

/// A run of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyRun {
    /// File name without folders.
    pub file_name: String,
    /// Its sample.
    pub sample: Sample,
    /// Why it has no part in the study; `None` where it has.
    pub left_out: Option<String>,
    /// How much too large its m/z are, ppm, against the median of the runs.
    pub mz_offset_ppm: f64,
    /// Retention time in the run and in the study, seconds, at some points of the gradient, both
    /// ascending; constant beyond the ends.
    pub retention: Vec<(f64, f64)>,
    /// Ions by which it was aligned.
    pub anchors: usize,
    /// Precursors found in it.
    pub features: usize,
    /// Total MS1 signal by retention time in the run, seconds.
    pub total: Vec<(f64, f64)>,
}

/// What a run says of a precursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// Found in the run by itself.
    Detected,
    /// Found by the fit of all runs alone.
    Filled,
    /// Not seen: `high` is what it may have at most.
    BelowLimit,
    /// The run did not look there, or has no part in the study.
    NotScanned,
}

impl CellStatus {
    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Filled => "filled",
            Self::BelowLimit => "below_limit",
            Self::NotScanned => "not_scanned",
        }
    }
}

/// A precursor in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyCell {
    /// What the run says.
    pub status: CellStatus,
    /// Area in MS1, corrected for neighbours, intensity × seconds; `None` where it was not seen.
    pub area: Option<f64>,
    /// Lower end of the 95 % interval of the area; `None` where it is not determined.
    pub area_low: Option<f64>,
    /// Upper end of it, or the largest area that would not have been seen; `None` where it is not
    /// determined.
    pub area_high: Option<f64>,
    /// Fitted elution: retention time in the study, seconds, and height in MS1.
    pub elution: Vec<(f64, f64)>,
    /// Whether the fragments of the run disagree with the study's spectrum.
    pub disagrees: bool,
}

impl StudyCell {
    /// Of a run that has no part in the study, or did not look for the precursor.
    pub fn not_scanned() -> Self {
        Self {
            status: CellStatus::NotScanned,
            area: None,
            area_low: None,
            area_high: None,
            elution: Vec::new(),
            disagrees: false,
        }
    }
}

/// The answer for all runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// The runs in the order of their names.
    pub runs: Vec<StudyRun>,
    /// The precursors with the study's spectra; their times are those of the study, their heights
    /// those of the run where they are highest.
    pub result: Deconvolution,
    /// By precursor, as in `result.features`, then by run.
    pub cells: Vec<Vec<StudyCell>>,
}
