//! Files below the roots of the inventory: opened so that no path and no link leads out, read line by line, redacted on the way.

mod budget;
mod log_time;
mod open;
mod rotation;
mod search;

use std::{
    io::{BufReader, Read},
    path::Path,
};

pub use budget::Budget;
pub use log_time::moment_of;
pub use rotation::LogFile;
pub use search::{Found, Hit, Query};

use open::Forbidden;

use super::{Reader, WorldError, blocking::blocking};
use crate::{
    domain::{clean::clean, inventory::RelativePath, refusal::Code, time::Time},
    redact::Redactor,
};

/// The longest line that is shown, bytes; what is longer is cut and said.
const LINE_LIMIT: usize = 8 * 1024;

/// A part of a text file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The lines with their numbers, from 1; redacted and cleaned.
    pub lines: Vec<(u64, String)>,
    /// All lines of the file, as far as it was read.
    pub lines_read: u64,
    /// Its size, bytes.
    pub bytes: u64,
    /// When it was last written (UTC).
    pub modified: Option<Time>,
    /// Whether there are more lines behind those shown.
    pub more: bool,
    /// Whether it is not text; then there are no lines.
    pub binary: bool,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// `file`, `directory`, `link` or `other`.
    pub kind: &'static str,
    /// Its size, bytes.
    pub bytes: u64,
    /// When it was last written (UTC).
    pub modified: Option<Time>,
    /// Its permissions, octal.
    pub mode: u32,
}

impl Reader<'_> {
    /// Lines of a file from line `from` on, at most `limit`, only those that hold `holding`. Searching happens on the redacted
    /// text: a search can never tell what a mask hides.
    pub async fn read_lines(
        &self,
        root: &Path,
        path: &RelativePath,
        from: u64,
        limit: usize,
        holding: Option<String>,
    ) -> Result<Part, WorldError> {
        refuse_private(path)?;
        let (redactor, forbidden) = (self.world.redactor.clone(), Forbidden::of(self.world));
        let (root, path) = (root.to_owned(), path.clone());
        blocking(move || {
            let (file, bytes, modified) = open::regular(&forbidden, &root, &path)?;
            let mut part = Part { bytes, modified, ..Part::default() };
            if keys_only(&path) {
                return key_names(file, part);
            }
            part.binary = !for_each_line(file, &redactor, &mut |number, line| {
                part.lines_read = number;
                if number < from || holding.as_ref().is_some_and(|wanted| !line.contains(wanted.as_str())) {
                    return true;
                }
                if part.lines.len() == limit {
                    part.more = true;
                    return false;
                }
                part.lines.push((number, line.to_owned()));
                true
            })?;
            if part.binary {
                part.lines.clear();
            }
            Ok(part)
        })
        .await
    }

    /// The entries of a directory, by name.
    pub async fn list_directory(&self, root: &Path, path: Option<&RelativePath>) -> Result<Vec<Entry>, WorldError> {
        let (root, path) = (root.to_owned(), path.cloned());
        blocking(move || open::list(&root, path.as_ref())).await
    }

    /// The keys of an `.env` file; never a value. `true` when the key has a value that is not empty.
    pub async fn env_file_keys(&self, root: &Path, path: &RelativePath) -> Result<Vec<(String, bool)>, WorldError> {
        let (root, path, forbidden) = (root.to_owned(), path.clone(), Forbidden::of(self.world));
        blocking(move || {
            let (mut file, ..) = open::regular(&forbidden, &root, &path)?;
            let mut text = String::new();
            file.by_ref()
                .take(1024 * 1024)
                .read_to_string(&mut text)
                .map_err(|error| WorldError::io("read the keys of an .env file", error))?;
            Ok(keys(&text))
        })
        .await
    }
}

/// Files whose whole point is a secret are not read at all.
fn refuse_private(path: &RelativePath) -> Result<(), WorldError> {
    let name = path.file_name().to_ascii_lowercase();
    let private = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", ".pgpass", ".my.cnf", ".git-credentials"]
        .contains(&name.as_str())
        || [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".age"]
            .iter()
            .any(|end| name.ends_with(end));
    if private {
        return Err(WorldError::new(
            Code::PathRefused,
            "read a file",
            "its name says that it holds a key or a password",
            "No tool shows it; verify_secret says whether a secret exists.",
        ));
    }
    Ok(())
}

/// `.env` files are shown as key names; their examples hold no secrets.
pub fn keys_only(path: &RelativePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let env = name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
    env && ![".example", ".sample", ".dist", ".template"].iter().any(|end| name.ends_with(end))
}

