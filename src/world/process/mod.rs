//! Child processes: the only place that starts one.
//!
//! A child gets an argument vector (no shell), a fixed small environment, its own process group, no standard input unless we
//! give one, and a time limit for the whole group. Its output is read to the end whatever its size, so that it neither blocks
//! nor dies of a closed pipe; only the first and last part is kept.

mod capture;
mod confined;
mod environment;
mod members;
mod stop;
mod strays;

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe::Receiver,
    time::{Instant, sleep_until},
};

pub use capture::Captured;
pub(crate) use capture::{Capture, Sink};
pub use confined::confined_run;
pub(crate) use environment::Environment;
pub(crate) use stop::Stop;
pub(crate) use strays::Strays;

use super::WorldError;
use crate::domain::refusal::Code;

/// How long a group has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(10);
/// How long we go on reading after the child ended while something else holds its output open.
const LINGER: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By itself, with this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// By us, because its time was over.
    TimedOut,
    /// By us, because its operation was cancelled. Nobody of its process group is left.
    Cancelled,
}

impl Ending {
    /// Whether it ended with exit code 0.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
    /// For a sentence, for example `exit code 1`.
    pub fn describe(self) -> String {
        match self {
            Self::Code(code) => format!("exit code {code}"),
            Self::Signal(signal) => format!("signal {signal}"),
            Self::TimedOut => "its time limit".to_owned(),
            Self::Cancelled => "a cancellation".to_owned(),
        }
    }
    fn of(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or(0)),
        }
    }
}

/// What happens to processes that the child left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// They are ended with it.
    End,
    /// They stay: a deployment may start a server. After a time-out they are ended in any case.
    Stay,
}

/// A process to run.
pub(crate) struct Invocation {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) directory: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) timeout: Duration,
    /// Between TERM and KILL.
    pub(crate) grace: Duration,
    pub(crate) leftovers: Leftovers,
    /// When it is ended before its time; never, unless given.
    pub(crate) stop: Option<Stop>,
    /// What it reads; nothing, unless given.
    pub(crate) input: Option<File>,
    /// Where its standard output goes instead of being captured.
    pub(crate) output: Option<File>,
}

impl Invocation {
    /// A program with its arguments, in `directory`.
    pub(crate) fn new(program: impl Into<OsString>, directory: &Path, timeout: Duration) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            directory: directory.to_owned(),
            environment: Environment::default(),
            timeout,
            grace: GRACE,
            leftovers: Leftovers::End,
            stop: None,
            input: None,
            output: None,
        }
    }

    /// The invocation of an argument vector. An empty one has nothing to run.
    pub(crate) fn of(argv: &[String], directory: &Path, timeout: Duration) -> Result<Self, WorldError> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(WorldError::new(
                Code::Unsupported,
                "run a command",
                "the command is empty",
                "Give the program and its arguments in deploy-ops.toml.",
            ));
        };
        Ok(Self::new(program, directory, timeout).args(arguments))
    }

    pub(crate) fn args<T: Into<OsString> + Clone>(mut self, arguments: &[T]) -> Self {
        self.arguments.extend(arguments.iter().cloned().map(Into::into));
        self
    }
}

/// A process that ended, with what it wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// What it wrote on both streams, in the order of writing.
    pub output: Captured,
    /// From start to end, ms.
    pub duration_ms: u64,
}

/// Runs a process and keeps the first and last 64 KiB of what it wrote on both streams.
pub(crate) async fn run(invocation: Invocation) -> Result<Finished, WorldError> {
    let mut capture = Capture::default();
    let (ending, duration_ms) = run_into(invocation, &mut capture, |_| {}).await?;
    Ok(Finished { ending, output: capture.finish(), duration_ms })
}

