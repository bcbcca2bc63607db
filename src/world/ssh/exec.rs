//! Running commands on a host.

use std::time::Duration;

use bytes::Bytes;
use russh::{Channel, ChannelMsg, Sig, client::Msg};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout_at},
};

use super::{Command, Connection, DISK_FULL, QUOTA_USED, Ran, Remote, lost};
use crate::{
    domain::refusal::Code,
    world::{WorldError, process::Ending},
};

/// How much of what a command complains is kept, bytes.
const COMPLAINT: usize = 16 * 1024;
/// The pauses after which a refused channel is asked for again, ms.
const REFUSED: [u64; 6] = [10, 30, 100, 200, 400, 800];
/// The pause while other commands of ours run: with the end of one there is room.
const OTHERS: Duration = Duration::from_millis(200);

impl Remote<'_> {
    /// Runs a command and keeps what it answers. `doing` is for messages, for example `read a file`. An exit code other than 0 is
    /// an answer, not a failure.
    pub(in crate::world) async fn run(&self, doing: &str, command: Command) -> Result<Ran, WorldError> {
        let (mut output, limit) = (Vec::new(), command.answer);
        let (ending, complaint) = self
            .stream(doing, command, &mut |bytes| {
                output.extend_from_slice(&bytes);
                output.len() <= limit
            })
            .await?;
        if output.len() > limit {
            return Err(WorldError::new(
                Code::WorldFailed,
                format!("{doing} on host {}", self.name),
                format!("it answers more than {limit} bytes"),
                "Look at the host: this is not an answer that the command can give.",
            ));
        }
        Ok(Ran { ending, output, complaint })
    }

    /// The same for a command that has to succeed: gives what it wrote, without the last line end.
    pub(in crate::world) async fn text(&self, doing: &str, command: Command) -> Result<String, WorldError> {
        let ran = self.run(doing, command).await?;
        if ran.is_success() { Ok(ran.text()) } else { Err(self.failed(doing, &ran)) }
    }

    /// A command that should have succeeded.
    pub(in crate::world) fn failed(&self, doing: &str, ran: &Ran) -> WorldError {
        let text = String::from_utf8_lossy(&ran.complaint);
        let (problem, fix) = [
            ("No space left on device", DISK_FULL, "Free space on the host and try again."),
            ("Disk quota exceeded", QUOTA_USED, "Free space on the host and try again."),
            ("Read-only file system", "the file system is read-only", "Mount it writable."),
            ("Permission denied", "the permissions forbid it", "Give the login the permission, or correct the path."),
            ("No such file or directory", "a file or directory is not there", "Check the paths in deploy-ops.toml."),
            ("This service allows sftp connections only", "the login may only move files", "Use a login with a shell."),
        ]
        .into_iter()
        .find_map(|(sign, problem, fix)| text.contains(sign).then(|| (problem.to_owned(), fix)))
        .unwrap_or_else(|| (format!("it ended by {}", ran.ending.describe()), "Look at the host and at our log."));
        WorldError::new(Code::WorldFailed, format!("{doing} on host {}", self.name), problem, fix)
            .because(text.into_owned())
    }

    /// Runs a command and hands what it writes on standard output to `each`, until that says `false`. Returns how it ended, and the
    /// beginning of what it wrote on standard error; a command that nobody listens to any more counts as ended by a signal.
    pub(in crate::world) async fn stream(
        &self,
        doing: &str,
        command: Command,
        each: &mut (dyn FnMut(Bytes) -> bool + Send),
    ) -> Result<(Ending, Vec<u8>), WorldError> {
        let input = given(&command);
        Box::pin(self.exchange(doing, command, input, Ear::Call(each))).await
    }

    /// Runs a command that reads its standard input from `input`, piece by piece, while it runs. What it writes on standard output is
    /// not kept.
    pub(in crate::world) async fn feed(
        &self,
        doing: &str,
        command: Command,
        input: mpsc::Receiver<Bytes>,
    ) -> Result<Ran, WorldError> {
        let (ending, complaint) = Box::pin(self.exchange(doing, command, input, Ear::Call(&mut |_| true))).await?;
        Ok(Ran { ending, output: Vec::new(), complaint })
    }

    /// What a command writes, into a channel, until nobody receives from it: the host waits for a receiver that is slower than it.
    pub(in crate::world) async fn send(
        &self,
        doing: &str,
        command: Command,
        to: mpsc::Sender<Bytes>,
    ) -> Result<(Ending, Vec<u8>), WorldError> {
        let input = given(&command);
        Box::pin(self.exchange(doing, command, input, Ear::Channel(to))).await
    }

    async fn exchange(
        &self,
        doing: &str,
        command: Command,
        mut input: mpsc::Receiver<Bytes>,
        mut ear: Ear<'_>,
    ) -> Result<(Ending, Vec<u8>), WorldError> {
        let deadline = Instant::now() + command.timeout;
        let connection = self.connection().await?;
        let ended = || lost(self.name, doing);
        let _permit = connection.sessions.acquire().await.map_err(|_| ended())?;
        let channel = Box::pin(self.channel(&connection, deadline)).await?.ok_or_else(|| no_session(self, doing))?;
        channel.exec(true, command.line()).await.map_err(|error| ended().because(error))?;
        let (mut reading, writing) = channel.split();
        let feed = async {
            // A command that does not read its input to the end is not wrong for it.
            while let Some(piece) = input.recv().await {
                if !piece.is_empty() && writing.data_bytes(piece).await.is_err() {
                    break;
                }
            }
            let _ = writing.eof().await;
        };
        let mut ending = None;
        let mut whole = false;
        let mut complaint = Vec::new();
        let listen = async {
            loop {
                match reading.wait().await {
                    Some(ChannelMsg::Data { data }) => {
                        if !ear.hears(data).await {
                            (ending, whole) = (Some(Ending::Signal(13)), true);
                            return Ok(());
                        }
                    }
                    Some(ChannelMsg::ExtendedData { data, .. }) => {
                        let room = COMPLAINT.saturating_sub(complaint.len());
                        complaint.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
                    }
                    Some(ChannelMsg::ExitStatus { exit_status }) => {
                        ending = Some(Ending::Code(i32::try_from(exit_status).unwrap_or(-1)));
                    }
                    Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                        ending = Some(Ending::Signal(number(&signal_name)));
                    }
                    Some(ChannelMsg::Eof | ChannelMsg::Close) => whole = true,
                    Some(ChannelMsg::Failure) => return Err(no_session(self, doing)),
                    Some(_) => {}
                    // Without an exit status the end of the channel says nothing about the command. The status may come before
                    // the rest of the output, so an end that was not announced cuts it.
                    None => return Ok(()),
                }
            }
        };
        // Both at once: a command may want its input before it answers, or answer before it has read all.
        let both = async {
            let feeding = async {
                feed.await;
                std::future::pending::<()>().await;
            };
            tokio::select! {
                heard = listen => heard,
                () = feeding => Ok(()),
            }
        };
        let heard = timeout_at(deadline, both).await;
        let _ = writing.close().await;
        let Ok(heard) = heard else {
            let seconds = command.timeout.as_secs();
            return Err(WorldError { problem: format!("it did not end within {seconds} s"), ..ended() });
        };
        heard?;
        ending.filter(|_| whole).map(|ending| (ending, complaint)).ok_or_else(ended)
    }

    /// A channel. The host may count a command that ended for longer than we do, and refuse one too many, so a refusal is believed
    /// when it stays though no other command of ours runs; then there is none.
    pub(super) async fn channel(
        &self,
        connection: &Connection,
        deadline: Instant,
    ) -> Result<Option<Channel<Msg>>, WorldError> {
        let mut pauses = REFUSED.iter();
        loop {
            match timeout_at(deadline, connection.handle().channel_open_session()).await {
                Ok(Ok(channel)) => return Ok(Some(channel)),
                Ok(Err(russh::Error::ChannelOpenFailure(_))) => match pauses.next() {
                    Some(pause) => sleep(Duration::from_millis(*pause)).await,
                    None if connection.has_others() => sleep(OTHERS).await,
                    None => return Ok(None),
                },
                Ok(Err(error)) => {
                    return Err(super::unreachable(self.name, "its connection ended", AGAIN).because(error));
                }
                Err(_) => return Err(super::unreachable(self.name, "it does not answer", AGAIN)),
            }
        }
    }
}

