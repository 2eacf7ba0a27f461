//! What a simulated run is like: every knob, and presets with names.

use cofactor_core::Polarity;
use serde::{Deserialize, Serialize};

use crate::molecules::MOLECULES;
use crate::{Error, Lipids, Molecules, RuleSets};

/// What to simulate. Ranges are `[low, high]` and drawn from uniformly unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Length of the run, s.
    pub duration_seconds: f64,
    /// Time from one MS1 scan to the next, s.
    pub cycle_seconds: f64,
    /// Time from an MS1 scan to the first MS2 scan of its cycle, s.
    pub ms2_delay_seconds: f64,
    /// Time from one MS2 scan to the next, s.
    pub ms2_spacing_seconds: f64,
    /// Isolation windows, m/z `[lower, upper]`, in the order of acquisition; they may overlap.
    pub windows: Vec<[f64; 2]>,
    /// How much the height of a fragment differs between the windows that show it: standard
    /// deviation of its natural logarithm.
    pub window_differences: f64,
    /// Scanned m/z range of MS1.
    pub ms1_range: [f64; 2],
    /// Scanned m/z range of MS2.
    pub ms2_range: [f64; 2],
    /// Number of groups of co-eluting compounds; each group lies in one isolation window.
    pub groups: usize,
    /// Compounds in a group; 1 for compounds that elute alone.
    pub group_size: [usize; 2],
    /// The apexes of a group lie within so many seconds.
    pub apex_spread_seconds: f64,
    /// Gaussian width σ of the elution peaks, s.
    pub sigma_seconds: [f64; 2],
    /// Decay time of their tails, relative to σ.
    pub tail: [f64; 2],
    /// Height of the monoisotopic MS1 peak at its apex; drawn uniformly in the logarithm.
    pub height: [f64; 2],
    /// Height of the strongest fragment relative to that of the precursor.
    pub efficiency: [f64; 2],
    /// Fragments of a compound.
    pub fragments: [usize; 2],
    /// Share of a compound's fragments that others of its group have too, with other intensities.
    pub shared_fragments: f64,
    /// Probability that a fragment which is not shared is a common neutral loss of its precursor.
    pub neutral_losses: f64,
    /// Isotopologues of a precursor above the monoisotopic peak.
    pub isotopologues: u8,
    /// Whether fragments show M+1 where the window holds the M+1 of their precursor.
    pub fragment_isotopes: bool,
    /// Height of the intact precursor in MS2, relative to its strongest fragment.
    pub precursor_residue: f64,
    /// Standard deviation of measured m/z, ppm.
    pub mz_jitter_ppm: f64,
    /// Peaks closer than this are seen as one, ppm.
    pub resolution_ppm: f64,
    /// Gain g of the ion statistics: the variance of a peak of intensity I is g·I + (c·I)².
    pub gain: f64,
    /// Relative noise c.
    pub relative_noise: f64,
    /// Peaks below this intensity are not written.
    pub detection_limit: f64,
    /// Mean number of random noise peaks a scan.
    pub noise_peaks: f64,
    /// Mean height of noise peaks above the detection limit (exponential).
    pub noise_height: f64,
    /// Ions of each channel that are there all the time and vary slowly.
    pub background_ions: usize,
    /// Their height; drawn uniformly in the logarithm.
    pub background_height: [f64; 2],
    /// Fragment sets that compete for each compound, as rules; without, the run comes without
    /// rules.
    pub rule_sets: Option<RuleSets>,
    /// Lipids instead of compounds drawn at random: `groups`, `group_size`, `apex_spread_seconds`,
    /// `fragments`, `shared_fragments` and `neutral_losses` have no meaning then.
    pub lipids: Option<Lipids>,
    /// Molecules with real formulas instead: with them also `efficiency`, `isotopologues`,
    /// `fragment_isotopes`, `precursor_residue`, `resolution_ppm` and `window_differences` have no
    /// meaning.
    pub molecules: Option<Molecules>,
}

