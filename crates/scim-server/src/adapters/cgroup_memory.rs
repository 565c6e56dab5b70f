//! How much memory the process's control group uses, and may use (`cgroups(7)`): version 2 and version 1. In a
//! container this is what the kernel goes by, whatever memory the machine has.

use std::fs;
use std::path::{Path, PathBuf};

use scim_http::{MemoryGauge, MemoryUse};

/// Where control groups are as a rule.
const ROOT: &str = "/sys/fs/cgroup";
/// What the process is told of its groups.
const OWN: &str = "/proc/self/cgroup";
/// Version 1 has a very large limit in the place of none: the largest multiple of a page.
const NO_LIMIT: u64 = 1 << 62;

/// The names of the files of one version.
#[derive(Debug)]
struct Version {
    /// Where its groups are, below the root.
    directory: &'static str,
    used: &'static str,
    limit: &'static str,
    /// In `memory.stat`: what was read from files and is not needed now, which the kernel takes back before it ends
    /// anything.
    reclaimable: &'static str,
}

const V2: Version =
    Version { directory: "", used: "memory.current", limit: "memory.max", reclaimable: "inactive_file" };
const V1: Version = Version {
    directory: "memory",
    used: "memory.usage_in_bytes",
    limit: "memory.limit_in_bytes",
    reclaimable: "total_inactive_file",
};

/// The groups that have a say in the process's memory, from its own up to the root.
#[derive(Debug, Default)]
pub struct CgroupMemory {
    groups: Vec<(PathBuf, &'static Version)>,
}

impl CgroupMemory {
    /// The groups of this process; none where there are no control groups.
    pub fn of_this_process() -> Self {
        fs::read_to_string(OWN).map(|own| Self::of(&own, Path::new(ROOT))).unwrap_or_default()
    }

    /// The groups that `own` names, below `root`.
    fn of(own: &str, root: &Path) -> Self {
        let mut groups = Vec::new();
        for line in own.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
            let version = match controllers {
                "" => &V2,
                _ if controllers.split(',').any(|controller| controller == "memory") => &V1,
                _ => continue,
            };
            let base = root.join(version.directory);
            // A container may be told the path that its group has outside, and find it at the root.
            let mut path = Path::new(path.trim_start_matches('/'));
            loop {
                groups.push((base.join(path), version));
                match path.parent() {
                    Some(parent) => path = parent,
                    None => break,
                }
            }
        }
        Self { groups }
    }
}

impl MemoryGauge for CgroupMemory {
    /// Those of the group that is nearest to its limit.
    fn memory(&self) -> Option<MemoryUse> {
        let uses = self.groups.iter().filter_map(|(group, version)| memory_of(group, version));
        uses.max_by(|one, other| {
            let share = |one: &MemoryUse, other: &MemoryUse| u128::from(one.used) * u128::from(other.limit);
            share(one, other).cmp(&share(other, one))
        })
    }
}

fn memory_of(group: &Path, version: &Version) -> Option<MemoryUse> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    let limit = read(version.limit)?.trim().parse().ok().filter(|limit| *limit < NO_LIMIT)?;
    let used: u64 = read(version.used)?.trim().parse().ok()?;
    let reclaimable = read("memory.stat").and_then(|stat| member(&stat, version.reclaimable)).unwrap_or(0);
    Some(MemoryUse { used: used.saturating_sub(reclaimable), limit })
}

/// The number after this name.
fn member(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with these files, gone when this is dropped.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("scim-cgroup-{}-{name}", std::process::id()));
            for (path, text) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().expect("a directory")).expect("made");
                fs::write(path, text).expect("written");
            }
            Self(root)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            // What a test that failed leaves behind harms nobody.
            let _removed = fs::remove_dir_all(&self.0);
        }
    }

    #[track_caller]
    fn check(name: &str, own: &str, files: &[(&str, &str)], expected: Option<(u64, u64)>) {
        let tree = Tree::new(name, files);
        let memory = CgroupMemory::of(own, &tree.0).memory();
        assert_eq!(memory.map(|memory| (memory.used, memory.limit)), expected, "{name}");
    }

    #[test]
    fn version_2() {
        let files = [
            ("memory.max", "1000\n"),
            ("memory.current", "500\n"),
            ("memory.stat", "anon 1\ninactive_file 200\ninactive_anon 7\n"),
        ];
        check("v2", "0::/\n", &files, Some((300, 1000)));
        check("v2-outside", "0::/kubepods/pod1/abc\n", &files, Some((300, 1000)));
        check("v2-none", "0::/\n", &[("memory.max", "max\n"), ("memory.current", "5\n")], None);
        check("v2-no-stat", "0::/\n", &[("memory.max", "10\n"), ("memory.current", "5\n")], Some((5, 10)));
    }

    #[test]
    fn the_group_nearest_to_its_limit_counts() {
        let files = [
            ("pod/memory.max", "1000"),
            ("pod/memory.current", "900"),
            ("pod/own/memory.max", "500"),
            ("pod/own/memory.current", "100"),
        ];
        check("pod", "0::/pod/own\n", &files, Some((900, 1000)));
    }

    #[test]
    fn version_1() {
        let own = "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n";
        let files = [
            ("memory/docker/abc/memory.limit_in_bytes", "1000\n"),
            ("memory/docker/abc/memory.usage_in_bytes", "600\n"),
            ("memory/docker/abc/memory.stat", "inactive_file 9\ntotal_inactive_file 100\n"),
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/memory.usage_in_bytes", "123456\n"),
        ];
        check("v1", own, &files, Some((500, 1000)));
        check("v1-none", own, files.get(3..).expect("the root"), None);
    }

    #[test]
    fn without_control_groups_there_are_no_figures() {
        check("none", "", &[], None);
        check("no-files", "0::/\nnonsense\n", &[], None);
    }
}
