//! A factorization and what can be said of it.

use cofactor_deconv::candidates::Rates;
use ndarray::Array2;

use super::fit::Fit;
use super::input::Input;
use super::judge::Search;
use super::outlook::Verdict;
use super::setup::Setup;
use super::spectra::Spectrum;

/// A factorization and what can be said of it.
pub struct FactorOutcome {
    pub(super) input: Input,
    pub(super) setup: Setup,
    pub(super) fit: Fit,
    /// What the candidates are worth; empty without rules.
    pub(super) verdicts: Vec<Option<Verdict>>,
    /// How hypotheses were looked through; `None` without rules.
    pub(super) search: Option<Search>,
    /// How often fragments are there.
    pub(super) rates: Rates,
    pub(super) spectra: Vec<Spectrum>,
    /// For each precursor the others that it cannot be told from.
    pub(super) confounded: Vec<Vec<usize>>,
    pub(super) notes: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl FactorOutcome {
    /// What its reader has to know, one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How files were read where that is not plain, one sentence each.
    pub fn told(&self) -> &[String] {
        &self.input.told
    }

    /// Dictionary of each matrix, M × K.
    pub fn dictionaries(&self) -> [&Array2<f64>; 2] {
        self.fit.levels.each_ref().map(|level| &level.dictionary)
    }

    /// Activations of each matrix, K × T.
    pub fn activations(&self) -> [&Array2<f64>; 2] {
        self.fit.levels.each_ref().map(|level| &level.activations)
    }
}
