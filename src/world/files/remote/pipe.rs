//! What arrives from a host, for a thread that may block.

use std::io::{BufRead, Read};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Form, Opened};
use crate::domain::time::Time;

/// The longest that a shell may talk before our script does, bytes.
const NOISE: usize = 8 * 1024;

/// Pieces on the way between the connection and the thread that reads.
pub(super) const PIECES: usize = 8;

/// The receiving end of a channel as a text.
pub(super) struct Pipe {
    from: mpsc::Receiver<Bytes>,
    held: Bytes,
}

impl Pipe {
    pub(super) fn new(from: mpsc::Receiver<Bytes>) -> Self {
        Self { from, held: Bytes::new() }
    }

    /// The line with which our scripts begin, behind whatever the login shell may print. `None` when there is none.
    pub(super) fn opened(&mut self) -> Option<Opened> {
        let mut passed = 0;
        while passed <= NOISE {
            let mut line = Vec::new();
            let length = self.by_ref().take(NOISE as u64).read_until(b'\n', &mut line).ok()?;
            if length == 0 {
                return None;
            }
            if let Some(opened) = line.strip_suffix(b"\n").and_then(|line| opened(std::str::from_utf8(line).ok()?)) {
                return Some(opened);
            }
            passed += length;
        }
        None
    }
}

/// `deploy-ops <bytes> <modified> <lines before> <form>`
fn opened(line: &str) -> Option<Opened> {
    let mut words = line.strip_prefix("deploy-ops ")?.split(' ');
    let number = |word: &str| word.parse::<u64>().ok().filter(|number| *number < 1 << 60);
    let known = |word: &str| if word == "-" { Some(None) } else { number(word).map(Some) };
    let (bytes, modified) = (known(words.next()?)?, known(words.next()?)?);
    let before = number(words.next()?)?;
    let form = match words.next()? {
        "plain" => Form::Plain,
        "zstd" => Form::Zstd,
        "gzip" => Form::Gzip,
        "places" => Form::Places,
        "parts" => Form::Parts,
        "windows" => Form::Windows,
        "known" => Form::Known,
        "binary" => Form::Binary,
        _ => return None,
    };
    let modified = modified.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1000)).map(Time::from_millis);
    words.next().is_none().then(|| Opened { bytes: bytes.unwrap_or(0), modified, before, form })
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let held = self.fill_buf()?;
        let count = held.len().min(buffer.len());
        if let (Some(from), Some(to)) = (held.get(..count), buffer.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pipe {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.held.is_empty() {
            match self.from.blocking_recv() {
                Some(bytes) => self.held = bytes,
                None => break,
            }
        }
        Ok(&self.held)
    }

    fn consume(&mut self, count: usize) {
        let _ = self.held.split_to(count.min(self.held.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe(pieces: &[&'static str]) -> Pipe {
        let (to, from) = mpsc::channel(pieces.len().max(1));
        for piece in pieces {
            to.try_send(Bytes::from_static(piece.as_bytes())).unwrap();
        }
        Pipe::new(from)
    }

    #[test]
    fn the_begin_is_found_behind_what_a_shell_prints() {
        let mut answer = pipe(&["Welcome!\n\ndeploy", "-ops 12 1736933400 3 plain\nte", "xt"]);
        let opened = answer.opened().unwrap();
        assert_eq!((opened.bytes, opened.before, opened.form), (12, 3, Form::Plain));
        assert_eq!(opened.modified.unwrap().to_string(), "2025-01-15T09:30:00.000Z");
        let mut rest = String::new();
        answer.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "text");
        assert_eq!(pipe(&["deploy-ops - - 0 plain\n"]).opened().unwrap().modified, None);
    }

    #[test]
    fn what_is_no_begin_is_none() {
        for answer in [
            "",
            "This service allows sftp connections only.\n",
            "deploy-ops 1 2 3 plain",
            "deploy-ops 1 2 3\n",
            "deploy-ops 1 2 3 plain more\n",
            "deploy-ops -1 2 3 plain\n",
            "deploy-ops 1 2 3 other\n",
            "deploy-ops 99999999999999999999 2 3 plain\n",
        ] {
            assert!(pipe(&[answer]).opened().is_none(), "{answer}");
        }
        let endless = "x".repeat(3 * NOISE) + "\ndeploy-ops 1 2 3 plain\n";
        assert!(pipe(&[Box::leak(endless.into_boxed_str())]).opened().is_none());
    }
}
