//! Rules on crates: what each may import, and what every manifest has to say.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Report;
use crate::process;

/// What a crate may know.
struct Boundary {
    /// Its name, or how the names of its family start when it ends with `*`.
    name: &'static str,
    /// The crates of ours that it may import.
    ours: &'static [&'static str],
    /// Crates that may not be among its normal dependencies, not even indirectly.
    never: &'static [&'static str],
}

/// The dependency rules of `docs/architecture.md`. A crate that matches no line is a problem of its own.
const BOUNDARIES: &[Boundary] = &[
    Boundary {
        name: "scim-domain",
        ours: &[],
        never: &["tokio", "actix-*", "diesel*", "reqwest", "hyper", "async-std", "mio"],
    },
    Boundary {
        name: "scim-ports",
        ours: &["scim-domain"],
        never: &["tokio", "actix-*", "diesel*", "reqwest", "hyper", "mio"],
    },
    Boundary {
        name: "scim-application",
        ours: &["scim-domain", "scim-ports"],
        never: &["actix-*", "diesel*", "scim-adapter-*", "scim-http"],
    },
    Boundary {
        name: "scim-adapter-*",
        ours: &["scim-domain", "scim-ports"],
        never: &["actix-*", "scim-http", "scim-application"],
    },
    Boundary {
        name: "scim-http",
        ours: &["scim-domain", "scim-ports", "scim-application"],
        never: &["diesel*", "scim-adapter-*"],
    },
    Boundary { name: "scim-server", ours: &["scim-*"], never: &["scim-bench", "scim-test-*", "xtask"] },
    Boundary { name: "scim-test-postgres", ours: &[], never: &["actix-*", "diesel*"] },
    // The HTTP tests choose a store, as the server does.
    Boundary { name: "scim-e2e", ours: &["scim-*"], never: &["scim-bench", "xtask"] },
    // Tools know the server as a process only.
    Boundary { name: "scim-bench", ours: &["scim-test-postgres", "xtask"], never: &[] },
    Boundary { name: "xtask", ours: &["scim-test-postgres"], never: &["tokio", "actix-*", "diesel*"] },
];

/// Runtimes that `cargo test -p scim-domain` must not build, dev-dependencies included.
const RUNTIMES: &[&str] = &["tokio", "actix-*", "async-std", "smol", "mio"];

/// Checks every crate of the workspace.
pub(super) fn check(report: &mut Report) -> Result<()> {
    let metadata = process::metadata()?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("metadata without packages")?;
    let names: Vec<&str> = packages.iter().filter_map(|package| text(package, "name")).collect();
    for package in packages {
        report.crates = report.crates.saturating_add(1);
        let name = text(package, "name").context("a package without a name")?;
        let Some(boundary) = boundary(name) else {
            report.problems.push(format!(
                "{name}: no rule says what it may import: add it to BOUNDARIES in xtask/src/tidy/crates.rs"
            ));
            continue;
        };
        report.problems.extend(direct_problems(name, boundary, &direct_dependencies(package), &names));
        report.problems.extend(indirect_problems(name, boundary.never, &tree(name, "normal")?));
        let manifest = text(package, "manifest_path").context("a package without a manifest")?;
        let manifest_text =
            fs::read_to_string(manifest).with_context(|| format!("cannot read {manifest}"))?;
        let publishable = package.get("publish").is_none_or(Value::is_null);
        let shown = Path::new(manifest).strip_prefix(process::root()).unwrap_or(Path::new(manifest));
        report.problems.extend(manifest_problems(&shown.to_string_lossy(), &manifest_text, publishable));
    }
    report.problems.extend(indirect_problems(
        "scim-domain (tests)",
        RUNTIMES,
        &tree("scim-domain", "normal,dev,build")?,
    ));
    Ok(())
}

/// The names that `name` depends on directly, optional ones too, but not for its tests.
fn direct_dependencies(package: &Value) -> Vec<&str> {
    let dependencies = package.get("dependencies").and_then(Value::as_array);
    let dependencies = dependencies.into_iter().flatten();
    dependencies
        .filter(|dependency| text(dependency, "kind") != Some("dev"))
        .filter_map(|dependency| text(dependency, "name"))
        .collect()
}

fn direct_problems(name: &str, boundary: &Boundary, dependencies: &[&str], ours: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    for dependency in dependencies.iter().filter(|dependency| ours.contains(dependency)) {
        if !matches_any(boundary.ours, dependency) {
            problems.push(format!(
                "{name} may not import {dependency}; of our crates it may import: {}",
                if boundary.ours.is_empty() { "none".to_owned() } else { boundary.ours.join(", ") }
            ));
        }
    }
    // Optional dependencies are not in the tree of the default features.
    let dependencies: Vec<String> = dependencies.iter().map(|&dependency| dependency.to_owned()).collect();
    problems.extend(indirect_problems(name, boundary.never, &dependencies));
    problems
}

