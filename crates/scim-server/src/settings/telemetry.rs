//! The settings of what operators are shown: metrics.

use super::reader::Reader;
use super::{keys, values};

/// What operators are shown.
#[derive(Debug)]
pub struct TelemetrySettings {
    /// `METRICS_ENABLED`
    pub metrics_enabled: bool,
}

/// Reads everything about metrics.
pub(super) fn read(reader: &mut Reader<'_>) -> TelemetrySettings {
    let metrics_enabled = reader.or_default(&keys::METRICS_ENABLED, values::SWITCH, values::switch, true);
    TelemetrySettings { metrics_enabled }
}
