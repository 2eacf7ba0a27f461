//! The ions of a compound: ion species of the molecule, and fragments that form before MS1.

use cofactor_chem::Formula;
use cofactor_chem::ion::ion_mz;
use cofactor_core::Polarity;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::knobs::Molecules;
use super::products::{Breaking, Product, draw_products, normalised};
use crate::truth::{Relation, uniform};

/// How an ion species breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Breakup {
    /// As a molecule with a proton more or less.
    Molecule,
    /// It becomes the first species, which breaks on; this share stays intact.
    FirstSpecies(f64),
    /// It holds its metal and hardly breaks.
    Metal,
}

/// An ion species, and how often a compound has it.
#[derive(Debug)]
struct Species {
    name: &'static str,
    molecules: i32,
    gained: Option<&'static str>,
    lost: Option<&'static str>,
    probability: f64,
    /// Height relative to that of the first species; drawn uniformly in the logarithm.
    height: [f64; 2],
    breakup: Breakup,
}

/// A species that adds something to one molecule.
const fn adding(
    name: &'static str,
    gained: &'static str,
    probability: f64,
    height: [f64; 2],
    breakup: Breakup,
) -> Species {
    Species { name, molecules: 1, gained: Some(gained), lost: None, probability, height, breakup }
}

const CATIONS: [Species; 5] = [
    adding("[M+H]+", "H", 1.0, [1.0, 1.0], Breakup::Molecule),
    adding("[M+Na]+", "Na", 0.3, [0.02, 0.4], Breakup::Metal),
    adding("[M+K]+", "K", 0.1, [0.01, 0.1], Breakup::Metal),
    adding("[M+NH4]+", "NH4", 0.12, [0.03, 1.0], Breakup::FirstSpecies(0.1)),
    Species {
        molecules: 2,
        ..adding("[2M+H]+", "H", 0.06, [0.01, 0.2], Breakup::FirstSpecies(0.2))
    },
];

const ANIONS: [Species; 4] = [
    Species {
        gained: None,
        lost: Some("H"),
        ..adding("[M-H]-", "", 1.0, [1.0, 1.0], Breakup::Molecule)
    },
    adding("[M+Cl]-", "Cl", 0.15, [0.02, 0.5], Breakup::FirstSpecies(0.2)),
    adding("[M+HCOO]-", "CHO2", 0.25, [0.03, 1.0], Breakup::FirstSpecies(0.1)),
    Species {
        molecules: 2,
        gained: None,
        lost: Some("H"),
        ..adding("[2M-H]-", "", 0.06, [0.01, 0.2], Breakup::FirstSpecies(0.2))
    },
];

/// Ions that form in the source, per compound that has some.
const IN_SOURCE: [usize; 2] = [1, 2];

/// Their height relative to the first species; drawn uniformly in the logarithm.
const IN_SOURCE_HEIGHT: [f64; 2] = [0.02, 0.5];

/// Least m/z of an ion that forms in the source.
const LEAST_IN_SOURCE: f64 = 80.0;

/// Share of a fragment that stays intact when it is fragmented, next to what it breaks into.
const INTACT_IN_SOURCE: f64 = 0.4;

/// Probability that a fragment is any part of the molecule rather than a loss.
const PARTS: f64 = 0.5;

/// Height of an intact ion with a metal relative to one of its few fragments.
const METAL: (f64, [usize; 2]) = (8.0, [0, 3]);

/// An ion of a compound.
#[derive(Debug, Clone)]
pub(super) struct DrawnIon {
    /// Name as ion species.
    pub(super) adduct: String,
    pub(super) relation: Relation,
    /// Formula of the ion, which carries one charge.
    pub(super) formula: Formula,
    /// Height relative to the first species.
    pub(super) height: f64,
    /// What it breaks into, itself included.
    pub(super) products: Vec<Product>,
}

/// Draws the ions of a molecule, the first species first.
pub(super) fn draw_ions(
    molecule: &Formula,
    knobs: &Molecules,
    fragments: [usize; 2],
    least_mz: f64,
    rng: &mut ChaCha8Rng,
) -> Vec<DrawnIon> {
    let table = match knobs.polarity {
        Polarity::Positive => &CATIONS[..],
        Polarity::Negative => &ANIONS,
    };
    let breaking =
        Breaking { fragments, parts: PARTS, intact: 1.0, polarity: knobs.polarity, least_mz };
    let holds_oxygen = molecule.atoms().any(|(symbol, ..)| symbol == "O");
    let mut ions: Vec<DrawnIon> = Vec::new();
    for species in table {
        let forms = rng.random_bool(species.probability);
        let possible = species.breakup == Breakup::Molecule || holds_oxygen;
        let Some(formula) = ion_formula(molecule, species).filter(|_| forms && possible) else {
            continue;
        };
        let products = match (species.breakup, ions.first()) {
            (Breakup::FirstSpecies(intact), Some(first)) => {
                let rest = first.products.iter().map(|product| Product {
                    share: (1.0 - intact) * product.share,
                    ..product.clone()
                });
                let whole = Product { formula: formula.clone(), share: intact };
                std::iter::once(whole).chain(rest).collect()
            }
            (Breakup::Metal, _) => {
                let (intact, fragments) = METAL;
                let breaking = Breaking { fragments, parts: 0.0, intact, ..breaking };
                draw_products(&formula, &breaking, rng)
            }
            _ => draw_products(&formula, &breaking, rng),
        };
        ions.push(DrawnIon {
            adduct: species.name.to_owned(),
            relation: Relation::Molecule,
            formula,
            height: log_uniform(species.height, rng),
            products,
        });
    }
    if let Some(first) = ions.first().cloned()
        && rng.random_bool(knobs.in_source)
    {
        ions.extend(draw_in_source(&first, knobs.polarity, rng));
    }
    ions
}

