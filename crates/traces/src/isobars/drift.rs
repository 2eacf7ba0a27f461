//! Peaks whose m/z moves from that of one ion to that of another.
//!
//! Two isobars that a mass spectrometer does not resolve are one point a scan, at their mean m/z,
//! weighted by intensity. So where a trace turns from one into the other, so does its m/z. A
//! [`Turn`] whose two m/z explain the points far better than one does parts the peak, whether or
//! not the ions have fragments.

use cofactor_core::statistics::{PER_MEDIAN_DEVIATION, median};
use cofactor_core::{ChannelData, ChannelIx, Feature, FeatureIx, Relation, Trace, TracedRun};
use rayon::prelude::*;

use super::looks::PartPrice;
use super::peak::trace_of;
use super::turn::{Turn, turns};
use crate::noise::{ClassPoint, fit_variance};
use crate::tuning::{
    COMMON_SHIFT_ROUNDS, INTENSE_LIMITS, LEAST_DRIFT_POINTS, LEAST_SHIFTS_OF_SCAN,
    MOST_BORDER_CYCLES, SHIFT_CLASSES, SPREADS_APART, TURN_SHARES,
};

/// A turn of m/z.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drift {
    pub(super) turn: Turn,
    /// m/z of the earlier and the later ion above that of the trace, ppm; `None` where both have
    /// about that of the peak.
    pub(super) shifts: Option<[f64; 2]>,
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
    let common = common_shifts(data);
    let elutions =
        shown.filter_map(|feature| Some((feature, MzCourse::new(feature, run, &common)?)));
    let elutions: Vec<(&Feature, MzCourse)> = elutions.collect();
    let Some(noise) = Noise::learnt(&elutions) else { return Vec::new() };
    let tried = (TURN_SHARES.len() * SPREADS_APART.len()) as f64;
    let least = price.entry + price.profile + tried.ln();
    let parted = elutions.par_iter().filter(|(feature, _)| may_be_two(feature));
    let cycle = data.channel.cycle_seconds().unwrap_or(0.0);
    let parted = parted.filter_map(|(feature, elution)| {
        let (gain, drift) = elution.best_turn(&noise)?;
        let later = elution.is_later_weaker(drift.turn);
        let is_tail = || features.iter().any(|beside| adjoins(feature, beside, later, cycle));
        (gain >= least && !is_tail()).then_some((feature.position(), drift))
    });
    parted.collect()
}

/// Whether `beside` is the next peak of the trace of a feature, or the one before: then the weaker
/// ion on that side is its flank.
fn adjoins(feature: &Feature, beside: &Feature, later: bool, cycle: f64) -> bool {
    let trace = |f: &Feature| f.isotopologues.first().map(|main| main.trace);
    let gap =
        if later { beside.rt_start - feature.rt_end } else { feature.rt_start - beside.rt_end };
    beside.id != feature.id
        && beside.channel == feature.channel
        && trace(beside) == trace(feature)
        && gap.abs() <= MOST_BORDER_CYCLES * cycle
}

/// A point of a peak.
#[derive(Debug, Clone, Copy)]
struct Placed {
    seconds: f64,
    intensity: f64,
    /// m/z above that of the trace, beyond what all ions of the scan are, ppm.
    shift: f64,
}

/// The points of a peak of MS1.
struct MzCourse {
    points: Vec<Placed>,
}

impl MzCourse {
    /// `None` without the m/z of enough points.
    fn new(feature: &Feature, run: &TracedRun, common: &[Option<f64>]) -> Option<Self> {
        let trace = trace_of(feature, run)?;
        let seconds = &run[feature.channel].channel.scan_seconds;
        let points = trace.scans.iter().zip(&trace.intensity).zip(&trace.shift);
        let points = points.filter_map(|((&scan, &intensity), &shift)| {
            let (scan, intensity) = (scan as usize, f64::from(intensity));
            let shift = f64::from(shift) - common[scan]?;
            Some(Placed { seconds: seconds[scan], intensity, shift })
        });
        let eluting = feature.rt_start..=feature.rt_end;
        let points: Vec<Placed> = points.filter(|p| eluting.contains(&p.seconds)).collect();
        (points.len() >= LEAST_DRIFT_POINTS).then_some(Self { points })
    }

    /// Whether the later ion of a turn has less of the peak.
    fn is_later_weaker(&self, turn: Turn) -> bool {
        let sum: f64 = self.points.iter().map(|p| p.intensity).sum();
        let later = self.points.iter().map(|p| p.intensity * turn.share(true, p.seconds));
        later.sum::<f64>() < 0.5 * sum
    }

