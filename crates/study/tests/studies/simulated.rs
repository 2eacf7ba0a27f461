//! Features of runs of one method, drawn with their truth.

use cofactor_study::RunFeatures;
use cofactor_study::cofactor_core::{
    ChannelIx, Compound, CompoundIx, Feature, FeatureIx, FoundIn, Isotopologue, Polarity,
    Precursor, Relation,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// An ion as it truly is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrueIon {
    pub(crate) mz: f64,
    pub(crate) seconds: f64,
    pub(crate) height: f64,
}

/// A run with the ion that each of its features is.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedRun {
    pub(crate) name: String,
    pub(crate) order: Option<f64>,
    pub(crate) features: Vec<Feature>,
    pub(crate) compounds: Vec<Compound>,
    /// By feature; `None` for noise.
    pub(crate) truth: Vec<Option<usize>>,
}

impl SimulatedRun {
    pub(crate) fn view(&self) -> RunFeatures<'_> {
        RunFeatures {
            name: &self.name,
            order: self.order,
            features: &self.features,
            compounds: &self.compounds,
        }
    }
}

pub(crate) fn views(runs: &[SimulatedRun]) -> Vec<RunFeatures<'_>> {
    runs.iter().map(SimulatedRun::view).collect()
}

/// About normal with mean 0 and standard deviation 1.
pub(crate) fn normal(random: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| random.random_range(-0.5..0.5)).sum()
}

/// `n` ions from m/z 150 to 850 over `seconds` of a gradient.
pub(crate) fn ions(n: usize, seconds: f64, seed: u64) -> Vec<TrueIon> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut ion = |_| TrueIon {
        mz: random.random_range(150.0..850.0),
        seconds: random.random_range(20.0..seconds - 20.0),
        height: 10.0_f64.powf(random.random_range(4.0..6.5)),
    };
    (0..n).map(&mut ion).collect()
}

/// How a run differs from the truth.
pub(crate) struct Deviation<S: Fn(f64) -> f64> {
    pub(crate) mz_ppm: f64,
    /// What a true time becomes more, seconds.
    pub(crate) shift: S,
    /// Standard deviation of a time, seconds.
    pub(crate) scatter: f64,
    /// Probability that an ion is missing.
    pub(crate) missing: f64,
    /// Features that are no ion of the truth.
    pub(crate) noise: usize,
}

impl<S: Fn(f64) -> f64> Deviation<S> {
    pub(crate) fn shifted(shift: S) -> Self {
        Self { mz_ppm: 0.0, shift, scatter: 0.2, missing: 0.15, noise: 20 }
    }

    /// The run number `number`, whose times end with `seconds`.
    pub(crate) fn run(&self, number: usize, truth: &[TrueIon], seconds: f64) -> SimulatedRun {
        let mut random = ChaCha8Rng::seed_from_u64(1000 + number as u64);
        let mut drawn = Vec::new();
        for (i, ion) in truth.iter().enumerate() {
            if random.random_bool(self.missing) {
                continue;
            }
            let ppm = self.mz_ppm + normal(&mut random);
            let rt = ion.seconds + (self.shift)(ion.seconds) + self.scatter * normal(&mut random);
            let height = ion.height * (0.3 * normal(&mut random)).exp();
            drawn.push((ion.mz * (1.0 + ppm * 1e-6), rt, height, Some(i)));
        }
        for _ in 0..self.noise {
            let mz = random.random_range(150.0..850.0);
            let rt = random.random_range(0.0..seconds);
            drawn.push((mz, rt, random.random_range(5e3..2e4), None));
        }
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let truth = drawn.iter().map(|ion| ion.3).collect();
        let features: Vec<Feature> =
            drawn.iter().enumerate().map(|(i, ion)| feature(i, ion.0, ion.1, ion.2)).collect();
        let compounds = features.iter().map(alone).collect();
        SimulatedRun { name: format!("run{number:03}"), order: None, features, compounds, truth }
    }
}

fn alone(feature: &Feature) -> Compound {
    Compound { neutral_mass: None, probability: None, ions: vec![feature.position()] }
}

/// The feature at a position, 4 s wide.
pub(crate) fn feature(position: usize, mz: f64, rt_seconds: f64, height: f64) -> Feature {
    Feature {
        id: FeatureIx(position).id(),
        found_in: FoundIn::Ms1,
        precursor: Precursor {
            mz,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: Some(rt_seconds),
        },
        charge_known: false,
        channel: ChannelIx(0),
        rt_seconds,
        rt_start: rt_seconds - 5.0,
        rt_end: rt_seconds + 6.0,
        fwhm_seconds: 4.0,
        height,
        area: 4.2 * height,
        isotopologues: vec![Isotopologue { number: 0, trace: position, mz, height }],
        relation: Relation::Molecule,
        compound: Some(CompoundIx(position)),
    }
}
