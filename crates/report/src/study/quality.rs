//! `quality.tsv`: how far each feature is to be trusted: where it was seen, whether it stands above
//! the blanks, how much it varies in the quality controls, and which runs disagree.

use cofactor_core::statistics::median;
use cofactor_core::{CellStatus, SampleKind, Study, StudyCell, StudyRun};

use crate::quantities::variation;
use crate::table::{optional, table};

pub(crate) const QUALITY_COLUMNS: [&str; 11] = [
    "feature_id",
    "n_detected",
    "n_filled",
    "n_below_limit",
    "n_not_scanned",
    "blank_ratio",
    "above_blank",
    "n_qc",
    "qc_cv",
    "n_disagreeing",
    "disagreeing_runs",
];

/// Quality controls that a coefficient of variation needs.
const FEWEST_CONTROLS: usize = 3;

/// What separates names of runs.
const BETWEEN_NAMES: &str = "|";

/// What the runs of a study say of a feature; runs that are left out have no say.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Quality {
    /// Runs that found it by themselves.
    pub(crate) detected: usize,
    /// Runs in which only the fit of all runs sees it.
    pub(crate) filled: usize,
    /// Runs that would have shown it and do not.
    pub(crate) below_limit: usize,
    /// Runs that did not look there.
    pub(crate) not_scanned: usize,
    /// Largest area in a blank over the median of the samples that show it; `None` where no blank
    /// or no sample does.
    pub(crate) blank_ratio: Option<f64>,
    /// Whether that median is above the blanks; `None` where no blank looked, or nothing shows it.
    pub(crate) above_blank: Option<bool>,
    /// Quality controls that show it.
    pub(crate) controls: usize,
    /// Standard deviation over mean of their areas; `None` where fewer than three show it.
    pub(crate) control_variation: Option<f64>,
    /// Positions of the runs whose fragments disagree.
    pub(crate) disagreeing: Vec<usize>,
}

impl Quality {
    /// What the runs say, of which `cells` are those of the feature.
    pub(crate) fn new(runs: &[StudyRun], cells: &[StudyCell]) -> Self {
        let used = || runs.iter().zip(cells).filter(|(run, _)| run.left_out.is_none());
        let count = |status| used().filter(|(_, cell)| cell.status == status).count();
        let areas = |kind| -> Vec<f64> {
            used().filter(|(run, _)| run.sample.kind == kind).filter_map(|(_, c)| c.area).collect()
        };
        let controls = areas(SampleKind::Qc);
        let blank = areas(SampleKind::Blank).into_iter().reduce(f64::max);
        let middle = median(&mut areas(SampleKind::Sample)).filter(|middle| *middle > 0.0);
        let blank_looked = used().any(|(run, cell)| {
            run.sample.kind == SampleKind::Blank && cell.status != CellStatus::NotScanned
        });
        Self {
            detected: count(CellStatus::Detected),
            filled: count(CellStatus::Filled),
            below_limit: count(CellStatus::BelowLimit),
            not_scanned: count(CellStatus::NotScanned),
            blank_ratio: blank.zip(middle).map(|(blank, middle)| blank / middle),
            above_blank: match (blank, middle) {
                (Some(blank), middle) => Some(middle.is_some_and(|middle| middle > blank)),
                (None, Some(_)) => blank_looked.then_some(true),
                (None, None) => None,
            },
            controls: controls.len(),
            control_variation: variation(&controls).filter(|_| controls.len() >= FEWEST_CONTROLS),
            disagreeing: (0..cells.len()).filter(|&run| cells[run].disagrees).collect(),
        }
    }
}

/// The quality of every feature of a study, in their order.
pub(crate) fn of_features(study: &Study) -> impl Iterator<Item = Quality> + '_ {
    study.cells.iter().map(|cells| Quality::new(&study.runs, cells))
}

pub(crate) fn text(study: &Study) -> String {
    let features = study.result.features.iter().zip(of_features(study));
    table(&QUALITY_COLUMNS, features.map(|(f, quality)| row(f.feature.id, &quality, &study.runs)))
}

