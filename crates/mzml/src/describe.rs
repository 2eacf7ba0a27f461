//! A run in words, for people.

use std::cmp::Ordering;

use cofactor_core::{Channel, ChannelRole, IsolationWindow, Polarity};

use crate::Inspection;
use crate::tuning::SAME_WIDTH;

/// More fragment channels than this are summed up instead of listed.
const MOST_ROWS: usize = 100;

/// What the run is and what is done with it, its channels, and what was odd; several lines.
pub fn describe(inspection: &Inspection) -> String {
    let run = &inspection.run;
    let mut lines = vec![
        format!("file       {}", run.file_name),
        format!("run        {}", run.kind.treatment()),
        format!("polarity   {}", polarities(&run.channels)),
        format!("spectra    {} in the file, {}", run.scan_count, continuity(inspection)),
        format!("time       {}", time_span(&run.channels)),
    ];
    if let Some(layout) = layout(&run.channels) {
        lines.push(format!("windows    {layout}"));
    }
    lines.push(String::new());
    lines.extend(table(&run.channels));
    if !run.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(run.warnings.iter().map(|warning| format!("warning: {warning}")));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn polarities(channels: &[Channel]) -> &'static str {
    let has = |polarity| channels.iter().any(|channel| channel.polarity == polarity);
    match (has(Polarity::Positive), has(Polarity::Negative)) {
        (true, true) => "positive and negative, switching",
        (true, false) => "positive",
        (false, true) => "negative",
        (false, false) => "unknown",
    }
}

