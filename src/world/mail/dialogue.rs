//! Lines to and from a mail server, each in time, none without end.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    time::{Instant, timeout, timeout_at},
};

use super::fault::{Certificate, Fault, Phase};
use crate::{
    domain::time::Time,
    redact::Secret,
    world::{certificate, tls::Client},
};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a farewell may take: everything was said before it.
const FAREWELL: Duration = Duration::from_secs(1);
/// The longest line, bytes. SMTP's have 512 (RFC 5321 §4.5.3.1), IMAP's capabilities some more.
const LINE: usize = 8 * 1024;
/// All that a server may say, bytes.
const ALL: usize = 64 * 1024;

/// A stream to a server: TCP, a tunnel's socket, or TLS over one of them.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

/// Who logs in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Credentials<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
}

/// A dialogue with a server.
pub(super) struct Dialogue {
    stream: BufReader<Box<dyn Wire>>,
    protocol: &'static str,
    /// Where it stands, for what is told when it breaks.
    pub(super) phase: Phase,
    until: Instant,
    left: usize,
    /// Our side of TLS, as long as it is to begin.
    tls: Option<Client>,
    certificate_ends: Option<Time>,
}

impl Dialogue {
    /// A dialogue that has to be over at `until`, with TLS to begin later when there is a `tls`.
    pub(super) fn new(stream: Box<dyn Wire>, protocol: &'static str, until: Instant, tls: Option<Client>) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, protocol, phase: Phase::Greeting, until, left: ALL, tls, certificate_ends: None }
    }

    /// Whether TLS is still to begin.
    pub(super) fn wants_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// When the server's certificate ends.
    pub(super) fn certificate_ends(&self) -> Option<Time> {
        self.certificate_ends
    }

    /// Begins TLS. What was said in the clear before it must have been read to its end: anything more was slipped in by somebody,
    /// and would pass for an answer that came over TLS.
    pub(super) async fn begin_tls(mut self) -> Result<Self, Fault> {
        let Some(client) = self.tls.take() else { return Ok(self) };
        if !self.stream.buffer().is_empty() {
            return Err(Fault::Injected);
        }
        self.phase = Phase::Handshake;
        let end = self.end();
        let handshake = client.handshake(self.stream.into_inner());
        let stream = timeout_at(end, handshake).await.map_err(|_| Fault::Silent(Phase::Handshake))?;
        let stream = stream.map_err(|error| fault_of(&error))?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate_ends = certificate.and_then(|certificate| certificate::not_after(certificate));
        let stream: Box<dyn Wire> = Box::new(stream);
        Ok(Self { stream: BufReader::new(stream), phase: Phase::Greeting, certificate_ends, ..self })
    }

    /// The next line without its end.
    pub(super) async fn line(&mut self) -> Result<String, Fault> {
        let (end, room) = (self.end(), LINE.min(self.left));
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(u64::try_from(room).unwrap_or(0));
        let read = timeout_at(end, limited.read_until(b'\n', &mut line)).await;
        read.map_err(|_| Fault::Silent(self.phase))?.map_err(|_| Fault::Lost(self.phase))?;
        self.left -= line.len();
        if line.pop() != Some(b'\n') {
            return Err(if line.len() + 1 < room { Fault::Lost(self.phase) } else { self.foreign() });
        }
        Ok(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line)).into_owned())
    }

    /// Passes over so many bytes.
    pub(super) async fn skip(&mut self, count: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(count).ok_or_else(|| self.foreign())?;
        let mut bytes = vec![0; count];
        let read = timeout_at(self.end(), self.stream.read_exact(&mut bytes)).await;
        read.map_err(|_| Fault::Silent(self.phase))?.map_err(|_| Fault::Lost(self.phase))?;
        Ok(())
    }

    /// Says a line.
    pub(super) async fn say(&mut self, line: &str) -> Result<(), Fault> {
        let end = self.end();
        let written = timeout_at(end, async {
            self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
            self.stream.flush().await
        });
        written.await.map_err(|_| Fault::Silent(self.phase))?.map_err(|_| Fault::Lost(self.phase))
    }

    /// Says a last line, and waits a moment for the server's: one that hears no farewell complains in its log.
    pub(super) async fn farewell(mut self, line: &str) {
        let _ = timeout(FAREWELL, async {
            self.say(line).await?;
            while !self.line().await?.is_empty() {}
            Ok::<_, Fault>(())
        })
        .await;
    }

    /// What answers there is something else.
    pub(super) fn foreign(&self) -> Fault {
        Fault::Foreign(self.protocol)
    }

    fn end(&self) -> Instant {
        self.until.min(Instant::now() + ANSWER)
    }
}

impl Credentials<'_> {
    /// As SASL PLAIN wants them (RFC 4616).
    pub(super) fn plain(&self) -> String {
        base64(&format!("\0{}\0{}", self.user, self.password.expose()))
    }
}

/// A text in base64.
pub(super) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// Why a handshake failed.
fn fault_of(error: &std::io::Error) -> Fault {
    use rustls::{CertificateError as Wrong, Error};
    let cause = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    Fault::Certificate(match cause {
        Some(Error::InvalidCertificate(wrong)) => match wrong {
            Wrong::Expired | Wrong::ExpiredContext { .. } => Certificate::Expired,
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => Certificate::NotYet,
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Certificate::OtherName,
            Wrong::UnknownIssuer => Certificate::UnknownAuthority,
            _ => Certificate::Invalid,
        },
        Some(Error::InvalidMessage(_)) => return Fault::NotTls,
        Some(_) => return Fault::Turned(Phase::Handshake, String::new()),
        None => return Fault::Lost(Phase::Handshake),
    })
}
