//! Tab-separated tables: a header, then one line a row. Names come from files and rules, so
//! every field is one of [`crate::outside::field`].

use crate::outside::field;

/// Builds the text of a table: `header`, then each row, which has as many fields.
pub fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = header.join("\t");
    text.push('\n');
    for row in rows {
        debug_assert_eq!(row.len(), header.len());
        let clean: Vec<String> = row.iter().map(|text| field(text)).collect();
        text.push_str(&clean.join("\t"));
        text.push('\n');
    }
    text
}

/// A number with `digits` decimals, or nothing.
pub(crate) fn optional(value: Option<f64>, digits: usize) -> String {
    value.map(|v| format!("{v:.digits$}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_break_the_table() {
        let text = table(&["a", "b"], [vec!["x\ty".to_owned(), "1\n2".to_owned()]].into_iter());
        assert_eq!(text, "a\tb\nx y\t1 2\n");
    }
}
