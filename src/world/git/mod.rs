//! Git repositories, used through a git that runs nothing of the repository's: no hooks, no filters, no configuration of
//! the user or the system, no submodules.

mod blobs;
mod export;
mod reader;
mod remote;
mod signature;
mod signing;
mod tags;
mod versions;

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{Read, Seek, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

pub use export::Exported;
pub(crate) use export::{beside, export};
pub(in crate::world) use signing::sign;
pub use versions::Tag;

use super::{
    WorldError,
    process::{self, Environment, Invocation},
};
use crate::domain::{digest::Digest, inventory::RelativePath, refusal::Code};

const TIMEOUT: Duration = Duration::from_mins(2);
/// A script or configuration file is not larger, bytes.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// A file as a commit holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAt {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Whether git marks it as executable.
    pub executable: bool,
}

impl FileAt {
    /// The interpreter of the first line with its argument (as the kernel reads it: at most one); empty when there is none.
    pub fn interpreter(&self) -> Vec<String> {
        let first = self.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Some(line) = first.strip_prefix(b"#!") else { return Vec::new() };
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).trim().to_owned();
        match line.split_once([' ', '\t']) {
            Some((program, argument)) => vec![program.to_owned(), argument.trim().to_owned()],
            None if line.is_empty() => Vec::new(),
            None => vec![line],
        }
    }
}

/// A repository on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    path: PathBuf,
    /// A repository of ours with tags of its remote; its objects are seen in this one.
    mirror: Option<PathBuf>,
}

