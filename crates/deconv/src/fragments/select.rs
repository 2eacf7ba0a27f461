//! Which atoms a fragment trace needs.
//!
//! Where elutions overlap, a trace of one precursor is explained almost as well by several of its
//! neighbours together, and the joint fit spreads it over all of them. What is wanted is the fewest
//! atoms that explain it: the set S with the least `F(S)` and prices of its atoms, sought stepwise.
//! The atom that lowers the sum most is added as long as it is worth its price; after each addition
//! those that are no longer worth it are taken out again.

use cofactor_nmf::{LevelView, RowBasis, RowFit, RowProblem};

use crate::fragments::known::Fits;
use crate::fragments::prices::Prices;
use crate::index::AtomIx;
use crate::tuning::{ADDITIONS_TRIED, LEAST_MODEL, LEAST_PRICE, ROW_FIT};

/// A row with the atoms that it needs.
#[derive(Clone)]
pub(crate) struct Selected {
    /// Coefficient of each atom; 0 for those that it does not need, and for an idle background.
    pub(crate) coefficients: Vec<f64>,
    /// The same where the background has all that it can.
    pub(crate) beside_background: Vec<f64>,
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
/// row. `fits` are those of the row so far.
pub(crate) fn select(
    (view, m): (LevelView, usize),
    basis: &RowBasis,
    full: &[f64],
    parts: &[Part],
    prices: &Prices,
    fits: &Fits,
) -> Selected {
    let problem = RowProblem::new(view, m, basis);
    let row = RowSelection { view, m, basis, problem, prices, fits };
    let atoms = || (0..full.len()).map(AtomIx);
    let (open, always): (Vec<AtomIx>, Vec<AtomIx>) = atoms()
        .filter(|atom| view.dictionary.support[(m, atom.0)])
        .partition(|atom| parts[atom.0] == Part::Possible);
    let bound = row.fit(atoms().filter(|atom| full[atom.0] > 0.0).collect(), full).objective;
    let (fit, evidence) = row.grown(row.fit(always, full), &open, parts, bound);
    let beside_background = fit.coefficients.clone();
    let coefficients = row.without_idle_background(fit, parts).coefficients;
    Selected { coefficients, beside_background, evidence }
}

/// The fewest atoms that explain a row beside those that are there at any rate.
pub(crate) struct Needed {
    /// Which atoms may be there then, K.
    pub(crate) allowed: Vec<bool>,
    /// Coefficient of each atom, K.
    pub(crate) coefficients: Vec<f64>,
    /// F, and what the atoms are to be worth.
    pub(crate) cost: f64,
    /// The latter alone.
    pub(crate) paid: f64,
}

/// The fewest of the atoms `possible` (K) that row `m` needs beside those that are there `always`
/// (K); `full` (K) are the coefficients with all of both.
pub(crate) fn fewest(
    view: LevelView,
    m: usize,
    basis: &RowBasis,
    full: &RowFit,
    [always, possible]: [&[bool]; 2],
    prices: &Prices,
) -> Needed {
    let (problem, fits) = (RowProblem::new(view, m, basis), Fits::default());
    let row = RowSelection { view, m, basis, problem, prices, fits: &fits };
    let which = |wanted: &[bool]| -> Vec<AtomIx> {
        (0..wanted.len()).filter(|&k| wanted[k]).map(AtomIx).collect()
    };
    let part = |&k: &bool| if k { Part::Possible } else { Part::Background };
    let parts: Vec<Part> = possible.iter().map(part).collect();
    let start = row.fit(which(always), &full.coefficients);
    let fit = row.grown(start, &which(possible), &parts, full.objective).0;
    let bought = fit.atoms.iter().filter(|atom| possible[atom.0]);
    let paid = bought.map(|&atom| prices.price(atom, fit.coefficients[atom.0])).sum();
    let mut allowed = vec![false; possible.len()];
    fit.atoms.iter().for_each(|atom| allowed[atom.0] = true);
    Needed { allowed, cost: fit.objective + paid, coefficients: fit.coefficients, paid }
}

fn with(atoms: &[AtomIx], added: AtomIx) -> Vec<AtomIx> {
    atoms.iter().copied().chain([added]).collect()
}

fn without(atoms: &[AtomIx], removed: AtomIx) -> Vec<AtomIx> {
    atoms.iter().copied().filter(|&atom| atom != removed).collect()
}

/// A row fitted with some of the atoms.
struct Fit {
    /// Ascending.
    atoms: Vec<AtomIx>,
    /// Of all atoms, K.
    coefficients: Vec<f64>,
    objective: f64,
}

/// The cells of a row under a model, y, in whole lanes.
struct ModelledCells {
    weight: Vec<f64>,
    /// `w x / y` with the datum that counts.
    pull: Vec<f64>,
    /// `w x / y²`.
    bend: Vec<f64>,
}

/// A row of a level whose atoms are selected.
struct RowSelection<'a> {
    view: LevelView<'a>,
    m: usize,
    basis: &'a RowBasis,
    problem: RowProblem<'a>,
    /// What each atom has to be worth.
    prices: &'a Prices,
    fits: &'a Fits,
}