    /// How far each point is above the mean m/z.
    fn residuals(&self) -> impl Iterator<Item = (&Placed, f64)> {
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
            Some((0.5 * (alone - squares) / unexplained, Drift { turn, shifts: Some(shifts) }))
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
        let square = |p: &Placed| {
            let later = share(p.seconds);
            let expected = (1.0 - later) * shifts[0] + later * shifts[1];
            (p.shift - expected).powi(2) / noise.variance(p.intensity)
        };
        Some((self.points.iter().map(square).sum(), shifts))
    }
}

/// What the m/z of all ions of each scan are shifted by, ppm: the median of what intense points are
/// above the mean of their trace; `None` of a scan with too few.
fn common_shifts(data: &ChannelData) -> Vec<Option<f64>> {
    let least = (INTENSE_LIMITS * data.traces.limit.typical()) as f32;
    let intense = |trace: &Trace| -> Vec<(usize, f64)> {
        let points = trace.scans.iter().zip(&trace.intensity).zip(&trace.shift);
        let intense = points.filter(|((_, intensity), _)| **intensity >= least);
        intense.map(|((&scan, _), &shift)| (scan as usize, f64::from(shift))).collect()
    };
    let mut traces: Vec<Vec<(usize, f64)>> = data.traces.traces.iter().map(intense).collect();
    traces.retain(|points| points.len() >= LEAST_DRIFT_POINTS);
    let mut common = vec![Some(0.0); data.channel.scan_seconds.len()];
    for _ in 0..COMMON_SHIFT_ROUNDS {
        let mut residuals: Vec<Vec<f64>> = vec![Vec::new(); common.len()];
        for points in &mut traces {
            let mean = points.iter().map(|(_, shift)| shift).sum::<f64>() / points.len() as f64;
            points.iter().for_each(|&(scan, shift)| residuals[scan].push(shift - mean));
        }
        let steps: Vec<Option<f64>> = residuals.iter_mut().map(|shifts| typical(shifts)).collect();
        for (common, step) in common.iter_mut().zip(&steps) {
            *common = common.zip(*step).map(|(common, step)| common + step);
        }
        let points = traces.iter_mut().flatten();
        points.for_each(|(scan, shift)| *shift -= steps[*scan].unwrap_or(0.0));
    }
    common
}

/// The median of enough shifts.
fn typical(shifts: &mut [f64]) -> Option<f64> {
    if shifts.len() >= LEAST_SHIFTS_OF_SCAN { median(shifts) } else { None }
}

/// Variance of the m/z of a point, ppm²: a + b / intensity.
struct Noise {
    least: f64,
    counted: f64,
}

impl Noise {
    /// By the medians of squared deviations in classes of intensity; `None` without a class.
    fn learnt(elutions: &[(&Feature, MzCourse)]) -> Option<Self> {
        let of_elution = |(_, elution): &(&Feature, MzCourse)| -> Vec<(f64, f64)> {
            elution.residuals().map(|(point, shift)| (point.intensity, shift.abs())).collect()
        };
        let mut all: Vec<(f64, f64)> = elutions.iter().flat_map(of_elution).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let size = all.len().div_ceil(SHIFT_CLASSES).max(LEAST_SHIFTS_OF_SCAN);
        let classes: Vec<ClassPoint> = all.chunks(size).filter_map(class_of).collect();
        let fitted = fit_variance(&classes)?;
        let noise = Self { least: fitted.relative.powi(2), counted: fitted.gain };
        (noise.variance(1.0) > 0.0).then_some(noise)
    }

    fn variance(&self, intensity: f64) -> f64 {
        self.least + self.counted / intensity
    }
}

