//! Peaks whose m/z moves from that of one ion to that of another.
//!
//! Two isobars that a mass spectrometer does not resolve are one point a scan, at their mean m/z,
//! weighted by intensity. So where a trace turns from one into the other, so does its m/z: a
//! [`Turn`] whose two m/z explain the points far better than one m/z does parts the peak, whether or
//! not the ions have fragments.

use cofactor_core::statistics::median;
use cofactor_core::{ChannelIx, Feature, FeatureIx, Relation, TracedRun};
use rayon::prelude::*;

use super::looks::PartPrice;
use super::peak::trace_of;
use super::turn::{Turn, turns};
use crate::noise::{ClassPoint, fit_variance};
use crate::tuning::{
    COMMON_SHIFT_ROUNDS, INTENSE_LIMITS, LEAST_DRIFT_POINTS, LEAST_SHIFTS_OF_SCAN, SHIFT_CLASSES,
    SPREADS_APART, TURN_SHARES,
};

/// A turn of m/z.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drift {
    pub(super) turn: Turn,
    /// m/z of the earlier and the later ion above that of the trace, ppm.
    pub(super) shifts: [f64; 2],
}

/// The peaks of MS1 whose m/z turns.
pub(super) fn find(
    run: &TracedRun,
    features: &[Feature],
    price: PartPrice,
) -> Vec<(FeatureIx, Drift)> {
    let channels = run.numbered().filter(|(_, data)| data.channel.is_ms1());
    channels.flat_map(|(channel, _)| in_channel(run, channel, features, price)).collect()
}

fn in_channel(
    run: &TracedRun,
    channel: ChannelIx,
    features: &[Feature],
    price: PartPrice,
) -> Vec<(FeatureIx, Drift)> {
    let data = &run[channel];
    let least = INTENSE_LIMITS * data.traces.limit.typical();
    let shown = features.iter().filter(|feature| feature.channel == channel);
    let may_be_two =
        |feature: &&Feature| feature.relation == Relation::Molecule && feature.height >= least;
    let elutions = shown.filter_map(|feature| Some((feature, Elution::new(feature, run)?)));
    let mut elutions: Vec<(&Feature, Elution)> = elutions.collect();
    take_off_common(&mut elutions, data.channel.scan_seconds.len());
    let Some(noise) = Noise::learnt(&elutions) else { return Vec::new() };
    let tried = (TURN_SHARES.len() * SPREADS_APART.len()) as f64;
    let least = price.entry + price.profile + tried.ln();
    let parted = elutions.par_iter().filter(|(feature, _)| may_be_two(feature));
    let parted = parted.filter_map(|(feature, elution)| {
        let (gain, drift) = elution.best_turn(&noise)?;
        (gain >= least).then_some((feature.position(), drift))
    });
    parted.collect()
}

/// A point of a peak.
#[derive(Debug, Clone, Copy)]
struct Point {
    scan: usize,
    seconds: f64,
    intensity: f64,
    /// m/z above that of the trace, ppm.
    shift: f64,
}

/// The points of a peak of MS1.
struct Elution {
    points: Vec<Point>,
}

impl Elution {
    /// `None` without the m/z of enough points.
    fn new(feature: &Feature, run: &TracedRun) -> Option<Self> {
        let trace = trace_of(feature, run)?;
        let seconds = &run[feature.channel].channel.scan_seconds;
        let points = trace.scans.iter().zip(&trace.intensity).zip(&trace.shift);
        let points = points.map(|((&scan, &intensity), &shift)| Point {
            scan: scan as usize,
            seconds: seconds[scan as usize],
            intensity: f64::from(intensity),
            shift: f64::from(shift),
        });
        let eluting = feature.rt_start..=feature.rt_end;
        let points: Vec<Point> = points.filter(|p| eluting.contains(&p.seconds)).collect();
        (points.len() >= LEAST_DRIFT_POINTS).then_some(Self { points })
    }

    /// How far each point is above the mean m/z.
    fn residuals(&self) -> impl Iterator<Item = (&Point, f64)> {
        let sum: f64 = self.points.iter().map(|p| p.intensity).sum();
        let mean = self.points.iter().map(|p| p.intensity * p.shift).sum::<f64>() / sum;
        self.points.iter().map(move |p| (p, p.shift - mean))
    }

