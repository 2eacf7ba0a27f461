//! Masses of residues and of the common modifications.
//!
//! Source of the modifications: Unimod, by accession, name and composition. Others are given by
//! mass or formula.

use cofactor_chem::spelling::nearest;

use crate::lang::MassSum;

/// Composition of a residue, the amino acid less water.
const RESIDUES: [(char, &str); 22] = [
    ('A', "C3H5NO"),
    ('C', "C3H5NOS"),
    ('D', "C4H5NO3"),
    ('E', "C5H7NO3"),
    ('F', "C9H9NO"),
    ('G', "C2H3NO"),
    ('H', "C6H7N3O"),
    ('I', "C6H11NO"),
    ('K', "C6H12N2O"),
    ('L', "C6H11NO"),
    ('M', "C5H9NOS"),
    ('N', "C4H6N2O2"),
    ('O', "C12H19N3O2"),
    ('P', "C5H7NO"),
    ('Q', "C5H8N2O2"),
    ('R', "C6H12N4O"),
    ('S', "C3H5NO2"),
    ('T', "C4H7NO2"),
    ('U', "C3H5NOSe"),
    ('V', "C5H9NO"),
    ('W', "C11H10N2O"),
    ('Y', "C9H9NO2"),
];

/// Unimod accession, name and what is added.
const MODIFICATIONS: [(u16, &str, &str); 26] = [
    (1, "Acetyl", "C2H2O"),
    (2, "Amidated", "NH - O"),
    (4, "Carbamidomethyl", "C2H3NO"),
    (5, "Carbamyl", "CHNO"),
    (7, "Deamidated", "O - NH"),
    (21, "Phospho", "HO3P"),
    (23, "Dehydrated", "-H2O"),
    (26, "Pyro-carbamidomethyl", "C2O"),
    (27, "Glu->pyro-Glu", "-H2O"),
    (28, "Gln->pyro-Glu", "-NH3"),
    (34, "Methyl", "CH2"),
    (35, "Oxidation", "O"),
    (36, "Dimethyl", "C2H4"),
    (37, "Trimethyl", "C3H6"),
    (40, "Sulfo", "O3S"),
    (41, "Hex", "C6H10O5"),
    (43, "HexNAc", "C8H13NO5"),
    (58, "Propionyl", "C3H4O"),
    (64, "Succinyl", "C4H4O3"),
    (121, "GG", "C4H6N2O2"),
    (122, "Formyl", "CO"),
    (188, "Label:13C(6)", "[13C]6 - C6"),
    (214, "iTRAQ4plex", "C4[13C]3H12N[15N]O"),
    (259, "Label:13C(6)15N(2)", "[13C]6[15N]2 - C6N2"),
    (267, "Label:13C(6)15N(4)", "[13C]6[15N]4 - C6N4"),
    (737, "TMT6plex", "C8[13C]4H20N[15N]O2"),
];

/// Mass in Da of a residue.
pub(super) fn residue(letter: char) -> Option<f64> {
    RESIDUES
        .iter()
        .find(|(known, _)| *known == letter)
        .and_then(|(_, formula)| composition(formula))
}

fn composition(text: &str) -> Option<f64> {
    MassSum::parse(text, &[]).ok().map(|sum| sum.mass(0.0))
}

/// Mass in Da of a modification as ProForma writes it: a Unimod name or accession, `Formula:…`, or
/// a mass with its sign.
///
/// # Errors
/// What is wrong, with the nearest name.
pub(crate) fn modification(text: &str) -> Result<f64, String> {
    let text = text.trim();
    if text.starts_with(['+', '-']) {
        let mass: Option<f64> = text.parse().ok();
        return mass
            .filter(|mass| mass.is_finite())
            .ok_or_else(|| format!("`{text}` is no mass of a modification"));
    }
    if let Some(formula) = text.strip_prefix("Formula:") {
        let sum = MassSum::parse(formula, &[]);
        return sum
            .map(|sum| sum.mass(0.0))
            .map_err(|wrong| format!("`{formula}` is no formula: {}", wrong.message));
    }
    let accession = text.strip_prefix("UNIMOD:").and_then(|number| number.parse::<u16>().ok());
    let name = text.strip_prefix("U:").unwrap_or(text);
    let known = MODIFICATIONS
        .iter()
        .find(|(number, known, _)| accession == Some(*number) || name.eq_ignore_ascii_case(known));
    known.and_then(|(_, _, formula)| composition(formula)).ok_or_else(|| {
        let close = nearest(name, MODIFICATIONS.iter().map(|(_, name, _)| *name));
        let hint = close.map_or(String::new(), |close| format!("; did you mean `{close}`?"));
        format!(
            "the modification `{text}` is not known{hint} (write its mass, such as [+15.9949], or \
            [Formula:C2H2O])"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masses_are_those_of_the_tables() {
        for (letter, mass) in [
            ('G', 57.021_464),
            ('W', 186.079_313),
            ('K', 128.094_963),
            ('R', 156.101_111),
            ('U', 150.953_636),
        ] {
            assert!((residue(letter).unwrap() - mass).abs() < 2e-5, "{letter}");
        }
        assert_eq!(residue('X'), None);
        for (text, mass) in [
            ("Oxidation", 15.994_915),
            ("UNIMOD:21", 79.966_331),
            ("U:carbamidomethyl", 57.021_464),
            ("TMT6plex", 229.162_932),
            ("iTRAQ4plex", 144.102_063),
            ("Label:13C(6)15N(2)", 8.014_199),
            ("Deamidated", 0.984_016),
            ("Gln->pyro-Glu", -17.026_549),
            ("+15.9949", 15.9949),
            ("-17.5", -17.5),
            ("Formula:C2H2O", 42.010_565),
        ] {
            assert!(
                (modification(text).unwrap() - mass).abs() < 2e-5,
                "{text}: {:?}",
                modification(text)
            );
        }
        for (_, name, _) in MODIFICATIONS {
            assert!(modification(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn unknown_ones_have_a_neighbour() {
        assert!(modification("Oxidaton").unwrap_err().contains("did you mean `Oxidation`?"));
        for text in ["", "+x", "Formula:Hx", "UNIMOD:99999", "+inf"] {
            assert!(modification(text).is_err(), "{text}");
        }
    }
}
