//! The log of a detached run: redacted before it touches the disk, with a limit.

use std::{collections::VecDeque, fs::File, io::Write};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::digest::Digest,
    redact::{Redactor, Stream},
    world::process::Sink,
};

/// How much of the output is written, bytes. Past that only the last part is kept.
const WRITTEN: u64 = 64 * 1024 * 1024;
/// How much of the end is kept when the output is longer, bytes.
const END: usize = 64 * 1024;
/// A piece shorter than this means that the script paused: what is complete is written, so that it can be watched.
const FULL: usize = 32 * 1024;

/// Redacts and writes what a script writes.
pub(super) struct Log {
    stream: Stream,
    file: File,
    clean: Vec<u8>,
    written: u64,
    left_out: u64,
    end: VecDeque<u8>,
    bytes: u64,
    hash: Sha256,
}

impl Log {
    pub(super) fn new(file: File, redactor: Redactor) -> Self {
        Self {
            stream: redactor.stream(),
            file,
            clean: Vec::new(),
            written: 0,
            left_out: 0,
            end: VecDeque::new(),
            bytes: 0,
            hash: Sha256::new(),
        }
    }

    /// Writes what is left. Returns how much the script wrote and the digest of the redacted whole.
    pub(super) fn finish(mut self) -> (u64, Digest) {
        let stream = std::mem::replace(&mut self.stream, Redactor::default().stream());
        stream.finish(&mut self.clean);
        self.write();
        if self.left_out > 0 {
            let gap = self.left_out.saturating_sub(self.end.len() as u64);
            let _ = writeln!(self.file, "\n[{gap} bytes left out]");
            let (first, second) = self.end.as_slices();
            let _ = self.file.write_all(first).and_then(|()| self.file.write_all(second));
        }
        let _ = self.file.sync_all();
        (self.bytes, Digest::from_bytes(self.hash.finalize().into()))
    }

    /// Writes what was redacted.
    fn write(&mut self) {
        let clean = std::mem::take(&mut self.clean);
        let bytes = clean.as_slice();
        self.hash.update(bytes);
        if self.written < WRITTEN {
            self.written += bytes.len() as u64;
            // A full disk must not stop the script; the digest and the exit code still tell the truth.
            let _ = self.file.write_all(bytes);
        } else {
            self.left_out += bytes.len() as u64;
            let kept = bytes.get(bytes.len().saturating_sub(END)..).unwrap_or_default();
            let excess = (self.end.len() + kept.len()).saturating_sub(END);
            self.end.drain(..excess);
            self.end.extend(kept);
        }
    }
}

impl Sink for Log {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.stream.push(bytes, &mut self.clean);
        if bytes.len() < FULL {
            self.stream.flush(&mut self.clean);
        }
        self.write();
    }
}
