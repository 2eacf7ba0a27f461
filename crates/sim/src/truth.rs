//! The compounds of a simulated run.

use cofactor_chem::losses::COMMON_LOSSES;
use cofactor_core::IsolationWindow;
#[cfg(doc)]
use cofactor_core::NO_CANDIDATE;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::elution::Elution;
use crate::scenario::{MIN_SPAN, Scenario};
use crate::variation::Variation;

/// Least difference of two fragments of a compound, and of two precursors of a group; m/z.
pub(crate) const MIN_DISTANCE: [f64; 2] = [0.05, 2.5];

/// Tries to keep that distance before a crowded window is accepted as it is.
pub(crate) const TRIES: usize = 200;

/// A compound of a simulated run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TruthCompound {
    /// Number from 0.
    pub id: usize,
    /// m/z of the singly charged monoisotopic precursor.
    pub mz: f64,
    /// Position of its isolation window, that which holds it best.
    pub win: usize,
    /// Apex, s.
    pub rt: f64,
    /// Gaussian width σ of its elution, s.
    pub sig: f64,
    /// Decay time of its tail, relative to σ.
    pub tail: f64,
    /// Height of the monoisotopic MS1 peak at the apex.
    pub h: f64,
    /// Height of the strongest fragment relative to `h`.
    pub eff: f64,
    /// Fragments as (m/z, intensity relative to the strongest), ascending in m/z.
    pub frags: Vec<(f64, f64)>,
    /// Number of the co-eluting group it belongs to.
    #[serde(default)]
    pub group: usize,
    /// How many of its fragments another compound of the group has too.
    #[serde(default)]
    pub shared: usize,
    /// Name of the candidate that is true, or [`NO_CANDIDATE`] where the rules do not list it;
    /// `None` where the run comes without rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
    /// m/z of fragments of the true set that the run does not show: those that are not there, and
    /// those in `frags` below the detection limit. Ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undetected: Vec<f64>,
    /// The compounds of the same m/z and the same elution, by `id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inseparable_from: Vec<usize>,
    /// Number of the molecule whose ion it is, from 0; `None` where compounds have one ion each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compound: Option<usize>,
    /// Name of the molecule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Formula of the neutral molecule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// Ion species, such as `[M+Na]+`; of an ion that formed in the source with what it has lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adduct: Option<String>,
    /// What the ion is of the molecule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// Other isotopologues that MS1 shows as (m/z, height relative to the monoisotopic peak).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isotopologues: Vec<(f64, f64)>,
    /// Shape of its elution, where it is no tailing peak: `rt`, `sig` and `tail` do not say all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<PeakShape>,
    /// Apex of the second hump of a double peak, s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_rt: Option<f64>,
}

/// What an ion is of its molecule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// The molecule, or two of them, with an ion more or less.
    #[serde(rename = "M")]
    Molecule,
    /// A fragment that formed before MS1.
    #[serde(rename = "in_source")]
    InSource,
}

/// Shape of an elution peak that is not just a tailing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeakShape {
    /// The tail lies before the apex.
    Fronting,
    /// It goes up and down on its way.
    Ragged,
    /// A second hump follows.
    Double,
}

/// What shows in a run and is no molecule that elutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artefact {
    /// What it is.
    pub kind: ArtefactKind,
    /// Where.
    pub mz: f64,
    /// Apex, s; `None` for what is there all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rt: Option<f64>,
    /// The ion that it comes from, by `id`.
    #[serde(rename = "of", default, skip_serializing_if = "Option::is_none")]
    pub ion: Option<usize>,
    /// Position of the window that shows it; `None` for MS1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub win: Option<usize>,
}

impl Artefact {
    /// An ion that a channel shows all the time; 0 is MS1, the windows follow.
    pub(crate) fn background(mz: f64, channel: usize) -> Self {
        let win = channel.checked_sub(1);
        Self { kind: ArtefactKind::Background, mz, rt: None, ion: None, win }
    }
}

/// Kind of an artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtefactKind {
    /// Beside an intense peak, from the Fourier transform.
    SideLobe,
    /// There for the whole run.
    Background,
}

impl TruthCompound {
    /// Its elution.
    pub fn elution(&self) -> Elution {
        Elution::new(self.rt, self.sig, self.tail)
    }

    /// The same compound in another run, where it is no molecule whose ions are drawn anew.
    pub(crate) fn varied(&self, variation: &Variation) -> Self {
        Self {
            rt: variation.apex,
            sig: self.sig * variation.width,
            h: self.h * variation.factor,
            ..self.clone()
        }
    }
}

