//! `cofactor rules explain`: what the rules say of one precursor, and how it fits what was
//! observed.

use cofactor::Error;
use cofactor_core::{CandidateSet, Fragment, FragmentStatus, Polarity, Precursor};
use cofactor_rules::{
    Adduct, Ambiguity, FragmentMatch, MassError, Observed, RuleSet, confident_pairs, rank,
};
use serde_json::{Value, json};

use crate::arguments::ExplainArguments;
use crate::failure::Failure;
use crate::output::print;

/// What the command line says of the observed fragments, ascending in m/z.
struct Spectrum {
    mz: Vec<f64>,
    intensity: Option<Vec<f64>>,
    scan_range: Option<(f64, f64)>,
    limit: Option<f64>,
}

impl Spectrum {
    fn observed(&self) -> Observed<'_> {
        Observed {
            intensity: self.intensity.as_deref(),
            scan_range: self.scan_range,
            limit: self.limit,
            ..Observed::mzs(&self.mz)
        }
    }
}

pub(crate) fn explain(arguments: &ExplainArguments, rules: &RuleSet) -> Result<(), Failure> {
    let precursor = Precursor {
        mz: arguments.mz,
        charge: arguments.charge.get(),
        polarity: arguments.polarity,
        adduct: arguments.adduct.as_deref().map(|text| adduct(text, arguments)).transpose()?,
        rt_seconds: arguments.rt_seconds,
    };
    if !(precursor.mz.is_finite() && precursor.mz > 0.0) {
        return Err(Failure::argument(format!(
            "--mz is a number above 0, and this is {}",
            precursor.mz
        )));
    }
    let spectrum = spectrum(arguments)?;
    let candidates = match &spectrum {
        Some(spectrum) => rules.candidates_observed(&precursor, &spectrum.observed()),
        None => rules.candidates(&precursor),
    };
    let mut candidates = candidates.map_err(Error::from)?;
    if let Some(seed) = arguments.decoys {
        candidates.extend(rules.decoys(&precursor, &candidates, seed));
    }
    let observed = spectrum.as_ref().map(Spectrum::observed).unwrap_or_default();
    let matched = |candidate: &CandidateSet| rules.match_observed(candidate, &observed);
    let ranked: Vec<Ranked> = if spectrum.is_some() {
        rank(candidates, matched)
    } else {
        // Where nothing is known there is no better and worse, and nothing is missing.
        let unseen = |candidate: CandidateSet| {
            let found = FragmentMatch { missing: Vec::new(), ..matched(&candidate) };
            (candidate, found)
        };
        candidates.into_iter().map(unseen).collect()
    };
    if arguments.json {
        let list: Vec<Value> =
            (1..).zip(&ranked).map(|(rank, one)| as_json(rank, one, &observed)).collect();
        let told = json!({ "precursor": precursor, "candidates": list,
            "mass_error": error_as_json(&ranked, &observed) });
        return print(&serde_json::to_string_pretty(&told).map_err(Failure::machine)?);
    }
    let ion =
        format!("precursor {} {}{}", precursor.mz, precursor.charge, precursor.polarity.symbol());
    print(&format!(
        "{ion}, {} candidates, {} observed fragments",
        ranked.len(),
        observed.mz.len()
    ))?;
    if ranked.is_empty() {
        return print("No rule speaks for this precursor.");
    }
    for (rank, one) in (1..).zip(&ranked) {
        print(&as_text(rank, one, spectrum.is_some(), &observed, precursor.polarity))?;
    }
    mass_error(&ranked, &observed).map_or(Ok(()), |error| {
        let uncertainty = error.standard_error_ppm();
        print(&format!(
            "\nm/z error of the best: {:+.2} ± {uncertainty:.2} ppm ({} fragments)",
            error.ppm, error.pairs
        ))
    })
}

/// The name of the ion species, which has to agree with the polarity and the charge.
fn adduct(text: &str, arguments: &ExplainArguments) -> Result<String, Failure> {
    let adduct: Adduct =
        text.parse().map_err(|error| Failure::argument(format!("--adduct: {error}")))?;
    let (polarity, charge) = (arguments.polarity, arguments.charge.get());
    if (adduct.polarity(), adduct.charge()) != (polarity, charge) {
        return Err(Failure::argument(format!(
            "--adduct {} is an ion of charge {}{}, and the precursor is one of {charge}{}: give \
             --charge and --polarity that fit",
            adduct.name(),
            adduct.charge(),
            adduct.polarity().symbol(),
            polarity.symbol(),
        )));
    }
    Ok(adduct.name().to_owned())
}

fn spectrum(arguments: &ExplainArguments) -> Result<Option<Spectrum>, Failure> {
    let Some(mz) = &arguments.observed else { return Ok(None) };
    if let Some(intensity) = &arguments.intensity
        && intensity.len() != mz.len()
    {
        let counts = format!("{} intensities for {} observed m/z", intensity.len(), mz.len());
        return Err(Failure::argument(format!(
            "{counts}: give --intensity one number for each m/z, in the same order"
        )));
    }
    if mz.iter().chain(arguments.intensity.iter().flatten()).any(|number| !number.is_finite()) {
        return Err(Failure::argument("--observed and --intensity are finite numbers"));
    }
    let mut order: Vec<usize> = (0..mz.len()).collect();
    order.sort_by(|&a, &b| mz[a].total_cmp(&mz[b]));
    let in_order = |values: &Vec<f64>| order.iter().map(|&at| values[at]).collect();
    Ok(Some(Spectrum {
        mz: in_order(mz),
        intensity: arguments.intensity.as_ref().map(in_order),
        scan_range: arguments.scanned.map(|range| (range.low, range.high)),
        limit: arguments.limit,
    }))
}

