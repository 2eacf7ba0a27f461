//! What a run came to, in a few lines for the terminal.

use std::path::Path;

use cofactor::pipeline::Outcome;
use cofactor_core::{
    Deconvolution, DeconvolvedFeature, FoundIn, FragmentStatus, NO_CANDIDATE, SpectrumStatus,
};

/// Posterior from which an explanation counts as probable.
const PROBABLE: f64 = 0.9;

/// At most eleven lines, the last of which says where the results are.
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
    let mut lines = vec![(
        "features",
        format!("{in_ms1} in MS1{in_ms2}, {charged} of them with a known charge"),
    )];
    let with_spectrum: Vec<&DeconvolvedFeature> =
        features.iter().filter(|f| f.has_spectrum()).collect();
    let count =
        |status: SpectrumStatus| with_spectrum.iter().filter(|f| f.status == status).count();
    let single = count(SpectrumStatus::Deconvolved);
    let two = count(SpectrumStatus::CandidatesNotSeparable);
    lines.push(("spectra", spectra(single, with_spectrum.len().saturating_sub(single + two), two)));
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

/// Spectra of one precursor, shared by several, and of two candidates at once.
fn spectra(single: usize, shared: usize, two: usize) -> String {
    let kinds = [
        (single, "of one precursor"),
        (shared, "shared by precursors that elute alike"),
        (two, "of two candidates at once"),
    ];
    match single + shared + two {
        0 => "none".to_owned(),
        total => format!("{total}: {}", counted(&kinds)),
    }
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
    use super::*;

    #[test]
    fn spectra_of_each_kind() {
        assert_eq!(spectra(0, 0, 0), "none");
        assert_eq!(spectra(3, 0, 0), "3: 3 of one precursor");
        assert_eq!(
            spectra(1, 2, 0),
            "3: 1 of one precursor, 2 shared by precursors that elute alike"
        );
        assert_eq!(spectra(1, 0, 1), "2: 1 of one precursor, 1 of two candidates at once");
    }

    #[test]
    fn nothing_found_is_said() {
        let nothing = Deconvolution { features: Vec::new(), mass_shift: None, rule_rates: None };
        assert!(of_result(&nothing)[0].1.starts_with("none: nothing in MS1"));
    }
}
