//! Feeding a program that may end before it has read everything.

use std::io::{self, PipeWriter, Write};

/// The standard input of a program. What it does not read any more is dropped, so that the stored file is read to its end all the
/// same: whether the program was right to stop it says itself.
pub(super) struct Feed(pub(super) PipeWriter);

impl Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
