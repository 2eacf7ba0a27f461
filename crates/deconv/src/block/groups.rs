//! Precursors whose elution cannot be told apart share one profile.
//!
//! The ions of one compound (adducts, in-source fragments) and compounds that elute exactly
//! together are collinear: any split of a fragment between them would be a guess. So two precursors
//! get separate profiles only if the MS1 data want them: the log-likelihood of their MS1 rows must
//! gain more over one common profile than its parameters and the model's error account for. A
//! group's profile then rests on all its members' evidence.

use cofactor_core::{Feature, FoundIn};
use cofactor_nmf::{AtomKind, Error, Level, Params, Problem, solve};
use ndarray::Array2;

use crate::block::price::{Price, row_signal};
use crate::block::system::{ISOTOPOLOGUES, MS1};

/// Where borrowing the profile of a group costs this many times the limit, a common profile is not
/// tried.
const HOPELESS: f64 = 8.0;
/// Groups with which a common profile is tried where none can be borrowed: those whose profile is
/// nearest.
const TRIED: usize = 3;

/// The MS1 side of a block: one level with an atom a precursor, then the background.
pub(crate) struct Ms1<'a> {
    /// The level [`MS1`] alone, with the rows of all precursors.
    pub(crate) problem: &'a Problem,
    /// Activations fitted with one atom a precursor.
    pub(crate) activations: &'a Array2<f64>,
}

impl Ms1<'_> {
    fn level(&self) -> &Level {
        &self.problem[MS1]
    }

    fn support(&self) -> &Array2<bool> {
        &self.problem[ISOTOPOLOGUES].support
    }
}

/// Groups the atoms `0..features.len()`: each is in one group, groups and their members by falling
/// height. A precursor that MS1 does not show stays alone, as there is nothing to compare.
pub(crate) fn group(
    ms1: &Ms1,
    features: &[&Feature],
    price: Price,
    solver: &Params,
) -> Result<Vec<Vec<usize>>, Error> {
    let mut order: Vec<usize> = (0..features.len()).collect();
    order.sort_by(|&a, &b| {
        features[b].height.total_cmp(&features[a].height).then(features[a].id.cmp(&features[b].id))
    });
    let mut groups: Vec<Group> = Vec::new();
    for atom in order {
        let min_gain = price.profile + price.error_of(signal(ms1, atom));
        let within_reach = |group: &Group| {
            group.members.iter().all(|&m| near(features[m], features[atom]))
                && !shares_a_row(ms1.support(), &group.members, atom)
        };
        let reached: Vec<usize> = (0..groups.len()).filter(|&g| within_reach(&groups[g])).collect();
        let alone =
            if reached.is_empty() { None } else { Some(objective(ms1, &[atom], atom, solver)?) };
        let known = alone.unwrap_or(0.0);
        let mut borrowed = Vec::with_capacity(reached.len());
        for g in reached {
            let profile = groups[g].members[0];
            borrowed.push((
                objective(ms1, &[atom], profile, &Params { max_sweeps: 0, ..*solver })? - known,
                g,
            ));
        }
        borrowed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut best = borrowed.first().copied().filter(|(gain, _)| *gain < min_gain);
        if best.is_none() {
            for (_, g) in borrowed
                .into_iter()
                .take(TRIED)
                .take_while(|(gain, _)| *gain <= HOPELESS * min_gain)
            {
                let together: Vec<usize> =
                    groups[g].members.iter().chain([&atom]).copied().collect();
                let profile = groups[g].members[0];
                let gain = objective(ms1, &together, profile, solver)?
                    - known
                    - groups[g].objective(ms1, solver)?;
                if gain < min_gain && best.is_none_or(|(least, _)| gain < least) {
                    best = Some((gain, g));
                }
            }
        }
        match best {
            Some((_, g)) => {
                groups[g].members.push(atom);
                groups[g].objective = None;
            }
            None => groups.push(Group { members: vec![atom], objective: alone }),
        }
    }
    Ok(groups.into_iter().map(|g| g.members).collect())
}

