//! Who of a process group, or of a session, still lives.

use std::{collections::BTreeSet, fs};

use rustix::process::{Pid, getpid};

use crate::world::instance::Living;

/// The process groups in which somebody lives of `group` and, when given, of `session`. We ourselves, zombies and processes that left
/// both are not counted.
pub(super) fn living(group: Pid, session: Option<Pid>) -> BTreeSet<i32> {
    // Whoever cannot look has to believe that they live.
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeSet::from([group.as_raw_pid()]) };
    let (group, session) = (group.as_raw_pid(), session.map(Pid::as_raw_pid));
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let others = numbers.filter(|pid| *pid != getpid().as_raw_pid());
    let living = others.filter_map(|pid| Living::of(u32::try_from(pid).ok()?));
    let ours = living.filter(|process| process.group == group || Some(process.session) == session);
    ours.map(|process| process.group).collect()
}
