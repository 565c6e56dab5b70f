//! Where the server's programs are on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// What a directory has to hold to be one of a server: client packages bring only some.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Where Debian puts its versions.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory of the server's programs: that of `pg_config`, or the newest of Debian's.
///
/// # Errors
/// When there is none, with what to do about it.
pub(super) fn find() -> Result<PathBuf, Error> {
    of_pg_config()
        .filter(|directory| is_complete(directory))
        .or_else(|| newest(Path::new(DEBIAN)))
        .ok_or_else(|| {
            Error::new(
                "the programs of a PostgreSQL server are missing: install them (on Debian: apt-get install \
                 postgresql) or have pg_config on the PATH",
            )
        })
}

fn of_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let directory = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(directory.trim()))
}

fn is_complete(directory: &Path) -> bool {
    PROGRAMS.iter().all(|program| directory.join(program).is_file())
}

/// `root/17/bin` before `root/9.6/bin`.
fn newest(root: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(root).ok()?.flatten();
    let versions = entries.filter_map(|entry| Some((version(entry.file_name().to_str()?)?, entry.path())));
    let complete =
        versions.map(|(version, path)| (version, path.join("bin"))).filter(|it| is_complete(&it.1));
    complete.max().map(|(_, path)| path)
}

fn version(name: &str) -> Option<Vec<u32>> {
    name.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn the_newest_complete_version_is_taken() {
        let name = format!("scim-test-binaries-{}", random::hexadecimal::<8>().expect("random"));
        let root = std::env::temp_dir().join(name);
        let install = |version: &str, programs: &[&str]| {
            let directory = root.join(version).join("bin");
            fs::create_dir_all(&directory).expect("created");
            for program in programs {
                fs::write(directory.join(program), "").expect("written");
            }
        };
        assert_eq!(newest(&root), None);
        install("9.6", &PROGRAMS);
        install("15", &PROGRAMS);
        install("17", &["pg_ctl"]);
        install("common", &PROGRAMS);
        assert_eq!(newest(&root), Some(root.join("15/bin")));
        fs::remove_dir_all(&root).expect("removed");
    }
}
