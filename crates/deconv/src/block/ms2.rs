//! The MS2 side of a block: the scans of one fragment channel, or of several that isolate its
//! precursors too.
//!
//! A precursor in two windows shows the same fragments in both, but each window has neighbours of
//! its own. At another collision energy it has other fragments, with the same elution. So the scans
//! of all are columns of one level, in the order of time: a row is an m/z in all windows of one
//! energy, and each window lets through what it isolates.

use std::collections::BTreeMap;

use cofactor_core::{ChannelData, ChannelIx, IsolationWindow, Tolerance, TracedRun};
use cofactor_nmf::{Cells, Dense, Efficiency, Level, Sampling};
use ndarray::Array2;

use crate::block::material::Material;
use crate::block::rows::{Row, ScanSpan, cells, row_at, rows_within};
use crate::params::DeconvolutionParams;
use crate::tuning::{
    SAME_ENERGY, TRANSMISSION_SPREAD_AT_EDGE, TRANSMISSION_SPREAD_INSIDE, WINDOW_EDGE,
};

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
    pub(crate) fn by(window: IsolationWindow, mz: f64) -> Self {
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
    /// Which of the block's collision energies it has: each gives fragments of its own.
    pub(crate) energy: usize,
}

/// A row of MS2: an m/z at a collision energy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ms2Row {
    pub(crate) mz: f64,
    /// Which of the block's energies it is of.
    pub(crate) energy: usize,
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
    let mut views: Vec<View> = Vec::with_capacity(channels.len());
    for &channel in channels {
        let energy_of = |channel: ChannelIx| material.run[channel].channel.collision_energy;
        let known = views.iter().find(|v| same_energy(energy_of(v.channel), energy_of(channel)));
        let next = views.iter().map(|view| view.energy + 1).max().unwrap_or(0);
        let energy = known.map_or(next, |view| view.energy);
        let span = material.scans(channel);
        if span.scans() > 0 {
            views.push(View { channel, span, energy });
        }
    }
    views
}

fn same_energy(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME_ENERGY * a.max(b),
        (None, None) => true,
        _ => false,
    }
}

/// The rows of all `views` over the scans of all of them, seen on the times of `grid`.
pub(crate) fn side(
    views: &[View],
    run: &TracedRun,
    grid: &[f64],
    atoms: usize,
    params: &DeconvolutionParams,
) -> Ms2Side {
    let Measured { rows, columns, cells } = Measured::new(views, run, params);
    let seconds: Vec<f64> = columns.iter().map(|column| column.seconds).collect();
    let parts = columns.iter().map(|column| column.part);
    let parts = if views.len() > 1 { parts.collect() } else { Vec::new() };
    let level = Level {
        sampling: Sampling::interpolation(grid, &seconds),
        efficiency: Efficiency::of_parts(atoms, views.len(), parts),
        ..Level::new(Cells::Dense(cells), atoms)
    };
    Ms2Side { level, rows, seconds }
}

/// The cells of the rows of all `views` alone.
pub(crate) fn cells_of(views: &[View], run: &TracedRun, params: &DeconvolutionParams) -> Cells {
    Cells::Dense(Measured::new(views, run, params).cells)
}

/// What all views show.
struct Measured {
    rows: Vec<Ms2Row>,
    columns: Vec<Column>,
    cells: Dense,
}

impl Measured {
    fn new(views: &[View], run: &TracedRun, params: &DeconvolutionParams) -> Self {
        let of_views: Vec<Vec<Row>> = views
            .iter()
            .map(|view| {
                let traces = &run[view.channel].traces;
                let enough = traces.enough(params.min_points);
                rows_within(traces, view.span, params.tolerance, enough)
            })
            .collect();
        let rows = united(views, &of_views, params.tolerance);
        let laid: Vec<Laid> = views
            .iter()
            .zip(&of_views)
            .map(|(view, own)| Laid::new(view, own, &rows, &run[view.channel], params.tolerance))
            .collect();
        let mut columns: Vec<Column> = Vec::new();
        for (part, view) in views.iter().enumerate() {
            let seconds = view.span.seconds(&run[view.channel].channel).iter().enumerate();
            columns.extend(seconds.map(|(scan, &seconds)| Column { seconds, part, scan }));
        }
        columns.sort_by(|a, b| a.seconds.total_cmp(&b.seconds).then(a.part.cmp(&b.part)));
        let cells = in_order_of_time(laid, rows.len(), &columns);
        Self { rows, columns, cells }
    }
}

