//! The bytes of a file as the text that the parser reads: UTF-8, without prefixes of a namespace.
//!
//! Text that is declared as Latin-1, and stray bytes that are not UTF-8, become the characters that
//! Windows-1252 has for them; binary data are ASCII and go through as they are.

use std::io::{self, Read};

/// What is to be mended on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Every byte from 0x80 is a character of its own.
    pub(crate) single_byte: bool,
    /// Prefix of all element names, with its colon.
    pub(crate) prefix: Option<String>,
}

impl Dialect {
    /// What the beginning of a file says.
    pub(crate) fn new(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let declaration = text.split("?>").next().unwrap_or_default();
        let encoding = declaration.split("encoding=").nth(1).unwrap_or_default();
        let encoding = encoding.trim_start_matches(['"', '\'']).to_ascii_lowercase();
        let single_byte = ["iso-8859", "latin", "windows-125", "cp125"];
        Self {
            single_byte: single_byte.iter().any(|name| encoding.starts_with(name)),
            prefix: root_prefix(&text),
        }
    }
}

/// Prefix of the root element, with its colon.
fn root_prefix(text: &str) -> Option<String> {
    ["mzML", "indexedmzML"].iter().find_map(|root| {
        text.match_indices(&format!(":{root}")).find_map(|(at, _)| {
            let name = &text[text[..at].rfind('<')? + 1..at];
            let is_name =
                !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
            is_name.then(|| format!("{name}:"))
        })
    })
}

/// The mended text of `inner`.
pub(crate) struct Text<R> {
    inner: R,
    dialect: Dialect,
    raw: Vec<u8>,
    /// Read, not mended yet: what may go on in the next bytes.
    kept: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

const BUFFER_BYTES: usize = 1 << 17;

impl<R: Read> Text<R> {
    pub(crate) fn new(inner: R, dialect: Dialect) -> Self {
        let raw = vec![0; BUFFER_BYTES];
        Self { inner, dialect, raw, kept: Vec::new(), ready: Vec::new(), given: 0, ended: false }
    }

    /// Whether the bytes can be handed on as they are.
    fn is_plain(&self, count: usize) -> bool {
        self.kept.is_empty() && self.dialect.prefix.is_none() && self.raw[..count].is_ascii()
    }

    fn refill(&mut self) -> io::Result<()> {
        let count = self.inner.read(&mut self.raw)?;
        self.ended = count == 0;
        self.given = 0;
        self.ready.clear();
        if self.is_plain(count) {
            self.ready.extend_from_slice(&self.raw[..count]);
            return Ok(());
        }
        self.kept.extend_from_slice(&self.raw[..count]);
        let whole = if self.ended { self.kept.len() } else { self.whole() };
        let bytes: Vec<u8> = self.kept.drain(..whole).collect();
        let text = to_utf8(&bytes, self.dialect.single_byte);
        match &self.dialect.prefix {
            Some(prefix) => strip(&text, prefix.as_bytes(), &mut self.ready),
            None => self.ready.extend_from_slice(&text),
        }
        Ok(())
    }

    /// How many of the kept bytes end with a whole character, and before a tag that may be cut.
    fn whole(&self) -> usize {
        let kept = &self.kept;
        let mut end = kept.len();
        if let Some(prefix) = &self.dialect.prefix {
            let tail = end.saturating_sub(prefix.len() + 2);
            end = kept[tail..].iter().position(|&byte| byte == b'<').map_or(end, |at| tail + at);
        }
        let begins = (1..=3.min(end)).find(|back| kept[end - back] & 0xc0 != 0x80);
        match begins {
            Some(back) if !self.dialect.single_byte && kept[end - back] >= 0xc0 => end - back,
            _ => end,
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn to_utf8(mut bytes: &[u8], single_byte: bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 16);
    let push = |byte: u8, text: &mut Vec<u8>| {
        text.extend_from_slice(windows_1252(byte).encode_utf8(&mut [0; 4]).as_bytes());
    };
    if single_byte {
        bytes.iter().for_each(|&byte| push(byte, &mut text));
        return text;
    }
    while let Err(error) = std::str::from_utf8(bytes) {
        let (sound, rest) = bytes.split_at(error.valid_up_to());
        text.extend_from_slice(sound);
        if let Some((&stray, rest)) = rest.split_first() {
            push(stray, &mut text);
            bytes = rest;
        }
    }
    text.extend_from_slice(bytes);
    text
}

/// The character of a byte; Latin-1 where Windows-1252 has none.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Copies `text` without `prefix` after each `<` and `</`.
fn strip(text: &[u8], prefix: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for at in memchr::memchr_iter(b'<', text) {
        let name = at + 1 + usize::from(text.get(at + 1) == Some(&b'/'));
        if text[name.min(text.len())..].starts_with(prefix) {
            out.extend_from_slice(&text[from..name]);
            from = name + prefix.len();
        }
    }
    out.extend_from_slice(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out `size` bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn mended(bytes: &[u8], size: usize) -> String {
        let mut text = String::new();
        Text::new(Drops(bytes, size), Dialect::new(bytes)).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn text_is_utf8_whatever_the_chunks() {
        for size in 1..40 {
            let good = "<?xml encoding=\"utf-8\"?><mzML id=\"µg – 数\"></mzML>";
            assert_eq!(mended(good.as_bytes(), size), good);
            let stray = mended(b"<mzML id=\"50 \xb5g \x96 \xff\xc3\"/>", size);
            assert_eq!(stray, "<mzML id=\"50 µg – ÿÃ\"/>", "{size}");
            let latin = mended(b"<?xml encoding='ISO-8859-1'?><mzML id=\"\xc3\xa9\xe9\"/>", size);
            assert!(latin.ends_with("<mzML id=\"Ã©é\"/>"), "{latin}");
        }
    }

    #[test]
    fn prefixes_are_taken_off_whatever_the_chunks() {
        let prefixed =
            b"<?xml?><ns0:mzML xmlns:ns0=\"x\"><ns0:run id=\"ns0:a\"/>\xb5</ns0:run></ns0:mzML>";
        for size in 1..60 {
            let text = mended(prefixed, size);
            assert_eq!(
                text, "<?xml?><mzML xmlns:ns0=\"x\"><run id=\"ns0:a\"/>µ</run></mzML>",
                "{size}"
            );
        }
        assert_eq!(Dialect::new(b"<mzML id=\"a:mzML\">").prefix, None);
    }
}