impl Default for Scenario {
    /// The preset `easy`.
    fn default() -> Self {
        Self {
            duration_seconds: 300.0,
            cycle_seconds: 0.84,
            ms2_delay_seconds: 0.3,
            ms2_spacing_seconds: 0.1,
            windows: vec![
                [100.0, 200.0],
                [200.0, 262.0],
                [259.0, 301.0],
                [300.0, 400.0],
                [398.0, 602.0],
            ],
            window_differences: 0.0,
            ms1_range: [100.0, 650.0],
            ms2_range: [50.0, 650.0],
            groups: 16,
            group_size: [2, 6],
            apex_spread_seconds: 6.0,
            sigma_seconds: [2.5, 4.0],
            tail: [0.0, 0.5],
            height: [1e5, 1e7],
            efficiency: [0.1, 0.6],
            fragments: [3, 12],
            shared_fragments: 0.1,
            neutral_losses: 0.25,
            isotopologues: 2,
            fragment_isotopes: false,
            precursor_residue: 0.2,
            mz_jitter_ppm: 1.5,
            resolution_ppm: 8.0,
            gain: 30.0,
            relative_noise: 0.05,
            detection_limit: 400.0,
            noise_peaks: 16.0,
            noise_height: 900.0,
            background_ions: 4,
            background_height: [2e3, 3e4],
            rule_sets: None,
            lipids: None,
            molecules: None,
        }
    }
}

impl Scenario {
    /// Names of the presets.
    pub const NAMES: [&'static str; 11] = [
        "easy",
        "hard",
        "demo",
        "long",
        "large",
        "rule-sets",
        "lipids",
        "overlapping",
        "tailing",
        "molecules",
        "molecules-negative",
    ];

    /// A preset: `easy` and `hard` have the size of a five-minute run with five windows; in `hard`
    /// the apexes of a group lie within 2.5 s, the peaks are almost equally wide and nine fragments
    /// in ten are shared. `demo` has 40 compounds or so in 150 s, `long` 300 or so in 20 minutes,
    /// `large` 1800 or so in two hours, with a thousand random peaks in every scan: about 1 GB.
    /// `tailing` is `easy` with long tails. `overlapping` is `hard` with ten windows, each of which
    /// overlaps its neighbours by half. `rule-sets` is like `easy`, with eight fragment sets listed
    /// for each precursor. `lipids` is a mixture of PC and PE with isomers, for the pack of
    /// phospholipids. `molecules` has drugs, pesticides and metabolites with their adducts and the
    /// physics of an instrument; `molecules-negative` is the same with anions.
    pub fn named(name: &str) -> Option<Self> {
        let easy = Self::default();
        match name {
            "easy" => Some(easy),
            "hard" => Some(Self {
                group_size: [2, 5],
                groups: 18,
                apex_spread_seconds: 2.5,
                sigma_seconds: [2.9, 3.3],
                tail: [0.1, 0.3],
                shared_fragments: 0.9,
                ..easy
            }),
            "demo" => Some(Self {
                duration_seconds: 150.0,
                groups: 13,
                group_size: [2, 4],
                apex_spread_seconds: 5.0,
                shared_fragments: 0.3,
                ..easy
            }),
            "long" => Some(Self {
                duration_seconds: 1200.0,
                groups: 75,
                noise_peaks: 80.0,
                background_ions: 20,
                ..easy
            }),
            "large" => Some(Self {
                duration_seconds: 7200.0,
                groups: 450,
                noise_peaks: 1150.0,
                background_ions: 40,
                ..easy
            }),
            "rule-sets" => Some(Self {
                groups: 28,
                group_size: [1, 4],
                fragments: [6, 14],
                shared_fragments: 0.2,
                rule_sets: Some(RuleSets::default()),
                ..easy
            }),
            "tailing" => Some(Self { tail: [1.0, 2.5], ..easy }),
            "overlapping" => Some(Self {
                windows: (0..10)
                    .map(|i| 100.0 + 50.0 * f64::from(i))
                    .map(|low| [low, low + 100.0])
                    .collect(),
                window_differences: 0.1,
                ms2_spacing_seconds: 0.05,
                ..Self::named("hard")?
            }),
            "lipids" => Some(Self {
                windows: vec![
                    [690.0, 725.0],
                    [724.0, 755.0],
                    [754.0, 775.0],
                    [774.0, 795.0],
                    [794.0, 825.0],
                    [824.0, 860.0],
                ],
                ms1_range: [600.0, 900.0],
                ms2_range: [50.0, 900.0],
                height: [1e6, 2e7],
                efficiency: [0.3, 0.8],
                lipids: Some(Lipids::default()),
                ..easy
            }),
            "molecules" => Some(Self::molecules(Polarity::Positive)),
            "molecules-negative" => Some(Self::molecules(Polarity::Negative)),
            _ => None,
        }
    }

