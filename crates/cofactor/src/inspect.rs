//! `cofactor inspect`: what a run is.

use cofactor_core::{Channel, ChannelRole};
use cofactor_mzml::{Inspection, ReadParams, describe, inspect as look};
use serde_json::{Value, json};

use crate::CommandResult;
use crate::cli::InspectArguments;
use crate::failure::Failure;
use crate::output::print;

pub(crate) fn inspect(arguments: &InspectArguments) -> CommandResult {
    let reading =
        ReadParams { allow_truncated: arguments.allow_truncated, ..ReadParams::default() };
    let mut records = Vec::new();
    for path in &arguments.runs {
        let inspection = look(path, &reading).map_err(Failure::input)?;
        if arguments.json {
            records.push(record(&inspection));
        } else {
            print(&describe(&inspection))?;
        }
    }
    if arguments.json {
        print(&format!("{:#}\n", Value::from(records)))?;
    }
    Ok(())
}

fn record(inspection: &Inspection) -> Value {
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
