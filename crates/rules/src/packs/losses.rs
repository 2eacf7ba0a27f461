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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpectrumIon;
    use crate::kinds::fixtures::{load, precursor};

    /// The odds of a loss of `mass`, Da, from an ion of m/z 300.
    fn odds(rules: &RuleSet, charge: i8, mass: f64) -> f64 {
        let ions = [SpectrumIon { mz: 300.0, weight: 1.0 }];
        rules.odds(&precursor(300.0, charge), &ions, 300.0 - mass).unwrap()
    }

    #[test]
    fn the_tables_know_losses_of_both_polarities() {
        let rules = RuleSet::open().with_losses().unwrap();
        for charge in [1, -1] {
            for (mass, low, high) in
                [(18.0106, 5.0, 1e4), (43.9898, 5.0, 1e4), (18.5, 0.0, 0.2), (24.5, 0.0, 0.2)]
            {
                let odds = odds(&rules, charge, mass);
                assert!((low..high).contains(&odds), "{charge} {mass}: {odds}");
            }
        }
    }

    #[test]
    fn a_table_of_a_rule_file_takes_the_place_of_that_of_its_polarity() {
        let own = load("kind = 'loss-statistics'\npolarity = 'positive'\ntext = '18.5 100'");
        let rules = own.with_losses().unwrap();
        assert!(odds(&rules, 1, 18.5) > 100.0 && odds(&rules, -1, 18.5) < 0.2);
        let any_polarity = load("kind = 'loss-statistics'\ntext = '18.5 100'");
        assert_eq!(any_polarity.with_losses().unwrap().rules().count(), 1);
    }
}
