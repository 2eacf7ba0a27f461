//! What a fit can tell and what it cannot: precursors whose columns could be exchanged, and the
//! gauges of the coupling.

use ndarray::Array2;

use super::fit::{Fit, Joining, LevelFit, Model};
use super::judge::Search;
use super::levels::{LEVELS, MS1, MS2};
use super::setup::{Atom, RankSource, Setup};

/// Activations with a larger cosine are called the same.
const SAME_COSINE: f64 = 0.999;

/// For each precursor the others that the data and the supports cannot tell from it, ascending.
///
/// Where activations are in common these are the ones with the same activation and a row of the
/// second matrix in which both may show. With separate activations also those whose columns can
/// change places within the supports: then nothing says which column of one dictionary belongs to
/// which of the other.
pub(crate) fn confounded(setup: &Setup, fit: &Fit, shown: &Array2<bool>) -> Vec<Vec<usize>> {
    let model = &setup.model;
    let atoms = model.atoms();
    let mut pairs = Array2::from_elem((atoms, atoms), false);
    let support = &model[MS2].support;
    for j in 0..atoms {
        for k in 0..j {
            let common_row = support.rows().into_iter().any(|row| row[j] && row[k]);
            let alike = common_row && cosine(&fit[MS2], j, k) >= SAME_COSINE;
            pairs[(j, k)] = alike;
            pairs[(k, j)] = alike;
        }
    }
    if model.joining == Joining::Dictionary {
        let first = shown_in(&fit[MS1].dictionary);
        let may = |k: usize, rows: &[usize]| rows.iter().all(|&m| model[MS1].support[(m, k)]);
        mark_cycles(&mut pairs, &first, may);
        let second: Vec<Vec<usize>> =
            shown.columns().into_iter().map(|c| rows_of(c.iter().copied())).collect();
        mark_cycles(&mut pairs, &second, |k, rows| may_show(model, &setup.atoms[k], k, rows));
    }
    let reach = closure(&pairs);
    (0..atoms)
        .map(|k| (0..atoms).filter(|&j| j != k && reach[(j, k)] && reach[(k, j)]).collect())
        .collect()
}

fn cosine(level: &LevelFit, j: usize, k: usize) -> f64 {
    let (a, b) = (level.activations.row(j), level.activations.row(k));
    let norm = (a.dot(&a) * b.dot(&b)).sqrt();
    if norm > 0.0 { a.dot(&b) / norm } else { 0.0 }
}

fn shown_in(dictionary: &Array2<f64>) -> Vec<Vec<usize>> {
    dictionary.columns().into_iter().map(|c| rows_of(c.iter().map(|d| *d > 0.0))).collect()
}

fn rows_of(shown: impl Iterator<Item = bool>) -> Vec<usize> {
    shown.enumerate().filter(|(_, yes)| *yes).map(|(m, _)| m).collect()
}

/// Whether one candidate of the precursor, or its support where there are none, holds all the rows.
fn may_show(model: &Model, atom: &Atom, k: usize, rows: &[usize]) -> bool {
    let known = rows.iter().all(|&m| model[MS2].support[(m, k)]);
    known
        && (atom.candidates.is_empty()
            || atom.candidates.iter().any(|c| rows.iter().all(|&m| c.mask[m])))
}

/// Marks the pairs on a cycle of "the rows of j may be k's": along it the columns can change
/// places.
fn mark_cycles(
    pairs: &mut Array2<bool>,
    shown: &[Vec<usize>],
    may: impl Fn(usize, &[usize]) -> bool,
) {
    let fits =
        Array2::from_shape_fn(pairs.dim(), |(j, k)| !shown[j].is_empty() && may(k, &shown[j]));
    let reach = closure(&fits);
    pairs.indexed_iter_mut().for_each(|((j, k), pair)| *pair |= reach[(j, k)] && reach[(k, j)]);
}

/// What can be reached by following edges (Warshall 1962).
fn closure(edges: &Array2<bool>) -> Array2<bool> {
    let mut reach = edges.clone();
    for via in 0..reach.nrows() {
        let onward = reach.row(via).to_owned();
        for mut row in reach.rows_mut() {
            if row[via] {
                row.zip_mut_with(&onward, |a, b| *a |= *b);
            }
        }
    }
    reach
}

