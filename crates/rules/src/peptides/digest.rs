//! Peptides of proteins: FASTA, cut by an enzyme.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Deserialize;

/// An enzyme, by where it cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Enzyme {
    /// After K and R, not before P.
    Trypsin,
    /// After K and R.
    TrypsinP,
    /// After K.
    LysC,
    /// After R, not before P.
    ArgC,
    /// After E.
    GluC,
    /// Before D.
    AspN,
    /// After F, L, W and Y, not before P.
    Chymotrypsin,
}

impl Enzyme {
    /// Whether it cuts between two residues.
    fn cuts(self, before: u8, after: u8) -> bool {
        match self {
            Self::Trypsin => b"KR".contains(&before) && after != b'P',
            Self::TrypsinP => b"KR".contains(&before),
            Self::LysC => before == b'K',
            Self::ArgC => before == b'R' && after != b'P',
            Self::GluC => before == b'E',
            Self::AspN => after == b'D',
            Self::Chymotrypsin => b"FLWY".contains(&before) && after != b'P',
        }
    }
}

/// The different peptides of all proteins of a FASTA text, sorted; those with letters that are no
/// amino acid are left out.
///
/// # Errors
/// A line that cannot stand there, with its number; more peptides than `most`.
pub(crate) fn digest(
    fasta: &str,
    enzyme: Enzyme,
    missed: usize,
    lengths: &RangeInclusive<usize>,
    most: usize,
) -> Result<Vec<String>, String> {
    let mut peptides = BTreeSet::new();
    let mut protein = Vec::new();
    let mut seen_header = false;
    for (number, line) in (1..).zip(fasta.lines()) {
        let line = line.trim();
        if line.starts_with('>') {
            seen_header = true;
            cut(&protein, enzyme, missed, lengths, &mut peptides);
            protein.clear();
        } else if !line.is_empty() {
            let sound =
                line.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'*' || byte == b'-');
            if !seen_header || !sound {
                return Err(format!(
                    "line {number}: this is not FASTA; expected `>name` and lines of one-letter \
                     codes"
                ));
            }
            protein.extend(
                line.bytes().filter(u8::is_ascii_alphabetic).map(|byte| byte.to_ascii_uppercase()),
            );
        }
        if peptides.len() > most {
            return Err(format!(
                "more than {most} peptides; digest fewer proteins, or allow fewer missed cleavages"
            ));
        }
    }
    cut(&protein, enzyme, missed, lengths, &mut peptides);
    Ok(peptides.into_iter().collect())
}

fn cut(
    protein: &[u8],
    enzyme: Enzyme,
    missed: usize,
    lengths: &RangeInclusive<usize>,
    peptides: &mut BTreeSet<String>,
) {
    let inner = (1..protein.len()).filter(|&at| enzyme.cuts(protein[at - 1], protein[at]));
    let ends: Vec<usize> = [0].into_iter().chain(inner).chain([protein.len()]).collect();
    for (position, &start) in ends.iter().enumerate() {
        for &end in ends[position + 1..].iter().take(missed.saturating_add(1)) {
            if end - start > *lengths.end() {
                break;
            }
            let peptide = &protein[start..end];
            if lengths.contains(&peptide.len())
                && !peptide.iter().any(|residue| b"BJXZ".contains(residue))
            {
                peptides.insert(String::from_utf8_lossy(peptide).into_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peptides(fasta: &str, enzyme: Enzyme, missed: usize) -> Vec<String> {
        digest(fasta, enzyme, missed, &(2..=20), 1000).unwrap()
    }

    #[test]
    fn enzymes_cut_where_they_should() {
        let fasta = ">a\nAAKPC\nRDDK\n>b\nEEXK\n";
        assert_eq!(peptides(fasta, Enzyme::Trypsin, 0), ["AAKPCR", "DDK"]);
        assert_eq!(peptides(fasta, Enzyme::TrypsinP, 0), ["AAK", "DDK", "PCR"]);
        assert_eq!(peptides(fasta, Enzyme::Trypsin, 1), ["AAKPCR", "AAKPCRDDK", "DDK"]);
        assert_eq!(peptides(fasta, Enzyme::AspN, 0), ["AAKPCR", "DK"]);
        assert_eq!(peptides(">a\nAEAEAF\n", Enzyme::GluC, 0), ["AE", "AF"]);
    }

    #[test]
    fn lengths_and_numbers_are_limited() {
        assert_eq!(digest(">a\nAAKCCCK\n", Enzyme::LysC, 9, &(4..=5), 10).unwrap(), ["CCCK"]);
        let long = format!(">a\n{}", "AK".repeat(500));
        assert_eq!(digest(&long, Enzyme::LysC, usize::MAX, &(1..=20), 1000).unwrap().len(), 10);
        assert!(
            digest(">a\nACDKEFGK\n>b\n", Enzyme::LysC, 0, &(1..=20), 1)
                .unwrap_err()
                .contains("more than 1 peptides")
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_lines_give_peptides_or_a_line(text in "(>.{0,3}\n|[A-Zµ*1-]{0,30}\n){0,6}|.*",
            missed in 0_usize..4) {
            match digest(&text, Enzyme::Trypsin, missed, &(1..=8), 50) {
                Ok(peptides) => assert!(peptides.iter().all(|peptide|
                    (1..=8).contains(&peptide.len()))),
                Err(message) => assert!(message.starts_with("line ") || message.starts_with("more \
                    than 50")),
            }
        }
    }

    #[test]
    fn what_is_no_fasta_has_its_line() {
        assert!(
            digest("AAK\n", Enzyme::Trypsin, 0, &(1..=9), 9).unwrap_err().starts_with("line 1")
        );
        assert!(
            digest(">a\nAAK\n1,2\n", Enzyme::Trypsin, 0, &(1..=9), 9)
                .unwrap_err()
                .starts_with("line 3")
        );
    }
}
