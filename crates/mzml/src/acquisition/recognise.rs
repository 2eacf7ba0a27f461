//! What a run is, from its channels alone: DIA, all-ion fragmentation, DDA, or one level only.
//!
//! The order of the questions:
//! 1. MS1 channels that alternate and differ in collision energy (or, without energies, Waters
//!    functions 1 and 2) are MSᴱ: the higher energy is all-ion fragmentation.
//! 2. Fragment windows are DDA when most scans lie in windows that return too rarely for a cycle
//!    ([`Cycle::holds`]); where most do return, the narrow ones that do not were targeted besides.
//! 3. A polarity with one window that is missing, without width, [`PLACEHOLDER_WIDTH`] or wider, or
//!    in the very middle of the MS1 range, was not isolated: it is [`IsolationWindow::ALL`].
//! 4. Windows without a width that do repeat reach halfway to their neighbours.

use cofactor_core::{Channel, ChannelRole, IsolationWindow, Polarity, RunKind};

use crate::acquisition::channels::RawChannel;
use crate::acquisition::header::Isolation;
use crate::tuning::{
    FEWEST_CYCLES, MOST_MS1_A_CYCLE, PLACEHOLDER_WIDTH, SAME_MIDDLE, WIDEST_TARGET,
};

/// Decides roles and kind; also says what was assumed.
pub(crate) fn recognise(
    raw: &[RawChannel],
    multiplexed: bool,
) -> (RunKind, Vec<Channel>, Vec<String>) {
    let mut warnings = Vec::new();
    let high_energy = mse_channels(raw, &mut warnings);
    let level = |position: usize| if high_energy[position] { 2 } else { raw[position].level };
    let isolating: Vec<&RawChannel> = raw
        .iter()
        .filter(|channel| channel.level == 2 && channel.isolation != Isolation::None)
        .collect();
    let ms1: Vec<&RawChannel> =
        (0..raw.len()).filter(|&i| level(i) == 1).map(|i| &raw[i]).collect();
    let cycle = Cycle {
        ms1_scans: ms1.iter().map(|channel| channel.scan_seconds.len()).max().unwrap_or(0),
    };
    let dda = cycle.is_dda(&isolating);
    let (targeted, repeated): (Vec<_>, Vec<_>) =
        isolating.iter().copied().partition(|channel| !dda && cycle.is_target(channel));

    let mut roles = Vec::with_capacity(raw.len());
    for (position, channel) in raw.iter().enumerate() {
        roles.push(match channel.isolation {
            _ if level(position) == 1 => ChannelRole::Ms1,
            Isolation::Window(lower, upper) if targeted.contains(&channel) => {
                ChannelRole::Targeted { window: IsolationWindow { lower, upper } }
            }
            _ if is_placeholder(channel, &repeated, &ms1) => {
                ChannelRole::Ms2 { window: IsolationWindow::ALL }
            }
            _ => ChannelRole::Ms2 { window: window_of(channel, &repeated, dda) },
        });
    }
    note_windows(raw, &roles, dda, &mut warnings);
    if !targeted.is_empty() {
        let scans: usize = targeted.iter().map(|channel| channel.scan_seconds.len()).sum();
        warnings.push(format!(
            "{scans} scans in {} narrow windows that do not return every cycle are targeted scans \
             of single precursors beside the isolation windows of the run; they were not used",
            targeted.len()
        ));
    }
    warnings.extend((!dda).then(|| single_targets(&roles)).flatten());

    let kind = match kind_of(&roles, dda) {
        RunKind::Ms1Only if multiplexed => RunKind::Multiplexed,
        kind => kind,
    };
    let channels = raw
        .iter()
        .zip(roles)
        .map(|(channel, role)| Channel {
            role,
            polarity: channel.polarity,
            collision_energy: channel.energy,
            compensation_voltage: channel.compensation_voltage,
            source_energy: channel.source_energy,
            scan_range: channel.scan_range,
            scan_seconds: channel.scan_seconds.clone(),
        })
        .collect();
    (kind, channels, warnings)
}

