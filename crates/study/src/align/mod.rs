//! Alignment: where each run lies in m/z and retention time against the middle of all runs.
//!
//! No run is the reference. Ions that are alone at their m/z and that most runs show are anchors;
//! their m/z and times in the study are the medians over the runs without what is known of the
//! runs' offsets and shifts, and these follow from the anchors, until nothing moves.

mod anchors;
mod judgement;
mod neighbours;
mod retention;
mod shift;

use cofactor_core::Tolerance;
use cofactor_core::statistics::median;

use self::anchors::{Anchor, Lone, at_one_mz, by_chance, in_most_runs, lone_ions};
use self::judgement::{Looked, why_left_out};
use self::neighbours::Neighbours;
use self::retention::{ascending, interpolated};
use self::shift::{Point, Shift, fit, rough_residuals, scatter};
use crate::RunFeatures;
use crate::runs::{by_name, put_back};
use crate::scale::{MzScale, corrected};
use crate::tuning::{
    CALIBRATED, LEAST_ANCHORS, LEAST_SECONDS, MOST_LEFT_OUT_ROUNDS, MOST_ROUNDS, STILL, STILL_PPM,
};

/// How a run lies in the study.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunAlignment {
    /// How much too large its m/z are, ppm, against the median of the runs.
    pub mz_offset_ppm: f64,
    /// Seconds in the run and seconds in the study, both strictly ascending; straight between
    /// knots, and beyond the ends the shift stays as it is. Empty: the times are the same.
    pub retention: Vec<(f64, f64)>,
    /// Ions by which it was aligned. With fewer than three the run lies where the runs injected
    /// before and after it do, or in the middle of all runs where the order is not known.
    pub anchors: usize,
    /// Median of how far its anchors lie from where the others put them, seconds; `None` where
    /// there are too few.
    pub residual_seconds: Option<f64>,
    /// Why it can have no part in the study, as a sentence; `None` where it can.
    pub left_out: Option<String>,
}

impl RunAlignment {
    /// The time in the study that belongs to a time in the run, seconds.
    pub fn study_seconds(&self, run_seconds: f64) -> f64 {
        interpolated(&self.retention, run_seconds, |knot| knot.0, |knot| knot.1)
    }

    /// The time in the run that belongs to a time in the study, seconds.
    pub fn run_seconds(&self, study_seconds: f64) -> f64 {
        interpolated(&self.retention, study_seconds, |knot| knot.1, |knot| knot.0)
    }
}

/// Aligns runs of one method, one result a run. The order of the runs has no say. A single run is
/// the study.
///
/// `tolerance`: how far the m/z of an ion may lie apart in two runs.
pub fn align(runs: &[RunFeatures], tolerance: Tolerance) -> Vec<RunAlignment> {
    if runs.len() < 2 {
        return vec![RunAlignment::default(); runs.len()];
    }
    let order = by_name(runs);
    let sorted: Vec<RunFeatures> = order.iter().map(|&position| runs[position]).collect();
    put_back(&order, align_sorted(&sorted, &MzScale::new(tolerance)))
}

fn align_sorted(runs: &[RunFeatures], scale: &MzScale) -> Vec<RunAlignment> {
    let mut lone = lone_ions(runs, scale);
    let orders: Vec<Option<f64>> = runs.iter().map(|run| run.order).collect();
    let width = peak_width(runs);
    let mut left_out: Vec<Option<RunAlignment>> = runs.iter().map(empty).collect();
    let mut aligned = Vec::new();
    for _ in 0..MOST_LEFT_OUT_ROUNDS {
        let reasons;
        (aligned, reasons) = try_align(&lone, &orders, scale, width);
        if reasons.iter().all(Option::is_none) {
            break;
        }
        for (run, why) in reasons.into_iter().enumerate().filter(|(_, why)| why.is_some()) {
            left_out[run] = Some(RunAlignment { left_out: why, ..aligned[run].clone() });
            lone[run].clear();
        }
    }
    aligned.into_iter().zip(left_out).map(|(run, out)| out.unwrap_or(run)).collect()
}

