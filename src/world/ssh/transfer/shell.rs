//! A difference made good by the host's own programs, in as few commands as there are kinds of work.

use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    super::{Command, Remote, tools::Tools},
    Delivery,
    diff::Diff,
    pack::{self, Packing},
};
use crate::world::{WorldError, blocking::blocking};

/// How long removing or setting permissions may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// The slowest line that a tree is sent over, bytes in a second.
const PER_SECOND: u64 = 20_000;
/// Round trips shorter than this are those of a machine nearby: the line is faster than gzip.
const NEARBY: Duration = Duration::from_millis(4);
/// Less than this is sent faster than a packer starts, bytes.
const SMALL: u64 = 256 * 1024;
/// How many pieces of the stream wait for the line.
const WAITING: usize = 8;

/// A directory that its owner may not write is opened first when it must be.
macro_rules! remove {
    () => {
        r#"rm -rf -- "$@" 2>/dev/null || {
  find "$@" -type d -exec chmod u+rwx {} + 2>/dev/null
  rm -rf -- "$@"
}"#
    };
}
const REMOVE_TREE: &str = remove!();
const REMOVE: &str = concat!(r#"cd -- "$1" && exec xargs -0 -n 500 sh -c '"#, remove!(), "' sh");
const MODES: &str = r#"cd -- "$1" && exec xargs -0 -n 2 chmod --"#;
const SYNC: &str = r#"sync -f -- "$1" 2>/dev/null || sync"#;
const WRITABLE: &str = r#"n=0
for each do
  [ ! -e "$each" ] || { [ -w "$each" ] && [ -x "$each" ]; } || { echo "$n"; exit 0; }
  n=$((n + 1))
done"#;
/// Owners are nobody's business but the host's; permissions are ours, whatever the umask.
const PLAIN: &str = r#"cd -- "$1" && exec tar -x -p -o -f -"#;
const GZIP: &str = r#"cd -- "$1" && gzip -d -c | tar -x -p -o -f -"#;
const ZSTD: &str = r#"cd -- "$1" && zstd -d -q -c | tar -x -p -o -f -"#;

impl Remote<'_> {
    pub(super) async fn apply_by_shell(
        &self,
        doing: &str,
        delivery: &Delivery<'_>,
        diff: &Diff,
        tools: &Tools,
    ) -> Result<(), WorldError> {
        self.set_modes(doing, delivery.to, diff.open.iter()).await?;
        if !diff.remove.is_empty() {
            let names = diff.remove.iter().flat_map(|path| name(path)).collect();
            self.each_name(doing, REMOVE, delivery.to, names).await?;
        }
        if !diff.add.is_empty() || diff.remove.is_empty() && diff.modes.is_empty() {
            self.unpack(doing, delivery, diff, tools).await?;
        }
        // The deepest first: a directory may be closed by it.
        self.set_modes(doing, delivery.to, diff.modes.iter().rev()).await
    }

    async fn set_modes<'m>(
        &self,
        doing: &str,
        at: &Path,
        modes: impl Iterator<Item = &'m (PathBuf, u32)>,
    ) -> Result<(), WorldError> {
        let words = modes.flat_map(|(path, mode)| [format!("{mode:04o}\0").into_bytes(), name(path)].concat());
        let words: Vec<u8> = words.collect();
        if words.is_empty() { Ok(()) } else { self.each_name(doing, MODES, at, words).await }
    }

    /// Removes a tree.
    pub(super) async fn remove_by_shell(&self, doing: &str, root: &Path) -> Result<(), WorldError> {
        self.text(doing, Command::sh(REMOVE_TREE).arg(root).within(PATIENCE)).await.map(drop)
    }

    /// Makes the file system durable that a tree lies in, or all of them where the program knows only that.
    pub(super) async fn sync_by_shell(&self, doing: &str, root: &Path) -> Result<(), WorldError> {
        self.run(doing, Command::sh(SYNC).arg(root).within(PATIENCE)).await.map(drop)
    }

    /// The place of the first directory that is there and may not be written.
    pub(super) async fn refused_by_shell(&self, directories: &[PathBuf]) -> Result<Option<usize>, WorldError> {
        let command = directories.iter().fold(Command::sh(WRITABLE), Command::arg);
        let answer = self.text("look at permissions", command).await?;
        Ok(answer.parse().ok())
    }

    async fn each_name(&self, doing: &str, script: &'static str, at: &Path, names: Vec<u8>) -> Result<(), WorldError> {
        self.text(doing, Command::sh(script).arg(at).input(names).within(PATIENCE)).await.map(drop)
    }

    /// Sends all that is to be added as one stream, while it is packed.
    async fn unpack(&self, doing: &str, delivery: &Delivery<'_>, diff: &Diff, tools: &Tools) -> Result<(), WorldError> {
        let parent = delivery.to.parent().unwrap_or(Path::new("/"));
        let bytes = diff.bytes();
        let packing = if bytes < SMALL {
            Packing::Plain
        } else if tools.has("zstd") {
            Packing::Zstd
        } else if tools.has("gzip") && self.round_trip().await? >= NEARBY {
            Packing::Gzip
        } else {
            Packing::Plain
        };
        let script = match packing {
            Packing::Plain => PLAIN,
            Packing::Gzip => GZIP,
            Packing::Zstd => ZSTD,
        };
        let (pieces, input) = mpsc::channel(WAITING);
        let patience = Duration::from_secs(120 + bytes / PER_SECOND);
        let command = Command::sh(script).arg(parent).within(patience);
        let packed = blocking({
            let (from, add) = (delivery.from.to_owned(), diff.add.clone());
            let to = delivery.to.file_name().unwrap_or_default().into();
            let base = delivery.base.and_then(|base| base.root.file_name()).unwrap_or_default().into();
            move || pack::pack(&from, &add, to, base, packing, pieces)
        });
        let (packed, ran) = tokio::join!(packed, self.feed(doing, command, input));
        let ran = ran?;
        // A stream that ended early is why the host complains.
        packed?;
        if ran.is_success() { Ok(()) } else { Err(self.failed(doing, &ran)) }
    }
}

/// A name as `xargs -0` reads it; never taken for an option.
fn name(path: &Path) -> Vec<u8> {
    [b"./", path.as_os_str().as_bytes(), b"\0"].concat()
}
