//! Files by SFTP: directories always, and files where there is no shell.
//!
//! SFTP opens by path. Every part of the way is looked at before, and the path that the host makes of it is compared before and
//! after; who swaps a part for a link and back within these moments is not seen.

use std::{io::Read, path::Path};

use tokio::sync::mpsc;

use super::{
    File, Form, Opened,
    pipe::{PIECES, Pipe},
    refused,
    shell::{is_link, missing},
};
use crate::{
    domain::{inventory::RelativePath, refusal::Code, time::Time},
    world::{
        WorldError,
        blocking::blocking,
        files::Entry,
        ssh::{Files, Remote, Stat},
    },
};

/// The most entries of a directory that are listed.
const ENTRIES: usize = 2000;

/// A path that was looked at.
struct Looked {
    real: std::path::PathBuf,
    stat: Stat,
}

/// Looks at every part of a path below a root; none may be a link.
async fn look(files: &Files, root: &Path, path: Option<&RelativePath>) -> Result<Looked, WorldError> {
    let gone =
        || refused("its root is not there or cannot be entered", "The operator corrects [roots] in deploy-ops.toml.");
    let mut real = files.real_path(root).await?.filter(|real| real.is_absolute()).ok_or_else(gone)?;
    let mut stat = files.stat(&real).await?.filter(|stat| stat.is_directory()).ok_or_else(gone)?;
    for part in path.map(RelativePath::as_str).unwrap_or_default().split('/').filter(|part| !part.is_empty()) {
        if !stat.is_directory() {
            return Err(refused("a part of its path is not a directory", "List the directory with read_file."));
        }
        real.push(part);
        stat = files.stat(&real).await?.ok_or_else(missing)?;
        if stat.is_link() {
            return Err(is_link());
        }
    }
    Ok(Looked { real, stat })
}

/// The path still leads where it did.
async fn confirm(files: &Files, looked: &Looked) -> Result<(), WorldError> {
    let (real, stat) = (files.real_path(&looked.real).await?, files.stat(&looked.real).await?);
    let same =
        |stat: Stat| stat.is_directory() == looked.stat.is_directory() && stat.is_file() == looked.stat.is_file();
    if real.as_ref() == Some(&looked.real) && stat.is_some_and(same) { Ok(()) } else { Err(is_link()) }
}

fn too_slow(host: &Remote<'_>) -> WorldError {
    let doing = format!("read a file on host {}", host.name());
    WorldError::new(Code::WorldFailed, doing, "it did not arrive within 30 s", "Read less of it, or try again.")
}

/// Whether something is there that is no link.
pub(in crate::world::files) async fn exists(host: Remote<'_>, root: &Path, path: &RelativePath) -> bool {
    let Ok(files) = host.files().await else { return false };
    look(&files, root, Some(path)).await.is_ok()
}

/// The entries of a directory below a root, by name. Links are named, never followed.
pub(in crate::world::files) async fn list(
    host: Remote<'_>,
    root: &Path,
    path: Option<&RelativePath>,
) -> Result<Vec<Entry>, WorldError> {
    let files = host.files().await?;
    let looked = look(&files, root, path).await?;
    if !looked.stat.is_directory() {
        return Err(refused("it is not a directory", "Read it as a file."));
    }
    confirm(&files, &looked).await?;
    let found = files.entries(&looked.real).await?;
    confirm(&files, &looked).await?;
    let plain = |name: &str| !name.is_empty() && !name.contains(['/', '\0']);
    let mut entries: Vec<Entry> = found.into_iter().filter(|(name, _)| plain(name)).map(entry).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries.truncate(ENTRIES);
    Ok(entries)
}

fn entry((name, stat): (String, Stat)) -> Entry {
    let kind = if stat.is_file() {
        "file"
    } else if stat.is_directory() {
        "directory"
    } else if stat.is_link() {
        "link"
    } else {
        "other"
    };
    Entry { name, kind, bytes: stat.size, modified: Some(modified(stat)), mode: stat.mode & 0o7777 }
}

fn modified(stat: Stat) -> Time {
    Time::from_millis(i64::from(stat.modified) * 1000)
}

/// Opens a file and lets `work` read it, on a thread that may block.
pub(super) async fn read<T: Send + 'static>(
    file: &File<'_>,
    work: impl FnOnce(Opened, &mut dyn Read) -> Result<T, WorldError> + Send + 'static,
) -> Result<T, WorldError> {
    let files = file.host.files().await?;
    let looked = look(&files, &file.root, Some(&file.path)).await?;
    if !looked.stat.is_file() {
        return Err(refused("it is not a regular file", "Give the path of a file; a directory can be listed."));
    }
    confirm(&files, &looked).await?;
    let (handle, stat) = files.open(&looked.real).await?;
    let read = async {
        confirm(&files, &looked).await?;
        if !stat.is_file() {
            return Err(refused("it changed while it was opened", "Try again."));
        }
        let opened = Opened { bytes: stat.size, modified: Some(modified(stat)), before: 0, form: Form::Plain };
        let (to, from) = mpsc::channel(PIECES);
        let worker = blocking(move || work(opened, &mut Pipe::new(from)));
        let pouring = async {
            // Moved in, so that its end is the end of the text.
            let to = to;
            tokio::time::timeout(super::PATIENCE, files.pour(&handle, stat.size, &to)).await
        };
        let (poured, worked) = tokio::join!(pouring, worker);
        match poured {
            Ok(Ok(())) => worked,
            Ok(Err(error)) => Err(error),
            Err(_) => Err(too_slow(&file.host)),
        }
    }
    .await;
    files.close(handle).await;
    read
}