/// What points of about one intensity, each with how far its m/z is off, say.
fn class_of(points: &[(f64, f64)]) -> Option<ClassPoint> {
    let mut deviations: Vec<f64> = points.iter().map(|(_, off)| *off).collect();
    Some(ClassPoint {
        inverse_intensity: points[points.len() / 2].0.recip(),
        relative_variance: (PER_MEDIAN_DEVIATION * median(&mut deviations)?).powi(2),
        differences: points.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use cofactor_core::{
        Channel, ChannelRole, ChannelTraces, DetectionLimit, NoiseModel, Polarity, RunKind,
        Tolerance,
    };

    use super::*;
    use crate::{FeatureParams, find_features, part_isobars};

    const SCANS: u32 = 80;
    const PRICE: PartPrice = PartPrice { entry: 6.0, profile: 6.0 };

    /// Heights of two isobars of 10 ppm, as a function of time.
    type Heights<'a> = &'a dyn Fn(f64) -> [f64; 2];

    fn bell(t: f64, apex: f64) -> f64 {
        1e5 * (-0.5 * ((t - apex) / 3.0).powi(2)).exp()
    }

    /// A number between -1 and 1 that looks random in both arguments.
    fn scatter(scan: u32, ion: u32) -> f64 {
        let mixed = (scan * 7919 + ion * 104_729 + scan * scan * 31 + scan * ion * 17) % 1009;
        f64::from(mixed) / 504.5 - 1.0
    }

    /// Ions that have no isobar.
    fn ordinary() -> Vec<impl Fn(f64) -> [f64; 2]> {
        (0..40).map(|i| move |t: f64| [bell(t, 10.0 + 1.5 * f64::from(i)), 0.0]).collect()
    }

    /// Ions of which the points are at their mean m/z, give or take 1 ppm and what `moves` all of
    /// a scan, seen in one MS1 channel with a scan a second.
    fn parted(ions: &[Heights], moves: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        let trace = |(ion, heights): (u32, &Heights)| {
            let [mut scans, mut intensity, mut shift] = [vec![], vec![], vec![]];
            for scan in 0..SCANS {
                let t = f64::from(scan);
                let [a, b] = heights(t);
                if a + b > 100.0 {
                    scans.push(f64::from(scan));
                    intensity.push((a + b) * (1.0 + 0.02 * scatter(scan, ion + 50)));
                    shift.push(10.0 * b / (a + b) + scatter(scan, ion) + moves(t));
                }
            }
            Trace {
                channel: ChannelIx(0),
                mz: 200.1 + 3.0 * f64::from(ion),
                scans: scans.iter().map(|scan| *scan as u32).collect(),
                intensity: intensity.iter().map(|x| *x as f32).collect(),
                shift: shift.iter().map(|x| *x as f32).collect(),
            }
        };
        let data = ChannelData {
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
                traces: (0..).zip(ions).map(trace).collect(),
                limit: DetectionLimit { per_scan: vec![100.0; SCANS as usize] },
                telling: None,
            },
            noise: NoiseModel { gain: 1.0, relative: 0.05, evidence: 0, gain_assumed: false },
        };
        let params = FeatureParams::default();
        let tolerance = Tolerance::ppm(10.0);
        let features = find_features(ChannelIx(0), &data, tolerance, &params);
        let run = TracedRun {
            file_name: String::new(),
            kind: RunKind::AllIon,
            channels: vec![data],
            scan_count: SCANS as usize,
            warnings: Vec::new(),
        };
        let found = part_isobars(&run, features, tolerance, &params, PRICE);
        found.iter().map(|f| (f.precursor.mz, f.rt_seconds)).collect()
    }

    #[test]
    fn ions_whose_mean_mz_moves_are_two() {
        let ordinary = ordinary();
        let mut ions: Vec<Heights> = ordinary.iter().map(|ion| ion as Heights).collect();
        let two = |t: f64| [bell(t, 36.0), 0.4 * bell(t, 43.5)];
        let equal = |t: f64| [0.3 * bell(t, 40.0), 0.7 * bell(t, 40.0)];
        ions.extend([&two as Heights, &equal]);
        // The scans move all ions by as much as the isobars.
        let found = parted(&ions, |t| 5.0 * scatter(t as u32, 77));
        assert_eq!(found.len(), 43, "{found:?}");
        let [earlier, later] = [found[40], found[41]];
        assert!((earlier.1 - 36.0).abs() < 0.7 && (later.1 - 43.5).abs() < 1.0, "{found:?}");
        let apart = 1e6 * (later.0 / earlier.0 - 1.0);
        assert!((apart - 10.0).abs() < 2.0, "{apart}");
    }

    #[test]
    fn a_peak_that_is_off_at_its_top_or_without_mz_is_one() {
        let ordinary = ordinary();
        let mut ions: Vec<Heights> = ordinary.iter().map(|ion| ion as Heights).collect();
        let top =
            |t: f64| [bell(t, 40.0) * (1.0 - bell(t, 40.0) / 3e5), bell(t, 40.0).powi(2) / 3e5];
        ions.push(&top);
        assert_eq!(parted(&ions, |_| 0.0).len(), 41);
    }
}
