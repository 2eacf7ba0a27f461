//! Which atoms a fragment trace needs.
//!
//! Where elutions overlap, a trace of one precursor is explained almost as well by several of its neighbours together, and the joint fit
//! spreads it over all of them. What is wanted is the fewest atoms that explain it: the set S with the least
//! `F(S) + least · |S|`, sought stepwise. The atom that lowers F most is added as long as it is worth `least`; after each
//! addition those that are no longer worth it are taken out again.

use cofactor_nmf::{Cell, Level, RowBasis, cell_divergence, regress_row};
use ndarray::{Array1, Array2, Axis};

/// Cycles and tolerance of a fit.
const FIT: (usize, f64) = (100, 1e-6);
/// Atoms that are tried at each addition: those that would lower F most with all others held.
const TRIED: usize = 6;
/// Steps towards the best coefficient of an atom with all others held.
const STEPS: usize = 2;

/// A row with the atoms that it needs.
pub(crate) struct Selected {
    /// Coefficient of each atom; 0 for those that it does not need.
    pub(crate) coefficients: Vec<f64>,
    /// Log-likelihood that each atom is worth: what F rises by without it, the others fitted again.
    pub(crate) evidence: Vec<f64>,
}

/// Selects the atoms of row `m` of `level` on the sampled activations `basis` (K × T); `full` (K) are the coefficients without
/// selection. Those that are not `judged`, such as the background, are always there.
pub(crate) fn select(
    level: &Level,
    m: usize,
    basis: &Array2<f64>,
    full: &[f64],
    judged: &[bool],
    least: f64,
) -> Selected {
    let row = OneRow { level: Level::new(level.cells.select_rows(&[m]), full.len()), cost: &level.cost, basis };
    let allowed = |k: &usize| level.support[(m, *k)];
    let always: Vec<usize> = (0..full.len()).filter(|&k| !judged[k]).filter(allowed).collect();
    let open: Vec<usize> = (0..full.len()).filter(|&k| judged[k]).filter(allowed).collect();
    let mut now = row.fit(always, &vec![0.0; full.len()]);
    let bound = row.fit((0..full.len()).filter(|&k| full[k] > 0.0).collect(), full).objective;
    let mut evidence = vec![0.0; full.len()];
    // Each addition and removal lowers what is sought, but for rounding.
    for _ in 0..2 * open.len() {
        if now.objective - bound < least {
            break;
        }
        let tried = row.promising(&open, &now).into_iter().map(|k| row.fit(with(&now.atoms, k), &now.coefficients));
        match tried.min_by(|a, b| a.objective.total_cmp(&b.objective)) {
            Some(better) if now.objective - better.objective >= least => now = better,
            _ => break,
        }
        loop {
            evidence.fill(0.0);
            let there: Vec<usize> = now.atoms.iter().copied().filter(|&k| judged[k]).collect();
            let mut least_missed: Option<Fit> = None;
            for k in there {
                let other = row.fit(without(&now.atoms, k), &now.coefficients);
                evidence[k] = other.objective - now.objective;
                if least_missed.as_ref().is_none_or(|least| other.objective < least.objective) {
                    least_missed = Some(other);
                }
            }
            match least_missed {
                Some(other) if other.objective - now.objective < least => now = other,
                _ => break,
            }
        }
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
    /// That row alone.
    level: Level,
    /// Cost of all atoms, K.
    cost: &'a Array1<f64>,
    /// Sampled activations of all atoms, K × T.
    basis: &'a Array2<f64>,
}

impl OneRow<'_> {
    fn fit(&self, atoms: Vec<usize>, start: &[f64]) -> Fit {
        let level = Level { cost: self.cost.select(Axis(0), &atoms), ..self.level.clone() };
        let basis = RowBasis::new(self.basis.select(Axis(0), &atoms));
        let from: Vec<f64> = atoms.iter().map(|&k| start[k]).collect();
        let fit = regress_row(&level, 0, &basis, &vec![true; atoms.len()], &from, FIT.0, FIT.1);
        let mut coefficients = vec![0.0; start.len()];
        atoms.iter().zip(fit.coefficients).for_each(|(&k, d)| coefficients[k] = d);
        Fit { atoms, coefficients, objective: fit.objective }
    }

    /// The [`TRIED`] atoms of `open` that would lower F most with all others held.
    fn promising(&self, open: &[usize], now: &Fit) -> Vec<usize> {
        let mut model = Array1::zeros(self.basis.ncols());
        for &k in &now.atoms {
            model.scaled_add(now.coefficients[k], &self.basis.row(k));
        }
        let candidates = open.iter().filter(|k| !now.atoms.contains(k));
        let mut gains: Vec<(f64, usize)> =
            candidates.map(|&k| (self.gain_alone(&model, k), k)).filter(|(gain, _)| *gain > 0.0).collect();
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        gains.into_iter().take(TRIED).map(|(_, k)| k).collect()
    }

    /// What F falls by, at least, when atom `k` joins `model`, the others held: a few steps on the concave reciprocal of the slope, which
    /// never overshoot.
    fn gain_alone(&self, model: &Array1<f64>, k: usize) -> f64 {
        let activation = self.basis.row(k);
        let seen: Vec<(Cell, f64, f64)> = (0..model.len())
            .filter(|&t| activation[t] > 0.0)
            .map(|t| (self.level.cells.at(0, t), activation[t], model[t]))
            .collect();
        let mass = self.cost[k] + seen.iter().map(|(cell, s, _)| cell.weight * s).sum::<f64>();
        let mut d = 0.0;
        for _ in 0..STEPS {
            let (mut slope, mut bend) = (0.0, 0.0);
            for (cell, s, y) in &seen {
                let y = (y + d * s).max(f64::MIN_POSITIVE);
                let ratio = if cell.censored { cell.value.min(y) } else { cell.value } / y;
                slope += cell.weight * ratio * s;
                bend += cell.weight * ratio * s * s / y;
            }
            if slope <= mass {
                break;
            }
            d += slope / bend * (slope - mass) / mass;
        }
        let divergence = |cell: &Cell, y: f64| cell.weight * cell_divergence(cell.value, y, cell.censored);
        seen.iter().map(|(c, s, y)| divergence(c, *y) - divergence(c, y + d * s)).sum::<f64>() - self.cost[k] * d
    }
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::Dense;

    use super::*;

    const LEAST: f64 = 5.0;

    fn bell(apex: f64) -> Array1<f64> {
        Array1::from_shape_fn(24, |t| (-0.5 * ((t as f64 - apex) / 3.0).powi(2)).exp())
    }

    /// Bells at `apexes`, then a constant background.
    fn basis(apexes: &[f64]) -> Array2<f64> {
        let mut basis = Array2::ones((apexes.len() + 1, 24));
        apexes.iter().enumerate().for_each(|(k, apex)| basis.row_mut(k).assign(&bell(*apex)));
        basis
    }

    /// A row of ion counts that scatter by a fixed pattern of about their standard deviation; none is seen below 4.
    fn row(basis: &Array2<f64>, heights: &[f64]) -> Level {
        let mean = Array1::from_iter(heights.iter().copied()).dot(basis);
        let scatter = |t: usize| ((t * t * 7 + t * 3) % 11) as f64 / 5.0 - 1.0;
        let value = |t: usize| mean[t] + scatter(t) * mean[t].sqrt();
        Level::new(
            Dense {
                data: Array2::from_shape_fn((1, 24), |(_, t)| value(t).max(4.0)),
                weight: Array2::ones((1, 24)),
                censored: Array2::from_shape_fn((1, 24), |(_, t)| value(t) < 4.0),
            },
            heights.len(),
        )
    }

    fn one_row<'a>(level: &'a Level, basis: &'a Array2<f64>) -> OneRow<'a> {
        OneRow { level: level.clone(), cost: &level.cost, basis }
    }

    fn selection(level: &Level, basis: &Array2<f64>) -> (Vec<usize>, Selected) {
        let atoms = basis.nrows();
        let full = one_row(level, basis).fit((0..atoms).collect(), &vec![1.0; atoms]).coefficients;
        let judged: Vec<bool> = (0..atoms).map(|k| k + 1 < atoms).collect();
        let selected = select(level, 0, basis, &full, &judged, LEAST);
        let there = (0..atoms - 1).filter(|&k| selected.coefficients[k] > 0.0).collect();
        (there, selected)
    }

    #[test]
    fn a_trace_that_neighbours_could_share_is_given_to_its_one_precursor() {
        let basis = basis(&[9.5, 10.3, 11.0, 11.7, 12.5]);
        let level = row(&basis, &[0.0, 0.0, 200.0, 0.0, 0.0, 5.0]);
        let (there, selected) = selection(&level, &basis);
        assert_eq!(there, [2]);
        assert!(selected.evidence[2] > 100.0 && (selected.coefficients[2] / 200.0 - 1.0).abs() < 0.1);
    }

    #[test]
    fn background_alone_needs_no_atom() {
        let basis = basis(&[8.0, 14.0]);
        assert!(selection(&row(&basis, &[0.0, 0.0, 30.0]), &basis).0.is_empty());
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
            let level = row(&basis, &heights);
            let of = |set: u32| -> Vec<usize> { (0..4).filter(|k| set & (1 << k) != 0).collect() };
            let price = |set: u32| {
                let fit = one_row(&level, &basis).fit(with(&of(set), 4), &[1.0; 5]);
                fit.objective + LEAST * f64::from(set.count_ones())
            };
            let best = (0..16).min_by(|&a, &b| price(a).total_cmp(&price(b)));
            assert_eq!(Some(selection(&level, &basis).0), best.map(of), "{heights:?}");
        }
    }

    #[test]
    fn an_addition_gains_at_least_what_was_promised() {
        for (first, second, apex) in [(0.0, 50.0, 8.0), (100.0, 20.0, 11.0), (300.0, 250.0, 10.2), (40.0, 0.0, 14.0)] {
            let basis = basis(&[10.0, apex]);
            let level = row(&basis, &[first, second, 3.0]);
            let one = one_row(&level, &basis);
            let now = one.fit(vec![0, 2], &[1.0; 3]);
            let model = Array1::from_iter(now.coefficients.iter().copied()).dot(&basis);
            let gained = now.objective - one.fit(vec![0, 1, 2], &now.coefficients).objective;
            let promised = one.gain_alone(&model, 1);
            assert!(promised <= gained + 1e-3, "{promised} of {gained} for {first}, {second}");
            assert!(second < 20.0 || promised > 0.0);
        }
    }
}
