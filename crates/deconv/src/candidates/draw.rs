//! Draws up the ballots of a block.

use std::collections::{BTreeMap, HashMap};

use cofactor_core::{CandidateSet, Feature, FeatureIx, Fragment, Precursor, Presence};
use cofactor_nmf::LevelView;
use cofactor_rules::{Observed, Role, RuleSet};
use ndarray::{Array2, ArrayView1};

use super::factor::{HeightEvidence, RowOfAtom};
use super::fitted::FittedRows;
use super::hypotheses::{Choice, weigh};
use super::rates::Rates;
use super::unlisted;
use crate::block::price::Price;
use crate::block::system::{AtomRole, Member, shows_with};
use crate::chemistry::{is_intact, observed_candidates, open_rows};
use crate::fragments::assign::Assigned;
use crate::fragments::isotopologues::isotopologues;
use crate::fragments::prices::Prices;
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::tuning::{CLEAR_POSTERIOR, EXPECTED_YIELD, NOTICED_GAIN, PAIRED, SAME_MZ};

use super::ballot::{Ballot, Item, Listing};

/// Draws up the ballots of the `assigned` precursors of a block, twice: in the second look a
/// neighbour whose candidate is clear has that one alone, and one that has clearly none of its
/// candidates may use any row.
pub(crate) fn draw_up_all<'c>(
    fit: &mut FittedRows,
    assigned: &[Assigned],
    candidates: &'c [Vec<CandidateSet>],
    features: &[Feature],
    params: &DeconvolutionParams,
) -> Vec<Option<Ballot<'c>>> {
    let draw = |fit: &FittedRows, assigned: &Assigned| {
        let feature = assigned.feature.0;
        draw_up(fit, &features[feature], assigned, candidates, params)
    };
    let mut clear: HashMap<FeatureIx, Vec<bool>> = HashMap::new();
    let price = Price::new(params);
    let mzs = fit.corrected_mzs();
    let mut listed = listed_rows(fit, candidates, &mzs);
    fit.expected = expected(fit, &listed);
    fit.unlisted = unlisted::support(fit, &clear, features, price);
    let first: Vec<_> = assigned.iter().map(|assigned| draw(fit, assigned)).collect();
    for (ballot, assigned) in first.iter().zip(assigned) {
        let Some(ballot) = ballot else { continue };
        let best = weigh(ballot, &Rates::START)[0];
        let allowed = match best.choice {
            Choice::One(c) => {
                fit.chemistry.rules.match_fragments(&ballot.candidates[c], &mzs).allowed
            }
            Choice::None => open_rows(&features[assigned.feature.0].precursor, &mzs),
            Choice::Two(..) => continue,
        };
        if best.posterior >= CLEAR_POSTERIOR {
            clear.insert(assigned.feature, allowed);
            if let (Choice::One(c), Some(rows)) = (best.choice, listed.get_mut(&assigned.feature)) {
                *rows = rows_listed_by(fit, &ballot.candidates[c..=c], &mzs);
            }
        }
    }
    if clear.is_empty() {
        return first;
    }
    let (level, enough) = (fit.draft.view().level, fit.draft.enough());
    for (atom, role) in fit.draft.numbered() {
        let members = role.members();
        if members.is_empty() {
            continue;
        }
        let activation = fit.draft.basis.activations().row(atom.0);
        for m in 0..mzs.len() {
            let may_use = |member: &Member| {
                let allowed = clear.get(&member.feature).unwrap_or(&member.allowed);
                member.intact[m] || allowed[m]
            };
            fit.support[(m, atom.0)] =
                members.iter().any(may_use) && shows_with(level, m, activation, enough);
        }
    }
    fit.expected = expected(fit, &listed);
    let common = unlisted::support(fit, &clear, features, price);
    let mut ballots = Vec::with_capacity(assigned.len());
    for assigned in assigned {
        let (feature, own) = (assigned.feature, clear.remove(&assigned.feature));
        let precursor = &features[feature.0].precursor;
        fit.unlisted = match own.as_ref().filter(|own| hides(own, precursor, &mzs)) {
            Some(_) => unlisted::support(fit, &clear, features, price),
            None => common.clone(),
        };
        clear.extend(own.map(|own| (feature, own)));
        ballots.push(draw(fit, assigned));
    }
    ballots
}

