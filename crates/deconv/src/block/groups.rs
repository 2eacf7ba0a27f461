//! Compounds whose elution cannot be told apart share one profile.
//!
//! Compounds that elute exactly together are collinear: any split of a fragment between them would
//! be a guess. So two of them get separate profiles only if the MS1 data want them: the
//! log-likelihood of their MS1 rows must gain more over one common profile than its parameters and
//! the model's error account for. A group's profile then rests on all its members' evidence.
//!
//! In several runs abundances part what elutes together, and ions of one compound have one ratio in
//! all but for some scatter: two whose ratio varies enough are never one group, and of others that
//! scatter is taken off before their profiles are compared.

use cofactor_core::{Feature, FoundIn};
use cofactor_nmf::{AtomKind, Dictionary, Error, Level, Params, Problem, solve};
use ndarray::{Array2, Axis};

use crate::block::ms2::Isolation;
use crate::block::price::{Price, row_signal};
use crate::block::ratios::Ratios;
use crate::block::shown::Ms1;
use crate::index::AtomIx;
use crate::tuning::{GROUP_APEX_DISTANCE, GROUPS_TRIED, HOPELESS};

/// Groups the atoms of compounds, of which `features` are the highest ions, `isolated` so: each is
/// in one group, with others that are isolated alike, groups and their members by falling height. A
/// precursor that MS1 does not show stays alone, as there is nothing to compare.
pub(crate) fn group(
    ms1: &Ms1,
    (features, isolated): (&[&Feature], &[Vec<Isolation>]),
    price: Price,
    solver: &Params,
) -> Result<Vec<Vec<AtomIx>>, Error> {
    let mut order: Vec<AtomIx> = (0..features.len()).map(AtomIx).collect();
    order.sort_by(|a, b| {
        let [a, b] = [features[a.0], features[b.0]];
        b.height.total_cmp(&a.height).then(a.id.cmp(&b.id))
    });
    let mut groups: Vec<Group> = Vec::new();
    for atom in order {
        let reached: Vec<usize> = (0..groups.len())
            .filter(|&g| isolated[groups[g].members[0].0] == isolated[atom.0])
            .filter(|&g| within_reach(ms1, features, &groups[g].members, atom))
            .collect();
        let alone =
            if reached.is_empty() { None } else { Some(objective(ms1, &[atom], atom, solver)?) };
        let known = alone.unwrap_or(0.0);
        let min_gain = price.profile_in(ms1.pieces.len()) + price.error_of(signal(ms1, atom));
        match best_group(ms1, &mut groups, &reached, (atom, known), min_gain, solver)? {
            Some(g) => {
                groups[g].members.push(atom);
                groups[g].objective = None;
            }
            None => groups.push(Group { members: vec![atom], objective: alone }),
        }
    }
    Ok(groups.into_iter().map(|g| g.members).collect())
}

/// Whether an atom may belong to a group at all.
fn within_reach(ms1: &Ms1, features: &[&Feature], members: &[AtomIx], atom: AtomIx) -> bool {
    members.iter().all(|m| near(features[m.0], features[atom.0]))
        && !shares_a_row(ms1, members, atom)
        && !Ratios::new(ms1, members[0], atom).part()
}

/// The group among those `reached` over whose common profile an atom of its own, with its objective
/// alone, gains least; `None` if it gains `min_gain` over each.
fn best_group(
    ms1: &Ms1,
    groups: &mut [Group],
    reached: &[usize],
    (atom, alone): (AtomIx, f64),
    min_gain: f64,
    solver: &Params,
) -> Result<Option<usize>, Error> {
    let fixed = Params { max_sweeps: 0, ..*solver };
    let mut borrowed = Vec::with_capacity(reached.len());
    for &g in reached {
        borrowed.push((objective(ms1, &[atom], groups[g].members[0], &fixed)? - alone, g));
    }
    borrowed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    if let Some(&(_, g)) = borrowed.first().filter(|(gain, _)| *gain < min_gain) {
        return Ok(Some(g));
    }
    let mut best: Option<(f64, usize)> = None;
    let tried = borrowed.into_iter().take(GROUPS_TRIED);
    for (_, g) in tried.take_while(|(gain, _)| *gain <= HOPELESS * min_gain) {
        let members = &groups[g].members;
        let together: Vec<AtomIx> = members.iter().chain([&atom]).copied().collect();
        let common = objective(ms1, &together, members[0], solver)?;
        let gain = common - alone - groups[g].objective(ms1, solver)?;
        if gain < min_gain && best.is_none_or(|(least, _)| gain < least) {
            best = Some((gain, g));
        }
    }
    Ok(best.map(|(_, g)| g))
}

/// Atoms with one profile, and the objective of their rows once it is known.
struct Group {
    members: Vec<AtomIx>,
    objective: Option<f64>,
}

impl Group {
    fn objective(&mut self, ms1: &Ms1, solver: &Params) -> Result<f64, Error> {
        match self.objective {
            Some(known) => Ok(known),
            None => {
                Ok(*self.objective.insert(objective(ms1, &self.members, self.members[0], solver)?))
            }
        }
    }
}

/// [`row_signal`] of all rows of an atom.
fn signal(ms1: &Ms1, atom: AtomIx) -> f64 {
    let level = ms1.level();
    let sampled = level.sampling.sample(ms1.activations.row(atom.0));
    ms1.rows[atom.0].iter().map(|&m| row_signal(level, m, sampled.view())).sum()
}

