//! Fragments that a building block gives: templates with `{block}` for the block, and `{base}` for
//! the one that is there besides.

use std::num::NonZeroU8;

use cofactor_chem::ion::ion_mz;
use cofactor_core::{Fragment, Precursor, Presence};
use schemars::JsonSchema;
use serde::Deserialize;

use super::blocks::Block;
use super::shared::fragment;
use crate::lang::{MassSum, MassText, Mistake, PresenceSchema, Spanned};

/// The placeholder of a template for each block.
const BLOCK: &str = "block";
/// That for the base, where the rule has one.
const BASE: &str = "base";

/// A fragment, or one for each block.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateText {
    /// Name, with `{block}` and `{base}` for those of the block and the base, which otherwise
    /// follow; the text of the fragment where not given.
    label: Option<String>,
    /// A fixed m/z.
    mz: Option<Spanned<f64>>,
    /// What the precursor loses: `"{block} - H2O"`. The charge stays.
    loss: Option<Spanned<MassText>>,
    /// What the ion is made of, charge carrier included: `"{block} + H"`. The electrons are
    /// counted.
    ion: Option<Spanned<MassText>>,
    /// Charge of `mz` and `ion`; 1 where not given.
    charge: Option<NonZeroU8>,
    /// How surely it is expected; `"expected"` where not given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
    /// Intensity relative to the strongest fragment of the set, above 0.
    intensity: Option<f64>,
}

/// A template ready for blocks.
#[derive(Debug, Clone)]
pub(super) struct Template {
    label: String,
    place: TemplatePlace,
    charge: u8,
    presence: Presence,
    intensity: Option<f64>,
}

#[derive(Debug, Clone)]
enum TemplatePlace {
    Mz(f64),
    Loss(MassSum),
    Ion(MassSum),
}

impl TemplateText {
    /// The template; with `has_base` it may say `{base}`.
    pub(super) fn read(
        &self,
        whole: std::ops::Range<usize>,
        has_base: bool,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Template> {
        let known: &[&str] = if has_base { &[BLOCK, BASE] } else { &[BLOCK] };
        let mut wrong = |span, message: String| {
            mistakes.push(Mistake::new(span, message));
        };
        let sum = |given: &Spanned<MassText>| {
            given.read(known).map_err(|message| (given.span(), message))
        };
        let place = match (&self.mz, &self.loss, &self.ion) {
            (Some(mz), None, None) if mz.is_finite() && **mz > 0.0 => Ok(TemplatePlace::Mz(**mz)),
            (Some(mz), None, None) => {
                Err((mz.span(), format!("an m/z is a number above 0, and this is {}", **mz)))
            }
            (None, Some(loss), None) => sum(loss).map(TemplatePlace::Loss),
            (None, None, Some(ion)) => sum(ion).map(TemplatePlace::Ion),
            _ => Err((whole.clone(), "a fragment has one of `mz`, `loss` and `ion`".to_owned())),
        };
        if let Some(intensity) = self.intensity
            && !(intensity.is_finite() && intensity > 0.0)
        {
            wrong(
                whole.clone(),
                format!("a relative intensity is above 0, and this is {intensity}"),
            );
        }
        if let (Some(_), Some(charge)) = (&self.loss, self.charge) {
            wrong(
                whole,
                format!("a loss keeps the charge of the precursor; take `charge = {charge}` away"),
            );
        }
        let place = place.map_err(|(span, message)| wrong(span, message)).ok()?;
        let text = match &place {
            TemplatePlace::Mz(mz) => mz.to_string(),
            TemplatePlace::Loss(sum) => format!("-({})", sum.text()),
            TemplatePlace::Ion(sum) => sum.text().to_owned(),
        };
        Some(Template {
            label: self.label.clone().unwrap_or(text),
            place,
            charge: self.charge.map_or(1, NonZeroU8::get),
            presence: self.presence.unwrap_or(Presence::Expected),
            intensity: self.intensity,
        })
    }
}

impl Template {
    /// The template of sums with this base.
    pub(super) fn of_base(&self, base: &Block) -> Self {
        let filled = |sum: &MassSum| sum.with(BASE, base.mass, base.formula.as_ref());
        let place = match &self.place {
            TemplatePlace::Mz(_) => None,
            TemplatePlace::Loss(sum) => filled(sum).map(TemplatePlace::Loss),
            TemplatePlace::Ion(sum) => filled(sum).map(TemplatePlace::Ion),
        };
        let Some(place) = place else { return self.clone() };
        Self { label: named(&self.label, "{base}", &base.name), place, ..self.clone() }
    }

    /// The fragments of a precursor whose ion has `precursor_mz` and that is made of `blocks`, each
    /// named once.
    pub(super) fn fragments(
        &self,
        precursor: &Precursor,
        precursor_mz: f64,
        blocks: &[&Block],
        rule_id: &str,
    ) -> Vec<Fragment> {
        let sum = match &self.place {
            TemplatePlace::Mz(_) => None,
            TemplatePlace::Loss(sum) | TemplatePlace::Ion(sum) => Some(sum),
        };
        if sum.is_some_and(MassSum::has_placeholder) {
            blocks
                .iter()
                .map(|block| self.fragment(precursor, precursor_mz, Some(block), rule_id))
                .collect()
        } else {
            vec![self.fragment(precursor, precursor_mz, None, rule_id)]
        }
    }

    fn fragment(
        &self,
        precursor: &Precursor,
        precursor_mz: f64,
        block: Option<&Block>,
        rule_id: &str,
    ) -> Fragment {
        let mass = block.map_or(0.0, |block| block.mass);
        let block_formula = block.and_then(|block| block.formula.as_ref());
        let (mz, charge, formula) = match &self.place {
            TemplatePlace::Mz(mz) => (*mz, self.charge, None),
            TemplatePlace::Loss(sum) => {
                let charge = precursor.charge.max(1);
                (precursor_mz - sum.mass(mass) / f64::from(charge), charge, None)
            }
            TemplatePlace::Ion(sum) => {
                let formula = sum.formula(block_formula).map(|formula| formula.to_string());
                (ion_mz(sum.mass(mass), self.charge, precursor.polarity), self.charge, formula)
            }
        };
        let label = match block {
            None => self.label.clone(),
            Some(block) => named(&self.label, "{block}", &block.name),
        };
        Fragment {
            charge,
            formula,
            relative_intensity: self.intensity,
            ..fragment(rule_id, mz, label, self.presence)
        }
    }
}

/// A label with a name in place of its placeholder, or behind it.
fn named(label: &str, placeholder: &str, name: &str) -> String {
    if label.contains(placeholder) {
        label.replace(placeholder, name)
    } else {
        format!("{label} {name}")
    }
}
