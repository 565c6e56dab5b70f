//! `cargo xtask tidy`: the rules of this repository that neither the compiler nor clippy knows.
//! The same rules run as a test, so that `cargo test` enforces them.

mod book;
mod crates;
mod files;

use anyhow::{Result, ensure};

use crate::process;

/// Checks everything and prints what is wrong.
///
/// # Errors
/// When a rule is broken, or cargo or the file system fails.
pub fn run() -> Result<()> {
    let report = check()?;
    for warning in &report.warnings {
        println!("warning: {warning}");
    }
    ensure!(report.problems.is_empty(), "{}", report.problems.join("\n"));
    println!("tidy: {} crates and {} files are in order", report.crates, report.files);
    Ok(())
}

/// What was found.
#[derive(Debug, Default)]
struct Report {
    problems: Vec<String>,
    warnings: Vec<String>,
    crates: usize,
    files: usize,
}

fn check() -> Result<Report> {
    let mut report = Report::default();
    crates::check(&mut report)?;
    files::check(process::root(), &mut report)?;
    book::check(process::root(), &mut report)?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let report = super::check().expect("cargo and the files can be read");
        assert!(report.crates >= 7 && report.files >= 50, "found nearly nothing: {report:?}");
        assert_eq!(report.problems, Vec::<String>::new());
    }
}
