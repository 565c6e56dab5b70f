//! Rules on the documents: README, changelog and the book in `docs/`.
//!
//! Links resolve, to the heading; every page is in `SUMMARY.md`; a shell block says that it is run, or why it is not;
//! settings go by names that the page on configuration has; and what the conformance tables claim is proven
//! by tests that exist.

mod claims;
mod markdown;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Report;
use super::files::files_under;
use markdown::Page;

/// The book, from the root of the repository.
const BOOK: &str = "docs";
/// The list of its pages.
const SUMMARY: &str = "docs/SUMMARY.md";
/// Where every setting is.
const CONFIGURATION: &str = "docs/configuration.md";
/// How the first column of a table is headed that says what an RFC asks for.
const CLAIMS: &str = "§";
/// Documents outside the book.
const OTHERS: [&str; 2] = ["README.md", "CHANGELOG.md"];
/// What a block of code may be: `sh` is run by the tests of `scim-server`, `console` is not, and a comment above it says why.
const LANGUAGES: [&str; 10] =
    ["sh", "console", "json", "toml", "yaml", "rust", "sql", "text", "promql", "nginx"];

/// Checks every document under `root`.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    let pages = read_pages(root)?;
    let tests = claims::tests_under(root)?;
    report.problems.extend(problems(root, &pages, &tests));
    Ok(())
}

fn read_pages(root: &Path) -> Result<BTreeMap<String, Page>> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let of_book = files_under(&root.join(BOOK))?.into_iter().filter(is_page);
    let others = OTHERS.iter().map(|name| root.join(name));
    let mut pages = BTreeMap::new();
    for path in others.chain(of_book) {
        let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
        pages.insert(shown, Page::parse(&text));
    }
    Ok(pages)
}

fn problems(root: &Path, pages: &BTreeMap<String, Page>, tests: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let settings: BTreeSet<&str> = pages
        .get(CONFIGURATION)
        .into_iter()
        .flat_map(|page| page.spans.iter().map(|span| span.text.as_str()))
        .collect();
    for (name, page) in pages {
        let mut problem = |line: usize, why: String| problems.push(format!("{name}:{line}: {why}"));
        for link in &page.links {
            if let Some(why) = broken(root, pages, name, &link.text) {
                problem(link.line, why);
            }
        }
        for block in &page.blocks {
            if !LANGUAGES.contains(&block.language.as_str()) {
                problem(
                    block.line,
                    format!("a block of '{}': expected one of {}", block.language, LANGUAGES.join(", ")),
                );
            } else if block.language == "console" && !block.above.starts_with("<!-- not run: ") {
                problem(
                    block.line,
                    "a console block: say above it why, in `<!-- not run: … -->`, or make it `sh`".into(),
                );
            }
        }
        for span in page.spans.iter().filter(|span| is_variable(&span.text)) {
            let is_known = |name: &str| settings.contains(name);
            // A secret may be in a file, which this names.
            if !is_known(&span.text) && !span.text.strip_suffix("_FILE").is_some_and(is_known) {
                problem(span.line, format!("`{}` is not on the page on configuration", span.text));
            }
        }
        for row in page.rows.iter().filter(|row| row.head == CLAIMS) {
            if let Some(why) = claims::unproven(&row.cells, tests) {
                problem(row.line, why);
            }
        }
    }
    problems.extend(not_in_summary(pages));
    problems
}

/// Why a link leads nowhere, if it does.
fn broken(root: &Path, pages: &BTreeMap<String, Page>, from: &str, target: &str) -> Option<String> {
    if target.starts_with("https://") || target.starts_with("http://") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let path = if file.is_empty() { from.to_owned() } else { joined(directory, file) };
    let is_of_book = |name: &str| name.starts_with(&format!("{BOOK}/"));
    if is_of_book(from) && !is_of_book(&path) {
        return Some(format!("the link to {target} leads out of the book"));
    }
    match pages.get(&path) {
        Some(page) if anchor.is_empty() || page.anchors.contains(anchor) => None,
        Some(_) => Some(format!("no heading of {path} is #{anchor}")),
        None if root.join(&path).exists() && anchor.is_empty() => None,
        None => Some(format!("there is no {path}")),
    }
}

