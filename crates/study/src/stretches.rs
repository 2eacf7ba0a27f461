//! The stretches of all runs in which a block elutes, one after another.

use cofactor_core::statistics::upper_median;
use cofactor_core::{
    Channel, ChannelData, ChannelIx, ChannelTraces, DetectionLimit, EnoughPoints, FeatureIx,
    NoiseModel, Tolerance, Trace, TracedRun,
};
use cofactor_deconv::blocks::Block;
use cofactor_deconv::rows::{Row, ScanSpan, rows_within};
use cofactor_deconv::{Elution, JoinedRuns, Piece, Stretches};

use crate::align::RunAlignment;
use crate::data::RunData;
use crate::link::LinkedIon;
use crate::ragged::Torn;

/// MS1 cycles between the stretches of two runs.
const GAP_CYCLES: f64 = 2.0;

/// Aligned runs with their channels in one order.
pub(crate) struct AlignedRuns<'a> {
    /// The runs that have a part, by name.
    pub(crate) runs: &'a [RunData],
    /// How each is aligned.
    pub(crate) alignments: &'a [RunAlignment],
    /// The ions of the study, by position of their features.
    pub(crate) ions: &'a [LinkedIon],
    /// The parts of which features of each run were joined.
    pub(crate) torn: &'a [Torn],
    /// What m/z of one fragment differ by.
    pub(crate) tolerance: Tolerance,
    /// Points of one m/z that are no chance.
    pub(crate) min_points: usize,
}

/// A stretch of one run with its place in the time of all.
#[derive(Debug, Clone, Copy)]
struct Part {
    run: usize,
    /// In the time of the run, seconds.
    start: f64,
    end: f64,
    /// What is added to a time of the run, seconds.
    later: f64,
}

impl Part {
    fn scans(self, channel: &Channel) -> ScanSpan {
        ScanSpan::within(&channel.scan_seconds, self.start, self.end)
    }
}

impl JoinedRuns for AlignedRuns<'_> {
    fn runs(&self) -> usize {
        self.runs.len()
    }

    fn stretches(&self, block: &Block) -> Stretches {
        let parts = self.parts(block);
        let members = || block.owned.iter().chain(&block.context).copied();
        let mut needed: Vec<ChannelIx> =
            members().map(|member| self.ions[member.0].feature.channel).collect();
        needed.extend(&block.channels);
        let model = &self.runs[0].run;
        let channels = model.numbered().map(|(number, data)| {
            let parts = if needed.contains(&number) { parts.as_slice() } else { &[] };
            self.channel(number, &data.channel, parts)
        });
        let run = TracedRun {
            file_name: model.file_name.clone(),
            kind: model.kind,
            channels: channels.collect(),
            scan_count: model.scan_count,
            warnings: Vec::new(),
        };
        let pieces = parts.iter().map(|part| Piece {
            run: part.run,
            start_seconds: part.start + part.later,
            end_seconds: part.end + part.later,
            ahead_seconds: part.start + part.later - block.start_seconds,
        });
        Stretches {
            run,
            pieces: pieces.collect(),
            elutions: members().map(|member| (member, self.elutions(member, &parts))).collect(),
        }
    }
}

impl AlignedRuns<'_> {
    fn parts(&self, block: &Block) -> Vec<Part> {
        let mut parts = Vec::with_capacity(self.runs.len());
        let mut next = block.start_seconds;
        for (run, (data, alignment)) in self.runs.iter().zip(self.alignments).enumerate() {
            let start = alignment.run_seconds(block.start_seconds);
            let end = alignment.run_seconds(block.end_seconds);
            let part = Part { run, start, end, later: next - start };
            if part.scans(&data.run[block.channel()].channel).scans() == 0 {
                continue;
            }
            parts.push(part);
            let cycles = data.run.channels.iter().map(|data| &data.channel);
            let cycle = cycles.filter(|c| c.is_ms1()).filter_map(Channel::cycle_seconds);
            next += (end - start) + GAP_CYCLES * cycle.fold(0.0, f64::max);
        }
        parts
    }

    /// A channel over the stretches `parts`; m/z without the offset of each run.
    fn channel(&self, number: ChannelIx, model: &Channel, parts: &[Part]) -> ChannelData {
        let mut scan_seconds = Vec::new();
        let mut per_scan = Vec::new();
        let mut noise = Vec::new();
        let mut telling = Vec::new();
        let mut found = StudyRows::default();
        for part in parts {
            let ChannelData { channel, traces, noise: of_run } = &self.runs[part.run].run[number];
            let span = part.scans(channel);
            let first = scan_seconds.len() as u32;
            scan_seconds.extend(span.seconds(channel).iter().map(|t| t + part.later));
            per_scan.extend((span.first..span.end).map(|scan| traces.limit.at(scan) as f32));
            noise.push(*of_run);
            telling.extend(traces.telling);
            let any = EnoughPoints { points: 1, telling: None };
            let mut rows = rows_within(traces, span, self.tolerance, any);
            let factor = 1.0 - 1e-6 * self.alignments[part.run].mz_offset_ppm;
            for row in &mut rows {
                row.mz *= factor;
                row.points.iter_mut().for_each(|point| point.0 = point.0 - span.first + first);
            }
            let enough = traces.enough(self.min_points);
            found.add(rows, self.tolerance, |row| enough.holds(row.points.iter().map(|p| p.1)));
        }
        let traces = found.rows.into_iter().filter(|row| row.shown);
        let traces = traces.map(|StudyRow { row, .. }| {
            let (scans, intensity) = row.points.into_iter().unzip();
            Trace { channel: number, mz: row.mz, scans, intensity, shift: Vec::new() }
        });
        ChannelData {
            channel: Channel { scan_seconds, ..model.clone() },
            traces: ChannelTraces {
                traces: traces.collect(),
                limit: DetectionLimit { per_scan },
                telling: upper_median(&mut telling, f32::total_cmp),
            },
            noise: typical(&noise),
        }
    }

    /// When a precursor elutes in those of `parts` that its elution reaches; else in the nearest
    /// one.
    fn elutions(&self, member: FeatureIx, parts: &[Part]) -> Vec<(usize, Elution)> {
        let ion = &self.ions[member.0];
        let mut reached = Vec::with_capacity(parts.len());
        let mut nearest: Option<(f64, (usize, Elution))> = None;
        for (piece, part) in parts.iter().enumerate() {
            for elution in self.elutions_in(ion, part.run) {
                let beyond = (part.start - elution.rt_end).max(elution.rt_start - part.end);
                let placed = (piece, elution.later(part.later));
                if beyond < 0.0 {
                    reached.push(placed);
                }
                if nearest.is_none_or(|(least, _)| beyond < least) {
                    nearest = Some((beyond, placed));
                }
            }
        }
        if reached.is_empty() {
            reached.extend(nearest.map(|(_, placed)| placed));
        }
        reached
    }

    /// When an ion elutes in a run, or its parts do.
    fn elutions_in(&self, ion: &LinkedIon, run: usize) -> Vec<Elution> {
        let data = &self.runs[run];
        let Some(sighting) = ion.sightings[run] else {
            return vec![expected(ion, &self.alignments[run])];
        };
        let whole = std::slice::from_ref(&data.features[sighting.0]);
        let parts = self.torn[run].get(&sighting).map_or(whole, Vec::as_slice);
        parts.iter().map(|part| Elution::seen(part, &data.run)).collect()
    }
}

