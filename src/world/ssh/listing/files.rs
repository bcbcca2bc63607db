//! Listing over SFTP, where there is no shell.

use std::path::{Path, PathBuf};

use futures::{StreamExt, stream};

use super::{
    super::{Files, Remote, Stat},
    Entry,
};
use crate::{
    domain::{inventory::RelativePath, refusal::Code},
    world::{
        WorldError,
        tree::{self, ENTRIES, Kind},
    },
};

/// How many directories are listed at once.
const AT_ONCE: usize = 16;

impl Remote<'_> {
    pub(super) async fn list_by_files(
        &self,
        doing: &str,
        root: &Path,
        leave_out: &[RelativePath],
    ) -> Result<Vec<Entry>, WorldError> {
        let files = self.files().await?;
        let mut entries = Vec::new();
        let mut level = vec![PathBuf::new()];
        while !level.is_empty() {
            let listings = level.drain(..).map(|directory| list(&files, root, directory, leave_out));
            let mut listings = stream::iter(listings.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
            let mut below = Vec::new();
            while let Some(listing) = listings.next().await {
                let listing =
                    listing.map_err(|error| WorldError { doing: format!("{doing} on host {}", self.name), ..error })?;
                below.extend(listing.iter().filter(|e| e.kind == Kind::Directory).map(|e| e.path.clone()));
                entries.extend(listing);
            }
            if entries.len() > ENTRIES {
                return Err(tree::too_many(format!("{doing} on host {}", self.name)));
            }
            level = below;
        }
        Ok(entries)
    }
}

/// One directory. One that vanished is empty.
async fn list(
    files: &Files,
    root: &Path,
    directory: PathBuf,
    leave_out: &[RelativePath],
) -> Result<Vec<Entry>, WorldError> {
    let here = root.join(&directory);
    let found = match files.entries(&here).await {
        Ok(found) => found,
        Err(_) if directory != Path::new("") && files.stat(&here).await?.is_none() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::new();
    for (name, stat) in found {
        // The library turns what is not UTF-8 into this character, and the name is lost.
        if name.contains('\u{fffd}') {
            return Err(WorldError::new(
                Code::Unsupported,
                "list a directory",
                "it holds a name that is not UTF-8",
                "Rename the file, or use a login with a shell.",
            ));
        }
        let path = directory.join(&name);
        if leave_out.iter().any(|left| path.starts_with(left.as_path())) {
            continue;
        }
        let kind = kind(files, &root.join(&path), stat).await?;
        entries.extend(kind.map(|kind| Entry {
            path,
            mode: stat.mode & 0o7777,
            kind,
            modified: i128::from(stat.modified) * 1_000_000_000,
            changed: 0,
            inode: 0,
            content: None,
        }));
    }
    Ok(entries)
}

/// What an entry is; `None` when it vanished.
async fn kind(files: &Files, path: &Path, stat: Stat) -> Result<Option<Kind>, WorldError> {
    Ok(Some(if stat.is_directory() {
        Kind::Directory
    } else if stat.is_file() {
        Kind::File { size: stat.size }
    } else if stat.is_link() {
        match files.read_link(path).await {
            Ok(target) => Kind::Link { target: target.into() },
            Err(_) if files.stat(path).await?.is_none() => return Ok(None),
            Err(error) => return Err(error),
        }
    } else {
        Kind::Other
    }))
}
