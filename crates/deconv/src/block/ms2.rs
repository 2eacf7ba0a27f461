//! The MS2 side of a block: the scans of one isolation window, or of several that isolate its
//! precursors too.
//!
//! A precursor in two windows shows the same fragments in both, but each window has neighbours of
//! its own. So their scans are columns of one level, in the order of time: a row is an m/z in all
//! of them, and each window lets through what it isolates.

use cofactor_core::{ChannelData, ChannelIx, IsolationWindow, Tolerance, TracedRun};
use cofactor_nmf::{Cells, Dense, Efficiency, Level, Sampling};
use ndarray::Array2;

use crate::block::material::Material;
use crate::block::rows::{Row, ScanSpan, cells, row_at, rows_within};
use crate::params::DeconvolutionParams;
use crate::tuning::{TRANSMISSION_SPREAD_AT_EDGE, TRANSMISSION_SPREAD_INSIDE, WINDOW_EDGE};

/// What a window does with a precursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Isolation {
    /// Nothing of it passes.
    Outside,
    /// It is near an end of the window, where nothing is known of how much passes.
    AtEdge,
    /// It passes.
    Inside,
}

impl Isolation {
    /// Of a precursor of this m/z.
    pub(crate) fn of(window: IsolationWindow, mz: f64) -> Self {
        if !window.contains(mz) {
            Self::Outside
        } else if window.lower + WINDOW_EDGE <= mz && mz <= window.upper - WINDOW_EDGE {
            Self::Inside
        } else {
            Self::AtEdge
        }
    }
}

/// A fragment channel of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) channel: ChannelIx,
    /// Its scans.
    pub(crate) span: ScanSpan,
}

/// A row of MS2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ms2Row {
    pub(crate) mz: f64,
    /// Its highest point.
    pub(crate) highest: f64,
}

/// The level of the fragments.
pub(crate) struct Ms2Side {
    /// With efficiency 1 of every atom in every view.
    pub(crate) level: Level,
    /// What the rows are, ascending in m/z.
    pub(crate) rows: Vec<Ms2Row>,
    /// When the scans of all views were taken, seconds.
    pub(crate) seconds: Vec<f64>,
}

/// The views of a block that have scans of its time.
pub(crate) fn views(channels: &[ChannelIx], material: &Material) -> Vec<View> {
    let views = channels.iter().map(|&channel| View { channel, span: material.scans(channel) });
    views.filter(|view| view.span.scans() > 0).collect()
}

/// The rows of all `views` over the scans of all of them, seen on the times of `grid`.
pub(crate) fn side(
    views: &[View],
    run: &TracedRun,
    grid: &[f64],
    atoms: usize,
    params: &DeconvolutionParams,
) -> Ms2Side {
    let of_views: Vec<Vec<Row>> = views
        .iter()
        .map(|view| {
            let traces = &run[view.channel].traces;
            let enough = traces.enough(params.min_points);
            rows_within(traces, view.span, params.tolerance, enough)
        })
        .collect();
    let (rows, laid) = match (views, &of_views[..]) {
        ([view], [rows]) => {
            let data = &run[view.channel];
            (described(rows), vec![cells(rows, view.span, &data.traces, &data.noise)])
        }
        _ => {
            let rows = united(&of_views, params.tolerance);
            let mzs: Vec<f64> = rows.iter().map(|row| row.mz).collect();
            let laid = views
                .iter()
                .zip(&of_views)
                .map(|(view, own)| laid_out(&mzs, own, view, &run[view.channel], params.tolerance));
            let laid = laid.collect();
            (rows, laid)
        }
    };
    let mut columns: Vec<Column> = Vec::new();
    for (part, view) in views.iter().enumerate() {
        let seconds = view.span.seconds(&run[view.channel].channel).iter().enumerate();
        columns.extend(seconds.map(|(scan, &seconds)| Column { seconds, part, scan }));
    }
    columns.sort_by(|a, b| a.seconds.total_cmp(&b.seconds).then(a.part.cmp(&b.part)));
    let seconds: Vec<f64> = columns.iter().map(|column| column.seconds).collect();
    let parts = columns.iter().map(|column| column.part);
    let parts = if views.len() > 1 { parts.collect() } else { Vec::new() };
    let level = Level {
        sampling: Sampling::interpolation(grid, &seconds),
        efficiency: Efficiency::of_parts(atoms, views.len(), parts),
        ..Level::new(Cells::Dense(in_order_of_time(laid, &columns)), atoms)
    };
    Ms2Side { level, rows, seconds }
}

