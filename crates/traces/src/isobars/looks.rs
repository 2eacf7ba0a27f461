//! Which peaks are two isobars, by what fragments say and how far chance goes.

use std::collections::BTreeMap;

use cofactor_core::statistics::upper_median;
use cofactor_core::{Feature, FeatureIx, Relation, Trace, TracedRun};
use rayon::prelude::*;

use super::peak::{Peak, trace_of};
use super::turn::{Turn, turns};
use super::witnesses::{Heard, Row, Window, Witness};
use crate::params::FeatureParams;
use crate::tuning::{
    INTENSE_LIMITS, LEAST_WITNESSES, MOST_BY_CHANCE, SHARED_ALIKE, SPREADS_APART, TURN_SHARES,
    USUAL_FRAGMENTS,
};

/// What a part must be worth, in units of log-likelihood.
#[derive(Debug, Clone, Copy)]
pub struct PartPrice {
    /// Each fragment.
    pub entry: f64,
    /// Its elution.
    pub profile: f64,
}

/// What fragments say of one peak.
struct Look {
    feature: FeatureIx,
    /// Of the peak.
    height: f64,
    turns: Vec<Turn>,
    witnesses: Vec<Witness>,
    /// Those of a window that does not isolate the ion.
    by_chance: Vec<Witness>,
    /// By turn, fragments that agree with the whole; only where enough witnesses speak.
    against: Vec<usize>,
    /// The height over that of the peak of the highest of these.
    highest: Option<f64>,
}

/// Where the peaks turn that are two isobars.
pub(super) fn find(
    run: &TracedRun,
    features: &[Feature],
    params: &FeatureParams,
    price: PartPrice,
) -> BTreeMap<FeatureIx, Turn> {
    let windows = Window::of_run(run, params.max_ms2_only_window);
    let look = |feature: &Feature| look(feature, features, run, &windows, price.entry);
    let looks: Vec<Look> = features.par_iter().filter_map(look).collect();
    let highest = highest_fragment(&looks);
    let tried = (TURN_SHARES.len() * SPREADS_APART.len()) as f64;
    let least = LEAST_WITNESSES as f64 * price.entry + price.profile + tried.ln();
    let claims = claims(&looks, highest, least);
    let of_weaker = |sides: [f64; 2]| sides[0].min(sides[1]);
    let mut chance: Vec<f64> = Vec::new();
    let mut candidates: Vec<(f64, FeatureIx, Turn)> = Vec::new();
    for look in &looks {
        let unclaimed = |row: Row| !claims.contains_key(&row);
        chance.push(look.best_turn(&look.by_chance, highest, unclaimed, of_weaker).0);
        let own = |row: Row| claims.get(&row).is_none_or(|of| *of == look.feature);
        let (evidence, turn) = look.best_turn(&look.witnesses, highest, own, of_weaker);
        candidates.push((evidence, look.feature, look.turns[turn]));
    }
    candidates.retain(|(evidence, ..)| *evidence >= least);
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let by_chance = |least: f64| chance.iter().filter(|evidence| **evidence >= least).count();
    let is_clear =
        |i: &usize| by_chance(candidates[*i].0) as f64 <= MOST_BY_CHANCE * (i + 1) as f64;
    let clear = (0..candidates.len()).rev().find(is_clear).map_or(0, |last| last + 1);
    candidates.into_iter().take(clear).map(|(_, feature, turn)| (feature, turn)).collect()
}

/// For each fragment that may be of a part of a peak, the peak with most evidence, be it of one
/// part alone.
fn claims(looks: &[Look], highest: f64, least: f64) -> BTreeMap<Row, FeatureIx> {
    let mut claims: BTreeMap<Row, (f64, FeatureIx)> = BTreeMap::new();
    let of_both = |sides: [f64; 2]| sides[0] + sides[1];
    for look in looks {
        let Look { feature, witnesses, .. } = look;
        let (evidence, turn) = look.best_turn(witnesses, highest, |_| true, of_both);
        let speaking = witnesses.iter().filter(|w| evidence >= least && w.gain(turn) > 0.0);
        for witness in speaking {
            let claim = claims.entry(witness.row).or_insert((evidence, *feature));
            if evidence > claim.0 {
                *claim = (evidence, *feature);
            }
        }
    }
    claims.into_iter().map(|(row, (_, feature))| (row, feature)).collect()
}

