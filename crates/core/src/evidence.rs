//! The measured points behind a result, for people to look at: totals of a run, and of each
//! spectrum its chromatograms, the mixture that it was taken from, and the features that it shares
//! fragments with.

/// The total signal of one level over the run.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelTotals {
    /// 1 for intact ions, 2 for fragments.
    pub level: u8,
    /// Start of each cycle, seconds; a cycle begins with an MS1 scan.
    pub rt_seconds: Vec<f64>,
    /// Sum of the intensities of the level in the cycle (TIC).
    pub total: Vec<f64>,
    /// The highest peak of the level in the cycle (BPC).
    pub base_peak: Vec<f64>,
}

/// Another feature that has fragments in common with one.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Its id.
    pub id: usize,
    /// m/z of the common fragments as the other one has them, ascending.
    pub fragments: Vec<f64>,
}

/// What was measured of a feature that has a spectrum.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureEvidence {
    /// Start of each MS1 scan around its elution, seconds.
    pub ms1_seconds: Vec<f64>,
    /// Intensity of its monoisotopic trace in each of them; `None` where the scan showed no peak.
    pub ms1: Vec<Option<f32>>,
    /// What the activation must be multiplied by to fit these points best, in least squares; 0
    /// without points.
    pub ms1_height: f64,
    /// Start of each scan of its isolation window around its elution, seconds.
    pub ms2_seconds: Vec<f64>,
    /// Intensity of the trace of each matched fragment, ascending in m/z, in each of these scans.
    pub fragments: Vec<Vec<Option<f32>>>,
    /// Position in the file of the scan of the window that is nearest to the apex.
    pub scan_index: Option<usize>,
    /// m/z and intensity of the traced peaks of that scan, ascending in m/z; of very many the
    /// strongest.
    pub mixture: Vec<(f64, f32)>,
    /// Features of the same window that elute at the same time and have a fragment of the same m/z,
    /// most of them first.
    pub neighbours: Vec<Neighbour>,
}

/// What was measured, beside a [`crate::Deconvolution`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Totals of each level.
    pub totals: Vec<LevelTotals>,
    /// By feature, as id and evidence, ascending in id; features without a spectrum are left out.
    pub features: Vec<(usize, FeatureEvidence)>,
}

impl Evidence {
    /// The evidence of a feature; `None` without a spectrum.
    pub fn feature(&self, feature_id: usize) -> Option<&FeatureEvidence> {
        let position = self.features.binary_search_by_key(&feature_id, |(id, _)| *id).ok()?;
        Some(&self.features[position].1)
    }
}
