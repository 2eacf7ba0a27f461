//! The compounds of a run laid out by channel, and the peaks of a scan.

use cofactor_chem::ion::ion_mz;
use cofactor_core::Polarity;
use rand_chacha::ChaCha8Rng;

use super::compounds::{DrawnCompound, draw_compounds};
use super::detector::{detect, saturated, side_lobes};
use super::isotopologues::{SoftWindow, isotopologues, of_fragment};
use super::knobs::Molecules;
use super::profile::{Profile, second_apex};
use super::species::DrawnIon;
use crate::Scenario;
use crate::noise::normal;
use crate::truth::{
    Artefact, ArtefactKind, PeakShape, TruthCompound, best_window, count_shared, uniform,
};
use crate::variation::Variation;

/// Peaks below this share of the detection limit are not laid out.
const NEGLIGIBLE: f64 = 1e-2;

/// Distance from the m/z of the precursor within which a fragment is the intact ion.
const INTACT: f64 = 1e-6;

/// What elutes, and what is there all the time.
#[derive(Debug, Clone)]
pub(crate) struct Mixture {
    knobs: Molecules,
    eluting: Vec<Eluting>,
    /// Flat ions as (m/z, height), MS1 first, then by window.
    flat: Vec<Vec<(f64, f64)>>,
}

/// A compound: its elution, and its peaks at the apex in each channel.
#[derive(Debug, Clone)]
struct Eluting {
    compound: DrawnCompound,
    profile: Profile,
    channels: Vec<Vec<(f64, f64)>>,
}

/// Draws a mixture and what is true of it. The scenario has been checked.
pub(crate) fn draw_molecules(
    scenario: &Scenario,
    knobs: &Molecules,
    rng: &mut ChaCha8Rng,
) -> (Mixture, Vec<TruthCompound>, Vec<Artefact>) {
    let (mut truth, mut artefacts) = (Vec::new(), Vec::new());
    let mut eluting = Vec::new();
    for (number, compound) in draw_compounds(scenario, knobs, rng).into_iter().enumerate() {
        let first = truth.len();
        let ions = Ions { first_id: first, number, compound: &compound };
        let channels = lay_out_all(scenario, knobs, ions, &mut truth, &mut artefacts);
        let profile = Profile::draw(&truth[first], rng);
        eluting.push(Eluting { compound, profile, channels });
    }
    count_shared(&mut truth);
    let heights = scenario.background_height.map(f64::ln);
    let mut flat = Vec::new();
    for channel in 0..=scenario.windows.len() {
        let (range, count) = if channel == 0 {
            (scenario.ms1_range, knobs.flat_ions[0])
        } else {
            (scenario.ms2_range, knobs.flat_ions[1])
        };
        let ion = |_| (uniform(range, rng), uniform(heights, rng).exp());
        flat.push((0..count).map(ion).collect::<Vec<_>>());
    }
    let mixture = Mixture { knobs: knobs.clone(), eluting, flat };
    artefacts.extend(mixture.background());
    (mixture, truth, artefacts)
}

/// The ions of a compound and their numbers.
#[derive(Debug, Clone, Copy)]
struct Ions<'a> {
    /// `id` of the first; the others follow.
    first_id: usize,
    /// Number of the compound.
    number: usize,
    compound: &'a DrawnCompound,
}

/// The peaks of a compound by channel; what is true of its ions is added.
fn lay_out_all(
    scenario: &Scenario,
    knobs: &Molecules,
    ions: Ions<'_>,
    truth: &mut Vec<TruthCompound>,
    artefacts: &mut Vec<Artefact>,
) -> Vec<Vec<(f64, f64)>> {
    let Ions { first_id, number, compound } = ions;
    let mut channels = vec![Vec::new(); scenario.windows.len() + 1];
    for (id, ion) in (first_id..).zip(&compound.ions) {
        lay_out(scenario, knobs, compound, ion, &mut channels);
        let entry = entry(scenario, knobs, compound, ion);
        artefacts.extend(lobes(scenario, knobs, id, &entry));
        truth.push(TruthCompound { id, group: number, compound: Some(number), ..entry });
    }
    channels
}

impl Mixture {
    /// Sign of its ions.
    pub(crate) fn polarity(&self) -> Polarity {
        self.knobs.polarity
    }

    /// The same molecules in another run, and what is true of it; `variations` by number of the
    /// compound, `None` for those that are absent. Ions keep their `id`.
    pub(crate) fn varied(
        &self,
        scenario: &Scenario,
        variations: &[Option<Variation>],
    ) -> (Self, Vec<TruthCompound>, Vec<Artefact>) {
        let (mut truth, mut artefacts) = (Vec::new(), Vec::new());
        let mut eluting = Vec::new();
        let mut first_id = 0;
        for (number, (base, variation)) in self.eluting.iter().zip(variations).enumerate() {
            if let Some(variation) = variation {
                let compound = base.compound.varied(variation);
                let ions = Ions { first_id, number, compound: &compound };
                let channels = lay_out_all(scenario, &self.knobs, ions, &mut truth, &mut artefacts);
                let profile = base.profile.varied(variation);
                eluting.push(Eluting { compound, profile, channels });
            }
            first_id += base.compound.ions.len();
        }
        count_shared(&mut truth);
        artefacts.extend(self.background());
        (Self { knobs: self.knobs.clone(), eluting, flat: self.flat.clone() }, truth, artefacts)
    }

    /// Its flat ions.
    fn background(&self) -> Vec<Artefact> {
        let channels = self.flat.iter().enumerate();
        channels
            .flat_map(|(channel, ions)| ions.iter().map(move |&(mz, _)| (mz, channel)))
            .map(|(mz, channel)| Artefact::background(mz, channel))
            .collect()
    }

