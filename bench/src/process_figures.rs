//! What the system knows of a process: its memory and its processor time (Linux, `proc(5)`).

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// One tick of `/proc/<pid>/stat`: Linux counts a hundred in a second for user space.
const TICK: Duration = Duration::from_millis(10);

/// The resident memory of a process, in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("needs Linux's /proc")?;
    read_resident(&status).context("no VmRSS in /proc/<pid>/status")
}

/// The processor time that a process has used.
pub(crate) fn processor_time(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("needs Linux's /proc")?;
    read_processor_time(&stat).context("no times in /proc/<pid>/stat")
}

fn read_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The 14th and 15th fields; the second, the name in parentheses, may itself hold spaces.
fn read_processor_time(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    TICK.checked_mul(user.checked_add(system)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!(read_resident("Name:\tx\nVmRSS:\t  2048 kB\nThreads:\t1\n"), Some(2048));
        assert_eq!(read_resident("Name:\tx\n"), None);
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0";
        assert_eq!(read_processor_time(stat), Some(Duration::from_secs(2)));
        assert_eq!(read_processor_time("7 (x"), None);
    }
}