/// A scan of a view, by position.
struct Column {
    seconds: f64,
    part: usize,
    scan: usize,
}

fn described(rows: &[Row]) -> Vec<Ms2Row> {
    let highest = |row: &Row| row.points.iter().map(|p| f64::from(p.1)).fold(0.0, f64::max);
    rows.iter().map(|row| Ms2Row { mz: row.mz, highest: highest(row) }).collect()
}

/// The rows of the first view, and of each further one those that no earlier one has.
fn united(of_views: &[Vec<Row>], tolerance: Tolerance) -> Vec<Ms2Row> {
    let mut rows: Vec<Ms2Row> = Vec::new();
    for own in of_views {
        let known: Vec<f64> = rows.iter().map(|row| row.mz).collect();
        for row in described(own) {
            match nearest(&known, row.mz).filter(|&n| tolerance.matches(known[n], row.mz)) {
                Some(n) => rows[n].highest = rows[n].highest.max(row.highest),
                None => rows.push(row),
            }
        }
        rows.sort_by(|a, b| a.mz.total_cmp(&b.mz));
    }
    rows
}

/// What a view shows at an m/z.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Counterpart {
    /// This row of its own.
    Row(usize),
    /// No row: what there is lies below its limit.
    TooWeak,
    /// Nothing is known: the m/z is not scanned, or the row near it belongs to another one.
    Unknown,
}

/// What a view with rows `own` shows at `mzs`.
fn laid_out(
    mzs: &[f64],
    own: &[Row],
    view: &View,
    data: &ChannelData,
    tolerance: Tolerance,
) -> Dense {
    let known: Vec<f64> = own.iter().map(|row| row.mz).collect();
    let found = counterparts(mzs, &known, data.channel.scan_range, tolerance);
    let rows = mzs.iter().zip(&found).map(|(&mz, counterpart)| match *counterpart {
        Counterpart::Row(n) => Row { mz, points: own[n].points.clone() },
        Counterpart::TooWeak => row_at(&data.traces, mz, view.span, tolerance),
        Counterpart::Unknown => Row { mz, points: Vec::new() },
    });
    let rows: Vec<Row> = rows.collect();
    let mut laid = cells(&rows, view.span, &data.traces, &data.noise);
    for (mut weights, counterpart) in laid.weight.rows_mut().into_iter().zip(&found) {
        if *counterpart == Counterpart::Unknown {
            weights.fill(0.0);
        }
    }
    laid
}

/// What a view with rows at `own` shows at `mzs`; both ascending. Rows are the same if each is the
/// other's nearest.
fn counterparts(
    mzs: &[f64],
    own: &[f64],
    scanned: Option<(f64, f64)>,
    tolerance: Tolerance,
) -> Vec<Counterpart> {
    let mut found = Vec::with_capacity(mzs.len());
    for (m, &mz) in mzs.iter().enumerate() {
        let outside = scanned.is_some_and(|(low, high)| !(low..=high).contains(&mz));
        let near = nearest(own, mz).filter(|&n| tolerance.matches(mz, own[n]));
        found.push(match near {
            _ if outside => Counterpart::Unknown,
            None => Counterpart::TooWeak,
            Some(n) if nearest(mzs, own[n]) == Some(m) => Counterpart::Row(n),
            Some(_) => Counterpart::Unknown,
        });
    }
    found
}

/// Position of the value of an ascending list that is nearest to `mz`.
fn nearest(mzs: &[f64], mz: f64) -> Option<usize> {
    let above = mzs.partition_point(|&m| m < mz);
    let near = above.saturating_sub(1)..(above + 1).min(mzs.len());
    near.min_by(|&a, &b| (mzs[a] - mz).abs().total_cmp(&(mzs[b] - mz).abs()))
}

