//! A small result for the tests of the formats: one feature with a spectrum, one without.

use cofactor_core::{
    Activation, CandidateResult, ChannelIx, Compound, CompoundIx, Deconvolution,
    DeconvolvedFeature, Evidence, Feature, FeatureEvidence, FeatureIx, FoundIn, Fragment,
    FragmentResult, FragmentStatus, IsolationWindow, Isotopologue, LevelTotals, Neighbour,
    Polarity, Precursor, Presence, RecordPeak, Relation, Similarity, SpectrumStatus,
};
use serde_json::json;

use crate::record::{InputRecord, RunRecord, StageRecord};

pub(crate) fn record() -> RunRecord {
    RunRecord {
        version: "0.1.0".to_owned(),
        input: InputRecord { file_name: "run.mzML".to_owned(), sha256: "ab".to_owned() },
        rules: vec![InputRecord { file_name: "mine.toml".to_owned(), sha256: "cd".to_owned() }],
        paths: serde_json::json!({}),
        parameters: json!({}),
        run: json!({ "kind": "dia", "scans": 9, "channels": [], "mass_shift": null }),
        stages: vec![StageRecord {
            name: "read".to_owned(),
            counts: vec![("scans".to_owned(), 9)],
            seconds: 0.5,
        }],
        threads: 1,
        warnings: vec!["something </script> was odd".to_owned()],
    }
}

fn fragment(mz: f64, intensity: f64, label: &str, status: FragmentStatus) -> FragmentResult {
    FragmentResult {
        mz,
        intensity,
        intensity_low: (intensity > 0.0).then_some(0.9 * intensity),
        intensity_high: Some(1.1 * intensity + 1.0),
        share: if intensity > 0.0 { 0.97 } else { 0.0 },
        evidence: 0.0,
        log_odds: 0.0,
        members: Vec::new(),
        probability: 0.0,
        explained_by: Some(Fragment {
            mz,
            charge: 1,
            label: label.to_owned(),
            formula: None,
            presence: Presence::Expected,
            relative_intensity: None,
            rule_id: "steroids/3-oxo-4-ene".to_owned(),
        }),
        status,
    }
}

fn feature(id: usize, mz: f64) -> Feature {
    Feature {
        id,
        found_in: FoundIn::Ms1,
        precursor: Precursor {
            mz,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: (id == 1).then(|| "[M+H]+".to_owned()),
            rt_seconds: Some(540.0),
        },
        charge_known: true,
        channel: ChannelIx(0),
        rt_seconds: 540.0,
        rt_start: 535.0,
        rt_end: 549.5,
        fwhm_seconds: 4.0,
        height: 5000.0,
        area: 61_000.0,
        isotopologues: vec![
            Isotopologue { number: 0, trace: 0, mz, height: 5000.0 },
            Isotopologue { number: 1, trace: 1, mz: 290.219, height: 1000.0 },
        ],
        relation: Relation::Molecule,
        compound: Some(CompoundIx(id - 1)),
    }
}

pub(crate) fn result() -> Deconvolution {
    let best = CandidateResult {
        name: "3-oxo-4-ene".to_owned(),
        rule_id: "steroids/3-oxo-4-ene".to_owned(),
        posterior: 0.93,
        q_value: Some(0.01),
        log_evidence: Some(4.2),
        expected: 4,
        matched: 2,
        missing: 1,
        explained: 1.0,
        decoy: false,
        record: vec![
            RecordPeak { mz: 97.0648, height: 1.0 },
            RecordPeak { mz: 123.0804, height: 0.25 },
        ],
        similarity: Some(Similarity { cosine: 0.875, entropy: 0.8125 }),
    };
    let with_spectrum = DeconvolvedFeature {
        feature: feature(1, 289.2157),
        status: SpectrumStatus::Deconvolved,
        channel: Some(ChannelIx(1)),
        window: Some(IsolationWindow { lower: 259.0, upper: 301.0 }),
        other_windows: vec![IsolationWindow { lower: 300.0, upper: 400.0 }],
        collision_energies: vec![30.0],
        fragments: vec![
            fragment(40.0, 0.0, "too low", FragmentStatus::NotScanned),
            fragment(97.0648, 157_386.03, "ring A, m/z 97", FragmentStatus::Matched),
            fragment(109.0647, 1464.0, "FA 18:1 \"x\"", FragmentStatus::Matched),
            fragment(123.0805, 0.0, "ring A, m/z 123", FragmentStatus::Missing),
        ],
        activation: Activation {
            rt_seconds: vec![539.0, 540.0, 541.0],
            value: vec![0.5, 1.0, 1e-9],
        },
        purity: Some(0.9752),
        candidates: vec![best],
        spectrum_of: Some(1),
        members: vec![1, 2],
        mixture: Some(1),
    };
    let without = DeconvolvedFeature {
        feature: feature(2, 300.1),
        status: SpectrumStatus::NotIsolated,
        channel: None,
        window: None,
        other_windows: Vec::new(),
        collision_energies: Vec::new(),
        fragments: Vec::new(),
        activation: Activation::default(),
        purity: None,
        candidates: Vec::new(),
        spectrum_of: Some(1),
        members: Vec::new(),
        mixture: Some(1),
    };
    let compound = |id: usize, neutral_mass: Option<f64>| Compound {
        neutral_mass,
        probability: neutral_mass.map(|_| 0.99),
        ions: vec![FeatureIx(id - 1)],
    };
    Deconvolution {
        features: vec![with_spectrum, without],
        compounds: vec![compound(1, Some(288.2084)), compound(2, None)],
        mass_shift: None,
        rule_rates: None,
    }
}

pub(crate) fn evidence() -> Evidence {
    let of_first = FeatureEvidence {
        ms1_seconds: vec![538.123, 540.123],
        ms1: vec![Some(2345.6), Some(4999.9)],
        ms1_height: 4980.0,
        ms2_seconds: vec![538.5, 540.5],
        fragments: vec![vec![Some(78_000.0), Some(157_000.0)], vec![None, Some(1464.0)]],
        scan_index: Some(7),
        mixture: vec![(97.0648, 160_000.0), (150.1, 800.0)],
        neighbours: vec![Neighbour { id: 2, fragments: vec![97.0648] }],
    };
    let totals = LevelTotals {
        level: 1,
        rt_seconds: vec![538.123],
        total: vec![7000.0],
        base_peak: vec![2345.6],
    };
    Evidence { totals: vec![totals], features: vec![(1, of_first)] }
}
