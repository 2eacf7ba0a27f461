//! Background that waxes and wanes makes bumps, some of which top where a precursor does. How high
//! they usually are, the rest of the run shows.

use cofactor_core::statistics::{PER_MEDIAN_DEVIATION, median, upper_median};
use cofactor_core::{ChannelData, Tolerance};
use cofactor_nmf::RowBasis;
use ndarray::ArrayView1;
use rayon::prelude::*;

use crate::block::rows::{ScanSpan, row_at};
use crate::block::system::{AtomRole, MS2, System};
use crate::fragments::owners::OwnedRow;
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::tuning::{BUMPS, ELUTES_FOR_SIGNAL, LEAST_BUMPS, SEEN_FOR_BUMPS};

/// The background of the rows of a block, and its bumps.
pub(crate) struct Waves<'a> {
    system: &'a System,
    /// Activations at the scans, atoms × scans.
    basis: &'a RowBasis,
    rows: &'a [OwnedRow],
    /// Standard deviation of the bumps of each row over its background; 0 where they are not known.
    bumps: Vec<f64>,
}

impl<'a> Waves<'a> {
    pub(crate) fn new(
        system: &'a System,
        basis: &'a RowBasis,
        rows: &'a [OwnedRow],
        data: &ChannelData,
        params: &DeconvolutionParams,
    ) -> Self {
        let mut widths: Vec<usize> = system
            .atoms
            .iter()
            .zip(basis.activations().rows())
            .filter(|(role, _)| !matches!(role, AtomRole::Background))
            .map(|(_, activation)| scans_above(activation, 0.5))
            .collect();
        let width = upper_median(&mut widths, usize::cmp).unwrap_or(0);
        let mut waves = Self { system, basis, rows, bumps: Vec::new() };
        let numbered = (0..rows.len()).into_par_iter();
        let found = numbered.map(|m| {
            let is_seen = waves.background(m).iter().any(|b| *b > 0.0);
            let mz = system.fragments[m].mz;
            let found = || bumps(data, mz, params.tolerance, width);
            if is_seen { found().unwrap_or(0.0) } else { 0.0 }
        });
        waves.bumps = found.collect();
        waves
    }

    /// The background of row `m` at the scans.
    pub(crate) fn background(&self, m: usize) -> Vec<f64> {
        let mut heights = vec![0.0; self.system.atoms.len()];
        for (atom, part) in self.rows[m].parts() {
            if matches!(self.system.atoms[atom.0], AtomRole::Background) {
                heights[atom.0] = part.beside_background;
            }
        }
        self.basis.model(&heights)
    }

    /// Log-likelihood that following the bumps of its `background` gains for `atom` in row `m`.
    pub(crate) fn worth(&self, (m, atom): (usize, AtomIx), background: &[f64]) -> f64 {
        let activation = self.basis.activations().row(atom.0);
        let floor = ELUTES_FOR_SIGNAL * activation.iter().copied().fold(0.0, f64::max);
        let level = &self.system.problem[MS2];
        let signal: f64 = (0..activation.len())
            .filter(|&t| activation[t] > floor)
            .map(|t| {
                let (cell, b) = (level.cells.at(m, t), background[t]);
                cell.weight * b * b / cell.value.max(f64::MIN_POSITIVE)
            })
            .sum();
        0.5 * (BUMPS * self.bumps[m]).powi(2) * signal
    }
}

/// Scans in which an activation is above a share of its highest value.
fn scans_above(activation: ArrayView1<f64>, share: f64) -> usize {
    let floor = share * activation.iter().copied().fold(0.0, f64::max);
    activation.iter().filter(|s| **s > floor).count()
}

