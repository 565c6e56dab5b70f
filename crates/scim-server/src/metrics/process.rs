//! What the process itself takes, as Linux tells it in `/proc` (proc(5)); elsewhere only when it was started.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

/// Ticks of the clock that times in `/proc` are told in: the same on all of Linux's platforms, whatever
/// the kernel itself counts in (`USER_HZ`).
const TICKS_A_SECOND: f64 = 100.0;

/// The figures of this process.
#[derive(Debug)]
pub(super) struct ProcessFigures {
    started: Duration,
}

impl ProcessFigures {
    /// Of a process that starts now.
    pub(super) fn now() -> Self {
        Self { started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() }
    }
}

impl Collector for ProcessFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name, help, value: Option<f64>| match value {
            Some(value) => {
                encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
            }
            None => Ok(()),
        };
        let started = Some(self.started.as_secs_f64());
        gauge("process_start_time_seconds", "When the process was started, since 1970", started)?;
        let memory =
            |key| fs::read_to_string("/proc/self/status").ok().and_then(|text| kilobytes(&text, key));
        gauge("process_resident_memory_bytes", "Memory that the process holds", memory("VmRSS:"))?;
        gauge("process_virtual_memory_bytes", "Memory that the process may reach", memory("VmSize:"))?;
        let open = fs::read_dir("/proc/self/fd").ok();
        let open = open.and_then(|entries| u32::try_from(entries.count()).ok()).map(f64::from);
        gauge("process_open_fds", "Open files and connections", open)?;
        let limits = fs::read_to_string("/proc/self/limits").ok();
        let most = limits.and_then(|text| most_open_files(&text));
        gauge("process_max_fds", "The most files and connections that may be open", most)?;
        if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().and_then(|text| cpu_seconds(&text))
        {
            let help = "Time of processors that the process took";
            let no_exemplar = None::<&prometheus_client::metrics::exemplar::Exemplar<[(&str, &str); 0], f64>>;
            encoder
                .encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?
                .encode_counter(&seconds, no_exemplar)?;
        }
        Ok(())
    }
}

/// The value of a line of `/proc/self/status`, in bytes.
fn kilobytes(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let number: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024.0)
}

/// The soft limit in `/proc/self/limits`; none where there is none.
fn most_open_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time in `/proc/self/stat`. The name of the program, in parentheses, may have spaces.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS_A_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        assert_eq!(kilobytes("VmPeak:\t 9 kB\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12288.0));
        assert_eq!(kilobytes("VmRSS:\n", "VmRSS:"), None);
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024     4096     files\n";
        assert_eq!(most_open_files(limits), Some(1024.0));
        assert_eq!(most_open_files("Max open files   unlimited  unlimited  files"), None);
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("7 (a"), None);
    }
}
