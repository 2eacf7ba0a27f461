//! A fitted block, as ballots see it.

use cofactor_core::Channel;
use ndarray::Array2;

use crate::block::ms2::Ms2Row;
use crate::chemistry::Chemistry;
use crate::fragments::draft::Draft;

/// A fitted block, as ballots see it.
pub(crate) struct FittedRows<'a> {
    pub(crate) draft: &'a Draft<'a>,
    /// Its rows.
    pub(crate) fragments: &'a [Ms2Row],
    /// Which atoms may use each row, rows × atoms …
    pub(crate) support: Array2<bool>,
    /// … and where it is no row that a candidate lists.
    pub(crate) unlisted: Array2<bool>,
    /// Which atoms would be there as probably as any other explanation, rows × atoms. The others
    /// may have any fragment, and each row is seldom one of theirs.
    pub(crate) expected: Array2<bool>,
    pub(crate) chemistry: Chemistry<'a>,
    pub(crate) channel: &'a Channel,
}

impl<'a> FittedRows<'a> {
    /// With the rows that the rules allow.
    pub(crate) fn new(draft: &'a Draft, chemistry: Chemistry<'a>, channel: &'a Channel) -> Self {
        let by_rules = &draft.view().dictionary.support;
        Self {
            draft,
            fragments: &draft.block.fitted.system.fragments,
            support: by_rules.clone(),
            unlisted: by_rules.clone(),
            expected: by_rules.clone(),
            chemistry,
            channel,
        }
    }

    /// m/z of the rows without the systematic error.
    pub(crate) fn corrected_mzs(&self) -> Vec<f64> {
        let observed: Vec<f64> = self.fragments.iter().map(|row| row.mz).collect();
        self.chemistry.corrected(&observed)
    }
}