/// Runs a process and hands everything it writes to `sink`, in order. `started` is told the process id.
pub(crate) async fn run_into(
    mut invocation: Invocation,
    sink: &mut dyn Sink,
    started: impl FnOnce(u32),
) -> Result<(Ending, u64), WorldError> {
    let begin = Instant::now();
    let (grace, timeout, leftovers) = (invocation.grace, invocation.timeout, invocation.leftovers);
    let stop = invocation.stop.take().unwrap_or_else(Stop::never);
    let (mut asked, session) = (stop.asked, stop.session);
    let (mut child, mut output, _home) = spawn(invocation)?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw), true);
    started(child.id().unwrap_or(0));
    let mut group = group;
    let mut buffer = vec![0; 64 * 1024];
    let mut deadline = begin + timeout;
    let mut status: Option<ExitStatus> = None;
    let (mut open, mut timed_out, mut killed) = (true, false, false);
    while status.is_none() || open {
        tokio::select! {
            read = output.read(&mut buffer), if open => match read {
                Ok(0) | Err(_) => open = false,
                Ok(count) => sink.take(buffer.get(..count).unwrap_or_default()),
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended.map_err(|e| WorldError::io("wait for a process", e))?);
                deadline = Instant::now() + LINGER;
            }
            () = sleep_until(deadline) => {
                if status.is_some() || killed {
                    break;
                }
                killed = timed_out;
                group.signal(if timed_out { Signal::KILL } else { Signal::TERM });
                timed_out = true;
                deadline = Instant::now() + grace;
            }
            () = &mut asked, if status.is_none() && !timed_out => {
                // One that has ended by itself keeps its outcome.
                status = child.try_wait().map_err(|e| WorldError::io("wait for a process", e))?;
                if status.is_none() {
                    // It is waited for last: until then its number, which is that of its group, is nobody else's.
                    stop::end(&group, session, grace, &mut output, sink).await;
                    child.wait().await.map_err(|e| WorldError::io("wait for a process", e))?;
                    group.1 = false;
                    return Ok((Ending::Cancelled, millis(begin)));
                }
                deadline = Instant::now() + LINGER;
            }
        }
    }
    if leftovers == Leftovers::Stay && !timed_out {
        group.1 = false;
    }
    let ending = match status {
        _ if timed_out => Ending::TimedOut,
        Some(status) => Ending::of(status),
        None => Ending::TimedOut,
    };
    Ok((ending, millis(begin)))
}

fn millis(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Starts a process that goes on when we end, with nothing attached to us. The caller must make it a session of its own.
pub(crate) fn spawn_detached(invocation: Invocation) -> Result<u32, WorldError> {
    let mut command = command(&invocation);
    invocation.environment.apply(&mut command, None)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Tokio reaps children whose handle was dropped.
    command.spawn().map(|child| child.id().unwrap_or(0)).map_err(|e| cannot_start(&invocation, e))
}

fn spawn(
    mut invocation: Invocation,
) -> Result<(tokio::process::Child, Receiver, Option<tempfile::TempDir>), WorldError> {
    let io = |e| WorldError::io("prepare a process", e);
    let (reader, writer) = std::io::pipe().map_err(io)?;
    let mut command = command(&invocation);
    let home = if invocation.environment.has_home() {
        None
    } else {
        Some(tempfile::Builder::new().prefix("deploy-ops-home-").tempdir().map_err(io)?)
    };
    invocation.environment.apply(&mut command, home.as_ref().map(tempfile::TempDir::path))?;
    command.stdin(invocation.input.take().map_or_else(Stdio::null, Stdio::from));
    match invocation.output.take() {
        Some(file) => command.stdout(file),
        None => command.stdout(writer.try_clone().map_err(io)?),
    };
    command.stderr(writer).process_group(0).kill_on_drop(true);
    let child = command.spawn().map_err(|e| cannot_start(&invocation, e))?;
    // The command holds our copies of the write end: without them the pipe ends when the last writer does.
    drop(command);
    let reader = Receiver::from_owned_fd(reader.into()).map_err(io)?;
    Ok((child, reader, home))
}

#[expect(clippy::disallowed_methods, reason = "the one place that starts a process")]
fn command(invocation: &Invocation) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(&invocation.program);
    command.args(&invocation.arguments).current_dir(&invocation.directory).env_clear();
    command
}

fn cannot_start(invocation: &Invocation, error: std::io::Error) -> WorldError {
    let program = Path::new(&invocation.program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (problem, fix) = match error.kind() {
        std::io::ErrorKind::NotFound => {
            ("it does not exist", "Install it, or correct the command or the first line of the script.")
        }
        std::io::ErrorKind::PermissionDenied => ("it may not be executed", "Make it executable: chmod +x."),
        _ => ("the system refused", "Look at the server's log."),
    };
    WorldError::new(Code::WorldFailed, format!("start {program}"), problem, fix).because(error)
}

/// Ends the whole process group when it is dropped, unless told otherwise.
struct Group(Option<Pid>, bool);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.0 {
            // The group may be gone already.
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.1 {
            self.signal(Signal::KILL);
        }
    }
}
