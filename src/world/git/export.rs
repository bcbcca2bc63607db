//! Exports: the files of a commit in a directory of their own, byte for byte as the commit holds them.
//!
//! Blobs are written without filters or line-end conversion, and every file that was written is hashed again from disk
//! and compared with the commit's own object ids.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{OpenOptionsExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
};

use super::{Entry, Repository};
use crate::{
    domain::refusal::Code,
    world::{WorldError, blocking::blocking, tree},
};

/// An export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Where it lies.
    pub directory: PathBuf,
    /// The tree it was verified against.
    pub tree: String,
    /// How many files it has.
    pub files: u64,
    /// Submodules; their directories are empty.
    pub submodules: u64,
}

/// Exports a commit into `directory`, which must not exist. `tree`, when given, is the tree the commit must have.
///
/// The directory appears at once and complete, or not at all.
pub(crate) async fn export(
    repository: &Repository,
    commit: &str,
    tree: Option<&str>,
    directory: &Path,
) -> Result<Exported, WorldError> {
    let answer =
        repository.text(&["cat-file", "--batch-check"], Some(format!("{commit}^{{tree}}\n").as_bytes())).await?;
    let found = answer.split(' ').next().unwrap_or_default().to_owned();
    if !answer.contains(" tree ") || tree.is_some_and(|wanted| wanted != found) {
        return Err(problem("the commit is not there, or its tree is not the planned one", "Run the dry run again."));
    }
    let entries = repository.entries(&found).await?;
    let wanted = lines(entries.iter().filter(|e| e.kind == "blob").map(|e| e.oid.clone()));
    let blobs = repository.output(&["cat-file", "--batch"], Some(wanted.as_bytes())).await?;

    let partial = beside(directory, ".partial");
    let (target, listed) = (partial.clone(), entries.clone());
    blocking(move || write(&target, &listed, blobs)).await?;
    verify(repository, &partial, &entries).await?;
    let (from, to) = (partial, directory.to_owned());
    blocking(move || {
        tree::refuse_escaping_links(&from)?;
        fs::rename(&from, &to).map_err(|e| WorldError::io("put the export into its place", e))
    })
    .await?;
    let count = |kind: &str| entries.iter().filter(|e| e.kind == kind).count() as u64;
    Ok(Exported { directory: directory.to_owned(), tree: found, files: count("blob"), submodules: count("commit") })
}

/// `path` with `suffix` at its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn write(root: &Path, entries: &[Entry], blobs: File) -> Result<(), WorldError> {
    let io = |e| WorldError::io("write the export", e);
    if root.exists() {
        fs::remove_dir_all(root).map_err(io)?;
    }
    fs::create_dir_all(root).map_err(io)?;
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).map_err(io)?;
    let mut blobs = BufReader::with_capacity(256 * 1024, blobs);
    let mut links = Vec::new();
    for entry in entries {
        let path = safe_path(root, &entry.path)?;
        if let Some(parent) = path.parent() {
            create_directories(root, parent)?;
        }
        if entry.kind != "blob" {
            create_directories(root, &path)?;
            continue;
        }
        let size = blob_size(&mut blobs, entry)?;
        let mut content = (&mut blobs).take(size);
        if entry.mode == "120000" {
            let mut target = Vec::new();
            content.read_to_end(&mut target).map_err(io)?;
            links.push((path, OsString::from_vec(target)));
        } else {
            let mode = if entry.mode == "100755" { 0o755 } else { 0o644 };
            let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).map_err(io)?;
            std::io::copy(&mut content, &mut file).map_err(io)?;
            file.flush().map_err(io)?;
            // The umask must not decide what an artifact's digest is.
            file.set_permissions(fs::Permissions::from_mode(mode)).map_err(io)?;
        }
        let mut end = [0; 1];
        blobs.read_exact(&mut end).map_err(io)?;
    }
    // Links come last, so that no file is ever written through one.
    links.into_iter().try_for_each(|(path, target)| symlink(target, path).map_err(io))
}

/// The size of the blob that follows, when it is the expected one: `<oid> blob <size>`.
pub(super) fn blob_size(blobs: &mut BufReader<File>, entry: &Entry) -> Result<u64, WorldError> {
    let mut line = String::new();
    blobs.read_line(&mut line).map_err(|e| WorldError::io("read what git wrote", e))?;
    match line.trim_end().split(' ').collect::<Vec<_>>().as_slice() {
        [oid, "blob", size] if *oid == entry.oid => size.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| problem("an object of the commit is missing or damaged", "Run git fsck in the repository."))
}

fn safe_path(root: &Path, path: &OsStr) -> Result<PathBuf, WorldError> {
    let bad = path
        .as_bytes()
        .split(|byte| *byte == b'/')
        .any(|part| part.is_empty() || part == b"." || part == b".." || part.eq_ignore_ascii_case(b".git"));
    if bad {
        return Err(problem("it holds a path that could leave the export", "Correct the commit and tag it anew."));
    }
    Ok(root.join(path))
}

/// Creates `directory` and what is missing above it, below `root`, with mode 0755.
fn create_directories(root: &Path, directory: &Path) -> Result<(), WorldError> {
    if directory == root || directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        create_directories(root, parent)?;
    }
    fs::create_dir(directory)
        .and_then(|()| fs::set_permissions(directory, fs::Permissions::from_mode(0o755)))
        .map_err(|e| WorldError::io("write the export", e))
}

/// Hashes what was written, from disk, and compares it with the commit.
async fn verify(repository: &Repository, root: &Path, entries: &[Entry]) -> Result<(), WorldError> {
    let files: Vec<&Entry> = entries.iter().filter(|e| e.kind == "blob" && e.mode != "120000").collect();
    let paths: Vec<u8> = files.iter().flat_map(|entry| quoted(&root.join(&entry.path))).collect();
    let hashes = repository.text(&["hash-object", "--no-filters", "--stdin-paths"], Some(&paths)).await?;
    if hashes.lines().eq(files.iter().map(|e| e.oid.as_str())) {
        Ok(())
    } else {
        Err(problem(
            "what was written is not what the commit holds",
            "Try again; check the disk when it happens twice.",
        ))
    }
}

/// A path as git reads it from a line, whatever bytes it holds (`core.quotePath` in git-config(1)).
fn quoted(path: &Path) -> Vec<u8> {
    let mut line = vec![b'"'];
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'\n' => line.extend(b"\\n"),
            b'"' | b'\\' => line.extend([b'\\', *byte]),
            other => line.push(*other),
        }
    }
    line.extend(b"\"\n");
    line
}

pub(super) fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |all, text| all + &text + "\n")
}

fn problem(problem: &str, fix: &str) -> WorldError {
    WorldError::new(Code::WorldFailed, "export the commit", problem, fix)
}
