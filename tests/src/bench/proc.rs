//! What the kernel says of a process.

use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use super::error::Error;

/// What Linux has where nobody says otherwise.
const USUAL_TICKS_PER_SECOND: u32 = 100;
/// Fields of `/proc/PID/stat` after the program's name, counted from 0: time in user and in system mode.
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;

static TICKS_PER_SECOND: LazyLock<u32> = LazyLock::new(|| {
    let told = Command::new("getconf").arg("CLK_TCK").output().ok();
    let ticks = told.and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse().ok());
    ticks.filter(|ticks| *ticks > 0).unwrap_or(USUAL_TICKS_PER_SECOND)
});

/// CPU time of all threads of a process so far, ended ones included, in steps of a clock tick.
pub fn cpu_time(process: u32) -> Result<Duration, Error> {
    let place = format!("/proc/{process}/stat");
    let ticks = std::fs::read_to_string(&place).ok().and_then(|stat| ticks(&stat));
    let ticks = ticks.ok_or(Error::Unreadable { what: "the CPU time of a process", place })?;
    Ok(Duration::from_secs(ticks) / *TICKS_PER_SECOND)
}

/// Bytes of a process that are in memory.
pub fn resident_bytes(process: u32) -> Result<u64, Error> {
    let kilobytes =
        status_line(process, "VmRSS").and_then(|size| size.strip_suffix(" kB")?.parse::<u64>().ok());
    let place = format!("/proc/{process}/status");
    kilobytes.map(|size| size << 10).ok_or(Error::Unreadable { what: "the memory of a process", place })
}

/// One line of `/proc/PID/status`, without its name.
pub fn status_line(process: u32, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

/// The name is in brackets and may hold blanks and brackets of its own.
fn ticks(stat: &str) -> Option<u64> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(field(USER_TIME)? + field(SYSTEM_TIME)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_whatever_the_program_is_called() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 31 0 0 20 0 3 0 12345 1000000 500";
        assert_eq!(ticks(stat), Some(281));
        assert_eq!(ticks("42 (cut"), None);
    }

    #[test]
    fn work_is_seen_in_our_own_time() {
        let me = std::process::id();
        let before = cpu_time(me).unwrap();
        let started = std::time::Instant::now();
        while cpu_time(me).unwrap() < before + Duration::from_millis(30) {
            assert!(started.elapsed() < Duration::from_secs(20), "no CPU time is counted");
        }
        assert!(resident_bytes(me).unwrap() > 1 << 20);
    }

    #[test]
    fn a_process_that_is_not_there_is_said() {
        let message = cpu_time(u32::MAX).unwrap_err().to_string();
        insta::assert_snapshot!(message, @"cannot tell the CPU time of a process from /proc/4294967295/stat; the bench needs Linux");
    }
}
