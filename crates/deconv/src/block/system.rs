//! A block as a joint factorization problem.
//!
//! Atoms: the compounds of the owned precursors, those of the context, the background (of each
//! window in turn), then the unlinked atoms.
//! Levels: MS1 rows (each precursor's isotopologue traces), MS2 rows (every fragment trace of the
//! windows).

use std::collections::BTreeMap;
use std::ops::Range;

use cofactor_core::{
    ChannelIx, CompoundIx, EnoughPoints, Feature, FeatureIx, Precursor, Tolerance,
};
use cofactor_nmf::{
    AtomKind, Dictionary, DictionaryIx, Factorization, Level, LevelIx, Problem, Segment,
};
use ndarray::{Array2, ArrayView1, ArrayViewMut1, s};
use rayon::prelude::*;

use crate::Input;
use crate::block::bernstein;
use crate::block::material::{Elution, Material, scans_within};
use crate::block::ms1::{self, Ms1Row, Ms1Scans, Ms1Side};
use crate::block::ms2::{self, Isolation, Ms2Row, Ms2Side, View};
use crate::chemistry::is_intact;
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::plan::blocks::Block;
use crate::plan::windows::isolation;
use crate::tuning::{
    ELUTES_FOR_POINTS, EXPECTED_YIELD, LEAST_PROFILE_REACH, LEAST_SEGMENT, LONGEST_TAIL,
    MOST_PROFILE_REACH,
};

/// The level of the precursors' isotopologues.
pub(crate) const MS1: LevelIx = LevelIx(0);
/// The level of the fragments.
pub(crate) const MS2: LevelIx = LevelIx(1);
/// The dictionary of [`MS1`].
pub(crate) const ISOTOPOLOGUES: DictionaryIx = DictionaryIx(0);
/// The dictionary of [`MS2`].
pub(crate) const FRAGMENTS: DictionaryIx = DictionaryIx(1);
/// The MS1 side of a block, with an atom a compound.
pub(crate) struct Layout {
    /// Precursors by atom, the highest of a compound first: owned ones, then context.
    pub(crate) precursors: Vec<Vec<FeatureIx>>,
    /// MS1 alone; after the compounds' atoms come those of the background.
    pub(crate) problem: Problem,
    /// Rows of it.
    pub(crate) isotopologues: Vec<Ms1Row>,
    /// Grid times, seconds.
    pub(crate) grid: Vec<f64>,
    /// Grid points of each piece of time.
    pub(crate) pieces: Vec<Range<usize>>,
}

/// A block laid out as matrices.
pub(crate) struct System {
    /// The problem, with the levels [`MS1`] and [`MS2`].
    pub(crate) problem: Problem,
    /// What each atom of it is.
    pub(crate) atoms: Vec<AtomRole>,
    /// Grid times, seconds.
    pub(crate) grid: Vec<f64>,
    /// Grid points of each piece of time.
    pub(crate) pieces: Vec<Range<usize>>,
    /// How much earlier a time of each is in the common time of all, seconds.
    pub(crate) ahead: Vec<f64>,
    /// Rows of MS1.
    pub(crate) isotopologues: Vec<Ms1Row>,
    /// Rows of MS2.
    pub(crate) fragments: Vec<Ms2Row>,
    /// Points that show them.
    pub(crate) enough: EnoughPoints,
    /// Scan times of MS2, seconds.
    pub(crate) ms2_seconds: Vec<f64>,
    /// The windows with their scans, each a part of MS2.
    pub(crate) views: Vec<View>,
    /// Whether the cells of MS2 are those that were measured.
    pub(crate) as_measured: bool,
    /// Atoms with the pieces in which another compound elutes in the place of them.
    pub(crate) mismatches: Vec<(AtomIx, usize)>,
}

impl System {
    /// What MS2 sees of the starting activations, K × T.
    pub(crate) fn started(&self) -> Array2<f64> {
        let Level { sampling, efficiency, .. } = &self.problem[MS2];
        let mut seen = sampling.sample_rows(&self.problem.activations);
        efficiency.multiply(&efficiency.start, &mut seen);
        seen
    }

    /// The same of fitted ones.
    pub(crate) fn seen(&self, solution: &Factorization) -> Array2<f64> {
        solution.level_activations(&self.problem, MS2)
    }