fn kind_of(roles: &[ChannelRole], dda: bool) -> RunKind {
    let windows: Vec<IsolationWindow> = roles
        .iter()
        .filter_map(|role| match role {
            ChannelRole::Ms1 | ChannelRole::Targeted { .. } => None,
            ChannelRole::Ms2 { window } => Some(*window),
        })
        .collect();
    match (windows.len() < roles.len(), windows.is_empty()) {
        (_, true) => RunKind::Ms1Only,
        (false, false) => RunKind::Ms2Only,
        (true, false) if windows.iter().all(IsolationWindow::is_all) => RunKind::AllIon,
        (true, false) if dda => RunKind::Dda,
        (true, false) => RunKind::Dia,
    }
}

/// For each channel, whether it is the high-energy function of MSᴱ written as MS1.
fn mse_channels(raw: &[RawChannel], warnings: &mut Vec<String>) -> Vec<bool> {
    let mut high_energy = vec![false; raw.len()];
    for (position, channel) in raw.iter().enumerate() {
        let partner = raw.iter().find(|low| is_low_energy_partner(low, channel));
        if let Some(low) = partner {
            high_energy[position] = true;
            warnings.push(match (low.energy, channel.energy) {
                (low, Some(high)) => format!(
                    "MS1 scans alternate between collision energies {} and {high}; those at {high} \
                     were taken as all-ion fragmentation (MSE)",
                    low.unwrap_or(0.0)
                ),
                (_, None) => "MS1 scans alternate between Waters functions 1 and 2, without \
                    collision energies; function 2 was taken as all-ion fragmentation (MSE)"
                    .to_owned(),
            });
        }
    }
    high_energy
}

fn is_low_energy_partner(low: &RawChannel, high: &RawChannel) -> bool {
    let lower_energy = match (low.energy, high.energy) {
        (None, None) => low.function == Some(1) && high.function == Some(2),
        (low, Some(high)) => low.unwrap_or(0.0) < high,
        (Some(_), None) => false,
    };
    let same_range = low
        .scan_range
        .zip(high.scan_range)
        .is_none_or(|(a, b)| 2.0 * (a.1.min(b.1) - a.0.max(b.0)) >= a.1.max(b.1) - a.0.min(b.0));
    let levels = low.level == 1 && high.level == 1 && low.polarity == high.polarity;
    levels && same_range && lower_energy && alternate(low, high)
}

/// Whether two channels take turns: similar numbers of scans over the same time.
fn alternate(a: &RawChannel, b: &RawChannel) -> bool {
    let (fewer, more) = {
        let counts = (a.scan_seconds.len(), b.scan_seconds.len());
        (counts.0.min(counts.1), counts.0.max(counts.1))
    };
    let span = |channel: &RawChannel| {
        channel.scan_seconds.first().copied().zip(channel.scan_seconds.last().copied())
    };
    let overlap = span(a).zip(span(b)).is_some_and(|((a0, a1), (b0, b1))| a0 <= b1 && b0 <= a1);
    fewer >= 2 && fewer * 2 >= more && overlap
}

/// How often the run comes back to the same scan.
#[derive(Debug, Clone, Copy)]
struct Cycle {
    /// Scans of the MS1 channel that has most.
    ms1_scans: usize,
}

impl Cycle {
    /// Whether a window returns as often as one of a fixed cycle, at least for a good part of the
    /// run.
    fn holds(self, channel: &RawChannel) -> bool {
        let returns = channel.scan_seconds.len();
        let wide = width(channel.isolation) > WIDEST_TARGET;
        let fewest = if wide { FEWEST_CYCLES.min(self.ms1_scans) } else { FEWEST_CYCLES };
        returns >= fewest && returns * MOST_MS1_A_CYCLE >= self.ms1_scans
    }

    /// Whether most fragment scans were chosen one by one.
    fn is_dda(self, isolating: &[&RawChannel]) -> bool {
        let scans = |cyclic: bool| -> usize {
            isolating.iter().filter(|c| self.holds(c) == cyclic).map(|c| c.scan_seconds.len()).sum()
        };
        scans(false) > scans(true)
    }

