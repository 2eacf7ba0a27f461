//! What an ion breaks into: it loses small molecules, one after the other, and it falls into parts
//! of which only the formula is known.

use cofactor_chem::Formula;
use cofactor_chem::ion::ion_mz;
use cofactor_chem::losses::{COMMON_LOSSES, LOSSES_OF_GROUPS};
use cofactor_core::Polarity;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::noise::normal;
use crate::truth::uniform;

/// Tries to find another fragment before the ion has all it can have.
const TRIES: usize = 400;

/// Least mass that is lost.
const LEAST_LOSS: f64 = 10.0;

/// Standard deviation of the logarithm of heights.
const SPREAD: f64 = 1.3;

/// Probability that a loss begins at a fragment that is there rather than at the ion.
const IN_SEQUENCE: f64 = 0.5;

/// Probability that a part is a radical.
const RADICAL: f64 = 0.08;

/// Share of the atoms that a part keeps.
const KEPT: [f64; 2] = [0.1, 0.95];

/// Elements that bind once; their number bounds that of hydrogen.
const MONOVALENT: [&str; 6] = ["F", "Cl", "Br", "I", "Na", "K"];

/// An ion that another one breaks into, or is left of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Product {
    pub(super) formula: Formula,
    /// Share of all products.
    pub(super) share: f64,
}

/// How an ion breaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Breaking {
    /// Least and most fragments.
    pub(super) fragments: [usize; 2],
    /// Probability that a fragment is any part of the ion rather than a loss.
    pub(super) parts: f64,
    /// Median height of the intact ion relative to that of a fragment.
    pub(super) intact: f64,
    pub(super) polarity: Polarity,
    /// Least m/z of a fragment.
    pub(super) least_mz: f64,
}

/// Draws the products of an ion, the intact ion first; shares add up to 1.
pub(super) fn draw_products(
    ion: &Formula,
    breaking: &Breaking,
    rng: &mut ChaCha8Rng,
) -> Vec<Product> {
    let losses: Vec<Formula> = COMMON_LOSSES
        .iter()
        .map(|(text, _)| *text)
        .chain(LOSSES_OF_GROUPS)
        .filter_map(|text| text.parse().ok())
        .filter(|loss| Formula::sum(&[(1, ion), (-1, loss)]).is_some())
        .collect();
    let wanted = rng.random_range(breaking.fragments[0]..=breaking.fragments[1]);
    let mut formulas = vec![ion.clone()];
    for _ in 0..TRIES {
        if formulas.len() > wanted {
            break;
        }
        let drawn = if losses.is_empty() || rng.random_bool(breaking.parts) {
            part(ion, rng)
        } else {
            let start = if rng.random_bool(IN_SEQUENCE) {
                &formulas[rng.random_range(0..formulas.len())]
            } else {
                ion
            };
            Formula::sum(&[(1, start), (-1, &losses[rng.random_range(0..losses.len())])])
        };
        let new = drawn.filter(|formula| !formulas.contains(formula));
        formulas.extend(new.filter(|formula| is_fragment(formula, ion, breaking)));
    }
    let products = formulas.into_iter().enumerate().map(|(number, formula)| {
        let median = if number == 0 { breaking.intact } else { 1.0 };
        Product { formula, share: median * (SPREAD * normal(rng)).exp() }
    });
    normalised(products.collect())
}

/// Whether a formula may be a fragment of an ion.
fn is_fragment(formula: &Formula, ion: &Formula, breaking: &Breaking) -> bool {
    ion_mz(formula.mass(), 1, breaking.polarity) >= breaking.least_mz
        && formula.mass() <= ion.mass() - LEAST_LOSS
        && count(formula, "C") > 0
        && unsaturation(formula) >= -1
}

/// The products scaled so that their shares add up to 1.
pub(super) fn normalised(mut products: Vec<Product>) -> Vec<Product> {
    let sum: f64 = products.iter().map(|product| product.share).sum();
    products.iter_mut().for_each(|product| product.share /= sum);
    products
}

/// A part of an ion: some of its atoms, with as many hydrogens as rings and double bonds leave
/// room for.
fn part(ion: &Formula, rng: &mut ChaCha8Rng) -> Option<Formula> {
    let kept = uniform(KEPT, rng);
    let mut counts: Vec<(&str, i64)> = Vec::new();
    for (symbol, _, atoms) in ion.atoms().filter(|(symbol, ..)| *symbol != "H") {
        counts.push((symbol, (0..atoms).filter(|_| rng.random_bool(kept)).count() as i64));
    }
    let heavy = Formula::from_counts(counts.iter().copied())?;
    let most = unsaturation(ion).max(1) + 2;
    let unsaturated = 2 * rng.random_range(0..=most / 2) + 1;
    let radical = i64::from(rng.random_bool(RADICAL));
    let hydrogens = unsaturation(&heavy) - unsaturated - radical;
    let available = count(ion, "H");
    counts.push(("H", hydrogens));
    (0..=available).contains(&hydrogens).then(|| Formula::from_counts(counts))?
}

/// Twice the number of rings and double bonds; odd for an ion without unpaired electrons.
fn unsaturation(formula: &Formula) -> i64 {
    let sum = |symbols: &[&str]| symbols.iter().map(|symbol| count(formula, symbol)).sum::<i64>();
    2 * sum(&["C", "Si"]) + 2 + sum(&["N", "P", "B"]) - sum(&["H"]) - sum(&MONOVALENT)
}

fn count(formula: &Formula, symbol: &str) -> i64 {
    formula.atoms().filter(|atom| atom.0 == symbol).map(|(.., count)| i64::from(count)).sum()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const BREAKING: Breaking = Breaking {
        fragments: [4, 14],
        parts: 0.5,
        intact: 1.0,
        polarity: Polarity::Positive,
        least_mz: 50.0,
    };

    #[test]
    fn fragments_are_parts_of_the_ion_and_shares_add_up() {
        for (seed, text) in
            [(1, "C14H12Cl2NO2"), (2, "C22H24ClN6O"), (3, "C10H31O5Si5"), (4, "C8H2F15O2")]
        {
            let ion: Formula = text.parse().unwrap();
            let products = draw_products(&ion, &BREAKING, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!(products[0].formula, ion);
            assert!(products.len() >= 2, "{text}: {products:?}");
            let sum: f64 = products.iter().map(|product| product.share).sum();
            assert!((sum - 1.0).abs() < 1e-12);
            for product in &products[1..] {
                assert!(
                    Formula::sum(&[(1, &ion), (-1, &product.formula)]).is_some(),
                    "{text} does not hold {}",
                    product.formula
                );
            }
        }
    }

    #[test]
    fn rings_and_double_bonds_are_counted_twice() {
        for (text, twice) in [("H3O", -1), ("C6H7", 7), ("C8H11N4O2", 11), ("C14H12Cl2NO2", 17)] {
            assert_eq!(unsaturation(&text.parse().unwrap()), twice, "{text}");
        }
    }
}