/// The rows that a candidate lists, of each precursor in the block that may have any other too.
fn listed_rows(
    fit: &FittedRows,
    candidates: &[Vec<CandidateSet>],
    mzs: &[f64],
) -> HashMap<FeatureIx, Vec<bool>> {
    let members = fit.draft.atoms().iter().flat_map(AtomRole::members);
    let may_have_any =
        |feature: &FeatureIx| candidates[feature.0].iter().any(|set| set.open_up_to.is_some());
    let open = members.map(|member| member.feature).filter(may_have_any);
    open.map(|feature| (feature, rows_listed_by(fit, &candidates[feature.0], mzs))).collect()
}

fn rows_listed_by(fit: &FittedRows, sets: &[CandidateSet], mzs: &[f64]) -> Vec<bool> {
    let mut listed = vec![false; mzs.len()];
    for set in sets {
        let found = fit.chemistry.rules.match_fragments(set, mzs);
        found.matched.iter().for_each(|&(_, m)| listed[m] = true);
    }
    listed
}

/// Which atoms are as probably there in each row as anything else, rows × atoms: all but precursors
/// that may have any fragment and list it with none of their candidates.
fn expected(fit: &FittedRows, listed: &HashMap<FeatureIx, Vec<bool>>) -> Array2<bool> {
    let mut expected = Array2::from_elem(fit.support.dim(), true);
    for (atom, role) in fit.draft.numbered().filter(|(_, role)| !role.members().is_empty()) {
        let is_listed = |member: &Member, m: usize| {
            listed.get(&member.feature).is_none_or(|rows| member.intact[m] || rows[m])
        };
        for m in 0..expected.nrows() {
            expected[(m, atom.0)] = role.members().iter().any(|member| is_listed(member, m));
        }
    }
    expected
}

/// Whether the rows that are `allowed` hide any that could be the precursor's: they would not speak
/// against the candidate that they are of.
fn hides(allowed: &[bool], precursor: &Precursor, mzs: &[f64]) -> bool {
    open_rows(precursor, mzs).iter().zip(allowed).any(|(possible, allowed)| *possible && !allowed)
}