/// `file` as seen from `directory`, without `..`.
fn joined(directory: &str, file: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Whether a word can only be the name of a setting.
fn is_variable(word: &str) -> bool {
    let is_of_name = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    word.contains('_')
        && word.starts_with(|letter: char| letter.is_ascii_uppercase())
        && word.chars().all(is_of_name)
}

fn not_in_summary(pages: &BTreeMap<String, Page>) -> Vec<String> {
    let Some(summary) = pages.get(SUMMARY) else {
        return vec![format!("there is no {SUMMARY}")];
    };
    let listed: Vec<String> = summary.links.iter().map(|link| joined(BOOK, &link.text)).collect();
    let count = |name: &String| listed.iter().filter(|listed| *listed == name).count();
    let of_book = pages.keys().filter(|name| name.starts_with(BOOK) && *name != SUMMARY);
    of_book
        .filter(|name| count(name) != 1)
        .map(|name| format!("{name} is in {SUMMARY} {} times: expected once", count(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a book of these pages beside README, configuration and summary.
    #[track_caller]
    fn check(more: &[(&str, &str)], expected: &[&str]) {
        let summary =
            "- [Configuration](configuration.md)\n- [A](a.md)\n- [Conformance](conformance/rfc.md)\n";
        let fixed = [
            (SUMMARY, summary),
            (CONFIGURATION, "# Settings\n| variable |\n|---|\n| `SERVER_PORT` |\n"),
            ("README.md", "See [there](docs/a.md#some-words)."),
            ("docs/a.md", "# Some words\n"),
            ("docs/conformance/rfc.md", "# RFC\n"),
        ];
        let pages =
            fixed.iter().chain(more).map(|(name, text)| ((*name).to_owned(), Page::parse(text))).collect();
        let tests =
            BTreeSet::from(["it/bulk::circles".to_owned(), "src/filter/syntax_tests::depth".to_owned()]);
        let found = problems(Path::new("/nonexistent"), &pages, &tests);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, part) in found.iter().zip(expected) {
            assert!(found.contains(part), "{found}");
        }
    }

    #[test]
    fn links_resolve_to_the_heading() {
        check(&[], &[]);
        check(&[("docs/a.md", "# B\n")], &["README.md:1: no heading of docs/a.md is #some-words"]);
        check(&[("docs/a.md", "# Some words\n[x](b.md)")], &["docs/a.md:2: there is no docs/b.md"]);
        check(&[("docs/a.md", "# Some words\n[x](../README.md)")], &["leads out of the book"]);
        check(&[("docs/a.md", "# Some words\n[x](#some-words) [y](conformance/rfc.md#rfc)")], &[]);
        check(&[("docs/conformance/rfc.md", "[x](../a.md#some-words)")], &[]);
        check(&[("docs/a.md", "# Some words\n```text\n[x](b.md)\n```\n`[x](b.md)`\n")], &[]);
    }

    #[test]
    fn every_page_is_in_the_summary_once() {
        check(&[("docs/b.md", "# B\n")], &["docs/b.md is in docs/SUMMARY.md 0 times"]);
        let twice = "- [C](configuration.md)\n- [A](a.md)\n- [A](a.md)\n- [R](conformance/rfc.md)\n";
        check(&[(SUMMARY, twice)], &["docs/a.md is in docs/SUMMARY.md 2 times"]);
    }

    #[test]
    fn a_block_that_is_not_run_says_why() {
        let page = |text: &str| format!("# Some words\n{text}\nls\n```\n");
        check(&[("docs/a.md", &page("```sh"))], &[]);
        check(&[("docs/a.md", &page("```bash"))], &["a block of 'bash'"]);
        check(&[("docs/a.md", &page("```"))], &["a block of ''"]);
        check(&[("docs/a.md", &page("```console"))], &["say above it why"]);
        check(&[("docs/a.md", &page("<!-- not run: no database -->\n\n```console"))], &[]);
    }

    #[test]
    fn settings_are_those_of_the_page_on_configuration() {
        check(&[("docs/a.md", "# Some words\n`SERVER_PORT`, `UTF_16` and `NOT a_name`\n")], &["`UTF_16`"]);
    }

    #[test]
    fn what_is_claimed_is_proven() {
        let page = |row: &str| format!("# RFC\n| § | rule | status | proof |\n|---|---|---|---|\n{row}\n");
        let rows = [
            ("| 3 | x | yes | `bulk::circles` |", &[][..]),
            ("| 3 | x | yes | `syntax_tests::depth`, `filter::syntax_tests::depth` |", &[]),
            ("| 3 | x | yes | `bulk::squares` |", &["there is no test `bulk::squares`"]),
            ("| 3 | x | yes | for `userName` |", &["names no test"]),
            ("| 3 | x | departure | – |", &["names no test"]),
            ("| 3 | x | no | why not |", &[]),
            ("| 3 | x | untested | – |", &[]),
            ("| 3 | x | perhaps | – |", &["a status is one of"]),
            ("| 3 | x | yes |", &["four columns"]),
        ];
        for (row, expected) in rows {
            check(&[("docs/conformance/rfc.md", &page(row))], expected);
        }
    }
}
