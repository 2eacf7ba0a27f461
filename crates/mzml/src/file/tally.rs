//! What the bytes of a file show of its XML, beside the parser: whether it is whole, and what its
//! spectra say that the parser does not hand on: points announced, the unit of their time, and all
//! compressions of an array.

use std::collections::VecDeque;

/// At least as long as the longest tag looked for.
const TAG_BYTES: usize = 16;
/// A `<spectrum …>` tag longer than this is not waited for.
const LONGEST_TAG: usize = 1 << 16;
const ARRAY_LENGTH: &[u8] = b"defaultArrayLength";

/// A time as the file writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WrittenTime {
    /// In its unit.
    pub(crate) value: f64,
    /// Seconds of its unit; `None` where the file names none that is one of time.
    pub(crate) unit_seconds: Option<f64>,
}

/// Numpress encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numpress {
    Linear,
    Pic,
    Slof,
}

/// How an array is packed, from all of its terms in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) zlib: bool,
    pub(crate) numpress: Option<Numpress>,
    /// A compression that cofactor does not read, as the file names it.
    pub(crate) unknown: Option<String>,
}

/// What the bytes of a spectrum say beside the parser.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facts {
    /// Points that it announces.
    pub(crate) announced: Option<u64>,
    /// When its scan started.
    pub(crate) time: Option<WrittenTime>,
    /// How its m/z are packed, where its own terms say so.
    pub(crate) mz: Option<Packing>,
    /// How its intensities are packed, where its own terms say so.
    pub(crate) intensity: Option<Packing>,
    /// It has an array of wavelengths.
    pub(crate) wavelengths: bool,
    /// It has an array of ion mobilities.
    pub(crate) mobility: bool,
}

/// The array whose terms go by.
#[derive(Debug, Default)]
struct OpenArray {
    packing: Option<Packing>,
    is_mz: bool,
    is_intensity: bool,
}

/// What the bytes read so far showed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// `<spectrum>` elements opened.
    pub(crate) spectra: usize,
    /// What was seen of each of them, in their order, until it is asked for.
    pub(crate) facts: VecDeque<Facts>,
    array: Option<OpenArray>,
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
        let window = std::mem::take(&mut self.window);
        let mut done = window.len().saturating_sub(TAG_BYTES);
        for at in memchr::memchr_iter(b'<', &window[..done]) {
            let rest = &window[at..];
            if rest
                .strip_prefix(b"<spectrum")
                .is_some_and(|after| !after[0].is_ascii_alphanumeric())
            {
                let end = memchr::memchr(b'>', rest);
                if end.is_none() && rest.len() < LONGEST_TAG {
                    done = at;
                    break;
                }
                self.spectra += 1;
                let tag = &rest[..end.unwrap_or(rest.len())];
                let announced = attribute(tag, ARRAY_LENGTH).and_then(|n| n.trim().parse().ok());
                self.facts.push_back(Facts { announced, ..Facts::default() });
                self.since_spectrum = (window.len() - at) as u64;
            } else if rest.starts_with(b"<cvParam ") {
                let end = memchr::memchr(b'>', rest);
                if end.is_none() && rest.len() < LONGEST_TAG {
                    done = at;
                    break;
                }
                let tag = &rest[..end.unwrap_or(rest.len())];
                if let Some(facts) = self.facts.back_mut() {
                    take_term(tag, facts, self.array.as_mut());
                }
            } else if rest.starts_with(b"<binaryDataArra") && rest[15..].starts_with(b"y") {
                self.array = Some(OpenArray::default());
            } else if rest.starts_with(b"</binaryDataArr") {
                self.close_array();
            } else if rest.starts_with(b"</spectrum>") {
                self.since_spectrum = (window.len() - at) as u64;
            } else if rest.starts_with(b"</spectrumList>") {
                self.list_closed = true;
            } else if rest.starts_with(b"</mzML>") {
                self.document_closed = true;
            }
        }
        self.window = window;
        self.window.drain(..done);
    }

    fn close_array(&mut self) {
        let (Some(array), Some(facts)) = (self.array.take(), self.facts.back_mut()) else { return };
        if array.is_mz {
            facts.mz = array.packing;
        } else if array.is_intensity {
            facts.intensity = array.packing;
        }
    }

    /// No more bytes will come: looks at the last ones.
    pub(crate) fn end(&mut self) {
        self.observe(&[b' '; TAG_BYTES]);
    }
}

/// Takes in a `<cvParam …` tag.
fn take_term(tag: &[u8], facts: &mut Facts, array: Option<&mut OpenArray>) {
    let accession = attribute(tag, b"accession").unwrap_or_default();
    let Some(term) = accession.strip_prefix("MS:") else { return };
    let Some(array) = array else {
        if term == "1000016" && facts.time.is_none() {
            let value = attribute(tag, b"value").and_then(|value| value.trim().parse().ok());
            let unit_seconds = unit_seconds(tag);
            facts.time = value.map(|value| WrittenTime { value, unit_seconds });
        }
        return;
    };
    let mut packing = array.packing.take().unwrap_or_default();
    match term {
        "1000514" => array.is_mz = true,
        "1000515" => array.is_intensity = true,
        "1000617" => facts.wavelengths = true,
        "1000576" => {}
        "1000574" => packing.zlib = true,
        "1002312" | "1002746" => packing.numpress = Some(Numpress::Linear),
        "1002313" | "1002747" => packing.numpress = Some(Numpress::Pic),
        "1002314" | "1002748" => packing.numpress = Some(Numpress::Slof),
        _ => {
            let name = attribute(tag, b"name").unwrap_or_default();
            facts.mobility |= name.contains("mobility array") || name.contains("drift time array");
            let is_compression =
                ["ompress", "zstd", "truncation"].iter().any(|part| name.contains(part));
            if !is_compression {
                return array.packing =
                    Some(packing).filter(|packing| *packing != Packing::default());
            }
            packing.unknown = Some(format!("{name} ({accession})"));
        }
    }
    packing.zlib |= matches!(term, "1002746" | "1002747" | "1002748");
    array.packing = Some(packing);
}

