//! The scans of a simulated run, made one by one.
//!
//! Each scan has random numbers of its own (a ChaCha stream), so that any scan can be made alone
//! and the run does not depend on the order or the number of threads.

use std::f64::consts::TAU;

use cofactor_chem::C13_SPACING;
use cofactor_chem::carbon::typical_isotopologues;
use cofactor_core::{IsolationWindow, Polarity, Scan, ScanHeader};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::detect::{finish, resolved};
use crate::drawn_run::DrawnRun;
use crate::elution::Elution;
use crate::lipids::{self, draw_lipids};
use crate::molecules::{Mixture, draw_molecules};
use crate::noise::{measured, normal};
use crate::rule_sets::draw_rule_sets;
use crate::truth::{Artefact, draw_compounds};
use crate::{Error, Scenario, TruthCompound};

/// Collision energy that the MS2 scans carry.
const COLLISION_ENERGY: f64 = 30.0;

/// Expected peaks below this share of the detection limit are not drawn at all.
const NEGLIGIBLE: f64 = 1e-3;

/// Period of the slow variation of background ions, s.
const BACKGROUND_PERIOD: [f64; 2] = [60.0, 300.0];

/// A simulated run: what it holds, and how to make its scans.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// Its compounds, by `id`.
    pub truth: Vec<TruthCompound>,
    /// What shows in it and is no molecule, where the scenario says so.
    pub artefacts: Vec<Artefact>,
    /// A rule file that lists what the compounds may give, where the scenario has one.
    pub rules: Option<String>,
    scenario: Scenario,
    seed: u64,
    /// Seed of the noise: `seed`, or that of a run of a study.
    noise_seed: u64,
    /// By how much all m/z are too large, ppm.
    mz_offset_ppm: f64,
    elutions: Vec<Elution>,
    /// MS1 first, then one list a window.
    background: Vec<Vec<BackgroundIon>>,
    mixture: Option<Mixture>,
}

/// An ion that is there all the time.
#[derive(Debug, Clone)]
struct BackgroundIon {
    mz: f64,
    height: f64,
    period: f64,
    phase: f64,
}

impl BackgroundIon {
    fn at(&self, seconds: f64) -> f64 {
        self.height * (1.0 + 0.3 * (TAU * seconds / self.period + self.phase).sin())
    }
}

/// Draws the compounds of a scenario. The same scenario and seed give the same run.
pub fn simulate(scenario: &Scenario, seed: u64) -> Result<Simulation, Error> {
    scenario.check()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut artefacts = Vec::new();
    let mut mixture = None;
    let (truth, rules) = if let Some(molecules) = &scenario.molecules {
        let (drawn, truth, known) = draw_molecules(scenario, molecules, &mut rng);
        (mixture, artefacts) = (Some(drawn), known);
        (truth, None)
    } else if let Some(lipids) = &scenario.lipids {
        (draw_lipids(scenario, lipids, &mut rng)?, Some(lipids::pack()?.text))
    } else if let Some(sets) = &scenario.rule_sets {
        let (truth, rules) = draw_rule_sets(scenario, sets, &mut rng);
        (truth, Some(rules))
    } else {
        (draw_compounds(scenario, &mut rng), None)
    };
    let mut ion = |[low, high]: [f64; 2]| BackgroundIon {
        mz: rng.random_range(low..=high),
        height: rng
            .random_range(scenario.background_height[0].ln()..=scenario.background_height[1].ln())
            .exp(),
        period: rng.random_range(BACKGROUND_PERIOD[0]..=BACKGROUND_PERIOD[1]),
        phase: rng.random_range(0.0..TAU),
    };
    let mut background: Vec<Vec<BackgroundIon>> = Vec::new();
    for channel in 0..=scenario.windows.len() {
        let range = if channel == 0 { scenario.ms1_range } else { scenario.ms2_range };
        background.push((0..scenario.background_ions).map(|_| ion(range)).collect());
    }
    if mixture.is_some() {
        artefacts.extend(background_artefacts(&background));
    }
    let elutions = truth.iter().map(TruthCompound::elution).collect();
    let scenario = scenario.clone();
    let (noise_seed, mz_offset_ppm) = (seed, 0.0);
    Ok(Simulation {
        truth,
        artefacts,
        rules,
        scenario,
        seed,
        noise_seed,
        mz_offset_ppm,
        elutions,
        background,
        mixture,
    })
}

/// Background ions, MS1 first, then by window, as artefacts.
fn background_artefacts(background: &[Vec<BackgroundIon>]) -> Vec<Artefact> {
    let channels = background.iter().enumerate();
    channels
        .flat_map(|(channel, ions)| ions.iter().map(move |ion| (ion.mz, channel)))
        .map(|(mz, channel)| Artefact::background(mz, channel))
        .collect()
}

