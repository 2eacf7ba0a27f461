//! A sound file, damaged in every way that we know of.

use std::io::Write as _;
use std::iter::repeat_n;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A damaged file, and what has to come of it beside a good end.
pub(super) struct Mutation {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) options: Vec<&'static str>,
    /// It cannot be trusted: no results.
    pub(super) must_fail: bool,
    /// If there are results, they are those of the sound file: the damage changes nothing or is
    /// found.
    pub(super) same_if_taken: bool,
    /// There are results, and they are those of the sound file.
    pub(super) same_spectra: bool,
    /// If there are results, there is a warning.
    pub(super) loses: bool,
    /// There are results, and the first compound is as in the sound file.
    pub(super) keeps_first: bool,
}

pub(super) struct Generator<'a> {
    pub(super) sound: &'a str,
    pub(super) rng: ChaCha8Rng,
    made: Vec<Mutation>,
}

/// Mutations of the sound run, the same ones for the same seed.
pub(super) fn mutations(sound: &[u8], seed: u64) -> Vec<Mutation> {
    let sound = std::str::from_utf8(sound).expect("the sound run is text");
    let mut generator = Generator { sound, rng: ChaCha8Rng::seed_from_u64(seed), made: Vec::new() };
    generator.cuts();
    generator.flips();
    generator.slices();
    generator.terms();
    generator.attributes();
    generator.tags();
    generator.texts();
    generator.arrays();
    generator.bombs();
    generator.made
}

