//! An SSH server that lies: it answers each command as a test says, and not as a server should.

use std::{
    collections::HashMap,
    io,
    net::Shutdown,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use russh::{
    Channel, ChannelId, Disconnect, Sig,
    keys::load_secret_key,
    server::{self, Auth, ChannelOpenHandle, Handle, Msg, Session, VerifiedPublicKey},
};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::sshd::{Client, KeyType, fingerprint, make_key, public_key};

/// One thing that the server does for a command. What follows the last one is silence.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Writes on standard output.
    Out(Vec<u8>),
    /// Writes on standard error.
    Err(Vec<u8>),
    /// Writes these bytes on standard output again and again, until the client goes.
    Endless(Vec<u8>),
    /// Says how the command ended.
    Status(u32),
    /// Says which signal ended the command.
    Signal(Sig),
    /// Ends the output.
    Eof,
    /// Closes the channel.
    Close,
    /// Ends the connection in SSH's own way, with this reason.
    Disconnect(String),
    /// Ends the connection without a word.
    Cut,
    /// Does nothing for that long.
    Wait(Duration),
}

/// What an honest server does for a command that wrote this and ended so.
pub(crate) fn honest(status: u32, out: &str, err: &str) -> Vec<Act> {
    vec![Act::Out(out.into()), Act::Err(err.into()), Act::Status(status), Act::Eof, Act::Close]
}

/// Escape sequences that clear the screen, set the title, write to the clipboard, recolour, move and hide.
pub(crate) fn storm() -> Vec<u8> {
    let one = b"\x1b[2J\x1b[H\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1b[31;1mred\x1b[0m\x1b[8mhidden\x1b[28m\x9b31m\x08\x08\r\x1bP+q\x1b\\\xe2\x80\xae";
    one.repeat(500)
}

/// What the server says before it is one.
#[derive(Debug, Clone, Default)]
enum Preamble {
    #[default]
    None,
    Bytes(Vec<u8>),
    Endless(Vec<u8>),
}

type Answer = Arc<dyn Fn(&str) -> Vec<Act> + Send + Sync>;

/// A liar to be started.
pub(crate) struct Lies {
    answer: Answer,
    preamble: Preamble,
    banner: Option<String>,
}

/// A server that lies, on a loopback port, with one user and a key of its own. Dropping it ends all connections.
#[derive(Debug)]
pub(crate) struct Liar {
    port: u16,
    directory: TempDir,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Lies {
    /// Answers commands so. A subsystem is asked for as `subsystem NAME`.
    pub(crate) fn of(answer: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), preamble: Preamble::None, banner: None }
    }

    /// Writes this before the line of its version.
    pub(crate) fn preamble(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.preamble = Preamble::Bytes(bytes.into());
        self
    }

    /// Writes this again and again, and its version never.
    pub(crate) fn endless_preamble(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.preamble = Preamble::Endless(bytes.into());
        self
    }

    /// Shows this to those who log in.
    pub(crate) fn banner(mut self, text: impl Into<String>) -> Self {
        self.banner = Some(text.into());
        self
    }

    /// Starts it.
    pub(crate) async fn start(self) -> Liar {
        let directory = tempfile::tempdir().unwrap();
        let host_key = make_key(&directory.path().join("host_ed25519"), KeyType::Ed25519);
        make_key(&directory.path().join("id_ed25519"), KeyType::Ed25519);
        let config = Arc::new(server::Config {
            keys: vec![load_secret_key(host_key, None).unwrap()],
            auth_rejection_time_initial: Some(Duration::ZERO),
            nodelay: true,
            ..server::Config::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::default();
        let task = tokio::spawn(serve(listener, config, self, Arc::clone(&heard)));
        let line = format!("[127.0.0.1]:{port} {}\n", public_key(&directory.path().join("host_ed25519")));
        std::fs::write(directory.path().join("known_hosts"), line).unwrap();
        Liar { port, directory, heard, task }
    }
}

impl Liar {
    /// A server that answers so.
    pub(crate) async fn start(answer: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Lies::of(answer).start().await
    }

    /// Its port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The key of its user, `web1`; any other is accepted too.
    pub(crate) fn identity_file(&self) -> PathBuf {
        self.directory.path().join("id_ed25519")
    }

    /// The fingerprint of its host key, as `SHA256:…`.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.directory.path().join("host_ed25519"))
    }

    /// The commands that it was asked for.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// `[hosts.<name>]` of a configuration.
    pub(crate) fn toml(&self, name: &str) -> String {
        format!(
            "[hosts.{name}]\nkind = \"ssh\"\naddress = \"127.0.0.1\"\nport = {}\nuser = \"web1\"\n\
             root = \"/www/htdocs/w0000001\"\nhost_keys = [{:?}]\nidentity_file = \"{}\"\n",
            self.port,
            self.fingerprint(),
            self.identity_file().display(),
        )
    }

    /// OpenSSH's client as its user.
    pub(crate) fn client(&self) -> Client {
        Client {
            port: self.port,
            user: "web1".to_owned(),
            identity: self.identity_file(),
            known_hosts: self.directory.path().join("known_hosts"),
            options: vec![],
        }
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, config: Arc<server::Config>, lies: Lies, heard: Arc<Mutex<Vec<String>>>) {
    // Connections end with the listener: the set is dropped with this future, and the plugs with the set.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (mut stream, plug) = Plug::of(stream).unwrap();
        let preamble = lies.preamble.clone();
        let talk = Talk {
            answer: lies.answer.clone(),
            banner: lies.banner.clone(),
            heard: heard.clone(),
            channels: HashMap::new(),
            plug: plug.clone(),
        };
        let config = config.clone();
        connections.spawn(async move {
            let _pulled = Pulled(plug);
            // The client that went away has heard enough.
            if speak(preamble, &mut stream).await.is_ok()
                && let Ok(running) = server::run_stream(config, stream, talk).await
            {
                let _ = running.await;
            }
        });
    }
}