fn continuity(inspection: &Inspection) -> String {
    let counts = [
        (inspection.centroid_scans, "centroid"),
        (inspection.profile_scans, "profile (centroided when read)"),
        (inspection.unknown_scans, "profile or centroid unknown"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    parts.join(", ")
}

fn time_span(channels: &[Channel]) -> String {
    let times = || channels.iter().flat_map(|channel| channel.scan_seconds.iter().copied());
    match (times().reduce(f64::min), times().reduce(f64::max)) {
        (Some(first), Some(last)) => format!("{first:.2}-{last:.2} s"),
        _ => "none".to_owned(),
    }
}

/// Number of windows, their widths and whether they overlap; `None` without isolation.
fn layout(channels: &[Channel]) -> Option<String> {
    let mut windows: Vec<IsolationWindow> = Vec::new();
    for window in channels.iter().filter_map(Channel::window).filter(|window| !window.is_all()) {
        if !windows.contains(&window) {
            windows.push(window);
        }
    }
    windows.sort_by(|a, b| a.lower.total_cmp(&b.lower).then(a.upper.total_cmp(&b.upper)));
    let widths = || windows.iter().map(|window| window.upper - window.lower);
    let (narrowest, widest) = (widths().reduce(f64::min)?, widths().reduce(f64::max)?);
    let (lowest, highest) =
        (windows.first()?.lower, windows.iter().map(|window| window.upper).reduce(f64::max)?);
    let width = if widest - narrowest < SAME_WIDTH {
        format!("of fixed width {widest:.2}")
    } else {
        format!("of variable width {narrowest:.2}-{widest:.2}")
    };
    let overlaps = windows.windows(2).filter(|pair| pair[1].lower < pair[0].upper).count();
    let overlap = match overlaps {
        0 => String::new(),
        1 => ", 1 neighbouring pair overlaps".to_owned(),
        pairs => format!(", {pairs} neighbouring pairs overlap"),
    };
    Some(format!("{} {width} over m/z {lowest:.2}-{highest:.2}{overlap}", windows.len()))
}

/// The channels, MS1 first, then by isolation window.
fn table(channels: &[Channel]) -> Vec<String> {
    let mut order: Vec<usize> = (0..channels.len()).collect();
    order.sort_by(|&a, &b| {
        place(&channels[a]).partial_cmp(&place(&channels[b])).unwrap_or(Ordering::Equal)
    });
    let filtered =
        channels.iter().any(|c| c.compensation_voltage.is_some() || c.source_energy.is_some());
    let voltages = if filtered { format!(" {:>8} {:>8}", "CV", "source V") } else { String::new() };
    let mut lines = vec![format!(
        "{:>7}  {:<5} {:<19} {:>3} {:>8}{voltages} {:>7} {:>8}  {}",
        "channel", "level", "window (m/z)", "pol", "energy", "scans", "cycle s", "scan range (m/z)"
    )];
    let (shown, rest) = order.split_at(order.len().min(MOST_ROWS));
    lines.extend(shown.iter().map(|&position| row(position, &channels[position], filtered)));
    if !rest.is_empty() {
        let scans: usize = rest.iter().map(|&position| channels[position].scan_seconds.len()).sum();
        lines.push(format!("    ...  {} further channels with {scans} scans", rest.len()));
    }
    lines
}

/// What channels are sorted by: level, range, energy.
fn place(channel: &Channel) -> (bool, f64, f64, f64) {
    let (lower, upper) = match channel.isolation_window() {
        Some(window) => (window.lower, window.upper),
        None => channel.scan_range.unwrap_or_default(),
    };
    (!channel.is_ms1(), lower, upper, channel.collision_energy.unwrap_or(0.0))
}

fn row(position: usize, channel: &Channel, filtered: bool) -> String {
    let window = match channel.isolation_window() {
        None => "-".to_owned(),
        Some(window) if window.is_all() => "all".to_owned(),
        Some(window) => format!("{:.2}-{:.2}", window.lower, window.upper),
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let volts = |value: Option<f64>| or_dash(value.map(|value| value.to_string()));
    let voltages = if filtered {
        format!(" {:>8} {:>8}", volts(channel.compensation_voltage), volts(channel.source_energy))
    } else {
        String::new()
    };
    format!(
        "{position:>7}  {:<5} {window:<19} {:>3} {:>8}{voltages} {:>7} {:>8}  {}{}",
        if channel.is_ms1() { "MS1" } else { "MS2" },
        channel.polarity.symbol(),
        volts(channel.collision_energy),
        channel.scan_seconds.len(),
        or_dash(channel.cycle_seconds().map(|seconds| format!("{seconds:.3}"))),
        or_dash(channel.scan_range.map(|(lower, upper)| format!("{lower:.1}-{upper:.1}"))),
        if matches!(channel.role, ChannelRole::Targeted { .. }) {
            "  targeted, not used"
        } else {
            ""
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cofactor_core::{Run, RunKind};

    fn channel(role: ChannelRole) -> Channel {
        Channel {
            role,
            polarity: Polarity::Positive,
            collision_energy: Some(30.0),
            compensation_voltage: None,
            source_energy: None,
            scan_range: Some((50.0, 600.0)),
            scan_seconds: vec![1.0, 2.0, 3.0],
        }
    }

    fn inspection(windows: &[(f64, f64)]) -> Inspection {
        let mut channels = vec![channel(ChannelRole::Ms1)];
        channels.extend(windows.iter().map(|&(lower, upper)| {
            channel(ChannelRole::Ms2 { window: IsolationWindow { lower, upper } })
        }));
        let run = Run {
            file_name: "a.mzML".to_owned(),
            kind: RunKind::Dia,
            scan_count: 3 * channels.len(),
            channels,
            warnings: vec!["something was odd".to_owned()],
        };
        Inspection { run, profile_scans: 2, centroid_scans: 4, unknown_scans: 0 }
    }

    #[test]
    fn says_what_the_run_is() {
        let text = describe(&inspection(&[(100.0, 125.0), (125.0, 150.0)]));
        for part in [
            "every isolation window is deconvolved",
            "polarity   positive\n",
            "4 centroid, 2 profile",
            "2 of fixed width 25.00 over m/z 100.00-150.00\n",
            "      2  MS2   125.00-150.00         +       30       3    1.000  50.0-600.0\n",
            "warning: something was odd",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    #[test]
    fn windows_may_vary_and_overlap() {
        let text = describe(&inspection(&[(100.0, 125.0), (120.0, 180.0)]));
        assert!(
            text.contains(
                "2 of variable width 25.00-60.00 over m/z 100.00-180.00, 1 neighbouring pair \
                overlaps"
            ),
            "{text}"
        );
        assert!(describe(&inspection(&[(0.0, f64::INFINITY)])).contains("all"));
    }

    #[test]
    fn voltages_and_targeted_scans_are_shown() {
        let mut filtered = inspection(&[(100.0, 125.0), (110.0, 111.0)]);
        let channels = &mut filtered.run.channels;
        channels[0].compensation_voltage = Some(-45.0);
        channels[2].role =
            ChannelRole::Targeted { window: IsolationWindow { lower: 110.0, upper: 111.0 } };
        let text = describe(&filtered);
        for part in [
            "      0  MS1   -                     +       30      -45        -       3    1.000  \
             50.0-600.0\n",
            "      2  MS2   110.00-111.00         +       30        -        -       3    1.000  \
             50.0-600.0  targeted, not used\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    #[test]
    fn very_many_channels_are_summed_up() {
        let many: Vec<(f64, f64)> = (0..500).map(|i| (f64::from(i), f64::from(i) + 1.0)).collect();
        let text = describe(&inspection(&many));
        assert!(text.contains("401 further channels with 1203 scans"), "{text}");
    }
}
