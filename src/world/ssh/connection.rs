//! An authenticated connection to a host whose key is one that we trust.

use std::{sync::Arc, time::Duration};

use russh::{
    Preferred, cipher,
    client::{self, AuthResult, Handle},
    keys::PublicKeyOrCertificate,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{OnceCell, Semaphore},
    time::timeout,
};

use super::{Files, Remote, Role, quick::Quick, tools::Tools, unreachable};
use crate::{
    domain::{inventory::SshLogin, refusal::Code},
    world::{
        WorldError,
        ssh::{
            identity::{self, LoginFault},
            trust::Trust,
        },
    },
};

/// How long the TCP connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the key exchange, and then the login, may take.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How long a connection that has ended may take to be seen as ended.
const ENDING: Duration = Duration::from_secs(1);
/// After this silence the host is asked whether it is there; after three questions without answer it is not.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Commands at once: sshd's `MaxSessions` is 10 where nobody changed it, and the files need one.
const SESSIONS: usize = 8;
/// The library's ciphers in another order: processors have instructions for AES, and with them it is several times as fast.
const CIPHERS: &[cipher::Name] =
    &[cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR, cipher::AES_192_CTR, cipher::AES_128_CTR];

/// An open connection.
pub(super) struct Connection {
    handle: Handle<Client>,
    fingerprint: String,
    pub(super) sessions: Semaphore,
    pub(super) files: OnceCell<Arc<Files>>,
    pub(super) tools: OnceCell<Tools>,
    /// The connection that this one runs through.
    _through: Option<Arc<Connection>>,
}

impl Connection {
    /// Connects and logs in.
    pub(super) async fn open(remote: Remote<'_>) -> Result<Self, WorldError> {
        let host = remote.host;
        let trust = Trust::load(remote.name, host).await?;
        let (address, port) = (host.address.as_str(), host.port);
        let Some(jump) = &host.jump else {
            let stream = timeout(CONNECT, TcpStream::connect((address, port)))
                .await
                .map_err(|_| unreachable(remote.name, "it did not answer within 10 s", CHECK_ADDRESS))?
                .and_then(Quick::new)
                .map_err(|error| unreachable(remote.name, refused(&error), CHECK_ADDRESS).because(error))?;
            return Self::over(stream, remote, trust, None).await;
        };
        let Some(through) = remote.reader.remote(jump, Role::Deploy) else {
            return Err(unreachable(remote.name, "the host on the way is not one over SSH", CHECK_ADDRESS));
        };
        let through = remote.reader.world.ssh.connection(through).await?;
        let stream = through.tcp(jump, address, port).await?;
        Self::over(stream, remote, trust, Some(through)).await
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        remote: Remote<'_>,
        trust: Trust,
        through: Option<Arc<Self>>,
    ) -> Result<Self, WorldError> {
        let name = remote.name;
        let config = client::Config {
            preferred: Preferred { cipher: CIPHERS.into(), ..trust.preferred()? },
            keepalive_interval: Some(KEEP_ALIVE),
            keepalive_max: 3,
            nodelay: true,
            ..client::Config::default()
        };
        let no_known_key = trust.no_common_algorithm();
        let seen = Arc::new(std::sync::Mutex::new(None));
        let client = Client { trust, now: remote.reader.now(), seen: seen.clone() };
        let handshake = timeout(HANDSHAKE, client::connect_stream(Arc::new(config), stream, client)).await;
        let mut handle = match handshake {
            Err(_) => return Err(unreachable(name, "it began to speak and fell silent", CHECK_ADDRESS)),
            Ok(Err(Fault::Untrusted(error))) => return Err(*error),
            Ok(Err(Fault::Protocol(error @ russh::Error::NoCommonAlgo { kind: russh::AlgorithmKind::Key, .. }))) => {
                return Err(no_known_key.because(error));
            }
            Ok(Err(Fault::Protocol(error))) => return Err(no_handshake(remote, error)),
            Ok(Ok(handle)) => handle,
        };
        let login = remote.login()?;
        let accepted = timeout(HANDSHAKE, log_in(remote, login, &mut handle)).await;
        match accepted {
            Err(_) => return Err(unreachable(name, "it did not answer our login within 20 s", CHECK_ADDRESS)),
            Ok(result) => result?,
        }
        let fingerprint = seen.lock().ok().and_then(|mut seen| seen.take()).unwrap_or_default();
        let (sessions, files, tools) = (Semaphore::new(SESSIONS), OnceCell::new(), OnceCell::new());
        Ok(Self { handle, fingerprint, sessions, files, tools, _through: through })
    }