/// Draws up the ballot of the precursor `feature`; `None` where no alternatives compete.
fn draw_up<'c>(
    fit: &FittedRows,
    feature: &Feature,
    assigned: &Assigned,
    of_all: &'c [Vec<CandidateSet>],
    params: &DeconvolutionParams,
) -> Option<Ballot<'c>> {
    let candidates = &of_all[assigned.feature.0];
    let rules = fit.chemistry.rules;
    let observed: Vec<f64> = assigned.fragments.iter().map(|f| f.mz).collect();
    let mzs = fit.chemistry.corrected(&observed);
    let intensity: Vec<f64> = assigned.fragments.iter().map(|f| f.intensity).collect();
    let spectrum = Observed { intensity: Some(&intensity), ..Observed::mzs(&mzs) };
    let candidates = observed_candidates(candidates, rules, &feature.precursor, &spectrum);
    if !candidates.iter().any(|c| is_alternative(rules, &c.rule_id)) {
        return None;
    }
    let decoys: Vec<CandidateSet> = (0..params.decoy_rounds)
        .flat_map(|round| rules.decoys(&feature.precursor, &candidates, round as u64))
        .collect();
    let intact = |mz: f64| is_intact(mz, &feature.precursor, params.tolerance);
    let broken = observed.iter().zip(&intensity).filter(|(mz, _)| !intact(**mz));
    let strongest = broken.map(|(_, intensity)| *intensity).fold(0.0, f64::max);
    let reference = if strongest > 0.0 { strongest } else { EXPECTED_YIELD * feature.height };
    let unseen = HeightEvidence::unseen(assigned.limit, reference);
    let rows = Rows::new(fit, feature, assigned.atom, params);
    let sets: Vec<&CandidateSet> = candidates.iter().chain(&decoys).collect();
    let listings = listings(&sets, &rows, rules, |fragment| {
        !is_intact(fragment.mz, &feature.precursor, params.tolerance)
    });
    let members = fit.draft.atoms()[assigned.atom.0].members();
    let neighbours = || members.iter().filter(|member| member.feature != assigned.feature);
    // Who may have any fragment is not the likelier to have this one.
    let is_open =
        |member: &Member| of_all[member.feature.0].iter().any(|set| set.open_up_to.is_some());
    let is_listed_beside =
        |m: usize| neighbours().any(|neighbour| neighbour.may_use(m) && !is_open(neighbour));
    let is_shared = |m: usize| neighbours().any(|neighbour| neighbour.may_use(m));
    let mut items = Vec::new();
    for (&m, listed) in &listings.by_row {
        let by_candidates = listed.iter().any(|l| l.candidate < candidates.len());
        let support = if by_candidates { &fit.support } else { &fit.unlisted };
        let own = rows.evidence(fit, support.row(m), m, reference, f64::NEG_INFINITY)?;
        let evidence = if is_listed_beside(m) { own.shared() } else { own };
        let may_be_unlisted = by_candidates || rows.may_own(m) && !is_shared(m);
        let item = item(true, &evidence, &unseen, listed, rules);
        items.push(Item { may_be_unlisted, ..item });
    }
    for listed in listings.by_mz.values() {
        let mz = listed[0].fragment.mz;
        let scanned = fit.channel.scan_range.is_none_or(|(low, high)| (low..=high).contains(&mz));
        let evidence = if scanned { unseen.clone() } else { HeightEvidence::nothing() };
        items.push(item(false, &evidence, &evidence, listed, rules));
    }
    // Open candidates may have any of the others, as none of them may.
    let closed = candidates.iter().any(|set| set.open_up_to.is_none());
    for m in (0..rows.may_show.len())
        .filter(|&m| closed && rows.may_own(m) && !listings.by_row.contains_key(&m))
        .filter(|&m| !is_shared(m))
    {
        if let Some(evidence) = rows.evidence(fit, fit.unlisted.row(m), m, reference, NOTICED_GAIN)
        {
            items.push(item(true, &evidence, &unseen, &[], rules));
        }
    }
    let per_round = decoys.len() / params.decoy_rounds.max(1);
    let visible = unseen.seen(None);
    let places = (0..rows.may_show.len()).filter(|&m| rows.may_own(m)).count();
    let ballot = Ballot::new(candidates, items, places, visible);
    Some(ballot.with_decoys(decoys, per_round).with_pairs(PAIRED))
}

fn is_alternative(rules: &RuleSet, id: &str) -> bool {
    rules.rule(id).is_some_and(|rule| rule.role == Role::Alternative)
}

/// A fragment that lists an item.
struct Listed<'a> {
    candidate: usize,
    fragment: &'a Fragment,
    presence: Presence,
}

fn item(
    has_row: bool,
    evidence: &HeightEvidence,
    unseen: &HeightEvidence,
    listed: &[Listed],
    rules: &RuleSet,
) -> Item {
    let rule = |l: &Listed| rules.rule(&l.fragment.rule_id);
    let listings = listed.iter().map(|l| Listing {
        candidate: l.candidate,
        presence: l.presence,
        log_factor: evidence.log_factor(l.fragment.relative_intensity),
        visible: unseen.seen(l.fragment.relative_intensity),
    });
    Item {
        has_row,
        may_be_unlisted: has_row,
        log_factor: evidence.log_factor(None),
        common: listed.iter().filter_map(rule).any(|rule| rule.role == Role::Common),
        listings: listings.collect(),
        listers: 0.0,
    }
}

/// The rows of a block as a precursor sees them.
struct Rows<'a> {
    view: LevelView<'a>,
    atom: AtomIx,
    /// m/z without the systematic error, ascending.
    mzs: Vec<f64>,
    /// Whether the row shows points while the precursor elutes.
    may_show: Vec<bool>,
    /// Whether it could be a fragment of the precursor that nobody lists: not the intact precursor,
    /// nor an isotopologue of another row.
    possible: Vec<bool>,
    /// What an atom is to be worth that is not expected in a row.
    prices: Prices,
}