/// Seen in MS1 with apexes near each other.
fn near(a: &Feature, b: &Feature) -> bool {
    [a, b].iter().all(|f| f.found_in == FoundIn::Ms1)
        && (a.rt_seconds - b.rt_seconds).abs()
            <= GROUP_APEX_DISTANCE * a.fwhm_seconds.min(b.fwhm_seconds)
}

/// Two peaks of one mass trace are two precursors because the trace shows two apexes.
fn shares_a_row(ms1: &Ms1, members: &[AtomIx], atom: AtomIx) -> bool {
    let support = ms1.support();
    ms1.rows[atom.0].iter().any(|&m| members.iter().any(|member| support[(m, member.0)]))
}

/// Objective of the rows of `members` with one profile that starts as that of `profile`, the other
/// atoms of these rows fixed.
fn objective(
    ms1: &Ms1,
    members: &[AtomIx],
    profile: AtomIx,
    solver: &Params,
) -> Result<f64, Error> {
    let support = ms1.support();
    let rows = ms1.rows_of(members);
    let fixed = ms1.atoms_in(&rows).into_iter().filter(|&k| !members.contains(&AtomIx(k)));
    let atoms: Vec<usize> = [profile.0].into_iter().chain(fixed).collect();
    let mut cells = ms1.level().cells.select_rows(&rows);
    for &member in members.iter().filter(|member| **member != profile) {
        let is_shown = |i: usize| support[(rows[i], member.0)];
        let shown: Vec<usize> = (0..rows.len()).filter(|&i| is_shown(i)).collect();
        Ratios::new(ms1, profile, member).take_off(&mut cells, &shown);
    }
    let level = Level::sampled(cells, atoms.len(), ms1.level().sampling.clone());
    let shown = Array2::from_shape_fn((rows.len(), atoms.len()), |(m, j)| {
        j == 0 || support[(rows[m], atoms[j])]
    });
    let activations = ms1.activations.select(Axis(0), &atoms);
    let mut kinds = vec![AtomKind::Fixed; atoms.len()];
    kinds[0] = ms1.problem.kinds[profile.0].clone();
    let problem = Problem::new(vec![(level, Dictionary::new(shown))], activations, kinds);
    let solved = solve(&problem, solver)?;
    Ok(solved.objective[solved.objective.len() - 1])
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::Dense;

    use super::*;
    use crate::plan::blocks::tests::feature;

    const SIGMA: f64 = 4.0;

    /// Groups of two precursors with a row each, whose traces are `height` counts times the given
    /// profiles.
    fn grouped(height: f64, profiles: [&dyn Fn(f64) -> f64; 2], price: Price) -> Vec<Vec<AtomIx>> {
        let times = 40;
        let noise = |t: usize| ((t * t * 7 + t * 3) % 11) as f64 / 5.0 - 1.0;
        let value = |k: usize, t: usize| {
            let mean = height * profiles[k](t as f64);
            mean + noise(t + 5 * k) * mean.sqrt()
        };
        let cells = Dense {
            data: Array2::from_shape_fn((2, times), |(k, t)| value(k, t).max(1.0)),
            weight: Array2::ones((2, times)),
            censored: Array2::from_shape_fn((2, times), |(k, t)| value(k, t) < 1.0),
        };
        let support = Array2::from_shape_fn((2, 2), |(m, k)| m == k);
        let matrix = (Level::new(cells, 2), Dictionary::new(support));
        let kinds = vec![AtomKind::peak(0, times, SIGMA.powi(-2)); 2];
        let start = Array2::from_shape_fn((2, times), |(_, t)| bell(t as f64, 20.0).max(1e-200));
        let problem = Problem::new(vec![matrix], start, kinds);
        let solved = solve(&problem, &Params::default()).unwrap();
        let whole = 0..times;
        let ms1 = Ms1::new(&problem, &solved.activations, std::slice::from_ref(&whole));
        let features =
            [feature(1, 200.0, 20.0, 2.355 * SIGMA), feature(2, 300.0, 20.0, 2.355 * SIGMA)];
        let features = [&features[0], &features[1]];
        let isolated = [Vec::new(), Vec::new()];
        group(&ms1, (&features, &isolated), price, &Params::default()).unwrap()
    }

    fn bell(t: f64, apex: f64) -> f64 {
        (-0.5 * ((t - apex) / SIGMA).powi(2)).exp()
    }

    const PRICE: Price = Price { entry: 6.0, profile: 6.0, profile_error: 0.05 };

    #[test]
    fn one_elution_is_one_group_and_weak_ions_with_apexes_of_their_own_are_two() {
        assert_eq!(grouped(300.0, [&|t| bell(t, 20.0), &|t| bell(t, 20.0)], PRICE).len(), 1);
        assert_eq!(grouped(300.0, [&|t| bell(t, 20.0), &|t| bell(t, 22.0)], PRICE).len(), 2);
    }

    #[test]
    fn intense_ions_that_differ_by_a_few_percent_stay_together() {
        let distorted = |t: f64| bell(t, 20.0) * (1.0 + 0.03 * (t / 4.0).sin());
        let exact = Price { profile_error: 0.0, ..PRICE };
        assert_eq!(grouped(1e6, [&|t| bell(t, 20.0), &distorted], PRICE).len(), 1);
        assert_eq!(grouped(1e6, [&|t| bell(t, 20.0), &distorted], exact).len(), 2);
    }
}
