//! Rows of the data matrices: the signal of one m/z in one channel over a stretch of time.
//!
//! A scan with a peak is an observed cell. A scan without one did not measure zero: what it could
//! have missed is anything below its detection limit, so the cell is censored there.

use cofactor_core::{Channel, ChannelTraces, EnoughPoints, NoiseModel, Tolerance, Trace};
use cofactor_nmf::Dense;
use ndarray::{Array2, ArrayViewMut1};

/// Consecutive scans of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanSpan {
    /// First scan position.
    pub first: u32,
    /// One past the last.
    pub end: u32,
}

impl ScanSpan {
    /// The scans that were taken within a stretch of time.
    pub fn within(scan_seconds: &[f64], start: f64, end: f64) -> Self {
        let first = scan_seconds.partition_point(|&t| t < start) as u32;
        let end = scan_seconds.partition_point(|&t| t <= end) as u32;
        Self { first, end: end.max(first) }
    }

    /// Whether a scan is one of them.
    pub fn holds(self, scan: u32) -> bool {
        (self.first..self.end).contains(&scan)
    }

    /// Number of scans.
    pub fn scans(self) -> usize {
        (self.end - self.first) as usize
    }

    /// When they started, seconds.
    pub fn seconds(self, channel: &Channel) -> &[f64] {
        &channel.scan_seconds[self.first as usize..self.end as usize]
    }
}

/// One row: an m/z with its points.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Mean m/z, weighted by intensity.
    pub mz: f64,
    /// (scan position in the channel, intensity), ascending.
    pub points: Vec<(u32, f32)>,
}

/// The rows of a channel within `span` that have enough points, ascending in m/z.
///
/// Traces within the tolerance of each other that share no scan are pieces of one row: a weak
/// fragment breaks up where it falls below the limit.
pub fn rows_within(
    channel: &ChannelTraces,
    span: ScanSpan,
    tolerance: Tolerance,
    enough: EnoughPoints,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for trace in &channel.traces {
        let piece = cut(trace, span);
        if piece.is_empty() {
            continue;
        }
        match rows.last_mut() {
            Some(last)
                if tolerance.matches(last.mz, trace.mz) && disjoint(&last.points, &piece) =>
            {
                merge(last, trace.mz, &piece);
            }
            _ => rows.push(Row { mz: trace.mz, points: piece }),
        }
    }
    rows.retain(|row| enough.holds(row.points.iter().map(|p| p.1)));
    rows
}

/// The row of a given m/z: all traces of the channel within the tolerance, the strongest point
/// where two share a scan.
pub fn row_at(channel: &ChannelTraces, mz: f64, span: ScanSpan, tolerance: Tolerance) -> Row {
    let (low, high) = tolerance.bounds(mz);
    let first = channel.traces.partition_point(|t| t.mz < low);
    let mut points: Vec<(u32, f32)> = channel.traces[first..]
        .iter()
        .take_while(|t| t.mz <= high)
        .flat_map(|t| cut(t, span))
        .collect();
    points.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    points.dedup_by_key(|p| p.0);
    Row { mz, points }
}

fn cut(trace: &Trace, span: ScanSpan) -> Vec<(u32, f32)> {
    let first = trace.scans.partition_point(|&s| s < span.first);
    let end = trace.scans.partition_point(|&s| s < span.end);
    let intensity = trace.intensity[first..end].iter().copied();
    trace.scans[first..end].iter().copied().zip(intensity).collect()
}

fn disjoint(a: &[(u32, f32)], b: &[(u32, f32)]) -> bool {
    b.iter().all(|p| a.binary_search_by_key(&p.0, |q| q.0).is_err())
}

fn merge(row: &mut Row, mz: f64, piece: &[(u32, f32)]) {
    let weight = |points: &[(u32, f32)]| points.iter().map(|p| f64::from(p.1)).sum::<f64>();
    let (old, new) = (weight(&row.points), weight(piece));
    row.mz = (row.mz * old + mz * new) / (old + new);
    row.points.extend_from_slice(piece);
    row.points.sort_by_key(|p| p.0);
}

