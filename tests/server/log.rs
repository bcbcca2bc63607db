//! Our own log: redacted in every form, and nothing of what libraries say about messages.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use deploy_ops_mcp::{
    redact::{Redactor, Secret},
    server::log::RedactingWriter,
};
use tracing_subscriber::fmt::MakeWriter;

use super::fake::CANARY;

#[derive(Clone)]
struct Sink(Arc<Mutex<Vec<u8>>>, Redactor);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = RedactingWriter<Sink>;
    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter::new(self.1.clone(), self.clone())
    }
}

#[test]
fn a_value_is_masked_plain_and_as_debug_and_json_escape_it() {
    let redactor = Redactor::default();
    let _ = redactor.add([Secret::new("CANARY", CANARY)]);
    let sink = Sink(Arc::default(), redactor);
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(sink.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::error!("plain {CANARY}");
        tracing::error!(field = ?CANARY, "debug");
        tracing::error!(nested = ?Some(vec![CANARY]), "nested");
        tracing::error!(json = %serde_json::json!({ "value": CANARY }), "json");
    });
    let log = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("[redacted]").count(), 4, "{log}");
    for part in ["7f3Kq", "9Zt-4mWp2Lr8"] {
        assert!(!log.contains(part), "{log}");
    }
}