    /// The channels besides the first that show an atom.
    pub(crate) fn other_channels(&self, atom: AtomIx) -> Vec<ChannelIx> {
        let shown = self.problem[MS2].efficiency.start.row(atom.0);
        let views = self.views.iter().zip(shown).skip(1).filter(|(_, e)| **e > 0.0);
        views.map(|(view, _)| view.channel).collect()
    }

    /// The scans of a level in a piece of time.
    pub(crate) fn scans_of(&self, level: LevelIx, piece: &Range<usize>) -> Vec<usize> {
        scans_within(&self.problem[level].sampling, piece)
    }

    /// A time as it is in each piece.
    pub(crate) fn in_pieces(&self, seconds: f64) -> Vec<f64> {
        let point = self.grid.partition_point(|&t| t < seconds).min(self.grid.len() - 1);
        let at = self.pieces.iter().position(|piece| piece.contains(&point)).unwrap_or(0);
        self.ahead.iter().map(|ahead| seconds + (ahead - self.ahead[at])).collect()
    }

    /// Takes out the atoms that are not `kept`.
    pub(crate) fn retain_atoms(&mut self, kept: impl Fn(AtomIx) -> bool) {
        let mut atoms = (0..self.atoms.len()).map(AtomIx);
        self.problem.retain_atoms(|k| kept(AtomIx(k)));
        self.atoms.retain(|_| atoms.next().is_some_and(&kept));
    }
}

/// What an atom stands for.
#[derive(Clone)]
pub(crate) enum AtomRole {
    /// Precursors with one elution profile.
    Precursors(Vec<Member>),
    /// A part of the background of rows.
    Background,
    /// Something that MS1 does not show.
    Unlinked,
}

impl AtomRole {
    /// The precursors; the background and unlinked atoms have none.
    pub(crate) fn members(&self) -> &[Member] {
        match self {
            Self::Precursors(members) => members,
            Self::Background | Self::Unlinked => &[],
        }
    }
}

/// A precursor of an atom.
#[derive(Clone)]
pub(crate) struct Member {
    /// Position of the feature.
    pub(crate) feature: FeatureIx,
    /// MS2 rows that its rules allow.
    pub(crate) allowed: Vec<bool>,
    /// MS2 rows of the intact precursor and its isotopologues, of which some is always left.
    pub(crate) intact: Vec<bool>,
}

impl Member {
    /// Whether it may have a part of MS2 row `m`.
    pub(crate) fn may_use(&self, m: usize) -> bool {
        self.allowed[m] || self.intact[m]
    }
}

/// Lays out the MS1 side of `block`; `None` where it has too few scans to say anything.
pub(crate) fn lay_out(
    block: &Block,
    material: &Material,
    input: &Input,
    params: &DeconvolutionParams,
) -> Option<Layout> {
    let run = &*material.run;
    let precursors = by_compound(block, input);
    let shown = precursors.iter().flatten().map(|&p| input[p].channel);
    let ms1_scans: Ms1Scans = shown.map(|channel| (channel, material.scans(channel))).collect();
    let grid = ms1::time_grid(run, &ms1_scans, params.grid_per_cycle)?;
    let pieces = material.on_grid(&grid);
    let atoms = precursors.len() + pieces.len() * bernstein::ATOMS;
    let mut activations = Array2::zeros((atoms, grid.len()));
    let mut kinds = Vec::with_capacity(atoms);
    let limits: BTreeMap<ChannelIx, f64> =
        ms1_scans.keys().map(|&channel| (channel, run[channel].traces.limit.typical())).collect();
    for (k, ions) in precursors.iter().enumerate() {
        let limit = limits[&input[ions[0]].channel];
        let elutions = material.elutions(ions[0]);
        kinds.push(place_peaks(elutions, limit, (&grid, &pieces), activations.row_mut(k)));
    }
    for (k, (points, shape)) in bernstein::activations(&pieces).enumerate() {
        activations.slice_mut(s![precursors.len() + k, points]).assign(&shape);
        kinds.push(AtomKind::Fixed);
    }
    let ms1 = ms1::level(&precursors, (run, input), &ms1_scans, (&grid, &pieces), params);
    let Ms1Side { level, dictionary, rows } = ms1;
    let problem = Problem::new(vec![(level, dictionary)], activations, kinds);
    Some(Layout { precursors, problem, isotopologues: rows, grid, pieces })
}

