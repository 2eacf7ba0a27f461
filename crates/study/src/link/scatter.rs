//! How far the sightings of an ion scatter, and how likely another ion lies as near: learnt from
//! the runs.
//!
//! Times have heavy tails (Student's t). The m/z of a peak that another one merges with lies
//! between both, however well the rest is measured: its tails are as heavy as can be (Cauchy's).

use std::f64::consts::{FRAC_1_PI, TAU};

use cofactor_core::statistics::median;

use super::islands::islands;
use super::sighting::Sighting;
use crate::tuning::{
    ASSUMED_HALF_WIDTHS, ASSUMED_WIDTHS, FREEDOM, FWHM_PER_SIGMA, LEAST_HALF_WIDTHS,
    LEAST_RUNS_OF_WANDERING, LEAST_SCATTER, LEAST_SECONDS, MEDIAN_OF_NORMAL, SHARE_ROUNDS,
};

/// What is expected of the sightings of an ion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scatter {
    /// Standard deviation of the time, seconds.
    seconds: f64,
    /// Standard deviation of the m/z, half widths of the tolerance.
    place: f64,
    /// Farthest that two sightings of an ion may lie apart in time, seconds: a peak width.
    most_seconds: f64,
    /// Number of runs.
    runs: usize,
    /// Logarithm of how much denser sightings lie at the place of their ion than others do.
    contrast: f64,
    /// Standard deviation of the time of a sighting whose apex may lie wherever its ion elutes,
    /// seconds.
    elution: f64,
    /// Share of ions whose apexes do.
    wandering: f64,
}

/// What sightings of an ion may lie apart in m/z at most, half widths of the tolerance.
const MOST_PLACE: f64 = 1.0;

/// Density of Student's t of four degrees of freedom at 0.
const PEAK_OF_T4: f64 = 0.375;

impl Scatter {
    /// Learns from the sightings of so many runs; `None` without one.
    pub(super) fn learn(sightings: &[Sighting], runs: usize) -> Option<Self> {
        let width = median(&mut sightings.iter().map(|s| s.width).collect::<Vec<f64>>())?;
        let most_seconds = width.max(LEAST_SECONDS);
        let plain: Vec<Sighting> = sightings.iter().filter(|s| s.is_plain).copied().collect();
        let (mut times, mut places, mut clear) = (Vec::new(), Vec::new(), Vec::new());
        for island in islands(&plain, MOST_PLACE, most_seconds) {
            let members: Vec<&Sighting> = island.iter().map(|&i| &plain[i]).collect();
            let is_clear = members.windows(2).all(|pair| pair[0].run < pair[1].run);
            if is_clear && members.len() >= 2 && 2 * members.len() > runs {
                times.extend(residuals(&members, |s| s.seconds));
                places.extend(residuals(&members, |s| s.place));
                clear.push(seconds_from_middle(&members));
            }
        }
        let learnt = |values: &mut Vec<f64>, assumed: f64, least: f64| {
            let middle = (values.len() >= LEAST_SCATTER).then(|| median(values)).flatten();
            middle.map_or(assumed, |middle| middle / MEDIAN_OF_NORMAL).max(least)
        };
        let seconds = learnt(&mut times, ASSUMED_WIDTHS * width, LEAST_SECONDS);
        let place = learnt(&mut places, ASSUMED_HALF_WIDTHS, LEAST_HALF_WIDTHS);
        let at_home = PEAK_OF_T4 / seconds * FRAC_1_PI / place;
        let contrast = (at_home / density(sightings, runs)).ln().max(0.0);
        let elution = width / FWHM_PER_SIGMA;
        let scatter =
            Self { seconds, place, most_seconds, runs, contrast, elution, wandering: 0.0 };
        let wandering = scatter.share_of_wandering(&clear);
        Some(Self { wandering, ..scatter })
    }

    /// The share of ions whose apexes wander, of those of which enough runs show times that lie so
    /// far from their middle.
    fn share_of_wandering(&self, ions: &[Vec<f64>]) -> f64 {
        let seen = ions.iter().filter(|times| times.len() >= LEAST_RUNS_OF_WANDERING);
        let of_time = |seconds: &f64| self.cost_of_time(*seconds) - self.cost_of_any_time(*seconds);
        let gains: Vec<f64> = seen.map(|times| times.iter().map(of_time).sum()).collect();
        if gains.len() < LEAST_SCATTER {
            return 0.0;
        }
        let mut share = 0.5;
        for _ in 0..SHARE_ROUNDS {
            let odds = gains.iter().map(|gain| share / (1.0 - share) * gain.exp());
            let sum: f64 = odds.map(|odds| 1.0 - 1.0 / (1.0 + odds)).sum();
            share = (sum + 1.0) / (gains.len() as f64 + 2.0);
        }
        share
    }

    fn cost_of_time(&self, seconds: f64) -> f64 {
        let along = seconds / self.seconds;
        0.5 * (FREEDOM + 1.0) * (along * along / FREEDOM).ln_1p()
    }

