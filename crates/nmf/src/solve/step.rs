//! One update of each factor, none of which raises the objective.

use ndarray::{Array2, Axis, Zip};

use super::activation::update_rows;
use super::data::Data;
use super::penalty::{activation_pull, own_pull};
use super::sampled::{sampled, spread};
use super::state::State;
use crate::kernel::{
    Basis, Bound, Effort, Packed, Profile, Profiles, Pull, Regression, RightBound, left_bound,
    minimise_tied, regress_rows, right_bound,
};
use crate::problem::{AtomKind, Coupling, Dictionary, Level, Params, Problem, Scale};
use crate::tuning::{ROW_TOLERANCE, TINY};

/// The entries of dictionary `at`, over the cells of all levels that refer to it.
pub(crate) fn update_dictionary(
    problem: &Problem,
    data: &Data,
    state: &mut State,
    at: usize,
    params: &Params,
    cycles: usize,
) {
    let dictionary = &problem.dictionaries[at];
    if dictionary.held {
        return;
    }
    let pull = Pull::by_column(dictionary.costs.clone());
    let basis = state.basis_beside(problem, at);
    let packed = data.beside(at);
    let sums = fixed_sums(problem, at);
    match sums.filter(|_| !sum_is_gauge(problem, at)) {
        Some((g, totals)) => {
            let bound = left_bound(packed, &state.dictionaries[at], &basis);
            let (a, b) = with_pull(bound, &state.dictionaries[at], &pull);
            tied_update(dictionary, &mut state.dictionaries[at], &a, &b, &g, &totals);
        }
        None => {
            let effort = Effort {
                cycles,
                tolerance: ROW_TOLERANCE,
                second_order: (1..=params.sweep_cycles).contains(&cycles),
            };
            let task = Regression { packed, basis: &basis, pull: &pull, effort };
            let support = dictionary.support.as_standard_layout();
            let columns = support.ncols();
            let allowed = support.as_slice().expect("rows one after another");
            let of_row = |m: usize| &allowed[m * columns..(m + 1) * columns];
            regress_rows(&task, &mut state.dictionaries[at], of_row);
            if fixed_sums(problem, at).is_some() {
                state.rescale(problem);
            }
        }
    }
}

/// Weights and totals of column sums that are fixed in dictionary `at`.
pub(crate) fn fixed_sums(problem: &Problem, at: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let dictionary = &problem.dictionaries[at];
    if at == 0 && problem.scale == Scale::UnitDictionary {
        return Some((vec![1.0; dictionary.rows()], vec![1.0; problem.atoms()]));
    }
    let tie = dictionary.tie.as_ref()?;
    Some((tie.row_weights.to_vec(), tie.ratio.to_vec()))
}

/// Whether the fixed sums of dictionary `at` are a matter of scale only: something free can take
/// the scale up, and no penalty sees it.
fn sum_is_gauge(problem: &Problem, at: usize) -> bool {
    let follows =
        |level: &Level| !matches!(level.coupling, Coupling::Shared) || !level.efficiency.is_held();
    let plain = problem.levels.iter().all(|l| !matches!(l.coupling, Coupling::Soft { .. }));
    if at == 0 {
        let mut further_levels = problem.levels.iter().filter(|level| level.dictionary.0 != 0);
        return plain
            && further_levels.all(follows)
            && problem.kinds.iter().all(|s| *s == AtomKind::Free);
    }
    plain
        && problem.levels_of(at).all(|(_, level)| follows(level))
        && problem.dictionaries[at].costs.iter().all(|c| *c == 0.0)
}

