//! The README is run: every shell block of its tour and of what follows on tenants, in one shell, against
//! a server that was started with no configuration. `# => text` in it says what the command above printed.

use std::fmt::Write;
use std::path::Path;

use crate::process::{ServerProcess, shell};

const README: &str = include_str!("../../../../README.md");

#[test]
fn the_curl_line_of_the_banner_works_as_pasted() {
    let server = ServerProcess::start();
    let answer = shell(&server.curl_line, &[]);
    assert!(answer.contains("\"schemas\""), "{answer}");
    assert!(!answer.contains("api:messages:2.0:Error"), "{answer}");
}

#[test]
fn the_tour_works_line_by_line() {
    let server = ServerProcess::start();
    let (_, tour) = README.split_once("## A tour").expect("the tour");
    let (tour, _) = tour.split_once("\n## Settings").expect("its end");
    assert!(tour.contains("\n## Tenants and credentials\n"), "the command line is part of it");
    let mut script = String::new();
    let mut expected = Vec::new();
    for (index, (block, expectations)) in shell_blocks(tour).into_iter().enumerate() {
        write!(script, "echo '=== block {index}'\n{block}").expect("a string grows");
        expected.push(expectations);
    }
    assert!(expected.iter().flatten().count() > 10, "the tour says what is seen");
    let binary = Path::new(env!("CARGO_BIN_EXE_scim-server")).parent().expect("its directory");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.display());
    let variables = [
        ("SCIM", server.base_url()),
        ("TOKEN", server.secret()),
        ("SERVER_PORT", &server.port()),
        ("PATH", &path),
    ];
    let printed = shell(&script, &variables);
    for (index, expectations) in expected.iter().enumerate() {
        let (_, rest) = printed.split_once(&format!("=== block {index}\n")).expect("every block ran");
        let seen = rest.split("=== block ").next().unwrap_or_default();
        for text in expectations {
            assert!(seen.contains(text.as_str()), "block {index} should print {text}\nbut printed\n{seen}");
        }
    }
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
