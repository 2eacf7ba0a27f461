//! The tables of a study against the truth: which compound is in which run, how much of it, and
//! whether intervals hold.
//!
//! A compound's row is the nearest in retention time among those within 15 ppm and 8 s. A cell
//! whose truth lies between nothing and three detection limits says nothing about presence, and one
//! below three limits nothing about amounts. Amounts are in the units of the program, so that a
//! factor a row, the median of its cells, is taken off, and of fragments a factor a spectrum.
//! Compounds of the same m/z and elution share a row, and do not count here.

use std::collections::BTreeMap;
use std::fmt;

use cofactor_core::statistics::median;
use serde::Serialize;

use crate::score::{PPM, ScoredPrecursor};
use crate::study_truth::{StudyView, TrueCell};
use crate::{Count, TruthCompound};

/// Cells count for presence if they are absent or reach so many detection limits.
const PRESENT_LIMITS: f64 = 3.0;

/// Least cells of a row, and fragments of a spectrum, from which a factor is taken.
const LEAST: [usize; 2] = [2, 3];

/// A number with its 95 % interval, where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// The number.
    pub value: f64,
    /// Both ends of the interval.
    pub interval: Option<[f64; 2]>,
}

impl Measured {
    fn holds(&self, truth: f64) -> Option<bool> {
        self.interval.map(|[low, high]| low <= truth && truth <= high)
    }
}

/// A row of a study: a feature and what it is in the runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoredRow {
    /// m/z and apex in the study.
    pub precursor: ScoredPrecursor,
    /// Its area by run, in the order of the truth; `None` where it is absent.
    pub areas: Vec<Option<Measured>>,
    /// m/z and intensity of its fragments.
    pub fragments: Vec<(f64, Measured)>,
}

/// How well the tables of a study agree with the truth.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct StudyScore {
    /// Runs that both have.
    pub runs: usize,
    /// Cells, compounds × runs, whose presence is right.
    pub cells: Count,
    /// Median of the error of the binary logarithm of a cell against its row; `None` without cells.
    pub fold_change_median: Option<f64>,
    /// Its 95 % quantile.
    pub fold_change_95: Option<f64>,
    /// Intervals of areas that hold the truth.
    pub area_intervals: Count,
    /// Intervals of fragments that hold the truth.
    pub fragment_intervals: Count,
    /// Rows at a true ion, of all.
    pub rows_at_ions: Count,
    /// Rows at a true ion over the ions that have one: 1 without surplus.
    pub rows_per_ion: Option<f64>,
}

impl fmt::Display for StudyScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |f: &mut fmt::Formatter<'_>, name: &str, count: Count| {
            let Count { part, whole } = count;
            let told = count.share().map_or_else(String::new, |share| format!("{share:.3}"));
            writeln!(f, "{name:<36}{told:>8}  {part} of {whole}")
        };
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.3}"));
        writeln!(f, "{:<36}{:>8}", "runs", self.runs)?;
        share(f, "cells present or absent rightly", self.cells)?;
        let [middle, far] = [self.fold_change_median, self.fold_change_95].map(number);
        writeln!(f, "{:<36}{middle:>8}", "|log2 fold change error|, median")?;
        writeln!(f, "{:<36}{far:>8}", "|log2 fold change error|, 95 %")?;
        share(f, "intervals of areas that hold", self.area_intervals)?;
        share(f, "intervals of fragments that hold", self.fragment_intervals)?;
        share(f, "rows at a true ion", self.rows_at_ions)?;
        write!(f, "{:<36}{:>8}", "rows per true ion", number(self.rows_per_ion))
    }
}

/// Scores the rows of a study; their areas are by run of the view.
pub fn score_study(view: &StudyView, rows: &[ScoredRow]) -> StudyScore {
    let mut score =
        StudyScore { runs: view.cells.first().map_or(0, Vec::len), ..StudyScore::default() };
    let mut errors = Vec::new();
    for (compound, cells) in view.truth.compounds.iter().zip(&view.cells) {
        if !compound.inseparable_from.is_empty() || !view.is_counted(compound) {
            continue;
        }
        let nothing = ScoredRow { areas: vec![None; cells.len()], ..ScoredRow::default() };
        let row = row_of(compound, rows).unwrap_or(&nothing);
        let least = PRESENT_LIMITS * view.detection_limit;
        let mut present: Vec<(f64, &Measured)> = Vec::new();
        for (cell, area) in cells.iter().zip(&row.areas) {
            if let Some(truth) = is_present(*cell, least) {
                score.cells.add(truth == area.is_some());
                present.extend(cell.map(|cell| cell.area).zip(area.as_ref()));
            }
        }
        areas(&present, &mut errors, &mut score.area_intervals);
        fragments(compound, row, &mut score.fragment_intervals);
    }
    score.fold_change_median = quantile(&mut errors, 0.5);
    score.fold_change_95 = quantile(&mut errors, 0.95);
    rows_at_ions(view, rows, &mut score);
    score
}