fn ion_formula(molecule: &Formula, species: &Species) -> Option<Formula> {
    let parsed = |text: Option<&str>| text.and_then(|text| text.parse::<Formula>().ok());
    let (gained, lost) = (parsed(species.gained), parsed(species.lost));
    let parts: Vec<(i32, &Formula)> = std::iter::once((species.molecules, molecule))
        .chain(gained.as_ref().map(|formula| (1, formula)))
        .chain(lost.as_ref().map(|formula| (-1, formula)))
        .collect();
    Formula::sum(&parts)
}

/// Fragments of the first species that form before MS1, the more likely the higher they are in its
/// spectrum.
fn draw_in_source(first: &DrawnIon, polarity: Polarity, rng: &mut ChaCha8Rng) -> Vec<DrawnIon> {
    let mut fragments: Vec<&Product> = first
        .products
        .iter()
        .skip(1)
        .filter(|product| ion_mz(product.formula.mass(), 1, polarity) > LEAST_IN_SOURCE)
        .collect();
    fragments.sort_by(|a, b| b.share.total_cmp(&a.share));
    fragments.truncate(rng.random_range(IN_SOURCE[0]..=IN_SOURCE[1]));
    let mut ions = Vec::new();
    for fragment in fragments {
        let Some(loss) = Formula::sum(&[(1, &first.formula), (-1, &fragment.formula)]) else {
            continue;
        };
        let smaller: Vec<Product> = first
            .products
            .iter()
            .filter(|product| {
                Formula::sum(&[(1, &fragment.formula), (-1, &product.formula)]).is_some()
            })
            .cloned()
            .collect();
        let rest: f64 = smaller.iter().map(|product| product.share).sum();
        let share = if rest > 0.0 { rest * INTACT_IN_SOURCE } else { 1.0 };
        let intact = Product { formula: fragment.formula.clone(), share };
        let (molecule, end) = first.adduct.split_once(']').unwrap_or((&first.adduct, ""));
        ions.push(DrawnIon {
            adduct: format!("{molecule}-{loss}]{end}"),
            relation: Relation::InSource,
            formula: fragment.formula.clone(),
            height: log_uniform(IN_SOURCE_HEIGHT, rng),
            products: normalised(std::iter::once(intact).chain(smaller).collect()),
        });
    }
    ions
}

fn log_uniform([low, high]: [f64; 2], rng: &mut ChaCha8Rng) -> f64 {
    uniform([low.ln(), high.ln()], rng).exp()
}

#[cfg(test)]
mod tests {
    use cofactor_chem::Adduct;
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_species_has_the_mass_of_its_name() {
        let molecule: Formula = "C14H11Cl2NO2".parse().unwrap();
        for (polarity, table) in [(Polarity::Positive, &CATIONS[..]), (Polarity::Negative, &ANIONS)]
        {
            for species in table {
                let adduct: Adduct = species.name.parse().unwrap();
                let formula = ion_formula(&molecule, species).unwrap();
                let mz = ion_mz(formula.mass(), 1, polarity);
                assert!((mz - adduct.mz(molecule.mass())).abs() < 1e-9, "{}", species.name);
            }
        }
    }

    #[test]
    fn names_of_ions_say_their_mass() {
        let molecule: Formula = "C22H23ClN6O".parse().unwrap();
        for (seed, polarity) in (0..40).flat_map(|seed| {
            [Polarity::Positive, Polarity::Negative].map(|polarity| (seed, polarity))
        }) {
            let knobs = Molecules { polarity, in_source: 1.0, ..Molecules::default() };
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let ions = draw_ions(&molecule, &knobs, [4, 14], 50.0, &mut rng);
            assert!(ions.iter().any(|ion| ion.relation == Relation::InSource));
            for ion in ions {
                let adduct: Adduct = ion.adduct.parse().unwrap();
                let mz = ion_mz(ion.formula.mass(), 1, polarity);
                assert!((adduct.mz(molecule.mass()) - mz).abs() < 1e-9, "{}", ion.adduct);
                let sum: f64 = ion.products.iter().map(|product| product.share).sum();
                assert!((sum - 1.0).abs() < 1e-9, "{}", ion.adduct);
            }
        }
    }
}