impl Repository {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), mirror: None }
    }

    /// One file of a commit; `None` when the commit does not hold it. Symbolic links and submodules are refused.
    pub(crate) async fn file(&self, commit: &str, path: &RelativePath) -> Result<Option<FileAt>, WorldError> {
        let doing = format!("read {path} of the commit");
        let listing = ["ls-tree", "-z", "-l", "--full-tree", "--end-of-options", commit, "--", path.as_str()];
        let listing = self.bytes(&listing, None).await?;
        let Some(entry) = Entry::all(&listing).next().filter(|e| e.path == *path.as_str()) else {
            return Ok(None);
        };
        if entry.kind != "blob" || entry.mode == "120000" {
            return Err(WorldError::new(
                Code::PathRefused,
                doing,
                "it is not a regular file",
                "Name a regular file of the repository.",
            ));
        }
        if entry.size > FILE_LIMIT {
            return Err(WorldError::new(
                Code::PathRefused,
                doing,
                "it is larger than 4 MiB",
                "Name a script or a configuration file.",
            ));
        }
        let mut bytes = Vec::new();
        self.output(&["cat-file", "blob", &entry.oid], None)
            .await?
            .read_to_end(&mut bytes)
            .map_err(|e| WorldError::io(doing, e))?;
        let digest = Digest::of(&bytes);
        Ok(Some(FileAt { bytes, digest, executable: entry.mode == "100755" }))
    }

    /// The regular files of a commit whose names end like this and that are not marked as executable.
    async fn not_executable(&self, commit: &str, end: &str) -> Result<Vec<String>, WorldError> {
        let plain = self.entries(commit).await?.into_iter().filter(|e| e.mode == "100644");
        Ok(plain.filter_map(|entry| entry.path.into_string().ok()).filter(|path| path.ends_with(end)).collect())
    }

    /// The regular files of a commit in one directory, with what they hold; those that are too large are left out.
    async fn files_in(&self, commit: &str, directory: &RelativePath) -> Result<Vec<(String, Vec<u8>)>, WorldError> {
        let below = format!("{directory}/");
        let listing = ["ls-tree", "-z", "-l", "--full-tree", "--end-of-options", commit, "--", &below];
        let mut files = Vec::new();
        for entry in Entry::all(&self.bytes(&listing, None).await?) {
            let regular = entry.kind == "blob" && entry.mode != "120000" && entry.size <= FILE_LIMIT;
            let Some(path) = entry.path.to_str().filter(|_| regular) else { continue };
            files.push((path.to_owned(), self.bytes(&["cat-file", "blob", &entry.oid], None).await?));
        }
        Ok(files)
    }

    /// Everything that a commit or tree holds.
    async fn entries(&self, commit: &str) -> Result<Vec<Entry>, WorldError> {
        let listing = ["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", commit];
        Ok(Entry::all(&self.bytes(&listing, None).await?).collect())
    }

    /// Runs git and gives what it wrote as text.
    async fn text(&self, arguments: &[&str], input: Option<&[u8]>) -> Result<String, WorldError> {
        Ok(String::from_utf8_lossy(&self.bytes(arguments, input).await?).into_owned())
    }

    async fn bytes(&self, arguments: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>, WorldError> {
        let mut bytes = Vec::new();
        self.output(arguments, input)
            .await?
            .read_to_end(&mut bytes)
            .map_err(|e| WorldError::io("read what git wrote", e))?;
        Ok(bytes)
    }

    /// Runs git with its output in an unnamed file: what a repository holds may be larger than memory.
    async fn output(&self, arguments: &[&str], input: Option<&[u8]>) -> Result<File, WorldError> {
        let io = |e| WorldError::io("prepare a call of git", e);
        let mut invocation = self.invocation(&self.path, arguments);
        if let Some(bytes) = input {
            let mut file = tempfile::tempfile().map_err(io)?;
            file.write_all(bytes).and_then(|()| file.rewind()).map_err(io)?;
            invocation.input = Some(file);
        }
        let mut output = tempfile::tempfile().map_err(io)?;
        invocation.output = Some(output.try_clone().map_err(io)?);
        let what = arguments.first().copied().unwrap_or_default();
        let finished = process::run(invocation).await?;
        if !finished.ending.is_success() {
            return Err(WorldError::new(
                Code::WorldFailed,
                format!("run git {what} in repository {}", self.path.display()),
                format!("it ended by {}", finished.ending.describe()),
                "Check the repository of the service in deploy-ops.toml: git fsck tells whether it is sound.",
            )
            .because(finished.output.last(2048)));
        }
        output.rewind().map_err(io)?;
        Ok(output)
    }

    fn invocation(&self, directory: &Path, arguments: &[&str]) -> Invocation {
        let safe = format!("safe.directory={}", self.path.display());
        let mut environment = Environment::default()
            .ours("GIT_CONFIG_NOSYSTEM", "1")
            .ours("GIT_CONFIG_GLOBAL", "/dev/null")
            .ours("GIT_LITERAL_PATHSPECS", "1")
            .ours("GIT_NO_LAZY_FETCH", "1")
            .ours("GIT_NO_REPLACE_OBJECTS", "1")
            .ours("GIT_OPTIONAL_LOCKS", "0")
            .ours("GIT_TERMINAL_PROMPT", "0")
            .ours("HOME", "/nonexistent");
        if let Some(mirror) = &self.mirror {
            environment = environment.ours("GIT_ALTERNATE_OBJECT_DIRECTORIES", mirror.join("objects"));
        }
        let mut invocation = Invocation::new("git", directory, TIMEOUT).args(&[
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "protocol.ext.allow=never",
            "-c",
            "core.quotePath=false",
            "-c",
            &safe,
        ]);
        invocation = invocation.args(&["--no-pager", "--no-optional-locks"]).args(arguments);
        invocation.environment = environment;
        invocation
    }
}

/// A line of `git ls-tree -z -l`.
#[derive(Debug, Clone)]
struct Entry {
    mode: String,
    kind: String,
    oid: String,
    size: u64,
    /// Any bytes but zeros.
    path: OsString,
}

impl Entry {
    fn all(listing: &[u8]) -> impl Iterator<Item = Self> {
        listing.split(|byte| *byte == 0).filter_map(Self::parse)
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let (facts, path) = line.split_at_checked(line.iter().position(|byte| *byte == b'\t')?)?;
        let mut facts = std::str::from_utf8(facts).ok()?.split_ascii_whitespace();
        Some(Self {
            mode: facts.next()?.to_owned(),
            kind: facts.next()?.to_owned(),
            oid: facts.next()?.to_owned(),
            size: facts.next()?.parse().unwrap_or(0),
            path: OsStr::from_bytes(path.get(1..)?).to_owned(),
        })
    }
}