fn indirect_problems(name: &str, never: &[&str], tree: &[String]) -> Vec<String> {
    let mut found: Vec<&str> =
        tree.iter().map(String::as_str).filter(|dependency| matches_any(never, dependency)).collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .map(|dependency| {
            format!("{name} may not depend on {dependency}: see cargo tree -p {name} -i {dependency}")
        })
        .collect()
}

fn manifest_problems(path: &str, manifest: &str, publishable: bool) -> Vec<String> {
    let mut problems = Vec::new();
    let lints = manifest.split_once("\n[lints]\n").map(|(_, rest)| rest.trim_start());
    if !lints.is_some_and(|rest| rest.starts_with("workspace = true")) {
        problems.push(format!("{path}: `[lints] workspace = true` is missing"));
    }
    if publishable {
        problems.push(format!("{path}: `publish.workspace = true` is missing"));
    }
    let mut in_dependencies = false;
    for (number, line) in (1..).zip(manifest.lines()) {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
            if in_dependencies && line.contains("dependencies.") {
                in_dependencies = false;
                problems.push(format!("{path}:{number}: write a dependency on one line"));
            }
        } else if in_dependencies && line.contains('=') && !line.starts_with('#') {
            let inherits = line.contains(".workspace = true")
                || line.contains("workspace = true,")
                || line.contains("workspace = true }");
            if !inherits {
                problems
                    .push(format!("{path}:{number}: versions belong to the workspace's Cargo.toml: {line}"));
            }
        }
    }
    problems
}

/// The names in the tree of `package`, itself left out.
fn tree(package: &str, edges: &str) -> Result<Vec<String>> {
    let arguments = ["tree", "--package", package, "--edges", edges, "--prefix", "none", "--format", "{p}"];
    let printed = process::output(&mut process::command("cargo", arguments))?;
    let names = printed.lines().filter_map(|line| line.split(' ').next());
    Ok(names.filter(|name| !name.is_empty() && *name != package).map(str::to_owned).collect())
}

fn boundary(name: &str) -> Option<&'static Boundary> {
    BOUNDARIES.iter().find(|boundary| matches(boundary.name, name))
}

fn matches_any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

/// Whether `name` is the pattern, or starts like it when it ends with `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &[&str] = &["scim-domain", "scim-ports", "scim-http", "scim-adapter-memory", "scim-server"];

    #[track_caller]
    fn check_direct(name: &str, dependencies: &[&str], expected: &[&str]) {
        let found = direct_problems(name, boundary(name).expect("a rule"), dependencies, OURS);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (problem, start) in found.iter().zip(expected) {
            assert!(problem.starts_with(start), "{problem}");
        }
    }

    #[test]
    fn directions_of_imports() {
        check_direct("scim-domain", &["serde"], &[]);
        check_direct("scim-domain", &["scim-ports"], &["scim-domain may not import scim-ports"]);
        check_direct("scim-domain", &["tokio"], &["scim-domain may not depend on tokio"]);
        check_direct("scim-ports", &["scim-domain", "async-trait"], &[]);
        check_direct("scim-adapter-postgres", &["scim-domain", "diesel-async"], &[]);
        check_direct(
            "scim-adapter-postgres",
            &["actix-web"],
            &["scim-adapter-postgres may not depend on actix-web"],
        );
        check_direct("scim-http", &["scim-ports", "actix-web"], &[]);
        check_direct(
            "scim-http",
            &["scim-adapter-memory"],
            &[
                "scim-http may not import scim-adapter-memory",
                "scim-http may not depend on scim-adapter-memory",
            ],
        );
        check_direct("scim-server", &["scim-adapter-memory", "scim-http"], &[]);
        check_direct("xtask", &["scim-domain"], &["xtask may not import scim-domain"]);
        assert!(boundary("scim-elsewhere").is_none(), "a new crate needs a rule");
    }

    #[test]
    fn indirect_imports_are_named_once() {
        let tree = ["serde", "diesel_derives", "diesel_derives"].map(str::to_owned);
        let found = indirect_problems("scim-http", &["diesel*"], &tree);
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|problem| problem.contains("diesel_derives")), "{found:?}");
    }

    #[track_caller]
    fn check_manifest(manifest: &str, publishable: bool, expected: &[&str]) {
        let found = manifest_problems("Cargo.toml", manifest, publishable);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (problem, part) in found.iter().zip(expected) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn manifests() {
        let head = "[package]\nname = \"x\"\nversion = \"1\"\n\n[lints]\nworkspace = true\n";
        check_manifest(head, false, &[]);
        check_manifest(head, true, &["publish"]);
        check_manifest("[package]\nname = \"x\"\n", false, &["[lints]"]);
        let inherited = "[dependencies]\n# why\nserde.workspace = true\nuuid = { workspace = true, features = [\"v4\"] }\n";
        check_manifest(&format!("{head}{inherited}"), false, &[]);
        check_manifest(&format!("{head}[dev-dependencies]\nserde = \"1\"\n"), false, &["serde = \"1\""]);
        check_manifest(&format!("{head}[dependencies.serde]\nworkspace = true\n"), false, &["on one line"]);
    }
}