/// Seconds of the unit of time that a tag names: by its accession (of the unit ontology or the old
/// terms of PSI-MS), or else by its name.
fn unit_seconds(tag: &[u8]) -> Option<f64> {
    let by_accession = match attribute(tag, b"unitAccession").unwrap_or_default() {
        "UO:0000028" => Some(1e-3),
        "UO:0000010" | "MS:1000039" => Some(1.0),
        "UO:0000031" | "MS:1000038" => Some(60.0),
        "UO:0000032" => Some(3600.0),
        "UO:0000029" => Some(1e-6),
        _ => None,
    };
    by_accession.or_else(|| match attribute(tag, b"unitName").unwrap_or_default().trim() {
        "millisecond" | "milliseconds" | "ms" => Some(1e-3),
        "second" | "seconds" | "s" | "sec" => Some(1.0),
        "minute" | "minutes" | "min" => Some(60.0),
        "hour" | "hours" | "h" => Some(3600.0),
        _ => None,
    })
}

/// The value of an attribute of a tag, as it is written.
fn attribute<'t>(tag: &'t [u8], name: &[u8]) -> Option<&'t str> {
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&tag[from..], name) {
        let at = from + found;
        from = at + name.len();
        let begins = at > 0 && tag[at - 1].is_ascii_whitespace();
        let rest = tag[from..].trim_ascii_start();
        let quoted = rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_start);
        let (true, Some((&quote, value))) = (begins, quoted.and_then(<[u8]>::split_first)) else {
            continue;
        };
        let end = memchr::memchr(quote, value)?;
        return std::str::from_utf8(&value[..end]).ok();
    }
    None
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
        let text = b"<mzML><spectrumList count=\"2\"><spectrum id=\"a\" \
            defaultArrayLength=\"17\"/><spectrum\ndefaultArrayLength='x'></spectrum>\
            </spectrumList></mzML>";
        for size in [1, 2, 3, 7, 16, 17, 1000] {
            let chunks: Vec<&[u8]> = text.chunks(size).collect();
            let tally = tally_of(&chunks);
            assert_eq!(
                (tally.spectra, tally.list_closed, tally.document_closed),
                (2, true, true),
                "{size}"
            );
            let announced: Vec<_> = tally.facts.iter().map(|facts| facts.announced).collect();
            assert_eq!(announced, [Some(17), None], "{size}");
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

    fn facts_of(terms: &str) -> Facts {
        let text = format!("<mzML><spectrum>{terms}</spectrum></spectrumList></mzML>");
        for size in [1, 5, 1000] {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let whole = tally_of(&[text.as_bytes()]);
            assert_eq!(tally_of(&chunks).facts, whole.facts, "{size}");
        }
        tally_of(&[text.as_bytes()]).facts[0].clone()
    }

    #[test]
    fn a_time_is_told_by_accessions_whatever_its_names() {
        let time = |unit: &str| {
            facts_of(&format!("<cvParam name='x' accession=\"MS:1000016\" value=\"4.5\" {unit}/>"))
                .time
        };
        let written = |unit_seconds| Some(WrittenTime { value: 4.5, unit_seconds });
        assert_eq!(time("unitAccession=\"UO:0000010\" unitName=\"minute\""), written(Some(1.0)));
        assert_eq!(time("unitAccession=\"UO:0000032\""), written(Some(3600.0)));
        assert_eq!(time("unitAccession=\"MS:1000039\""), written(Some(1.0)));
        assert_eq!(time("unitName=\"ms\""), written(Some(1e-3)));
        assert_eq!(time("unitAccession=\"MS:1000040\""), written(None));
        assert_eq!(facts_of("<cvParam accession=\"MS:1000511\" value=\"1\"/>").time, None);
    }

    fn packing(terms: &[&str]) -> Option<Packing> {
        let params: String =
            terms.iter().map(|t| format!("<cvParam accession=\"MS:{t}\" name=\"n\"/>")).collect();
        facts_of(&format!("<binaryDataArray>{params}</binaryDataArray>")).mz
    }

    #[test]
    fn compressions_add_up_in_any_order() {
        let zipped = Some(Packing { zlib: true, numpress: Some(Numpress::Linear), unknown: None });
        assert_eq!(packing(&["1000574", "1000523", "1002312", "1000514"]), zipped);
        assert_eq!(packing(&["1002312", "1000514", "1000574"]), zipped);
        assert_eq!(packing(&["1002746", "1000514"]), zipped);
        assert_eq!(packing(&["1000576", "1000514"]), Some(Packing::default()));
        assert_eq!(packing(&["1000574"]), None);
        let unknown = "<binaryDataArray><cvParam accession=\"MS:1000514\"/>\
                       <cvParam accession=\"MS:9999999\" name=\"brotli \
                       compression\"/></binaryDataArray>";
        assert_eq!(
            facts_of(unknown).mz.unwrap().unknown.unwrap(),
            "brotli compression (MS:9999999)"
        );
    }
}