/// Writes the peaks of a precursor into `row` and says where they may change their shape.
fn place_peaks(
    elutions: &[(usize, Elution)],
    limit: f64,
    (grid, pieces): (&[f64], &[Range<usize>]),
    mut row: ArrayViewMut1<f64>,
) -> AtomKind {
    let highest = elutions.iter().map(|(_, elution)| elution.height).fold(limit, f64::max);
    let mut segments: Vec<Segment> = Vec::with_capacity(elutions.len());
    for (i, (piece, elution)) in elutions.iter().enumerate() {
        let height = elution.height.max(limit);
        let reach = LONGEST_TAIL * (height / limit.max(f64::MIN_POSITIVE)).ln();
        let start = Peak {
            apex: elution.rt_seconds,
            sigma: elution.sigma,
            sides: elution.sides,
            reach: if reach.is_finite() { reach } else { 0.0 },
            first: elution.rt_start,
            last: elution.rt_end,
        };
        // An elution goes on in the next one of its piece where that begins.
        let next = elutions.get(i + 1).filter(|(beside, _)| beside == piece);
        let end = next.map_or(usize::MAX, |(_, next)| grid.partition_point(|&t| t < next.rt_start));
        let before = segments.last().map_or(0, |segment| segment.end);
        let Range { start: first, end: last } = pieces[*piece].clone();
        let points = first.max(before)..last.min(end);
        if points.len() < LEAST_SEGMENT {
            continue;
        }
        let mut part = row.slice_mut(s![points.clone()]);
        let segment = place_peak(start, &grid[points.clone()], part.view_mut());
        if pieces.len() > 1 {
            part.mapv_inplace(|h| h * height / highest);
        }
        segments.push(Segment {
            first: points.start + segment.first,
            end: points.start + segment.end,
            ..segment
        });
    }
    AtomKind::LogConcave(segments)
}

/// The precursors of a block: those of one compound that the same windows isolate together, the
/// highest first.
fn by_compound(block: &Block, input: &Input) -> Vec<Vec<FeatureIx>> {
    let mut atoms: Vec<Vec<FeatureIx>> = Vec::new();
    let mut homes: BTreeMap<(CompoundIx, Vec<Isolation>), usize> = BTreeMap::new();
    for &precursor in block.owned.iter().chain(&block.context) {
        let known = input[precursor].compound.map(|compound| {
            let isolated = isolations(block, precursor, input);
            *homes.entry((compound, isolated)).or_insert_with(|| {
                atoms.push(Vec::new());
                atoms.len() - 1
            })
        });
        match known {
            Some(k) => atoms[k].push(precursor),
            None => atoms.push(vec![precursor]),
        }
    }
    for ions in &mut atoms {
        ions.sort_by(|&a, &b| input[b].height.total_cmp(&input[a].height).then(a.cmp(&b)));
    }
    atoms
}

/// What each of several windows of a block isolates of a precursor; nothing of one alone, which
/// tells nothing apart.
pub(crate) fn isolations(block: &Block, precursor: FeatureIx, input: &Input) -> Vec<Isolation> {
    let channels = block.channels.iter().filter(|_| block.channels.len() > 1);
    channels.map(|&channel| isolation(channel, &input[precursor], input)).collect()
}

