//! What the system says about this process, where it is Linux; elsewhere nothing.

use std::fs;
use std::time::Duration;

/// Ticks of the system's clock in a second, the same on every Linux that runs this.
const TICKS: f64 = 100.0;

/// What the system says.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Process {
    pub(super) resident: Option<u64>,
    pub(super) mapped: Option<u64>,
    pub(super) open_files: Option<u64>,
    pub(super) most_files: Option<u64>,
    pub(super) threads: Option<u64>,
    pub(super) cpu: Option<Duration>,
}

impl Process {
    /// Asks the system. Reads files that are none, so it blocks for no time worth speaking of.
    pub(super) fn look() -> Self {
        let read =
            |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let (status, limits, stat) = (read("status"), read("limits"), read("stat"));
        Self {
            resident: field(&status, "VmRSS:").map(|kilobytes| kilobytes * 1024),
            mapped: field(&status, "VmSize:").map(|kilobytes| kilobytes * 1024),
            open_files: fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64),
            most_files: field(&limits, "Max open files"),
            threads: field(&status, "Threads:"),
            cpu: cpu(&stat),
        }
    }
}

/// The first number behind `name` at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Time of all threads in and outside of the system. What stands before the last parenthesis is a name, and
/// may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(Duration::from_secs_f64((user + system) / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_system_are_read() {
        let status = "Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t7\n";
        assert_eq!(field(status, "VmRSS:"), Some(2048));
        assert_eq!(field(status, "Threads:"), Some(7));
        assert_eq!(field(status, "VmSize:"), None);
        let limits =
            "Limit  Soft Limit\nMax open files            1024                 4096   files\n";
        assert_eq!(field(limits, "Max open files"), Some(1024));
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 7 0 5 1 1\n";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu(""), None);
    }
}
