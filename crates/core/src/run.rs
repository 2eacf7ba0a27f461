//! What a run is: its channels (MS1, and one per isolation window) and how it was acquired.

use std::ops::Index;

use serde::{Deserialize, Serialize};

use crate::statistics::upper_median;
use crate::{ChannelIx, ChannelTraces, IsolationWindow, NoiseModel, Polarity};

/// How the run was acquired, seen from the order and the windows of its scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// Data-independent acquisition through isolation windows (SWATH).
    Dia,
    /// All-ion fragmentation: MS2 without isolation (AIF, MSᴱ).
    AllIon,
    /// Data-dependent acquisition: each MS2 scan belongs to one chosen precursor.
    Dda,
    /// Intact ions only.
    Ms1Only,
    /// Fragment scans only.
    Ms2Only,
    /// The fragment scans hold several isolation windows at once (MSX).
    Multiplexed,
}

impl RunKind {
    /// What cofactor does with such a run, as a sentence for people.
    pub fn treatment(self) -> &'static str {
        match self {
            Self::Dia => "data-independent (SWATH/DIA): every isolation window is deconvolved",
            Self::AllIon => {
                "all-ion fragmentation (AIF/MSE): the fragment scans are deconvolved as one window \
                 over all precursors"
            }
            Self::Dda => {
                "data-dependent (DDA): each MS2 scan already belongs to one precursor, so features \
                 are listed and nothing is deconvolved"
            }
            Self::Ms1Only => {
                "MS1 only: features are listed; there are no fragment scans to deconvolve"
            }
            Self::Multiplexed => {
                "multiplexed (MSX): each fragment scan holds several isolation windows at once, \
                 which is not taken apart, so features are listed and nothing is deconvolved"
            }
            Self::Ms2Only => {
                "MS2 only: without MS1 scans there are no precursors to deconvolve for"
            }
        }
    }
}

/// Which level a channel's scans belong to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "level")]
pub enum ChannelRole {
    /// Intact precursors.
    Ms1,
    /// Fragments of what the window lets through.
    Ms2 {
        /// The isolated m/z range.
        window: IsolationWindow,
    },
    /// Fragments of single precursors, taken now and then beside the windows of a DIA run; not
    /// used.
    Targeted {
        /// The isolated m/z range.
        window: IsolationWindow,
    },
}

/// Scans of one kind, repeated through the run: MS1, or one isolation window at one collision
/// energy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Level and isolation window.
    pub role: ChannelRole,
    /// Sign of its ions.
    pub polarity: Polarity,
    /// Collision energy as the file gives it, without its sign; that of its first scan.
    pub collision_energy: Option<f64>,
    /// Compensation voltage of an ion-mobility filter (FAIMS), V.
    pub compensation_voltage: Option<f64>,
    /// Voltage that fragments ions in the source, V, where the file gives it.
    pub source_energy: Option<f64>,
    /// Scanned m/z range: the union over its scans, where the file gives it.
    pub scan_range: Option<(f64, f64)>,
    /// Start of each scan in seconds, ascending.
    pub scan_seconds: Vec<f64>,
}

impl Channel {
    /// The isolation window of a channel whose fragments are used, `None` for MS1 and targeted
    /// scans.
    pub fn window(&self) -> Option<IsolationWindow> {
        match self.role {
            ChannelRole::Ms1 | ChannelRole::Targeted { .. } => None,
            ChannelRole::Ms2 { window } => Some(window),
        }
    }

    /// The isolation window of any fragment channel, `None` for MS1.
    pub fn isolation_window(&self) -> Option<IsolationWindow> {
        match self.role {
            ChannelRole::Ms1 => None,
            ChannelRole::Ms2 { window } | ChannelRole::Targeted { window } => Some(window),
        }
    }

    /// Whether ions that `other` shows can get into this channel: same polarity, same filter of
    /// mobility.
    pub fn shares_ions_with(&self, other: &Self) -> bool {
        let voltages = self.compensation_voltage.zip(other.compensation_voltage);
        self.polarity == other.polarity && voltages.is_none_or(|(a, b)| a == b)
    }

    /// Whether the channel holds intact precursors.
    pub fn is_ms1(&self) -> bool {
        self.role == ChannelRole::Ms1
    }

    /// Median time between two of its scans in seconds; `None` with fewer than two scans.
    pub fn cycle_seconds(&self) -> Option<f64> {
        let mut gaps: Vec<f64> = self.scan_seconds.windows(2).map(|w| w[1] - w[0]).collect();
        upper_median(&mut gaps, f64::total_cmp)
    }
}

/// A channel with what was measured in it.
#[derive(Debug, Clone)]
pub struct ChannelData {
    /// What its scans are.
    pub channel: Channel,
    /// Its mass traces, and what its scans could not show.
    pub traces: ChannelTraces,
    /// What its points are worth.
    pub noise: NoiseModel,
}

/// A run with its traces.
pub type TracedRun = Run<ChannelData>;

/// A run without its peaks; `C` is what is known of each channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run<C = Channel> {
    /// File name without folders.
    pub file_name: String,
    /// How it was acquired.
    pub kind: RunKind,
    /// Its channels; traces refer to them by position.
    pub channels: Vec<C>,
    /// Scans read, skipped ones included.
    pub scan_count: usize,
    /// What was odd about the file and what was done about it, one sentence each.
    pub warnings: Vec<String>,
}

impl<C> Run<C> {
    /// The channels with their positions.
    pub fn numbered(&self) -> impl Iterator<Item = (ChannelIx, &C)> {
        self.channels.iter().enumerate().map(|(position, channel)| (ChannelIx(position), channel))
    }
}

impl<C> Index<ChannelIx> for Run<C> {
    type Output = C;

    fn index(&self, position: ChannelIx) -> &C {
        &self.channels[position.0]
    }
}
