//! The atoms of an ion, and the fragments that can be made of them.

use cofactor_chem::Formula;

use crate::tuning::SPARE_HYDROGEN;

/// How many there are of each element of an ion, in the order of its [`Atoms`].
pub(super) type Counts = Vec<u32>;

/// The atoms of an ion: hydrogen last, carbon before it.
#[derive(Debug)]
pub(super) struct Atoms {
    symbols: Vec<&'static str>,
    /// Masses of one atom, Da.
    masses: Vec<f64>,
    /// Mass of all atoms from each place on, Da.
    reach: Vec<f64>,
    counts: Counts,
}

/// A search for the fragment of a mass.
struct Search {
    /// Da.
    tolerance: f64,
    /// The atoms that are taken so far.
    taken: Counts,
    /// The best fragment with its error, Da.
    best: Option<(f64, Counts)>,
}

impl Atoms {
    /// The atoms of a formula without isotopes.
    pub(super) fn new(formula: &Formula) -> Self {
        let mut elements: Vec<_> = formula.atoms().map(|(symbol, _, n)| (symbol, n)).collect();
        elements.sort_by_key(|(symbol, _)| (*symbol == "H", *symbol == "C", *symbol));
        let mass = |symbol| Formula::from_counts([(symbol, 1)]).map_or(0.0, |atom| atom.mass());
        let masses: Vec<f64> = elements.iter().map(|(symbol, _)| mass(*symbol)).collect();
        let mut reach = vec![0.0; elements.len()];
        let mut sum = 0.0;
        for (place, (_, n)) in elements.iter().enumerate().rev() {
            sum += f64::from(*n) * masses[place];
            reach[place] = sum;
        }
        let (symbols, counts) = elements.into_iter().unzip();
        Self { symbols, masses, reach, counts }
    }

    /// All atoms: the ion itself.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Symbols of the elements that `counts` has, with how many.
    pub(super) fn named(&self, counts: &[u32]) -> Vec<(&'static str, u32)> {
        let named = self.symbols.iter().copied().zip(counts.iter().copied());
        named.filter(|(_, n)| *n > 0).collect()
    }

    /// The fragment whose atoms weigh `mass`, Da, most nearly, within `tolerance`, Da.
    pub(super) fn fragment(&self, mass: f64, tolerance: f64) -> Option<Counts> {
        let mut search = Search { tolerance, taken: vec![0; self.counts.len()], best: None };
        self.search(0, mass, &mut search);
        search.best.map(|(_, counts)| counts)
    }

    /// Takes atoms from `place` on that weigh `rest`, as many of each element as leave what the
    /// elements behind it can reach.
    fn search(&self, place: usize, rest: f64, search: &mut Search) {
        let Some(&atom) = self.masses.get(place) else {
            let error = rest.abs();
            let is_better = search.best.as_ref().is_none_or(|(best, _)| error < *best);
            if error <= search.tolerance && is_better {
                search.best = Some((error, search.taken.clone()));
            }
            return;
        };
        let behind = self.reach.get(place + 1).copied().unwrap_or(0.0);
        let fewest = ((rest - search.tolerance - behind) / atom).ceil().max(0.0) as u32;
        let most = ((rest + search.tolerance) / atom).floor().max(0.0) as u32;
        for n in fewest..=most.min(self.most(place, &search.taken)) {
            search.taken[place] = n;
            self.search(place + 1, rest - f64::from(n) * atom, search);
        }
        search.taken[place] = 0;
    }

    /// Most atoms of an element beside those that are `taken`: hydrogen as far as these bind it.
    fn most(&self, place: usize, taken: &[u32]) -> u32 {
        if self.symbols[place] != "H" {
            return self.counts[place];
        }
        let bound = self.symbols.iter().zip(taken).map(|(symbol, n)| n * binds(symbol));
        self.counts[place].min(bound.sum::<u32>() + SPARE_HYDROGEN)
    }
}

/// Atoms of hydrogen that an atom of a chain holds.
fn binds(symbol: &str) -> u32 {
    match symbol {
        "C" | "Si" => 2,
        "N" | "P" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(ion: &str, mass: f64, tolerance: f64) -> Option<String> {
        let atoms = Atoms::new(&ion.parse().unwrap());
        let counts = atoms.fragment(mass, tolerance)?;
        let named = atoms.named(&counts).into_iter().map(|(symbol, n)| (symbol, i64::from(n)));
        Formula::from_counts(named).map(|formula| formula.to_string())
    }

    #[test]
    fn the_nearest_fragment_of_the_atoms_is_found() {
        for (ion, mass, tolerance, expected) in [
            ("C2H7O", 47.0497, 0.001, Some("C2H7O")),
            ("C2H7O", 29.0391, 0.001, Some("C2H5")),
            ("C2H7O", 30.0464, 0.001, Some("C2H6")),
            ("C2H7O", 31.0300, 0.001, None),
            // N2 and CO are 11 mDa apart, and there is one N.
            ("C3H8NO", 28.0061, 0.02, Some("CO")),
            ("C3H8N2O", 28.0061, 0.02, Some("N2")),
            // One atom of carbon holds six of hydrogen at most.
            ("C9H12", 18.0469, 0.001, Some("CH6")),
            ("C9H12", 19.0548, 0.001, None),
            ("H2O", 18.0106, 0.001, Some("H2O")),
        ] {
            assert_eq!(fragment(ion, mass, tolerance).as_deref(), expected, "{ion} {mass}");
        }
    }

    #[test]
    fn large_ions_are_searched_by_what_their_atoms_can_reach() {
        let formula = "C76H53O46".parse::<Formula>().unwrap();
        let atoms = Atoms::new(&formula);
        assert_eq!(atoms.fragment(formula.mass(), 1e-4).as_ref(), Some(atoms.counts()));
        assert_eq!(fragment("C76H53O46", 153.0188, 0.001).as_deref(), Some("C7H5O4"));
    }
}
