//! How much room is left where files are written.

use serde::{Deserialize, Serialize};

/// Below this nothing can be relied on to be written, bytes.
const FULL: u64 = 16 * 1024 * 1024;
/// Below this a deployment may not fit, bytes.
const LITTLE: u64 = 512 * 1024 * 1024;
/// Of a quota this much is little to have left, percent.
const LITTLE_OF_QUOTA: u64 = 5;

/// The room on a disk and within the quotas that count there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// What an unprivileged user may still write, bytes.
    pub free_bytes: u64,
    /// The size of the disk, bytes.
    pub total_bytes: u64,
    /// How many files may still be made; absent where the file system does not count them.
    pub free_files: Option<u64>,
    /// The quotas of the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<Quota>,
}

/// A quota. A limit of 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// What is used, bytes.
    pub used_bytes: u64,
    /// What may be used, bytes.
    pub limit_bytes: u64,
    /// How many files there are.
    pub used_files: u64,
    /// How many there may be.
    pub limit_files: u64,
}

/// How room is left, from enough to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Enough.
    Enough,
    /// Little: a deployment may not fit.
    Little,
    /// None.
    Full,
}

impl Space {
    /// How room is left, and what says so.
    pub fn room(&self) -> (Room, String) {
        let disk = match self.free_bytes {
            free if free < FULL => Room::Full,
            free if free < LITTLE => Room::Little,
            _ => Room::Enough,
        };
        let mut worst = (disk, format!("{} of {} free", size(self.free_bytes), size(self.total_bytes)));
        let files = match self.free_files {
            Some(0) => Room::Full,
            Some(free) if free < 1000 => Room::Little,
            _ => Room::Enough,
        };
        if files > worst.0 {
            worst = (files, format!("{} more files can be made (inodes)", self.free_files.unwrap_or(0)));
        }
        for quota in &self.quotas {
            let bytes = of_limit(quota.used_bytes, quota.limit_bytes);
            if bytes > worst.0 {
                let said = format!("{} of the quota of {} used", size(quota.used_bytes), size(quota.limit_bytes));
                worst = (bytes, said);
            }
            let files = of_limit(quota.used_files, quota.limit_files);
            if files > worst.0 {
                worst = (files, format!("{} of the quota of {} files used", quota.used_files, quota.limit_files));
            }
        }
        worst
    }
}

fn of_limit(used: u64, limit: u64) -> Room {
    let left = limit.saturating_sub(used);
    match limit {
        0 => Room::Enough,
        _ if left == 0 => Room::Full,
        _ if left.saturating_mul(100) < limit.saturating_mul(LITTLE_OF_QUOTA) => Room::Little,
        _ => Room::Enough,
    }
}

/// A size for a human: MiB below 10 GiB, GiB above.
fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes / MIB {
        mib @ ..10_240 => format!("{mib} MiB"),
        mib => format!("{} GiB", mib / 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scarcest_thing_decides() {
        const GIB: u64 = 1 << 30;
        let space = |free_bytes, free_files, quota: Option<Quota>| Space {
            free_bytes,
            total_bytes: 100 * GIB,
            free_files,
            quotas: quota.into_iter().collect(),
        };
        let bytes = |used_bytes, limit_bytes| Some(Quota { used_bytes, limit_bytes, ..Quota::default() });
        let files = |used_files, limit_files| Some(Quota { used_files, limit_files, ..Quota::default() });
        for (space, room, said) in [
            (space(50 * GIB, Some(1_000_000), None), Room::Enough, "50 GiB of 100 GiB free"),
            (space(50 * GIB, None, bytes(1, 0)), Room::Enough, "50 GiB"),
            (space(100 << 20, Some(1_000_000), None), Room::Little, "100 MiB of 100 GiB free"),
            (space(1 << 20, Some(1_000_000), None), Room::Full, "1 MiB"),
            (space(50 * GIB, Some(0), None), Room::Full, "0 more files"),
            (space(50 * GIB, None, bytes(2 * GIB, 2 * GIB)), Room::Full, "2048 MiB of the quota of 2048 MiB used"),
            (space(50 * GIB, None, bytes(99 * GIB, 100 * GIB)), Room::Little, "99 GiB of the quota"),
            (space(50 * GIB, None, files(10, 10)), Room::Full, "10 of the quota of 10 files"),
        ] {
            let (found, why) = space.room();
            assert_eq!(found, room, "{space:?}");
            assert!(why.starts_with(said), "{why}");
        }
    }
}
