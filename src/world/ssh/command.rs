//! Commands for a host: a constant script for `sh`, and arguments that can never be anything else.

use std::{os::unix::ffi::OsStrExt, path::Path, time::Duration};

use bytes::Bytes;

use crate::world::process::Ending;

/// How long a command may take when nothing else is said.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that a command may answer when nothing else is said, bytes.
const ANSWER: usize = 4 * 1024 * 1024;

/// A command.
///
/// The script is a constant of ours: what varies is an argument (`$1`, `$2`, …) or the standard input. The login shell of the host
/// sees one quoted word per argument, so nothing in it is expanded.
#[derive(Clone)]
pub(in crate::world) struct Command {
    script: &'static str,
    arguments: Vec<Vec<u8>>,
    sets_umask: bool,
    pub(super) input: Bytes,
    pub(super) timeout: Duration,
    pub(super) answer: usize,
}

/// A command that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world) struct Ran {
    /// How it ended.
    pub(in crate::world) ending: Ending,
    /// What it wrote on standard output.
    pub(in crate::world) output: Vec<u8>,
    /// The beginning of what it wrote on standard error. Others wrote it.
    pub(in crate::world) complaint: Vec<u8>,
}

impl Command {
    /// Runs `script` with `sh`. Its messages are in English, and what it creates others can read unless it says otherwise.
    pub(in crate::world) fn sh(script: &'static str) -> Self {
        Self { script, arguments: Vec::new(), sets_umask: true, input: Bytes::new(), timeout: PATIENCE, answer: ANSWER }
    }
    /// One more argument.
    pub(in crate::world) fn arg(mut self, argument: impl AsRef<Path>) -> Self {
        self.arguments.push(argument.as_ref().as_os_str().as_bytes().to_vec());
        self
    }
    /// What it reads on standard input; nothing, unless given.
    pub(in crate::world) fn input(mut self, input: impl Into<Bytes>) -> Self {
        self.input = input.into();
        self
    }
    /// Keeps the login's own umask.
    pub(in crate::world) fn with_own_umask(mut self) -> Self {
        self.sets_umask = false;
        self
    }
    /// How long it may take.
    pub(in crate::world) fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
    /// The most that it may answer, bytes.
    pub(in crate::world) fn at_most(mut self, bytes: usize) -> Self {
        self.answer = bytes;
        self
    }
    /// The line that the login shell gets.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = b"exec sh -c ".to_vec();
        let umask = if self.sets_umask { "; umask 022" } else { "" };
        quote(format!("LC_ALL=C; export LC_ALL{umask}\n{}", self.script).as_bytes(), &mut line);
        line.extend_from_slice(b" sh");
        for argument in &self.arguments {
            line.push(b' ');
            quote(argument, &mut line);
        }
        line
    }
}

impl Ran {
    /// Whether it ended with exit code 0.
    pub(in crate::world) fn is_success(&self) -> bool {
        self.ending.is_success()
    }
    /// Its output as text, without the last line end.
    pub(in crate::world) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.output);
        text.strip_suffix('\n').unwrap_or(&text).to_owned()
    }
}

/// Single quotes keep every byte but themselves (POSIX.1-2024, 2.2.2).
fn quote(bytes: &[u8], into: &mut Vec<u8>) {
    into.push(b'\'');
    for byte in bytes {
        match byte {
            b'\'' => into.extend_from_slice(b"'\\''"),
            other => into.push(*other),
        }
    }
    into.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gives_every_argument_back_as_it_was() {
        let odd = ["plain", "", "it's", "$HOME `id` $(id) \\ \" !", "a\nb\tc", "-n", "*", "ünï", "'", "''"];
        let mut command = Command::sh("for each in \"$@\"; do printf '%s\\000' \"$each\"; done");
        for argument in odd {
            command = command.arg(argument);
        }
        let line = String::from_utf8(command.line()).unwrap();
        for shell in ["sh", "bash"] {
            #[expect(clippy::disallowed_methods, reason = "a shell is asked what it understands")]
            let output = std::process::Command::new(shell).args(["-c", &line]).output().unwrap();
            let wanted: String = odd.iter().map(|argument| format!("{argument}\0")).collect();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted, "{shell}");
        }
    }
}