    /// The same where the apex may lie wherever the ion elutes: a normal distribution as wide as
    /// that, against the density at the place of an ion that keeps its time.
    fn cost_of_any_time(&self, seconds: f64) -> f64 {
        let along = seconds / self.elution;
        let peak = 1.0 / (TAU.sqrt() * self.elution);
        (PEAK_OF_T4 / self.seconds / peak).ln() + 0.5 * along * along
    }

    /// What a sighting of an ion whose apex wanders costs so far from its middle; `None` where it
    /// is too far.
    pub(super) fn cost_of_wandering(&self, seconds: f64, place: f64) -> Option<f64> {
        let across = place / self.place;
        let is_near = self.is_near(seconds, place);
        is_near.then(|| self.cost_of_any_time(seconds) + (across * across).ln_1p())
    }

    /// What it costs that an ion is one whose apex wanders.
    pub(super) fn cost_of_a_wandering_one(&self) -> f64 {
        -self.wandering.ln()
    }

    fn is_near(&self, seconds: f64, place: f64) -> bool {
        seconds.abs() <= self.most_seconds && place.abs() <= MOST_PLACE
    }

    /// Of six runs with sightings that scatter by so many seconds and elute for so many.
    #[cfg(test)]
    pub(super) fn of_test(seconds: f64, width: f64) -> Self {
        let elution = width / FWHM_PER_SIGMA;
        let (place, contrast) = (0.02, 10.0);
        Self { seconds, place, most_seconds: width, runs: 5, contrast, elution, wandering: 0.03 }
    }

    /// The same for what does not elute: its time says nothing within its `duration`, seconds.
    pub(super) fn of_background(self, duration: f64) -> Self {
        let seconds = self.seconds.max(duration);
        let contrast = (self.contrast - (seconds / self.seconds).ln()).max(0.0);
        Self { seconds, most_seconds: self.most_seconds.max(duration), contrast, ..self }
    }

    /// Logarithm of how much less likely a sighting is so far from its ion than at its place;
    /// `None` where it is too far.
    pub(super) fn cost(&self, seconds: f64, place: f64) -> Option<f64> {
        let across = place / self.place;
        let is_near = self.is_near(seconds, place);
        is_near.then(|| self.cost_of_time(seconds) + (across * across).ln_1p())
    }

    /// Cost of an ion that `count` runs show: which ones, and where it is.
    pub(super) fn cost_of_ion(&self, count: usize) -> f64 {
        let runs = self.runs as f64;
        let share = count as f64 / runs;
        let term = |share: f64| if share > 0.0 { share * share.ln() } else { 0.0 };
        self.contrast - runs * (term(share) + term(1.0 - share))
    }

    /// What it costs that a run shows an ion that so many runs show, less what it costs that it
    /// does not.
    pub(super) fn cost_of_presence(&self, count: usize) -> f64 {
        let shown = count as f64 + 0.5;
        let hidden = (self.runs.saturating_sub(count)) as f64 + 0.5;
        (hidden / shown).ln()
    }

    /// Half widths and seconds beyond which no ion takes a sighting.
    pub(super) fn reach(&self) -> (f64, f64) {
        let most = self.cost_of_ion(1) - self.cost_of_presence(self.runs);
        let along = (FREEDOM * (most / (0.5 * (FREEDOM + 1.0))).exp_m1()).sqrt();
        let across = most.exp_m1().sqrt();
        let place = (across * self.place).min(MOST_PLACE);
        (place, (along * self.seconds).min(self.most_seconds))
    }
}

/// Differences of the times from their middle.
fn seconds_from_middle(members: &[&Sighting]) -> Vec<f64> {
    let middle = median(&mut members.iter().map(|s| s.seconds).collect::<Vec<f64>>());
    members.iter().map(|s| s.seconds - middle.unwrap_or(s.seconds)).collect()
}

/// Absolute differences from the middle, as large as if it were known.
fn residuals(members: &[&Sighting], value: impl Fn(&Sighting) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = members.iter().map(|s| value(s)).collect();
    let Some(middle) = median(&mut values) else { return Vec::new() };
    let count = members.len() as f64;
    let factor = (count / (count - 1.0)).sqrt();
    values.iter().map(|value| factor * (value - middle).abs()).collect()
}

/// Features of a run a second and half width, near another one in m/z.
fn density(sightings: &[Sighting], runs: usize) -> f64 {
    let mut near = 0;
    for run in sightings.chunk_by(|a, b| a.run == b.run) {
        let mut places: Vec<_> = run.iter().map(|s| (s.polarity, s.place)).collect();
        places.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for (i, first) in places.iter().enumerate() {
            let heavier = places[i + 1..].iter();
            near += heavier
                .take_while(|next| next.0 == first.0 && next.1 - first.1 <= MOST_PLACE)
                .count();
        }
    }
    let times = || sightings.iter().map(|s| s.seconds);
    let span = times().fold(f64::NEG_INFINITY, f64::max) - times().fold(f64::INFINITY, f64::min);
    let pairs = (near as f64).max(0.5 * runs as f64);
    pairs / (MOST_PLACE * sightings.len() as f64 * span.max(1.0))
}
