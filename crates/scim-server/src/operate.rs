//! `scim-server tenant …` and `scim-server credential …`: what operators do from a shell.
//!
//! Each command is one call of the admin API: to a running server over HTTP, or, with `--direct`, to
//! the same use cases over the database itself.

mod call;
mod commands;
mod direct;
mod http;
mod output;

use std::io::{Write, stdout};

use anyhow::Context;
use serde_json::{Value, json};

use crate::settings::Settings;
use crate::telemetry;

use call::Call;
use output::Shape;

pub(crate) use commands::{CredentialCommand, TenantCommand};

/// Where a command is carried out, and how its outcome is shown.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(crate) struct Place {
    /// The base URL of a running server [the one that the settings describe, on this machine]
    #[arg(long, global = true, value_name = "URL", conflicts_with = "direct")]
    url: Option<String>,
    /// Work on the database of the settings itself, whether or not a server runs
    #[arg(long, global = true)]
    direct: bool,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// Runs a command on tenants.
///
/// # Errors
/// Where it is refused, or cannot be carried out.
pub(crate) fn tenant(settings: &Settings, place: &Place, command: &TenantCommand) -> anyhow::Result<()> {
    run(settings, place, &command.call()?, &command.shape())
}

/// Runs a command on credentials.
///
/// # Errors
/// Where it is refused, or cannot be carried out.
pub(crate) fn credential(
    settings: &Settings,
    place: &Place,
    command: &CredentialCommand,
) -> anyhow::Result<()> {
    run(settings, place, &command.call(), &command.shape())
}

fn run(settings: &Settings, place: &Place, call: &Call, shape: &Shape) -> anyhow::Result<()> {
    telemetry::start_for_tool(settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let target = Target::open(settings, place).await?;
        target.outcome(call).await
    })?;
    let text = if place.json { shape.json(&outcome) } else { shape.text(&outcome) };
    stdout().lock().write_all(text.as_bytes()).context("cannot write to stdout")
}

/// What carries a call out.
enum Target {
    Http(http::Http),
    Direct(Box<direct::Direct>),
}

impl Target {
    async fn open(settings: &Settings, place: &Place) -> anyhow::Result<Self> {
        Ok(if place.direct {
            Self::Direct(Box::new(direct::Direct::open(settings).await?))
        } else {
            Self::Http(http::Http::new(settings, place.url.as_deref())?)
        })
    }

    /// What comes of a call; of a list, all of its pages as one.
    async fn outcome(&self, call: &Call) -> anyhow::Result<Value> {
        let mut page = self.call(call, None).await?;
        if !call.is_list() {
            return Ok(page);
        }
        let mut all = Vec::new();
        loop {
            let items = page.get_mut("items").map(Value::take);
            let Some(Value::Array(items)) = items else { anyhow::bail!("the answer is no list") };
            all.extend(items);
            let Some(cursor) = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned) else {
                return Ok(json!({"items": all}));
            };
            page = self.call(call, Some(&cursor)).await?;
        }
    }

    /// Carries a call out; `cursor` is where the page of a list before this one ended.
    async fn call(&self, call: &Call, cursor: Option<&str>) -> anyhow::Result<Value> {
        match self {
            Self::Http(http) => http.call(call, cursor).await,
            Self::Direct(direct) => direct.call(call, cursor).await,
        }
    }
}
