//! `peptide`: the ions of peptide backbones.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU8;

use cofactor_chem::PROTON_MASS;
use cofactor_chem::ion::{neutral_mass, protonated_mz};
use cofactor_core::{Fragment, Polarity, Precursor, Presence, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::fragment;
use crate::engine::{Context, Decoy, Role, Rule, RuleKind, Sink, moved};
use crate::lang::{MassSum, MassText, Mistake, PresenceSchema, Spanned, place};
use crate::peptides::{Enzyme, Peptide, digest, modification};
use crate::tuning::SHUFFLES;

/// Most peptides of a rule.
const MAX_PEPTIDES: usize = 5_000_000;

/// Mass of carbon monoxide, ammonia and hydrogen in Da.
const CO: f64 = 27.994_914_619_57;
const NH3: f64 = 17.026_549_101_13;
const H: f64 = 1.007_825_032_23;

/// A compiled `peptide` rule.
#[derive(Debug, Clone)]
pub struct PeptideIons {
    /// By mass.
    peptides: Vec<(f64, Peptide)>,
    ions: Vec<IonType>,
    charges: Option<Vec<u8>>,
    losses: Vec<MassSum>,
    presence: Presence,
    tolerance: Tolerance,
}

/// Keys of a `peptide` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeptideParams {
    /// Sequences such as `"[Acetyl]-PEPT[Phospho]IDEK"`.
    #[serde(default)]
    sequences: Vec<Spanned<String>>,
    /// A FASTA file, whose proteins are digested; relative to the rule file.
    fasta: Option<Spanned<String>>,
    /// Where the proteins are cut: `trypsin` (not before P), `trypsin-p`, `lys-c`, `arg-c`,
    /// `glu-c`, `asp-n`, `chymotrypsin`; `trypsin` where not given.
    enzyme: Option<Enzyme>,
    /// Cleavages that the enzyme may have missed in a peptide; 1 where not given.
    missed: Option<u8>,
    /// Residues of the peptides of a digest, `[low, high]`; `[6, 40]` where not given.
    length: Option<Spanned<[usize; 2]>>,
    /// Modifications of every residue of a kind, such as `{ C = "Carbamidomethyl" }`.
    #[serde(default)]
    fixed: BTreeMap<char, Spanned<String>>,
    /// Ions: any of `a`, `b`, `c`, `x`, `y`, `z` (y less ammonia), `z+1` and `precursor`;
    /// `["b", "y"]` where not given.
    ions: Option<Vec<IonType>>,
    /// Charges of the fragments; from 1 to one less than that of the precursor where not given.
    fragment_charge: Option<Vec<NonZeroU8>>,
    /// Neutral losses that each ion may show besides, such as `["H2O", "NH3"]`. These fragments are
    /// optional.
    #[serde(default)]
    losses: Vec<Spanned<MassText>>,
    /// How surely each ion is expected; `"expected"` where not given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
    /// How far the precursor may lie from the peptide; the rule's tolerance where not given.
    #[schemars(with = "Option<String>")]
    precursor_tolerance: Option<Tolerance>,
}

/// Where the backbone breaks, and which piece keeps the charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum IonType {
    A,
    B,
    C,
    X,
    Y,
    Z,
    #[serde(rename = "z+1")]
    ZDot,
    Precursor,
}

