//! Which process we are, in a form that tells later whether it still runs.

use std::fs;

/// This process: boot id, process id and start time, as one text.
pub fn current() -> String {
    let pid = std::process::id();
    format!("{}/{pid}/{}", boot_id(), start_time(pid).unwrap_or_default())
}

/// Whether the process of such a text still runs. A process id that was used again, a zombie, and a process before the last boot
/// do not.
pub fn is_alive(text: &str) -> bool {
    let mut parts = text.split('/');
    let (Some(boot), Some(pid), Some(start), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let started = pid.parse().ok().and_then(start_time);
    boot == boot_id() && started.is_some() && started.map(|s| s.to_string()).as_deref() == Some(start)
}

/// The kernel's id of the present boot; empty where the kernel tells none.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// When a living process started, in clock ticks since boot (proc(5), `stat` field 22); `None` for one that has ended, zombies
/// included.
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything, so counting starts behind the last one.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") { None } else { fields.nth(18)?.parse().ok() }
}
