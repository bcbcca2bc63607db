//! How much memory the browser takes: a page must not take what others need.

use std::{fs, time::Duration};

use super::super::{WorldError, blocking::blocking, instance::Living};
use crate::domain::refusal::Code;

/// What all its processes together may take, bytes. What they share is not counted.
const MOST: u64 = 2 * 1024 * 1024 * 1024;
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Ends, with the reason, when the process group takes too much.
pub(super) async fn exceeded(group: u32) -> WorldError {
    loop {
        tokio::time::sleep(LOOK).await;
        let taken = blocking(move || Ok(private_bytes(group))).await.unwrap_or(0);
        if taken > MOST {
            return WorldError::new(
                Code::WorldFailed,
                "look at pages",
                format!("the browser took more than {} MiB and was ended", MOST / (1024 * 1024)),
                "Look at the pages one by one: one of them takes too much memory.",
            );
        }
    }
}

/// The memory that the processes of a group have for themselves (proc(5), `RssAnon`).
fn private_bytes(group: u32) -> u64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = pids.filter(|pid| Living::of(*pid).is_some_and(|process| u32::try_from(process.group) == Ok(group)));
    let kibibytes = ours.filter_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()
    });
    kibibytes.sum::<u64>() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_takes_is_counted() {
        let group = rustix::process::getpgrp().as_raw_pid().unsigned_abs();
        let before = private_bytes(group);
        let taken = vec![1_u8; 64 * 1024 * 1024];
        assert!(before > 0 && private_bytes(group) > before.max(taken.len() as u64), "{before}");
        assert_eq!(private_bytes(u32::MAX), 0);
    }
}
