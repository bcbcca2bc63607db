//! What passes between a dump tool, the stored file and a client program.

use std::io::{self, Read, Write};

use tokio::sync::oneshot;

/// Kept of the end of a dump, bytes: more than its last line.
const TAIL: usize = 128;
/// The line that a dump tool writes last, when nothing went wrong.
const END: &[u8] = b"\n-- Dump completed";
/// Longer lines are not statements that matter here.
const LONGEST: usize = 1024 * 1024;

/// Reads a dump, says when it has begun to flow, and remembers its end.
pub(super) struct Dumping<R> {
    inner: R,
    flows: Option<oneshot::Sender<()>>,
    tail: Vec<u8>,
}

impl<R: Read> Dumping<R> {
    pub(super) fn new(inner: R, flows: oneshot::Sender<()>) -> Self {
        Self { inner, flows: Some(flows), tail: Vec::new() }
    }

    /// Whether the last line is the tool's own end mark.
    pub(super) fn is_complete(&self) -> bool {
        let rest = self.tail.strip_suffix(b"\n").unwrap_or_default();
        memchr::memmem::rfind(rest, END).is_some_and(|at| !rest.get(at + 1..).unwrap_or_default().contains(&b'\n'))
    }
}

impl<R: Read> Read for Dumping<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(flows) = self.flows.take() {
            // Nobody may be waiting any more.
            let _ = flows.send(());
        }
        let new = buffer.get(..count).unwrap_or_default();
        self.tail.extend_from_slice(new.get(new.len().saturating_sub(TAIL)..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
        Ok(count)
    }
}

/// Passes a dump on so that it stays in the database that it is restored into: events are created switched off, and `ALTER
/// DATABASE` changes the present database instead of the one that was dumped. Values hold no line breaks in a dump, so lines are
/// statements.
pub(super) struct Confined<W> {
    inner: W,
    line: Vec<u8>,
    state: State,
    /// The events that were on, as quoted identifiers.
    pub(super) events: Vec<String>,
}

enum State {
    /// At the begin of a line that may matter.
    Begin,
    /// In a line that is passed on as it is.
    Pass,
    /// In a line that is changed when it is complete.
    Keep,
}

const ALTER: &[u8] = b"ALTER DATABASE `";
const CREATE: &[u8] = b"/*!50106 CREATE*/ ";
const DECIDED: usize = CREATE.len();

impl<W: Write> Confined<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, line: Vec::new(), state: State::Begin, events: Vec::new() }
    }

    /// Passes on what is left.
    pub(super) fn finish(mut self) -> io::Result<Vec<String>> {
        self.end_line()?;
        self.inner.flush()?;
        Ok(self.events)
    }

    fn end_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let changed = match std::str::from_utf8(&line) {
            Ok(text) if matters(&line) => self.confine(text),
            _ => None,
        };
        self.inner.write_all(changed.as_deref().map_or(line.as_slice(), str::as_bytes))?;
        self.state = State::Begin;
        Ok(())
    }

    fn confine(&mut self, line: &str) -> Option<String> {
        if let Some(rest) = line.strip_prefix("ALTER DATABASE ") {
            let (_, rest) = identifier(rest)?;
            return Some(format!("ALTER DATABASE{rest}"));
        }
        let at = line.find(" EVENT `")? + " EVENT ".len();
        let (name, rest) = identifier(line.get(at..)?)?;
        let (schedule, body) = rest.split_once(" PRESERVE ENABLE")?;
        self.events.push(name.to_owned());
        Some(format!("{}{name}{schedule} PRESERVE DISABLE{body}", line.get(..at)?))
    }
}

impl<W: Write> Write for Confined<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let line_end = memchr::memchr(b'\n', rest).map(|at| at + 1);
            let (part, after) = rest.split_at(line_end.unwrap_or(rest.len()));
            match self.state {
                State::Pass => {
                    self.inner.write_all(part)?;
                    if line_end.is_some() {
                        self.state = State::Begin;
                    }
                }
                State::Begin | State::Keep => {
                    self.line.extend_from_slice(part);
                    if line_end.is_some() {
                        self.end_line()?;
                    } else if (self.line.len() >= DECIDED && !matters(&self.line)) || self.line.len() > LONGEST {
                        self.inner.write_all(&self.line)?;
                        self.line.clear();
                        self.state = State::Pass;
                    } else if self.line.len() >= DECIDED {
                        self.state = State::Keep;
                    }
                }
            }
            rest = after;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn matters(line: &[u8]) -> bool {
    line.starts_with(ALTER) || line.starts_with(CREATE)
}

/// The quoted identifier at the begin, and what follows it.
fn identifier(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('`')?;
    let mut at = 0;
    loop {
        at += inner.get(at..)?.find('`')? + 1;
        match inner.get(at..)?.strip_prefix('`') {
            Some(_) => at += 1,
            None => return Some((text.get(..at + 1)?, inner.get(at..)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::{Confined, Dumping};

    #[test]
    fn a_dump_is_complete_when_its_last_line_says_so() {
        let cases = [
            ("x\n-- Dump completed\n", true),
            ("x\n-- Dump completed on 2025-01-01 10:00:00\n", true),
            ("x\n-- Dump completed", false),
            ("x\n-- Dump comp", false),
            ("x\n-- Dump completed\nINSERT\n", false),
            ("x -- Dump completed\n", false),
            ("", false),
        ];
        for (text, complete) in cases {
            let (flows, _) = tokio::sync::oneshot::channel();
            let mut dump = Dumping::new(text.as_bytes(), flows);
            dump.read_to_end(&mut Vec::new()).unwrap();
            assert_eq!(dump.is_complete(), complete, "{text:?}");
        }
    }

    #[test]
    fn a_restored_dump_stays_in_its_database_at_any_cut() {
        let given = "ALTER DATABASE `a``b` CHARACTER SET latin1 COLLATE latin1_bin ;\nALTER DATABASE CHARACTER SET utf8mb4;\n\
             INSERT INTO `t` VALUES\n(1,'ALTER DATABASE `x` y'),\n\
             /*!50106 CREATE*/ /*!50117 DEFINER=`u`@`%`*/ /*!50106 EVENT `e PRESERVE ENABLE` ON SCHEDULE EVERY 1 DAY \
             ON COMPLETION NOT PRESERVE ENABLE COMMENT ' PRESERVE ENABLE' DO SELECT 1\n*/ ;;\n\
             /*!50106 CREATE*/ /*!50106 EVENT `off` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE DO SELECT 1\nend";
        let wanted =
            given.replacen("DATABASE `a``b`", "DATABASE", 1).replacen("NOT PRESERVE ENABLE", "NOT PRESERVE DISABLE", 1);
        for cut in 1..given.len() {
            let mut out = Vec::new();
            let mut confined = Confined::new(&mut out);
            for piece in given.as_bytes().chunks(cut) {
                confined.write_all(piece).unwrap();
            }
            assert_eq!(confined.finish().unwrap(), ["`e PRESERVE ENABLE`"], "{cut}");
            assert_eq!(String::from_utf8(out).unwrap(), wanted, "{cut}");
        }
    }
}
