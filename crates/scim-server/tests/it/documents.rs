//! The documents are run: every `sh` block of README and of each page of the book, those of one document in one
//! shell, against a server that was started with no configuration. `# => text` in a block says what its
//! commands print. Blocks that cannot run here are of another language, and `cargo xtask tidy` asks why.
//!
//! The page on configuration is held against what the program itself says of its settings.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{ServerProcess, run, shell, text};

/// Settings that are documented already, and are merged from elsewhere.
const TO_COME: &[&str] = &[
    "BODY_READ_TIMEOUT",
    "HEADER_READ_TIMEOUT",
    "JAEGER_ENDPOINT",
    "KEEP_ALIVE_TIMEOUT",
    "LOG_DIR",
    "MAX_CONCURRENT_REQUESTS",
    "MAX_CONNECTIONS",
    "METRICS_ENABLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "SHUTDOWN_DELAY",
    "TRACING_ENABLED",
];
/// The base URL that the documents use.
const WRITTEN: &str = "http://127.0.0.1:8080";

#[test]
fn the_curl_line_of_the_banner_works_as_pasted() {
    let server = ServerProcess::start();
    let answer = shell(&server.curl_line, &[]);
    assert!(answer.contains("\"schemas\""), "{answer}");
    assert!(!answer.contains("api:messages:2.0:Error"), "{answer}");
}

#[test]
fn the_readme_works_line_by_line() {
    assert!(run_document("README.md") > 10, "the tour says what is seen");
}

#[test]
fn the_book_works_line_by_line() {
    let expectations: Vec<usize> = pages().into_iter().map(run_document).collect();
    assert!(expectations.iter().filter(|expected| **expected > 0).count() > 5, "{expectations:?}");
}

#[test]
fn every_setting_is_documented_with_its_default() {
    let printed = text(&run(&["config"], &[]).stdout);
    let help = text(&run(&["--help"], &[]).stdout);
    let mut documented: BTreeMap<String, Row> = BTreeMap::new();
    for row in rows(&read("docs/configuration.md"), "variable") {
        for name in row.names.iter().filter(|name| !TO_COME.contains(&name.as_str())) {
            assert!(
                help.contains(&format!("[{name}")) || help.contains(&format!(" {name}")),
                "no setting is {name}"
            );
        }
        documented.insert(row.names[0].to_lowercase(), row);
    }
    for line in printed.lines() {
        let (key, rest) = line.split_once(" = \"").expect("a setting");
        let (value, _) = rest.split_once("\"  # ").expect("its source");
        let row = documented.remove(key).unwrap_or_else(|| panic!("{key} is not documented"));
        if let Some(default) = &row.default {
            assert_eq!(default, value, "the default of {key}");
        }
    }
    documented.retain(|key, _| !TO_COME.contains(&key.to_uppercase().as_str()));
    assert!(documented.is_empty(), "no setting is {:?}", documented.keys());
}

#[test]
fn every_rule_of_a_tenant_is_documented_with_its_default() {
    let server = ServerProcess::start();
    let variables = [("SERVER_PORT", server.port()), ("SCIM_SHARED_SECRET", server.secret().to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let printed = text(&run(&["tenant", "show", "default"], &variables).stdout);
    let rules = printed.lines().filter_map(|line| line.strip_prefix("config.")?.split_once(' '));
    let mut in_force: BTreeMap<&str, &str> = rules.map(|(key, value)| (key, value.trim())).collect();
    assert!(in_force.len() > 10, "{printed}");
    for row in rows(&read("docs/tenant-config.md"), "key") {
        for name in &row.names {
            let value = in_force.remove(name.as_str());
            assert_eq!(value.filter(|value| *value != "-"), row.default.as_deref(), "the default of {name}");
        }
    }
    assert!(in_force.is_empty(), "not documented: {in_force:?}");
}

#[test]
fn what_is_not_built_in_is_refused_by_name() {
    let page = read("docs/configuration.md");
    let (_, section) = page.split_once("\n## Not built in\n").expect("the section");
    for name in code_spans(section.split("\n## ").next().unwrap_or_default()) {
        let output = run(&["config"], &[(&name, "x")]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(text(&output.stderr).contains(&format!("{name}: set in the environment")), "{name}");
    }
}

/// Runs what a document tells people to type, and answers how many times it says what they see.
fn run_document(path: impl AsRef<Path>) -> usize {
    let blocks = shell_blocks(&read(&path));
    if blocks.is_empty() {
        return 0;
    }
    let server = ServerProcess::start();
    let local = format!("http://127.0.0.1:{}", server.port());
    let mut script = String::new();
    for (index, (commands, _)) in blocks.iter().enumerate() {
        writeln!(script, "echo '=== block {index}'\n{}", commands.replace(WRITTEN, &local))
            .expect("a string grows");
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_scim-server")).parent().expect("its directory");
    let programs = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.display());
    let variables = [
        ("SCIM", server.base_url()),
        ("TOKEN", server.secret()),
        ("SCIM_SHARED_SECRET", server.secret()),
        ("SERVER_PORT", &server.port()),
        ("PATH", &programs),
    ];
    let printed = shell(&script, &variables);
    for (index, (_, expectations)) in blocks.iter().enumerate() {
        let (_, rest) = printed.split_once(&format!("=== block {index}\n")).expect("every block ran");
        let seen = rest.split("=== block ").next().unwrap_or_default();
        for text in expectations {
            let shown = path.as_ref().display();
            assert!(
                seen.contains(text.as_str()),
                "{shown}, block {index} should print {text}\nbut printed\n{seen}"
            );
        }
    }
    blocks.iter().map(|(_, expectations)| expectations.len()).sum()
}

/// The blocks marked `sh`, each as its commands and what they are said to print.
fn shell_blocks(markdown: &str) -> Vec<(String, Vec<String>)> {
    let blocks = markdown.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .map(|block| {
            let expectations = block.lines().filter_map(|line| line.strip_prefix("# => ")).map(str::to_owned);
            (block.to_owned(), expectations.collect())
        })
        .collect()
}

/// A document of the repository.
fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages of the book.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut directories = vec![root().join("docs")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// A row of a table of settings, or of rules.
struct Row {
    /// The setting's name, and other names of it.
    names: Vec<String>,
    /// Its default, where it is one value.
    default: Option<String>,
}

/// The rows of every table whose first column is headed so.
fn rows(page: &str, head: &str) -> Vec<Row> {
    let head = format!("\n| {head} |");
    let tables = page.split(&head).skip(1).filter_map(|table| table.split("\n\n").next());
    let lines = tables.flat_map(|table| table.lines().skip(2));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let default = code_spans(cells[2]);
            let is_one_value =
                cells[2].starts_with('`') && cells[2].matches('`').count() == 2 && cells[2].ends_with('`');
            Row { names: code_spans(cells[1]), default: default.into_iter().next().filter(|_| is_one_value) }
        })
        .collect()
}

/// What stands between backticks.
fn code_spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
