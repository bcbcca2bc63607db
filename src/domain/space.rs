//! How much room is left where files are written.

use serde::{Deserialize, Serialize};

/// Below this nothing can be relied on to be written, bytes.
const FULL: u64 = 16 * 1024 * 1024;
/// Below this a deployment may not fit, bytes.
const LITTLE: u64 = 512 * 1024 * 1024;
/// What file systems give files in, bytes.
const BLOCK: u64 = 4096;
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

/// The room that files take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Need {
    /// On the disk, bytes.
    pub bytes: u64,
    /// Files, directories and links.
    pub files: u64,
}

impl Need {
    /// Adds a file of that size, or with 0 a directory or link. A file takes whole blocks.
    pub fn add(&mut self, size: u64) {
        self.bytes = self.bytes.saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
        self.files = self.files.saturating_add(1);
    }
}

impl Space {
    /// What there is too little of for so much more, in one half of a sentence; nothing when it fits.
    pub fn lacks(&self, need: Need) -> Option<String> {
        let lack = |needed: u64, left: u64, what: &str, of: &str| {
            (needed > left).then(|| format!("{needed} {what}, and {of} has {left} left"))
        };
        let left = |used: u64, limit: u64| if limit == 0 { u64::MAX } else { limit.saturating_sub(used) };
        let of_disk = lack(need.bytes, self.free_bytes, "bytes", "the disk")
            .or_else(|| lack(need.files, self.free_files.unwrap_or(u64::MAX), "files", "the disk"));
        let of_quota = |quota: &Quota| {
            lack(need.bytes, left(quota.used_bytes, quota.limit_bytes), "bytes", "the login's quota")
                .or_else(|| lack(need.files, left(quota.used_files, quota.limit_files), "files", "the login's quota"))
        };
        of_disk.or_else(|| self.quotas.iter().find_map(of_quota))
    }

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
    fn what_does_not_fit_is_told_apart() {
        let mut need = Need::default();
        for size in [1, 4096, 4097, 0] {
            need.add(size);
        }
        assert_eq!(need, Need { bytes: 4 * 4096, files: 4 });
        let space =
            |free_bytes, free_files, quota| Space { free_bytes, free_files, quotas: vec![quota], total_bytes: 0 };
        let (none, much) = (Quota::default(), Some(100));
        let bytes = Quota { used_bytes: 100_000, limit_bytes: 116_383, ..none };
        let files = Quota { used_files: 9, limit_files: 12, ..none };
        let over = Quota { used_files: 9, limit_files: 8, ..none };
        for (space, lacks) in [
            (space(16_384, Some(4), none), None),
            (space(16_384, None, Quota { limit_bytes: 116_384, ..bytes }), None),
            (space(16_383, much, none), Some("16384 bytes, and the disk has 16383 left")),
            (space(16_384, Some(3), none), Some("4 files, and the disk has 3 left")),
            (space(16_384, much, bytes), Some("16384 bytes, and the login's quota has 16383 left")),
            (space(16_384, much, files), Some("4 files, and the login's quota has 3 left")),
            (space(16_384, much, over), Some("4 files, and the login's quota has 0 left")),
        ] {
            assert_eq!(space.lacks(need).as_deref(), lacks, "{space:?}");
        }
    }

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
