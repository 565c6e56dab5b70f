//! The log in files: one a day, in `LOG_DIR`.

use std::path::Path;

use anyhow::Context;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};

/// How the names of the files begin and end; the date is between.
const PREFIX: &str = "scim-server";
const SUFFIX: &str = "log";
/// The most files that are kept.
const MOST_FILES: usize = 14;

/// Writes lines to the files, on a thread of its own. What cannot be written in time is dropped and counted:
/// a slow disk holds up no request.
pub(super) struct LogFile {
    /// Takes the lines.
    pub(super) writer: NonBlocking,
    /// Counts those that were dropped.
    pub(super) dropped: ErrorCounter,
    /// Writes what is left when it is dropped.
    pub(super) guard: WorkerGuard,
}

impl LogFile {
    /// Opens the file of today.
    pub(super) fn open(directory: &Path) -> anyhow::Result<Self> {
        let appender = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix(PREFIX)
            .filename_suffix(SUFFIX)
            .max_log_files(MOST_FILES)
            .build(directory)
            .with_context(|| format!("LOG_DIR: {}", directory.display()))?;
        let (writer, guard) = NonBlockingBuilder::default().thread_name("log-file").finish(appender);
        Ok(Self { dropped: writer.error_counter(), writer, guard })
    }
}
