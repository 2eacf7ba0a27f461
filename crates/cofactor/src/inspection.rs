//! What a run and its channels are, as JSON.

use cofactor_core::{Channel, ChannelRole};
use cofactor_mzml::Inspection;
use serde_json::{Value, json};

/// What a run is, for other programs.
pub fn record(inspection: &Inspection) -> Value {
    let run = &inspection.run;
    json!({
        "file_name": run.file_name,
        "kind": run.kind,
        "treatment": run.kind.treatment(),
        "scans": run.scan_count,
        "centroid_scans": inspection.centroid_scans,
        "profile_scans": inspection.profile_scans,
        "unknown_scans": inspection.unknown_scans,
        "channels": run.channels.iter().map(channel_record).collect::<Vec<_>>(),
        "warnings": run.warnings,
    })
}

/// What a channel is, as run.json has it.
pub(crate) fn channel_record(channel: &Channel) -> Value {
    json!({
        "level": if channel.is_ms1() { 1 } else { 2 },
        "isolation_window": channel.isolation_window().map(|w| w.to_string()),
        "targeted": matches!(channel.role, ChannelRole::Targeted { .. }),
        "polarity": channel.polarity,
        "collision_energy": channel.collision_energy,
        "compensation_voltage": channel.compensation_voltage,
        "source_energy": channel.source_energy,
        "scan_range": channel.scan_range,
        "scans": channel.scan_seconds.len(),
        "first_seconds": channel.scan_seconds.first(),
        "last_seconds": channel.scan_seconds.last(),
        "cycle_seconds": channel.cycle_seconds(),
    })
}
