//! Lines of libraries: keys with what they say, and peaks.

use cofactor_chem::Adduct;
use cofactor_core::Polarity;

use super::spectrum::{LibraryMember, LibraryPeak, LibrarySpectrum};

/// A key without case, blanks and punctuation: `Precursor_type` and `PRECURSORTYPE` are the same.
pub(super) fn plain(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Takes in what a line `key: value` or `key=value` says; unknown keys are ignored.
///
/// # Errors
/// The m/z of a precursor with a decimal comma, or members that are none, with the line.
pub(super) fn take(
    spectrum: &mut LibrarySpectrum,
    key: &str,
    value: &str,
    line: usize,
) -> Result<(), String> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(());
    }
    match plain(key).as_str() {
        "NAME" | "COMPOUNDNAME" => value.clone_into(&mut spectrum.name),
        "TITLE" if spectrum.name.is_empty() => value.clone_into(&mut spectrum.name),
        "FORMULA" | "MOLECULARFORMULA" => spectrum.formula = Some(value.to_owned()),
        "INCHIKEY" => spectrum.inchikey = Some(value.to_owned()),
        "PRECURSORMZ" | "PEPMASS" => {
            if let Some(word) =
                value.split_whitespace().next().filter(|word| has_decimal_comma(word))
            {
                return Err(decimal_comma(word, line));
            }
            spectrum.precursor_mz = first_number(value).or(spectrum.precursor_mz);
        }
        "PRECURSORTYPE" | "ADDUCT" | "ADDUCTIONNAME" | "ION" | "ADDUCTTYPE" => {
            let adduct = value.parse::<Adduct>().ok();
            spectrum.adduct = Some(adduct.as_ref().map_or(value, Adduct::name).to_owned());
            if let Some(adduct) = adduct {
                spectrum.charge = Some(adduct.charge());
                spectrum.polarity.get_or_insert(adduct.polarity());
            }
        }
        "IONMODE" | "POLARITY" => {
            spectrum.polarity = match value.to_ascii_uppercase().chars().next() {
                Some('P' | '+') => Some(Polarity::Positive),
                Some('N' | '-') => Some(Polarity::Negative),
                _ => spectrum.polarity,
            }
        }
        "CHARGE" => {
            let digits: String = value.chars().filter(char::is_ascii_digit).take(3).collect();
            spectrum.charge = digits.parse().ok().filter(|charge| *charge > 0).or(spectrum.charge);
        }
        "RTINSECONDS" => spectrum.rt_seconds = first_number(value),
        "MEMBERS" => spectrum.members = members(value, line)?,
        "COLLISIONENERGY" => spectrum.collision_energy = Some(value.to_owned()),
        "COMMENT" | "COMMENTS" if spectrum.precursor_mz.is_none() => {
            let parent = ["Parent=", "PrecursorMZ=", "precursor m/z="]
                .iter()
                .find_map(|key| value.split(key).nth(1));
            spectrum.precursor_mz = parent.and_then(first_number);
        }
        _ => {}
    }
    Ok(())
}

/// Members written `feature_id:m/z:rt_seconds`, separated by commas.
fn members(text: &str, line: usize) -> Result<Vec<LibraryMember>, String> {
    text.split(',').map(|word| member(word.trim(), line)).collect()
}

fn member(word: &str, line: usize) -> Result<LibraryMember, String> {
    let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    let parts: Vec<&str> = word.split(':').collect();
    let read = match parts.as_slice() {
        [feature_id, mz, rt] => {
            finite(mz).filter(|mz| *mz > 0.0).zip(finite(rt)).map(|(mz, rt_seconds)| {
                LibraryMember { feature_id: (*feature_id).to_owned(), mz, rt_seconds }
            })
        }
        _ => None,
    };
    read.ok_or_else(|| {
        let shown = shortened(word);
        format!("line {line}: expected feature_id:m/z:rt_seconds of a member, found `{shown}`")
    })
}

/// Whether a word is one number written with a comma, such as `195,0877`.
fn has_decimal_comma(word: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once(',').is_some_and(|(whole, part)| is_digits(whole) && is_digits(part))
}

fn decimal_comma(word: &str, line: usize) -> String {
    format!("line {line}: `{word}` has a decimal comma; write {}", word.replace(',', "."))
}

/// The number above 0 that a text begins with.
fn first_number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let end =
        text.find(|c: char| !c.is_ascii_digit() && !".eE+-".contains(c)).unwrap_or(text.len());
    text[..end].parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)
}

/// Refuses a peak whose numbers have decimal commas: in `110,0713 20` two words stand where a comma
/// between the numbers of a peak needs none.
pub(super) fn refuse_commas(text: &str, line: usize) -> Result<(), String> {
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    match words.as_slice() {
        [first, second] => {
            let wrong = [first, second].into_iter().find(|word| has_decimal_comma(word));
            wrong.map_or(Ok(()), |word| Err(decimal_comma(word, line)))
        }
        _ => Ok(()),
    }
}

fn number<'t>(
    words: &mut impl Iterator<Item = &'t str>,
    name: &str,
    line: usize,
) -> Result<f64, String> {
    let word = words.next().unwrap_or_default();
    let number = word.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| {
        format!("line {line}: expected {name} of a peak, found `{}`", shortened(word))
    })
}

/// m/z, intensity and annotation from the words of a peak.
pub(super) fn peak<'t>(
    mut words: impl Iterator<Item = &'t str>,
    line: usize,
) -> Result<LibraryPeak, String> {
    let (mz, intensity) =
        (number(&mut words, "the m/z", line)?, number(&mut words, "the intensity", line)?);
    if mz == 0.0 {
        return Err(format!("line {line}: the m/z of a peak is above 0"));
    }
    let annotation: Vec<&str> = words.collect();
    Ok(LibraryPeak {
        mz,
        intensity,
        annotation: (!annotation.is_empty()).then(|| annotation.join(" ")),
    })
}

/// The beginning of a text, for messages.
pub(super) fn shortened(text: &str) -> String {
    let beginning: String = text.chars().take(40).collect();
    if beginning.len() < text.len() { beginning + "…" } else { beginning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_or_named() {
        let read = members("3:200.1:60.5, 7:222.08:61", 1).unwrap();
        let second = LibraryMember { feature_id: "7".to_owned(), mz: 222.08, rt_seconds: 61.0 };
        assert_eq!((read.len(), &read[1]), (2, &second));
        for text in ["3:200.1", "3:x:60", "3:0:60", "3:200:60,"] {
            let message = members(text, 5).unwrap_err();
            assert!(message.starts_with("line 5: expected feature_id:m/z"), "{message}");
        }
    }

    #[test]
    fn keys_and_numbers() {
        assert_eq!(plain("Precursor_type"), plain("PRECURSORTYPE"));
        for (text, number) in
            [("404.089, 1", Some(404.089)), ("1e2x", Some(100.0)), ("-1", None), ("x", None)]
        {
            assert_eq!(first_number(text), number, "{text}");
        }
    }
}