impl RowSelection<'_> {
    fn fit(&self, mut atoms: Vec<AtomIx>, start: &[f64]) -> Fit {
        atoms.sort_unstable();
        let mut coefficients = vec![0.0; start.len()];
        if let Some(objective) = self.fits.read(&atoms, &mut coefficients) {
            return Fit { atoms, coefficients, objective };
        }
        let mut allowed = vec![false; start.len()];
        atoms.iter().for_each(|atom| allowed[atom.0] = true);
        let fit = self.problem.fit(&allowed, start, ROW_FIT.cycles, ROW_FIT.tolerance);
        self.fits.keep(&atoms, &fit);
        Fit { atoms, coefficients: fit.coefficients, objective: fit.objective }
    }

    /// `fit` with atoms of `open` besides, as long as one is worth its price; `bound` is the least
    /// F with all of them. Also what each atom that is there is worth.
    fn grown(&self, mut fit: Fit, open: &[AtomIx], parts: &[Part], bound: f64) -> (Fit, Vec<f64>) {
        let mut evidence = self.prune(&mut fit, parts);
        // Each addition and removal lowers what is sought, but for rounding.
        for _ in 0..2 * open.len() {
            if fit.objective - bound < LEAST_PRICE {
                break;
            }
            let tried = self.promising(open, &fit).into_iter().map(|atom| {
                let more = self.fit(with(&fit.atoms, atom), &fit.coefficients);
                (more.objective + self.prices.price(atom, more.coefficients[atom.0]), more)
            });
            match tried.min_by(|a, b| a.0.total_cmp(&b.0)) {
                Some((sum, better)) if sum <= fit.objective => fit = better,
                _ => break,
            }
            evidence = self.prune(&mut fit, parts);
        }
        (fit, evidence)
    }

    /// Takes possible atoms out of `fit` that are not worth `least`, the one that is missed least
    /// first. Returns what each of those that stay, and of the expected ones, is worth.
    fn prune(&self, fit: &mut Fit, parts: &[Part]) -> Vec<f64> {
        loop {
            let mut evidence = vec![0.0; parts.len()];
            let mut least_missed: Option<(f64, Fit)> = None;
            for &atom in &fit.atoms {
                if parts[atom.0] == Part::Background || fit.coefficients[atom.0] <= 0.0 {
                    continue;
                }
                let reduced = self.fit(without(&fit.atoms, atom), &fit.coefficients);
                evidence[atom.0] = reduced.objective - fit.objective;
                let gain = reduced.objective
                    - fit.objective
                    - self.prices.price(atom, fit.coefficients[atom.0]);
                let less = least_missed.as_ref().is_none_or(|(least, _)| gain < *least);
                if parts[atom.0] == Part::Possible && less {
                    least_missed = Some((gain, reduced));
                }
            }
            match least_missed {
                Some((gain, reduced)) if gain < 0.0 => *fit = reduced,
                _ => return evidence,
            }
        }
    }

    /// The fit without its background where that is not worth ½ ln T an atom: most of a weak
    /// fragment is below the limit, where a background costs nothing and would take a part of it.
    fn without_idle_background(&self, fit: Fit, parts: &[Part]) -> Fit {
        let is_background = |atom: &&AtomIx| parts[atom.0] == Part::Background;
        let idle = fit.atoms.iter().filter(is_background);
        let count = idle.filter(|atom| fit.coefficients[atom.0] > 0.0).count();
        let owners = fit.atoms.iter().filter(|atom| !is_background(atom));
        let owners: Vec<AtomIx> = owners.copied().collect();
        if count == 0 || !owners.iter().any(|atom| fit.coefficients[atom.0] > 0.0) {
            return fit;
        }
        let scans = self.view.level.cells.dim().1 as f64;
        let plain = self.fit(owners, &fit.coefficients);
        let price = 0.5 * count as f64 * scans.ln();
        if plain.objective <= fit.objective + price { plain } else { fit }
    }

    /// The atoms of `open` to try: those that would lower F most with all others held.
    fn promising(&self, open: &[AtomIx], fit: &Fit) -> Vec<AtomIx> {
        let cells = self.cells(&self.basis.model(&fit.coefficients));
        let candidates = open.iter().filter(|atom| !fit.atoms.contains(atom));
        let mut gains: Vec<(f64, AtomIx)> = candidates
            .map(|&atom| (self.gain_alone(&cells, atom), atom))
            .filter(|(gain, _)| *gain > 0.0)
            .map(|(gain, atom)| (gain - self.prices.price(atom, 0.0), atom))
            .collect();
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        gains.into_iter().take(ADDITIONS_TRIED).map(|(_, atom)| atom).collect()
    }

    fn cells(&self, model: &[f64]) -> ModelledCells {
        let zeros = || vec![0.0; self.basis.padded()];
        let mut out = ModelledCells { weight: zeros(), pull: zeros(), bend: zeros() };
        for (t, y) in model.iter().enumerate() {
            let cell = self.view.level.cells.at(self.m, t);
            let model = y.max(LEAST_MODEL * cell.value).max(f64::MIN_POSITIVE);
            let value = if cell.censored { cell.value.min(model) } else { cell.value };
            out.weight[t] = cell.weight;
            out.pull[t] = cell.weight * value / model;
            out.bend[t] = out.pull[t] / model;
        }
        out
    }

    /// What F falls by, at least, when an atom joins the model of `cells`, the others held. Along
    /// its coefficient the slope is a − φ, and φ lies above the hyperbola through its value and
    /// bend at 0, as 1/φ is concave: the gain is at least that of the hyperbola's own minimum.
    fn gain_alone(&self, cells: &ModelledCells, atom: AtomIx) -> f64 {
        let ModelledCells { weight, pull, bend } = cells;
        let [shown, slope, bend] = self.basis.moments(atom.0, [weight, pull, bend]);
        let mass = self.view.dictionary.costs[atom.0] + shown;
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
    use ndarray::{Array1, Array2};

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

    fn selection_of<'a>(view: LevelView<'a>, basis: &'a RowBasis) -> RowSelection<'a> {
        RowSelection {
            view,
            m: 0,
            basis,
            problem: RowProblem::new(view, 0, basis),
            prices: Box::leak(Box::new(Prices::flat(LEAST, 8))),
            fits: Box::leak(Box::default()),
        }
    }

    fn possible(atoms: usize) -> Vec<Part> {
        (0..atoms).map(|k| if k + 1 < atoms { Part::Possible } else { Part::Background }).collect()
    }

    fn positions(atoms: &[usize]) -> Vec<AtomIx> {
        atoms.iter().copied().map(AtomIx).collect()
    }

    /// The atoms that a row gets, but for the background, and the selection.
    fn selection(view: LevelView, basis: &RowBasis, parts: &[Part]) -> (Vec<usize>, Selected) {
        let atoms = basis.activations().nrows();
        let start = vec![1.0; atoms];
        let full = selection_of(view, basis).fit((0..atoms).map(AtomIx).collect(), &start);
        let prices = Prices::flat(LEAST, atoms);
        let selected =
            select((view, 0), basis, &full.coefficients, parts, &prices, &Fits::default());
        let present = (0..atoms - 1).filter(|&k| selected.coefficients[k] > 0.0).collect();
        (present, selected)
    }

    #[test]
    fn a_trace_that_neighbours_could_share_is_given_to_its_one_precursor() {
        let basis = basis(&[9.5, 10.3, 11.0, 11.7, 12.5]);
        let line = row(&basis, &[0.0, 0.0, 200.0, 0.0, 0.0, 5.0]);
        let (present, selected) =
            selection(view(&line), &basis, &possible(basis.activations().nrows()));
        assert_eq!(present, [2]);
        assert!(
            selected.evidence[2] > 100.0 && (selected.coefficients[2] / 200.0 - 1.0).abs() < 0.1
        );
    }

    #[test]
    fn a_background_that_nothing_shows_takes_no_part_of_a_weak_fragment() {
        let basis = basis(&[11.5]);
        let weak = row(&basis, &[10.0, 0.0]);
        let (present, selected) = selection(view(&weak), &basis, &possible(2));
        assert_eq!(present, [0]);
        let plain = selection_of(view(&weak), &basis).fit(positions(&[0]), &[10.0, 0.0]);
        assert!((selected.coefficients[0] / plain.coefficients[0] - 1.0).abs() < 1e-4);
        assert_eq!(selected.coefficients[1], 0.0);
        assert!(selected.beside_background[1] > 0.5, "{:?}", selected.beside_background);
        assert!(selected.beside_background[0] < 0.9 * plain.coefficients[0]);

        let upon = row(&basis, &[60.0, 20.0]);
        let (_, selected) = selection(view(&upon), &basis, &possible(2));
        assert_eq!(selected.coefficients, selected.beside_background);
        assert!((selected.coefficients[1] / 20.0 - 1.0).abs() < 0.2);
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
        let (present, selected) = selection(view(&line), &basis, &expected);
        assert!(present == [0] && selected.evidence[0] >= LEAST, "{present:?}");
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
            let members =
                |set: u32| -> Vec<usize> { (0..4).filter(|k| set & (1 << k) != 0).collect() };
            let price = |set: u32| {
                let atoms = with(&positions(&members(set)), AtomIx(4));
                let fit = selection_of(view(&line), &basis).fit(atoms, &[1.0; 5]);
                fit.objective + LEAST * f64::from(set.count_ones())
            };
            let best = (0..16).min_by(|&a, &b| price(a).total_cmp(&price(b)));
            assert_eq!(
                Some(selection(view(&line), &basis, &possible(basis.activations().nrows())).0),
                best.map(members),
                "{heights:?}"
            );
        }
    }

    #[test]
    fn fits_that_are_known_do_not_change_what_is_selected() {
        let basis = basis(&[3.0, 9.0, 12.0, 20.0]);
        let line = row(&basis, &[60.0, 200.0, 0.0, 90.0, 8.0]);
        let atoms = basis.activations().nrows();
        let start = vec![1.0; atoms];
        let known = Fits::default();
        let at = |prices: &Prices, fits: &Fits| {
            let selected = select((view(&line), 0), &basis, &start, &possible(atoms), prices, fits);
            (selected.coefficients, selected.evidence)
        };
        let dear_second = |price: f64| {
            let prices = vec![LEAST, price, LEAST, LEAST, LEAST];
            Prices::new(prices, vec![None; atoms])
        };
        for price in [LEAST, 1e6, LEAST] {
            let prices = dear_second(price);
            let (known, fresh) = (at(&prices, &known), at(&prices, &Fits::default()));
            let values = known.0.iter().chain(&known.1).zip(fresh.0.iter().chain(&fresh.1));
            let mut differences = values.map(|(a, b)| (a - b) / (1.0 + b.abs()));
            assert!(differences.all(|d| d.abs() <= 1e-3), "{known:?} {fresh:?}");
            assert_eq!(known.0[1] > 0.0, price < 1e6);
        }
    }

    #[test]
    fn an_addition_gains_at_least_what_was_promised() {
        for (first, second, apex) in
            [(0.0, 50.0, 8.0), (100.0, 20.0, 11.0), (300.0, 250.0, 10.2), (40.0, 0.0, 14.0)]
        {
            let basis = basis(&[10.0, apex]);
            let line = row(&basis, &[first, second, 3.0]);
            let row = selection_of(view(&line), &basis);
            let fit = row.fit(positions(&[0, 2]), &[1.0; 3]);
            let model = basis.model(&fit.coefficients);
            let more = row.fit(positions(&[0, 1, 2]), &fit.coefficients);
            let gained = fit.objective - more.objective;
            let promised = row.gain_alone(&row.cells(&model), AtomIx(1));
            assert!(promised <= gained + 1e-3, "{promised} of {gained} for {first}, {second}");
            assert!(second < 20.0 || promised > 0.0);
        }
    }
}
