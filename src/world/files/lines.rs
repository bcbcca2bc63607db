//! Lines of a text, redacted and cleaned on the way.

use std::io::{ErrorKind, Read};

use crate::{domain::clean::clean, redact::Redactor, world::WorldError};

/// The longest line that is shown, bytes; what is longer is cut and said.
const LIMIT: usize = 8 * 1024;
/// How much is read at once, bytes. Whether a text is one is told by its first such block.
const BLOCK: usize = 64 * 1024;

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// Further lines of the file that a mask made one with it.
    pub(super) covered: u64,
    /// Its text, redacted and cleaned.
    pub(super) text: &'t str,
    /// Bytes of it that were cut off.
    left_out: u64,
}

impl Line<'_> {
    /// Its text, and what was cut off.
    pub(super) fn shown(&self) -> String {
        match self.left_out {
            0 => self.text.to_owned(),
            bytes => format!("{} [{bytes} bytes left out]", self.text),
        }
    }
}

/// Calls `each` with every line until it says `false`. The first one has the number `first`. Returns whether it is text, which
/// only the begin of a file tells.
///
/// Memory stays small whatever the text holds: blocks go through the redactor's stream, and a line is kept to its limit.
pub(super) fn for_each_line(
    mut text: impl Read,
    redactor: &Redactor,
    first: u64,
    each: &mut dyn FnMut(Line<'_>) -> bool,
) -> Result<bool, WorldError> {
    let mut stream = redactor.stream();
    let mut block = vec![0; BLOCK];
    let mut lines = Lines { number: first, covered: 0, line: Vec::new(), left_out: 0, each };
    let mut redacted = Vec::new();
    let mut failure = None;
    let mut is_begin = first == 1;
    loop {
        let count = if failure.is_none() { fill(&mut text, &mut block, &mut failure) } else { 0 };
        let read = block.get(..count).unwrap_or_default();
        if is_begin && read.contains(&0) {
            return Ok(false);
        }
        is_begin = false;
        redacted.clear();
        if count == 0 {
            if let Some(error) = failure {
                return Err(WorldError::io("read a file", error));
            }
            let covered = stream.finish_noting(&mut redacted);
            if lines.take(&redacted, &covered) {
                lines.last();
            }
            return Ok(true);
        }
        stream.push(read, &mut redacted);
        if !lines.take(&redacted, stream.covered_line_ends()) {
            return Ok(true);
        }
    }
}

/// Fills the block, or as much of it as there is text; a failure is kept until what came before it is done with.
fn fill(text: &mut impl Read, block: &mut [u8], failure: &mut Option<std::io::Error>) -> usize {
    let mut filled = 0;
    while let Some(room) = block.get_mut(filled..).filter(|room| !room.is_empty()) {
        match text.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                *failure = Some(error);
                break;
            }
        }
    }
    filled
}

/// Cuts bytes into lines.
struct Lines<'a> {
    number: u64,
    covered: u64,
    line: Vec<u8>,
    left_out: u64,
    each: &'a mut dyn FnMut(Line<'_>) -> bool,
}

impl Lines<'_> {
    /// Takes bytes, with the line ends that masks in them cover; `false` when nobody wants more.
    fn take(&mut self, bytes: &[u8], covered: &[(usize, u64)]) -> bool {
        let mut covered = covered.iter().peekable();
        let mut at = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            while let Some((_, ends)) = covered.next_if(|(place, _)| *place <= end) {
                self.covered += ends;
            }
            self.keep(bytes.get(at..end).unwrap_or_default());
            at = end + 1;
            if !self.emit() {
                return false;
            }
        }
        self.covered += covered.map(|(_, ends)| ends).sum::<u64>();
        self.keep(bytes.get(at..).unwrap_or_default());
        true
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LIMIT.saturating_sub(self.line.len());
        let (kept, left) = bytes.split_at(room.min(bytes.len()));
        self.line.extend_from_slice(kept);
        self.left_out += u64::try_from(left.len()).unwrap_or(u64::MAX);
    }

    fn emit(&mut self) -> bool {
        if self.left_out == 0 && self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        let text = clean(&String::from_utf8_lossy(&self.line));
        let line = Line { number: self.number, covered: self.covered, text: &text, left_out: self.left_out };
        let goes_on = (self.each)(line);
        self.number += 1 + self.covered;
        self.line.clear();
        (self.covered, self.left_out) = (0, 0);
        goes_on
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

    fn lines(text: &str) -> Vec<(u64, u64, String)> {
        let mut seen = Vec::new();
        let redactor = Redactor::new([]).0;
        for_each_line(text.as_bytes(), &redactor, 1, &mut |line| {
            seen.push((line.number, line.covered, line.shown()));
            true
        })
        .unwrap();
        seen
    }

    #[test]
    fn long_lines_are_cut_and_said() {
        let seen = lines(&format!("{}\nshort", "x".repeat(LIMIT + 5)));
        assert_eq!(seen.len(), 2);
        assert!(seen[0].2.ends_with("x [5 bytes left out]"), "{seen:?}");
        assert_eq!(seen[1], (2, 0, "short".to_owned()));
    }

    #[test]
    fn a_line_ends_before_its_carriage_return() {
        let texts: Vec<String> = lines("one\r\ntwo\rthree\r\n").into_iter().map(|(.., text)| text).collect();
        assert_eq!(texts, ["one", "two\u{fffd}three"]);
    }

    #[test]
    fn lines_behind_a_mask_have_the_numbers_that_they_have_in_the_file() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(5);
        let key = format!("-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----");
        let seen = lines(&format!("before\n{key}\nbehind\n"));
        let behind = seen.iter().find(|(.., text)| text == "behind").unwrap();
        assert_eq!(behind.0, 9, "{seen:?}");
        assert_eq!(seen.iter().map(|(_, covered, _)| covered + 1).sum::<u64>(), 9, "{seen:?}");
    }
}