    pub(super) fn handle(&self) -> &Handle<Client> {
        &self.handle
    }

    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Says goodbye. The host ends what still runs in its sessions.
    pub(super) async fn end(&self) {
        let goodbye = self.handle.disconnect(russh::Disconnect::ByApplication, "", "");
        let _ = timeout(CONNECT, goodbye).await;
    }

    /// Whether a command runs beside the one that asks.
    pub(super) fn has_others(&self) -> bool {
        self.sessions.available_permits() + 1 < SESSIONS
    }

    pub(super) fn is_open(&self) -> bool {
        !self.handle.is_closed()
    }
}

const CHECK_ADDRESS: &str = "Check that the host is up, and address and port in deploy-ops.toml.";

async fn log_in(remote: Remote<'_>, login: &SshLogin, handle: &mut Handle<Client>) -> Result<(), WorldError> {
    let name = remote.name;
    let identity = identity::load(remote.reader, name, login).await?;
    let accepted = identity.authenticate(&login.user, handle).await;
    match accepted {
        Ok(AuthResult::Success) => Ok(()),
        Ok(AuthResult::Failure { partial_success: true, .. }) => Err(WorldError::new(
            Code::Unsupported,
            format!("log in to host {name}"),
            "it accepts the key and wants something more, such as a password",
            "Let the host accept this key alone for this user.",
        )),
        // For the library, the end of the connection is a refusal that names no other way to log in.
        Ok(AuthResult::Failure { remaining_methods, .. })
            if remaining_methods.is_empty() && timeout(ENDING, &mut *handle).await.is_ok() =>
        {
            Err(unreachable(name, "it ended the connection during our login", CHECK_ADDRESS))
        }
        Ok(AuthResult::Failure { .. }) => Err(WorldError::new(
            Code::Forbidden,
            format!("log in to host {name} as {}", login.user),
            "it does not accept our key",
            "Add the public key to authorized_keys of that user on the host, or correct user and identity in deploy-ops.toml.",
        )),
        Err(LoginFault::Connection(error)) => {
            Err(unreachable(name, "it ended the connection during our login", CHECK_ADDRESS).because(error))
        }
        Err(LoginFault::Agent(error)) => Err(WorldError::new(
            Code::Forbidden,
            format!("log in to host {name} as {}", login.user),
            "the agent does not sign with our key",
            "Unlock the agent, or confirm the use of the key where it asks.",
        )
        .because(error)),
    }
}

fn refused(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "nothing listens there",
        std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => "there is no way to it",
        _ => "its address cannot be connected to",
    }
}

fn no_handshake(remote: Remote<'_>, error: russh::Error) -> WorldError {
    let problem = match error {
        russh::Error::NoCommonAlgo { .. } => "it speaks none of the algorithms that are safe",
        russh::Error::Version => "what answers there does not speak SSH 2",
        _ => "it ended the connection before we could log in",
    };
    unreachable(remote.name, problem, CHECK_ADDRESS).because(error)
}

/// What russh asks us. Whatever the host wants to open towards us is refused by the default answers.
pub(super) struct Client {
    trust: Trust,
    now: crate::domain::time::Time,
    seen: Arc<std::sync::Mutex<Option<String>>>,
}

/// Why a handshake failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// By our own judgement of the host's key.
    Untrusted(Box<WorldError>),
    /// In any other way.
    Protocol(russh::Error),
}

impl From<russh::Error> for Fault {
    fn from(error: russh::Error) -> Self {
        Self::Protocol(error)
    }
}

impl client::Handler for Client {
    type Error = Fault;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        let fingerprint = self.trust.check(&key.into(), self.now).map_err(|error| Fault::Untrusted(Box::new(error)))?;
        if let Ok(mut seen) = self.seen.lock() {
            *seen = Some(fingerprint);
        }
        Ok(true)
    }
}
