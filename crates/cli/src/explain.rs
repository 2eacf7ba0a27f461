//! `cofactor rules explain`: what the rules say of one precursor, and how it fits what was
//! observed.

use cofactor::Error;
use cofactor::explain::{Found, ObservedFragments, Ranked, explain as ask};
use cofactor_core::{Fragment, Polarity, Precursor};
use cofactor_rules::{Adduct, Ambiguity, RuleSet};

use crate::arguments::ExplainArguments;
use crate::failure::Failure;
use crate::output::print;

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
    let explanation =
        ask(rules, precursor, spectrum.as_ref(), arguments.decoys).map_err(Error::from)?;
    if arguments.json {
        let json = explanation.as_json();
        return print(&serde_json::to_string_pretty(&json).map_err(Failure::machine)?);
    }
    let (precursor, ranked) = (&explanation.precursor, &explanation.ranked);
    let ion =
        format!("precursor {} {}{}", precursor.mz, precursor.charge, precursor.polarity.symbol());
    print(&format!(
        "{ion}, {} candidates, {} observed fragments",
        ranked.len(),
        explanation.observed_mz.len()
    ))?;
    if ranked.is_empty() {
        let nearest = rules.silent_packs(std::slice::from_ref(precursor));
        let mut nearest = nearest.iter().filter_map(|silent| silent.nearest.as_ref());
        print("No rule speaks for this precursor.")?;
        return nearest.try_for_each(|near| print(&format!("nearest: {near}")));
    }
    let observed_mz = spectrum.is_some().then_some(explanation.observed_mz.as_slice());
    for (rank, ranked) in (1..).zip(ranked) {
        print(&as_text(rank, ranked, observed_mz, precursor.polarity))?;
    }
    explanation.mass_error().map_or(Ok(()), |error| {
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

fn spectrum(arguments: &ExplainArguments) -> Result<Option<ObservedFragments>, Failure> {
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
    Ok(Some(ObservedFragments {
        scan_range: arguments.scanned.map(|range| (range.low, range.high)),
        limit: arguments.limit,
        ..ObservedFragments::sorted(mz, arguments.intensity.as_deref())
    }))
}

/// A candidate in lines; without observed fragments only what the rules say.
fn as_text(
    rank: usize,
    (candidate, matched): &Ranked,
    observed_mz: Option<&[f64]>,
    polarity: Polarity,
) -> String {
    let allowed = matched.allowed.iter().filter(|allowed| **allowed).count();
    let mut text = format!("\n{rank}. {} ({})", candidate.name, candidate.rule_id);
    let seen = observed_mz.unwrap_or_default();
    if observed_mz.is_some() {
        let score = matched.score(candidate);
        text += &format!(
            ": explains {allowed} of {} observed, {} missing, score {score}",
            seen.len(),
            matched.missing.len()
        );
    }
    if let Some(up_to) = candidate.open_up_to {
        text += &format!("\n   any other fragment up to m/z {up_to:.4}");
    }
    for (position, fragment) in candidate.fragments.iter().enumerate() {
        let status = match Found::new(position, matched) {
            Found::Rows(rows) => {
                let errors = rows.iter().map(|&row| {
                    let mz = seen[row];
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
                    seen[*row],
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
