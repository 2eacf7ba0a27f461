//! `library`: the spectra of a library, each an alternative with intensities.

use cofactor_chem::ion::ion_mass;
use cofactor_chem::{C13_SPACING, same_adduct};
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

/// Peaks below this share of the strongest are seen at another energy in half of the cases, others
/// in more than two thirds (records of MassBank at two energies).
const SURE: f64 = 0.05;

/// Width within which a peak is an isotopologue of another, Th: less than half of the distance to
/// one with a hydrogen atom more (0.0045).
const ISOTOPOLOGUE_WIDTH: f64 = 0.002;

/// Height of ¹³C over ¹²C in nature.
const C13_RATIO: f64 = 0.0108;

/// A compiled `library` rule.
#[derive(Debug, Clone)]
pub struct Library {
    /// Ascending in m/z of the precursor.
    entries: Vec<Entry>,
    tolerance: Tolerance,
    /// Of all peaks; by height where not given.
    presence: Option<Presence>,
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
    /// How surely each peak is expected; where not given `"expected"` from 0.05 of the strongest
    /// on, and `"optional"` below.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

impl RuleKind for Library {
    const KIND: &'static str = "library";
    const DOC: &'static str = "\
The spectra of a library, each an alternative with intensities.

Reads MSP as NIST, MassBank and MS-DIAL write it, and MGF, also of GNPS. A spectrum is an \
alternative for precursors of its
m/z, within `precursor_tolerance`. Its polarity, charge and adduct must be the precursor's, as far \
as both are
known. Spectra without the m/z of a precursor or without peaks are left out. An alternative is \
named by the compound,
its adduct and its collision energy. Spectra with the same InChIKey (its first block) or, without \
one, the same name
are of one compound: they do not compete with each other, and the best of them stands for it.

Intensities are relative to the strongest peak but the precursor. They tell a fragment that is \
missing from one that
is too weak to be seen. A peak within half a dalton of the precursor is the precursor, at its \
m/z. Isotopologues and
what is above the precursor are left out. Annotated peaks keep their annotation as label.
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
            presence: params.presence,
        })
    }
}