impl RuleKind for PeptideIons {
    const KIND: &'static str = "peptide";
    const DOC: &'static str = "\
The ions of peptide backbones: a, b, c, x, y, z and the precursor.

Peptides are written in a subset of ProForma: one-letter codes with modifications in brackets \
behind their residue
(`EM[Oxidation]EK`), in front (`[Acetyl]-…`) or at the end (`…-[Amidated]`). A modification is a \
mass (`[+15.9949]`), a
formula (`[Formula:C2H2O]`), or one of the common ones of Unimod by name or accession \
(`[Phospho]`, `[UNIMOD:21]`).
Glycans, cross-links, ambiguous and labile modifications are not known. `fasta` digests proteins \
instead.

Each peptide whose mass is the precursor's is an alternative, named by its sequence. Fragments are \
written with their
charge (`y5 2+`) and loss (`b7-H2O`). A decoy has the same residues in another order, the last one \
in its place.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"peptide-example\"

[[rule]]
id = \"targets\"
kind = \"peptide\"
sequences = [\"PEPTIDEK\", \"EM[Oxidation]EVC[Carbamidomethyl]K\"]
losses = [\"H2O\"]

[[test]]
name = \"y ions of PEPTIDEK\"
precursor = { mz = 464.7347, charge = 2 }
observed = [147.1128, 276.1554, 391.1823, 504.2664, 605.3141, 702.3668]
expect = { best = \"PEPTIDEK\", matched = [147.1128, 276.1554, 391.1823, 504.2664, 605.3141, \
702.3668], missing = [227.1026] }
";
    const ROLE: Role = Role::Alternative;
    type Params = PeptideParams;

    fn compile(params: PeptideParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut fixed = HashMap::new();
        for (residue, text) in &params.fixed {
            match modification(text) {
                Ok(mass) => drop(fixed.insert(*residue, mass)),
                Err(message) => mistakes.push(Mistake::new(text.span(), message)),
            }
        }
        let mut peptides = Vec::new();
        for text in &params.sequences {
            match Peptide::parse(text) {
                Ok(peptide) => peptides.push(peptide),
                Err((message, at)) => {
                    let at = place(text, at);
                    let message =
                        format!("`{}` is no peptide: {message} (character {at})", text.as_str());
                    mistakes.push(Mistake::new(text.span(), message));
                }
            }
        }
        match params.fasta.as_ref().map(|fasta| digested(fasta, &params, context)) {
            None if params.sequences.is_empty() => mistakes.push(
                Mistake::new(
                    context.span(),
                    "no peptide is given: `sequences` or `fasta` is missing",
                )
                .help("write, say, sequences = [\"PEPTIDEK\"]"),
            ),
            None => {}
            Some(Ok(more)) => {
                peptides.extend(more.iter().filter_map(|text| Peptide::parse(text).ok()));
            }
            Some(Err(mistake)) => mistakes.push(mistake),
        }
        let losses = params.losses.iter().filter_map(|loss| {
            loss.read(&[]).map_err(|message| mistakes.push(Mistake::new(loss.span(), message))).ok()
        });
        let losses = losses.collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        for peptide in &mut peptides {
            for (letter, mass) in &mut peptide.residues {
                *mass += fixed.get(letter).copied().unwrap_or(0.0);
            }
        }
        let mut peptides: Vec<(f64, Peptide)> =
            peptides.into_iter().map(|peptide| (peptide.mass(), peptide)).collect();
        peptides.sort_by(|a, b| a.0.total_cmp(&b.0));
        let charges = |given: Vec<NonZeroU8>| given.into_iter().map(NonZeroU8::get).collect();
        Ok(Self {
            peptides,
            ions: params.ions.unwrap_or_else(|| vec![IonType::B, IonType::Y]),
            charges: params.fragment_charge.map(charges),
            losses,
            presence: params.presence.unwrap_or(Presence::Expected),
            tolerance: params.precursor_tolerance.unwrap_or(context.tolerance()),
        })
    }
}

fn digested(
    fasta: &Spanned<String>,
    params: &PeptideParams,
    context: &Context,
) -> Result<Vec<String>, Mistake> {
    let [low, high] = params.length.as_ref().map_or([6, 40], |length| **length);
    if let Some(length) = &params.length
        && (low == 0 || low > high || high > 1000)
    {
        return Err(Mistake::new(
            length.span(),
            "`length` is [low, high], from 1 to 1000 residues",
        ));
    }
    let text = context.read(fasta)?;
    let (enzyme, missed) =
        (params.enzyme.unwrap_or(Enzyme::Trypsin), usize::from(params.missed.unwrap_or(1)));
    let peptides = digest(&text, enzyme, missed, &(low..=high), MAX_PEPTIDES);
    peptides.map_err(|message| Mistake::new(fasta.span(), format!("{}: {message}", fasta.as_str())))
}

impl PeptideIons {
    /// The peptides of the precursor's mass.
    fn matching(&self, precursor: &Precursor) -> impl Iterator<Item = &Peptide> {
        let mass = neutral_mass(precursor, None).unwrap_or(f64::NAN);
        let half = self.tolerance.half_width(precursor.mz) * f64::from(precursor.charge.max(1));
        let start = self.peptides.partition_point(|(known, _)| *known < mass - half);
        self.peptides[start..]
            .iter()
            .take_while(move |(known, _)| *known <= mass + half)
            .map(|(_, peptide)| peptide)
    }

    /// An ion and what it gives by losses.
    fn with_losses(
        &self,
        mass: f64,
        charge: u8,
        name: &str,
        polarity: Polarity,
        rule_id: &str,
    ) -> Vec<Fragment> {
        let charged =
            if charge > 1 { format!(" {charge}{}", polarity.symbol()) } else { String::new() };
        let ion = |mass: f64, label: String, presence| {
            let mz = protonated_mz(mass, charge, polarity);
            Fragment { charge, ..fragment(rule_id, mz, label, presence) }
        };
        let mut ions = vec![ion(mass, format!("{name}{charged}"), self.presence)];
        for loss in &self.losses {
            let label = format!("{name}-{}{charged}", loss.text());
            ions.push(ion(mass - loss.mass(0.0), label, Presence::Optional));
        }
        ions
    }

    fn fragments(&self, peptide: &Peptide, precursor: &Precursor, rule_id: &str) -> Vec<Fragment> {
        let polarity = precursor.polarity;
        let charges = match &self.charges {
            Some(given) => {
                given.iter().copied().filter(|charge| *charge <= precursor.charge).collect()
            }
            None => (1..=precursor.charge.saturating_sub(1).max(1)).collect::<Vec<u8>>(),
        };
        let (b, y) = (peptide.b(), peptide.y());
        let mut fragments = Vec::new();
        let mut push = |mass: f64, charge: u8, name: &str| {
            fragments.extend(self.with_losses(mass, charge, name, polarity, rule_id));
        };
        for ion in &self.ions {
            let (masses, letter, shift) = match ion {
                IonType::A => (&b, "a", -CO),
                IonType::B => (&b, "b", 0.0),
                IonType::C => (&b, "c", NH3),
                IonType::X => (&y, "x", CO - 2.0 * H),
                IonType::Y => (&y, "y", 0.0),
                IonType::Z => (&y, "z", -NH3),
                IonType::ZDot => (&y, "z+1 ", H - NH3),
                IonType::Precursor => {
                    push(peptide.mass(), precursor.charge, "precursor");
                    continue;
                }
            };
            for (number, mass) in (1..).zip(masses) {
                for &charge in &charges {
                    push(mass - PROTON_MASS + shift, charge, &format!("{letter}{number}"));
                }
            }
        }
        fragments
    }
}

impl Rule for PeptideIons {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        for peptide in self.matching(precursor) {
            if sink.overflowed() {
                break;
            }
            let fragments = self.fragments(peptide, precursor, sink.rule_id());
            sink.set(peptide.text.clone(), fragments);
        }
    }

    fn decoy(
        &self,
        name: &str,
        target: &[Fragment],
        precursor: &Precursor,
        decoy: &mut Decoy,
    ) -> Vec<Fragment> {
        let Some(peptide) = self.matching(precursor).find(|peptide| peptide.text == name) else {
            return moved(target, decoy);
        };
        let coincide = |fragments: &[Fragment]| {
            let hits = |(a, b): (&Fragment, &Fragment)| (a.mz - b.mz).abs() < 0.01;
            fragments.iter().zip(target).filter(|pair| hits(*pair)).count()
        };
        let best = (0..SHUFFLES)
            .filter_map(|_| {
                let mut shuffled = peptide.clone();
                for last in (1..shuffled.residues.len().saturating_sub(1)).rev() {
                    shuffled.residues.swap(last, decoy.index(last + 1));
                }
                let fragments = self.fragments(&shuffled, precursor, "");
                let by_label: HashMap<&str, &Fragment> =
                    fragments.iter().map(|fragment| (fragment.label.as_str(), fragment)).collect();
                let of_label = |fragment: &Fragment| {
                    by_label.get(fragment.label.as_str()).map(|found| (*found).clone())
                };
                target.iter().map(of_label).collect::<Option<Vec<Fragment>>>()
            })
            .min_by_key(|fragments| coincide(fragments));
        best.unwrap_or_else(|| moved(target, decoy))
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::fixtures::{given, labels, load, mistake, mzs, precursor};

    #[test]
    fn ion_types_charges_and_losses() {
        let rule = "kind = 'peptide'\nsequences = ['AGK']\nions = ['a', 'b', 'c', 'x', 'y', 'z', \
            'z+1', 'precursor']";
        let found = &given(rule, 275.1714, 1)[0];
        let near = |label: &str, mz: f64| {
            let fragment = found.fragments.iter().find(|fragment| fragment.label == label);
            let fragment = fragment.unwrap_or_else(|| panic!("no {label} in {:?}", labels(found)));
            assert!((fragment.mz - mz).abs() < 2e-4, "{label}: {}", fragment.mz);
        };
        for (label, mz) in [
            ("a2", 101.0709),
            ("b2", 129.0659),
            ("c2", 146.0924),
            ("x1", 173.0921),
            ("y1", 147.1128),
            ("z1", 130.0863),
            ("z+1 1", 131.0941),
            ("precursor", 275.1714),
        ] {
            near(label, mz);
        }
        let rule = "kind = 'peptide'\nsequences = ['AGK']\nions = ['y']\nlosses = \
            ['H2O']\nfragment_charge = [1, 2]";
        let double = &given(rule, 138.0893, 2)[0];
        assert_eq!(
            labels(double),
            ["y1-H2O 2+", "y1 2+", "y2-H2O 2+", "y2 2+", "y1-H2O", "y1", "y2-H2O", "y2"]
        );
        assert_eq!(double.fragments[1].charge, 2);
    }

    #[test]
    fn digests_and_fixed_modifications() {
        let rule = "kind = 'peptide'\nfasta = 'tests/data/small.fasta'\nlength = [3, 20]\nmissed = \
            0\nfixed = { C = 'Carbamidomethyl' }";
        let unmodified = 71.037_114 + 103.009_185 + 128.094_963 + 18.010_565 + 1.007_276;
        assert!(given(rule, unmodified, 1).is_empty());
        assert_eq!(given(rule, unmodified + 57.021_464, 1)[0].name, "ACK");
    }

    #[test]
    fn decoys_are_shuffled_and_end_in_the_same_residue() {
        let rules = load("kind = 'peptide'\nsequences = ['LLGNVLVVVLAR']");
        let ion = precursor((1264.8231 + 2.0 * 1.007_276) / 2.0, 2);
        let targets = rules.candidates(&ion).unwrap();
        assert_eq!(targets.len(), 1);
        let decoys = rules.decoys(&ion, &targets, 7);
        let y1 = mzs(&targets[0]).into_iter().position(|mz| (mz - 175.119).abs() < 1e-3).unwrap();
        assert_eq!(targets[0].fragments[y1].label, "y1");
        assert_eq!(decoys[0].fragments.len(), targets[0].fragments.len());
        let sums: Vec<f64> = decoys[0].fragments.iter().map(|fragment| fragment.mz).collect();
        let b_and_y = sums
            .iter()
            .filter(|&&mz| sums.iter().any(|sum| (mz + sum - 1266.8377).abs() < 0.01))
            .count();
        assert!(
            b_and_y >= sums.len() - 6,
            "most are b and y ions of one sequence: {b_and_y} of {}",
            sums.len()
        );
    }

    #[test]
    fn mistakes() {
        for (rule, part) in [
            ("", "`sequences` or `fasta` is missing"),
            ("sequences = ['PEPX']", "`X` is no amino acid (character 4)"),
            ("sequences = ['PEM[Oxidaton]']", "did you mean `Oxidation`?"),
            ("sequences = ['PE']\nions = ['q']", "unknown value `q`"),
            ("sequences = ['PE']\nlosses = ['Hx']", "no element `Hx`"),
            (
                "sequences = ['PE']\nfixed = { C = 'Carbamidomthyl' }",
                "did you mean `Carbamidomethyl`?",
            ),
            ("fasta = 'none.fasta'", "cannot read none.fasta"),
            ("fasta = 'tests/data/massbank.msp'", "massbank.msp: line 1: this is not FASTA"),
            ("fasta = 'tests/data/small.fasta'\nlength = [9, 3]", "from 1 to 1000"),
            ("fasta = 'tests/data/small.fasta'\nenzyme = 'tripsin'", "did you mean `trypsin`?"),
        ] {
            let text = mistake(&format!("kind = 'peptide'\n{rule}"));
            assert!(text.contains(part), "{rule}: {text}");
        }
    }
}
