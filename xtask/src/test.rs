//! `cargo xtask test`: the whole test suite.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::postgres::Postgres;
use crate::process;

/// The feature that builds a hundred crates more and is of use only where there is a Docker Engine.
const DOCKER: &str = "scim-test-postgres/docker";

/// What `cargo xtask test` takes.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// Passed on to `cargo test` after its own arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Runs every test of every crate with every feature, documentation examples included, beside a
/// PostgreSQL.
///
/// # Errors
/// When a test fails, nothing can be built, or there is no PostgreSQL.
pub fn run(arguments: &Arguments) -> Result<()> {
    let postgres = Postgres::find()?;
    let features = feature_list(matches!(postgres, Postgres::Docker))?;
    let fixed = ["test", "--workspace", "--no-fail-fast", "--features", &features].map(str::to_owned);
    let mut command = process::command("cargo", fixed.iter().chain(&arguments.rest));
    postgres.configure(&mut command);
    process::run(&mut command)
}

/// Every feature of every crate for `--features`, with or without the one for Docker.
///
/// # Errors
/// When cargo does not tell what features there are.
pub fn feature_list(with_docker: bool) -> Result<String> {
    let mut features = features(&process::metadata()?)?;
    features.retain(|feature| with_docker || feature != DOCKER);
    Ok(features.join(","))
}

/// Every feature of every crate, as `crate/feature`.
fn features(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata.get("packages").and_then(Value::as_array).context("metadata without packages")?;
    let mut found = Vec::new();
    for package in packages {
        let name = package.get("name").and_then(Value::as_str).context("a package without a name")?;
        let features = package.get("features").and_then(Value::as_object).into_iter().flatten();
        found.extend(features.map(|(feature, _)| format!("{name}/{feature}")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_named_with_its_crate() {
        let metadata = serde_json::json!({"packages": [
            {"name": "a", "features": {"default": [], "x": ["dep:y"]}},
            {"name": "b", "features": {}},
        ]});
        assert_eq!(features(&metadata).expect("features"), ["a/default", "a/x"]);
        assert!(features(&serde_json::json!({})).is_err());
    }

    #[test]
    fn the_feature_for_docker_exists() {
        let metadata = process::metadata().expect("metadata");
        assert!(features(&metadata).expect("features").iter().any(|feature| feature == DOCKER));
    }
}