    fn molecules(polarity: Polarity) -> Self {
        let ends = [80.0, 150.0, 190.0, 225.0, 260.0, 295.0, 330.0, 370.0, 420.0, 500.0, 640.0];
        Self {
            duration_seconds: 240.0,
            ms2_delay_seconds: 0.12,
            ms2_spacing_seconds: 0.06,
            windows: ends.windows(2).map(|pair| [pair[0] - 0.5, pair[1] + 0.5]).collect(),
            ms1_range: [80.0, 640.0],
            ms2_range: [50.0, 640.0],
            sigma_seconds: [1.4, 3.0],
            tail: [0.1, 1.5],
            height: [5e3, 8e7],
            fragments: [4, 14],
            mz_jitter_ppm: 0.5,
            relative_noise: 0.02,
            molecules: Some(Molecules { polarity, ..Molecules::default() }),
            ..Self::default()
        }
    }

    /// The same with so many compounds or so: with the number of groups that makes them on average,
    /// at least one.
    #[must_use]
    pub fn with_compounds(self, compounds: usize) -> Self {
        if let Some(molecules) = self.molecules {
            return Self { molecules: Some(Molecules { compounds, ..molecules }), ..self };
        }
        let mean = (self.group_size[0] + self.group_size[1]) as f64 / 2.0;
        Self { groups: ((compounds as f64 / mean).round() as usize).max(1), ..self }
    }

    /// Whether the numbers make a run.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let needs = |fine: bool, field: &'static str, expected: &'static str| {
            if fine { Ok(()) } else { Err(Error::Scenario { field, expected }) }
        };
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let not_negative = |value: f64| value.is_finite() && value >= 0.0;
        let range = |[low, high]: [f64; 2]| low.is_finite() && high.is_finite() && low <= high;
        let positive_range = |ends: [f64; 2]| range(ends) && ends[0] > 0.0;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        needs(positive(self.cycle_seconds), "cycle_seconds", "a time above 0")?;
        needs(
            self.duration_seconds.is_finite() && self.duration_seconds >= self.cycle_seconds,
            "duration_seconds",
            "a time of at least one cycle",
        )?;
        needs(
            self.duration_seconds / self.cycle_seconds < 1e8,
            "duration_seconds",
            "fewer than 10^8 cycles",
        )?;
        needs(positive(self.ms2_delay_seconds), "ms2_delay_seconds", "a time above 0")?;
        needs(positive(self.ms2_spacing_seconds), "ms2_spacing_seconds", "a time above 0")?;
        needs(!self.windows.is_empty(), "windows", "at least one isolation window")?;
        let last =
            self.ms2_delay_seconds + (self.windows.len() as f64 - 1.0) * self.ms2_spacing_seconds;
        needs(last < self.cycle_seconds, "cycle_seconds", "a cycle long enough for its MS2 scans")?;
        needs(
            self.windows.iter().all(|&window| positive_range(window) && window[0] < window[1]),
            "windows",
            "windows written [lower, upper] above 0",
        )?;
        needs(
            not_negative(self.window_differences),
            "window_differences",
            "a number of at least 0",
        )?;
        needs(positive_range(self.ms1_range), "ms1_range", "[low, high] above 0")?;
        needs(positive_range(self.ms2_range), "ms2_range", "[low, high] above 0")?;
        needs(
            self.windows.iter().all(|&[lower, upper]| {
                upper.min(self.ms1_range[1])
                    > lower.max(self.ms1_range[0]).max(self.ms2_range[0] + MIN_SPAN)
            }),
            "windows",
            "windows that overlap `ms1_range` and begin well above the start of `ms2_range`",
        )?;
        let sizes = |[low, high]: [usize; 2]| 0 < low && low <= high;
        needs(sizes(self.group_size), "group_size", "[low, high] from 1")?;
        needs(
            sizes(self.fragments) && self.fragments[1] <= 100,
            "fragments",
            "[low, high] from 1 to 100",
        )?;
        needs(
            not_negative(self.apex_spread_seconds),
            "apex_spread_seconds",
            "a time of at least 0",
        )?;
        needs(positive_range(self.sigma_seconds), "sigma_seconds", "[low, high] above 0")?;
        needs(range(self.tail) && self.tail[0] >= 0.0, "tail", "[low, high] of at least 0")?;
        needs(positive_range(self.height), "height", "[low, high] above 0")?;
        needs(positive_range(self.efficiency), "efficiency", "[low, high] above 0")?;
        needs(share(self.shared_fragments), "shared_fragments", "a share between 0 and 1")?;
        needs(share(self.neutral_losses), "neutral_losses", "a probability between 0 and 1")?;
        needs(not_negative(self.precursor_residue), "precursor_residue", "a number of at least 0")?;
        needs(not_negative(self.mz_jitter_ppm), "mz_jitter_ppm", "a number of at least 0")?;
        needs(not_negative(self.resolution_ppm), "resolution_ppm", "a number of at least 0")?;
        needs(positive(self.gain), "gain", "a number above 0")?;
        needs(not_negative(self.relative_noise), "relative_noise", "a number of at least 0")?;
        needs(not_negative(self.detection_limit), "detection_limit", "a number of at least 0")?;
        needs(
            not_negative(self.noise_peaks) && self.noise_peaks < 1e6,
            "noise_peaks",
            "a number from 0 to a million",
        )?;
        needs(positive(self.noise_height), "noise_height", "a number above 0")?;
        needs(positive_range(self.background_height), "background_height", "[low, high] above 0")?;
        let shares = |ends: [f64; 2]| range(ends) && share(ends[0]) && share(ends[1]);
        if let Some(molecules) = &self.molecules {
            molecules.check(MOLECULES.len())?;
        }
        self.rule_sets.as_ref().map_or(Ok(()), |sets| {
            needs(0 < sets.sets && sets.sets <= 100, "rule_sets.sets", "a number from 1 to 100")?;
            needs(share(sets.unlisted), "rule_sets.unlisted", "a share between 0 and 1")?;
            needs(shares(sets.shared), "rule_sets.shared", "[low, high] between 0 and 1")?;
            needs(shares(sets.undetected), "rule_sets.undetected", "[low, high] between 0 and 1")?;
            needs(share(sets.faint), "rule_sets.faint", "a share between 0 and 1")?;
            needs(
                not_negative(sets.distance) && sets.distance < 1.0,
                "rule_sets.distance",
                "m/z from 0 to 1",
            )
        })
    }
}