/// Adds the MS2 side to a layout.
/// `groups` are the atoms of the layout that share a profile, `activations`
/// those of the layout's atoms; `allowed` says which of the rows (ascending m/z) a feature's rules
/// allow. `None` with fewer than three MS2 scans.
pub(crate) fn join(
    layout: Layout,
    groups: &[Vec<AtomIx>],
    activations: Array2<f64>,
    (block, material): (&Block, &Material),
    input: &Input,
    params: &DeconvolutionParams,
    allowed: impl Fn(&Feature, &[f64]) -> Vec<bool>,
) -> Option<System> {
    let views = ms2::views(&block.channels, material);
    if views.iter().all(|view| view.span.scans() < 3) {
        return None;
    }
    let Layout { precursors, problem, isotopologues, grid, pieces } = layout;
    let background = pieces.len() * bernstein::ATOMS;
    let backgrounds = views.len() * background;
    let mut columns: Vec<Vec<usize>> =
        groups.iter().map(|group| group.iter().map(|atom| atom.0).collect()).collect();
    columns.extend((0..backgrounds).map(|k| vec![precursors.len() + k % background]));
    let mut problem = Problem { activations, ..problem }.merge_atoms(&columns);
    let further = groups.len() + background..columns.len();
    problem[ISOTOPOLOGUES].support.slice_mut(s![.., further]).fill(false);
    let side = ms2::side(&views, &material.run, &grid, columns.len(), params);
    let Ms2Side { level: mut ms2, rows: fragments, seconds } = side;
    let enough = material.run[views[0].channel].traces.enough(params.min_points);
    let mzs: Vec<f64> = fragments.iter().map(|r| r.mz).collect();
    let mut atoms: Vec<AtomRole> = Vec::with_capacity(columns.len());
    for group in groups {
        let features = group.iter().flat_map(|atom| precursors[atom.0].iter().copied());
        let members = features.map(|feature| Member {
            feature,
            allowed: allowed(&input[feature], &mzs),
            intact: intact_rows(&mzs, &input[feature].precursor, params.tolerance),
        });
        let first = precursors[group[0].0][0];
        let of_views = views.iter().map(|view| isolation(view.channel, &input[first], input));
        ms2::isolate(&mut ms2.efficiency, atoms.len(), &views, &of_views.collect::<Vec<_>>());
        atoms.push(AtomRole::Precursors(members.collect()));
    }
    for k in 0..backgrounds {
        let mut shown = ms2.efficiency.start.row_mut(groups.len() + k);
        shown.fill(0.0);
        shown[k / background] = 1.0;
        atoms.push(AtomRole::Background);
    }
    let line = bernstein::line_atoms(AtomIx(groups.len()), views.len() * pieces.len());
    let support = Array2::from_shape_fn((fragments.len(), columns.len()), |(m, k)| {
        let is_line = line.contains(&AtomIx(k));
        is_line && views[(k - groups.len()) / background].energy == fragments[m].energy
            || atoms[k].members().iter().any(|member| member.may_use(m))
    });
    let costs = atoms.iter().map(|role| yield_cost(role.members(), input)).collect();
    let mut dictionary = Dictionary { costs, ..Dictionary::new(support) };
    let mut seen = ms2.sampling.sample_rows(&problem.activations);
    ms2.efficiency.multiply(&ms2.efficiency.start, &mut seen);
    let columns = dictionary.support.columns_mut().into_iter().zip(seen.rows());
    let columns: Vec<_> = columns.collect();
    columns.into_par_iter().for_each(|(mut support, seen)| {
        keep_coeluting(&ms2, support.view_mut(), seen, enough);
    });
    problem.push(ms2, dictionary);
    Some(System {
        problem,
        atoms,
        grid,
        pieces,
        ahead: material.pieces.iter().map(|piece| piece.ahead_seconds).collect(),
        isotopologues,
        fragments,
        enough,
        ms2_seconds: seconds,
        views,
        as_measured: true,
        mismatches: Vec::new(),
    })
}

fn intact_rows(mzs: &[f64], precursor: &Precursor, tolerance: Tolerance) -> Vec<bool> {
    mzs.iter().map(|&mz| is_intact(mz, precursor, tolerance)).collect()
}

/// Cost of one unit of a fragment of an atom: fragments are a part of their precursor, so the yield
/// (height of the fragment over that of the precursors) has an exponential prior with mean
/// `EXPECTED_YIELD`.
pub(crate) fn yield_cost(members: &[Member], input: &Input) -> f64 {
    let height: f64 = members.iter().map(|member| input[member.feature].height).sum();
    if height > 0.0 { 1.0 / (EXPECTED_YIELD * height) } else { 0.0 }
}

/// Takes from the `support` of an atom the rows of a level that do not show with it, of which the
/// level sees so much: nothing was seen that could be its own.
pub(crate) fn keep_coeluting(
    level: &Level,
    support: ArrayViewMut1<bool>,
    seen: ArrayView1<f64>,
    enough: EnoughPoints,
) {
    for (m, allowed) in support.into_iter().enumerate() {
        *allowed = *allowed && shows_with(level, m, seen, enough);
    }
}

/// Whether row `m` shows enough points while `sampled`, an activation at the level's scans, elutes.
/// Few high ones are enough only where the other scans would not show so high a fragment.
pub(crate) fn shows_with(
    level: &Level,
    m: usize,
    sampled: ArrayView1<f64>,
    enough: EnoughPoints,
) -> bool {
    let floor = ELUTES_FOR_POINTS * sampled.iter().copied().fold(0.0, f64::max);
    let (hidden, seen): (Vec<_>, Vec<_>) = (0..sampled.len())
        .filter(|&t| sampled[t] > floor)
        .map(|t| (sampled[t], level.cells.at(m, t)))
        .filter(|(_, cell)| cell.weight > 0.0)
        .partition(|(_, cell)| cell.censored);
    let shown: f64 = seen.iter().map(|(_, cell)| cell.value).sum();
    let height = shown / seen.iter().map(|(activation, _)| activation).sum::<f64>();
    seen.len() >= enough.points
        || enough.holds(seen.iter().map(|(_, cell)| cell.value as f32))
            && hidden.iter().all(|(activation, limit)| height * activation <= limit.value)
}

