//! Files below the roots of the inventory, here and on hosts: opened so that no path and no link leads out, read line by line,
//! redacted on the way.

mod budget;
mod lines;
mod log_level;
mod log_time;
mod matching;
pub(in crate::world) mod open;
mod pattern;
mod remote;
mod rotation;
mod search;

use std::io::Read;

pub use budget::Budget;
pub use log_level::Level;
pub use log_time::moment_of;
pub use matching::{Found, Hit, Query};
pub use pattern::Pattern;
pub use rotation::LogFile;

use lines::for_each_line;
use open::Forbidden;

use super::{Reader, WorldError, blocking::blocking, host::Place, ssh::Role};
use crate::{
    domain::{
        inventory::{RelativePath, Root},
        refusal::Code,
        time::Time,
    },
    redact::Redactor,
};

/// The most of an `.env` file that is read, bytes.
const ENV_LIMIT: u64 = 1024 * 1024;

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

impl<'w> Reader<'w> {
    /// Lines of a file from line `from` on, at most `limit`, only those that hold `holding`. Searching happens on the redacted
    /// text: a search can never tell what a mask hides.
    pub async fn read_lines(
        &self,
        root: &Root,
        path: &RelativePath,
        from: u64,
        limit: usize,
        holding: Option<String>,
    ) -> Result<Part, WorldError> {
        refuse_private(path)?;
        let (redactor, forbidden) = (self.world.redactor.clone(), Forbidden::of(self.world));
        let only_keys = keys_only(path);
        let read = move |text: &mut dyn Read, bytes, modified| {
            let part = Part { bytes, modified, ..Part::default() };
            if only_keys {
                key_names(text, part)
            } else {
                lines_of(text, part, &redactor, from, limit, holding.as_deref())
            }
        };
        match self.root_place(root)? {
            Place::Here => {
                let (root, path) = (root.path.clone(), path.clone());
                blocking(move || {
                    let (mut file, bytes, modified) = open::regular(&forbidden, &root, &path)?;
                    read(&mut file, bytes, modified)
                })
                .await
            }
            Place::There(host) => {
                let file = remote::File::below(host, &root.path, path, &forbidden)?;
                file.read(move |opened, text| read(text, opened.bytes, opened.modified)).await
            }
        }
    }

    /// The entries of a directory, by name.
    pub async fn list_directory(&self, root: &Root, path: Option<&RelativePath>) -> Result<Vec<Entry>, WorldError> {
        match self.root_place(root)? {
            Place::Here => {
                let (root, path) = (root.path.clone(), path.cloned());
                blocking(move || open::list(&root, path.as_ref())).await
            }
            Place::There(host) => remote::list(host, &root.path, path).await,
        }
    }

    /// The keys of an `.env` file; never a value. `true` when the key has a value that is not empty.
    pub async fn env_file_keys(&self, root: &Root, path: &RelativePath) -> Result<Vec<(String, bool)>, WorldError> {
        let forbidden = Forbidden::of(self.world);
        match self.root_place(root)? {
            Place::Here => {
                let (root, path) = (root.path.clone(), path.clone());
                blocking(move || {
                    let (mut file, ..) = open::regular(&forbidden, &root, &path)?;
                    Ok(keys(&env_text(&mut file)?))
                })
                .await
            }
            Place::There(host) => {
                let file = remote::File::below(host, &root.path, path, &forbidden)?;
                file.read(|_, text| Ok(keys(&env_text(text)?))).await
            }
        }
    }

    /// Where a root is.
    fn root_place(self, root: &Root) -> Result<Place<'w>, WorldError> {
        root.host.as_ref().map_or(Ok(Place::Here), |host| self.place(host, Role::Deploy))
    }
}

/// The lines of a text that are wanted.
fn lines_of(
    text: &mut dyn Read,
    mut part: Part,
    redactor: &Redactor,
    from: u64,
    limit: usize,
    holding: Option<&str>,
) -> Result<Part, WorldError> {
    part.binary = !for_each_line(text, redactor, 1, &mut |line| {
        part.lines_read = line.number;
        if line.number < from || holding.is_some_and(|wanted| !line.text.contains(wanted)) {
            return true;
        }
        if part.lines.len() == limit {
            part.more = true;
            return false;
        }
        part.lines.push((line.number, line.shown()));
        true
    })?;
    if part.binary {
        part.lines.clear();
    }
    Ok(part)
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

fn key_names(text: &mut dyn Read, mut part: Part) -> Result<Part, WorldError> {
    part.lines = (1..).zip(key_lines(&env_text(text)?).lines().map(str::to_owned)).collect();
    part.lines_read = u64::try_from(part.lines.len()).unwrap_or(u64::MAX);
    Ok(part)
}

fn env_text(text: &mut dyn Read) -> Result<String, WorldError> {
    let mut read = String::new();
    let failed = |error| WorldError::io("read the keys of an .env file", error);
    text.take(ENV_LIMIT).read_to_string(&mut read).map_err(failed)?;
    Ok(read)
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
}