    /// The turn that explains the m/z best, with the log-likelihood that it gains over one m/z, in
    /// units of what it leaves unexplained.
    fn best_turn(&self, noise: &Noise) -> Option<(f64, Drift)> {
        let timed: Vec<(f64, f64)> = self.points.iter().map(|p| (p.seconds, p.intensity)).collect();
        let alone = self.squares(noise, |_| 0.0)?.0;
        let tried = turns(&timed).into_iter().filter_map(|turn| {
            let (squares, shifts) = self.squares(noise, |t| turn.share(true, t))?;
            let unexplained = (squares / (self.points.len() - 2) as f64).max(1.0);
            Some((0.5 * (alone - squares) / unexplained, Drift { turn, shifts }))
        });
        tried.max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// χ² of the best m/z of two ions of which the later has a share at each time, and these; with
    /// no share of it, of the earlier alone. `None` where the points do not tell them apart.
    fn squares(&self, noise: &Noise, share: impl Fn(f64) -> f64) -> Option<(f64, [f64; 2])> {
        let [mut ee, mut el, mut ll, mut e, mut l] = [0.0; 5];
        for p in &self.points {
            let (weight, later) = (1.0 / noise.variance(p.intensity), share(p.seconds));
            ee += weight * (1.0 - later).powi(2);
            el += weight * (1.0 - later) * later;
            ll += weight * later * later;
            e += weight * (1.0 - later) * p.shift;
            l += weight * later * p.shift;
        }
        let determinant = ee * ll - el * el;
        let shifts = if ll == 0.0 {
            [e / ee, 0.0]
        } else if determinant > 1e-9 * ee * ll {
            [(ll * e - el * l) / determinant, (ee * l - el * e) / determinant]
        } else {
            return None;
        };
        let square = |p: &Point| {
            let later = share(p.seconds);
            let expected = (1.0 - later) * shifts[0] + later * shifts[1];
            (p.shift - expected).powi(2) / noise.variance(p.intensity)
        };
        Some((self.points.iter().map(square).sum(), shifts))
    }
}

/// Takes off what all ions of a scan are shifted by.
fn take_off_common(elutions: &mut [(&Feature, Elution)], scans: usize) {
    for _ in 0..COMMON_SHIFT_ROUNDS {
        let mut shifts: Vec<Vec<f64>> = vec![Vec::new(); scans];
        for (_, elution) in elutions.iter() {
            elution.residuals().for_each(|(point, shift)| shifts[point.scan].push(shift));
        }
        let common: Vec<f64> = shifts
            .iter_mut()
            .map(|shifts| {
                let enough = shifts.len() >= LEAST_SHIFTS_OF_SCAN;
                median(shifts).filter(|_| enough).unwrap_or(0.0)
            })
            .collect();
        let points = elutions.iter_mut().flat_map(|(_, elution)| &mut elution.points);
        points.for_each(|point| point.shift -= common[point.scan]);
    }
}

/// Variance of the m/z of a point, ppm²: a + b / intensity.
struct Noise {
    least: f64,
    counted: f64,
}

impl Noise {
    /// By the medians of squared deviations in classes of intensity; `None` without a class.
    fn learnt(elutions: &[(&Feature, Elution)]) -> Option<Self> {
        let of_elution = |(_, elution): &(&Feature, Elution)| -> Vec<(f64, f64)> {
            elution.residuals().map(|(point, shift)| (point.intensity, shift.abs())).collect()
        };
        let mut all: Vec<(f64, f64)> = elutions.iter().flat_map(of_elution).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let size = all.len().div_ceil(SHIFT_CLASSES).max(LEAST_SHIFTS_OF_SCAN);
        let class = |points: &[(f64, f64)]| {
            let mut deviations: Vec<f64> = points.iter().map(|(_, shift)| *shift).collect();
            let deviation = PER_MEDIAN * median(&mut deviations)?;
            Some(ClassPoint {
                inverse_intensity: points[points.len() / 2].0.recip(),
                relative_variance: deviation * deviation,
                differences: points.len() as f64,
            })
        };
        let classes: Vec<ClassPoint> = all.chunks(size).filter_map(class).collect();
        let fitted = fit_variance(&classes)?;
        let noise = Self { least: fitted.relative.powi(2), counted: fitted.gain };
        (noise.variance(1.0) > 0.0).then_some(noise)
    }

    fn variance(&self, intensity: f64) -> f64 {
        self.least + self.counted / intensity
    }
}

/// Standard deviation of a normal distribution over its median absolute deviation.
const PER_MEDIAN: f64 = 1.4826;