/// A scan of a view, by position.
struct Column {
    seconds: f64,
    part: usize,
    scan: usize,
}

/// Of each energy the rows of its first view, and of each further one those that no earlier one
/// has.
fn united(views: &[View], of_views: &[Vec<Row>], tolerance: Tolerance) -> Vec<Ms2Row> {
    let mut by_energy: BTreeMap<usize, Vec<Ms2Row>> = BTreeMap::new();
    for (&View { energy, .. }, own) in views.iter().zip(of_views) {
        let rows = by_energy.entry(energy).or_default();
        let known: Vec<f64> = rows.iter().map(|row| row.mz).collect();
        for row in own {
            let highest = row.points.iter().map(|p| f64::from(p.1)).fold(0.0, f64::max);
            match nearest(&known, row.mz).filter(|&n| tolerance.matches(known[n], row.mz)) {
                Some(n) => rows[n].highest = rows[n].highest.max(highest),
                None => rows.push(Ms2Row { mz: row.mz, energy, highest }),
            }
        }
        rows.sort_by(|a, b| a.mz.total_cmp(&b.mz));
    }
    let mut rows: Vec<Ms2Row> = by_energy.into_values().flatten().collect();
    rows.sort_by(|a, b| a.mz.total_cmp(&b.mz));
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

/// What a view shows of the rows of its energy.
struct Laid {
    /// These, by position among all.
    rows: Vec<usize>,
    cells: Dense,
}

impl Laid {
    /// Of a view with rows `own`.
    fn new(
        view: &View,
        own: &[Row],
        all: &[Ms2Row],
        data: &ChannelData,
        tolerance: Tolerance,
    ) -> Self {
        let rows: Vec<usize> = (0..all.len()).filter(|&m| all[m].energy == view.energy).collect();
        let mzs: Vec<f64> = rows.iter().map(|&m| all[m].mz).collect();
        let known: Vec<f64> = own.iter().map(|row| row.mz).collect();
        if mzs == known {
            return Self { rows, cells: cells(own, view.span, &data.traces, &data.noise) };
        }
        let found = counterparts(&mzs, &known, data.channel.scan_range, tolerance);
        let shown = mzs.iter().zip(&found).map(|(&mz, counterpart)| match *counterpart {
            Counterpart::Row(n) => Row { mz, points: own[n].points.clone() },
            Counterpart::TooWeak => row_at(&data.traces, mz, view.span, tolerance),
            Counterpart::Unknown => Row { mz, points: Vec::new() },
        });
        let shown: Vec<Row> = shown.collect();
        let mut cells = cells(&shown, view.span, &data.traces, &data.noise);
        for (mut weights, counterpart) in cells.weight.rows_mut().into_iter().zip(&found) {
            if *counterpart == Counterpart::Unknown {
                weights.fill(0.0);
            }
        }
        Self { rows, cells }
    }
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

/// The cells of all views, of so many rows, with their columns in order; those of another energy
/// are not observed.
fn in_order_of_time(mut laid: Vec<Laid>, rows: usize, columns: &[Column]) -> Dense {
    if laid.len() == 1 {
        return laid.remove(0).cells;
    }
    let size = (rows, columns.len());
    let mut all = Dense {
        data: Array2::zeros(size),
        weight: Array2::zeros(size),
        censored: Array2::from_elem(size, true),
    };
    for (t, &Column { part, scan, .. }) in columns.iter().enumerate() {
        let Laid { rows, cells } = &laid[part];
        for (n, &m) in rows.iter().enumerate() {
            all.data[(m, t)] = cells.data[(n, scan)];
            all.weight[(m, t)] = cells.weight[(n, scan)];
            all.censored[(m, t)] = cells.censored[(n, scan)];
        }
    }
    all
}

/// Says how much the `views` show of atom `k`, which they isolate so: of each energy the first that
/// isolates it best is the reference, and the others are expected to show as much of it.
pub(crate) fn isolate(
    efficiency: &mut Efficiency,
    k: usize,
    views: &[View],
    isolation: &[Isolation],
) {
    for (part, (view, found)) in views.iter().zip(isolation).enumerate() {
        let of_energy = || (0..views.len()).filter(|&v| views[v].energy == view.energy);
        let best = of_energy().map(|v| isolation[v]).max().unwrap_or(Isolation::Outside);
        let reference = of_energy().find(|&v| isolation[v] == best);
        let (start, spread) = match found {
            Isolation::Outside => (0.0, 0.0),
            _ if reference == Some(part) => (1.0, 0.0),
            Isolation::AtEdge => (1.0, TRANSMISSION_SPREAD_AT_EDGE),
            Isolation::Inside => (1.0, TRANSMISSION_SPREAD_INSIDE),
        };
        efficiency.start[(k, part)] = start;
        efficiency.spread[(k, part)] = spread;
    }
}

/// The same of an atom of something that view `shown_by` shows: which others isolate it, the data
/// say.
pub(crate) fn isolate_unknown(
    efficiency: &mut Efficiency,
    k: usize,
    views: &[View],
    shown_by: usize,
) {
    for (part, view) in views.iter().enumerate() {
        let first = views.iter().position(|v| v.energy == view.energy);
        let is_reference = if view.energy == views[shown_by].energy {
            part == shown_by
        } else {
            first == Some(part)
        };
        efficiency.spread[(k, part)] = if is_reference { 0.0 } else { f64::INFINITY };
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

    fn view(energy: usize) -> View {
        View { channel: ChannelIx(1), span: ScanSpan { first: 0, end: 1 }, energy }
    }

    #[test]
    fn rows_of_views_of_one_energy_are_one_list() {
        let rows = |mzs: &[f64], intensity: f32| -> Vec<Row> {
            mzs.iter().map(|&mz| Row { mz, points: vec![(0, intensity)] }).collect()
        };
        let of_views = [
            rows(&[100.0, 200.0], 5.0),
            rows(&[50.0, 100.0002, 300.0], 9.0),
            rows(&[100.0001, 300.0], 7.0),
        ];
        let views = [view(0), view(0), view(1)];
        let found = united(&views, &of_views, Tolerance::ppm(10.0));
        let described: Vec<(f64, usize, f64)> =
            found.iter().map(|row| (row.mz, row.energy, row.highest)).collect();
        let expected = [
            (50.0, 0, 9.0),
            (100.0, 0, 9.0),
            (100.0001, 1, 7.0),
            (200.0, 0, 5.0),
            (300.0, 0, 9.0),
            (300.0, 1, 7.0),
        ];
        assert_eq!(described, expected);
    }

    #[test]
    fn scans_are_columns_in_the_order_of_time_and_other_energies_are_not_observed() {
        let laid = |rows: Vec<usize>, values: Array2<f64>| Laid { rows, cells: values.into() };
        let column = |seconds, part, scan| Column { seconds, part, scan };
        let columns = [column(0.0, 0, 0), column(0.4, 1, 0), column(0.7, 2, 0), column(1.0, 0, 1)];
        let laid = vec![
            laid(vec![0], array![[1.0, 2.0]]),
            laid(vec![0], array![[7.0]]),
            laid(vec![1], array![[9.0]]),
        ];
        let found = in_order_of_time(laid, 2, &columns);
        assert_eq!(found.data, array![[1.0, 7.0, 0.0, 2.0], [0.0, 0.0, 9.0, 0.0]]);
        assert_eq!(found.weight, array![[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]]);
    }

    #[test]
    fn a_precursor_shows_where_it_is_isolated() {
        let window = IsolationWindow { lower: 100.0, upper: 150.0 };
        assert_eq!(Isolation::by(window, 125.0), Isolation::Inside);
        assert_eq!(Isolation::by(window, 149.5), Isolation::AtEdge);
        assert_eq!(Isolation::by(window, 151.0), Isolation::Outside);
        let views = [view(0), view(0), view(0), view(1)];
        let mut efficiency = Efficiency::of_parts(1, 4, vec![0, 1, 2, 3]);
        let found = [Isolation::AtEdge, Isolation::Inside, Isolation::Outside, Isolation::Inside];
        isolate(&mut efficiency, 0, &views, &found);
        assert_eq!(efficiency.start, array![[1.0, 1.0, 0.0, 1.0]]);
        assert_eq!(efficiency.spread, array![[TRANSMISSION_SPREAD_AT_EDGE, 0.0, 0.0, 0.0]]);
        isolate_unknown(&mut efficiency, 0, &views, 1);
        let free = f64::INFINITY;
        assert_eq!(efficiency.spread, array![[free, 0.0, free, 0.0]]);
    }
}
