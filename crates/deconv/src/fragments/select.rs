//! Which atoms a fragment trace needs.
//!
//! Where elutions overlap, a trace of one precursor is explained almost as well by several of its
//! neighbours together, and the joint fit spreads it over all of them. What is wanted is the fewest
//! atoms that explain it: the set S with the least `F(S) + least · |S|`, sought stepwise. The atom
//! that lowers F most is added as long as it is worth `least`; after each addition those that are
//! no longer worth it are taken out again.

use cofactor_nmf::{LevelView, RowBasis, RowProblem};
use ndarray::Array1;

use crate::tuning::ROW_FIT;

/// Atoms that are tried at each addition: those that would lower F most with all others held.
const TRIED: usize = 6;

/// A row with the atoms that it needs.
pub(crate) struct Selected {
    /// Coefficient of each atom; 0 for those that it does not need.
    pub(crate) coefficients: Vec<f64>,
    /// Log-likelihood that each atom is worth: what F rises by without it, the others fitted again.
    pub(crate) evidence: Vec<f64>,
}

/// What an atom is to a row.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Part {
    /// Always there, and never reported.
    Background,
    /// Always there: the row is at the m/z of the precursor itself, whose rest a window lets
    /// through.
    Expected,
    /// There if it is worth its price.
    Possible,
}

/// Selects the atoms of row `m` of the level of `view` on `basis`, the sampled activations (K × T);
/// `full` (K) are the coefficients without selection, `parts` (K) says what each atom is to the
/// row.
pub(crate) fn select(
    view: LevelView,
    m: usize,
    basis: &RowBasis,
    full: &[f64],
    parts: &[Part],
    least: f64,
) -> Selected {
    let row = OneRow { view, m, basis, problem: RowProblem::new(view, m, basis) };
    let (open, always): (Vec<usize>, Vec<usize>) = (0..full.len())
        .filter(|&k| view.dictionary.support[(m, k)])
        .partition(|&k| parts[k] == Part::Possible);
    let bound = row.fit((0..full.len()).filter(|&k| full[k] > 0.0).collect(), full).objective;
    let mut now = row.fit(always, full);
    let mut evidence = row.prune(&mut now, parts, least);
    // Each addition and removal lowers what is sought, but for rounding.
    for _ in 0..2 * open.len() {
        if now.objective - bound < least {
            break;
        }
        let tried = row
            .promising(&open, &now)
            .into_iter()
            .map(|k| row.fit(with(&now.atoms, k), &now.coefficients));
        match tried.min_by(|a, b| a.objective.total_cmp(&b.objective)) {
            Some(better) if now.objective - better.objective >= least => now = better,
            _ => break,
        }
        evidence = row.prune(&mut now, parts, least);
    }
    Selected { coefficients: now.coefficients, evidence }
}

fn with(atoms: &[usize], k: usize) -> Vec<usize> {
    atoms.iter().copied().chain([k]).collect()
}

fn without(atoms: &[usize], k: usize) -> Vec<usize> {
    atoms.iter().copied().filter(|&a| a != k).collect()
}

/// A row fitted with some of the atoms.
struct Fit {
    atoms: Vec<usize>,
    /// Of all atoms, K.
    coefficients: Vec<f64>,
    objective: f64,
}

/// One row of a level.
struct OneRow<'a> {
    view: LevelView<'a>,
    m: usize,
    basis: &'a RowBasis,
    problem: RowProblem<'a>,
}