/// `None` where nothing can be told.
fn look<'a>(
    feature: &Feature,
    features: &[Feature],
    run: &TracedRun,
    windows: &[Window<'a>],
    entry: f64,
) -> Option<Look> {
    let ms1 = &run[feature.channel];
    let peak = Peak { feature, trace: trace_of(feature, run)?, ms1 };
    let may_be_two = feature.relation == Relation::Molecule
        && feature.height >= INTENSE_LIMITS * ms1.traces.limit.typical();
    let turns = turns(&peak.points());
    if !may_be_two || turns.is_empty() {
        return None;
    }
    let (own, other) = Window::of_feature(windows, feature, ms1)?;
    let hear = |window: &Window<'a>| {
        let neighbours = features.iter().filter(|other| window.has_neighbour(feature, other));
        let traces: Vec<&Trace> = neighbours.filter_map(|f| trace_of(f, run)).collect();
        window.hear(&peak, &traces, &turns, entry)
    };
    let heard: Vec<Heard> = own.into_iter().map(hear).collect();
    let by_chance = hear(other).witnesses;
    let highest = heard.iter().filter_map(Heard::highest).reduce(f64::max);
    let against = |turn: usize| heard.iter().map(|heard| heard.against(turn, entry)).sum();
    let own = || heard.iter().flat_map(|heard| &heard.witnesses);
    let speak = |turn: usize| may_speak(own(), turn) || may_speak(by_chance.iter(), turn);
    let against =
        (0..turns.len()).map(|turn| if speak(turn) { against(turn) } else { 0 }).collect();
    let witnesses = heard.into_iter().flat_map(|heard| heard.witnesses).collect();
    let (feature, height) = (feature.position(), feature.height);
    Some(Look { feature, height, turns, witnesses, by_chance, against, highest })
}

/// Whether a part has enough witnesses at a turn.
fn may_speak<'a>(witnesses: impl Iterator<Item = &'a Witness> + Clone, turn: usize) -> bool {
    let speak =
        |side: usize| witnesses.clone().filter(|w| w.speaks_for(turn, side, f64::INFINITY)).count();
    speak(0).max(speak(1)) >= LEAST_WITNESSES
}

/// What the highest fragment of an intense ion is over it, at most, as a share of the ions have it.
fn highest_fragment(looks: &[Look]) -> f64 {
    let mut heights: Vec<f64> = looks.iter().map(|look| look.height).collect();
    let typical = upper_median(&mut heights, f64::total_cmp).unwrap_or(0.0);
    let intense = looks.iter().filter(|look| look.height >= typical);
    let mut highest: Vec<f64> = intense.filter_map(|look| look.highest).collect();
    highest.sort_by(f64::total_cmp);
    let most = (USUAL_FRAGMENTS * highest.len() as f64) as usize;
    highest.get(most).copied().unwrap_or(f64::INFINITY)
}

impl Look {
    /// The turn for which the two parts have most evidence, as `total` has it, from those of the
    /// `witnesses` that may speak; and that evidence, less what is against it.
    fn best_turn(
        &self,
        witnesses: &[Witness],
        highest: f64,
        may_speak: impl Fn(Row) -> bool,
        total: impl Fn([f64; 2]) -> f64,
    ) -> (f64, usize) {
        let evidence = |turn: usize| {
            let sides = [0, 1].map(|side| of_side(witnesses, (turn, side), highest, &may_speak));
            (total(sides) - SHARED_ALIKE * self.against[turn] as f64).max(0.0)
        };
        let weighed = (0..self.turns.len()).map(|turn| (evidence(turn), turn));
        let best = weighed.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        best.unwrap_or_default()
    }
}

/// Log-likelihood that a part has at a turn from fragments that are no higher than `highest` over
/// the ion; 0 with too few.
fn of_side(
    witnesses: &[Witness],
    (turn, side): (usize, usize),
    highest: f64,
    may_speak: &impl Fn(Row) -> bool,
) -> f64 {
    let speak = witnesses.iter().filter(|w| may_speak(w.row) && w.speaks_for(turn, side, highest));
    let members: Vec<&Witness> = speak.collect();
    let repeats = |w: &&&Witness| members.iter().any(|lighter| w.is_isotopologue_of(lighter));
    let alone = members.iter().filter(|w| !repeats(w)).count();
    let evidence: f64 = members.iter().map(|w| w.gain(turn)).sum();
    if alone >= LEAST_WITNESSES { evidence } else { 0.0 }
}
