//! `cofactor score`: spectra, the candidates that were chosen, and the amounts of a study against
//! the truth of what was simulated.

use cofactor::score::score as judge;
use serde_json::json;

use crate::arguments::ScoreArguments;
use crate::failure::Failure;
use crate::output::print;

pub(crate) fn score(arguments: &ScoreArguments) -> Result<(), Failure> {
    let results = arguments.results.as_deref();
    let spectra = match (&arguments.spectra, results) {
        (Some(spectra), _) => spectra.clone(),
        (None, Some(results)) => results.join("spectra.mgf"),
        (None, None) => return Err(Failure::argument("give --spectra or --results")),
    };
    let agreement = judge(&arguments.truth, &spectra, results)?;
    if arguments.json {
        return print(&json!(agreement).to_string());
    }
    print(&agreement.spectra.to_string())?;
    if let Some(study) = agreement.study {
        print(&format!("\n{study}"))?;
    }
    if let Some(ions) = agreement.ions {
        print(&format!("\n{ions}"))?;
    }
    agreement.candidates.map_or(Ok(()), |candidates| print(&format!("\n{candidates}")))
}
