//! The loss statistics that come with cofactor, a pack a polarity.

use cofactor_core::Polarity;

use crate::engine::{LoadedRule, RuleSet};
use crate::kinds::LossStatistics;
use crate::lang::{Diagnostics, RuleSource};
use crate::{Registry, RuleKind};

const PACKS: [(Polarity, &str, &str); 2] = [
    (Polarity::Positive, "losses-positive.toml", include_str!("../../packs/losses-positive.toml")),
    (Polarity::Negative, "losses-negative.toml", include_str!("../../packs/losses-negative.toml")),
];

impl RuleSet {
    /// With the loss statistics that come with cofactor, for polarities that no rule of that kind
    /// speaks for.
    ///
    /// # Errors
    /// If a pack has a mistake, which tests exclude.
    pub fn with_losses(self) -> Result<Self, Diagnostics> {
        let speaks = |rule: &LoadedRule, polarity| {
            rule.kind == LossStatistics::KIND && rule.speaks_for(polarity)
        };
        let sources: Vec<RuleSource> = PACKS
            .into_iter()
            .filter(|(polarity, ..)| !self.rules().any(|rule| speaks(rule, *polarity)))
            .map(|(_, name, text)| RuleSource::new(name, text))
            .collect();
        let added = Registry::builtin().load(&sources)?;
        Ok(self.with_statistics(&added))
    }
}
