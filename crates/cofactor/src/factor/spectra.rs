//! The fragments of each precursor, read off the fit.

use cofactor_core::{Fragment, Presence};
use cofactor_deconv::candidates::Rates;
use cofactor_nmf::{Error, row_uncertainty};
use ndarray::{Array1, Array2, ArrayView1};

use super::evidence::Evidence;
use super::fit::Fit;
use super::levels::MS2;
use super::outlook::Verdict;
use super::setup::{Atom, Candidate, Setup};

/// 97.5 % quantile of the normal distribution.
const Z95: f64 = 1.959_964;

/// A fragment of a precursor, shown or missing.
pub(crate) struct FragmentLine {
    /// Row of the second matrix; `None` where it has none.
    pub(crate) row: Option<usize>,
    /// Entry of the second dictionary; 0 where it is missing.
    pub(crate) intensity: f64,
    /// 95 % interval; `None` where the data do not determine it, or the dictionary is held.
    pub(crate) interval: Option<(f64, f64)>,
    /// Share of the row's fitted signal under the precursor's activation that is the precursor's.
    pub(crate) share: f64,
    /// What the best candidate says of it.
    pub(crate) explained_by: Option<Fragment>,
}

/// A precursor with its fragments.
pub(crate) struct Spectrum {
    /// Shown and missing fragments, by m/z.
    pub(crate) fragments: Vec<FragmentLine>,
    /// Number of those that show.
    pub(crate) shown: usize,
    /// Share of the fitted signal under its activation, on the rows of its fragments, that is its
    /// own.
    pub(crate) purity: Option<f64>,
}

/// Log-odds that each entry of the second dictionary is there, where the best candidate of its
/// precursor speaks of it, M × K.
pub(crate) fn named_odds(
    setup: &Setup,
    verdicts: &[Option<Verdict>],
    rates: &Rates,
) -> Array2<Option<f64>> {
    let odds = |presence| {
        let p = rates.present(presence);
        (p / (1.0 - p)).ln()
    };
    Array2::from_shape_fn(setup.model[MS2].support.dim(), |(m, k)| {
        best(&setup.atoms[k], verdicts.get(k)).and_then(|c| c.presence(m)).map(odds)
    })
}

/// The best candidate of a precursor, if one is likelier than none.
pub(crate) fn best<'a>(atom: &'a Atom, verdict: Option<&Option<Verdict>>) -> Option<&'a Candidate> {
    verdict?.as_ref()?.best.map(|best| &atom.candidates[best])
}

/// The spectrum of every precursor.
///
/// # Errors
/// As the solver.
pub(crate) fn spectra(
    setup: &Setup,
    fit: &Fit,
    verdicts: &[Option<Verdict>],
    shown: &Array2<bool>,
) -> Result<Vec<Spectrum>, Error> {
    let (dictionary, activations) = (&fit[MS2].dictionary, &fit[MS2].activations);
    let model = dictionary.dot(activations);
    let errors = match setup.model.second_errors(fit)? {
        Some(errors) => errors,
        None => with_known_activations(setup, fit),
    };
    let held = setup.model[MS2].held;
    let mut spectra = Vec::with_capacity(dictionary.ncols());
    for k in 0..dictionary.ncols() {
        let column = Column {
            heights: dictionary.column(k),
            errors: errors.column(k),
            activation: activations.row(k),
            model: &model,
            held,
        };
        let rows: Vec<usize> = (0..dictionary.nrows()).filter(|&m| shown[(m, k)]).collect();
        let mut fragments: Vec<FragmentLine> = rows.iter().map(|&m| column.line(m)).collect();
        if let Some(candidate) = best(&setup.atoms[k], verdicts.get(k)) {
            explain(&mut fragments, candidate);
        }
        let total: f64 = rows.iter().map(|&m| column.row_signal(m)).sum();
        let precursor = || rows.iter().map(|&m| column.signal(m)).sum::<f64>();
        let purity = (total > 0.0).then(|| precursor() / total);
        spectra.push(Spectrum { fragments, shown: rows.len(), purity });
    }
    Ok(spectra)
}

/// A precursor's column of the second dictionary.
struct Column<'a> {
    heights: ArrayView1<'a, f64>,
    errors: ArrayView1<'a, f64>,
    activation: ArrayView1<'a, f64>,
    model: &'a Array2<f64>,
    /// Whether the heights are given, and have no errors.
    held: bool,
}

impl Column<'_> {
    /// A row weighted by the activation.
    fn row_signal(&self, m: usize) -> f64 {
        self.activation.iter().zip(self.model.row(m)).map(|(s, y)| s * y).sum()
    }

    /// The precursor's part of it.
    fn signal(&self, m: usize) -> f64 {
        self.heights[m] * self.activation.dot(&self.activation)
    }

    fn line(&self, m: usize) -> FragmentLine {
        let intensity = self.heights[m];
        let error = Some(Z95 * self.errors[m]).filter(|e| !self.held && e.is_finite());
        FragmentLine {
            row: Some(m),
            intensity,
            interval: error.map(|e| ((intensity - e).max(0.0), intensity + e)),
            share: self.signal(m) / self.row_signal(m),
            explained_by: None,
        }
    }
}

/// Standard errors of the second dictionary, M × K, with the activations as they are.
fn with_known_activations(setup: &Setup, fit: &Fit) -> Array2<f64> {
    let evidence = Evidence::new(&setup.model);
    let (dictionary, activations) = (&fit[MS2].dictionary, &fit[MS2].activations);
    let mut errors = Array2::zeros(dictionary.dim());
    for (m, row) in dictionary.rows().into_iter().enumerate() {
        let found = row_uncertainty(evidence.second_level(), m, activations, row).standard_error;
        errors.row_mut(m).assign(
            &found.into_iter().map(|e| e.unwrap_or(f64::INFINITY)).collect::<Array1<f64>>(),
        );
    }
    errors
}

/// Labels what shows, and adds what is expected and does not.
fn explain(fragments: &mut Vec<FragmentLine>, candidate: &Candidate) {
    let position =
        |fragments: &[FragmentLine], row: usize| fragments.iter().position(|f| f.row == Some(row));
    for &(fragment, row) in &candidate.found.matched {
        if let Some(i) = position(fragments, row) {
            fragments[i]
                .explained_by
                .get_or_insert_with(|| candidate.set.fragments[fragment].clone());
        }
    }
    let rows_shown: Vec<usize> = fragments.iter().filter_map(|f| f.row).collect();
    for (number, fragment) in candidate.set.fragments.iter().enumerate() {
        if fragment.presence >= Presence::Expected
            && !candidate.shows(number, |m| rows_shown.contains(&m))
        {
            fragments.push(FragmentLine {
                row: None,
                intensity: 0.0,
                interval: None,
                share: 0.0,
                explained_by: Some(fragment.clone()),
            });
        }
    }
}
