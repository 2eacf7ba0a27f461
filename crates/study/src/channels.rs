//! Runs of one method have the same channels: each is put into the order of most of them, and one
//! that has others has no part in the study.

use std::collections::BTreeMap;

use cofactor_core::{Channel, ChannelIx, Feature, TracedRun};

use crate::data::RunData;

/// What makes two channels of different runs one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    role: String,
    polarity: String,
    /// Energies and voltages, in hundredths of their unit.
    settings: [Option<i64>; 3],
}

impl Key {
    fn new(channel: &Channel) -> Self {
        let hundredths = |value: Option<f64>| value.map(|v| (100.0 * v).round() as i64);
        let role = match (channel.is_ms1(), channel.window(), channel.isolation_window()) {
            (true, ..) => "MS1".to_owned(),
            (_, Some(window), _) => format!("window {:.2}–{:.2}", window.lower, window.upper),
            (_, None, Some(window)) => format!("targeted {:.2}", window.lower),
            (false, None, None) => String::new(),
        };
        Self {
            role,
            polarity: format!("{:?}", channel.polarity),
            settings: [
                hundredths(channel.collision_energy),
                hundredths(channel.compensation_voltage),
                hundredths(channel.source_energy),
            ],
        }
    }
}

/// The channels of a run that are used.
fn keys(run: &TracedRun) -> Vec<Key> {
    let used = |channel: &Channel| channel.is_ms1() || channel.window().is_some();
    run.channels.iter().map(|data| &data.channel).filter(|c| used(c)).map(Key::new).collect()
}

/// Puts the channels of all runs into the order of the first of those that have what most have
/// (of two kinds as frequent that of the first run), and says for each run why it has no part in
/// the study, `None` where it has.
pub(crate) fn harmonise(runs: &mut [RunData]) -> Vec<Option<String>> {
    let kinds: Vec<Vec<Key>> = runs
        .iter()
        .map(|data| {
            let mut keys = keys(&data.run);
            keys.sort();
            keys
        })
        .collect();
    let mut counts: BTreeMap<&[Key], usize> = BTreeMap::new();
    let usable = |r: usize| !runs[r].features.is_empty() && kinds[r].len() > 1;
    let voting: Vec<usize> = (0..runs.len()).filter(|&r| usable(r)).collect();
    voting.iter().for_each(|&r| *counts.entry(&kinds[r]).or_default() += 1);
    let best = voting.iter().rev().max_by_key(|&&r| counts[kinds[r].as_slice()]);
    let Some(&model) = best else { return vec![None; runs.len()] };
    let order = keys(&runs[model].run);
    let mut reasons = Vec::with_capacity(runs.len());
    for r in 0..runs.len() {
        let reason = if kinds[r] == kinds[model] {
            reorder(&mut runs[r], &order);
            None
        } else {
            Some(difference(&kinds[r], &kinds[model], &runs[model].name))
        };
        reasons.push(reason);
    }
    reasons
}

/// Puts the used channels of a run into `order`, the others behind them.
fn reorder(data: &mut RunData, order: &[Key]) {
    let mut unplaced: Vec<ChannelIx> = (0..data.run.channels.len()).map(ChannelIx).collect();
    let mut places: Vec<ChannelIx> = Vec::with_capacity(unplaced.len());
    for key in order {
        let found = unplaced.iter().position(|&c| Key::new(&data.run[c].channel) == *key);
        found.into_iter().for_each(|at| places.push(unplaced.remove(at)));
    }
    places.append(&mut unplaced);
    if places.iter().enumerate().all(|(new, old)| new == old.0) {
        return;
    }
    let new =
        |old: ChannelIx| ChannelIx(places.iter().position(|&place| place == old).unwrap_or(old.0));
    let channels = places.iter().map(|&old| data.run[old].clone()).collect();
    data.run.channels = channels;
    for (number, channel) in data.run.channels.iter_mut().enumerate() {
        let traces = channel.traces.traces.iter_mut();
        traces.for_each(|trace| trace.channel = ChannelIx(number));
    }
    let features = data.features.iter_mut();
    features.for_each(|feature: &mut Feature| feature.channel = new(feature.channel));
}

fn difference(found: &[Key], expected: &[Key], model: &str) -> String {
    let missing = expected.iter().find(|key| !found.contains(key));
    let more = found.iter().find(|key| !expected.contains(key));
    match (missing, more) {
        (Some(missing), Some(more)) => format!(
            "it was acquired by another method: it has {} ({} mode) where most runs, as {model}, \
             have {} ({} mode)",
            more.role, more.polarity, missing.role, missing.polarity
        ),
        (Some(missing), None) => format!(
            "it has no {} ({} mode), which most runs, as {model}, have",
            missing.role, missing.polarity
        ),
        (None, more) => format!(
            "it has channels that most runs, as {model}, lack: {}",
            more.map_or("some twice", |key| &key.role)
        ),
    }
}