impl<'a> Rows<'a> {
    fn new(
        fit: &FittedRows<'a>,
        feature: &Feature,
        atom: AtomIx,
        params: &DeconvolutionParams,
    ) -> Self {
        let (level, enough) = (fit.draft.view().level, fit.draft.enough());
        let mzs = fit.corrected_mzs();
        let activation = fit.draft.basis.activations().row(atom.0);
        let may_show = (0..mzs.len()).map(|m| shows_with(level, m, activation, enough)).collect();
        let heights: Vec<f64> = fit.fragments.iter().map(|row| row.highest).collect();
        let isotopologue = isotopologues(&mzs, &heights, feature, fit.channel.window());
        let mut possible = open_rows(&feature.precursor, &mzs);
        for (m, possible) in possible.iter_mut().enumerate() {
            let observed = fit.fragments[m].mz;
            *possible &=
                !isotopologue[m] && !is_intact(observed, &feature.precursor, params.tolerance);
        }
        let prices = Prices::flat(params.min_evidence, fit.draft.atoms().len());
        Self { view: fit.draft.view(), atom, mzs, may_show, possible, prices }
    }

    fn may_own(&self, m: usize) -> bool {
        self.may_show[m] && self.possible[m]
    }

    fn evidence(
        &self,
        fit: &FittedRows,
        allowed: ArrayView1<bool>,
        m: usize,
        reference: f64,
        least: f64,
    ) -> Option<HeightEvidence> {
        let row = RowOfAtom {
            view: self.view,
            basis: &fit.draft.basis,
            row: m,
            atom: self.atom,
            allowed,
            expected: fit.expected.row(m),
            prices: &self.prices,
            coefficients: fit.draft.heights().row(m),
        };
        row.evidence(reference, least)
    }
}

/// Who lists what.
#[derive(Default)]
struct Listings<'a> {
    /// Each row.
    by_row: BTreeMap<usize, Vec<Listed<'a>>>,
    /// Each fragment without a row, by m/z in steps of [`SAME_MZ`].
    by_mz: BTreeMap<i64, Vec<Listed<'a>>>,
}

/// Who lists each row, and who lists each fragment without one, of those that count.
fn listings<'a>(
    sets: &[&'a CandidateSet],
    rows: &Rows,
    rules: &RuleSet,
    counts: impl Fn(&Fragment) -> bool,
) -> Listings<'a> {
    let mut listings = Listings::default();
    for (candidate, set) in sets.iter().enumerate() {
        let found = rules.match_fragments(set, &rows.mzs);
        let mut pairs = found.matched.iter().filter(|pair| rows.may_show[pair.1]).peekable();
        for (position, fragment) in
            set.fragments.iter().enumerate().filter(|(_, fragment)| counts(fragment))
        {
            while pairs.next_if(|pair| pair.0 < position).is_some() {}
            let mut matched: Vec<usize> = Vec::new();
            while let Some(pair) = pairs.next_if(|pair| pair.0 == position) {
                matched.push(pair.1);
            }
            let distance = |m: &usize| (rows.mzs[*m] - fragment.mz).abs();
            let nearest =
                matched.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)));
            if nearest.is_none() {
                let key = (fragment.mz / SAME_MZ).round() as i64;
                let listed = Listed { candidate, fragment, presence: fragment.presence };
                add(listings.by_mz.entry(key).or_default(), listed);
            }
            for m in matched {
                // It is one of the rows within the tolerance, the nearest most probably.
                let presence =
                    if Some(m) == nearest { fragment.presence } else { Presence::Optional };
                let listed = Listed { candidate, fragment, presence };
                add(listings.by_row.entry(m).or_default(), listed);
            }
        }
    }
    listings
}

/// Of several fragments of a candidate that list one item the surest counts.
fn add<'a>(listers: &mut Vec<Listed<'a>>, listed: Listed<'a>) {
    match listers.last_mut().filter(|last| last.candidate == listed.candidate) {
        Some(last) if last.presence >= listed.presence => {}
        Some(last) => *last = listed,
        None => listers.push(listed),
    }
}
