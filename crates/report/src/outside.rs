//! Texts from outside – file names, names of candidates, labels of fragments, ion species – in each
//! format. One function a format; a text that holds nothing odd stays as it is.

/// On one line, without characters that steer a terminal or a reader: each becomes a space.
pub fn line(text: &str) -> String {
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A field of a table. Spreadsheets calculate what begins with `=`, `+`, `-` or `@`: such a text
/// that is no number has an apostrophe in front.
pub fn field(text: &str) -> String {
    let text = line(text);
    let is_formula =
        text.starts_with(['=', '+', '-', '@']) && text.len() > 1 && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text }
}

/// What a field of a table says.
pub fn unquoted(field: &str) -> &str {
    field.strip_prefix('\'').filter(|text| text.starts_with(['=', '+', '-', '@'])).unwrap_or(field)
}

/// A field of a table separated by commas.
pub(crate) fn csv(text: &str) -> String {
    let text = field(text);
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A field of mzTab, of which none is empty.
pub(crate) fn mztab(text: &str) -> String {
    let text = line(text);
    if text.is_empty() { "null".to_owned() } else { text }
}

/// An annotation of MSP: the format has no way to escape a character, and readers take a line with
/// a colon as a key, so a colon becomes a point and a quote an apostrophe.
pub(crate) fn annotation(text: &str) -> String {
    line(text).replace(':', ".").replace('"', "'")
}

/// A part of a URI (RFC 3986).
pub(crate) fn uri(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|b| if unreserved(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_texts_stay() {
        for text in ["run 1.mzML", "PC 16:0_18:1", "ring A, m/z 97", "Müller µ.mzML", "[M+H]+", ""]
        {
            assert_eq!(
                (line(text), field(text), unquoted(&field(text))),
                (text.to_owned(), text.to_owned(), text)
            );
        }
    }

    #[test]
    fn no_text_ends_a_line_or_is_calculated() {
        assert_eq!(line("a\nBEGIN IONS\r\t\u{1b}[2J\u{2028}\u{202e}b\0"), "a BEGIN IONS   [2J  b ");
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("-H2O", "'-H2O"),
            ("@x", "'@x"),
            ("-1.5", "-1.5"),
            ("+3e2", "+3e2"),
            ("-", "-"),
            ("+", "+"),
        ] {
            assert_eq!(field(text), expected);
            assert_eq!(unquoted(expected), text);
        }
        assert_eq!(csv("=a,\"b\""), "\"'=a,\"\"b\"\"\"");
        assert_eq!((mztab("\n"), mztab("")), (" ".to_owned(), "null".to_owned()));
        assert_eq!(annotation("FA 18:1 \"x\"\n"), "FA 18.1 'x' ");
        assert_eq!(uri("a b#µ.mzML"), "a%20b%23%C2%B5.mzML");
    }
}
