//! The room on a host: what `df` and `quota` say, or SFTP where there is no shell.

use std::{path::Path, time::Duration};

use super::{Command, Remote};
use crate::{
    domain::{
        refusal::Code,
        space::{Quota, Space},
    },
    world::WorldError,
};

const LOOK: &str = "look at the space";
/// How long `quota` may take: it asks file servers.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lines about room below `$1`, each with a word in front that says what it is.
macro_rules! script {
    () => {
        r#"df -Pk "$1" 2>/dev/null | sed 's/^/blocks /'
df -Pi "$1" 2>/dev/null | sed 's/^/inodes /'
if command -v quota >/dev/null 2>&1; then quota -w 2>/dev/null | sed 's/^/quota /'; fi
"#
    };
}
pub(super) use script;

impl Remote<'_> {
    /// The room below a directory of the host.
    pub(in crate::world) async fn space(&self, directory: &Path) -> Result<Space, WorldError> {
        let told = self.space_if_told(directory).await?;
        told.ok_or_else(|| {
            WorldError::new(
                Code::Unsupported,
                format!("{LOOK} on host {}", self.name),
                "neither a shell nor its SFTP server tells it",
                "Ask the host's provider.",
            )
        })
    }

    /// The same; nothing where the host does not tell.
    pub(in crate::world) async fn space_if_told(&self, directory: &Path) -> Result<Option<Space>, WorldError> {
        let command = Command::sh(script!()).arg(directory).within(PATIENCE).at_most(64 * 1024);
        let (said, failed) = match self.run(LOOK, command).await {
            Ok(ran) => (of(&ran.text()), None),
            Err(error) if error.code == Code::Unsupported => (None, None),
            Err(error) => (None, Some(error)),
        };
        if said.is_some() {
            return Ok(said);
        }
        // A program that hangs, because a file server does, hides the quota alone.
        match (self.files().await?.space(directory).await?, failed) {
            (None, Some(error)) => Err(error),
            (told, _) => Ok(told),
        }
    }
}

/// What the lines of [`script`] say; none when they do not tell the room of a disk.
pub(super) fn of(said: &str) -> Option<Space> {
    let lines = |word: &str| {
        let words = said.lines().filter_map(|line| line.split_once(' '));
        words.filter(|(first, _)| *first == word).map(|(_, rest)| rest).collect::<Vec<_>>()
    };
    let blocks = lines("blocks");
    let (name, total, free) = blocks.last().and_then(|line| columns(line))?;
    let inodes = lines("inodes");
    let inodes = inodes.last().and_then(|line| columns(line));
    Some(Space {
        free_bytes: free.saturating_mul(1024),
        total_bytes: total.saturating_mul(1024),
        free_files: inodes.filter(|(_, total, _)| *total > 0).map(|(_, _, free)| free),
        quotas: quotas(&lines("quota").join("\n"), &|of| of == name),
    })
}

/// The name, the size and what is free, of a line of `df -P`. The name and the mount point behind may hold blanks; the column with
/// the percent sign is between numbers and mount point.
fn columns(line: &str) -> Option<(String, u64, u64)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let at = words.iter().position(|word| {
        word.strip_suffix('%').is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    })?;
    let number = |back: usize| words.get(at.checked_sub(back)?)?.parse::<u64>().ok();
    Some((words.get(..at.checked_sub(3)?)?.join(" "), number(3)?, number(1)?))
}

/// The quotas that `quota -w` tells: name, blocks of 1 KiB, soft and hard limit, the same for files; times of grace stand only where a
/// limit is passed. Of several file systems those count that `is_it` says are the one; when it knows none of their names, all count.
pub(in crate::world) fn quotas(said: &str, is_it: &dyn Fn(&str) -> bool) -> Vec<Quota> {
    let all: Vec<(&str, Quota)> = said.lines().filter_map(quota).collect();
    let known = all.iter().any(|(name, _)| is_it(name));
    all.into_iter().filter(|(name, _)| !known || is_it(name)).map(|(_, quota)| quota).collect()
}

fn quota(line: &str) -> Option<(&str, Quota)> {
    let mut words = line.split_ascii_whitespace();
    let name = words.next()?;
    let numbers: Vec<u64> = words.filter_map(|word| word.strip_suffix('*').unwrap_or(word).parse().ok()).collect();
    let [blocks, soft, hard, files, soft_files, hard_files] = numbers.as_slice() else { return None };
    let limit = |soft: u64, hard: u64| if hard > 0 { hard } else { soft };
    let quota = Quota {
        used_bytes: blocks.saturating_mul(1024),
        limit_bytes: limit(*soft, *hard).saturating_mul(1024),
        used_files: *files,
        limit_files: limit(*soft_files, *hard_files),
    };
    Some((name, quota))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_every_df_are_read() {
        let gnu = "blocks Filesystem     1024-blocks    Used Available Capacity Mounted on\n\
                   blocks /dev/sda1        10000 6000  4000      60% /www dir/ht\n\
                   inodes Filesystem     Inodes IUsed IFree IUse% Mounted on\ninodes /dev/sda1 500 100 400 20% /www";
        let space = of(gnu).unwrap();
        assert_eq!((space.total_bytes, space.free_bytes), (10_240_000, 4_096_000));
        assert_eq!(space.free_files, Some(400));
        let no_inodes = "blocks host:/ex port 20000 6000 14000 30% /w\ninodes btrfs 0 0 0 - /w";
        let space = of(no_inodes).unwrap();
        assert_eq!((space.total_bytes, space.free_files), (20_480_000, None));
        for nonsense in ["", "blocks", "blocks a b c d%", "blocks 60%", "blocks x 1 -2 99999999999999999999999 5% /"] {
            assert_eq!(of(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn quotas_are_read_with_and_without_grace() {
        let said = "Disk quotas for user web1 (uid 61001): \n\
                    \x20    Filesystem  blocks   quota   limit   grace   files   quota   limit   grace\n\
                    /dev/sda1      120* 100  200   6days    10    0    30        \n\
                    /dev/sdb1      1 2 0 4 5 6\nDisk quotas for user web1 (uid 61001): none\n";
        let wanted = [
            Quota { used_bytes: 120 * 1024, limit_bytes: 200 * 1024, used_files: 10, limit_files: 30 },
            Quota { used_bytes: 1024, limit_bytes: 2048, used_files: 4, limit_files: 6 },
        ];
        assert_eq!(quotas(said, &|_| false), wanted);
        assert_eq!(quotas(said, &|name| name == "/dev/sdb1"), wanted[1..], "the one where the release goes");
        let disk = "blocks Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    blocks /dev/sdb1 10000 6000 4000 60% /www\n";
        let quota: String = said.lines().map(|line| format!("quota {line}\n")).collect();
        assert_eq!(of(&format!("{disk}{quota}")).unwrap().quotas, wanted[1..]);
    }
}
