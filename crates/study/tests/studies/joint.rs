//! Runs that are solved together show what none of them shows alone.

use cofactor_study::cofactor_core::{CellStatus, ChannelRole, DeconvolvedFeature, IsolationWindow};
use cofactor_study::cofactor_deconv::DeconvolutionParams;
use cofactor_study::cofactor_rules::RuleSet;
use cofactor_study::{Joined, LinkedRuns, RunData};

use crate::measured::{
    Case, Fragment, LIMIT, Measured, TruePrecursor, in_two_pieces, measure, tolerance, without,
};

fn solve(runs: Vec<RunData>) -> (LinkedRuns, Joined) {
    let linked = LinkedRuns::new(runs, tolerance());
    let (rules, params) = (RuleSet::open(), DeconvolutionParams::default());
    let blocks = linked.blocks(&rules, &params);
    let joined = linked.solve(&blocks, &rules, &params, |_| ()).unwrap_or_else(|e| panic!("{e}"));
    (linked, joined)
}

/// The result's feature that a precursor is, the highest at its m/z.
fn found<'a>(joined: &'a Joined, truth: &TruePrecursor) -> Option<&'a DeconvolvedFeature> {
    let is_it = |f: &&DeconvolvedFeature| {
        let near = (f.feature.rt_seconds - truth.seconds).abs() < 8.0;
        near && tolerance().matches(f.feature.precursor.mz, truth.mz)
    };
    let found = joined.result.features.iter().filter(is_it);
    found.max_by(|a, b| a.feature.height.total_cmp(&b.feature.height))
}

/// The lines of the spectrum of a precursor.
fn spectrum(joined: &Joined, truth: &TruePrecursor) -> Vec<Fragment> {
    let feature = found(joined, truth);
    let head = feature.and_then(|f| f.spectrum_of);
    let head = head.and_then(|id| joined.result.features.iter().find(|f| f.feature.id == id));
    let lines = head.into_iter().flat_map(DeconvolvedFeature::spectrum);
    lines.map(|line| (line.mz, line.intensity)).collect()
}

/// How good spectra are.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    cosine: f64,
    /// Share of lines that are right; of those with any.
    precision: f64,
    /// Share found of the lines that are above the limit at the median height.
    recall: f64,
}