/// The observed m/z of a fragment, or its status; `None` where an optional fragment was not found.
enum Found {
    Rows(Vec<usize>),
    Missing(FragmentStatus),
    Nothing,
}

fn found(position: usize, found: &FragmentMatch) -> Found {
    let rows: Vec<usize> = found
        .matched
        .iter()
        .filter(|(fragment, _)| *fragment == position)
        .map(|pair| pair.1)
        .collect();
    let missing = found.missing.iter().position(|&missing| missing == position);
    match missing.map(|at| found.reasons[at]) {
        Some(reason) => Found::Missing(reason),
        None if rows.is_empty() => Found::Nothing,
        None => Found::Rows(rows),
    }
}

type Ranked = (CandidateSet, FragmentMatch);

fn as_text(
    rank: usize,
    (candidate, matched): &Ranked,
    has_spectrum: bool,
    observed: &Observed<'_>,
    polarity: Polarity,
) -> String {
    let allowed = matched.allowed.iter().filter(|allowed| **allowed).count();
    let mut text = format!("\n{rank}. {} ({})", candidate.name, candidate.rule_id);
    if has_spectrum {
        let score = matched.score(candidate);
        text += &format!(
            ": explains {allowed} of {} observed, {} missing, score {score}",
            observed.mz.len(),
            matched.missing.len()
        );
    }
    if let Some(up_to) = candidate.open_up_to {
        text += &format!("\n   any other fragment up to m/z {up_to:.4}");
    }
    for (position, fragment) in candidate.fragments.iter().enumerate() {
        let status = match found(position, matched) {
            Found::Rows(rows) => {
                let errors = rows.iter().map(|&row| {
                    let mz = observed.mz[row];
                    format!("observed {mz} ({:+.1} ppm)", (mz - fragment.mz) / fragment.mz * 1e6)
                });
                errors.collect::<Vec<_>>().join(", ")
            }
            Found::Missing(reason) => reason.name().replace('_', " "),
            Found::Nothing => String::new(),
        };
        let Fragment { mz, charge, label, presence, .. } = fragment;
        let ion = format!("{mz:>10.4}  {charge}{}", polarity.symbol());
        text += format!("\n   {ion}  {:<8}  {label:<24}  {status}", presence.name()).trim_end();
    }
    for ambiguity in &matched.ambiguous {
        text += &match ambiguity {
            Ambiguity::OneRow { row, fragments } => {
                format!(
                    "\n   ambiguous: {} may be any of {} fragments",
                    observed.mz[*row],
                    fragments.len()
                )
            }
            Ambiguity::OneFragment { fragment, rows } => {
                format!(
                    "\n   ambiguous: {} observed fragments may be {}",
                    rows.len(),
                    candidate.fragments[*fragment].label
                )
            }
        };
    }
    text
}

fn as_json(rank: usize, (candidate, matched): &Ranked, observed: &Observed<'_>) -> Value {
    let fragment = |(position, fragment): (usize, &Fragment)| {
        let mut told = json!(fragment);
        let (status, rows) = match found(position, matched) {
            Found::Rows(rows) => (Some(FragmentStatus::Matched.name()), rows),
            Found::Missing(reason) => (Some(reason.name()), Vec::new()),
            Found::Nothing => (None, Vec::new()),
        };
        told["status"] = json!(status);
        told["observed"] = rows.iter().map(|&row| observed.mz[row]).collect();
        told
    };
    let missing: Vec<f64> =
        matched.missing.iter().map(|&position| candidate.fragments[position].mz).collect();
    let allowed = observed.mz.iter().zip(&matched.allowed).filter(|(_, allowed)| **allowed);
    json!({
        "rank": rank,
        "name": candidate.name,
        "rule_id": candidate.rule_id,
        "score": matched.score(candidate),
        "open_up_to": candidate.open_up_to,
        "explained": allowed.map(|(mz, _)| mz).collect::<Vec<_>>(),
        "missing": missing,
        "ambiguous": matched.ambiguous.len(),
        "fragments": candidate.fragments.iter().enumerate().map(fragment).collect::<Vec<_>>(),
    })
}

/// The systematic m/z error, if the best candidate has enough fragments to tell.
fn mass_error(ranked: &[Ranked], observed: &Observed<'_>) -> Option<MassError> {
    let (candidate, matched) = ranked.first()?;
    MassError::estimate(&confident_pairs(candidate, matched, observed.mz))
}

fn error_as_json(ranked: &[Ranked], observed: &Observed<'_>) -> Value {
    mass_error(ranked, observed).map_or(Value::Null, |error| {
        json!({ "ppm": error.ppm, "standard_error_ppm": error.standard_error_ppm(),
            "fragments": error.pairs })
    })
}