/// Ends a connection whoever holds its stream.
#[derive(Clone)]
struct Plug(Arc<std::net::TcpStream>);

impl Plug {
    fn of(stream: TcpStream) -> io::Result<(TcpStream, Self)> {
        let stream = stream.into_std()?;
        let plug = Self(Arc::new(stream.try_clone()?));
        Ok((TcpStream::from_std(stream)?, plug))
    }

    fn pull(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Pulls a plug when dropped.
struct Pulled(Plug);

impl Drop for Pulled {
    fn drop(&mut self) {
        self.0.pull();
    }
}

async fn speak(preamble: Preamble, stream: &mut TcpStream) -> io::Result<()> {
    match preamble {
        Preamble::None => Ok(()),
        Preamble::Bytes(bytes) => stream.write_all(&bytes).await,
        Preamble::Endless(bytes) => loop {
            stream.write_all(&bytes).await?;
        },
    }
}

/// One connection.
struct Talk {
    answer: Answer,
    banner: Option<String>,
    heard: Arc<Mutex<Vec<String>>>,
    channels: HashMap<ChannelId, Channel<Msg>>,
    plug: Plug,
}

impl server::Handler for Talk {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _user: &str, _key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(self.banner.clone())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        self.play(id, &String::from_utf8_lossy(data), session)
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        self.play(id, &format!("subsystem {name}"), session)
    }
}

impl Talk {
    /// Plays the answer to a command beside the connection, which goes on.
    fn play(&mut self, id: ChannelId, command: &str, session: &mut Session) -> Result<(), russh::Error> {
        self.heard.lock().unwrap().push(command.to_owned());
        let acts = (self.answer)(command);
        let Some(channel) = self.channels.remove(&id) else { return Ok(()) };
        session.channel_success(id)?;
        let (handle, plug) = (session.handle(), self.plug.clone());
        tokio::spawn(async move {
            // The client that went away has seen enough.
            let _ = perform(channel, handle, plug, acts).await;
        });
        Ok(())
    }
}

async fn perform(channel: Channel<Msg>, handle: Handle, plug: Plug, acts: Vec<Act>) -> Result<(), russh::Error> {
    let id = channel.id();
    let (mut input, output) = channel.split();
    // What is not read would stop the connection.
    let drain = tokio::spawn(async move { while input.wait().await.is_some() {} });
    for act in acts {
        match act {
            Act::Out(bytes) => output.data_bytes(bytes).await?,
            Act::Err(bytes) => output.extended_data_bytes(1, bytes).await?,
            Act::Endless(bytes) => loop {
                output.data_bytes(bytes.clone()).await?;
            },
            Act::Status(status) => output.exit_status(status).await?,
            Act::Signal(signal) => {
                let _ = handle.exit_signal_request(id, signal, false, String::new(), String::new()).await;
            }
            Act::Eof => output.eof().await?,
            Act::Close => output.close().await?,
            Act::Disconnect(reason) => handle.disconnect(Disconnect::ByApplication, reason, String::new()).await?,
            Act::Cut => plug.pull(),
            Act::Wait(time) => tokio::time::sleep(time).await,
        }
    }
    let _ = drain.await;
    Ok(())
}
