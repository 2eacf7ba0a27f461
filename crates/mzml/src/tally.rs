//! What the bytes of a file show of its XML, beside the parser: whether it is whole, and what its spectra announce.

use std::collections::VecDeque;

/// At least as long as the longest tag looked for.
const TAG_BYTES: usize = 16;
/// A `<spectrum …>` tag longer than this is not waited for.
const LONGEST_TAG: usize = 1 << 16;
const ARRAY_LENGTH: &[u8] = b"defaultArrayLength=";

/// What the bytes read so far showed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// `<spectrum>` elements opened.
    pub(crate) spectra: usize,
    /// Points that each of them announces, in their order, until they are asked for.
    pub(crate) announced: VecDeque<Option<u64>>,
    /// `</spectrumList>` went by.
    pub(crate) list_closed: bool,
    /// `</mzML>` went by.
    pub(crate) document_closed: bool,
    /// Bytes since a spectrum was opened or closed.
    pub(crate) since_spectrum: u64,
    window: Vec<u8>,
}

impl Tally {
    /// Takes in the next bytes.
    pub(crate) fn observe(&mut self, chunk: &[u8]) {
        self.since_spectrum += chunk.len() as u64;
        self.window.extend_from_slice(chunk);
        let mut done = self.window.len().saturating_sub(TAG_BYTES);
        for at in memchr::memchr_iter(b'<', &self.window[..done]) {
            let rest = &self.window[at..];
            if rest.strip_prefix(b"<spectrum").is_some_and(|after| !after[0].is_ascii_alphanumeric()) {
                let end = memchr::memchr(b'>', rest);
                if end.is_none() && rest.len() < LONGEST_TAG {
                    done = at;
                    break;
                }
                self.spectra += 1;
                self.announced.push_back(array_length(&rest[..end.unwrap_or(rest.len())]));
                self.since_spectrum = (self.window.len() - at) as u64;
            } else if rest.starts_with(b"</spectrum>") {
                self.since_spectrum = (self.window.len() - at) as u64;
            } else if rest.starts_with(b"</spectrumList>") {
                self.list_closed = true;
            } else if rest.starts_with(b"</mzML>") {
                self.document_closed = true;
            }
        }
        self.window.drain(..done);
    }

    /// No more bytes will come: looks at the last ones.
    pub(crate) fn end(&mut self) {
        self.observe(&[b' '; TAG_BYTES]);
    }
}

fn array_length(tag: &[u8]) -> Option<u64> {
    let value = memchr::memmem::find(tag, ARRAY_LENGTH)? + ARRAY_LENGTH.len();
    let quoted = tag.get(value + 1..)?;
    let end = memchr::memchr(*tag.get(value)?, quoted)?;
    std::str::from_utf8(&quoted[..end]).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally_of(chunks: &[&[u8]]) -> Tally {
        let mut tally = Tally::default();
        for chunk in chunks {
            tally.observe(chunk);
        }
        tally.end();
        tally
    }

    #[test]
    fn tags_are_counted_whatever_the_chunks() {
        let text = b"<mzML><spectrumList count=\"2\"><spectrum id=\"a\" defaultArrayLength=\"17\"/><spectrum\ndefaultArrayLength='x'></spectrum></spectrumList></mzML>";
        for size in [1, 2, 3, 7, 16, 17, 1000] {
            let chunks: Vec<&[u8]> = text.chunks(size).collect();
            let tally = tally_of(&chunks);
            assert_eq!((tally.spectra, tally.list_closed, tally.document_closed), (2, true, true), "{size}");
            assert_eq!(tally.announced, [Some(17), None], "{size}");
        }
        let cut = tally_of(&[&text[..text.len() - 12]]);
        assert_eq!((cut.spectra, cut.list_closed, cut.document_closed), (2, false, false));
    }

    #[test]
    fn the_way_since_a_spectrum_is_measured() {
        let mut tally = tally_of(&[b"<mzML>", &[b' '; 5000]]);
        assert_eq!(tally.since_spectrum, 5022);
        tally.observe(b"<spectrum id=\"a\">");
        tally.observe(&[b'A'; 100]);
        assert_eq!(tally.since_spectrum, 117);
    }
}