/// A spectrum with its strongest peaks; `None` without a precursor or without a peak.
fn entry(spectrum: LibrarySpectrum, least: f64, most: usize) -> Option<Entry> {
    let precursor_mz = spectrum.precursor_mz?;
    let charge = f64::from(spectrum.charge.unwrap_or(1));
    let compound = compound(&spectrum);
    let mut peaks = spectrum.peaks;
    let heaviest = precursor_mz * charge + ISOTOPOLOGUE_REACH;
    peaks.retain(|peak| peak.intensity > 0.0 && peak.mz <= heaviest);
    let mut peaks = without_isotopologues(with_survivor(peaks, precursor_mz, charge), charge);
    peaks.sort_by(|a, b| b.intensity.total_cmp(&a.intensity).then_with(|| a.mz.total_cmp(&b.mz)));
    // The survivor tells how much energy there was, not what the ion is.
    let strongest = peaks.iter().find(|peak| peak.mz != precursor_mz).or(peaks.first())?.intensity;
    peaks.truncate(most);
    let peaks = peaks
        .into_iter()
        .map(|peak| LibraryPeak { intensity: (peak.intensity / strongest).min(1.0), ..peak })
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

/// Peaks with the precursor that survived at its m/z, however far off it was recorded: nothing else
/// is as near to it. What is above by an isotope's mass is left out.
fn with_survivor(peaks: Vec<LibraryPeak>, precursor_mz: f64, charge: f64) -> Vec<LibraryPeak> {
    let reach = 0.5 / charge;
    let is_survivor = |mz: f64| (mz - precursor_mz).abs() < reach;
    let is_isotopologue = |mz: f64| {
        let steps = ((mz - precursor_mz) * charge / C13_SPACING).round();
        let off = (mz - precursor_mz - steps * C13_SPACING / charge).abs();
        (1.0..=3.0).contains(&steps) && off < ISOTOPOLOGUE_WIDTH
    };
    let (survivors, mut fragments): (Vec<LibraryPeak>, Vec<LibraryPeak>) =
        peaks.into_iter().partition(|peak| is_survivor(peak.mz));
    fragments.retain(|peak| !is_isotopologue(peak.mz));
    let survivor = survivors.into_iter().max_by(|a, b| a.intensity.total_cmp(&b.intensity));
    fragments.extend(survivor.map(|peak| LibraryPeak { mz: precursor_mz, ..peak }));
    fragments
}

/// Peaks that are no isotopologue of a lighter one: a carbon isotope above it, and no higher than
/// as many carbon atoms as fit into its mass make it.
fn without_isotopologues(mut peaks: Vec<LibraryPeak>, charge: f64) -> Vec<LibraryPeak> {
    peaks.sort_by(|a, b| a.mz.total_cmp(&b.mz));
    let spacing = C13_SPACING / charge;
    let is_of = |lighter: &LibraryPeak, peak: &LibraryPeak| {
        let most = lighter.intensity * lighter.mz * charge / 12.0 * C13_RATIO;
        (peak.mz - lighter.mz - spacing).abs() < ISOTOPOLOGUE_WIDTH && peak.intensity <= most
    };
    let keeps = |position: &usize| {
        let lighter = peaks[..*position].iter().rev();
        let mut near = lighter.take_while(|l| peaks[*position].mz - l.mz < spacing + 0.1);
        !near.any(|lighter| is_of(lighter, &peaks[*position]))
    };
    let kept: Vec<usize> = (0..peaks.len()).filter(keeps).collect();
    kept.into_iter().map(|position| peaks[position].clone()).collect()
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

/// How surely a peak of this height over the strongest is expected.
fn presence_by(intensity: f64) -> Presence {
    if intensity < SURE { Presence::Optional } else { Presence::Expected }
}

fn with_height(peak: &LibraryPeak, fragment: Fragment) -> Fragment {
    Fragment { relative_intensity: Some(peak.intensity), ..fragment }
}

impl Entry {
    /// Whether the precursor may be that of the spectrum, apart from its m/z.
    fn may_be(&self, precursor: &Precursor) -> bool {
        let adducts = self.adduct.as_deref().zip(precursor.adduct.as_deref());
        self.charge.is_none_or(|charge| charge == precursor.charge)
            && self.polarity.is_none_or(|polarity| polarity == precursor.polarity)
            && adducts.is_none_or(|(known, wanted)| same_adduct(known, wanted))
    }

    fn fragments(
        &self,
        precursor: &Precursor,
        presence: Option<Presence>,
        rule_id: &str,
    ) -> Vec<Fragment> {
        let heaviest = ion_mass(precursor) + ISOTOPOLOGUE_REACH;
        let of_peak = |peak: &LibraryPeak| {
            let label = peak.annotation.clone().unwrap_or_else(|| peak.mz.to_string());
            let presence = presence.unwrap_or(presence_by(peak.intensity));
            with_height(peak, fragment(rule_id, peak.mz, label, presence))
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
    use cofactor_core::{FragmentStatus, Presence};

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
    fn the_precursor_and_isotopologues_are_no_fragments() {
        // The survivor 16 ppm off and its isotopologue, a fragment with its own, and one with a
        // hydrogen atom more.
        let text = "NAME: a\\nPRECURSORMZ: 200\\nNum Peaks: 6\\n200.0032 400\\n201.0034 40\\n\
                    100 100\\n101.0034 8\\n101.0078 7\\n60 2\\n";
        let set = &given(&format!("kind = 'library'\ntext = \"{text}\""), 200.0, 1)[0];
        assert_eq!(mzs(set), [60.0, 100.0, 101.0078, 200.0]);
        let heights = set.fragments.iter().map(|fragment| fragment.relative_intensity);
        assert!(heights.eq([Some(0.02), Some(1.0), Some(0.07), Some(1.0)]));
        let presences: Vec<Presence> = set.fragments.iter().map(|f| f.presence).collect();
        assert_eq!((presences[0], presences[1]), (Presence::Optional, Presence::Expected));
    }

    #[test]
    fn a_weak_peak_that_is_missing_is_below_the_limit() {
        let rules = load(&rule("min_intensity = 0.0\npresence = 'expected'"));
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
