//! `library`: the spectra of a library, each an alternative with intensities.

use cofactor_chem::ion::ion_mass;
use cofactor_chem::same_adduct;
use cofactor_core::{Fragment, Polarity, Precursor, Presence, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::fragment;
use crate::engine::{Context, Role, Rule, RuleKind, Sink};
use crate::lang::{Mistake, PresenceSchema, Spanned};
use crate::spectra::{LibraryPeak, LibrarySpectrum, read_library};
use crate::tuning::ISOTOPOLOGUE_REACH;

/// Peaks below this share of the strongest are left out where the file does not say.
const DEFAULT_MIN_INTENSITY: f64 = 0.01;

/// The strongest peaks that are kept where the file does not say.
const DEFAULT_MAX_PEAKS: usize = 50;

/// A compiled `library` rule.
#[derive(Debug, Clone)]
pub struct Library {
    /// Ascending in m/z of the precursor.
    entries: Vec<Entry>,
    tolerance: Tolerance,
    presence: Presence,
}

/// A spectrum that can be looked up.
#[derive(Debug, Clone)]
struct Entry {
    precursor_mz: f64,
    charge: Option<u8>,
    polarity: Option<Polarity>,
    adduct: Option<String>,
    name: String,
    compound: Option<String>,
    /// With intensities relative to the strongest.
    peaks: Vec<LibraryPeak>,
}

/// Keys of a `library` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LibraryParams {
    /// An MSP or MGF file, relative to the rule file.
    file: Option<Spanned<String>>,
    /// The library itself, instead of a file.
    text: Option<Spanned<String>>,
    /// How far the precursor may lie from that of a spectrum; the rule's tolerance where not given.
    #[schemars(with = "Option<String>")]
    precursor_tolerance: Option<Tolerance>,
    /// Take spectra of these ion species only, such as `["[M+H]+"]`.
    adduct: Option<Vec<String>>,
    /// Leave out peaks below this share of the strongest, 0 to 1; 0.01 where not given.
    min_intensity: Option<Spanned<f64>>,
    /// Keep so many of the strongest peaks; 50 where not given.
    max_peaks: Option<Spanned<usize>>,
    /// How surely each peak is expected; `"expected"` where not given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

impl RuleKind for Library {
    const KIND: &'static str = "library";
    const DOC: &'static str = "\
The spectra of a library, each an alternative with intensities.

Reads MSP as NIST, MassBank and MS-DIAL write it, and MGF. A spectrum is an alternative for \
precursors of its
m/z, within `precursor_tolerance`. Its polarity, charge and adduct must be the precursor's, as far \
as both are
known. Spectra without the m/z of a precursor or without peaks are left out. An alternative is \
named by the compound,
its adduct and its collision energy. Spectra with the same InChIKey (its first block) or, without \
one, the same name
are of one compound: they do not compete with each other, and the best of them stands for it.

Intensities are relative to the strongest peak. They tell a fragment that is missing from one that \
is too weak to be
seen. Peaks above the precursor and its isotopes are left out. Annotated peaks keep their \
annotation as label.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"library-example\"

[[rule]]
id = \"in-house\"
kind = \"library\"
precursor_tolerance = \"5 ppm\"
text = '''
NAME: Caffeine
PRECURSORMZ: 195.0877
PRECURSORTYPE: [M+H]+
COLLISIONENERGY: 30
Num Peaks: 3
110.0713 20
138.0662 100 \"-CH3NCO\"
195.0877 60

NAME: Paraxanthine
PRECURSORMZ: 181.0720
PRECURSORTYPE: [M+H]+
Num Peaks: 1
124.0505 100
'''

[[test]]
precursor = { mz = 195.0875 }
observed = [110.0713, 138.0662]
intensity = [30.0, 90.0]
expect = { candidates = [\"Caffeine [M+H]+ 30\"], missing = [195.0877] }

[[test]]
name = \"another ion of the same m/z\"
precursor = { mz = 195.0877, adduct = \"[M+Na]+\" }
expect = { candidates = [] }
";
    const ROLE: Role = Role::Alternative;
    type Params = LibraryParams;

    fn compile(params: LibraryParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let least = params.min_intensity.as_ref().map_or(DEFAULT_MIN_INTENSITY, |least| **least);
        if let Some(given) = &params.min_intensity
            && !(0.0..1.0).contains(&least)
        {
            mistakes.push(Mistake::new(
                given.span(),
                format!("a share of the strongest peak is from 0 to 1, and this is {least}"),
            ));
        }
        let most = params.max_peaks.as_ref().map_or(DEFAULT_MAX_PEAKS, |most| **most);
        if let Some(given) = &params.max_peaks
            && most == 0
        {
            mistakes.push(Mistake::new(given.span(), "`max_peaks` is at least 1"));
        }
        let text = match (&params.file, &params.text) {
            (Some(file), None) => {
                context.read(file).map(|text| (text, file.span(), format!("{}: ", file.as_str())))
            }
            (None, Some(text)) => Ok((text.to_string(), text.span(), String::new())),
            _ => Err(Mistake::new(context.span(), "a library is either a `file` or a `text`")
                .help("write, say, file = \"library.msp\"")),
        };
        let spectra = text.and_then(|(text, span, name)| {
            read_library(&text).map_err(|message| Mistake::new(span, format!("{name}{message}")))
        });
        let spectra = spectra.map_err(|mistake| mistakes.push(mistake)).unwrap_or_default();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let wanted = |spectrum: &LibrarySpectrum| {
            let known =
                |known| params.adduct.iter().flatten().any(|adduct| same_adduct(adduct, known));
            params.adduct.is_none() || spectrum.adduct.as_deref().is_some_and(known)
        };
        let mut entries: Vec<Entry> = spectra
            .into_iter()
            .filter(wanted)
            .filter_map(|spectrum| entry(spectrum, least, most))
            .collect();
        entries.sort_by(|a, b| a.precursor_mz.total_cmp(&b.precursor_mz));
        Ok(Self {
            entries,
            tolerance: params.precursor_tolerance.unwrap_or(context.tolerance()),
            presence: params.presence.unwrap_or(Presence::Expected),
        })
    }
}

/// A spectrum with its strongest peaks; `None` without a precursor or without a peak.
fn entry(spectrum: LibrarySpectrum, least: f64, most: usize) -> Option<Entry> {
    let precursor_mz = spectrum.precursor_mz?;
    let heaviest = precursor_mz * f64::from(spectrum.charge.unwrap_or(1)) + ISOTOPOLOGUE_REACH;
    let compound = compound(&spectrum);
    let mut peaks = spectrum.peaks;
    peaks.retain(|peak| peak.intensity > 0.0 && peak.mz <= heaviest);
    peaks.sort_by(|a, b| b.intensity.total_cmp(&a.intensity).then_with(|| a.mz.total_cmp(&b.mz)));
    let strongest = peaks.first()?.intensity;
    peaks.truncate(most);
    let peaks = peaks
        .into_iter()
        .map(|peak| LibraryPeak { intensity: peak.intensity / strongest, ..peak })
        .filter(|peak| peak.intensity >= least)
        .collect();
    let parts = [Some(spectrum.name), spectrum.adduct.clone(), spectrum.collision_energy];
    let name =
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Some(Entry {
        precursor_mz,
        charge: spectrum.charge,
        polarity: spectrum.polarity,
        adduct: spectrum.adduct,
        compound,
        name: if name.is_empty() { format!("spectrum of {precursor_mz}") } else { name },
        peaks,
    })
}

/// The first block of the InChIKey, as a fragment spectrum does not tell stereoisomers, or the
/// name.
fn compound(spectrum: &LibrarySpectrum) -> Option<String> {
    let block = spectrum
        .inchikey
        .as_deref()
        .and_then(|key| key.split('-').next())
        .filter(|block| block.len() == 14);
    let name = Some(spectrum.name.to_lowercase()).filter(|name| !name.is_empty());
    block.map(str::to_owned).or(name)
}

impl Entry {
    /// Whether the precursor may be that of the spectrum, apart from its m/z.
    fn may_be(&self, precursor: &Precursor) -> bool {
        let adducts = self.adduct.as_deref().zip(precursor.adduct.as_deref());
        self.charge.is_none_or(|charge| charge == precursor.charge)
            && self.polarity.is_none_or(|polarity| polarity == precursor.polarity)
            && adducts.is_none_or(|(known, wanted)| same_adduct(known, wanted))
    }

    fn fragments(&self, precursor: &Precursor, presence: Presence, rule_id: &str) -> Vec<Fragment> {
        let heaviest = ion_mass(precursor) + ISOTOPOLOGUE_REACH;
        let of_peak = |peak: &LibraryPeak| {
            let label = peak.annotation.clone().unwrap_or_else(|| peak.mz.to_string());
            let relative_intensity = Some(peak.intensity);
            Fragment { relative_intensity, ..fragment(rule_id, peak.mz, label, presence) }
        };
        self.peaks.iter().filter(|peak| peak.mz <= heaviest).map(of_peak).collect()
    }
}

impl Rule for Library {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        // The tolerance is that around the spectrum's m/z; twice the width around the precursor's
        // holds all of it.
        let half = 2.0 * self.tolerance.half_width(precursor.mz);
        let start = self.entries.partition_point(|entry| entry.precursor_mz < precursor.mz - half);
        for entry in &self.entries[start..] {
            if entry.precursor_mz > precursor.mz + half || sink.overflowed() {
                break;
            }
            if self.tolerance.matches(entry.precursor_mz, precursor.mz) && entry.may_be(precursor) {
                let fragments = entry.fragments(precursor, self.presence, sink.rule_id());
                sink.set_of_compound(entry.name.clone(), entry.compound.clone(), fragments);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::FragmentStatus;

    use crate::kinds::fixtures::{given, labels, load, mistake, mzs, precursor};
    use crate::{Observed, Registry, RuleSource};

    fn rule(keys: &str) -> String {
        let text = "NAME: a\\nPRECURSORMZ: 200\\nNum Peaks: 4\\n50 10\\n60 100\\n70 0.5\\n250 \
            80\\n\\n\
             NAME: b\\nPRECURSORMZ: 200.001\\nADDUCT: [M+2H]2+\\nNum Peaks: 2\\n250 80\\n80 40 \
             \\\"y1\\\"\\n\\n\
             NAME: c\\nNum Peaks: 1\\n1 1\\n\\nNAME: d\\nPRECURSORMZ: 200\\nIONMODE: N\\nNum \
             Peaks: 1\\n1 1\\n";
        format!("kind = 'library'\ntext = \"{text}\"\n{keys}")
    }

    #[test]
    fn spectra_of_the_same_ion_compete() {
        let found = given(&rule(""), 200.0, 1);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), mzs(&found[0])), ("a", vec![50.0, 60.0]));
        assert_eq!(found[0].fragments[0].relative_intensity, Some(0.1));
        let double = given(&rule(""), 200.0, 2);
        let names: Vec<&str> = double.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["a", "b [M+2H]2+"]);
        assert_eq!((mzs(&double[1]), labels(&double[1])), (vec![80.0, 250.0], vec!["y1", "250"]));
        assert_eq!(given(&rule(""), 200.0, -1)[1].name, "d");
        assert!(given(&rule(""), 200.003, 1).is_empty());
    }

    #[test]
    fn peaks_are_chosen_by_intensity() {
        assert_eq!(mzs(&given(&rule("max_peaks = 1"), 200.0, 1)[0]), [60.0]);
        assert_eq!(mzs(&given(&rule("min_intensity = 0.0"), 200.0, 1)[0]), [50.0, 60.0, 70.0]);
        assert!(given(&rule("adduct = ['[M+2H]2+']"), 200.0, 1).is_empty());
    }

    #[test]
    fn a_weak_peak_that_is_missing_is_below_the_limit() {
        let rules = load(&rule("min_intensity = 0.0"));
        let set = &rules.candidates(&precursor(200.0, 1)).unwrap()[0];
        let observed =
            Observed { intensity: Some(&[1000.0]), limit: Some(50.0), ..Observed::mzs(&[60.0]) };
        let found = rules.match_observed(set, &observed);
        assert_eq!(found.reasons, [FragmentStatus::Missing, FragmentStatus::BelowLimit]);
    }

    #[test]
    fn files_are_found_beside_the_rule_file() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rules.toml");
        let text = "schema = 1\n[[rule]]\nid = 'r'\nkind = 'library'\nfile = \
            'massbank.msp'\nmax_candidates = 1\n";
        let source = RuleSource::new(path.display().to_string(), text);
        let rules =
            Registry::builtin().load(&[source]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert!(rules.data_files()[0].path.ends_with("massbank.msp"));
        assert!(rules.candidates(&precursor(181.0495, 1)).is_err(), "two energies");
    }

    #[test]
    fn mistakes() {
        for (keys, part) in [
            ("kind = 'library'", "either a `file` or a `text`"),
            ("kind = 'library'\nfile = 'none.msp'", "cannot read none.msp"),
            ("kind = 'library'\nfile = 'src'", "it is no file"),
            (
                "kind = 'library'\ntext = \"NAME: a\\nNum Peaks: 1\\n\"",
                "the file ends before the last peak",
            ),
            ("kind = 'library'\ntext = ''", "no spectrum"),
            (&rule("min_intensity = 2.0"), "from 0 to 1"),
            (&rule("max_peaks = 0"), "at least 1"),
        ] {
            assert!(mistake(keys).contains(part), "{keys}: {}", mistake(keys));
        }
    }
}
