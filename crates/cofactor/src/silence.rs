//! What is to be said of rules that speak for nothing in a run.

use cofactor_core::{Channel, Feature, Precursor, TracedRun};
use cofactor_rules::{RuleSet, SilentPack};

/// What is to be said of rules none of which is about the ions of the run: of all of them where
/// none is about a polarity of the run, else of each file that names no fragment of any precursor.
pub(crate) fn silent_rules(run: &TracedRun, features: &[Feature], rules: &RuleSet) -> Vec<String> {
    let speaks = |polarity| rules.rules().any(|rule| rule.speaks_for(polarity));
    let silent = |channel: &&Channel| rules.rules().next().is_some() && !speaks(channel.polarity);
    let mut channels = run.channels.iter().map(|data| &data.channel);
    if let Some(channel) = channels.find(silent) {
        let polarity = channel.polarity.name().to_lowercase();
        return vec![format!(
            "no rule is about {polarity} ions, so precursors of that polarity have no spectrum; \
             give rules whose `polarity` is \"{polarity}\""
        )];
    }
    let precursors: Vec<Precursor> = features.iter().map(|f| f.precursor.clone()).collect();
    silent_files(&precursors, rules)
}

/// What is to be said of each rule file that names no fragment of any of the precursors: the rule
/// that comes nearest to one.
pub(crate) fn silent_files(precursors: &[Precursor], rules: &RuleSet) -> Vec<String> {
    if precursors.is_empty() {
        return Vec::new();
    }
    let silent = rules.silent_packs(precursors);
    silent.iter().map(|pack| told_silence(pack, precursors.len())).collect()
}

fn told_silence(silent: &SilentPack, precursors: usize) -> String {
    let nearest = silent.nearest.as_ref().map(|nearest| format!("; the nearest is {nearest}"));
    format!(
        "no rule of `{}` speaks for any of the {precursors} precursors{}",
        silent.pack,
        nearest.unwrap_or_default()
    )
}
