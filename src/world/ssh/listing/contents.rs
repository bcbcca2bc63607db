//! What the files of a tree hold: hashed on the host, or read and hashed here.

use std::{
    collections::BTreeSet,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::{StreamExt, stream};

use super::{
    super::{Command, Remote, is_transient},
    Entry, RemoteTree,
};
use crate::{
    domain::digest::Digest,
    world::{WorldError, tree::Kind},
};

/// The least that a host hashes in a second, bytes.
const PER_SECOND: u64 = 5_000_000;
/// So much is hashed on two processors at once, where there are two, bytes.
const MUCH: u64 = 8 * 1024 * 1024;
/// How many files are read at once over SFTP.
const AT_ONCE: usize = 8;

/// Reads paths between zero bytes, and answers each by one line: its hash, `-` when it cannot be read, `gone` when it is not there.
/// `$2` are the words of the program that hashes. A name with a line end would look like two lines, so such a batch is hashed one
/// by one; to keep others out of it, those names come in a command of their own.
const HASH: &str = r#"cd -- "$1" || exit
HASH=$2
export HASH
exec xargs -0 -n 2000 sh -c '
end="
"
case $* in *"$end"*) ;; *)
  all=$($HASH "$@" 2>/dev/null) && printf "%s\n" "$all" && exit 0
esac
for each do
  if [ -f "$each" ] && [ ! -L "$each" ] && one=$($HASH 2>/dev/null <"$each"); then
    printf "%s\n" "$one"
  elif [ -e "$each" ] || [ -L "$each" ]; then
    echo -
  else
    echo gone
  fi
done
exit 0' sh"#;

/// What became of a file that was to be read.
#[derive(Clone, Copy)]
enum Found {
    Content(Digest),
    Unreadable,
    Gone,
}

impl Remote<'_> {
    /// Reads the files of a listing for which `wanted` says yes. One that vanished is taken out; one that may not be read stays
    /// without content.
    pub(in crate::world) async fn read_contents(
        &self,
        doing: &str,
        root: &Path,
        tree: &mut RemoteTree,
        wanted: &(dyn Fn(&Entry) -> bool + Sync),
    ) -> Result<(), WorldError> {
        let is_wanted = |entry: &Entry| matches!(entry.kind, Kind::File { .. }) && wanted(entry);
        let mut chosen: Vec<(usize, PathBuf, u64)> = (tree.entries.iter().enumerate())
            .filter(|(_, entry)| is_wanted(entry))
            .map(|(index, entry)| (index, entry.path.clone(), size(entry)))
            .collect();
        if chosen.is_empty() {
            return Ok(());
        }
        let tools = self.tools().await?;
        let found = match tools.hash().filter(|_| tools.has("xargs")) {
            Some(program) => {
                chosen.sort_by_key(|(_, path, _)| has_line_end(path));
                let (plain, odd) = chosen.split_at(chosen.partition_point(|(_, path, _)| !has_line_end(path)));
                let middle = if tools.has("processors") { middle(plain) } else { plain.len() };
                let (first, second) = plain.split_at(middle);
                let hash = |part| self.hash_there(doing, root, part, program);
                let (first, second, odd) = tokio::try_join!(hash(first), hash(second), hash(odd))?;
                [first, second, odd].concat()
            }
            None => self.hash_here(root, &chosen).await?,
        };
        let mut gone = BTreeSet::new();
        for ((index, path, _), found) in chosen.into_iter().zip(found) {
            let Some(entry) = tree.entries.get_mut(index) else { continue };
            match found {
                Found::Content(digest) => entry.content = Some(digest),
                Found::Unreadable => {}
                Found::Gone => {
                    gone.insert(path);
                }
            }
        }
        tree.entries.retain(|entry| !gone.contains(&entry.path));
        Ok(())
    }

    async fn hash_there(
        &self,
        doing: &str,
        root: &Path,
        chosen: &[(usize, PathBuf, u64)],
        program: &'static str,
    ) -> Result<Vec<Found>, WorldError> {
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for (_, path, _) in chosen {
            names.extend_from_slice(b"./");
            names.extend_from_slice(path.as_os_str().as_bytes());
            names.push(0);
        }
        let bytes: u64 = chosen.iter().map(|(_, _, size)| size).sum();
        let patience = Duration::from_secs(60 + bytes / PER_SECOND);
        let command = Command::sh(HASH).arg(root).arg(program).input(names).within(patience);
        // A line is a hash and the name, at most twice as long when it is escaped.
        let most = chosen.iter().map(|(_, path, _)| 80 + 2 * path.as_os_str().len()).sum();
        let ran = self.run(doing, command.at_most(most)).await?;
        if !ran.is_success() {
            return Err(self.failed(doing, &ran));
        }
        let lines: Vec<&[u8]> = ran.output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        if lines.len() != chosen.len() {
            return Err(self.nonsense(doing));
        }
        lines.into_iter().map(|line| found(line).ok_or_else(|| self.nonsense(doing))).collect()
    }

    async fn hash_here(&self, root: &Path, chosen: &[(usize, PathBuf, u64)]) -> Result<Vec<Found>, WorldError> {
        let files = self.files().await?;
        let read = |path: PathBuf| {
            let files = files.clone();
            async move {
                match files.digest(&path).await {
                    Ok(Some(digest)) => Ok(Found::Content(digest)),
                    Ok(None) => Ok(Found::Gone),
                    Err(error) if is_transient(&error) => Err(error),
                    Err(_) => Ok(Found::Unreadable),
                }
            }
        };
        let paths: Vec<PathBuf> = chosen.iter().map(|(_, path, _)| root.join(path)).collect();
        let found: Vec<Result<Found, WorldError>> =
            stream::iter(paths.into_iter().map(read)).buffered(AT_ONCE).collect().await;
        found.into_iter().collect()
    }
}

fn size(entry: &Entry) -> u64 {
    match entry.kind {
        Kind::File { size } => size,
        _ => 0,
    }
}

fn has_line_end(path: &Path) -> bool {
    path.as_os_str().as_bytes().contains(&b'\n')
}

/// Where the second half of the bytes begins, or the end when all are few.
fn middle(chosen: &[(usize, PathBuf, u64)]) -> usize {
    let all: u64 = chosen.iter().map(|(_, _, size)| size).sum();
    let mut before = 0;
    let begins_second = |(_, _, size): &(usize, PathBuf, u64)| {
        before += size;
        all >= MUCH && before > all / 2
    };
    chosen.iter().position(begins_second).unwrap_or(chosen.len())
}

/// One line of the answer. GNU's program puts a backslash before the hash of a name that it escapes.
fn found(line: &[u8]) -> Option<Found> {
    match line {
        b"-" => Some(Found::Unreadable),
        b"gone" => Some(Found::Gone),
        _ => {
            let line = line.strip_prefix(b"\\").unwrap_or(line);
            let hash = std::str::from_utf8(line.get(..64)?).ok()?;
            Some(Found::Content(hash.parse().ok()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_is_divided_in_the_middle() {
        let of = |sizes: &[u64]| middle(&sizes.iter().map(|size| (0, PathBuf::new(), *size)).collect::<Vec<_>>());
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[MUCH / 2, MUCH / 2 - 1]), 2, "not much");
        assert_eq!(of(&[MUCH / 2, MUCH / 2]), 1);
        assert_eq!(of(&[1, MUCH, 1, 1]), 1);
        assert_eq!(of(&[MUCH]), 0);
    }
}