impl Simulation {
    /// The same compounds in another run of the same instrument.
    pub(crate) fn varied(&self, run: &DrawnRun) -> Self {
        let (mixture, truth, artefacts) = if let Some(mixture) = &self.mixture {
            let (mixture, truth, mut artefacts) = mixture.varied(&self.scenario, &run.variations);
            artefacts.extend(background_artefacts(&self.background));
            (Some(mixture), truth, artefacts)
        } else {
            let pairs = self.truth.iter().zip(&run.variations);
            let truth = pairs.filter_map(|(base, v)| Some(base.varied(v.as_ref()?))).collect();
            (None, truth, self.artefacts.clone())
        };
        Self {
            elutions: truth.iter().map(TruthCompound::elution).collect(),
            truth,
            artefacts,
            mixture,
            noise_seed: run.noise_seed,
            mz_offset_ppm: run.mz_offset_ppm,
            ..self.clone()
        }
    }

    /// Its scenario.
    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Number of scans.
    pub fn scan_count(&self) -> usize {
        let cycles =
            (self.scenario.duration_seconds / self.scenario.cycle_seconds).floor() as usize;
        cycles * (1 + self.scenario.windows.len())
    }

    /// The scans in the order of acquisition; each is made when it is asked for.
    pub fn scans(&self) -> impl ExactSizeIterator<Item = Scan> + '_ {
        (0..self.scan_count()).map(|index| self.scan(index))
    }

    /// One scan by its position, from 0.
    pub fn scan(&self, index: usize) -> Scan {
        let scenario = &self.scenario;
        let per_cycle = 1 + scenario.windows.len();
        let cycle_start = (index / per_cycle) as f64 * scenario.cycle_seconds;
        let channel = index % per_cycle;
        let mut rng = ChaCha8Rng::seed_from_u64(self.noise_seed);
        rng.set_stream(index as u64 + 1);
        let (seconds, window, [low, high]) = match channel.checked_sub(1) {
            None => (cycle_start, None, scenario.ms1_range),
            Some(position) => {
                let [lower, upper] = scenario.windows[position];
                let delay =
                    scenario.ms2_delay_seconds + position as f64 * scenario.ms2_spacing_seconds;
                (cycle_start + delay, Some(IsolationWindow { lower, upper }), scenario.ms2_range)
            }
        };
        let mut expected: Vec<(f64, f64)> =
            self.background[channel].iter().map(|ion| (ion.mz, ion.at(seconds))).collect();
        let peaks = if let Some(mixture) = &self.mixture {
            mixture.peaks(scenario, (channel, seconds), expected, [low, high], &mut rng)
        } else {
            self.expect_compounds(window, channel, seconds, &mut expected);
            expected.retain(|&(mz, _)| (low..=high).contains(&mz));
            detect(scenario, expected, [low, high], &mut rng)
        };
        Scan {
            header: ScanHeader {
                id: format!("controllerType=0 controllerNumber=1 scan={}", index + 1),
                index,
                ms_level: if window.is_some() { 2 } else { 1 },
                rt_seconds: seconds,
                polarity: Some(self.mixture.as_ref().map_or(Polarity::Positive, Mixture::polarity)),
                window,
                collision_energy: window.map(|_| COLLISION_ENERGY),
                scan_range: Some((low, high)),
            },
            mz: peaks.iter().map(|&(mz, _)| mz * (1.0 + self.mz_offset_ppm * 1e-6)).collect(),
            intensity: peaks.iter().map(|&(_, intensity)| intensity as f32).collect(),
        }
    }
}

impl Simulation {
    /// Adds the peaks of all compounds at a time, without noise.
    fn expect_compounds(
        &self,
        window: Option<IsolationWindow>,
        channel: usize,
        seconds: f64,
        expected: &mut Vec<(f64, f64)>,
    ) {
        let scenario = &self.scenario;
        for (compound, elution) in self.truth.iter().zip(&self.elutions) {
            let height = compound.h * elution.at(seconds);
            if height > NEGLIGIBLE * scenario.detection_limit {
                match window {
                    None => precursor_peaks(scenario, compound, height, expected),
                    Some(window) => {
                        let factors = self.differences(compound, channel);
                        fragment_peaks(scenario, compound, (window, &factors), height, expected);
                    }
                }
            }
        }
    }