/// Standard deviation of the bumps of a background, relative to it, beyond what the noise makes:
/// what the mean of `width` scans differs by from that of as many around them, over the whole run.
/// `None` where too little of the m/z is seen to tell.
fn bumps(data: &ChannelData, mz: f64, tolerance: Tolerance, width: usize) -> Option<f64> {
    let scans = data.channel.scan_seconds.len();
    let width = width.max(2);
    let whole = ScanSpan { first: 0, end: scans as u32 };
    let mut seen = vec![0.0; scans];
    for (scan, intensity) in row_at(&data.traces, mz, whole, tolerance).points {
        seen[scan as usize] = f64::from(intensity);
    }
    let stretch = 2 * width;
    let mut found = Vec::new();
    let mut first = 0;
    while first + stretch <= scans {
        let values = &seen[first..first + stretch];
        let shown = values.iter().filter(|value| **value > 0.0).count();
        if shown as f64 >= SEEN_FOR_BUMPS * stretch as f64 {
            found.push(bump(values, data));
        }
        first += width;
    }
    if found.len() < LEAST_BUMPS {
        return None;
    }
    let mut sizes: Vec<f64> = found.iter().map(|bump| bump.relative.abs()).collect();
    let mut noise: Vec<f64> = found.iter().map(|bump| bump.noise).collect();
    let spread = PER_MEDIAN_DEVIATION * median(&mut sizes)?;
    Some((spread * spread - median(&mut noise)?).max(0.0).sqrt())
}

/// A stretch of scans, its middle half compared with both ends.
struct Bump {
    relative: f64,
    /// Variance of that by the noise of the scans.
    noise: f64,
}

fn bump(values: &[f64], data: &ChannelData) -> Bump {
    let quarter = values.len() / 4;
    let middle = &values[quarter..values.len() - quarter];
    let ends = values[..quarter].iter().chain(&values[values.len() - quarter..]);
    let mean = |sum: f64, count: usize| sum / count.max(1) as f64;
    let (height, floor) = (mean(middle.iter().sum(), middle.len()), mean(ends.sum(), 2 * quarter));
    let level = mean(values.iter().sum(), values.len()).max(f64::MIN_POSITIVE);
    let counts = 1.0 / middle.len() as f64 + 1.0 / (2 * quarter).max(1) as f64;
    Bump {
        relative: (height - floor) / level,
        noise: data.noise.variance(level) / (level * level) * counts,
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::{
        Channel, ChannelIx, ChannelRole, ChannelTraces, DetectionLimit, NoiseModel, Polarity, Trace,
    };

    use super::*;

    const SCANS: u32 = 400;

    fn data(at: impl Fn(f64) -> f64) -> ChannelData {
        let scatter = |scan: u32| f64::from((scan * scan * 7 + scan * 3) % 11) / 5.0 - 1.0;
        let value = |scan: u32| {
            let mean = at(f64::from(scan));
            (mean + scatter(scan) * mean.sqrt()) as f32
        };
        let trace = Trace {
            channel: ChannelIx(0),
            mz: 150.0,
            scans: (0..SCANS).collect(),
            intensity: (0..SCANS).map(value).collect(),
            shift: Vec::new(),
        };
        ChannelData {
            channel: Channel {
                role: ChannelRole::Ms1,
                polarity: Polarity::Positive,
                collision_energy: None,
                compensation_voltage: None,
                source_energy: None,
                scan_range: None,
                scan_seconds: (0..SCANS).map(f64::from).collect(),
            },
            traces: ChannelTraces {
                traces: vec![trace],
                limit: DetectionLimit { per_scan: vec![10.0; SCANS as usize] },
                telling: None,
            },
            noise: NoiseModel { gain: 1.0, relative: 0.0, evidence: 0, gain_assumed: false },
        }
    }

    fn measured(at: impl Fn(f64) -> f64) -> Option<f64> {
        bumps(&data(at), 150.0, Tolerance::ppm(10.0), 8)
    }

    #[test]
    fn waves_are_bumps_and_a_level_or_one_peak_are_none() {
        let waves = measured(|t| 1000.0 * (1.0 + 0.3 * (t / 3.0).sin())).unwrap();
        assert!((0.1..0.4).contains(&waves), "{waves}");
        let level = measured(|_| 1000.0).unwrap();
        assert!(level < 0.02, "{level}");
        let peak = |t: f64| 1000.0 + 9000.0 * (-0.5 * ((t - 200.0) / 4.0).powi(2)).exp();
        assert!(measured(peak).unwrap() < 0.05);
    }

    #[test]
    fn what_is_rarely_seen_has_no_bumps() {
        let peak = |t: f64| if (190.0..210.0).contains(&t) { 1000.0 } else { -1.0 };
        let mut rare = data(peak);
        let trace = &mut rare.traces.traces[0];
        trace.scans = (190..210).collect();
        trace.intensity = vec![1000.0; 20];
        assert_eq!(bumps(&rare, 150.0, Tolerance::ppm(10.0), 8), None);
    }
}