/// Where a run that did not show an ion would have.
fn expected(ion: &LinkedIon, alignment: &RunAlignment) -> Elution {
    let feature = &ion.feature;
    let sigma = feature.fwhm_seconds / FWHM_PER_SIGMA;
    Elution {
        rt_seconds: alignment.run_seconds(feature.rt_seconds),
        rt_start: alignment.run_seconds(feature.rt_start),
        rt_end: alignment.run_seconds(feature.rt_end),
        sides: [sigma; 2],
        sigma,
        height: 0.0,
    }
}

/// Gaussian: full width at half height over standard deviation.
const FWHM_PER_SIGMA: f64 = 2.354_820_045;

/// The noise of most runs.
fn typical(noise: &[NoiseModel]) -> NoiseModel {
    let median = |value: fn(&NoiseModel) -> f64| {
        let mut values: Vec<f64> = noise.iter().map(value).collect();
        upper_median(&mut values, f64::total_cmp).unwrap_or(0.0)
    };
    NoiseModel {
        gain: median(|model| model.gain),
        relative: median(|model| model.relative),
        evidence: noise.iter().map(|model| model.evidence).sum(),
        gain_assumed: noise.iter().all(|model| model.gain_assumed),
    }
}

/// One m/z through all runs.
#[derive(Debug)]
struct StudyRow {
    row: Row,
    /// Whether a run shows enough points of it.
    shown: bool,
}

/// Rows of all runs so far, ascending in m/z.
#[derive(Debug, Default)]
struct StudyRows {
    rows: Vec<StudyRow>,
}

impl StudyRows {
    /// Adds those of another run, ascending in m/z: each continues the row that is its nearest, if
    /// it is the nearest of that in its run and within the tolerance.
    fn add(&mut self, rows: Vec<Row>, tolerance: Tolerance, is_shown: impl Fn(&Row) -> bool) {
        let known: Vec<f64> = self.rows.iter().map(|row| row.row.mz).collect();
        let new: Vec<f64> = rows.iter().map(|row| row.mz).collect();
        for (n, row) in rows.into_iter().enumerate() {
            let shown = is_shown(&row);
            let near = nearest(&known, row.mz).filter(|&m| tolerance.matches(known[m], row.mz));
            match near.filter(|&m| nearest(&new, known[m]) == Some(n)) {
                Some(m) => self.rows[m].go_on(row, shown),
                None => self.rows.push(StudyRow { row, shown }),
            }
        }
        self.rows.sort_by(|a, b| a.row.mz.total_cmp(&b.row.mz));
    }
}

impl StudyRow {
    fn go_on(&mut self, next: Row, shown: bool) {
        let weight = |row: &Row| row.points.iter().map(|p| f64::from(p.1)).sum::<f64>();
        let (old, new) = (weight(&self.row), weight(&next));
        self.row.mz = (self.row.mz * old + next.mz * new) / (old + new);
        self.row.points.extend(next.points);
        self.shown |= shown;
    }
}

/// Position of the value of an ascending list that is nearest to `mz`.
fn nearest(mzs: &[f64], mz: f64) -> Option<usize> {
    let above = mzs.partition_point(|&m| m < mz);
    let near = above.saturating_sub(1)..(above + 1).min(mzs.len());
    near.min_by(|&a, &b| (mzs[a] - mz).abs().total_cmp(&(mzs[b] - mz).abs()))
}
