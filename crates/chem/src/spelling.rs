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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_words_are_found_and_far_ones_are_not() {
        let known = ["neutral-loss", "fragment-set", "open"];
        assert_eq!(nearest("nuetral-loss", known), Some("neutral-loss"));
        assert_eq!(nearest("Open", known), Some("open"));
        assert_eq!(nearest("peptide", known), None);
    }
}