    /// Whether a window was meant for one precursor beside those of the cycle.
    fn is_target(self, channel: &RawChannel) -> bool {
        matches!(channel.isolation, Isolation::Window(..))
            && width(channel.isolation) <= WIDEST_TARGET
            && !self.holds(channel)
    }
}

/// Whether the only window of its polarity is what some writers put in for "no isolation": narrow,
/// in the middle of the MS1 range.
fn is_placeholder(channel: &RawChannel, isolating: &[&RawChannel], ms1: &[&RawChannel]) -> bool {
    let Isolation::Window(lower, upper) = channel.isolation else { return false };
    let is_middle = |range: (f64, f64)| {
        (0.5 * (range.0 + range.1) - 0.5 * (lower + upper)).abs() <= SAME_MIDDLE
            && range.1 - range.0 > 2.0 * WIDEST_TARGET
    };
    upper - lower <= WIDEST_TARGET
        && is_single(channel, isolating)
        && ms1
            .iter()
            .filter(|c| c.polarity == channel.polarity)
            .filter_map(|c| c.scan_range)
            .any(is_middle)
}

/// What is to be said of narrow windows that leave gaps.
fn single_targets(roles: &[ChannelRole]) -> Option<String> {
    let mut windows: Vec<IsolationWindow> = roles
        .iter()
        .filter_map(|role| match role {
            ChannelRole::Ms2 { window } => Some(*window),
            ChannelRole::Ms1 | ChannelRole::Targeted { .. } => None,
        })
        .collect();
    windows.sort_by(|a, b| a.lower.total_cmp(&b.lower));
    let narrow = !windows.is_empty() && windows.iter().all(|w| w.upper - w.lower <= WIDEST_TARGET);
    let apart = windows.windows(2).filter(|pair| pair[1].lower > pair[0].upper).count();
    (narrow && 2 * apart >= windows.len() - 1).then(|| {
        format!(
            "the isolation windows ({}) are narrow and lie apart, as in targeted acquisition \
             (PRM); only precursors inside them get spectra",
            windows.len()
        )
    })
}

fn width(isolation: Isolation) -> f64 {
    match isolation {
        Isolation::Window(lower, upper) => upper - lower,
        Isolation::None | Isolation::Centre(_) => 0.0,
    }
}

/// Whether its polarity has no other window.
fn is_single(channel: &RawChannel, isolating: &[&RawChannel]) -> bool {
    let mut windows = isolating
        .iter()
        .filter(|known| known.polarity == channel.polarity)
        .map(|known| known.isolation)
        .peekable();
    windows.peek().is_some() && windows.all(|isolation| isolation == channel.isolation)
}

fn window_of(channel: &RawChannel, isolating: &[&RawChannel], dda: bool) -> IsolationWindow {
    let is_single = is_single(channel, isolating);
    match channel.isolation {
        Isolation::None => IsolationWindow::ALL,
        Isolation::Window(lower, upper) if is_single && upper - lower >= PLACEHOLDER_WIDTH => {
            IsolationWindow::ALL
        }
        Isolation::Window(lower, upper) => IsolationWindow { lower, upper },
        Isolation::Centre(centre) if dda => IsolationWindow { lower: centre, upper: centre },
        Isolation::Centre(_) if is_single => IsolationWindow::ALL,
        Isolation::Centre(centre) => halfway_window(centre, channel.polarity, isolating),
    }
}

fn halfway_window(centre: f64, polarity: Polarity, isolating: &[&RawChannel]) -> IsolationWindow {
    let gaps = || isolating.iter().filter_map(|channel| gap(channel, centre, polarity));
    let above = gaps().filter(|gap| *gap > 0.0).reduce(f64::min);
    let below = gaps().filter(|gap| *gap < 0.0).reduce(f64::max).map(f64::abs);
    let reach = |gap: Option<f64>, opposite: Option<f64>| gap.or(opposite).unwrap_or(0.0) / 2.0;
    IsolationWindow { lower: centre - reach(below, above), upper: centre + reach(above, below) }
}

