//! The nearest spelling of a mistyped word.

/// The known word most like `word`, if one is like it at all.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (strsim::damerau_levenshtein(&typed, &candidate.to_lowercase()), candidate)
        })
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The known words, those that are most like `word` first; what begins alike counts for more.
pub fn by_likeness<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = word.to_lowercase();
    let likeness = |candidate: &str| strsim::jaro_winkler(&typed, &candidate.to_lowercase());
    let mut words: Vec<&str> = known.into_iter().collect();
    words.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_by_likeness() {
        let known = ["flavonoids", "peptides-by", "phospholipids-negative", "nucleotides"];
        assert_eq!(by_likeness("Phospho", known)[0], "phospholipids-negative");
        assert_eq!(by_likeness("peptide", known)[0], "peptides-by");
        assert_eq!(by_likeness("", known), known);
    }

    #[test]
    fn close_words_are_found_and_far_ones_are_not() {
        let known = ["neutral-loss", "fragment-set", "open"];
        assert_eq!(nearest("nuetral-loss", known), Some("neutral-loss"));
        assert_eq!(nearest("Open", known), Some("open"));
        assert_eq!(nearest("peptide", known), None);
    }
}
