//! What a run came to, in a few lines for the terminal.

use std::path::Path;

use cofactor::pipeline::Outcome;
use cofactor_core::{
    Deconvolution, DeconvolvedFeature, FoundIn, FragmentStatus, NO_CANDIDATE, Relation,
    SpectrumStatus,
};
use cofactor_report::CompoundCounts;

/// Posterior from which an explanation counts as probable.
const PROBABLE: f64 = 0.9;

/// At most thirteen lines, the last of which says where the results are.
pub(crate) fn summary(outcome: &Outcome, folder: &Path) -> Vec<String> {
    let record = &outcome.record;
    let mut lines = vec![format!("{}: {}", record.input.file_name, outcome.kind.treatment())];
    lines.extend(outcome.loss.map(|loss| {
        let announced = loss.announced.map_or_else(String::new, |n| format!(" of {n}"));
        format!(
            "  {:<12} {}{announced} scans, up to {:.2} s",
            "truncated", loss.read, loss.last_seconds
        )
    }));
    lines.extend(
        of_result(&outcome.result).into_iter().map(|(name, text)| format!("  {name:<12} {text}")),
    );
    let seconds: f64 = record.stages.iter().map(|stage| stage.seconds).sum();
    lines.push(format!("  {:<12} {seconds:.1} s", "time"));
    let warnings = record.warnings.len();
    lines.push(format!(
        "results in {}, to be looked at in report.html; {warnings} warnings",
        folder.display()
    ));
    lines
}

fn of_result(result: &Deconvolution) -> Vec<(&'static str, String)> {
    let features = &result.features;
    if features.is_empty() {
        return vec![(
            "features",
            "none: nothing in MS1 looks like a chromatographic peak".to_owned(),
        )];
    }
    let charged = features.iter().filter(|f| f.feature.charge_known).count();
    let hidden = features.iter().filter(|f| f.feature.found_in == FoundIn::Ms2).count();
    let in_ms2 = if hidden == 0 { String::new() } else { format!(" and {hidden} in MS2 alone") };
    let in_ms1 = features.len() - hidden;
    let with_spectrum: Vec<&DeconvolvedFeature> =
        features.iter().filter(|f| f.has_spectrum()).collect();
    let mut lines = vec![
        ("compounds", compounds(CompoundCounts::new(result))),
        ("spectra", spectra(&with_spectrum)),
    ];
    lines.extend(left_out(features).map(|text| ("left out", text)));
    lines.push((
        "features",
        format!("{in_ms1} in MS1{in_ms2}, {charged} of them with a known charge"),
    ));
    lines.extend(without_spectrum(features).map(|text| ("no spectrum", text)));
    lines.extend(fragments(&with_spectrum).map(|text| ("fragments", text)));
    lines.extend(candidates(features).map(|text| ("candidates", text)));
    lines.extend(result.mass_shift.map(|shift| {
        let corrected = if shift.corrected { "corrected" } else { "not corrected" };
        (
            "mass error",
            format!("{:+.2} ± {:.2} ppm of fragments, {corrected}", shift.ppm, shift.spread_ppm),
        )
    }));
    lines
}

fn compounds(counts: CompoundCounts) -> String {
    let kinds = [
        (counts.own, "with a spectrum of their own"),
        (counts.mixed, "in a mixture"),
        (counts.without, "without a spectrum"),
    ];
    match counts.all() {
        0 => "none".to_owned(),
        all => format!("{all} of {} ions: {}", counts.ions, counted(&kinds)),
    }
}

/// Spectra of one compound, of mixtures, and of two candidates at once.
fn spectra(with_spectrum: &[&DeconvolvedFeature]) -> String {
    let is_two = |f: &DeconvolvedFeature| f.status == SpectrumStatus::CandidatesNotSeparable;
    let of_mixtures = with_spectrum.iter().filter(|f| f.mixture.is_some()).count();
    let of_two = with_spectrum.iter().filter(|f| f.mixture.is_none() && is_two(f)).count();
    let kinds = [
        (with_spectrum.len() - of_mixtures - of_two, "of one compound"),
        (of_mixtures, "of mixtures"),
        (of_two, "of two candidates at once"),
    ];
    match with_spectrum.len() {
        0 => "none".to_owned(),
        all => format!("{all}: {}", counted(&kinds)),
    }
}

/// What is no ion of a compound.
fn left_out(features: &[DeconvolvedFeature]) -> Option<String> {
    let count =
        |is: fn(Relation) -> bool| features.iter().filter(|f| is(f.feature.relation)).count();
    let kinds = [
        (count(|relation| matches!(relation, Relation::Artefact { .. })), "artefacts"),
        (count(|relation| relation == Relation::Background), "background ions"),
    ];
    kinds.iter().any(|(n, _)| *n > 0).then(|| counted(&kinds))
}

/// What there is at least one of, with its number.
fn counted(kinds: &[(usize, &str)]) -> String {
    let parts: Vec<String> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{n} {kind}")).collect();
    parts.join(", ")
}

