//! A database, asked directly.

use std::future::Future;

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

/// One connection to a database, for one caller who waits.
pub(super) struct Database {
    runtime: tokio::runtime::Runtime,
    client: Client,
    url: String,
}

impl Database {
    /// Connects.
    pub(super) fn open(url: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (client, driver) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        runtime.spawn(driver);
        Ok(Self { runtime, client, url: url.to_owned() })
    }

    /// Makes another database of the same server and connects to that.
    pub(super) fn create(&self, name: &str) -> Result<Self> {
        self.run(&format!("CREATE DATABASE {name}"))?;
        let (server, _) = self.url.rsplit_once('/').context("a URL without a database")?;
        Self::open(&format!("{server}/{name}"))
    }

    /// Its URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements that nothing is expected of.
    pub(super) fn run(&self, statements: &str) -> Result<()> {
        self.wait(self.client.batch_execute(statements)).with_context(|| start_of(statements))
    }

    /// The rows of a statement, as texts.
    pub(super) fn rows(&self, statement: &str) -> Result<Vec<Vec<Option<String>>>> {
        let rows = self.wait(self.client.query(statement, &[])).with_context(|| start_of(statement))?;
        let read =
            |row: &tokio_postgres::Row| (0..row.len()).map(|column| Ok(row.try_get(column)?)).collect();
        rows.iter().map(read).collect()
    }

    /// The only column of a statement's rows.
    pub(super) fn column(&self, statement: &str) -> Result<Vec<String>> {
        let rows = self.rows(statement)?;
        rows.into_iter().map(|row| row.into_iter().next().flatten().context("NULL")).collect()
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        self.runtime.block_on(work).map_err(anyhow::Error::from)
    }
}

/// What a statement begins with, for a message.
fn start_of(statement: &str) -> String {
    statement.chars().take(200).collect()
}
