//! Which process we are, in a form that tells later whether it still runs.

use std::fs;

/// What became of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It runs, here.
    Running,
    /// It ran here and has ended.
    Ended,
    /// It belongs to another machine or container, or to a time before the last boot: from here nobody can tell.
    Elsewhere,
}

/// This process: boot id, process id, start time and process id namespace, as one text.
pub fn current() -> String {
    let pid = std::process::id();
    format!("{}/{pid}/{}/{}", boot_id(), start_time(pid).unwrap_or_default(), namespace())
}

/// What became of the process of such a text. A process id that was used again, and a zombie, are not it.
pub fn fate(text: &str) -> Fate {
    let mut parts = text.split('/');
    let (Some(boot), Some(pid), Some(start), Some(space), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Fate::Elsewhere;
    };
    if boot.is_empty() || boot != boot_id() || space != namespace() {
        return Fate::Elsewhere;
    }
    let started = pid.parse().ok().and_then(start_time);
    if started.is_some_and(|started| started.to_string() == start) { Fate::Running } else { Fate::Ended }
}

/// The world of process ids that we live in: containers of one machine have the same boot id. Empty where the kernel tells none.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}

/// The kernel's id of the present boot; empty where the kernel tells none.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// When a living process started, in clock ticks since boot (proc(5), `stat` field 22); `None` for one that has ended, zombies
/// included.
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    Living::of(pid).map(|process| process.start)
}

/// What the kernel tells of a living process.
pub(crate) struct Living {
    /// Its process group.
    pub(crate) group: i32,
    /// Its session.
    pub(crate) session: i32,
    /// When it started, in clock ticks since boot.
    pub(crate) start: u64,
}

impl Living {
    /// `None` for a process that has ended, zombies included.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        // A name that is not UTF-8 must not hide a process.
        let stat = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?).into_owned();
        // The second field is the program's name in parentheses and may hold anything, so counting starts behind the last one.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        if matches!(fields.next()?, "Z" | "X" | "x") {
            return None;
        }
        let group = fields.nth(1)?.parse().ok()?;
        let session = fields.next()?.parse().ok()?;
        Some(Self { group, session, start: fields.nth(15)?.parse().ok()? })
    }
}