/// Aligns by the given ions, and says which runs must be left out.
fn try_align(
    lone: &[Vec<Lone>],
    orders: &[Option<f64>],
    scale: &MzScale,
    width: Option<f64>,
) -> (Vec<RunAlignment>, Vec<Option<String>>) {
    let (offsets, anchors) = calibrate(lone, orders, scale);
    let shifts = follow(&anchors, lone.len());
    let aligned = told(orders, &offsets, &shifts);
    let chance = by_chance(lone, &anchors, &offsets, scale);
    let looked = |run: usize| Looked {
        lone_ions: lone[run].len(),
        anchors: aligned[run].anchors,
        by_chance: chance[run],
        residual_seconds: aligned[run].residual_seconds,
    };
    let reasons = (0..lone.len()).map(|run| why_left_out(&looked(run), width)).collect();
    (aligned, reasons)
}

/// Median width of the peaks of all runs, seconds; `None` without a peak.
fn peak_width(runs: &[RunFeatures]) -> Option<f64> {
    let widths = |run: &RunFeatures| {
        median(&mut run.features.iter().map(|f| f.fwhm_seconds).collect::<Vec<f64>>())
    };
    median(&mut runs.iter().filter_map(widths).collect::<Vec<f64>>())
}

fn empty(run: &RunFeatures) -> Option<RunAlignment> {
    let left_out = run.features.is_empty().then(|| "no precursor was found in it".to_owned());
    left_out.map(|why| RunAlignment { left_out: Some(why), ..RunAlignment::default() })
}

/// m/z offset of each run, ppm, and the anchors that say so.
fn calibrate(
    lone: &[Vec<Lone>],
    orders: &[Option<f64>],
    scale: &MzScale,
) -> (Vec<f64>, Vec<Anchor>) {
    let runs = lone.len();
    let mut offsets = vec![0.0; runs];
    let mut anchors = in_most_runs(at_one_mz(lone, &offsets, scale, 1.0), runs);
    for _ in 0..MOST_ROUNDS {
        let before = offsets;
        offsets = offsets_of(&anchors, &before, orders);
        anchors = in_most_runs(at_one_mz(lone, &offsets, scale, CALIBRATED), runs);
        if before.iter().zip(&offsets).all(|(a, b)| (a - b).abs() <= STILL_PPM) {
            break;
        }
    }
    (offsets, anchors)
}

/// The offsets after a round: means over the middle half of the anchors of how far a run lies from
/// the median run. (A median would stay where a run is the median itself, as it often is of few.)
fn offsets_of(anchors: &[Anchor], offsets: &[f64], orders: &[Option<f64>]) -> Vec<f64> {
    let mut apart: Vec<Vec<f64>> = vec![Vec::new(); offsets.len()];
    for anchor in anchors {
        let mz = |ion: &Lone| corrected(ion.mz, offsets[ion.run]);
        let Some(middle) = median(&mut anchor.iter().map(mz).collect::<Vec<f64>>()) else {
            continue;
        };
        for ion in anchor {
            apart[ion.run].push((ion.mz / middle - 1.0) * 1e6);
        }
    }
    let speaks: Vec<bool> = apart.iter().map(|values| values.len() >= LEAST_ANCHORS).collect();
    let own: Vec<f64> = apart.into_iter().map(|v| mean_of_middle(v).unwrap_or(0.0)).collect();
    let settled = |run: usize| {
        if speaks[run] { own[run] } else { Neighbours::find(run, orders, &speaks).say(|r| own[r]) }
    };
    let settled: Vec<f64> = (0..offsets.len()).map(settled).collect();
    let speakers = (0..settled.len()).filter(|&run| speaks[run]);
    let middle = median(&mut speakers.map(|run| settled[run]).collect::<Vec<f64>>());
    settled.iter().map(|offset| offset - middle.unwrap_or(0.0)).collect()
}

/// Mean of the values without a quarter at either end; of three the middle one.
fn mean_of_middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let cut = count.saturating_sub(1).div_ceil(4);
    let middle = values.get(cut..count - cut).filter(|middle| !middle.is_empty())?;
    Some(middle.iter().sum::<f64>() / middle.len() as f64)
}

