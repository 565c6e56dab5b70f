//! `scim-server migrate`: the schema of the database, without serving.

use std::io::{Write, stdout};

use anyhow::{Context, bail};

use crate::settings::{Purpose, Settings};
use crate::{telemetry, wiring};

/// Applies what is pending, or takes back everything, and says what it did.
///
/// # Errors
/// Where there is no database, or it refuses.
pub(crate) fn run(settings: &Settings, down: bool) -> anyhow::Result<()> {
    let Some(database) = &settings.database else {
        bail!("PERSISTENCE_BACKEND: inmemory has no migrations; set DATABASE_URL");
    };
    telemetry::start_for_tool(settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let store = wiring::open(database, settings.request_timeout, Purpose::Tool).await?;
        if down {
            store.revert().await.context("the migrations could not be taken back")?;
            return anyhow::Ok("every migration is taken back".to_owned());
        }
        let applied = store.migrate().await.context("the migrations could not be applied")?;
        Ok(if applied.is_empty() {
            "nothing to apply".to_owned()
        } else {
            format!("applied {}", applied.join(", "))
        })
    })?;
    writeln!(stdout(), "{done}")?;
    Ok(())
}