/// The input of a command that has all of it from the beginning.
fn given(command: &Command) -> mpsc::Receiver<Bytes> {
    let (pieces, input) = mpsc::channel(1);
    // The channel has room for it.
    let _ = pieces.try_send(command.input.clone());
    input
}

/// Who gets what a command writes.
enum Ear<'e> {
    Call(&'e mut (dyn FnMut(Bytes) -> bool + Send)),
    Channel(mpsc::Sender<Bytes>),
}

impl Ear<'_> {
    /// Takes it; `false` when nobody wants more.
    async fn hears(&mut self, bytes: Bytes) -> bool {
        match self {
            Self::Call(each) => each(bytes),
            Self::Channel(to) => to.send(bytes).await.is_ok(),
        }
    }
}

const AGAIN: &str = "Try again; the connection is opened anew.";

fn no_session(remote: &Remote<'_>, doing: &str) -> WorldError {
    WorldError::new(
        Code::Unsupported,
        format!("{doing} on host {}", remote.name),
        "it lets us log in, but not run commands",
        "Use a login with a shell, or ask the provider for one.",
    )
}

/// The number of a signal, as Linux has it.
fn number(signal: &Sig) -> i32 {
    match signal {
        Sig::HUP => 1,
        Sig::INT => 2,
        Sig::QUIT => 3,
        Sig::ILL => 4,
        Sig::ABRT => 6,
        Sig::FPE => 8,
        Sig::KILL => 9,
        Sig::USR1 => 10,
        Sig::SEGV => 11,
        Sig::PIPE => 13,
        Sig::ALRM => 14,
        Sig::TERM => 15,
        Sig::Custom(_) => 0,
    }
}
