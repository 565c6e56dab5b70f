//! The tables of conformance: each row is a section, what it asks for, a status, and the tests that prove it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::files_under;

/// What the status of a row may be.
const PROVEN: [&str; 2] = ["yes", "departure"];
const NOT_PROVEN: [&str; 2] = ["untested", "no"];
/// The kit's cases, each of which is a test of every adapter.
const KIT: &str = "scim-ports/src/conformance/";

/// Every test under `root`, as the path of its file without `.rs`, and `::` before its name.
pub(super) fn tests_under(root: &Path) -> Result<BTreeSet<String>> {
    let mut tests = BTreeSet::new();
    for path in files_under(&root.join("crates"))? {
        let shown = path.to_string_lossy().into_owned();
        if let Some(module) = shown.strip_suffix(".rs") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
            let is_kit = shown.contains(KIT);
            tests.extend(tests_in(&text, is_kit).map(|name| format!("{module}::{name}")));
        }
    }
    Ok(tests)
}

/// The names of the functions that have a `#[test]`, of whatever runtime; of the kit every one that is public.
fn tests_in(text: &str, is_kit: bool) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("#[") {
            is_test |= ["#[test]", "::test]", "::test("].iter().any(|attribute| line.contains(attribute));
            return None;
        }
        let (before, after) = line.split_once("fn ")?;
        let is_found = is_test || (is_kit && before.starts_with("pub"));
        is_test = false;
        after.split('(').next().filter(|_| is_found)
    })
}

/// Why a row claims more than it proves, if it does.
pub(super) fn unproven(cells: &[String], tests: &BTreeSet<String>) -> Option<String> {
    let [_section, _rule, status, proof] = cells else {
        return Some(format!("a row has four columns, this one {}", cells.len()));
    };
    if NOT_PROVEN.contains(&status.as_str()) {
        return None;
    }
    if !PROVEN.contains(&status.as_str()) {
        let all = [PROVEN, NOT_PROVEN].concat().join(", ");
        return Some(format!("'{status}': a status is one of {all}"));
    }
    let spans = proof.split('`').skip(1).step_by(2);
    let named: Vec<&str> = spans.filter(|span| span.contains("::")).collect();
    if named.is_empty() {
        return Some("the row names no test".into());
    }
    let is_there = |name: &str| {
        let path =
            name.rsplit_once("::").map(|(module, name)| format!("/{}::{name}", module.replace("::", "/")));
        path.is_some_and(|path| tests.iter().any(|test| test.ends_with(&path)))
    };
    named.into_iter().find(|name| !is_there(name)).map(|name| format!("there is no test `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_what_their_attribute_says() {
        let text = "#[test]\nfn a() {}\nfn b() {}\n#[tokio::test(flavor = \"x\")]\nasync fn c() {}\n#[cfg(test)]\nmod d {}\npub async fn e() {}\n";
        assert_eq!(tests_in(text, false).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(tests_in("pub async fn a(h: &dyn H) {}\nfn b() {}\n", true).collect::<Vec<_>>(), ["a"]);
    }
}
