//! Rules on the text of files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Report;

/// Longer than this, not counting tests, a file should be split.
const LONG: usize = 400;
/// Longer than this it has to be.
const TOO_LONG: usize = 600;

/// Directories that hold no text of ours.
const SKIPPED: [&str; 6] = [".git", "target", "corpus", "artifacts", "node_modules", "snapshots"];
/// The endings of the files that are read.
const READ: [&str; 7] = ["rs", "toml", "md", "yml", "yaml", "sh", "json"];

/// What may not be in any file, and why. The words are put together here so that this file passes.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("/wor", "k/"), "names a directory of one machine"),
    (concat!("/tmp", "/wt"), "names a directory of one machine"),
    (concat!("/hom", "e/"), "names a directory of one machine"),
];
/// What may not be in Rust code, and why.
const FORBIDDEN_IN_CODE: &[(&str, &str)] = &[
    (concat!("#[igno", "re"), "a test that does not run proves nothing"),
    (concat!("#[should", "_panic"), "assert on the error instead"),
    (concat!("todo", "!("), "finish it, or leave it out"),
    (concat!("unimplem", "ented!("), "finish it, or leave it out"),
];
/// What may not be in a test, and why.
const FORBIDDEN_IN_TESTS: &[(&str, &str)] = &[
    (concat!("thread::sl", "eep("), "wait for the event, not for a time"),
    (concat!("time::sl", "eep("), "wait for the event, not for a time"),
];

/// Where the workflows of CI are.
const WORKFLOWS: &str = ".github/workflows/";

/// Checks every file under `root`.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    for path in files_under(root)? {
        let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
        report.files = report.files.saturating_add(1);
        check_file(&shown, &text, report);
    }
    Ok(())
}