    /// How much higher the window of `channel` shows each fragment of a compound than the others
    /// do, on average.
    fn differences(&self, compound: &TruthCompound, channel: usize) -> Vec<f64> {
        let spread = self.scenario.window_differences;
        if spread <= 0.0 {
            return vec![1.0; compound.frags.len()];
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let per_compound = self.scenario.windows.len() as u64 + 1;
        rng.set_stream(u64::MAX - (compound.id as u64 * per_compound + channel as u64));
        compound.frags.iter().map(|_| (spread * normal(&mut rng)).exp()).collect()
    }
}

fn precursor_peaks(
    scenario: &Scenario,
    compound: &TruthCompound,
    height: f64,
    expected: &mut Vec<(f64, f64)>,
) {
    let peaks = typical_isotopologues(compound.mz, scenario.isotopologues);
    expected.extend(peaks.into_iter().map(|(mz, ratio)| (mz, height * ratio)));
}

/// Fragments, each times its factor, and the rest of the intact precursor, as far as the window
/// lets the precursor through.
fn fragment_peaks(
    scenario: &Scenario,
    compound: &TruthCompound,
    (window, factors): (IsolationWindow, &[f64]),
    height: f64,
    expected: &mut Vec<(f64, f64)>,
) {
    let strongest = height * compound.eff;
    if window.contains(compound.mz) {
        let extra =
            u8::from(scenario.fragment_isotopes && window.contains(compound.mz + C13_SPACING));
        for (&(mz, relative), factor) in compound.frags.iter().zip(factors) {
            let peaks = typical_isotopologues(mz, extra);
            expected.extend(
                peaks.into_iter().map(|(mz, ratio)| (mz, strongest * relative * factor * ratio)),
            );
        }
    }
    for (mz, ratio) in typical_isotopologues(compound.mz, scenario.isotopologues) {
        if window.contains(mz) {
            expected.push((mz, strongest * scenario.precursor_residue * ratio));
        }
    }
}

/// From expected to measured peaks: what cannot be resolved is added up, each peak gets its noise
/// and jitter, random peaks are added, and what lies below the limit is dropped. Ascending m/z.
fn detect(
    scenario: &Scenario,
    expected: Vec<(f64, f64)>,
    range: [f64; 2],
    rng: &mut ChaCha8Rng,
) -> Vec<(f64, f64)> {
    let resolved = resolved(expected, |mz| mz * scenario.resolution_ppm * 1e-6);
    let mut peaks: Vec<(f64, f64)> = Vec::with_capacity(resolved.len());
    for (mz, height) in resolved {
        let intensity = measured(height, scenario.gain, scenario.relative_noise, rng);
        peaks.push((mz * (1.0 + normal(rng) * scenario.mz_jitter_ppm * 1e-6), intensity));
    }
    finish(scenario, peaks, range, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StudyPlan, simulate_study};

    /// One compound alone, without noise peaks and background.
    fn quiet() -> Scenario {
        Scenario {
            duration_seconds: 80.0,
            windows: vec![[100.0, 300.0], [280.0, 400.0]],
            groups: 1,
            group_size: [1, 1],
            height: [1e7, 1e7],
            noise_peaks: 0.0,
            background_ions: 0,
            ..Scenario::default()
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_run_whatever_the_order() {
        let scenario = Scenario { duration_seconds: 30.0, ..Scenario::default() };
        let simulation = simulate(&scenario, 7).unwrap();
        let scans: Vec<Scan> = simulation.scans().collect();
        let again = simulate(&scenario, 7).unwrap();
        assert_eq!(again.truth, simulation.truth);
        for index in (0..scans.len()).rev() {
            assert_eq!(again.scan(index), scans[index]);
        }
        let reseeded = simulate(&scenario, 8).unwrap();
        assert_ne!(reseeded.truth, simulation.truth);
        assert_ne!(reseeded.scan(0), scans[0]);
    }

    #[test]
    fn scans_are_in_order_ascending_and_above_the_limit() {
        let scenario = Scenario { duration_seconds: 60.0, ..Scenario::named("hard").unwrap() };
        let simulation = simulate(&scenario, 3).unwrap();
        assert_eq!(simulation.scan_count(), 71 * 6);
        let mut before = -1.0;
        for (index, scan) in simulation.scans().enumerate() {
            let header = &scan.header;
            assert_eq!(header.index, index);
            assert!(header.rt_seconds > before);
            before = header.rt_seconds;
            assert_eq!(header.ms_level == 1, index % 6 == 0);
            assert!(scan.mz.is_sorted_by(|a, b| a < b));
            assert!(
                scan.intensity
                    .iter()
                    .all(|&intensity| f64::from(intensity) >= scenario.detection_limit)
            );
            let (low, high) = header.scan_range.unwrap();
            assert!(scan.mz.iter().all(|&mz| mz > low - 0.01 && mz < high + 0.01));
        }
    }

    #[test]
    fn the_isotope_ratio_and_the_heights_are_those_of_the_truth() {
        let scenario = Scenario { relative_noise: 0.0, gain: 1.0, ..quiet() };
        let simulation = simulate(&scenario, 5).unwrap();
        let compound = &simulation.truth[0];
        let at = |scan: &Scan, mz: f64| {
            let near = |&(&peak, _): &(&f64, &f32)| (peak - mz).abs() < 10e-6 * mz;
            scan.mz
                .iter()
                .zip(&scan.intensity)
                .find(near)
                .map_or(0.0, |(_, &intensity)| f64::from(intensity))
        };
        let apex = (0..simulation.scan_count() / 3).min_by(|&a, &b| {
            let distance =
                |cycle: usize| (cycle as f64 * scenario.cycle_seconds - compound.rt).abs();
            distance(a).total_cmp(&distance(b))
        });
        let scan = simulation.scan(apex.unwrap() * 3);
        let height = compound.h * compound.elution().at(scan.header.rt_seconds);
        assert!((at(&scan, compound.mz) / height - 1.0).abs() < 0.005);
        let ratio = typical_isotopologues(compound.mz, 1)[1].1;
        assert!(
            (at(&scan, compound.mz + C13_SPACING) / at(&scan, compound.mz) / ratio - 1.0).abs()
                < 0.02
        );
    }

    #[test]
    fn fragments_are_in_the_windows_that_hold_the_precursor_and_no_others() {
        let mut overlap_seen = false;
        for seed in 0..40 {
            let simulation = simulate(&quiet(), seed).unwrap();
            let compound = &simulation.truth[0];
            let strongest =
                compound.frags.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
            let mut holds = [false; 2];
            let mut shows = [false; 2];
            for scan in simulation.scans() {
                let Some(window) = scan.header.window else { continue };
                let position = usize::from(window.lower > 200.0);
                holds[position] = window.contains(compound.mz);
                shows[position] |=
                    scan.mz.iter().any(|mz| (mz - strongest).abs() < 10e-6 * strongest);
            }
            assert_eq!(holds, shows, "seed {seed}, precursor {}", compound.mz);
            overlap_seen |= holds == [true, true];
        }
        assert!(overlap_seen, "no seed puts a precursor into both windows");
    }

    #[test]
    fn windows_differ_by_what_was_asked_for_and_always_by_the_same() {
        let scenario = Scenario {
            window_differences: 0.1,
            groups: 40,
            ..Scenario::named("overlapping").unwrap()
        };
        let simulation = simulate(&scenario, 3).unwrap();
        let all = |channel: usize| -> Vec<f64> {
            simulation
                .truth
                .iter()
                .flat_map(|compound| simulation.differences(compound, channel))
                .collect()
        };
        let logarithms: Vec<f64> = (1..=10).flat_map(all).map(f64::ln).collect();
        let spread =
            (logarithms.iter().map(|x| x * x).sum::<f64>() / logarithms.len() as f64).sqrt();
        assert!((spread - 0.1).abs() < 0.005, "{spread}");
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        let none = simulate(&quiet(), 3).unwrap();
        assert!(none.differences(&none.truth[0], 1).iter().all(|factor| *factor == 1.0));
    }

    #[test]
    fn windows_differ_alike_in_all_runs_of_a_study() {
        let scenario = Scenario::named("overlapping").unwrap();
        let plan = StudyPlan { runs: 2, spread: 0.5 };
        let study = simulate_study(&scenario, 3, plan).unwrap();
        let [first, second] = [0, 1].map(|position| study.run(position).unwrap());
        let mut compared = 0;
        for compound in &first.truth {
            let Some(again) = second.truth.iter().find(|c| c.id == compound.id) else { continue };
            assert_eq!(first.differences(compound, 2), second.differences(again, 2));
            compared += 1;
        }
        assert!(compared > 20, "{compared}");
    }

    #[test]
    fn peaks_that_cannot_be_resolved_are_one_before_noise_is_added() {
        let scenario = Scenario { gain: 1.0, relative_noise: 0.0, mz_jitter_ppm: 0.0, ..quiet() };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let expected = vec![(300.0, 3e6), (300.0008, 1e6), (301.0, 1e6), (302.0, 100.0)];
        let peaks = detect(&scenario, expected, [100.0, 400.0], &mut rng);
        assert_eq!(peaks.len(), 2);
        assert!((peaks[0].0 - 300.0002).abs() < 1e-9 && (peaks[0].1 / 4e6 - 1.0).abs() < 0.01);
    }

    #[test]
    fn jitter_has_the_width_that_was_asked_for() {
        let scenario = Scenario { mz_jitter_ppm: 3.0, ..quiet() };
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut errors = Vec::new();
        for _ in 0..4000 {
            let peaks = detect(&scenario, vec![(200.0, 1e6)], [100.0, 400.0], &mut rng);
            errors.extend(peaks.iter().map(|&(mz, _)| (mz / 200.0 - 1.0) * 1e6));
        }
        let spread =
            (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt();
        assert!((spread - 3.0).abs() < 0.15, "{spread}");
    }
}