/// Whether a compound is in a run; `None` where that cannot be asked.
fn is_present(cell: Option<TrueCell>, least: f64) -> Option<bool> {
    cell.map_or(Some(false), |cell| (cell.h >= least).then_some(true))
}

/// The row nearest to the compound in time; of several the first.
fn row_of<'a>(compound: &TruthCompound, rows: &'a [ScoredRow]) -> Option<&'a ScoredRow> {
    let distance = |row: &ScoredRow| (row.precursor.rt_seconds - compound.rt).abs();
    rows.iter()
        .filter(|row| row.precursor.is_near(compound.mz, compound.rt))
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// Adds the errors of the areas of a row, and whether their intervals hold; pairs of the truth and
/// what was measured.
fn areas(pairs: &[(f64, &Measured)], errors: &mut Vec<f64>, intervals: &mut Count) {
    let logarithms: Vec<f64> =
        pairs.iter().map(|(truth, area)| (area.value / truth).log2()).collect();
    let Some(middle) = median(&mut logarithms.clone()).filter(|_| pairs.len() >= LEAST[0]) else {
        return;
    };
    errors.extend(logarithms.iter().map(|logarithm| (logarithm - middle).abs()));
    for holds in pairs.iter().filter_map(|(truth, area)| area.holds(truth * middle.exp2())) {
        intervals.add(holds);
    }
}

/// Adds whether the intervals of the fragments of a row hold.
fn fragments(compound: &TruthCompound, row: &ScoredRow, intervals: &mut Count) {
    let mut pairs: Vec<(f64, &Measured)> = Vec::new();
    for (mz, intensity) in row.fragments.iter().filter(|(_, one)| one.interval.is_some()) {
        let distance = |fragment: &&(f64, f64)| (fragment.0 - mz).abs();
        let nearest = compound.frags.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let near = nearest.filter(|fragment| distance(fragment) <= mz * PPM * 1e-6);
        pairs.extend(near.map(|&(_, relative)| (relative, intensity)));
    }
    let mut ratios: Vec<f64> = pairs.iter().map(|(truth, one)| one.value / truth).collect();
    let Some(factor) = median(&mut ratios).filter(|_| pairs.len() >= LEAST[1]) else { return };
    for holds in pairs.iter().filter_map(|(truth, one)| one.holds(truth * factor)) {
        intervals.add(holds);
    }
}

/// Gives each row to the true ion that is nearest in time, if one is near.
fn rows_at_ions(view: &StudyView, rows: &[ScoredRow], score: &mut StudyScore) {
    let mut at_ion: BTreeMap<usize, usize> = BTreeMap::new();
    for ScoredRow { precursor, .. } in rows {
        let distance = |ion: &&TruthCompound| (precursor.rt_seconds - ion.rt).abs();
        let ions = view.truth.compounds.iter();
        let nearest = ions
            .filter(|ion| precursor.is_near(ion.mz, ion.rt))
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        score.rows_at_ions.add(nearest.is_some());
        if let Some(ion) = nearest {
            *at_ion.entry(ion.id).or_default() += 1;
        }
    }
    let ions = at_ion.len();
    score.rows_per_ion = (ions > 0).then(|| score.rows_at_ions.part as f64 / ions as f64);
}

