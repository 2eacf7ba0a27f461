//! Readings of an ion as one species or another, and what else each of them explains.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use cofactor_core::{FeatureIx, Polarity};

use super::parents::Parents;
use super::partners::Ions;
use super::species::{Species, species};
use crate::tuning::{CLEAR, LEAST_LEFT, LEAST_MASS, LEAST_ODDS, PART_OF_ANOTHER, SHOWN_IN_MS2};

/// Ions of one molecule.
pub(super) struct Group {
    /// Mass in Da of the neutral molecule, where it is clear.
    pub(super) neutral_mass: Option<f64>,
    /// Probability of that.
    pub(super) probability: Option<f64>,
    pub(super) ions: Vec<GroupIon>,
}

/// An ion of a group.
pub(super) struct GroupIon {
    pub(super) feature: FeatureIx,
    /// Its species, where that is clear.
    pub(super) adduct: Option<String>,
    pub(super) in_source: bool,
}

/// Groups all ions: each is in exactly one group, the most certain groups first.
pub(super) fn explain(ions: &Ions, parents: &Parents) -> Vec<Group> {
    let search = Readings::new(ions, parents);
    let mut taken: BTreeSet<FeatureIx> = BTreeSet::new();
    let mut queue: BinaryHeap<Queued> = ions
        .highest_first()
        .into_iter()
        .map(|ion| Queued { score: search.best(ion, &taken).map_or(0.0, |best| best.score), ion })
        .collect();
    let mut groups = Vec::new();
    while let Some(Queued { score, ion }) = queue.pop() {
        if taken.contains(&ion) {
            continue;
        }
        let best = search.best(ion, &taken);
        let now = best.as_ref().map_or(0.0, |best| best.score);
        if now < score {
            queue.push(Queued { score: now, ion });
            continue;
        }
        let group = match best {
            Some(reading) if !reading.partners.is_empty() => search.group(ion, &reading, &taken),
            _ => alone(ion),
        };
        taken.extend(group.ions.iter().map(|ion| ion.feature));
        groups.push(group);
    }
    groups
}

fn alone(feature: FeatureIx) -> Group {
    let ion = GroupIon { feature, adduct: None, in_source: false };
    Group { neutral_mass: None, probability: None, ions: vec![ion] }
}

/// An ion with the score of its best reading, in the order of score, then position.
struct Queued {
    score: f64,
    ion: FeatureIx,
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then(other.ion.cmp(&self.ion))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Queued {}

/// What an ion is in a reading.
#[derive(Clone, Copy, PartialEq)]
enum Role<'s> {
    Species(&'s Species),
    /// A part of the molecule whose loss is not in the table, but which MS2 of another ion shows.
    Part,
}

impl PartialEq for Species {
    fn eq(&self, other: &Self) -> bool {
        self.adduct == other.adduct
    }
}

impl Role<'_> {
    fn in_source(self) -> bool {
        match self {
            Self::Species(species) => species.in_source,
            Self::Part => true,
        }
    }
}

/// An ion that a reading explains, with its log-odds.
struct Partner {
    ion: FeatureIx,
    odds: f64,
}

/// An ion read as one species, with what the neutral mass explains besides.
struct Reading<'s> {
    species: &'s Species,
    neutral_mass: f64,
    /// Log-odds against an ion that has nothing to do with partners.
    score: f64,
    partners: BTreeMap<FeatureIx, Role<'s>>,
}

/// The ions that a reading may explain.
struct Among<'t> {
    /// Those that other molecules have.
    taken: &'t BTreeSet<FeatureIx>,
    /// Height of the highest.
    highest: f64,
}

impl Among<'_> {
    fn holds(&self, ion: FeatureIx, ions: &Ions) -> bool {
        !self.taken.contains(&ion) && ions.feature(ion).height <= self.highest
    }
}