/// Where an elution profile starts from.
#[derive(Clone, Copy)]
pub(crate) struct Peak {
    pub(crate) apex: f64,
    /// Standard deviation, seconds.
    pub(crate) sigma: f64,
    /// The same before and after the apex.
    pub(crate) sides: [f64; 2],
    /// How far beyond its apex it may be above the detection limit, in standard deviations.
    pub(crate) reach: f64,
    pub(crate) first: f64,
    pub(crate) last: f64,
}

/// Writes a Gaussian, of two widths, into `row` (on the equidistant `grid`) and says where it may
/// change its shape.
pub(crate) fn place_peak(peak: Peak, grid: &[f64], mut row: ArrayViewMut1<f64>) -> Segment {
    let step = grid[1] - grid[0];
    let sigma = peak.sigma.max(step);
    let reach = peak.reach.clamp(LEAST_PROFILE_REACH, MOST_PROFILE_REACH) * sigma;
    let start = (peak.apex - reach).min(peak.first);
    let last = (peak.apex + reach).max(peak.last);
    let first = grid.partition_point(|&t| t < start).min(grid.len().saturating_sub(3));
    let end = grid.partition_point(|&t| t <= last).max(first + 3).min(grid.len());
    for (height, t) in row.slice_mut(s![first..end]).iter_mut().zip(&grid[first..end]) {
        let side = peak.sides[usize::from(*t > peak.apex)].max(step);
        *height = (-0.5 * ((t - peak.apex) / side).powi(2)).exp().max(1e-200);
    }
    Segment { first, end, curvature: (step / sigma).powi(2) }
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Cells, Dense};
    use ndarray::{Array1, arr1, arr2};

    use super::*;

    #[test]
    fn parts_of_an_elution_are_one_peak_each_in_their_part_of_a_piece() {
        let grid: Vec<f64> = (0..200).map(f64::from).collect();
        let pieces = [0..100, 100..200];
        let elution = |apex: f64, rt_start: f64, rt_end: f64| Elution {
            rt_seconds: apex,
            rt_start,
            rt_end,
            sides: [3.0; 2],
            sigma: 3.0,
            height: 1000.0,
        };
        let elutions = [
            (0, elution(40.0, 30.0, 46.0)),
            (0, elution(50.0, 46.0, 62.0)),
            (1, elution(147.0, 130.0, 165.0)),
        ];
        let mut row = Array1::zeros(200);
        let kind = place_peaks(&elutions, 10.0, (&grid, &pieces), row.view_mut());
        let found: Vec<_> = kind.segments().iter().map(|s| (s.first, s.end)).collect();
        assert_eq!((found[0].1, found[1].0, found.len()), (46, 46, 3));
        assert!(found[1].1 <= 100 && found[2].0 >= 100);
        let is_top = |t: &usize| row[*t] > row[*t - 1] && row[*t] >= row[*t + 1];
        assert_eq!((1..199).filter(is_top).collect::<Vec<_>>(), [40, 50, 147]);
    }

    #[test]
    fn two_high_points_are_enough_where_no_other_scan_would_show_as_high_a_fragment() {
        let data = arr2(&[[5.0, 5.0, 80.0, 60.0, 5.0, 5.0]]);
        let censored = data.mapv(|x| x == 5.0);
        let cells = Dense { weight: Array2::ones(data.dim()), data, censored };
        let level = Level::new(Cells::Dense(cells), 1);
        let shows = |activation: &Array1<f64>, telling| {
            let enough = EnoughPoints { points: 3, telling };
            shows_with(&level, 0, activation.view(), enough)
        };
        let narrow = arr1(&[0.0, 0.06, 1.0, 0.8, 0.06, 0.0]);
        let wide = arr1(&[0.2, 0.5, 1.0, 0.9, 0.5, 0.2]);
        assert!(shows(&narrow, Some(50.0)));
        assert!(!shows(&narrow, Some(70.0)) && !shows(&narrow, None));
        assert!(!shows(&wide, Some(50.0)));
    }
}
