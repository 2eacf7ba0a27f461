//! Who the precursors are, and in which rows each of them may show.

use cofactor_core::{CandidateSet, Fragment, Precursor, Presence};
use cofactor_deconv::candidates::Rates;
use cofactor_nmf::{Cells, Dense, LevelIx, RankChoice};
use cofactor_rules::{FragmentMatch, RuleSet};
use ndarray::{Array1, Array2};

use super::courses::precursors;
use super::error::FactorError;
use super::fit::{Joining, LevelModel, Model};
use super::input::{Input, LevelInput};
use super::levels::{LEVELS, MS1, MS2};
use super::matrix::Matrix;
use super::refused::refused;
use crate::error::Error;
use crate::silence::silent_files;

/// A precursor: one column of each dictionary, one activation.
pub(crate) struct Atom {
    /// Row of the first matrix that names it; `None` until a fit has shown it.
    pub(crate) row: Option<usize>,
    /// All rows of the first matrix that are known to be its own.
    pub(crate) rows: Vec<usize>,
    /// What the rules say it may give.
    pub(crate) candidates: Vec<Candidate>,
}

/// One set of fragments that a precursor may give, matched to the rows of the second matrix.
pub(crate) struct Candidate {
    /// The set.
    pub(crate) set: CandidateSet,
    /// Its fragments and rows.
    pub(crate) found: FragmentMatch,
    /// Rows that it may use, M.
    pub(crate) mask: Vec<bool>,
}

/// Where the number of precursors comes from.
pub(crate) enum RankSource {
    /// The columns of a given dictionary.
    Dictionary,
    /// The rows of the first matrix that a rule is about.
    Rules,
    /// The rows of the first matrix, those of one course together.
    Rows,
    /// The task.
    Given,
    /// Held-out cells.
    Chosen(RankChoice),
}

/// The problem before it is solved.
pub(crate) struct Setup {
    /// The precursors, K.
    pub(crate) atoms: Vec<Atom>,
    /// Where K comes from.
    pub(crate) source: RankSource,
    /// What is fitted; its second support is the union of the candidates.
    pub(crate) model: Model,
    /// The second matrix with all rows, also those in which no precursor may show.
    pub(crate) second: Cells,
    /// What is left out, one sentence each.
    pub(crate) warnings: Vec<String>,
}

/// Sets up the problem; `model_of(levels)` completes it, `choose` finds K where nothing says it.
///
/// # Errors
/// If what is given contradicts itself, no precursor is left, or a rule gives too many
/// candidates.
pub(crate) fn set_up(
    input: &Input,
    joining: Joining,
    rank: Option<usize>,
    model_of: impl Fn([LevelModel; 2]) -> Model,
    choose: impl Fn(&dyn Fn(usize) -> Model) -> Result<RankChoice, Error>,
) -> Result<Setup, Error> {
    let open_level = |l: LevelIx, atoms| {
        level_model(&input[l], Array2::from_elem((rows(input, l), atoms), true))
    };
    let open = |atoms: usize| model_of(LEVELS.map(|l| open_level(l, atoms)));
    let mut warnings = Vec::new();
    let (mut atoms, source) = match (columns_given(input), &input.rules, rank) {
        (Some(columns), _, _) => (atoms_of_dictionaries(input, columns), RankSource::Dictionary),
        (None, Some(rules), _) => (atoms_of_rules(input, rules)?, RankSource::Rules),
        (None, None, rank) => match (atoms_of_rows(input, joining, rank, &mut warnings), rank) {
            (Some(atoms), _) => (atoms, RankSource::Rows),
            (None, Some(rank)) => (unnamed(rank), RankSource::Given),
            (None, None) => {
                let choice = choose(&open)?;
                (unnamed(choice.rank), RankSource::Chosen(choice))
            }
        },
    };
    if let Some(rank) = rank
        && rank != atoms.len()
    {
        let from_rules = matches!(source, RankSource::Rules);
        return Err(FactorError::Rank { given: rank, found: atoms.len(), from_rules }.into());
    }
    if let Some(rules) = &input.rules {
        for atom in &mut atoms {
            atom.candidates = candidates(input, rules, atom.row)?;
        }
        let precursors: Vec<Precursor> =
            atoms.iter().filter_map(|atom| precursor_of(input, atom.row?)).collect();
        warnings.extend(silent_files(&precursors, rules));
    }
    let supports = [first_support(input, &atoms, &source), second_support(input, &atoms)];
    let mut level = |l: LevelIx, support: Array2<bool>| {
        warnings.extend(left_out(&input[l], &support));
        level_model(&input[l], support)
    };
    let [first, second] = supports;
    let levels = [level(MS1, first), level(MS2, second)];
    let second = open_level(MS2, atoms.len()).cells;
    Ok(Setup { atoms, source, model: model_of(levels), second, warnings })
}