fn tied_update(
    dictionary: &Dictionary,
    d: &mut Array2<f64>,
    a: &Array2<f64>,
    b: &Array2<f64>,
    g: &[f64],
    totals: &[f64],
) {
    for (k, &total) in totals.iter().enumerate() {
        let places: Vec<(usize, usize)> =
            dictionary.columns_of(k).flat_map(|j| (0..g.len()).map(move |m| (m, j))).collect();
        let pick = |from: &Array2<f64>| places.iter().map(|&at| from[at]).collect::<Vec<f64>>();
        let weights: Vec<f64> = places.iter().map(|&(m, _)| g[m]).collect();
        let x = minimise_tied(&pick(a), &pick(b), &weights, total);
        if x.iter().any(|x| *x > 0.0) {
            places.iter().zip(x).for_each(|(&at, x)| d[at] = x);
        }
    }
}

/// The bound of a factor with its penalties, `b` multiplied by the factor.
pub(crate) fn with_pull(
    bound: Bound,
    factor: &Array2<f64>,
    pull: &Pull,
) -> (Array2<f64>, Array2<f64>) {
    let Bound { mut a, mut b } = bound;
    for ((at, x), (a, b)) in factor.indexed_iter().zip(a.iter_mut().zip(b.iter_mut())) {
        let (pull_a, pull_b) = pull.at(at.0, at.1);
        *a += pull_a;
        *b = *x * *b + pull_b;
    }
    (a, b)
}

/// [`with_pull`] of profiles.
pub(crate) fn pull_profiles(bound: &mut RightBound, factor: &Profiles, pull: &Pull) {
    let rows = bound.a.rows_mut().iter_mut().zip(bound.b.rows_mut());
    for (k, ((a, b), x)) in rows.zip(factor.rows()).enumerate() {
        for (at, (a, b)) in b.stretch().zip(a.values.iter_mut().zip(&mut b.values)) {
            let (pull_a, pull_b) = pull.at(k, at);
            *a += pull_a;
            *b = x.at(at) * *b + pull_b;
        }
    }
}

/// Of each row the sums of its products with that of `partners`, in each of so many parts of the
/// level's columns.
fn products(rows: &Profiles, partners: &Profiles, level: &Level, parts: usize) -> Array2<f64> {
    let mut sums = Array2::zeros((rows.dim().0, parts));
    let pairs = rows.rows().iter().zip(partners.rows());
    for ((row, partner), mut sums) in pairs.zip(sums.rows_mut()) {
        if parts == 1 {
            sums[0] = row.dot(partner);
            continue;
        }
        for (t, value) in row.stretch().zip(&row.values) {
            sums[level.efficiency.part_of(t)] += value * partner.at(t);
        }
    }
    sums
}

/// The common activations.
pub(crate) fn update_activations(
    problem: &Problem,
    data: &Data,
    state: &mut State,
    params: &Params,
) {
    if problem.kinds.iter().all(|s| *s == AtomKind::Fixed) {
        return;
    }
    let pull = activation_pull(problem, state);
    if let Some(columns) = &data.shared {
        let sharing = problem
            .levels
            .iter()
            .enumerate()
            .filter(|(_, l)| matches!(l.coupling, Coupling::Shared));
        let parts: Vec<Array2<f64>> = sharing
            .map(|(l, level)| state.effective(problem, l).as_ref() * level.importance)
            .collect();
        let left = stacked(&parts);
        let mut activations = state.activations().to_array();
        regress_columns(columns, &left, &mut activations, &pull, params.sweep_cycles);
        *state.activations_mut() = Profiles::whole(&activations);
        return;
    }
    let mut bound = activation_bound(problem, data, state);
    pull_profiles(&mut bound, state.activations(), &pull);
    update_rows(problem, state.activations_mut(), &bound, params);
}

/// Matrices with equally many columns, one upon the other.
fn stacked(parts: &[Array2<f64>]) -> Array2<f64> {
    match parts {
        [only] => only.clone(),
        _ => {
            let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
            ndarray::concatenate(Axis(0), &views).expect("every part has a column for each atom")
        }
    }
}