    /// The peaks of a scan; `expected` are those of other ions.
    pub(crate) fn peaks(
        &self,
        scenario: &Scenario,
        (channel, seconds): (usize, f64),
        mut expected: Vec<(f64, f64)>,
        range: [f64; 2],
        rng: &mut ChaCha8Rng,
    ) -> Vec<(f64, f64)> {
        expected.extend(&self.flat[channel]);
        for compound in &self.eluting {
            let height = compound.profile.at(seconds);
            if height > 0.0 {
                let peaks = compound.channels[channel].iter();
                expected.extend(peaks.map(|&(mz, apex)| (mz, apex * height)));
            }
        }
        let spray = (self.knobs.spray * normal(rng)).exp();
        expected.iter_mut().for_each(|(_, height)| *height *= spray);
        expected.retain(|&(mz, _)| (range[0]..=range[1]).contains(&mz));
        detect(scenario, &self.knobs, channel.min(1), expected, range, rng)
    }
}

/// All isotopologues of an ion together, as intensity at the apex.
fn all_isotopologues(compound: &DrawnCompound, ion: &DrawnIon, polarity: Polarity) -> f64 {
    let peaks = isotopologues(&ion.formula, polarity);
    let light = peaks.iter().find(|peak| peak.nucleons == 0).map_or(1.0, |peak| peak.abundance);
    compound.height * ion.height / light
}

/// Adds the peaks of an ion to those of each channel.
fn lay_out(
    scenario: &Scenario,
    knobs: &Molecules,
    compound: &DrawnCompound,
    ion: &DrawnIon,
    channels: &mut [Vec<(f64, f64)>],
) {
    let least = NEGLIGIBLE * scenario.detection_limit;
    let all = all_isotopologues(compound, ion, knobs.polarity);
    let shown = isotopologues(&ion.formula, knobs.polarity)
        .into_iter()
        .map(|peak| (peak.mz, all * peak.abundance));
    channels[0].extend(shown.filter(|(_, height)| *height > least));
    for (channel, &ends) in (1..).zip(&scenario.windows) {
        let window = SoftWindow { ends, edge: knobs.window_edge };
        for product in &ion.products {
            let height = all * compound.yield_of_products * product.share;
            let peaks = of_fragment(&product.formula, &ion.formula, window, knobs.polarity);
            let peaks = peaks.into_iter().map(|peak| (peak.mz, height * peak.abundance));
            channels[channel].extend(peaks.filter(|(_, height)| *height > least));
        }
    }
}

/// What is true of an ion; its numbers are given later.
fn entry(
    scenario: &Scenario,
    knobs: &Molecules,
    compound: &DrawnCompound,
    ion: &DrawnIon,
) -> TruthCompound {
    let polarity = knobs.polarity;
    let mz = ion_mz(ion.formula.mass(), 1, polarity);
    let win = best_window(scenario, mz);
    let window = SoftWindow { ends: scenario.windows[win], edge: knobs.window_edge };
    let all = all_isotopologues(compound, ion, polarity);
    let h = compound.height * ion.height;
    let mut frags: Vec<(f64, f64)> = Vec::new();
    for product in &ion.products {
        let height = all * compound.yield_of_products * product.share;
        let peaks = of_fragment(&product.formula, &ion.formula, window, polarity);
        let light = peaks.iter().find(|peak| peak.nucleons == 0);
        frags.extend(light.map(|peak| (peak.mz, height * peak.abundance)));
    }
    frags.retain(|&(fragment, height)| {
        height >= scenario.detection_limit && (fragment - mz).abs() > INTACT
    });
    frags.sort_by(|a, b| a.0.total_cmp(&b.0));
    let strongest = frags.iter().map(|&(_, height)| height).fold(0.0, f64::max);
    frags.iter_mut().for_each(|(_, height)| *height /= strongest);
    let isotopologues = isotopologues(&ion.formula, polarity)
        .into_iter()
        .filter(|peak| peak.nucleons != 0)
        .map(|peak| (peak.mz, all * peak.abundance / h))
        .filter(|(_, relative)| relative * h >= scenario.detection_limit)
        .collect();
    TruthCompound {
        mz,
        win,
        rt: compound.rt,
        sig: compound.sigma,
        tail: compound.tail,
        h,
        eff: strongest / h,
        frags,
        name: Some(compound.name.to_owned()),
        formula: Some(compound.formula.to_string()),
        adduct: Some(ion.adduct.clone()),
        relation: Some(ion.relation),
        isotopologues,
        shape: compound.shape,
        second_rt: (compound.shape == Some(PeakShape::Double))
            .then(|| second_apex(compound.rt, compound.sigma, compound.tail)),
        ..TruthCompound::default()
    }
}

/// The side lobes in MS1 of the peaks of an ion that reach the detection limit.
fn lobes(
    scenario: &Scenario,
    knobs: &Molecules,
    id: usize,
    entry: &TruthCompound,
) -> Vec<Artefact> {
    let peaks = std::iter::once((entry.mz, 1.0)).chain(entry.isotopologues.iter().copied());
    peaks
        .flat_map(|(mz, relative)| side_lobes(mz, saturated(entry.h * relative, knobs), 0, knobs))
        .filter(|(_, height)| *height >= scenario.detection_limit)
        .map(|(mz, _)| Artefact {
            kind: ArtefactKind::SideLobe,
            mz,
            rt: Some(entry.rt),
            ion: Some(id),
            win: None,
        })
        .collect()
}