fn rows(input: &Input, l: LevelIx) -> usize {
    input[l].matrix.dim().0
}

fn columns_given(input: &Input) -> Option<usize> {
    input.levels.iter().find_map(|level| level.dictionary.as_ref().map(Array2::ncols))
}

fn unnamed(rank: usize) -> Vec<Atom> {
    (0..rank).map(|_| Atom { row: None, rows: Vec::new(), candidates: Vec::new() }).collect()
}

/// An atom for every precursor that the rows of the first matrix show, where these have m/z and
/// their courses are to be found in the second: of more than `rank` the highest. `None`, and a
/// warning, where they show fewer than are asked for.
fn atoms_of_rows(
    input: &Input,
    joining: Joining,
    rank: Option<usize>,
    warnings: &mut Vec<String>,
) -> Option<Vec<Atom>> {
    let level = &input[MS1];
    let axis = level.axis.as_ref().filter(|_| joining != Joining::Dictionary)?;
    let mut found = precursors(level, axis);
    if let Some(rank) = rank
        && found.len() < rank
    {
        warnings.push(format!(
            "{}: the rows show {} precursors, and {rank} are asked for; so rows are not taken for \
             precursors, and any of the {rank} may show in any row",
            level.path.display(),
            found.len()
        ));
        return None;
    }
    if let Some(rank) = rank {
        let signal = |rows: &[usize]| level.matrix.values.row(rows[0]).sum();
        found.sort_by(|a, b| signal(b).total_cmp(&signal(a)).then(a.cmp(b)));
        found.truncate(rank);
        found.sort();
    }
    let atom = |rows: Vec<usize>| Atom { row: Some(rows[0]), rows, candidates: Vec::new() };
    Some(found.into_iter().map(atom).collect())
}

/// An atom a column, named by the row where its column of the first dictionary is highest.
fn atoms_of_dictionaries(input: &Input, columns: usize) -> Vec<Atom> {
    let row = |k: usize| input[MS1].dictionary.as_ref().map(|d| highest(d, k));
    (0..columns).map(|k| Atom { row: row(k), rows: Vec::new(), candidates: Vec::new() }).collect()
}

/// The row in which column `k` is highest, the first of equals.
pub(crate) fn highest(dictionary: &Array2<f64>, k: usize) -> usize {
    let column = dictionary.column(k);
    (0..column.len()).reduce(|best, m| if column[m] > column[best] { m } else { best }).unwrap_or(0)
}

/// An atom for every row of the first matrix that shows signal and that a rule is about.
fn atoms_of_rules(input: &Input, rules: &RuleSet) -> Result<Vec<Atom>, Error> {
    let level = &input[MS1];
    let mut atoms = Vec::new();
    let shown = (0..level.matrix.dim().0).filter(|&m| level.matrix.shows(m));
    for row in shown.clone() {
        if !candidates(input, rules, Some(row))?.is_empty() {
            atoms.push(Atom { row: Some(row), rows: vec![row], candidates: Vec::new() });
        }
    }
    if atoms.is_empty() {
        let precursors: Vec<Precursor> = shown.filter_map(|m| precursor_of(input, m)).collect();
        let nearest: Vec<String> =
            silent_files(&precursors, rules).iter().map(|told| format!("; {told}")).collect();
        return Err(refused(format!(
            "the rules are about none of the m/z of {} that show signal{}; check the precursors, \
             tolerances, polarity and `when` of the rules",
            level.path.display(),
            nearest.concat()
        )));
    }
    Ok(atoms)
}

/// The precursor that a row of the first matrix shows, where its m/z is known.
fn precursor_of(input: &Input, row: usize) -> Option<Precursor> {
    let &mz = input[MS1].axis.as_ref()?.get(row)?;
    let polarity = input.polarity;
    Some(Precursor { mz, charge: 1, polarity, adduct: None, rt_seconds: None })
}