/// How many features have no spectrum, by reason.
fn without_spectrum(features: &[DeconvolvedFeature]) -> Option<String> {
    let count = |status: SpectrumStatus| features.iter().filter(|f| f.status == status).count();
    let reasons = [
        (count(SpectrumStatus::NothingCoelutes), "without co-eluting fragments"),
        (count(SpectrumStatus::NothingOwn), "whose fragments are as likely chance"),
        (count(SpectrumStatus::NoRuleApplies), "that no rule speaks for"),
        (count(SpectrumStatus::BelowLimit), "too weak to show fragments"),
        (count(SpectrumStatus::NotIsolated), "outside every isolation window"),
        (count(SpectrumStatus::TooFewScans), "with too few scans"),
        (count(SpectrumStatus::NoFragmentScans), "listed only, as there is nothing to deconvolve"),
    ];
    let total: usize = reasons.iter().map(|(n, _)| n).sum();
    (total > 0).then(|| format!("{total}: {}", counted(&reasons)))
}

/// Fragments found and missing, and the median purity.
fn fragments(with_spectrum: &[&DeconvolvedFeature]) -> Option<String> {
    let lines = || with_spectrum.iter().flat_map(|f| f.spectrum());
    let found = lines().count();
    let named = lines().filter(|f| f.explained_by.is_some()).count();
    let fragments = with_spectrum.iter().flat_map(|f| &f.fragments);
    let missing = fragments.filter(|f| f.status == FragmentStatus::Missing).count();
    let mut purities: Vec<f64> = with_spectrum.iter().filter_map(|f| f.purity).collect();
    purities.sort_by(f64::total_cmp);
    let median = purities.get(purities.len() / 2)?;
    let of_rules = match (named, missing) {
        (0, 0) => "none of them named by rules".to_owned(),
        _ => format!("{named} of them named by rules; {missing} that rules expect are missing"),
    };
    Some(format!("{found}, {of_rules}; median purity {:.0} %", 100.0 * median))
}

/// How many features have a probable explanation; `None` where the rules let none compete.
fn candidates(features: &[DeconvolvedFeature]) -> Option<String> {
    let best: Vec<_> = features.iter().filter_map(DeconvolvedFeature::best_candidate).collect();
    let named = || best.iter().filter(|b| b.name != NO_CANDIDATE);
    let probable = named().filter(|b| b.posterior >= PROBABLE).count();
    let sure = named().filter(|b| b.q_value.is_some_and(|q| q <= 0.05)).count();
    (!best.is_empty()).then(|| {
        let features = best.len();
        format!(
            "compared for {features} features; {probable} of the best have a posterior ≥ \
            {PROBABLE}, {sure} a q-value ≤ 0.05"
        )
    })
}

#[cfg(test)]
mod tests {
    use cofactor_core::{Activation, ChannelIx, Feature, FeatureIx, Polarity, Precursor};

    use super::*;

    #[test]
    fn compounds_of_each_kind() {
        assert_eq!(compounds(CompoundCounts::default()), "none");
        let counts = CompoundCounts { ions: 9, own: 3, mixed: 2, without: 0 };
        assert_eq!(
            compounds(counts),
            "5 of 9 ions: 3 with a spectrum of their own, 2 in a mixture"
        );
    }

    #[test]
    fn spectra_of_each_kind() {
        let separate = feature(SpectrumStatus::Deconvolved, None);
        let mixed = feature(SpectrumStatus::NotSeparable(vec![2]), Some(1));
        let two = feature(SpectrumStatus::CandidatesNotSeparable, None);
        assert_eq!(spectra(&[]), "none");
        assert_eq!(spectra(&[&separate, &separate]), "2: 2 of one compound");
        assert_eq!(
            spectra(&[&separate, &mixed, &two]),
            "3: 1 of one compound, 1 of mixtures, 1 of two candidates at once"
        );
    }

    #[test]
    fn what_is_no_ion_is_told() {
        let mut features = [0; 3].map(|_| feature(SpectrumStatus::Background, None));
        assert_eq!(left_out(&features), None);
        features[0].feature.relation = Relation::Artefact { beside: FeatureIx(1) };
        features[2].feature.relation = Relation::Background;
        assert_eq!(left_out(&features).as_deref(), Some("1 artefacts, 1 background ions"));
    }

    fn feature(status: SpectrumStatus, mixture: Option<usize>) -> DeconvolvedFeature {
        let precursor = Precursor {
            mz: 300.1,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: None,
        };
        let feature = Feature {
            id: 1,
            found_in: FoundIn::Ms1,
            precursor,
            charge_known: true,
            channel: ChannelIx(0),
            rt_seconds: 60.0,
            rt_start: 55.0,
            rt_end: 65.0,
            fwhm_seconds: 4.0,
            height: 5000.0,
            area: 25_000.0,
            isotopologues: Vec::new(),
            relation: Relation::Molecule,
            compound: None,
        };
        DeconvolvedFeature {
            feature,
            status,
            channel: None,
            window: None,
            other_windows: Vec::new(),
            collision_energies: Vec::new(),
            fragments: Vec::new(),
            activation: Activation::default(),
            purity: None,
            candidates: Vec::new(),
            spectrum_of: None,
            members: Vec::new(),
            mixture,
        }
    }

    #[test]
    fn nothing_found_is_said() {
        let nothing = Deconvolution {
            features: Vec::new(),
            compounds: Vec::new(),
            mass_shift: None,
            rule_rates: None,
        };
        assert!(of_result(&nothing)[0].1.starts_with("none: nothing in MS1"));
    }
}