/// The value below which the share lies, between two values in proportion; `None` of nothing.
fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let position = share * values.len().saturating_sub(1) as f64;
    let below = *values.get(position.floor() as usize)?;
    let above = *values.get(position.ceil() as usize)?;
    Some(below + (above - below) * position.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Truth;

    fn compound(id: usize, mz: f64) -> TruthCompound {
        let frags = vec![(50.0, 0.5), (60.0, 1.0), (70.0, 0.25)];
        TruthCompound { id, mz, rt: 60.0, h: 1e5, eff: 0.5, frags, ..TruthCompound::default() }
    }

    fn cell(h: f64) -> Option<TrueCell> {
        Some(TrueCell { rt: 60.0, h, area: 4.0 * h })
    }

    fn view(cells: Vec<Vec<Option<TrueCell>>>) -> StudyView {
        let ions = (0..).zip(&cells).map(|(id, _)| compound(id, 200.0 + 10.0 * id as f64));
        let truth = Truth { compounds: ions.collect(), artefacts: Vec::new() };
        StudyView { truth, cells, detection_limit: 100.0 }
    }

    fn row(mz: f64, rt_seconds: f64, areas: &[f64]) -> ScoredRow {
        let measured = |value: f64| Measured { value, interval: Some([0.9 * value, 1.1 * value]) };
        ScoredRow {
            precursor: ScoredPrecursor { mz, rt_seconds },
            areas: areas.iter().map(|&area| (area > 0.0).then(|| measured(area))).collect(),
            fragments: Vec::new(),
        }
    }

    #[test]
    fn cells_and_areas_worked_by_hand() {
        // Present, absent, between nothing and three limits, present, present.
        let truth = vec![cell(1e4), None, cell(200.0), cell(2e4), cell(4e4)];
        let view = view(vec![truth, vec![None, None, cell(1e4), cell(1e4), None]]);
        // Factor 10; the last is an eighth too low, and one is there that should not.
        let rows = [row(200.001, 61.0, &[4e5, 1.0, 0.0, 8e5, 1.4e6])];
        let score = score_study(&view, &rows);
        // Four of the first compound, all five of the second, which has no row.
        assert_eq!((score.runs, score.cells), (5, Count { part: 3 + 3, whole: 4 + 5 }));
        assert!(score.fold_change_median.unwrap() < 1e-12);
        let far = 0.9 * (8.0_f64 / 7.0).log2();
        assert!((score.fold_change_95.unwrap() - far).abs() < 1e-12, "{score:?}");
        assert_eq!(score.area_intervals, Count { part: 2, whole: 3 });
        assert_eq!(score.rows_at_ions, Count { part: 1, whole: 1 });
        let told = score.to_string();
        assert!(told.contains("0.667  6 of 9") && told.ends_with("1.000"), "{told}");
    }

    #[test]
    fn rows_go_to_the_ion_that_is_nearest_and_surplus_shows() {
        let view = view(vec![vec![cell(1e4)], vec![cell(1e4)]]);
        let rows = [
            row(200.0, 60.0, &[1.0]),
            row(200.0, 66.0, &[1.0]),
            row(210.0, 59.0, &[1.0]),
            row(210.0, 69.0, &[1.0]),
            row(215.0, 60.0, &[1.0]),
        ];
        let score = score_study(&view, &rows);
        assert_eq!(score.rows_at_ions, Count { part: 3, whole: 5 });
        assert_eq!(score.rows_per_ion, Some(1.5));
        assert_eq!(score_study(&view, &[]).rows_per_ion, None);
    }

    #[test]
    fn intervals_of_fragments_count_after_the_factor_of_their_spectrum() {
        let view = view(vec![vec![cell(1e4)]]);
        let fragment = |mz: f64, value: f64| {
            (mz, Measured { value, interval: Some([0.8 * value, 1.2 * value]) })
        };
        let mut found = row(200.0, 60.0, &[1.0]);
        found.fragments = vec![fragment(50.0, 5e3), fragment(60.0, 1e4), fragment(70.0, 5e3)];
        // What is no fragment of the compound, or has no interval, does not count.
        found.fragments.push(fragment(55.0, 5e3));
        let score = score_study(&view, &[found.clone()]);
        assert_eq!(score.fragment_intervals, Count { part: 2, whole: 3 });
        found.fragments[0].1.interval = None;
        assert_eq!(score_study(&view, &[found]).fragment_intervals.whole, 0, "two say no factor");
    }

    #[test]
    fn compounds_that_share_a_row_are_not_asked_for() {
        let mut view = view(vec![vec![cell(1e4)], vec![cell(1e4)]]);
        view.truth.compounds[0].inseparable_from = vec![1];
        view.truth.compounds[1].inseparable_from = vec![0];
        assert_eq!(score_study(&view, &[row(200.0, 60.0, &[1.0])]).cells.whole, 0);
    }
}