/// Least m/z between the start of the MS2 range and a precursor, to hold its fragments.
pub(crate) const MIN_SPAN: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_sound_and_has_its_name() {
        for name in Scenario::NAMES {
            Scenario::named(name).unwrap().check().unwrap();
        }
        assert_eq!(Scenario::named("other"), None);
    }

    #[test]
    fn the_number_of_compounds_is_met_on_average() {
        let groups = |compounds| {
            Scenario::named("long").unwrap_or_default().with_compounds(compounds).groups
        };
        assert_eq!([0, 6, 300].map(groups), [1, 2, 75]);
    }

    #[test]
    fn a_field_that_is_wrong_is_named() {
        let wrong = [
            ("cycle_seconds", Scenario { cycle_seconds: 0.5, ..Scenario::default() }),
            ("windows", Scenario { windows: vec![[300.0, 200.0]], ..Scenario::default() }),
            ("windows", Scenario { windows: vec![[800.0, 900.0]], ..Scenario::default() }),
            ("gain", Scenario { gain: f64::NAN, ..Scenario::default() }),
            ("group_size", Scenario { group_size: [3, 2], ..Scenario::default() }),
            (
                "duration_seconds",
                Scenario { duration_seconds: f64::INFINITY, ..Scenario::default() },
            ),
        ];
        for (name, scenario) in wrong {
            match scenario.check() {
                Err(Error::Scenario { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn missing_fields_take_their_defaults_and_unknown_ones_are_refused() {
        let scenario: Scenario = serde_json::from_str(r#"{ "groups": 3 }"#).unwrap();
        assert_eq!(scenario, Scenario { groups: 3, ..Scenario::default() });
        assert!(serde_json::from_str::<Scenario>(r#"{ "group": 3 }"#).is_err());
    }
}