/// Every file of ours under `root`, in the order of their paths.
pub(super) fn files_under(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in
            fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?
        {
            let entry = entry?;
            let (path, kind, name) = (entry.path(), entry.file_type()?, entry.file_name());
            if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
                directories.push(path);
            } else if kind.is_file() && is_read(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_read(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    // `.ci/run` is a script without an ending.
    extension.is_some_and(|extension| READ.contains(&extension)) || path.ends_with(".ci/run")
}

fn check_file(path: &str, text: &str, report: &mut Report) {
    let is_rust = path.ends_with(".rs");
    let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("tests.rs");
    let tests_begin = if is_test { 0 } else { line_of_tests(text) };
    let mut problem = |number: usize, line: &str, why: &str| {
        report.problems.push(format!("{path}:{number}: {why}: {}", line.trim()));
    };
    for (index, line) in text.lines().enumerate() {
        let number = index.saturating_add(1);
        if line.ends_with([' ', '\t']) {
            problem(number, line, "white space at the end of the line");
        }
        if path.starts_with(WORKFLOWS) && !is_pinned(line) {
            problem(
                number,
                line,
                "name an action by its commit, and its version behind it: `@<40 digits> # v1.2.3`",
            );
        }
        let mut refuse = |words: &[(&str, &str)]| {
            for (word, why) in words.iter().filter(|(word, _)| line.contains(word)) {
                problem(number, line, &format!("`{word}` {why}"));
            }
        };
        refuse(FORBIDDEN);
        if is_rust {
            refuse(FORBIDDEN_IN_CODE);
            if index >= tests_begin {
                refuse(FORBIDDEN_IN_TESTS);
            }
        }
    }
    if !is_rust {
        return;
    }
    if path.ends_with("/mod.rs") {
        report.problems.push(format!("{path}: write foo.rs beside foo/, not mod.rs"));
    }
    if is_source(path) && !text.starts_with("//!") {
        report.problems.push(format!("{path}: begins without `//!`: say what lives here"));
    }
    if !is_test && tests_begin > TOO_LONG {
        report
            .problems
            .push(format!("{path}: {tests_begin} lines without its tests; split it ({TOO_LONG} at most)"));
    } else if !is_test && tests_begin > LONG {
        report.warnings.push(format!("{path}: {tests_begin} lines without its tests; better under {LONG}"));
    }
}

/// Whether a line of a workflow uses no action, or one by its commit: a tag may be another commit tomorrow.
fn is_pinned(line: &str) -> bool {
    let line = line.trim().trim_start_matches("- ");
    let Some(action) = line.strip_prefix("uses:") else { return true };
    let Some((_, rest)) = action.split_once('@') else { return false };
    let Some((commit, version)) = rest.split_once(" # v") else { return false };
    commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) && !version.is_empty()
}

fn is_source(path: &str) -> bool {
    path.starts_with("src/") || path.contains("/src/")
}

/// The index of the first line of the tests at a file's end, or the number of its lines.
fn line_of_tests(text: &str) -> usize {
    let mut lines = 0_usize;
    for line in text.lines() {
        if line == "#[cfg(test)]" {
            break;
        }
        lines = lines.saturating_add(1);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, problems: &[&str]) {
        let mut report = Report::default();
        check_file(path, text, &mut report);
        assert_eq!(report.problems.len(), problems.len(), "{:?}", report.problems);
        for (found, part) in report.problems.iter().zip(problems) {
            assert!(found.contains(part), "{found}");
        }
    }

    #[test]
    fn rules_on_text() {
        check("docs/a.md", "fine\n", &[]);
        check("docs/a.md", "ends \n", &["a.md:1: white space"]);
        check("docs/a.md", &format!("see /wor{}x\n", "k/"), &["one machine"]);
        check("crates/a/src/a.rs", "//! A.\nfn a() {}\n", &[]);
        check("crates/a/src/a.rs", "fn a() {}\n", &["begins without"]);
        check("crates/a/src/a/mod.rs", "//! A.\n", &["not mod.rs"]);
        check("crates/a/src/a.rs", &format!("//! A.\nfn a() {{ todo{} }}\n", "!()"), &["finish it"]);
        check("crates/a/tests/a.rs", &format!("#[igno{}]\n", "re"), &["proves nothing"]);
        check("crates/a/tests/a.rs", &format!("#[should{}]\n", "_panic"), &["assert on the error"]);
    }

    #[test]
    fn actions_are_pinned() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        check(".github/workflows/a.yml", &format!("- uses: a/b@{commit} # v1.2\n"), &[]);
        check(".github/workflows/a.yml", "run: x\n", &[]);
        check(".github/workflows/a.yml", "  uses: a/b@v1\n", &["a.yml:1: name an action by its commit"]);
        check(".github/workflows/a.yml", &format!("uses: a/b@{commit}\n"), &["by its commit"]);
        check(".github/workflows/a.yml", "- uses: a/b\n", &["by its commit"]);
    }

    #[test]
    fn tests_do_not_sleep() {
        let line = format!("std::thread::sl{}d);", "eep(");
        check("crates/a/src/a.rs", &format!("//! A.\n{line}\n#[cfg(test)]\nmod tests {{}}\n"), &[]);
        check("crates/a/src/a.rs", &format!("//! A.\n#[cfg(test)]\nmod tests {{\n{line}\n}}\n"), &["a.rs:4"]);
        check("crates/a/tests/a.rs", &format!("{line}\n"), &["wait for the event"]);
    }

    #[test]
    fn length_without_tests() {
        let long =
            |code: usize| format!("//! A.\n{}#[cfg(test)]\n{}", "x\n".repeat(code), "y\n".repeat(1000));
        check("crates/a/src/a.rs", &long(TOO_LONG - 1), &[]);
        check("crates/a/src/a.rs", &long(TOO_LONG), &["601 lines"]);
        check("crates/a/tests/a.rs", &long(TOO_LONG), &[]);
        let mut report = Report::default();
        check_file("crates/a/src/a.rs", &long(LONG), &mut report);
        assert_eq!((report.problems.len(), report.warnings.len()), (0, 1));
    }
}