/// The cells of all views with their columns in order.
fn in_order_of_time(mut laid: Vec<Dense>, columns: &[Column]) -> Dense {
    if laid.len() == 1 {
        return laid.remove(0);
    }
    let size = (laid.first().map_or(0, |cells| cells.data.nrows()), columns.len());
    let cell = |m: usize, t: usize| (&laid[columns[t].part], (m, columns[t].scan));
    let of_cells = |part: fn(&Dense) -> &Array2<f64>| {
        Array2::from_shape_fn(size, |(m, t)| {
            let (cells, at) = cell(m, t);
            part(cells)[at]
        })
    };
    Dense {
        data: of_cells(|cells| &cells.data),
        weight: of_cells(|cells| &cells.weight),
        censored: Array2::from_shape_fn(size, |(m, t)| {
            let (cells, at) = cell(m, t);
            cells.censored[at]
        }),
    }
}

/// Says how much the views show of atom `k`, which they isolate so: its reference is the first that
/// isolates it best, and the others are expected to show as much of it.
pub(crate) fn isolate(efficiency: &mut Efficiency, k: usize, isolation: &[Isolation]) {
    let best = isolation.iter().copied().max().unwrap_or(Isolation::Inside);
    let reference = isolation.iter().position(|found| *found == best);
    for (part, found) in isolation.iter().enumerate() {
        let (start, spread) = match found {
            _ if best == Isolation::Outside || reference == Some(part) => (1.0, 0.0),
            Isolation::Outside => (0.0, 0.0),
            Isolation::AtEdge => (1.0, TRANSMISSION_SPREAD_AT_EDGE),
            Isolation::Inside => (1.0, TRANSMISSION_SPREAD_INSIDE),
        };
        efficiency.start[(k, part)] = start;
        efficiency.spread[(k, part)] = spread;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_row_is_that_of_the_same_mz_or_too_weak_or_unknown() {
        let mzs = [100.0, 150.0, 150.0012, 200.0, 900.0];
        let own = [100.0005, 150.0002, 210.0];
        assert_eq!(
            counterparts(&mzs, &own, Some((50.0, 800.0)), Tolerance::ppm(10.0)),
            [
                Counterpart::Row(0),
                Counterpart::Row(1),
                Counterpart::Unknown,
                Counterpart::TooWeak,
                Counterpart::Unknown
            ]
        );
        let weak = counterparts(&mzs[..1], &[], None, Tolerance::ppm(10.0));
        assert_eq!(weak, [Counterpart::TooWeak]);
    }

    #[test]
    fn rows_of_two_views_are_one_list() {
        let rows = |mzs: &[f64], intensity: f32| -> Vec<Row> {
            mzs.iter().map(|&mz| Row { mz, points: vec![(0, intensity)] }).collect()
        };
        let views = [rows(&[100.0, 200.0], 5.0), rows(&[50.0, 100.0002, 300.0], 9.0)];
        let found = united(&views, Tolerance::ppm(10.0));
        let described: Vec<(f64, f64)> = found.iter().map(|row| (row.mz, row.highest)).collect();
        assert_eq!(described, [(50.0, 9.0), (100.0, 9.0), (200.0, 5.0), (300.0, 9.0)]);
    }

    #[test]
    fn scans_of_two_views_are_columns_in_the_order_of_time() {
        let dense = |values: Array2<f64>| Dense::from(values);
        let column = |seconds, part, scan| Column { seconds, part, scan };
        let columns = [column(0.0, 0, 0), column(0.4, 1, 0), column(1.0, 0, 1)];
        let found =
            in_order_of_time(vec![dense(array![[1.0, 2.0]]), dense(array![[7.0]])], &columns);
        assert_eq!(found.data, array![[1.0, 7.0, 2.0]]);
    }

    #[test]
    fn a_precursor_shows_where_it_is_isolated() {
        let window = IsolationWindow { lower: 100.0, upper: 150.0 };
        assert_eq!(Isolation::of(window, 125.0), Isolation::Inside);
        assert_eq!(Isolation::of(window, 149.5), Isolation::AtEdge);
        assert_eq!(Isolation::of(window, 151.0), Isolation::Outside);
        let mut efficiency = Efficiency::of_parts(1, 3, vec![0, 1, 2]);
        isolate(&mut efficiency, 0, &[Isolation::AtEdge, Isolation::Inside, Isolation::Outside]);
        assert_eq!(efficiency.start, array![[1.0, 1.0, 0.0]]);
        assert_eq!(efficiency.spread, array![[TRANSMISSION_SPREAD_AT_EDGE, 0.0, 0.0]]);
    }
}
