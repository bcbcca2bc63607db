//! The lines of a log that grows.

use std::path::Path;

use crate::world::Reader;

/// How much is read at a time, bytes.
const PIECE: u64 = 64 * 1024;

/// What was told of a log so far.
#[derive(Default)]
pub(super) struct Lines {
    offset: u64,
    rest: String,
}

impl Lines {
    /// Tells every new line of the redacted log in `at`.
    pub(super) fn tell(&mut self, reader: Reader<'_>, at: &Path, line: &(dyn Fn(String) + Send + Sync)) {
        while let Ok((text, next)) = reader.script_log(at, self.offset, PIECE) {
            if next == self.offset {
                break;
            }
            self.offset = next;
            self.rest.push_str(&text);
            while let Some((first, after)) = self.rest.split_once('\n') {
                line(first.to_owned());
                self.rest = after.to_owned();
            }
        }
    }

    /// Tells what stands behind the last line end.
    pub(super) fn finish(self, line: &(dyn Fn(String) + Send + Sync)) {
        if !self.rest.is_empty() {
            line(self.rest);
        }
    }
}