/// Regresses every column of `right` (n × T) on `left` (R × n).
fn regress_columns(
    columns: &Packed,
    left: &Array2<f64>,
    right: &mut Array2<f64>,
    pull: &Pull,
    cycles: usize,
) {
    let basis = Basis::new(&Profiles::whole(&left.t().to_owned()));
    let mut turned = right.t().as_standard_layout().into_owned();
    let effort = Effort { cycles, tolerance: ROW_TOLERANCE, second_order: cycles > 0 };
    let pull = pull.turned(right.nrows());
    let allowed = vec![true; right.nrows()];
    regress_rows(
        &Regression { packed: columns, basis: &basis, pull: &pull, effort },
        &mut turned,
        |_| &allowed,
    );
    right.assign(&turned.t());
}

/// The divergence's bound in the common activations that are not fixed, from all levels that share
/// them.
pub(crate) fn activation_bound(problem: &Problem, data: &Data, state: &State) -> RightBound {
    let is_free = |k: usize| problem.kinds[k] != AtomKind::Fixed;
    let activations = state.activations().rows().iter().enumerate();
    let zeros: Vec<Profile> = activations
        .map(|(k, row)| if is_free(k) { Profile::zeros_like(row) } else { Profile::default() })
        .collect();
    let profiles = |rows| Profiles::new(state.activations().dim().1, rows);
    let mut sum = RightBound { a: profiles(zeros.clone()), b: profiles(zeros) };
    for (l, level) in problem.levels.iter().enumerate() {
        if !matches!(level.coupling, Coupling::Shared) {
            continue;
        }
        let left = state.summed(problem, l);
        let basis = state.basis(problem, l);
        let mut bound = right_bound(&data.rows[l], &left, &basis, is_free);
        state.multiply_efficiency(level, l, &mut bound.a);
        state.multiply_efficiency(level, l, &mut bound.b);
        spread(&level.sampling, &bound.a, &mut sum.a);
        spread(&level.sampling, &bound.b, &mut sum.b);
    }
    sum
}

/// The own activations of level `l`.
pub(crate) fn update_own(
    problem: &Problem,
    data: &Data,
    state: &mut State,
    l: usize,
    params: &Params,
) {
    let level = &problem.levels[l];
    let Some(mut own) = state.own(l).cloned() else { return };
    let pull = own_pull(problem, state, l);
    if let Some(columns) = &data.own[l] {
        let left = state.summed(problem, l).as_ref() * level.importance;
        regress_columns(columns, &left, &mut own, &pull, params.sweep_cycles);
    }
    if let Some(into) = state.own_mut(l) {
        *into = own;
    }
}

/// The efficiencies of level `l`.
pub(crate) fn update_efficiency(problem: &Problem, data: &Data, state: &mut State, l: usize) {
    let level = &problem.levels[l];
    if level.efficiency.is_held() || matches!(level.coupling, Coupling::Dictionary { .. }) {
        return;
    }
    let sampled = sampled(&level.sampling, state.activations());
    match (&level.coupling, state.own(l)) {
        (Coupling::Shared, _) => {
            let basis = state.basis(problem, l);
            let bound = right_bound(&data.rows[l], &state.summed(problem, l), &basis, |_| true);
            let parts = state.efficiency(l).ncols();
            let [a, b] = [bound.a, bound.b].map(|sum| products(&sum, &sampled, level, parts));
            for (at, e) in state.efficiency_mut(l).indexed_iter_mut() {
                *e = level.efficiency.best(at, a[at], *e * b[at]).unwrap_or(*e);
            }
        }
        (Coupling::Soft { .. }, Some(own)) => {
            let mean = (&sampled.to_array() * own).mapv(f64::sqrt).sum_axis(Axis(1));
            let sums = own.sum_axis(Axis(1));
            let efficiencies = state.efficiency_mut(l).column_mut(0);
            Zip::from(efficiencies).and(&sums).and(&mean).for_each(|e, &sum, &mean| {
                if sum > TINY && mean > TINY {
                    *e = (sum / mean).powi(2);
                }
            });
        }
        _ => {}
    }
}
