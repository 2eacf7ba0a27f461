//! Sequences: `[Acetyl]-PEPT[Phospho]IDEK`, a subset of ProForma.

use cofactor_chem::PROTON_MASS;
use cofactor_chem::losses::WATER_MASS;

use super::modifications::{modification, residue};

/// Longest sequence.
const MAX_RESIDUES: usize = 1000;

/// A peptide with the masses of its parts in Da.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Peptide {
    /// As it is written.
    pub(crate) text: String,
    /// Letter and mass of each residue, modifications included.
    pub(crate) residues: Vec<(char, f64)>,
    /// What the N-terminus has more than a hydrogen.
    pub(crate) n_term: f64,
    /// What the C-terminus has more than a hydroxyl group.
    pub(crate) c_term: f64,
}

impl Peptide {
    /// Reads a sequence of one-letter codes with modifications in brackets behind their residue, in
    /// front of the sequence with `-` after them, or at its end with `-` before them.
    ///
    /// # Errors
    /// What cannot stand there, and at which byte.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, usize)> {
        let mut peptide =
            Self { text: text.to_owned(), residues: Vec::new(), n_term: 0.0, c_term: 0.0 };
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            match c {
                '[' => {
                    let (mass, end) = bracket(text, at)?;
                    let n_terminal = peptide.residues.is_empty();
                    match peptide.residues.last_mut() {
                        None if text[end..].starts_with(['-', '[']) => peptide.n_term += mass,
                        None => {
                            return Err((
                                "a modification in front of a sequence is followed by `-`"
                                    .to_owned(),
                                end,
                            ));
                        }
                        Some((_, residue)) => *residue += mass,
                    }
                    at = end + usize::from(n_terminal && text[end..].starts_with('-'));
                }
                '-' if !peptide.residues.is_empty() && text[at + 1..].starts_with('[') => {
                    let (mass, end) = bracket(text, at + 1)?;
                    if end < text.len() {
                        return Err((
                            "nothing follows the modification of the end".to_owned(),
                            end,
                        ));
                    }
                    peptide.c_term += mass;
                    at = end;
                }
                '(' | '{' | '<' | '?' | '/' => {
                    let help =
                        "write one sequence with modifications such as [Oxidation] or [+15.9949]";
                    return Err((
                        format!("`{c}` begins a part of ProForma that is not known here; {help}"),
                        at,
                    ));
                }
                letter => {
                    let mass = residue(letter)
                        .ok_or_else(|| (format!("`{letter}` is no amino acid"), at))?;
                    peptide.residues.push((letter, mass));
                    at += letter.len_utf8();
                }
            }
            if peptide.residues.len() > MAX_RESIDUES {
                return Err((format!("a sequence has at most {MAX_RESIDUES} residues"), at));
            }
        }
        if peptide.residues.is_empty() {
            return Err(("a sequence has at least one amino acid".to_owned(), 0));
        }
        Ok(peptide)
    }

    /// Mass in Da of the neutral peptide.
    pub(crate) fn mass(&self) -> f64 {
        self.n_term
            + self.c_term
            + WATER_MASS
            + self.residues.iter().map(|(_, mass)| mass).sum::<f64>()
    }

    /// Mass in Da of the singly protonated b ions, from b1 on.
    pub(crate) fn b(&self) -> Vec<f64> {
        sums(self.residues.iter().map(|(_, mass)| *mass), self.n_term + PROTON_MASS)
    }

    /// Mass in Da of the singly protonated y ions, from y1 on.
    pub(crate) fn y(&self) -> Vec<f64> {
        sums(
            self.residues.iter().rev().map(|(_, mass)| *mass),
            self.c_term + WATER_MASS + PROTON_MASS,
        )
    }
}

/// The partial sums of all but the last, each with `start`.
fn sums(masses: impl ExactSizeIterator<Item = f64>, start: f64) -> Vec<f64> {
    let count = masses.len().saturating_sub(1);
    masses
        .take(count)
        .scan(start, |sum, mass| {
            *sum += mass;
            Some(*sum)
        })
        .collect()
}

/// The mass of the modification in the bracket that opens at `at`, and where the bracket ends.
fn bracket(text: &str, at: usize) -> Result<(f64, usize), (String, usize)> {
    let mut depth = 0;
    for (offset, c) in text[at..].char_indices() {
        depth += match c {
            '[' => 1,
            ']' => -1,
            _ => 0,
        };
        if depth == 0 {
            let inner = &text[at + 1..at + offset];
            return modification(inner)
                .map(|mass| (mass, at + offset + 1))
                .map_err(|message| (message, at));
        }
    }
    Err(("this `[` is never closed".to_owned(), at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 2e-4, "{found} is not {expected}");
    }

    #[test]
    fn masses_of_peptides_and_ions() {
        // Angiotensin II, M = 1045.5345, and the b and y ions of PEPTIDE.
        near(Peptide::parse("DRVYIHPF").unwrap().mass(), 1045.5345);
        let peptide = Peptide::parse("PEPTIDE").unwrap();
        near(peptide.mass(), 799.3600);
        for (found, expected) in
            peptide.b().into_iter().zip([98.0600, 227.1026, 324.1554, 425.2031, 538.2871, 653.3141])
        {
            near(found, expected);
        }
        for (found, expected) in peptide
            .y()
            .into_iter()
            .zip([148.0604, 263.0874, 376.1714, 477.2191, 574.2719, 703.3145])
        {
            near(found, expected);
        }
    }

    #[test]
    fn modifications_belong_to_their_residue_or_end() {
        let peptide = Peptide::parse("[Acetyl]-EM[Oxidation]EVC[+57.0215]-[Amidated]").unwrap();
        near(peptide.n_term, 42.0106);
        near(peptide.c_term, -0.9840);
        near(peptide.residues[1].1, 131.0405 + 15.9949);
        near(peptide.residues[4].1, 103.0092 + 57.0215);
        near(Peptide::parse("K[Formula:[13C]2H4]").unwrap().residues[0].1, 128.0950 + 30.0380);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, at, part) in [
            ("", 0, "at least one"),
            ("PEPX", 3, "`X` is no amino acid"),
            ("PEp", 2, "`p` is no amino acid"),
            ("PE[Oxidaton]P", 2, "did you mean"),
            ("PE[Oxidation", 2, "never closed"),
            ("[Acetyl]PEP", 8, "followed by `-`"),
            ("PE-[Amidated]P", 13, "nothing follows"),
            ("PEP/2", 3, "not known here"),
            ("PE-P", 2, "`-` is no amino acid"),
        ] {
            let (message, place) = Peptide::parse(text).unwrap_err();
            assert_eq!(place, at, "{text}: {message}");
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn b_and_y_ions_add_up_to_the_peptide(text in "[ACDEFGHIKLMNPQRSTVWY]{2,30}") {
            let peptide = Peptide::parse(&text).unwrap();
            let (b, mut y) = (peptide.b(), peptide.y());
            y.reverse();
            for (b, y) in b.iter().zip(&y) {
                prop_assert!((b + y - peptide.mass() - 2.0 * PROTON_MASS).abs() < 1e-6);
            }
            prop_assert_eq!(b.len(), text.len() - 1);
        }

        #[test]
        fn any_text_is_a_peptide_or_an_error_within_it(text in "[A-Z\\[\\]+0-9µ-]{0,12}|.*") {
            if let Err((_, at)) = Peptide::parse(&text) {
                prop_assert!(at <= text.len());
            }
        }
    }
}
