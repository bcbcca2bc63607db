//! Our own log: to stderr, redacted, and silent about what libraries say of messages.

use std::io::{self, Write};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::redact::Redactor;

/// Starts the log, and makes panics say where they happened and nothing else. `level` is a word such as `info`.
///
/// rmcp stays silent at every level: it logs whole requests and errors in Debug form.
pub fn start(redactor: Redactor, level: &str) {
    let filter =
        EnvFilter::try_new(format!("{level},{QUIET}")).unwrap_or_else(|_| EnvFilter::new(format!("info,{QUIET}")));
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(RedactingStderr(redactor));
    // A second start keeps the first log: only tests start twice.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        tracing::error!(%place, "the server panicked");
    }));
}

/// Libraries that would write messages of others into the log.
const QUIET: &str = "rmcp=off,hyper=off,sqlx=warn,russh=off,reqwest=off,h2=off";

/// Makes a writer per event.
#[derive(Debug, Clone)]
pub struct RedactingStderr(pub Redactor);

impl<'a> MakeWriter<'a> for RedactingStderr {
    type Writer = RedactingWriter<io::Stderr>;
    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter::new(self.0.clone(), io::stderr())
    }
}

/// Collects one event and writes it, redacted by both layers, when it is complete.
#[derive(Debug)]
pub struct RedactingWriter<W: Write> {
    redactor: Redactor,
    event: Vec<u8>,
    out: W,
}

impl<W: Write> RedactingWriter<W> {
    /// A writer in front of `out`.
    pub fn new(redactor: Redactor, out: W) -> Self {
        Self { redactor, event: Vec::new(), out }
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.event.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        let event = std::mem::take(&mut self.event);
        if event.is_empty() {
            return Ok(());
        }
        self.out.write_all(self.redactor.text(&String::from_utf8_lossy(&event)).as_bytes())?;
        self.out.flush()
    }
}

impl<W: Write> Drop for RedactingWriter<W> {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
