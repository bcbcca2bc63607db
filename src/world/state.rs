//! The state of a target: what its directory and its databases hold, before and after a dry run.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{
    Reader, WorldError,
    blocking::blocking,
    database::{Contents, is_database_file},
    host::Place,
    ssh::{Remote, Role},
    tree::{self, Kind},
};
use crate::domain::{digest::Digest, inventory::Target, name::DatabaseName};

/// How many bytes of files are read to digest a target; files past that count by size and times.
const READ: u64 = 2 * 1024 * 1024 * 1024;

/// What a target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetState {
    files: BTreeMap<PathBuf, String>,
    databases: BTreeMap<DatabaseName, Contents>,
}

impl TargetState {
    /// One digest over everything. It does not depend on the order in which the file system lists.
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(b"deployops/target/v1\0");
        for (path, what) in &self.files {
            hash.update(path.as_os_str().as_bytes());
            hash.update([0]);
            hash.update(what.as_bytes());
            hash.update(b"\n");
        }
        for (name, contents) in &self.databases {
            hash.update(name.as_str().as_bytes());
            hash.update(contents.schema.as_bytes());
            for (table, digest) in &contents.tables {
                hash.update(table.as_bytes());
                hash.update([0]);
                hash.update(digest.as_bytes());
            }
        }
        Digest::from_bytes(hash.finalize().into())
    }

    /// The files that differ, by path.
    pub fn changed_files(&self, later: &Self) -> Vec<PathBuf> {
        let mut paths: Vec<&PathBuf> = self.files.keys().chain(later.files.keys()).collect();
        paths.sort();
        paths.dedup();
        paths.into_iter().filter(|path| self.files.get(*path) != later.files.get(*path)).cloned().collect()
    }

    /// The databases whose schema or migrations differ, and the tables whose rows do, as `database` and `database.table`.
    pub fn changed_databases(&self, later: &Self) -> Vec<String> {
        let mut changed = Vec::new();
        for (name, before) in &self.databases {
            let Some(after) = later.databases.get(name) else { continue };
            if before.schema != after.schema || before.migration_head != after.migration_head {
                changed.push(name.to_string());
            }
            changed.extend(before.changed_tables(after).into_iter().map(|table| format!("{name}.{table}")));
        }
        changed
    }
}

impl Reader<'_> {
    /// Every file below the target's root (path, type, permissions, size, content) without what the target calls volatile, and
    /// everything its databases hold. The database files themselves are left to SQLite.
    pub async fn target_state(&self, target: &Target) -> Result<TargetState, WorldError> {
        let files = match self.place(&target.host, Role::Deploy)? {
            Place::Here => self.files_here(target).await?,
            Place::There(remote) => Box::pin(files_there(remote, target)).await?,
        };
        let mut databases = BTreeMap::new();
        for name in &target.databases {
            databases.insert(name.clone(), self.database_contents(name).await?);
        }
        Ok(TargetState { files, databases })
    }

    async fn files_here(self, target: &Target) -> Result<BTreeMap<PathBuf, String>, WorldError> {
        let root = target.root.clone();
        let volatile: Vec<PathBuf> = target.volatile.iter().map(|path| path.as_path().to_owned()).collect();
        let inventory = self.world.inventory.clone();
        blocking(move || {
            if !root.exists() {
                return Ok(BTreeMap::new());
            }
            let mut left = READ;
            let mut files = BTreeMap::new();
            for node in tree::walk(&root, &|path: &Path| !volatile.iter().any(|v| path.starts_with(v)))? {
                if is_database_file(&inventory, node.device, node.inode) {
                    continue;
                }
                let what = match node.kind {
                    Kind::File { size } if size > left => format!("{:o} file {size} {}", node.mode, node.changed),
                    Kind::File { size } => {
                        left -= size;
                        match tree::describe(&root, &node) {
                            Ok(what) => what,
                            // Unreadable or gone since it was listed.
                            Err(_) => format!("{:o} file {size} {}", node.mode, node.changed),
                        }
                    }
                    _ => tree::describe(&root, &node)?,
                };
                files.insert(node.path, what);
            }
            Ok(files)
        })
        .await
    }
}

/// The same over SSH, as the one who deploys sees it. What we keep there for ourselves is not part of it.
async fn files_there(remote: Remote<'_>, target: &Target) -> Result<BTreeMap<PathBuf, String>, WorldError> {
    let doing = "read the state of the target";
    if remote.files().await?.stat(&target.root).await?.is_none() {
        return Ok(BTreeMap::new());
    }
    let mut left_out = target.volatile.clone();
    left_out.extend(".deploy-ops".parse().ok());
    let mut tree = remote.list(doing, &target.root, &left_out).await?;
    let mut left = READ;
    let mut read: BTreeSet<PathBuf> = BTreeSet::new();
    for entry in &tree.entries {
        if let Kind::File { size } = entry.kind
            && size <= left
        {
            left -= size;
            read.insert(entry.path.clone());
        }
    }
    remote.read_contents(doing, &target.root, &mut tree, &|entry| read.contains(&entry.path)).await?;
    Ok(tree.entries.into_iter().map(|entry| (entry.path.clone(), entry.line())).collect())
}
