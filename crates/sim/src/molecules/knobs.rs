//! What a run of molecules is like, beside what every scenario has.

use cofactor_core::Polarity;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Molecules with real formulas, as an instrument sees them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Molecules {
    /// How many compounds; each is a different molecule.
    pub compounds: usize,
    /// Sign of the ions.
    pub polarity: Polarity,
    /// Median height of the main ion; log-normal, kept within `height` of the scenario.
    pub median_height: f64,
    /// Standard deviation of the natural logarithm of that height.
    pub height_spread: f64,
    /// Median sum of fragments and intact precursor over the precursor's height in MS1.
    pub median_yield: f64,
    /// Standard deviation of the natural logarithm of that ratio.
    pub yield_spread: f64,
    /// Probability that a compound breaks on its way into the instrument as well.
    pub in_source: f64,
    /// Ions that are there for the whole run at one height, in MS1 and in each window.
    pub flat_ions: [usize; 2],
    /// Standard deviation of the natural logarithm of what all ions of a scan have in common.
    pub spray: f64,
    /// Intensity that the detector approaches and never reaches.
    pub saturation: f64,
    /// m/Δm at m/z 200, in MS1 and in MS2; it falls with the root of m/z.
    pub resolving_power: [f64; 2],
    /// Peaks from this intensity have side lobes.
    pub side_lobes_from: f64,
    /// Width of the ramp at the ends of an isolation window, m/z.
    pub window_edge: f64,
    /// Standard deviation of the m/z of a peak of one ion, ppm; it falls with the root of the
    /// number of ions, and `mz_jitter_ppm` of the scenario comes on top.
    pub mz_statistics_ppm: f64,
}

impl Default for Molecules {
    /// Those of the preset `molecules`.
    fn default() -> Self {
        Self {
            compounds: 110,
            polarity: Polarity::Positive,
            median_height: 3e5,
            height_spread: 1.7,
            median_yield: 0.6,
            yield_spread: 0.25,
            in_source: 0.35,
            flat_ions: [20, 5],
            spray: 0.05,
            saturation: 6e7,
            resolving_power: [60_000.0, 30_000.0],
            side_lobes_from: 5e6,
            window_edge: 0.6,
            mz_statistics_ppm: 8.0,
        }
    }
}

impl Molecules {
    /// Whether the numbers make a run; there are `known` molecules.
    pub(crate) fn check(&self, known: usize) -> Result<(), Error> {
        let needs = |fine: bool, field: &'static str, expected: &'static str| {
            if fine { Ok(()) } else { Err(Error::Scenario { field, expected }) }
        };
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let spread = |value: f64| (0.0..=10.0).contains(&value);
        needs(
            (1..=known).contains(&self.compounds),
            "molecules.compounds",
            "a number from 1 to that of the molecules that are known, some 160",
        )?;
        needs(positive(self.median_height), "molecules.median_height", "a number above 0")?;
        needs(spread(self.height_spread), "molecules.height_spread", "a number from 0 to 10")?;
        needs(positive(self.median_yield), "molecules.median_yield", "a number above 0")?;
        needs(spread(self.yield_spread), "molecules.yield_spread", "a number from 0 to 10")?;
        needs(
            (0.0..=1.0).contains(&self.in_source),
            "molecules.in_source",
            "a probability between 0 and 1",
        )?;
        needs(
            self.flat_ions.iter().all(|&count| count <= 100_000),
            "molecules.flat_ions",
            "two numbers up to 100000",
        )?;
        needs(spread(self.spray), "molecules.spray", "a number from 0 to 10")?;
        needs(positive(self.saturation), "molecules.saturation", "a number above 0")?;
        needs(
            self.resolving_power.iter().all(|&power| positive(power)),
            "molecules.resolving_power",
            "two numbers above 0",
        )?;
        needs(positive(self.side_lobes_from), "molecules.side_lobes_from", "an intensity above 0")?;
        needs(positive(self.window_edge), "molecules.window_edge", "a width above 0")?;
        needs(
            spread(self.mz_statistics_ppm / 100.0),
            "molecules.mz_statistics_ppm",
            "a number from 0 to 1000",
        )
    }
}