/// Atoms with one profile, and the objective of their rows once it is known.
struct Group {
    members: Vec<usize>,
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
fn signal(ms1: &Ms1, atom: usize) -> f64 {
    let level = ms1.level();
    let sampled = level.sampling.sample(ms1.activations.row(atom));
    let support = ms1.support();
    let rows = (0..support.nrows()).filter(|&m| support[(m, atom)]);
    rows.map(|m| row_signal(level, m, sampled.view())).sum()
}

/// Seen in MS1 with apexes within half the narrower width.
fn near(a: &Feature, b: &Feature) -> bool {
    [a, b].iter().all(|f| f.found_in == FoundIn::Ms1)
        && (a.rt_seconds - b.rt_seconds).abs() <= 0.5 * a.fwhm_seconds.min(b.fwhm_seconds)
}

/// Two peaks of one mass trace are two precursors because the trace shows two apexes.
fn shares_a_row(support: &Array2<bool>, members: &[usize], atom: usize) -> bool {
    support.rows().into_iter().any(|row| row[atom] && members.iter().any(|&m| row[m]))
}

/// Objective of the rows of `members` with one profile that starts as that of `profile`, the other
/// atoms of these rows fixed.
fn objective(ms1: &Ms1, members: &[usize], profile: usize, solver: &Params) -> Result<f64, Error> {
    let support = ms1.support();
    let rows: Vec<usize> =
        (0..support.nrows()).filter(|&m| members.iter().any(|&k| support[(m, k)])).collect();
    let others = (0..ms1.problem.atoms())
        .filter(|k| !members.contains(k) && rows.iter().any(|&m| support[(m, *k)]));
    let mut columns = vec![members.to_vec()];
    columns.extend(others.map(|k| vec![k]));
    let matrix = (ms1.level().select_rows(&rows), ms1.problem[ISOTOPOLOGUES].select_rows(&rows));
    let kinds = ms1.problem.kinds.clone();
    let mut problem =
        Problem::new(vec![matrix], ms1.activations.clone(), kinds).merge_atoms(&columns);
    problem.activations.row_mut(0).assign(&ms1.activations.row(profile));
    problem.kinds[0] = ms1.problem.kinds[profile].clone();
    problem.kinds[1..].fill(AtomKind::Fixed);
    let solved = solve(&problem, solver)?;
    Ok(solved.objective[solved.objective.len() - 1])
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Dense, Dictionary};

    use super::*;
    use crate::plan::blocks::tests::feature;

    const SIGMA: f64 = 4.0;

    /// Groups of two precursors with a row each, whose traces are `height` counts times the given
    /// profiles.
    fn grouped(height: f64, profiles: [&dyn Fn(f64) -> f64; 2], price: Price) -> Vec<Vec<usize>> {
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
        let ms1 = Ms1 { problem: &problem, activations: &solved.activations };
        let features =
            [feature(1, 200.0, 20.0, 2.355 * SIGMA), feature(2, 300.0, 20.0, 2.355 * SIGMA)];
        group(&ms1, &[&features[0], &features[1]], price, &Params::default()).unwrap()
    }

    fn bell(t: f64, apex: f64) -> f64 {
        (-0.5 * ((t - apex) / SIGMA).powi(2)).exp()
    }

    const USUAL: Price = Price { entry: 6.0, profile: 6.0, profile_error: 0.05 };

    #[test]
    fn one_elution_is_one_group_and_weak_ions_with_apexes_of_their_own_are_two() {
        assert_eq!(grouped(300.0, [&|t| bell(t, 20.0), &|t| bell(t, 20.0)], USUAL).len(), 1);
        assert_eq!(grouped(300.0, [&|t| bell(t, 20.0), &|t| bell(t, 22.0)], USUAL).len(), 2);
    }

    #[test]
    fn intense_ions_that_differ_by_a_few_percent_stay_together() {
        let distorted = |t: f64| bell(t, 20.0) * (1.0 + 0.03 * (t / 4.0).sin());
        let exact = Price { profile_error: 0.0, ..USUAL };
        assert_eq!(grouped(1e6, [&|t| bell(t, 20.0), &distorted], USUAL).len(), 1);
        assert_eq!(grouped(1e6, [&|t| bell(t, 20.0), &distorted], exact).len(), 2);
    }
}