/// What the coupling can and cannot tell, a sentence each.
pub(crate) fn gauge_notes(
    setup: &Setup,
    confounded: &[Vec<usize>],
    search: Option<Search>,
) -> Vec<String> {
    let model = &setup.model;
    let held = LEVELS.map(|l| model[l].held);
    let mut notes = Vec::new();
    let mut note = |text: &str| notes.push(text.to_owned());
    match model.joining {
        Joining::Shared => note(
            "shared activations: fragments are linked to precursors by their activations. The \
             entries of dict2 over those of dict1 are the yields, as both are heights at the apex \
             of one activation.",
        ),
        Joining::Soft(_) => note(
            "soft coupling: fragments are linked to precursors by activations that are alike. The \
             scale of activations2 against activations1 is a convention (each has maximum 1), so \
             yields are known up to the difference of the two.",
        ),
        Joining::Dictionary => note(
            "dictionary coupling: the matrices have no activation in common. Columns are linked \
             only by the supports, the known dictionaries and the rules; the scale between the two \
             levels is a convention (each activation has maximum 1), and a tie of column sums \
             would add nothing, as any scale meets it.",
        ),
    }
    if held == [true, true] && model.joining == Joining::Shared {
        note(
            "both dictionaries are held: activations2 are activations1 times an efficiency for \
             each precursor.",
        );
    } else if held.contains(&true) {
        note("the activations of a held dictionary carry the scale, and do not have maximum 1.");
    }
    if matches!(setup.source, RankSource::Given | RankSource::Chosen(_)) {
        note(
            "no dictionary, no rules: nothing says in which rows a precursor may show. Its factors \
             are determined up to mixtures that stay non-negative, and the order of the columns \
             means nothing.",
        );
    }
    notes.extend(search.filter(|search| !search.complete).map(partly));
    let mut note = |text: &str| notes.push(text.to_owned());
    if confounded.iter().any(|group| !group.is_empty()) {
        note(
            "features whose status is not_separable cannot be told from those that it names: their \
             activations are the same, or their columns could change places within the supports.",
        );
    }
    notes
}

/// That not all hypotheses were fitted, and what that means.
fn partly(search: Search) -> String {
    let Search { log10_hypotheses, fitted, averaged, share, .. } = search;
    format!(
        "of 10^{log10_hypotheses:.1} hypotheses (a candidate for every precursor) {fitted} were \
         fitted: the best that changes of one precursor lead to, and all that differ from it in \
         one. Posteriors are averaged over the {averaged} likeliest, which hold {:.1} % of the \
         probability of those that were fitted; what others would add is not known.",
        100.0 * share
    )
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn columns_on_a_cycle_can_change_places() {
        let may = |k: usize, rows: &[usize]| {
            rows.iter().all(|m| [vec![0, 1], vec![1, 2], vec![0, 2], vec![3]][k].contains(m))
        };
        let swapped = |shown: [Vec<usize>; 4]| -> Vec<Vec<usize>> {
            let mut pairs = Array2::from_elem((4, 4), false);
            mark_cycles(&mut pairs, &shown, may);
            (0..4).map(|k| (0..4).filter(|&j| j != k && pairs[(j, k)]).collect()).collect()
        };
        let none: Vec<Vec<usize>> = vec![vec![]; 4];
        assert_eq!(swapped([vec![0, 1], vec![1, 2], vec![0, 2], vec![3]]), none);
        assert_eq!(
            swapped([vec![1], vec![1, 2], vec![0, 2], vec![3]]),
            none,
            "1 → 2 has no way back"
        );
        assert_eq!(swapped([vec![1], vec![1], vec![0, 2], vec![3]])[..2], [vec![1], vec![0]]);
        // 0 → 1 by row 1, 1 → 2 by row 2, 2 → 0 by row 0: all three at once, though no two alone.
        assert_eq!(
            swapped([vec![1], vec![2], vec![0], vec![3]]),
            [vec![1, 2], vec![0, 2], vec![0, 1], vec![]]
        );
        assert_eq!(
            swapped([vec![], vec![], vec![], vec![]]),
            none,
            "what shows nothing is in nobody's place"
        );
    }

    #[test]
    fn the_closure_follows_edges() {
        let edges = array![[false, true, false], [false, false, true], [false, false, false]];
        assert_eq!(
            closure(&edges),
            array![[false, true, true], [false, false, true], [false, false, false]]
        );
    }
}
