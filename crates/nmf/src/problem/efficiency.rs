//! How much of each atom a level shows, in each of its parts.

use ndarray::{Array1, Array2, Axis, concatenate};

/// Efficiencies of the atoms of a level. Its columns may be of several parts (windows, runs), each
/// of which shows more or less of an atom, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Efficiency {
    /// Where they start, K × R, finite and not negative. What is 0 stays so: the part does not see
    /// the atom.
    pub start: Array2<f64>,
    /// What each is expected to be, K × R, finite and positive …
    pub expected: Array2<f64>,
    /// … and standard deviation of its natural logarithm around that of what is expected, K × R: 0
    /// holds it where it starts, infinity leaves it free.
    pub spread: Array2<f64>,
    /// The part that each column is of, T; empty where there is one part.
    pub parts: Vec<usize>,
}

impl Efficiency {
    /// Of so many atoms in one part: 1, and held.
    pub fn held(atoms: usize) -> Self {
        Self::of_parts(atoms, 1, Vec::new())
    }

    /// Of so many atoms in one part: free, beginning at these values (K).
    pub fn free(start: Array1<f64>) -> Self {
        let mut efficiency = Self::held(start.len());
        efficiency.start.column_mut(0).assign(&start);
        efficiency.spread.fill(f64::INFINITY);
        efficiency
    }

    /// Of so many atoms in so many parts, columns being of these: 1, and held.
    pub fn of_parts(atoms: usize, count: usize, parts: Vec<usize>) -> Self {
        let size = (atoms, count);
        let (start, expected) = (Array2::ones(size), Array2::ones(size));
        Self { start, expected, spread: Array2::zeros(size), parts }
    }

    /// Whether all of them are held.
    pub fn is_held(&self) -> bool {
        self.spread.iter().all(|spread| *spread == 0.0)
    }

    /// The part that a column is of.
    pub fn part_of(&self, column: usize) -> usize {
        self.parts.get(column).copied().unwrap_or(0)
    }

    /// Multiplies the rows of `rows` (K × T), those of the atoms, by efficiencies `values` (K × R).
    pub fn multiply(&self, values: &Array2<f64>, rows: &mut Array2<f64>) {
        for ((k, t), value) in rows.indexed_iter_mut().filter(|(_, value)| **value != 0.0) {
            *value *= values[(k, self.part_of(t))];
        }
    }

    /// Adds an atom: 1 in all parts, and held.
    pub(crate) fn add_atom(&mut self) {
        for (array, value) in
            [(&mut self.start, 1.0), (&mut self.expected, 1.0), (&mut self.spread, 0.0)]
        {
            let row = Array2::from_elem((1, array.ncols()), value);
            let longer = concatenate(Axis(0), &[array.view(), row.view()]);
            *array = longer.expect("a row has as many columns as there are parts");
        }
    }

    /// Leaves these atoms, in this order.
    pub(crate) fn select_atoms(&mut self, atoms: &[usize]) {
        for array in [&mut self.start, &mut self.expected, &mut self.spread] {
            *array = array.select(Axis(0), atoms);
        }
    }

    /// What the log-normal prior costs at `values` (K × R).
    pub(crate) fn cost(&self, values: &Array2<f64>) -> f64 {
        let priors = self.expected.iter().zip(&self.spread);
        let drawn =
            values.iter().zip(priors).filter(|(e, (_, s))| **e > 0.0 && **s > 0.0 && s.is_finite());
        drawn.map(|(e, (expected, s))| 0.5 * ((e / expected).ln() / s).powi(2)).sum()
    }

    /// The efficiency of an atom in a part that minimises `a e − b ln e` and the prior's cost.
    pub(crate) fn best(&self, at: (usize, usize), a: f64, b: f64) -> Option<f64> {
        let (expected, spread) = (self.expected[at], self.spread[at]);
        if spread == 0.0 || a <= 0.0 || b <= 0.0 {
            return None;
        }
        if !spread.is_finite() {
            return Some(b / a);
        }
        let precision = spread.powi(-2);
        let (mut low, mut high) = if b / a < expected {
            ((b / a).ln(), expected.ln())
        } else {
            (expected.ln(), (b / a).ln())
        };
        // The slope in x = ln e rises with x: Newton steps, halving where one leaves the bracket.
        let mut x = 0.5 * (low + high);
        for _ in 0..STEPS {
            let slope = a * x.exp() - b + precision * (x - expected.ln());
            if slope > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let next = x - slope / (a * x.exp() + precision);
            x = if (low..=high).contains(&next) { next } else { 0.5 * (low + high) };
        }
        Some(x.exp())
    }
}

/// Steps of [`Efficiency::best`]: Newton's double the digits each.
const STEPS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_drawn_from_what_is_seen_to_what_is_expected() {
        let mut efficiency = Efficiency::held(1);
        let at = (0, 0);
        assert_eq!(efficiency.best(at, 10.0, 20.0), None);
        efficiency.spread[at] = f64::INFINITY;
        assert_eq!(efficiency.best(at, 10.0, 20.0), Some(2.0));
        efficiency.spread[at] = 0.1;
        efficiency.expected[at] = 1.5;
        for (a, b) in [(1.0, 2.0), (1e4, 2e4), (1e-3, 1.0), (50.0, 3.0), (1e6, 1.0)] {
            let cost = |e: f64| a * e - b * e.ln() + efficiency.cost(&Array2::from_elem((1, 1), e));
            let best = efficiency.best(at, a, b).unwrap();
            for factor in [0.99, 0.999, 1.001, 1.01] {
                assert!(cost(best) <= cost(factor * best), "{a} {b}: {best}");
            }
        }
        let weak = efficiency.best(at, 1.0, 2.0).unwrap();
        let strong = efficiency.best(at, 1e4, 2e4).unwrap();
        assert!(weak < 1.52 && (strong - 2.0).abs() < 0.02, "{weak} {strong}");
    }
}
