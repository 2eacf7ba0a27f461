//! Compounds of a run: a molecule each, when and how it elutes, how much of it there is, and its
//! ions.

use cofactor_chem::Formula;
use cofactor_chem::ion::ion_mz;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::knobs::Molecules;
use super::profile::draw_shape;
use super::species::{DrawnIon, draw_ions};
use super::table::MOLECULES;
use crate::Scenario;
use crate::noise::normal;
use crate::rule_sets::sample;
use crate::truth::{PeakShape, uniform};
use crate::variation::Variation;

/// Ions whose monoisotopic peak is below so many detection limits are not there.
const LEAST_HEIGHT: f64 = 3.0;

/// Share of the compounds that elute in a crowd, and the number of crowds.
const CROWDED: (f64, usize) = (0.3, 5);

/// Standard deviation of the apexes of a crowd, s.
const CROWD_SECONDS: f64 = 5.0;

/// A compound with its ions.
#[derive(Debug, Clone)]
pub(super) struct DrawnCompound {
    pub(super) name: &'static str,
    pub(super) formula: Formula,
    pub(super) rt: f64,
    pub(super) sigma: f64,
    pub(super) tail: f64,
    pub(super) shape: Option<PeakShape>,
    /// Height of the monoisotopic peak of the first ion in MS1.
    pub(super) height: f64,
    /// Sum of an ion's products over its height in MS1.
    pub(super) yield_of_products: f64,
    pub(super) ions: Vec<DrawnIon>,
}

impl DrawnCompound {
    /// The same compound in another run.
    pub(super) fn varied(&self, variation: &Variation) -> Self {
        Self {
            rt: variation.apex,
            sigma: self.sigma * variation.width,
            height: self.height * variation.factor,
            ..self.clone()
        }
    }
}

/// Draws as many compounds as there are to be, of different molecules. The scenario has been
/// checked.
pub(super) fn draw_compounds(
    scenario: &Scenario,
    knobs: &Molecules,
    rng: &mut ChaCha8Rng,
) -> Vec<DrawnCompound> {
    let room = (5.0 * scenario.sigma_seconds[1]).min(0.5 * scenario.duration_seconds);
    let times = [room, scenario.duration_seconds - room];
    let crowds: Vec<f64> = (0..CROWDED.1).map(|_| uniform(times, rng)).collect();
    let mut compounds: Vec<DrawnCompound> = Vec::new();
    for index in sample(&vec![1.0; MOLECULES.len()], MOLECULES.len(), rng) {
        if compounds.len() == knobs.compounds {
            break;
        }
        let (name, text) = MOLECULES[index];
        let Ok(formula) = text.parse::<Formula>() else { continue };
        let rt = if rng.random_bool(CROWDED.0) {
            let crowd = crowds[rng.random_range(0..crowds.len())];
            (crowd + CROWD_SECONDS * normal(rng)).clamp(times[0], times[1])
        } else {
            uniform(times, rng)
        };
        let height = (knobs.median_height * (knobs.height_spread * normal(rng)).exp())
            .clamp(scenario.height[0], scenario.height[1]);
        let mut ions = draw_ions(&formula, knobs, scenario.fragments, scenario.ms2_range[0], rng);
        let first = ions.first().map(|ion| ion.formula.clone());
        ions.retain(|ion| {
            height * ion.height >= LEAST_HEIGHT * scenario.detection_limit
                && is_isolated(scenario, ion_mz(ion.formula.mass(), 1, knobs.polarity))
        });
        let compound = DrawnCompound {
            name,
            formula,
            rt,
            sigma: uniform(scenario.sigma_seconds, rng),
            tail: uniform(scenario.tail, rng),
            shape: draw_shape(rng),
            height,
            yield_of_products: knobs.median_yield * (knobs.yield_spread * normal(rng)).exp(),
            ions,
        };
        if compound.ions.first().map(|ion| &ion.formula) == first.as_ref() {
            compounds.push(compound);
        }
    }
    compounds
}

/// Whether MS1 shows an ion and a window holds it.
fn is_isolated(scenario: &Scenario, mz: f64) -> bool {
    (scenario.ms1_range[0]..=scenario.ms1_range[1]).contains(&mz)
        && scenario.windows.iter().any(|[lower, upper]| (lower..=upper).contains(&&mz))
}
