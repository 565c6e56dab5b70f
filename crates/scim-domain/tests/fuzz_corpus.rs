//! Replays the corpus of every fuzz target, so that what a fuzz run once found stays mended, and
//! holds the parts of a target together: its entry, its file, its corpus.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[cfg(test)]
#[expect(unreachable_pub, reason = "the file is a library of its own, which the fuzz targets use")]
#[path = "../../../fuzz/src/lib.rs"]
mod entries;

#[cfg(test)]
fn fuzz_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

#[cfg(test)]
fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_input_of_the_corpus_holds() {
    for (target, entry) in entries::TARGETS {
        let corpus = fuzz_directory().join("corpus").join(target);
        let inputs = fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display()));
        let mut count = 0;
        for input in inputs {
            let path = input.expect("an entry").path();
            let bytes = fs::read(&path).expect("readable");
            // The panic itself is printed where it happens, without the name of the input.
            let held = std::panic::catch_unwind(|| entry(&bytes));
            assert!(held.is_ok(), "{} fails", path.display());
            count += 1;
        }
        assert!(count >= 10, "{target} has {count} inputs only");
    }
}

#[test]
fn every_target_has_its_file_and_its_corpus() {
    let targets: BTreeSet<String> = entries::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz_directory().join("fuzz_targets")), targets);
    assert_eq!(names(&fuzz_directory().join("corpus")), targets);
}