fn score(lines: &[Fragment], truth: &TruePrecursor, runs: usize) -> Score {
    let is = |line: &Fragment, mz: f64| tolerance().matches(mz, line.0);
    let mut heights: Vec<f64> =
        truth.heights[..runs].iter().copied().filter(|h| *h > 0.0).collect();
    heights.sort_by(f64::total_cmp);
    let height = heights.get(heights.len() / 2).copied().unwrap_or(0.0);
    let mut product = 0.0;
    let (mut right, mut visible, mut seen) = (0.0, 0.0, 0.0);
    for &(mz, part) in &truth.fragments {
        let line = lines.iter().find(|line| is(line, mz));
        product += part * line.map_or(0.0, |line| line.1);
        right += f64::from(u8::from(line.is_some()));
        if part * height >= LIMIT {
            visible += 1.0;
            seen += f64::from(u8::from(line.is_some()));
        }
    }
    let norm = |lines: &[Fragment]| lines.iter().map(|line| line.1 * line.1).sum::<f64>().sqrt();
    let norms = norm(lines) * norm(&truth.fragments);
    Score {
        cosine: if norms > 0.0 { product / norms } else { 0.0 },
        precision: if lines.is_empty() { f64::NAN } else { right / lines.len() as f64 },
        recall: if visible > 0.0 { seen / visible } else { f64::NAN },
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let known: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    known.iter().sum::<f64>() / known.len() as f64
}

fn means(scores: &[Score]) -> Score {
    Score {
        cosine: mean(scores.iter().map(|s| s.cosine)),
        precision: mean(scores.iter().map(|s| s.precision)),
        recall: mean(scores.iter().map(|s| s.recall)),
    }
}

/// Of the first `runs` runs together.
fn together(measured: &Measured, runs: usize) -> Score {
    let (_, joined) = solve(measured.runs[..runs].to_vec());
    let scores = measured.truth.iter().map(|p| score(&spectrum(&joined, p), p, runs));
    means(&scores.collect::<Vec<Score>>())
}

/// Of the medians of the spectra of the first `runs` runs, each solved alone: a line counts if half
/// of those that show the precursor have it.
fn consensus(measured: &Measured, runs: usize) -> Score {
    let alone: Vec<Joined> =
        measured.runs[..runs].iter().map(|run| solve(vec![run.clone()]).1).collect();
    let mut scores = Vec::with_capacity(measured.truth.len());
    for truth in &measured.truth {
        let spectra: Vec<Vec<Fragment>> = (alone.iter().zip(&truth.heights))
            .filter(|(_, height)| **height > 0.0)
            .filter_map(|(joined, height)| Some((found(joined, truth)?, joined, height)))
            .map(|(_, joined, height)| {
                let lines = spectrum(joined, truth).into_iter();
                lines.map(|(mz, line)| (mz, line / height)).collect()
            })
            .collect();
        scores.push(score(&median(&spectra), truth, runs));
    }
    means(&scores)
}

fn median(spectra: &[Vec<Fragment>]) -> Vec<Fragment> {
    let mut lines: Vec<Fragment> = spectra.iter().flatten().copied().collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = lines.chunk_by(|a, b| tolerance().matches(a.0, b.0));
    let mut common = Vec::new();
    for group in groups.filter(|group| 2 * group.len() >= spectra.len()) {
        let mut heights: Vec<f64> = group.iter().map(|line| line.1).collect();
        heights.sort_by(f64::total_cmp);
        common.push((group[group.len() / 2].0, heights[heights.len() / 2]));
    }
    common
}

/// The mean over studies drawn from some seeds.
fn over_seeds(case: Case, runs: usize, seeds: u64, score: fn(&Measured, usize) -> Score) -> Score {
    let scores = (0..seeds).map(|seed| score(&measure(case, runs, seed), runs));
    means(&scores.collect::<Vec<Score>>())
}

/// Four precursors within 2.5 s, nine of ten fragments at common m/z.
const CROWD: Case = Case { groups: 5, precursors: 4, within: 2.5, ..Case::PAIRS };

#[test]
fn crowded_precursors_part_the_better_the_more_runs_there_are() {
    let median = over_seeds(CROWD, 6, 2, consensus);
    let [three, six, twelve] = [3, 6, 12].map(|runs| over_seeds(CROWD, runs, 2, together));
    let cosines = [three, six, twelve].map(|score| score.cosine);
    assert!(cosines[0] < cosines[1] && cosines[1] < cosines[2], "{cosines:?}");
    assert!(six.cosine > median.cosine + 0.05, "{six:?}, median {median:?}");
    assert!(twelve.cosine >= 0.88 && twelve.precision >= 0.85, "{twelve:?}");
}

#[test]
fn abundances_part_what_elutes_exactly_together() {
    for (abundance, runs) in [(0.3, 6), (0.3, 12), (1.0, 6)] {
        let case = Case { abundance, ..Case::PAIRS };
        let score = over_seeds(case, runs, 3, together);
        let least = if (abundance, runs) == (0.3, 6) { 0.93 } else { 0.97 };
        assert!(score.cosine >= least, "{abundance}, {runs} runs: {score:?}");
    }
}

#[test]
fn ions_of_one_compound_stay_together() {
    let (mut united, mut pairs) = (0, 0);
    for (abundance, runs) in [(0.3, 6), (1.0, 6), (0.3, 12), (1.0, 12)] {
        let case = Case { groups: 12, of_one_compound: true, abundance, ..Case::PAIRS };
        let measured = measure(case, runs, 1);
        let (_, joined) = solve(measured.runs);
        for pair in measured.truth.chunks(2) {
            let [a, b] = [&pair[0], &pair[1]].map(|ion| found(&joined, ion).unwrap());
            united += usize::from(a.spectrum_of.is_some() && a.spectrum_of == b.spectrum_of);
            pairs += 1;
        }
    }
    assert!(100 * united >= 95 * pairs, "{united} of {pairs}");
}

#[test]
fn runs_that_show_another_compound_are_told() {
    let case = Case { wrong: 0.15, ..Case::PAIRS };
    let (mut told, mut cells) = ([0.0; 2], [0.0; 2]);
    let mut scores = Vec::new();
    for seed in 0..2 {
        let measured = measure(case, 12, seed);
        let (_, joined) = solve(measured.runs.clone());
        for truth in &measured.truth {
            scores.push(score(&spectrum(&joined, truth), truth, 12));
            let Some(feature) = found(&joined, truth) else { continue };
            let place = joined.result.features.iter().position(|f| std::ptr::eq(f, feature));
            let of_ion = &joined.cells[place.unwrap()];
            for (run, cell) in of_ion.iter().enumerate().filter(|(_, cell)| cell.area.is_some()) {
                let kind = usize::from(truth.wrong[run]);
                told[kind] += f64::from(u8::from(cell.disagrees));
                cells[kind] += 1.0;
            }
        }
    }
    let [right, wrong] = [0, 1].map(|kind| told[kind] / cells[kind]);
    let joint = means(&scores);
    assert!(joint.cosine >= 0.88, "{joint:?}");
    assert!(wrong > 2.0 * right, "{wrong} of the wrong, {right} of the others");
}

#[test]
fn fragments_that_vary_between_runs_are_no_worse_than_their_median() {
    let case = Case { fragments: 0.3, ..CROWD };
    let [joint, median] = [together, consensus].map(|of| over_seeds(case, 6, 3, of));
    assert!(joint.cosine >= median.cosine, "{joint:?}, median {median:?}");
}

/// A few groups in five runs.
fn few() -> Measured {
    measure(Case { groups: 5, missing: 0.2, ..Case::PAIRS }, 5, 4)
}

#[test]
fn neither_the_order_of_runs_nor_threads_change_the_result() {
    let measured = few();
    let mut backwards = measured.runs.clone();
    backwards.reverse();
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (_, first) = pool(1).install(|| solve(measured.runs.clone()));
    let (_, mut second) = pool(2).install(|| solve(backwards));
    second.cells.iter_mut().for_each(|cells| cells.reverse());
    assert!(first.result.features.iter().any(DeconvolvedFeature::has_spectrum));
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}

#[test]
fn an_elution_that_one_run_shows_in_two_pieces_is_one() {
    let case = Case { groups: 5, missing: 0.0, ..Case::PAIRS };
    let Measured { runs, truth } = measure(case, 5, 4);
    let mz = truth[4].mz;
    let of_ion = |data: &RunData| {
        let features = data.features.iter();
        features.filter(|f| tolerance().matches(f.precursor.mz, mz)).cloned().collect::<Vec<_>>()
    };
    let rows = |pieces: &[usize], later: f64, share: f64| {
        let split = |(r, run): (usize, RunData)| {
            if pieces.contains(&r) { in_two_pieces(run, mz, later, share) } else { run }
        };
        let linked =
            LinkedRuns::new(runs.iter().cloned().enumerate().map(split).collect(), tolerance());
        let ions = linked.linked.ions.iter().map(|ion| ion.feature.precursor.mz);
        (ions.filter(|shown| tolerance().matches(*shown, mz)).count(), linked)
    };
    let (before, _) = rows(&[], 4.0, 0.3);
    let (after, linked) = rows(&[2], 4.0, 0.3);
    assert_eq!((before, after), (1, 1));
    let (whole, found) = (&of_ion(&runs[2])[0], &of_ion(&linked.runs[2])[0]);
    assert_eq!((found.rt_start, found.rt_end), (whole.rt_start, whole.rt_end));
    assert!((found.area / whole.area - 1.0).abs() < 1e-9);
    assert!(linked.runs[2].features.iter().enumerate().all(|(f, shown)| shown.id == f + 1));
    // What is higher than any flank, or what most runs show, is an ion.
    assert_eq!(rows(&[2], 4.0, 0.95).0, 2);
    assert_eq!(rows(&[0, 2, 4], 4.0, 0.3).0, 2);
}

#[test]
fn a_run_of_another_method_is_left_out_by_name() {
    let Measured { mut runs, .. } = few();
    let window = IsolationWindow { lower: 300.0, upper: 350.0 };
    runs[2].run.channels[1].channel.role = ChannelRole::Ms2 { window };
    let (linked, joined) = solve(runs);
    let why: Vec<bool> = linked.left_out.iter().map(Option::is_some).collect();
    assert_eq!(why, [false, false, true, false, false]);
    let reason = linked.left_out[2].as_deref().unwrap();
    assert!(reason.contains("another method") && reason.contains("run00"), "{reason}");
    assert!(joined.cells.iter().all(|cells| cells[2].status == CellStatus::NotScanned));
}

#[test]
fn what_a_run_lacks_has_a_limit_and_what_it_overlooked_an_area() {
    let Measured { mut runs, truth } = few();
    let overlooked = 1;
    let shown: Vec<&TruePrecursor> =
        truth.iter().filter(|precursor| precursor.heights[overlooked] > 0.0).collect();
    runs[overlooked] = without(runs[overlooked].clone(), shown[0].mz);
    let (_, joined) = solve(runs);
    let cells = |precursor: &TruePrecursor| {
        let feature = found(&joined, precursor).unwrap();
        let place = joined.result.features.iter().position(|f| std::ptr::eq(f, feature));
        &joined.cells[place.unwrap()]
    };
    let mut lacking = 0;
    for precursor in &truth {
        for (cell, height) in cells(precursor).iter().zip(&precursor.heights) {
            if *height == 0.0 {
                assert!(cell.status == CellStatus::BelowLimit && cell.area.is_none(), "{cell:?}");
                assert!(cell.area_high.is_some_and(|high| high > 0.0), "{cell:?}");
                lacking += 1;
            }
        }
    }
    assert!(lacking > 4);
    let filled = &cells(shown[0])[overlooked];
    let area = filled.area.unwrap();
    let reference = cells(shown[0])[0].area.unwrap() / shown[0].heights[0];
    let ratio = area / shown[0].heights[overlooked] / reference;
    assert!(filled.status == CellStatus::Filled && (ratio - 1.0).abs() < 0.2, "{filled:?} {ratio}");
}