impl Generator<'_> {
    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> &mut Mutation {
        self.made.push(Mutation {
            name: name.into(),
            bytes: bytes.into(),
            options: Vec::new(),
            must_fail: false,
            same_if_taken: false,
            same_spectra: false,
            loses: false,
            keeps_first: false,
        });
        self.made.last_mut().expect("just pushed")
    }

    fn at(&mut self, length: usize) -> usize {
        self.rng.random_range(0..length)
    }

    /// The position of the `n`-th of all matches.
    pub(super) fn position(&self, pattern: &str, n: usize) -> usize {
        let all: Vec<usize> = self.sound.match_indices(pattern).map(|(at, _)| at).collect();
        all[n % all.len()]
    }

    fn cuts(&mut self) {
        let last = self.sound.rfind("</spectrum>").expect("spectra") + "</spectrum>".len();
        let half = self.sound.find("id=\"scan=80\"").expect("scan 80");
        let zipped = gzip(self.sound.as_bytes());
        for _ in 0..12 {
            let at = self.at(last - 12);
            self.add(format!("cut at {at}"), &self.sound.as_bytes()[..at]).must_fail = true;
            let at = half + self.at(last - half - 12);
            let kept = self.add(format!("cut at {at}, allowed"), &self.sound.as_bytes()[..at]);
            kept.options = vec!["--allow-truncated"];
            (kept.loses, kept.keeps_first) = (true, true);
            let at = self.at(zipped.len() - 8);
            self.add(format!("gzip cut at {at}"), &zipped[..at]).must_fail = true;
            let at = zipped.len() * 3 / 4 + self.at(zipped.len() / 4 - 8);
            let kept = self.add(format!("gzip cut at {at}, allowed"), &zipped[..at]);
            kept.options = vec!["--allow-truncated"];
            (kept.loses, kept.keeps_first) = (true, true);
        }
    }

    fn flips(&mut self) {
        let zipped = gzip(self.sound.as_bytes());
        for round in 0..24 {
            let bit = 1 << self.at(8);
            let flipped = |bytes: &[u8], at: usize| {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= bit;
                bytes
            };
            let at = self.at(self.sound.len());
            self.add(format!("bit {bit} at {at} flipped"), flipped(self.sound.as_bytes(), at));
            // Behind the header of the gzip stream everything is under its checksum.
            let at = 10 + self.at(zipped.len() - 10);
            self.add(format!("gzip, bit {bit} at {at} flipped"), flipped(&zipped, at)).must_fail =
                true;
            let n = self.at(200);
            let start = self.position("<binary>", n) + "<binary>".len();
            let length = self.sound[start..].find('<').expect("an array ends");
            let at = start + self.at(length);
            self.add(
                format!("bit {bit} of an array at {at} flipped"),
                flipped(self.sound.as_bytes(), at),
            )
            .same_if_taken = true;
            let value = self.position("value=\"", 31 * round) + "value=\"".len();
            self.add(
                format!("bit {bit} of a value at {value} flipped"),
                flipped(self.sound.as_bytes(), value),
            );
        }
    }

    fn slices(&mut self) {
        for _ in 0..10 {
            let (from, length) = (self.at(self.sound.len() - 3000), 1 + self.at(3000));
            let (before, rest) = self.sound.as_bytes().split_at(from);
            self.add(
                format!("{length} bytes at {from} left out"),
                [before, &rest[length..]].concat(),
            );
            self.add(
                format!("{length} bytes at {from} twice"),
                [before, &rest[..length], rest].concat(),
            );
            self.add(
                format!("{length} bytes at {from} zeroed"),
                [before, &vec![0; length], &rest[length..]].concat(),
            );
        }
    }

    /// Terms that are not there.
    fn terms(&mut self) {
        let terms = [
            "MS:1000511",
            "MS:1000579",
            "MS:1000016",
            "MS:1000514",
            "MS:1000515",
            "MS:1000523",
            "MS:1000521",
            "MS:1000574",
            "MS:1000127",
            "MS:1000130",
            "MS:1000827",
            "MS:1000828",
            "MS:1000744",
            "MS:1000045",
        ];
        for term in terms {
            let without = |text: &str| -> String {
                text.split_inclusive('>')
                    .filter(|tag| !tag.contains(&format!("\"{term}\"")))
                    .collect()
            };
            let all = without(self.sound);
            self.add(format!("{term} nowhere"), all);
            let from = self.position("<spectrum ", 21);
            let end = from + self.sound[from..].find("</spectrum>").expect("it ends");
            let once = format!(
                "{}{}{}",
                &self.sound[..from],
                without(&self.sound[from..end]),
                &self.sound[end..]
            );
            self.add(format!("{term} missing once"), once);
        }
        let hours = self.sound.replace("UO:0000031", "UO:0000032");
        self.add("times in hours", hours);
    }

    /// Attributes that say something else.
    fn attributes(&mut self) {
        let values = [
            "",
            "0",
            "-1",
            "7",
            "1e3",
            "NaN",
            "1000000000000000",
            "1000000000000000000",
            "99999999999999999999999",
        ];
        for (attribute, element) in [
            ("encodedLength=\"", "<binaryDataArray "),
            ("defaultArrayLength=\"", "<spectrum "),
            ("count=\"", "<spectrumList "),
            ("count=\"", "<binaryDataArrayList "),
            ("index=\"", "<spectrum "),
        ] {
            for value in values {
                let start = self.position(element, 17);
                let from = start
                    + self.sound[start..].find(attribute).expect("the attribute")
                    + attribute.len();
                let end = from + self.sound[from..].find('"').expect("it ends");
                let text = format!("{}{value}{}", &self.sound[..from], &self.sound[end..]);
                self.add(format!("{element}{attribute}{value}"), text);
            }
        }
        let long = self.sound.replacen(
            "<binaryDataArray ",
            "<binaryDataArray arrayLength=\"1000000000000000\" ",
            5,
        );
        self.add("arrayLength 1e15", long);
        let twins = self.sound.replace("id=\"scan=31\"", "id=\"scan=30\"");
        self.add("two spectra of one id", twins).keeps_first = true;
        let more = self.sound.replacen("<spectrumList count=\"", "<spectrumList count=\"9", 1);
        let more = self.add("announces more", more);
        more.options = vec!["--allow-truncated"];
        (more.loses, more.keeps_first) = (true, true);
    }

    fn tags(&mut self) {
        for (from, to) in [
            ("</spectrum>", "</binary>"),
            ("</binary>", "</spectrum>"),
            ("<binary>", "<binry>"),
            ("<scan>", "</scan>"),
            ("</spectrum>", ""),
            ("<spectrum ", "<spectrom "),
            ("</binaryDataArray>", ""),
            ("/>", ">"),
            ("\" ", " "),
        ] {
            let at = self.position(from, 40);
            let text = format!("{}{to}{}", &self.sound[..at], &self.sound[at + from.len()..]);
            self.add(format!("{from} is {to}"), text);
        }
        let spaced = self.sound.replace("<binary>", "<binary>\n  ");
        self.add("white space before arrays", spaced).keeps_first = true;
        let commented = self.sound.replace("<spectrum ", "<!-- one more --><spectrum ");
        self.add("comments", commented).keeps_first = true;
    }

    fn texts(&mut self) {
        let wide: Vec<u8> = self.sound.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.add("UTF-16", [&[0xff, 0xfe], &wide[..]].concat()).must_fail = true;
        self.add("byte order mark", [b"\xef\xbb\xbf", self.sound.as_bytes()].concat())
            .keeps_first = true;
        self.add("nothing", "").must_fail = true;
        self.add("an end only", "</mzML>").must_fail = true;
        self.add("a beginning only", "<mzML>").must_fail = true;
        self.add("called UTF-16", self.sound.replacen("utf-8", "utf-16", 1));
        let latin: Vec<u8> = self
            .sound
            .replace("a test", "\u{1}")
            .bytes()
            .map(|b| if b == 1 { 0xe4 } else { b })
            .collect();
        self.add("Latin-1", latin);
        for bytes in [
            &f64::NAN.to_le_bytes(),
            &f64::INFINITY.to_le_bytes(),
            &(-5.0_f64).to_le_bytes(),
            &0.0_f64.to_le_bytes(),
        ] {
            let text = self.with_array(40, &zlib(&bytes.repeat(2)), 2);
            self.add(format!("m/z {}", f64::from_le_bytes(*bytes)), text).loses = true;
        }
    }

    /// The sound text with another first array in spectrum `n`, whose length is announced as
    /// `points`.
    fn with_array(&self, n: usize, packed: &[u8], points: usize) -> String {
        let start = self.position("<spectrum ", n);
        let length = "defaultArrayLength=\"";
        let from = start + self.sound[start..].find(length).expect("a length") + length.len();
        let end = from + self.sound[from..].find('"').expect("it ends");
        let data = end + self.sound[end..].find("<binary>").expect("an array") + "<binary>".len();
        let rest = data + self.sound[data..].find('<').expect("it ends");
        format!(
            "{}{points}{}{}{}",
            &self.sound[..from],
            &self.sound[end..data],
            base64(packed),
            &self.sound[rest..]
        )
    }

    fn bombs(&mut self) {
        let laugh: String = (1..10)
            .map(|i| format!("<!ENTITY l{i} \"{}\">", format!("&l{};", i - 1).repeat(10)))
            .collect();
        let bomb = format!("<!DOCTYPE mzML [<!ENTITY l0 \"lol\">{laugh}]>");
        let file = "<!DOCTYPE mzML [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>".to_owned();
        for (name, types, entity) in
            [("entities of entities", bomb, "&l9;"), ("an entity of another file", file, "&x;")]
        {
            let root = self.position("<indexedmzML", 0);
            let at = self.position("<binary>", 9) + "<binary>".len();
            let text = format!(
                "{}{types}{}{entity}{}",
                &self.sound[..root],
                &self.sound[root..at],
                &self.sound[at..]
            );
            // Nothing is put in its place, so the array is as it was.
            self.add(name, text).keeps_first = true;
            let id = self.sound.replacen("id=\"scan=9\"", &format!("id=\"{entity}\""), 1);
            self.add(format!("{name} in an attribute"), id);
        }
        let array = self.with_array(40, &zlib(&vec![0; 200 << 20]), 2);
        self.add("an array of 200 MB", array).must_fail = true;
        let at = self.position("<binary>", 9) + "<binary>".len();
        let (before, after) = self.sound.as_bytes().split_at(at);
        for (name, filling) in [
            ("4 GB in an array", "A"),
            ("4 GB of terms", "<cvParam accession=\"MS:1000511\" value=\"1\"/>"),
            ("4 GB of comments", "<!-- <spectrumm --> "),
        ] {
            let member = gzip(filling.repeat((16 << 20) / filling.len()).as_bytes());
            let members: Vec<u8> = repeat_n(member, 256).flatten().collect();
            self.add(name, [gzip(before), members.clone(), gzip(after)].concat()).must_fail = true;
            let header = [gzip(b"<mzML>"), members].concat();
            let limited = self.add(format!("{name} at the beginning"), header);
            (limited.options, limited.must_fail) = (vec!["--memory", "400"], true);
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
}

pub(super) fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}