struct Readings<'a> {
    ions: &'a Ions<'a>,
    parents: &'a Parents,
    tables: Vec<(Polarity, Vec<Species>)>,
}

impl<'a> Readings<'a> {
    fn new(ions: &'a Ions<'a>, parents: &'a Parents) -> Self {
        let tables = ions.polarities().into_iter().map(|polarity| (polarity, species(polarity)));
        Self { ions, parents, tables: tables.collect() }
    }

    fn table(&self, polarity: Polarity) -> &[Species] {
        let found = self.tables.iter().find(|(own, _)| *own == polarity);
        found.map_or(&[], |(_, table)| table)
    }

    /// The best reading of an ion as the most intense one of its molecule.
    fn best(&self, ion: FeatureIx, taken: &BTreeSet<FeatureIx>) -> Option<Reading<'_>> {
        let among = Among { taken, highest: self.ions.feature(ion).height };
        self.readings(ion, &among).into_iter().max_by(|a, b| a.score.total_cmp(&b.score))
    }

    /// The readings of an ion as each species of its charge.
    fn readings(&self, ion: FeatureIx, among: &Among) -> Vec<Reading<'_>> {
        let precursor = &self.ions.feature(ion).precursor;
        let fitting =
            self.table(precursor.polarity).iter().filter(|s| s.adduct.charge() == precursor.charge);
        fitting.filter_map(|species| self.reading(ion, species, among)).collect()
    }

    fn reading<'s>(
        &'s self,
        ion: FeatureIx,
        own: &'s Species,
        among: &Among,
    ) -> Option<Reading<'s>> {
        let precursor = &self.ions.feature(ion).precursor;
        let neutral_mass = own.adduct.neutral_mass(precursor.mz);
        if neutral_mass < LEAST_MASS {
            return None;
        }
        let mut partners: BTreeMap<FeatureIx, Role> = BTreeMap::new();
        let mut found: Vec<Partner> = Vec::new();
        let mut score = own.share.ln();
        for (polarity, table) in &self.tables {
            for (number, species) in table.iter().enumerate().filter(|(_, s)| *s != own) {
                match self.partner(ion, neutral_mass, *polarity, species, among) {
                    Some(partner) if !partners.contains_key(&partner.ion) => {
                        partners.insert(partner.ion, Role::Species(species));
                        found.push(partner);
                    }
                    _ if number == 0 && *polarity == precursor.polarity => {
                        score += (1.0 - species.share).ln();
                    }
                    _ => {}
                }
            }
        }
        score += self.without_orphans(ion, own, &mut partners, found)?;
        let mut reading = Reading { species: own, neutral_mass, score, partners };
        self.weigh_parents(ion, &mut reading, among);
        Some(reading)
    }

    /// Takes out parts of the molecule that are much more intense than what is left of it; the
    /// log-odds of the partners that stay. `None` if the ion itself is such a part.
    fn without_orphans(
        &self,
        ion: FeatureIx,
        own: &Species,
        partners: &mut BTreeMap<FeatureIx, Role>,
        found: Vec<Partner>,
    ) -> Option<f64> {
        let height = |ion: FeatureIx| self.ions.feature(ion).height;
        let whole = partners.iter().filter(|(_, role)| !role.in_source());
        let whole = whole.map(|(&ion, _)| height(ion));
        let remaining = whole.fold(if own.in_source { 0.0 } else { height(ion) }, f64::max);
        let is_orphan = |ion: FeatureIx| remaining < LEAST_LEFT * height(ion);
        if own.in_source && is_orphan(ion) {
            return None;
        }
        partners.retain(|&partner, role| !role.in_source() || !is_orphan(partner));
        Some(found.iter().filter(|p| partners.contains_key(&p.ion)).map(|p| p.odds).sum())
    }

    /// The ion that is `species` of the molecule.
    fn partner(
        &self,
        ion: FeatureIx,
        neutral_mass: f64,
        polarity: Polarity,
        species: &Species,
        among: &Among,
    ) -> Option<Partner> {
        let mz = species.adduct.mz(neutral_mass);
        let odds = (species.share / self.ions.chance(ion, polarity, mz)).ln();
        if odds < LEAST_ODDS {
            return None;
        }
        let distance = |partner: FeatureIx| (self.ions.feature(partner).precursor.mz - mz).abs();
        let fits = |partner: &FeatureIx| {
            among.holds(*partner, self.ions)
                && self.ions.feature(*partner).precursor.charge == species.adduct.charge()
                && self.ions.alike(ion, *partner)
        };
        let candidates = self.ions.at(polarity, mz).iter().copied().filter(fits);
        let partner = candidates.min_by(|&a, &b| distance(a).total_cmp(&distance(b)))?;
        Some(Partner { ion: partner, odds })
    }

    /// Takes in what MS2 of the ions of a reading shows, and counts what MS2 says of its ions.
    fn weigh_parents(&self, ion: FeatureIx, reading: &mut Reading, among: &Among) {
        let members: Vec<(FeatureIx, bool)> = [(ion, reading.species.in_source)]
            .into_iter()
            .chain(reading.partners.iter().map(|(&other, role)| (other, role.in_source())))
            .collect();
        let is_member = |parent: &FeatureIx| members.iter().any(|(member, _)| member == parent);
        for &(member, in_source) in &members {
            let shown_by = self.parents.possible(member);
            if in_source && shown_by.iter().any(is_member) {
                reading.score += SHOWN_IN_MS2;
            } else if !in_source && shown_by.iter().any(|parent| !is_member(parent)) {
                reading.score += PART_OF_ANOTHER;
            }
        }
        let molecule: BTreeSet<FeatureIx> =
            members.iter().filter(|(_, in_source)| !in_source).map(|(member, _)| *member).collect();
        for part in self.parents.parts(&molecule) {
            if among.holds(part, self.ions) && !is_member(&part) && self.ions.alike(ion, part) {
                reading.partners.insert(part, Role::Part);
                reading.score += SHOWN_IN_MS2;
            }
        }
    }

    /// The group of a reading, with what is clear of its ions.
    fn group(&self, ion: FeatureIx, reading: &Reading, taken: &BTreeSet<FeatureIx>) -> Group {
        let probability = self.probability(ion, reading.species, taken);
        let by_mass = reading.partners.values().any(|role| matches!(role, Role::Species(_)));
        let mut ions = vec![self.named(ion, Role::Species(reading.species), taken)];
        ions.extend(reading.partners.iter().map(|(&other, &role)| self.named(other, role, taken)));
        let clear = by_mass && probability >= CLEAR;
        Group {
            neutral_mass: clear.then_some(reading.neutral_mass),
            probability: clear.then_some(probability),
            ions,
        }
    }

    fn named(&self, feature: FeatureIx, role: Role, taken: &BTreeSet<FeatureIx>) -> GroupIon {
        let clear = match role {
            Role::Species(species) => self.probability(feature, species, taken) >= CLEAR,
            Role::Part => true,
        };
        let adduct = match role {
            Role::Species(species) if clear && !species.in_source => {
                Some(species.adduct.name().to_owned())
            }
            _ => None,
        };
        GroupIon { feature, adduct, in_source: clear && role.in_source() }
    }

    /// Probability that an ion is a species, among all that it may be.
    fn probability(&self, ion: FeatureIx, species: &Species, taken: &BTreeSet<FeatureIx>) -> f64 {
        let readings = self.readings(ion, &Among { taken, highest: f64::INFINITY });
        let highest = readings.iter().map(|r| r.score).fold(f64::NEG_INFINITY, f64::max);
        let weight = |reading: &Reading| (reading.score - highest).exp();
        let own: f64 = readings.iter().filter(|r| r.species == species).map(weight).sum();
        own / readings.iter().map(weight).sum::<f64>()
    }
}
