//! What the operator's ssh_config(5) says about a host, as far as it concerns us.
//!
//! Read by hand, because what it must not do matters as much: the parsers of the field know neither `Match` nor tokens nor the
//! line of what they found, and an option that is passed over can mean another host, or a host that nobody checks.

mod line;
mod options;
#[cfg(test)]
mod tests;
mod tokens;

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub(super) use options::{Given, SshOptions};
use tokens::home_of;

use super::problem::Severity;
use crate::domain::pattern;

/// Files that include each other deeper are refused, as in OpenSSH.
const DEPTH: usize = 16;
/// A larger file is refused, bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// Something in the file that we cannot honour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) fix: String,
}

/// What `file` says about `alias`, and what it says that we cannot honour. Nothing in a remark is a value of the file.
pub(super) fn look_up(file: &Path, home: &Path, alias: &str) -> (SshOptions, Vec<Remark>) {
    let mut reading = Reading { home, alias, options: SshOptions::default(), remarks: Vec::new() };
    if file.exists() {
        reading.file(file, true, 0);
    } else {
        let path = file.display();
        reading.remark(Severity::Error, format!("there is no file {path}"), "create it, or give ssh_config_file");
    }
    reading.options.expand(alias, home).into_iter().for_each(|remark| reading.remarks.push(remark));
    (reading.options, reading.remarks)
}

struct Reading<'a> {
    home: &'a Path,
    alias: &'a str,
    options: SshOptions,
    remarks: Vec<Remark>,
}

/// Whether a `Match` line is for this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applies {
    Yes,
    No,
    /// It depends on what only `ssh` itself knows.
    Undecidable,
}

impl Reading<'_> {
    fn remark(&mut self, severity: Severity, message: String, fix: &str) {
        self.remarks.push(Remark { severity, message, fix: fix.to_owned() });
    }

    fn error_at(&mut self, file: &Path, line: usize, message: &str, fix: &str) {
        self.remark(Severity::Error, format!("line {line} of {}: {message}", file.display()), fix);
    }

    /// Reads a file. Where `may_apply` is false nothing in it is for this host, whatever its `Host` lines say.
    fn file(&mut self, file: &Path, may_apply: bool, depth: usize) {
        let shown = file.display();
        let Ok(metadata) = fs::metadata(file) else { return };
        if !metadata.is_file() || metadata.len() > FILE_MAX {
            return self.remark(Severity::Error, format!("{shown} is not a file of at most 1 MiB"), "correct its path");
        }
        if metadata.mode() & 0o022 != 0 {
            let fix = format!("chmod go-w {shown}");
            return self.remark(Severity::Error, format!("{shown} can be changed by other users"), &fix);
        }
        if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() {
            let fix = "let it belong to the server's user, or give ssh_config_file";
            return self.remark(Severity::Error, format!("{shown} belongs to another user"), fix);
        }
        let Ok(text) = fs::read_to_string(file) else {
            return self.remark(Severity::Error, format!("{shown} cannot be read as UTF-8"), "check its permissions");
        };
        let mut active = may_apply;
        for (number, text) in text.lines().enumerate().map(|(index, text)| (index + 1, text)) {
            match line::split(text) {
                None => {}
                Some(Err(line::Unclosed)) => self.error_at(file, number, "a quote is not closed", "close it"),
                Some(Ok((keyword, words))) => match keyword.as_str() {
                    "host" => {
                        active = may_apply && pattern::any_matches(words.iter().map(String::as_str), self.alias);
                    }
                    "match" if !may_apply => {}
                    "match" => match self.applies(&words) {
                        Applies::Yes => active = true,
                        Applies::No => active = false,
                        Applies::Undecidable => {
                            active = false;
                            let fix = "give the values in deploy-ops.toml, or use Match with all, host, originalhost and user";
                            self.error_at(file, number, "this Match cannot be decided here", fix);
                        }
                    },
                    "include" if active => {
                        for word in &words {
                            self.include(file, number, word, depth);
                        }
                    }
                    _ if active => self.option(file, number, &keyword, &words),
                    _ => {}
                },
            }
        }
    }

    fn applies(&self, words: &[String]) -> Applies {
        let mut words = words.iter().map(String::as_str);
        while let Some(criterion) = words.next() {
            let (wanted, criterion) = match criterion.strip_prefix('!') {
                Some(rest) => (false, rest),
                None => (true, criterion),
            };
            let lowered = criterion.to_ascii_lowercase();
            let subject = match lowered.as_str() {
                "all" => {
                    if wanted {
                        continue;
                    }
                    return Applies::No;
                }
                // Names are not canonicalised here, so that there is no second pass.
                "canonical" => return Applies::No,
                "originalhost" => Some(self.alias.to_owned()),
                "host" => Some(self.options.host_name_so_far(self.alias)),
                "user" => self.options.user.as_ref().map(|user| user.text.clone()),
                _ => None,
            };
            let (Some(subject), Some(patterns)) = (subject, words.next()) else { return Applies::Undecidable };
            if pattern::any_matches(patterns.split(','), &subject) != wanted {
                return Applies::No;
            }
        }
        Applies::Yes
    }

    fn include(&mut self, file: &Path, number: usize, word: &str, depth: usize) {
        if depth >= DEPTH {
            return self.error_at(file, number, "files include each other too deeply", "remove the Include");
        }
        let path = match home_of(word, self.home) {
            path if path.is_absolute() => path,
            path => self.home.join(".ssh").join(path),
        };
        let wild = |path: &Path| path.to_string_lossy().contains(['*', '?', '[']);
        if !wild(&path) {
            return self.file(&path, true, depth + 1);
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return;
        };
        if wild(directory) || name.contains('[') {
            let fix = "use * and ? in the last part of the path only";
            return self.error_at(file, number, "this Include cannot be expanded here", fix);
        }
        let found = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
        let fits = |path: &PathBuf| {
            path.file_name().and_then(|found| found.to_str()).is_some_and(|found| {
                pattern::matches(name, found) && (name.starts_with('.') || !found.starts_with('.'))
            })
        };
        let mut found: Vec<PathBuf> = found.filter(fits).collect();
        found.sort();
        for path in found {
            self.file(&path, true, depth + 1);
        }
    }

    fn option(&mut self, file: &Path, number: usize, keyword: &str, words: &[String]) {
        let Some(first) = words.first() else {
            return self.error_at(file, number, "the value is missing", "give it, or remove the line");
        };
        let given = |text: &String| Given { text: text.clone(), place: format!("line {number} of {}", file.display()) };
        if self.options.take(keyword, words, given) {
            return;
        }
        let Some(told) = options::not_honoured(keyword, first) else { return };
        let message = format!("line {number} of {}: {}", file.display(), told.message);
        self.remark(told.severity, message, told.fix);
    }
}