impl OneRow<'_> {
    fn fit(&self, atoms: Vec<usize>, start: &[f64]) -> Fit {
        let mut allowed = vec![false; start.len()];
        atoms.iter().for_each(|&k| allowed[k] = true);
        let fit = self.problem.fit(&allowed, start, ROW_FIT.0, ROW_FIT.1);
        Fit { atoms, coefficients: fit.coefficients, objective: fit.objective }
    }

    /// Takes possible atoms out of `now` that are not worth `least`, the one that is missed least
    /// first. Returns what each of those that are left, and of the expected ones, is worth.
    fn prune(&self, now: &mut Fit, parts: &[Part], least: f64) -> Vec<f64> {
        loop {
            let mut evidence = vec![0.0; parts.len()];
            let mut least_missed: Option<Fit> = None;
            for k in now
                .atoms
                .iter()
                .copied()
                .filter(|&k| parts[k] != Part::Background && now.coefficients[k] > 0.0)
            {
                let other = self.fit(without(&now.atoms, k), &now.coefficients);
                evidence[k] = other.objective - now.objective;
                let less =
                    least_missed.as_ref().is_none_or(|least| other.objective < least.objective);
                if parts[k] == Part::Possible && less {
                    least_missed = Some(other);
                }
            }
            match least_missed {
                Some(other) if other.objective - now.objective < least => *now = other,
                _ => return evidence,
            }
        }
    }

    /// The [`TRIED`] atoms of `open` that would lower F most with all others held.
    fn promising(&self, open: &[usize], now: &Fit) -> Vec<usize> {
        let activations = self.basis.activations();
        let mut model = Array1::zeros(activations.ncols());
        for &k in &now.atoms {
            model.scaled_add(now.coefficients[k], &activations.row(k));
        }
        let candidates = open.iter().filter(|k| !now.atoms.contains(k));
        let mut gains: Vec<(f64, usize)> = candidates
            .map(|&k| (self.gain_alone(&model, k), k))
            .filter(|(gain, _)| *gain > 0.0)
            .collect();
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        gains.into_iter().take(TRIED).map(|(_, k)| k).collect()
    }

    /// What F falls by, at least, when atom `k` joins `model`, the others held. Along its
    /// coefficient the slope is a − φ, and φ lies above the hyperbola through its value and bend at
    /// 0, as 1/φ is concave: the gain is at least that of the hyperbola's own minimum.
    fn gain_alone(&self, model: &Array1<f64>, k: usize) -> f64 {
        let (mut mass, mut slope, mut bend) = (self.view.dictionary.costs[k], 0.0, 0.0);
        for (t, (&s, y)) in self
            .basis
            .activations()
            .row(k)
            .iter()
            .zip(model)
            .enumerate()
            .filter(|(_, (s, _))| **s > 0.0)
        {
            let cell = self.view.level.cells.at(self.m, t);
            let y = y.max(f64::MIN_POSITIVE);
            let pull =
                cell.weight * s * if cell.censored { cell.value.min(y) } else { cell.value } / y;
            mass += cell.weight * s;
            slope += pull;
            bend += pull * s / y;
        }
        if slope <= mass {
            0.0
        } else {
            slope * (slope / bend) * ((slope / mass).ln() - 1.0 + mass / slope)
        }
    }
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Dense, Dictionary, Level};
    use ndarray::Array2;

    use super::*;

    const LEAST: f64 = 5.0;

    fn bell(apex: f64) -> Array1<f64> {
        Array1::from_shape_fn(24, |t| (-0.5 * ((t as f64 - apex) / 3.0).powi(2)).exp())
    }

    /// Bells at `apexes`, then a constant background.
    fn basis(apexes: &[f64]) -> RowBasis {
        let mut basis = Array2::ones((apexes.len() + 1, 24));
        apexes.iter().enumerate().for_each(|(k, apex)| basis.row_mut(k).assign(&bell(*apex)));
        RowBasis::new(basis)
    }

    /// A row of ion counts that scatter by a fixed pattern of about their standard deviation; none
    /// is seen below 4.
    fn row(basis: &RowBasis, heights: &[f64]) -> (Level, Dictionary) {
        let mean = Array1::from_iter(heights.iter().copied()).dot(basis.activations());
        let scatter = |t: usize| ((t * t * 7 + t * 3) % 11) as f64 / 5.0 - 1.0;
        let value = |t: usize| mean[t] + scatter(t) * mean[t].sqrt();
        let level = Level::new(
            Dense {
                data: Array2::from_shape_fn((1, 24), |(_, t)| value(t).max(4.0)),
                weight: Array2::ones((1, 24)),
                censored: Array2::from_shape_fn((1, 24), |(_, t)| value(t) < 4.0),
            },
            heights.len(),
        );
        (level, Dictionary::full(1, heights.len()))
    }

    fn view((level, dictionary): &(Level, Dictionary)) -> LevelView<'_> {
        LevelView { level, dictionary }
    }

    fn one_row<'a>(view: LevelView<'a>, basis: &'a RowBasis) -> OneRow<'a> {
        OneRow { view, m: 0, basis, problem: RowProblem::new(view, 0, basis) }
    }

    fn possible(atoms: usize) -> Vec<Part> {
        (0..atoms).map(|k| if k + 1 < atoms { Part::Possible } else { Part::Background }).collect()
    }

    fn selection(view: LevelView, basis: &RowBasis, parts: &[Part]) -> (Vec<usize>, Selected) {
        let atoms = basis.activations().nrows();
        let full = one_row(view, basis).fit((0..atoms).collect(), &vec![1.0; atoms]).coefficients;
        let selected = select(view, 0, basis, &full, parts, LEAST);
        let there = (0..atoms - 1).filter(|&k| selected.coefficients[k] > 0.0).collect();
        (there, selected)
    }

    #[test]
    fn a_trace_that_neighbours_could_share_is_given_to_its_one_precursor() {
        let basis = basis(&[9.5, 10.3, 11.0, 11.7, 12.5]);
        let line = row(&basis, &[0.0, 0.0, 200.0, 0.0, 0.0, 5.0]);
        let (there, selected) =
            selection(view(&line), &basis, &possible(basis.activations().nrows()));
        assert_eq!(there, [2]);
        assert!(
            selected.evidence[2] > 100.0 && (selected.coefficients[2] / 200.0 - 1.0).abs() < 0.1
        );
    }

    #[test]
    fn background_alone_needs_no_atom() {
        let basis = basis(&[8.0, 14.0]);
        let line = row(&basis, &[0.0, 0.0, 30.0]);
        assert!(selection(view(&line), &basis, &possible(3)).0.is_empty());
    }

    #[test]
    fn the_rest_of_a_precursor_is_given_to_it_though_a_neighbour_fits_a_little_better() {
        let basis = basis(&[10.6, 11.0]);
        let line = row(&basis, &[0.0, 25.0, 2.0]);
        assert_eq!(selection(view(&line), &basis, &possible(3)).0.len(), 1);
        let expected = [Part::Expected, Part::Possible, Part::Background];
        let (there, selected) = selection(view(&line), &basis, &expected);
        assert!(there == [0] && selected.evidence[0] >= LEAST, "{there:?} {:?}", selected.evidence);
    }

    #[test]
    fn the_set_is_the_best_of_all() {
        let basis = basis(&[6.0, 9.0, 12.0, 16.0]);
        for heights in [
            [80.0, 0.0, 0.0, 0.0, 3.0],
            [80.0, 0.0, 50.0, 0.0, 3.0],
            [0.0, 90.0, 0.0, 300.0, 0.0],
            [60.0, 200.0, 0.0, 90.0, 8.0],
        ] {
            let line = row(&basis, &heights);
            let of = |set: u32| -> Vec<usize> { (0..4).filter(|k| set & (1 << k) != 0).collect() };
            let price = |set: u32| {
                let fit = one_row(view(&line), &basis).fit(with(&of(set), 4), &[1.0; 5]);
                fit.objective + LEAST * f64::from(set.count_ones())
            };
            let best = (0..16).min_by(|&a, &b| price(a).total_cmp(&price(b)));
            assert_eq!(
                Some(selection(view(&line), &basis, &possible(basis.activations().nrows())).0),
                best.map(of),
                "{heights:?}"
            );
        }
    }

    #[test]
    fn an_addition_gains_at_least_what_was_promised() {
        for (first, second, apex) in
            [(0.0, 50.0, 8.0), (100.0, 20.0, 11.0), (300.0, 250.0, 10.2), (40.0, 0.0, 14.0)]
        {
            let basis = basis(&[10.0, apex]);
            let line = row(&basis, &[first, second, 3.0]);
            let one = one_row(view(&line), &basis);
            let now = one.fit(vec![0, 2], &[1.0; 3]);
            let model =
                Array1::from_iter(now.coefficients.iter().copied()).dot(basis.activations());
            let gained = now.objective - one.fit(vec![0, 1, 2], &now.coefficients).objective;
            let promised = one.gain_alone(&model, 1);
            assert!(promised <= gained + 1e-3, "{promised} of {gained} for {first}, {second}");
            assert!(second < 20.0 || promised > 0.0);
        }
    }
}
