//! Files by the shell of a host.

use std::{io::Read, os::unix::ffi::OsStrExt, time::Duration};

use tokio::sync::mpsc;

use super::{
    File, Opened,
    pipe::{PIECES, Pipe},
    refused,
};
use crate::{
    domain::refusal::Code,
    world::{WorldError, blocking::blocking, process::Ending, ssh::Command},
};

const DOING: &str = "read a file";

/// What is done with an open file.
pub(super) struct Script {
    text: &'static str,
    arguments: Vec<Vec<u8>>,
    input: String,
    within: Duration,
}

/// What came of a script.
pub(super) enum Told<T, W> {
    /// What was made of its answer.
    Answer(T),
    /// The host has no shell for us; the work is still to be done.
    NoShell(W),
}

impl Script {
    fn new(text: &'static str, arguments: Vec<Vec<u8>>) -> Self {
        Self { text, arguments, input: String::new(), within: super::PATIENCE }
    }

    /// The content from a block of 64 KiB on.
    pub(super) fn content(skip: u64, packed: bool) -> Self {
        let packed = if packed { "packed" } else { "plain" };
        Self::new(
            concat!(include_str!("open.sh"), include_str!("content.sh")),
            vec![skip.to_string().into(), packed.into()],
        )
    }

    /// Where words stand, from a block of 64 KiB on; the content of a file of at most `small` bytes.
    pub(super) fn places(small: u64, skip: u64, words: Vec<Vec<u8>>) -> Self {
        let mut arguments = vec![small.to_string().into(), skip.to_string().into()];
        arguments.extend(words);
        Self::new(concat!(include_str!("open.sh"), include_str!("places.sh")), arguments)
    }

    /// Parts of it, as (blocks of 16 KiB to pass over, blocks to give).
    pub(super) fn windows(parts: impl Iterator<Item = (u64, u64)>) -> Self {
        let script = Self::new(concat!(include_str!("open.sh"), include_str!("windows.sh")), Vec::new());
        Self { input: parts.map(|(gap, count)| format!("{gap} {count}\n")).collect(), ..script }
    }

    pub(super) fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }
}

/// Opens the file, runs the script and lets `work` read what it writes, on a thread that may block.
pub(super) async fn run<T, W>(file: &File<'_>, script: Script, work: W) -> Result<Told<T, W>, WorldError>
where
    T: Send + 'static,
    W: FnOnce(Opened, &mut dyn Read) -> Result<T, WorldError> + Send + 'static,
{
    let mut command = Command::sh(script.text).arg(&file.root).arg(file.path.as_path());
    for argument in &script.arguments {
        command = command.arg(std::ffi::OsStr::from_bytes(argument));
    }
    let command = command.input(script.input).within(script.within);
    let (to, from) = mpsc::channel(PIECES);
    let worker = blocking(move || {
        let mut pipe = Pipe::new(from);
        match pipe.opened() {
            Some(opened) => work(opened, &mut pipe).map(Told::Answer),
            None => Ok(Told::NoShell(work)),
        }
    });
    let (sent, worked) = tokio::join!(file.host.send(DOING, command, to), worker);
    let (ending, complaint) = match (sent, worked) {
        (Ok(sent), Ok(Told::NoShell(work))) => return refusal(sent.0).map_or(Ok(Told::NoShell(work)), Err),
        (Err(error), Ok(Told::NoShell(work))) if error.code == Code::Unsupported => return Ok(Told::NoShell(work)),
        // What broke the answer is the reason for whatever became of it.
        (Err(error), _) => return Err(error),
        (Ok(_), Err(error)) => return Err(error),
        (Ok(sent), Ok(answer)) if is_answer(sent.0) => return Ok(answer),
        (Ok(sent), Ok(_)) => sent,
    };
    Err(file.host.failed(DOING, &crate::world::ssh::Ran { ending, output: Vec::new(), complaint }))
}

/// It ended well, or we did not listen to its end.
fn is_answer(ending: Ending) -> bool {
    ending.is_success() || ending == Ending::Signal(13)
}

/// What `open.sh` refuses.
fn refusal(ending: Ending) -> Option<WorldError> {
    let Ending::Code(code) = ending else { return None };
    Some(match code {
        40 => {
            refused("its root is not there or cannot be entered", "The operator corrects [roots] in deploy-ops.toml.")
        }
        41 => missing(),
        42 => is_link(),
        43 => refused("a part of its path is not a directory", "List the directory with read_file."),
        44 => refused("it is not a regular file", "Give the path of a file; a directory can be listed."),
        45 => refused("the login on the host may not read it", "The operator checks its permissions."),
        46 => refused("it changed while it was opened", "Try again."),
        _ => return None,
    })
}

pub(super) fn missing() -> WorldError {
    WorldError::new(
        Code::NotFound,
        "open a file",
        "there is no such file below that root",
        "List the directory with read_file to see what is there.",
    )
}

pub(super) fn is_link() -> WorldError {
    refused("a symbolic link or a mount point is on its way", "Give the path of the file itself.")
}