/// The shift of each run, from anchors whose times in the study follow from all shifts.
fn follow(anchors: &[Anchor], runs: usize) -> Vec<Shift> {
    let times = |anchor: &Anchor| anchor.iter().map(|ion| ion.rt_seconds).collect::<Vec<f64>>();
    let mut study: Vec<f64> =
        anchors.iter().map(|anchor| median(&mut times(anchor)).unwrap_or(0.0)).collect();
    let mut shifts = vec![Shift::default(); runs];
    let mut scatter_seconds = None;
    for _ in 0..MOST_ROUNDS {
        let points = points(anchors, &study, runs);
        let speaks: Vec<bool> = points.iter().map(|p| p.len() >= LEAST_ANCHORS).collect();
        let rough = || points.iter().zip(&speaks).filter(|p| *p.1).map(|p| rough_residuals(p.0));
        let learnt = scatter_seconds.or_else(|| scatter(rough().flatten()));
        let seconds: f64 = learnt.unwrap_or(LEAST_SECONDS).max(LEAST_SECONDS);
        let pairs = points.iter().zip(&shifts);
        shifts = pairs.map(|(points, before)| fit(points, seconds, before)).collect();
        let fitted = shifts.iter().zip(&speaks).filter(|shift| *shift.1).map(|shift| shift.0);
        scatter_seconds = scatter(fitted.flat_map(|shift| shift.residuals.iter().copied()));
        let mut moved: f64 = 0.0;
        for (anchor, seconds) in anchors.iter().zip(&mut study) {
            let place = |ion: &Lone| ion.rt_seconds - shifts[ion.run].at(*seconds);
            let speakers = anchor.iter().filter(|ion| speaks[ion.run]);
            if let Some(next) = median(&mut speakers.map(place).collect::<Vec<f64>>()) {
                moved = moved.max((next - *seconds).abs());
                *seconds = next;
            }
        }
        if moved <= STILL * seconds {
            break;
        }
    }
    shifts
}

/// What the anchors of each run say of its shift, ascending in time.
fn points(anchors: &[Anchor], study: &[f64], runs: usize) -> Vec<Vec<Point>> {
    let mut points: Vec<Vec<Point>> = vec![Vec::new(); runs];
    let mut order: Vec<usize> = (0..anchors.len()).collect();
    order.sort_by(|&a, &b| study[a].total_cmp(&study[b]));
    for anchor in order {
        for ion in &anchors[anchor] {
            let seconds = study[anchor];
            points[ion.run].push(Point { seconds, shift: ion.rt_seconds - seconds });
        }
    }
    points
}

/// What the shifts and offsets say of each run; those with too few anchors follow their neighbours.
fn told(orders: &[Option<f64>], offsets: &[f64], shifts: &[Shift]) -> Vec<RunAlignment> {
    let speaks: Vec<bool> = shifts.iter().map(|s| s.course.len() >= LEAST_ANCHORS).collect();
    let mut times: Vec<f64> =
        shifts.iter().flat_map(|shift| shift.course.iter().map(|point| point.seconds)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let own = |run: usize| {
        let knots = shifts[run].course.iter();
        ascending(knots.map(|point| (point.seconds + point.shift, point.seconds)))
    };
    let borrowed = |run: usize| {
        let neighbours = Neighbours::find(run, orders, &speaks);
        let shift = |seconds: f64| neighbours.say(|other| shifts[other].at(seconds));
        ascending(times.iter().map(|&seconds| (seconds + shift(seconds), seconds)))
    };
    let aligned = |run: usize| RunAlignment {
        mz_offset_ppm: offsets[run],
        retention: if speaks[run] { own(run) } else { borrowed(run) },
        anchors: shifts[run].course.len(),
        residual_seconds: residual(&shifts[run]).filter(|_| speaks[run]),
        left_out: None,
    };
    (0..shifts.len()).map(aligned).collect()
}

fn residual(shift: &Shift) -> Option<f64> {
    median(&mut shift.residuals.iter().map(|residual| residual.abs()).collect::<Vec<f64>>())
}
