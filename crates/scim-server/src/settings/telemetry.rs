//! The settings of what operators are shown: metrics, and the log in files.

use std::fs;
use std::path::{Path, PathBuf};

use super::reader::Reader;
use super::{Purpose, keys, values};

/// What operators are shown.
#[derive(Debug)]
pub struct TelemetrySettings {
    /// `METRICS_ENABLED`
    pub metrics_enabled: bool,
    /// `LOG_DIR`
    pub log_dir: Option<PathBuf>,
}

/// What `LOG_DIR` takes.
const DIRECTORY: &str = "a directory that can be written to";

/// Reads everything about metrics and the log in files. Whoever serves is to be able to write to that.
pub(super) fn read(reader: &mut Reader<'_>, purpose: Purpose) -> TelemetrySettings {
    let metrics_enabled = reader.or_default(&keys::METRICS_ENABLED, values::SWITCH, values::switch, true);
    let directory = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let shown = |directory: &PathBuf| directory.display().to_string();
    let log_dir = reader.optional(&keys::LOG_DIR, DIRECTORY, directory, shown, "none");
    if let Some(directory) = log_dir.as_deref().filter(|_| purpose == Purpose::Serving)
        && let Err(error) = try_to_write(directory)
    {
        let shown = directory.display();
        reader.fault(format!("LOG_DIR: got '{shown}'; expected {DIRECTORY}, but: {error}"));
    }
    TelemetrySettings { metrics_enabled, log_dir }
}

/// Makes the directory where it is not there, and a file in it, which is removed at once.
fn try_to_write(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    let file = directory.join(format!(".scim-server-{}", std::process::id()));
    fs::write(&file, [])?;
    fs::remove_file(file)
}