/// Lays rows out over `span`: intensities, or the limit where the scan showed no peak and the cell
/// is censored, with weights `1 / (g + c²·I)` of the smoothed intensity I.
pub fn cells(rows: &[Row], span: ScanSpan, channel: &ChannelTraces, noise: &NoiseModel) -> Dense {
    let size = (rows.len(), span.scans());
    let mut data = Array2::zeros(size);
    let mut weight = Array2::zeros(size);
    let mut censored = Array2::from_elem(size, true);
    for (m, row) in rows.iter().enumerate() {
        for &(scan, intensity) in &row.points {
            let cell = (m, (scan - span.first) as usize);
            data[cell] = f64::from(intensity);
            censored[cell] = false;
        }
        let smooth = smoothed(data.row(m).as_slice().unwrap_or(&[]));
        fill_weights(weight.row_mut(m), &smooth, noise);
        for t in 0..span.scans() {
            if censored[(m, t)] {
                data[(m, t)] = channel.limit.at(span.first + t as u32);
            }
        }
    }
    Dense { data, weight, censored }
}

fn fill_weights(mut weights: ArrayViewMut1<f64>, intensities: &[f64], noise: &NoiseModel) {
    for (w, &i) in weights.iter_mut().zip(intensities) {
        *w = noise.weight(i);
    }
}

/// Running mean of three points with weights ¼, ½, ¼.
fn smoothed(x: &[f64]) -> Vec<f64> {
    let at = |i: usize| x[i.min(x.len() - 1)];
    (0..x.len()).map(|i| 0.25 * at(i.saturating_sub(1)) + 0.5 * x[i] + 0.25 * at(i + 1)).collect()
}

#[cfg(test)]
mod tests {
    use cofactor_core::DetectionLimit;

    use super::*;

    fn channel(traces: &[(f64, &[(u32, f32)])]) -> ChannelTraces {
        let traces = traces
            .iter()
            .map(|(mz, points)| Trace {
                channel: cofactor_core::ChannelIx(0),
                mz: *mz,
                scans: points.iter().map(|p| p.0).collect(),
                intensity: points.iter().map(|p| p.1).collect(),
                shift: Vec::new(),
            })
            .collect();
        ChannelTraces { traces, limit: DetectionLimit { per_scan: vec![5.0; 20] }, telling: None }
    }

    const SPAN: ScanSpan = ScanSpan { first: 2, end: 8 };

    #[test]
    fn pieces_of_one_fragment_become_one_row() {
        let pieces =
            channel(&[(100.0, &[(2, 10.0), (3, 10.0)]), (100.0005, &[(6, 30.0), (9, 30.0)])]);
        let rows = rows_within(&pieces, SPAN, Tolerance::ppm(10.0), pieces.enough(3));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].points, [(2, 10.0), (3, 10.0), (6, 30.0)]);
    }

    #[test]
    fn resolved_neighbours_stay_two_rows() {
        let neighbours = channel(&[
            (100.0, &[(2, 10.0), (3, 10.0), (4, 1.0)]),
            (100.0005, &[(3, 30.0), (4, 30.0), (5, 3.0)]),
        ]);
        assert_eq!(
            rows_within(&neighbours, SPAN, Tolerance::ppm(10.0), neighbours.enough(3)).len(),
            2
        );
    }

    #[test]
    fn a_scan_without_a_peak_is_censored_at_its_limit() {
        let channel = channel(&[(100.0, &[(3, 50.0), (4, 60.0)])]);
        let rows = rows_within(&channel, SPAN, Tolerance::ppm(10.0), channel.enough(1));
        let found = cells(
            &rows,
            SPAN,
            &channel,
            &NoiseModel { gain: 1.0, relative: 0.1, evidence: 0, gain_assumed: false },
        );
        assert_eq!(found.data.row(0).to_vec(), [5.0, 50.0, 60.0, 5.0, 5.0, 5.0]);
        assert_eq!(found.censored.row(0).to_vec(), [true, false, false, true, true, true]);
        assert!(found.weight[(0, 2)] < found.weight[(0, 5)]);
    }

    #[test]
    fn the_strongest_point_represents_a_scan() {
        let channel = channel(&[(100.0, &[(3, 50.0)]), (100.0005, &[(3, 70.0), (4, 1.0)])]);
        assert_eq!(
            row_at(&channel, 100.0, SPAN, Tolerance::ppm(10.0)).points,
            [(3, 70.0), (4, 1.0)]
        );
    }
}