fn key_names(mut file: std::fs::File, mut part: Part) -> Result<Part, WorldError> {
    let mut text = String::new();
    file.by_ref()
        .take(1024 * 1024)
        .read_to_string(&mut text)
        .map_err(|error| WorldError::io("read the keys of an .env file", error))?;
    part.lines = (1..).zip(key_lines(&text).lines().map(str::to_owned)).collect();
    part.lines_read = u64::try_from(part.lines.len()).unwrap_or(u64::MAX);
    Ok(part)
}

/// An `.env` text as lines that say which keys are set.
pub fn key_lines(text: &str) -> String {
    let line = |(key, set): (String, bool)| if set { format!("{key} is set\n") } else { format!("{key} is empty\n") };
    keys(text).into_iter().map(line).collect()
}

/// `KEY=value`, `export KEY=value`; everything else is passed over.
pub fn keys(text: &str) -> Vec<(String, bool)> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let (key, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
            let key = key.trim_end();
            let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let value = value.trim().trim_matches(['"', '\'']);
            plain.then(|| (key.to_owned(), !value.is_empty()))
        })
        .collect()
}

/// Calls `each` with every line, redacted and cleaned, until it says `false`. Returns whether the file is text.
///
/// Memory stays small whatever the file holds: blocks go through the redactor's stream, and a line is kept to its limit.
fn for_each_line(
    file: impl Read,
    redactor: &Redactor,
    each: &mut dyn FnMut(u64, &str) -> bool,
) -> Result<bool, WorldError> {
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    let mut stream = redactor.stream();
    let mut block = vec![0; 64 * 1024];
    let mut lines = Lines { number: 0, line: Vec::new(), left_out: 0, each };
    let mut clean_bytes = Vec::new();
    let mut first = true;
    loop {
        let count = reader.read(&mut block).map_err(|error| WorldError::io("read a file", error))?;
        let read = block.get(..count).unwrap_or_default();
        if first && read.contains(&0) {
            return Ok(false);
        }
        first = false;
        clean_bytes.clear();
        if count == 0 {
            stream.finish(&mut clean_bytes);
            if lines.take(&clean_bytes) {
                lines.last();
            }
            return Ok(true);
        }
        stream.push(read, &mut clean_bytes);
        if !lines.take(&clean_bytes) {
            return Ok(true);
        }
    }
}

/// Cuts bytes into lines.
struct Lines<'a> {
    number: u64,
    line: Vec<u8>,
    left_out: u64,
    each: &'a mut dyn FnMut(u64, &str) -> bool,
}

impl Lines<'_> {
    /// Takes bytes; `false` when nobody wants more.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end);
            self.keep(line);
            rest = behind.get(1..).unwrap_or_default();
            if !self.emit() {
                return false;
            }
        }
        self.keep(rest);
        true
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_LIMIT.saturating_sub(self.line.len());
        let (kept, left) = bytes.split_at(room.min(bytes.len()));
        self.line.extend_from_slice(kept);
        self.left_out += u64::try_from(left.len()).unwrap_or(u64::MAX);
    }

    fn emit(&mut self) -> bool {
        self.number += 1;
        let mut line = clean(&String::from_utf8_lossy(&self.line));
        if self.left_out > 0 {
            line.push_str(&format!(" [{} bytes left out]", self.left_out));
        }
        self.line.clear();
        self.left_out = 0;
        (self.each)(self.number, &line)
    }

    /// The last line, when it has no line end.
    fn last(&mut self) {
        if !self.line.is_empty() {
            self.emit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_show_keys_and_whether_they_are_set() {
        let text = "# comment\nA=1\nexport B=\"two\"\nC=\nD=''\nnot a line\n=x\n";
        let found = keys(text);
        let wanted = [("A", true), ("B", true), ("C", false), ("D", false)];
        assert_eq!(found, wanted.map(|(key, set)| (key.to_owned(), set)));
    }

    #[test]
    fn long_lines_are_cut_and_said() {
        let text = format!("{}\nshort", "x".repeat(LINE_LIMIT + 5));
        let mut seen = Vec::new();
        let redactor = Redactor::new([]).0;
        for_each_line(text.as_bytes(), &redactor, &mut |number, line| {
            seen.push((number, line.len(), line.ends_with("[5 bytes left out]")));
            true
        })
        .unwrap();
        assert_eq!(seen.len(), 2);
        assert!(seen[0].2, "{seen:?}");
        assert_eq!(seen[1], (2, 5, false));
    }
}