/// Draws all compounds. The scenario has been checked.
pub(crate) fn draw_compounds(scenario: &Scenario, rng: &mut ChaCha8Rng) -> Vec<TruthCompound> {
    let mut compounds = Vec::new();
    for group in 0..scenario.groups {
        let size = rng.random_range(scenario.group_size[0]..=scenario.group_size[1]);
        let members = draw_group(scenario, group, size, rng);
        for mut compound in members {
            compound.id = compounds.len();
            compounds.push(compound);
        }
    }
    compounds
}

fn draw_group(
    scenario: &Scenario,
    group: usize,
    size: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<TruthCompound> {
    let window = scenario.windows[rng.random_range(0..scenario.windows.len())];
    let low = window[0].max(scenario.ms1_range[0]).max(scenario.ms2_range[0] + MIN_SPAN);
    let high = window[1].min(scenario.ms1_range[1]);
    let mut precursors: Vec<f64> = Vec::new();
    for _ in 0..size {
        precursors.push(apart(&precursors, MIN_DISTANCE[1], rng, |rng| {
            round4(uniform([low, high], rng))
        }));
    }
    // Peaks are whole within the run where it is long enough for that.
    let room = (5.0 * scenario.sigma_seconds[1] + 0.5 * scenario.apex_spread_seconds)
        .min(0.5 * scenario.duration_seconds);
    let centre = uniform([room, scenario.duration_seconds - room], rng);
    let lightest = precursors.iter().copied().fold(f64::INFINITY, f64::min);
    let mut pool: Vec<f64> = Vec::new();
    for _ in 0..scenario.fragments[1] {
        pool.push(apart(&pool, MIN_DISTANCE[0], rng, |rng| {
            fragment_below(lightest, scenario, rng)
        }));
    }
    let mut compounds: Vec<TruthCompound> = precursors
        .into_iter()
        .map(|mz| draw_compound(scenario, group, centre, mz, &pool, rng))
        .collect();
    count_shared(&mut compounds);
    compounds
}

/// Counts the fragments that another compound of the same group has too.
pub(crate) fn count_shared(compounds: &mut [TruthCompound]) {
    let all: Vec<(usize, usize, f64)> = compounds
        .iter()
        .enumerate()
        .flat_map(|(owner, compound)| {
            compound.frags.iter().map(move |&(mz, _)| (owner, compound.group, mz))
        })
        .collect();
    for (owner, compound) in compounds.iter_mut().enumerate() {
        let is_shared = |mz: f64| {
            all.iter().any(|&(other, group, other_mz)| {
                other != owner && group == compound.group && other_mz == mz
            })
        };
        compound.shared = compound.frags.iter().filter(|(mz, _)| is_shared(*mz)).count();
    }
}

fn draw_compound(
    scenario: &Scenario,
    group: usize,
    centre: f64,
    mz: f64,
    pool: &[f64],
    rng: &mut ChaCha8Rng,
) -> TruthCompound {
    let spread = 0.5 * scenario.apex_spread_seconds;
    let count = rng.random_range(scenario.fragments[0]..=scenario.fragments[1]);
    // All members begin at the head of the pool, so that what is meant to be shared is.
    let from_pool = ((scenario.shared_fragments * count as f64).round() as usize).min(pool.len());
    let mut fragments = pool[..from_pool].to_vec();
    while fragments.len() < count {
        let next = apart(&fragments, MIN_DISTANCE[0], rng, |rng| draw_fragment(mz, scenario, rng));
        fragments.push(next);
    }
    let mut frags: Vec<(f64, f64)> =
        fragments.into_iter().map(|mz| (mz, uniform([0.02_f64.ln(), 0.0], rng).exp())).collect();
    let strongest = frags.iter().map(|&(_, height)| height).fold(0.0, f64::max);
    frags.iter_mut().for_each(|(_, height)| *height /= strongest);
    frags.sort_by(|a, b| a.0.total_cmp(&b.0));
    TruthCompound {
        mz,
        win: best_window(scenario, mz),
        rt: centre + uniform([-spread, spread], rng),
        sig: uniform(scenario.sigma_seconds, rng),
        tail: uniform(scenario.tail, rng),
        h: uniform([scenario.height[0].ln(), scenario.height[1].ln()], rng).exp(),
        eff: uniform(scenario.efficiency, rng),
        frags,
        group,
        ..TruthCompound::default()
    }
}

/// A fragment of a precursor: a common neutral loss, or anything below it.
pub(crate) fn draw_fragment(precursor: f64, scenario: &Scenario, rng: &mut ChaCha8Rng) -> f64 {
    let (_, mass) = COMMON_LOSSES[rng.random_range(0..COMMON_LOSSES.len())];
    let loss = (mass * 1e6).round() / 1e6;
    if rng.random_bool(scenario.neutral_losses) && precursor - loss > scenario.ms2_range[0] {
        round4(precursor - loss)
    } else {
        fragment_below(precursor, scenario, rng)
    }
}

/// The window that holds `mz` with the widest margin.
pub(crate) fn best_window(scenario: &Scenario, mz: f64) -> usize {
    let margin = |position: &usize| {
        let [lower, upper] = scenario.windows[*position];
        IsolationWindow { lower, upper }.margin(mz)
    };
    (0..scenario.windows.len()).max_by(|a, b| margin(a).total_cmp(&margin(b))).unwrap_or(0)
}

/// A fragment m/z between the start of the MS2 range and the precursor.
fn fragment_below(precursor: f64, scenario: &Scenario, rng: &mut ChaCha8Rng) -> f64 {
    round4(uniform([scenario.ms2_range[0], precursor - 0.75 * MIN_SPAN], rng))
}

/// Draws until the m/z keeps its distance from the `known` ones, at most [`TRIES`] times.
pub(crate) fn apart(
    known: &[f64],
    distance: f64,
    rng: &mut ChaCha8Rng,
    draw: impl Fn(&mut ChaCha8Rng) -> f64,
) -> f64 {
    let mut mz = draw(rng);
    for _ in 0..TRIES {
        if known.iter().all(|known| (known - mz).abs() >= distance) {
            break;
        }
        mz = draw(rng);
    }
    mz
}

pub(crate) fn round4(mz: f64) -> f64 {
    (mz * 1e4).round() / 1e4
}

/// Uniform between the ends.
pub(crate) fn uniform([low, high]: [f64; 2], rng: &mut ChaCha8Rng) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn compounds(name: &str) -> Vec<TruthCompound> {
        draw_compounds(&Scenario::named(name).unwrap(), &mut ChaCha8Rng::seed_from_u64(4))
    }

    #[test]
    fn presets_have_the_size_they_promise() {
        for (name, least, most) in [("easy", 40, 90), ("hard", 40, 90), ("demo", 30, 50)] {
            let count = compounds(name).len();
            assert!((least..=most).contains(&count), "{name}: {count}");
        }
    }

    #[test]
    fn groups_co_elute_in_one_window_and_share_as_asked() {
        let scenario = Scenario::named("hard").unwrap();
        let all = compounds("hard");
        let mut shared = 0;
        let mut count = 0;
        for group in 0..scenario.groups {
            let members: Vec<&TruthCompound> =
                all.iter().filter(|compound| compound.group == group).collect();
            let apexes = members.iter().map(|compound| compound.rt);
            let first = apexes.clone().fold(f64::INFINITY, f64::min);
            assert!(apexes.clone().all(|apex| apex - first <= scenario.apex_spread_seconds));
            let holds_all = |[lower, upper]: &[f64; 2]| {
                members.iter().all(|compound| (*lower..=*upper).contains(&compound.mz))
            };
            assert!(scenario.windows.iter().any(holds_all));
            shared += members.iter().map(|compound| compound.shared).sum::<usize>();
            count += members.iter().map(|compound| compound.frags.len()).sum::<usize>();
        }
        let share = shared as f64 / count as f64;
        assert!((0.75..=0.95).contains(&share), "{share}");
    }

    #[test]
    fn fragments_lie_below_their_precursor_and_apart() {
        for compound in compounds("easy") {
            assert!(
                compound
                    .frags
                    .iter()
                    .all(|&(mz, height)| mz < compound.mz - 10.0 && height > 0.0 && height <= 1.0)
            );
            assert!(compound.frags.iter().any(|&(_, height)| height == 1.0));
            assert!(compound.frags.windows(2).all(|pair| pair[1].0 - pair[0].0 > 0.04));
        }
    }

    #[test]
    fn the_truth_is_written_as_scoring_scripts_read_it() {
        let json = serde_json::to_value(compounds("demo")).unwrap();
        for key in ["id", "mz", "win", "rt", "sig", "tail", "h", "eff"] {
            assert!(json[0][key].is_number(), "{key}");
        }
        assert_eq!(json[0]["frags"][0].as_array().unwrap().len(), 2);
        let back: Vec<TruthCompound> = serde_json::from_value(json).unwrap();
        assert_eq!(back, compounds("demo"));
    }
}
