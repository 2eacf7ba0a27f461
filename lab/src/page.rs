//! Pages of which a part is generated: between two lines that mark it.

/// The page with the part between the marks replaced; `None` if it has no such part.
pub(crate) fn replaced(page: &str, [begin, end]: [&str; 2], text: &str) -> Option<String> {
    let (before, rest) = page.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_generated_part_changes() {
        let marks = ["<!-- begin -->\n", "<!-- end -->\n"];
        let page = |text: &str| format!("head\n{}{text}{}tail\n", marks[0], marks[1]);
        assert_eq!(replaced(&page("old\n"), marks, "new\n"), Some(page("new\n")));
        assert_eq!(replaced("head\n", marks, "new\n"), None);
    }
}
