//! Precursors whose elution cannot be told apart share one profile.
//!
//! The ions of one compound (adducts, in-source fragments) and compounds that elute exactly together are collinear: any
//! split of a fragment between them would be a guess. So two precursors get separate profiles only if the MS1 data want
//! them: the log-likelihood of their MS1 rows must gain at least `min_gain` over one common profile. A group's profile then
//! rests on all its members' evidence.

use cofactor_core::Feature;
use cofactor_nmf::{Error, Level, Params, Problem, Shape, solve};
use ndarray::{Array2, Axis};

/// The MS1 side of a block: one level with an atom a precursor, then the background.
pub(crate) struct Ms1<'a> {
    /// Rows of all precursors; `support` has a column an atom.
    pub(crate) level: &'a Level,
    /// Activations fitted with one atom a precursor.
    pub(crate) activations: &'a Array2<f64>,
    /// Shapes of all atoms.
    pub(crate) shapes: &'a [Shape],
}

/// Groups the atoms `0..features.len()`: each is in one group, groups and their members by falling height.
pub(crate) fn group(
    ms1: &Ms1,
    features: &[&Feature],
    min_gain: f64,
    solver: &Params,
) -> Result<Vec<Vec<usize>>, Error> {
    let mut order: Vec<usize> = (0..features.len()).collect();
    order.sort_by(|&a, &b| features[b].height.total_cmp(&features[a].height).then(features[a].id.cmp(&features[b].id)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for atom in order {
        let mut best: Option<(f64, usize)> = None;
        for (g, members) in groups.iter().enumerate() {
            let near = members.iter().all(|&m| near(features[m], features[atom]));
            if !near || shares_a_row(ms1.level, members, atom) {
                continue;
            }
            let gain = gain_of_separation(ms1, members, atom, solver)?;
            if gain < min_gain && best.is_none_or(|(least, _)| gain < least) {
                best = Some((gain, g));
            }
        }
        match best {
            Some((_, g)) => groups[g].push(atom),
            None => groups.push(vec![atom]),
        }
    }
    Ok(groups)
}

/// Apexes within half the narrower width.
fn near(a: &Feature, b: &Feature) -> bool {
    (a.rt_seconds - b.rt_seconds).abs() <= 0.5 * a.fwhm_seconds.min(b.fwhm_seconds)
}

/// Two peaks of one mass trace are two precursors because the trace shows two apexes.
fn shares_a_row(level: &Level, members: &[usize], atom: usize) -> bool {
    level.support.rows().into_iter().any(|row| row[atom] && members.iter().any(|&m| row[m]))
}

/// Loss of log-likelihood when `atom` takes the common profile of `members`, all other atoms fixed.
fn gain_of_separation(ms1: &Ms1, members: &[usize], atom: usize, solver: &Params) -> Result<f64, Error> {
    let together: Vec<usize> = members.iter().chain([&atom]).copied().collect();
    let one = objective(ms1, &[&together], solver)?;
    let two = objective(ms1, &[members, &[atom]], solver)?;
    Ok(one - two)
}

/// Objective of the rows of `profiles`, each a set of atoms with one profile.
fn objective(ms1: &Ms1, profiles: &[&[usize]], solver: &Params) -> Result<f64, Error> {
    let tested: Vec<usize> = profiles.iter().flat_map(|p| p.iter().copied()).collect();
    let rows: Vec<usize> =
        (0..ms1.level.data.nrows()).filter(|&m| tested.iter().any(|&k| ms1.level.support[(m, k)])).collect();
    let others: Vec<usize> = (0..ms1.shapes.len()).filter(|k| !tested.contains(k)).collect();
    let mut columns: Vec<Vec<usize>> = profiles.iter().map(|p| p.to_vec()).collect();
    columns.extend(others.iter().map(|&k| vec![k]));
    let merged = merge_atoms(&columns, ms1.activations, ms1.shapes);
    let mut shapes = merged.shapes;
    shapes[profiles.len()..].fill(Shape::Fixed);
    let level = Level {
        data: ms1.level.data.select(Axis(0), &rows),
        weight: ms1.level.weight.select(Axis(0), &rows),
        censored: ms1.level.censored.select(Axis(0), &rows),
        sampling: ms1.level.sampling.clone(),
        support: merge_support(&columns, &ms1.level.support.select(Axis(0), &rows)),
    };
    let solved = solve(&Problem { levels: vec![level], activations: merged.activations, shapes }, solver)?;
    Ok(solved.objective[solved.objective.len() - 1])
}

/// Activations and shapes of merged atoms.
pub(crate) struct Merged {
    pub(crate) activations: Array2<f64>,
    pub(crate) shapes: Vec<Shape>,
}

/// One atom for each of `columns`: it starts as the first member, and its range covers all members'.
pub(crate) fn merge_atoms(columns: &[Vec<usize>], activations: &Array2<f64>, shapes: &[Shape]) -> Merged {
    let firsts: Vec<usize> = columns.iter().map(|c| c[0]).collect();
    Merged { activations: activations.select(Axis(0), &firsts), shapes: firsts.iter().map(|&k| shapes[k]).collect() }
}

/// The support of merged atoms: what any member may use.
pub(crate) fn merge_support(columns: &[Vec<usize>], support: &Array2<bool>) -> Array2<bool> {
    Array2::from_shape_fn((support.nrows(), columns.len()), |(m, g)| columns[g].iter().any(|&k| support[(m, k)]))
}