/// What the rules say of the precursor in a row of the first matrix.
fn candidates(input: &Input, rules: &RuleSet, row: Option<usize>) -> Result<Vec<Candidate>, Error> {
    let [Some(_), Some(axis2)] = LEVELS.map(|l| input[l].axis.as_ref()) else {
        return Ok(Vec::new());
    };
    let Some(precursor) = row.and_then(|row| precursor_of(input, row)) else {
        return Err(FactorError::Unnamed.into());
    };
    let sets = rules.candidates(&precursor)?;
    let observed = axis2.to_vec();
    let matched = |set: CandidateSet| {
        let found = rules.match_fragments(&set, &observed);
        Candidate { mask: found.allowed.clone(), set, found }
    };
    let says_something = |set: &CandidateSet| !set.fragments.is_empty() || set.open_up_to.is_some();
    Ok(sets.into_iter().filter(says_something).map(matched).collect())
}

fn first_support(input: &Input, atoms: &[Atom], source: &RankSource) -> Array2<bool> {
    let level = &input[MS1];
    match &level.dictionary {
        Some(dictionary) => dictionary.mapv(|d| d > 0.0),
        None => Array2::from_shape_fn((rows(input, MS1), atoms.len()), |(m, k)| {
            let named = matches!(source, RankSource::Rules | RankSource::Rows);
            !named || atoms[k].rows.contains(&m)
        }),
    }
}

/// The union of an atom's candidates, inside the given dictionary.
fn second_support(input: &Input, atoms: &[Atom]) -> Array2<bool> {
    let level = &input[MS2];
    let ruled = input.rules.is_some();
    Array2::from_shape_fn((rows(input, MS2), atoms.len()), |(m, k)| {
        let known = level.dictionary.as_ref().is_none_or(|d| d[(m, k)] > 0.0);
        known && (!ruled || atoms[k].candidates.iter().any(|c| c.mask[m]))
    })
}

/// A level of the model; rows in which nothing may show count as not observed.
fn level_model(level: &LevelInput, support: Array2<bool>) -> LevelModel {
    let Matrix { values, observed, below } = &level.matrix;
    let used: Array1<bool> =
        support.rows().into_iter().map(|row| row.iter().any(|ok| *ok)).collect();
    let weight =
        Array2::from_shape_fn(
            values.dim(),
            |(m, t)| if observed[(m, t)] && used[m] { 1.0 } else { 0.0 },
        );
    let cells = Cells::Dense(Dense { data: values.clone(), weight, censored: below.clone() });
    LevelModel {
        cells,
        support,
        dictionary: level.dictionary.clone(),
        held: level.held,
        gain: level.gain,
    }
}

/// Tells of rows with signal that take no part.
fn left_out(level: &LevelInput, support: &Array2<bool>) -> Option<String> {
    let silent = |m: &usize| support.row(*m).iter().all(|ok| !ok) && level.matrix.shows(*m);
    let rows: Vec<usize> = (0..level.matrix.dim().0).filter(silent).collect();
    if rows.is_empty() {
        return None;
    }
    let name = |&m: &usize| {
        level.axis.as_ref().map_or_else(|| format!("row {}", m + 1), |axis| axis[m].to_string())
    };
    let mut names: Vec<String> = rows.iter().take(5).map(name).collect();
    if rows.len() > names.len() {
        names.push("…".to_owned());
    }
    Some(format!(
        "{}: {} rows with signal take no part, as no precursor may show there: {}",
        level.path.display(),
        rows.len(),
        names.join(", ")
    ))
}

impl Candidate {
    /// How surely each row is expected to show: the likeliest of its fragments; `None` where only
    /// an open set allows it.
    pub(crate) fn presence(&self, row: usize) -> Option<Presence> {
        let fragments = self.found.matched.iter().filter(|pair| pair.1 == row);
        fragments.map(|pair| self.set.fragments[pair.0].presence).max()
    }

    /// Its fragments without a row.
    pub(crate) fn without_row(&self) -> impl Iterator<Item = &Fragment> {
        let has_row = |f: &usize| self.found.matched.iter().any(|pair| pair.0 == *f);
        let missing = (0..self.set.fragments.len()).filter(move |f| !has_row(f));
        missing.map(|f| &self.set.fragments[f])
    }

    /// How many of its fragments are expected to be there.
    pub(crate) fn expected(&self) -> f64 {
        self.set.fragments.iter().map(|f| Rates::START.present(f.presence)).sum()
    }

    /// Whether one of the rows of a fragment (by position in the set) shows.
    pub(crate) fn shows(&self, fragment: usize, shown: impl Fn(usize) -> bool) -> bool {
        self.found.matched.iter().any(|pair| pair.0 == fragment && shown(pair.1))
    }
}
