//! A difference made good over SFTP, where the host has no `tar` or no shell.

use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    super::{Entry, Files, Remote, RemoteTree},
    Delivery,
    diff::{Add, Diff},
    pack,
};
use crate::world::{WorldError, tree::Kind};

/// How many files are on the way at once.
const AT_ONCE: usize = 16;

impl Remote<'_> {
    pub(super) async fn apply_by_files(&self, delivery: &Delivery<'_>, diff: &Diff) -> Result<(), WorldError> {
        let files = self.files().await?;
        let to = delivery.to;
        files.make_directory(to, 0o755).await?;
        for (path, mode) in &diff.open {
            files.set_mode(&to.join(path), *mode).await?;
        }
        if !diff.remove.is_empty() {
            let there = self.list("look at what is to go", to, &[]).await?;
            self.remove_by_files(to, &there, &|path| diff.remove.iter().any(|gone| path.starts_with(gone))).await?;
        }
        let is_directory = |add: &&Add| matches!(add, Add::Send(entry) if entry.kind == Kind::Directory);
        for add in diff.add.iter().filter(is_directory) {
            if let Add::Send(entry) = add {
                files.make_directory(&to.join(&entry.path), entry.mode | 0o700).await?;
                files.set_mode(&to.join(&entry.path), entry.mode | 0o700).await?;
            }
        }
        let base = delivery.base.map(|base| base.root.as_path());
        let rest: Vec<Add> = diff.add.iter().filter(|add| !is_directory(add)).cloned().collect();
        let adding = rest.iter().map(|add| one(&files, delivery.from, to, base, add));
        stream::iter(adding.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        for (path, mode) in diff.modes.iter().rev() {
            files.set_mode(&to.join(path), *mode).await?;
        }
        Ok(())
    }

    /// Removes the paths of a tree for which `going` says yes, deepest first.
    pub(super) async fn remove_by_files(
        &self,
        root: &Path,
        tree: &RemoteTree,
        going: &(dyn Fn(&Path) -> bool + Sync),
    ) -> Result<(), WorldError> {
        let files = self.files().await?;
        let sealed =
            |entry: &&Entry| entry.kind == Kind::Directory && entry.mode & 0o700 != 0o700 && going(&entry.path);
        for entry in tree.entries.iter().filter(sealed) {
            files.set_mode(&root.join(&entry.path), entry.mode | 0o700).await?;
        }
        let going = tree.entries.iter().rev().filter(|entry| going(&entry.path));
        let (directories, others): (Vec<_>, Vec<_>) = going.partition(|entry| entry.kind == Kind::Directory);
        let removing = others.into_iter().map(|entry| {
            let (files, path) = (files.clone(), root.join(&entry.path));
            async move { files.remove(&path).await }
        });
        stream::iter(removing.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        for entry in directories {
            files.remove_directory(&root.join(&entry.path)).await?;
        }
        Ok(())
    }
}

/// Adds one file or link.
async fn one(files: &Files, from: &Path, to: &Path, base: Option<&Path>, add: &Add) -> Result<(), WorldError> {
    let (entry, linked) = match add {
        Add::Send(entry) => (entry, None),
        Add::Link { entry, from } => (entry, base.map(|base| base.join(from))),
    };
    let at = to.join(&entry.path);
    if let Some(there) = linked
        && files.hard_link(&there, &at).await.is_ok()
    {
        return Ok(());
    }
    match &entry.kind {
        Kind::Link { target } => files.symlink(target, &at).await,
        Kind::File { .. } => {
            let file = pack::open(&from.join(&entry.path)).map_err(|e| WorldError::io("read what is to be sent", e))?;
            files.create(&at, entry.mode, file).await?;
            // What was asked for at its creation went through the host's umask.
            files.set_mode(&at, entry.mode).await
        }
        Kind::Directory | Kind::Other => Ok(()),
    }
}