/// Names of the runs at some positions.
pub(crate) fn run_names(positions: &[usize], runs: &[StudyRun]) -> String {
    let names = positions.iter().filter_map(|&at| Some(runs.get(at)?.sample.name.as_str()));
    names.collect::<Vec<_>>().join(BETWEEN_NAMES)
}

fn row(feature_id: usize, quality: &Quality, runs: &[StudyRun]) -> Vec<String> {
    vec![
        feature_id.to_string(),
        quality.detected.to_string(),
        quality.filled.to_string(),
        quality.below_limit.to_string(),
        quality.not_scanned.to_string(),
        optional(quality.blank_ratio, 4),
        quality.above_blank.map(|above| above.to_string()).unwrap_or_default(),
        quality.controls.to_string(),
        optional(quality.control_variation, 4),
        quality.disagreeing.len().to_string(),
        run_names(&quality.disagreeing, runs),
    ]
}

#[cfg(test)]
mod tests {
    use cofactor_core::Sample;

    use super::*;

    fn run(kind: SampleKind) -> StudyRun {
        StudyRun {
            file_name: "a.mzML".to_owned(),
            sample: Sample { kind, ..Sample::default() },
            left_out: None,
            mz_offset_ppm: 0.0,
            retention: Vec::new(),
            anchors: 0,
            features: 0,
            total: Vec::new(),
        }
    }

    fn quality(areas: &[(SampleKind, Option<f64>)]) -> Quality {
        let runs: Vec<StudyRun> = areas.iter().map(|(kind, _)| run(*kind)).collect();
        let cells: Vec<StudyCell> = areas.iter().map(|(_, area)| cell(*area)).collect();
        Quality::new(&runs, &cells)
    }

    fn cell(area: Option<f64>) -> StudyCell {
        let status = if area.is_some() { CellStatus::Detected } else { CellStatus::BelowLimit };
        StudyCell {
            status,
            area,
            area_low: None,
            area_high: None,
            elution: Vec::new(),
            disagrees: false,
        }
    }

    #[test]
    fn the_largest_blank_is_against_the_median_of_the_samples_that_show_it() {
        use SampleKind::{Blank, Qc, Sample};
        let told = |areas: &[(SampleKind, Option<f64>)]| {
            let quality = quality(areas);
            (quality.blank_ratio, quality.above_blank)
        };
        let shown = [(Sample, Some(4.0)), (Sample, None), (Sample, Some(8.0)), (Qc, Some(99.0))];
        let with = |more: &[(SampleKind, Option<f64>)]| told(&[&shown, more].concat());
        assert_eq!(with(&[]), (None, None), "no blank was measured");
        assert_eq!(with(&[(Blank, None)]), (None, Some(true)));
        assert_eq!(with(&[(Blank, Some(1.0)), (Blank, Some(3.0))]), (Some(0.5), Some(true)));
        assert_eq!(with(&[(Blank, Some(6.0))]), (Some(1.0), Some(false)));
        assert_eq!(told(&[(Sample, None), (Blank, Some(6.0))]), (None, Some(false)));
        assert_eq!(told(&[(Sample, None), (Blank, None)]), (None, None));
    }

    #[test]
    fn a_variation_needs_three_controls() {
        let controls = [1.0, 2.0, 3.0].map(|area| (SampleKind::Qc, Some(area)));
        assert_eq!(quality(&controls).control_variation, Some(0.5));
        assert_eq!(quality(&controls[..2]).control_variation, None);
        assert_eq!(quality(&controls[..2]).controls, 2);
    }

    #[test]
    fn runs_that_are_left_out_have_no_say() {
        let mut runs = vec![run(SampleKind::Sample), run(SampleKind::Blank)];
        let cells = [cell(Some(1.0)), cell(Some(2.0))];
        assert_eq!(Quality::new(&runs, &cells).above_blank, Some(false));
        runs[1].left_out = Some("it is odd".to_owned());
        let quality = Quality::new(&runs, &cells);
        assert_eq!((quality.above_blank, quality.detected), (None, 1));
    }
}