/// How far above `centre` that of another window of the polarity lies, where it has one.
fn gap(channel: &RawChannel, centre: f64, polarity: Polarity) -> Option<f64> {
    match channel.isolation {
        Isolation::Centre(known) if channel.polarity == polarity => Some(known - centre),
        _ => None,
    }
}

fn note_windows(raw: &[RawChannel], roles: &[ChannelRole], dda: bool, warnings: &mut Vec<String>) {
    let mut said: Vec<String> = Vec::new();
    for (channel, role) in raw.iter().zip(roles).filter(|(channel, _)| channel.level == 2) {
        let ChannelRole::Ms2 { window } = *role else { continue };
        let sentence = match channel.isolation {
            Isolation::None => "MS2 scans without an isolation window were taken as all-ion \
                fragmentation"
                .to_owned(),
            Isolation::Window(lower, upper)
                if window.is_all() && upper - lower <= WIDEST_TARGET =>
            {
                format!(
                    "the only isolation window, {lower}-{upper}, lies in the middle of the MS1 \
                     range, where some converters write one for no isolation, and was taken as \
                     that (all-ion fragmentation)"
                )
            }
            Isolation::Window(lower, upper) if window.is_all() => format!(
                "the only isolation window, {lower}-{upper}, is so wide that it was taken as no \
                 isolation (all-ion fragmentation)"
            ),
            Isolation::Centre(centre) if window.is_all() => format!(
                "the only isolation window, at {centre}, has no width and was taken as no \
                 isolation (all-ion fragmentation)"
            ),
            Isolation::Centre(_) if !dda => {
                "isolation windows have no width in the file; each was taken to reach halfway to \
                 its neighbours"
                    .to_owned()
            }
            Isolation::Centre(_) | Isolation::Window(..) => continue,
        };
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    warnings.extend(said);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognise(raw: &[RawChannel]) -> (RunKind, Vec<Channel>, Vec<String>) {
        super::recognise(raw, false)
    }

    /// A channel that returns `scans` times, once a second.
    fn channel(level: u8, isolation: Isolation, energy: Option<f64>, scans: usize) -> RawChannel {
        RawChannel {
            level,
            polarity: Polarity::Positive,
            isolation,
            energy,
            compensation_voltage: None,
            source_energy: None,
            function: None,
            scan_range: None,
            scan_seconds: (0..scans).map(|i| i as f64).collect(),
        }
    }

    fn ms1(scans: usize) -> RawChannel {
        channel(1, Isolation::None, None, scans)
    }

    fn ms2(lower: f64, upper: f64, scans: usize) -> RawChannel {
        channel(2, Isolation::Window(lower, upper), Some(30.0), scans)
    }

    fn windows(channels: &[Channel]) -> Vec<IsolationWindow> {
        channels.iter().filter_map(Channel::window).collect()
    }

    #[test]
    fn cyclic_windows_are_dia_whatever_their_widths() {
        for set in [
            vec![(400.0, 425.0), (425.0, 450.0)],
            vec![(98.0, 132.0), (129.5, 145.5), (398.0, 602.0)],
            vec![(400.0, 402.0), (402.0, 404.0)],
        ] {
            let mut raw = vec![ms1(50)];
            raw.extend(set.iter().map(|&(lower, upper)| ms2(lower, upper, 49)));
            let (kind, channels, warnings) = recognise(&raw);
            assert_eq!(kind, RunKind::Dia);
            assert!(warnings.is_empty(), "{warnings:?}");
            let expected: Vec<_> =
                set.iter().map(|&(lower, upper)| IsolationWindow { lower, upper }).collect();
            assert_eq!(windows(&channels), expected);
            assert!(channels[0].is_ms1());
        }
    }

    #[test]
    fn one_cycle_of_wide_windows_is_dia() {
        let raw = [ms1(1), ms2(400.0, 425.0, 1), ms2(425.0, 450.0, 1)];
        assert_eq!(recognise(&raw).0, RunKind::Dia);
    }

    #[test]
    fn many_narrow_windows_used_rarely_are_dda() {
        let mut raw = vec![ms1(100)];
        raw.extend(
            (0..300).map(|i| ms2(200.0 + f64::from(i), 201.5 + f64::from(i), 1 + (i as usize) % 3)),
        );
        assert_eq!(recognise(&raw).0, RunKind::Dda);
        let mut often = vec![ms1(1000)];
        often.extend((0..30).map(|i| ms2(200.0 + f64::from(i), 201.5 + f64::from(i), 20)));
        assert_eq!(recognise(&often).0, RunKind::Dda);
    }

    #[test]
    fn without_isolation_it_is_all_ion() {
        for isolation in
            [Isolation::None, Isolation::Window(115.0, 1165.0), Isolation::Centre(500.0)]
        {
            let (kind, channels, warnings) = recognise(&[ms1(20), channel(2, isolation, None, 20)]);
            assert_eq!(kind, RunKind::AllIon, "{isolation:?}");
            assert_eq!(windows(&channels), [IsolationWindow::ALL]);
            assert_eq!(warnings.len(), 1, "{warnings:?}");
        }
    }

    #[test]
    fn all_ion_with_several_energies() {
        let energy = |energy| channel(2, Isolation::None, Some(energy), 20);
        let (kind, channels, warnings) = recognise(&[ms1(20), energy(10.0), energy(40.0)]);
        assert_eq!(kind, RunKind::AllIon);
        assert_eq!(channels[2].collision_energy, Some(40.0));
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn mse_written_as_ms1_is_told_by_its_energies() {
        let low = channel(1, Isolation::None, Some(6.0), 30);
        let high = channel(1, Isolation::None, Some(35.0), 30);
        let lock = channel(1, Isolation::None, Some(6.0), 3);
        let (kind, channels, warnings) = recognise(&[low.clone(), high, lock]);
        assert_eq!(kind, RunKind::AllIon);
        assert!(channels[0].is_ms1() && channels[2].is_ms1());
        assert_eq!(windows(&channels), [IsolationWindow::ALL]);
        assert!(warnings[0].contains("energies 6 and 35"), "{warnings:?}");
        assert_eq!(
            recognise(&[low, channel(1, Isolation::None, Some(35.0), 2)]).0,
            RunKind::Ms1Only
        );
    }

    #[test]
    fn mse_without_energies_is_told_by_its_functions() {
        let function = |function| RawChannel { function: Some(function), ..ms1(30) };
        let (kind, channels, warnings) = recognise(&[function(1), function(2)]);
        assert_eq!(kind, RunKind::AllIon);
        assert_eq!(windows(&channels), [IsolationWindow::ALL]);
        assert!(warnings[0].contains("functions 1 and 2"));
    }

    #[test]
    fn one_level_only() {
        let (kind, ..) =
            recognise(&[ms1(5), RawChannel { polarity: Polarity::Negative, ..ms1(5) }]);
        assert_eq!(kind, RunKind::Ms1Only);
        assert_eq!(recognise(&[ms2(400.0, 425.0, 9), ms2(425.0, 450.0, 9)]).0, RunKind::Ms2Only);
    }

    #[test]
    fn windows_without_width_reach_halfway() {
        let centre = |mz| channel(2, Isolation::Centre(mz), None, 20);
        let (kind, channels, warnings) =
            recognise(&[ms1(20), centre(400.0), centre(450.0), centre(420.0)]);
        assert_eq!(kind, RunKind::Dia);
        let found: Vec<(f64, f64)> =
            windows(&channels).iter().map(|window| (window.lower, window.upper)).collect();
        assert_eq!(found, [(390.0, 410.0), (435.0, 465.0), (410.0, 435.0)]);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn a_polarity_is_judged_by_its_own_windows() {
        let negative = RawChannel { polarity: Polarity::Negative, ..ms2(50.0, 1200.0, 20) };
        let (kind, channels, _) =
            recognise(&[ms1(20), ms2(400.0, 425.0, 20), ms2(425.0, 450.0, 20), negative]);
        assert_eq!(kind, RunKind::Dia);
        assert!(windows(&channels)[2].is_all());
    }
}
