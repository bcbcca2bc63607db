//! Scripts that run on when this server ends, and never twice.
//!
//! Each run has a directory: `spec.json` (what to run; no secret values), `fence`, `claim/` (who runs it; put there by one
//! atomic rename, so that of any number of runners one wins), `log` (the redacted output), `over` (it is to be ended), `rc` (how it
//! ended; put there by rename when everything is over). Whoever comes later, even after a crash of this server, learns from these files what
//! became of it. On a host over SSH the same is done by `remote`.

mod end;
mod lines;
mod log;
pub(in crate::world) mod remote;
mod runner;
mod site;

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use lines::Lines;
use log::Log;
pub use runner::detached_run;
pub use site::Site;

use super::{
    Reader, World, WorldError, instance,
    process::{self, Ending, Environment, Invocation, Leftovers},
    tree,
};
use crate::{
    domain::{digest::Digest, name::SecretName, refusal::Code},
    policy::Permit,
};

/// The file that tells a runner to end its script.
const OVER: &str = "over";
/// How long a runner may take to claim its run.
const STARTUP: Duration = Duration::from_secs(20);

/// What to run, in which surroundings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptRun {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The working directory.
    pub directory: PathBuf,
    /// The environment besides secrets.
    pub environment: BTreeMap<String, String>,
    /// The secrets it gets as environment variables, by name.
    pub secrets: Vec<SecretName>,
    /// How long it may take, seconds.
    pub timeout_s: u32,
    /// The script among `argv`, where it lies on a host over SSH; there it is compared before it begins.
    #[serde(skip)]
    pub script: Option<PlacedScript>,
}

/// A script on a host, and the bytes that it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedScript {
    /// Where it lies.
    pub path: PathBuf,
    /// What it must hold.
    pub bytes: Vec<u8>,
}

/// What stands in `spec.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Spec {
    run: ScriptRun,
    fence: i64,
}

/// What stands in `claim/runner` and `claim/script`: a process that can be found again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Process {
    boot: String,
    pid: u32,
    start: u64,
}

impl Process {
    fn of(pid: u32) -> Option<Self> {
        Some(Self { boot: instance::boot_id(), pid, start: instance::start_time(pid)? })
    }
    fn is_alive(&self) -> bool {
        self.boot == instance::boot_id() && instance::start_time(self.pid) == Some(self.start)
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptResult {
    /// How the script ended.
    pub ending: Ending,
    /// How much it wrote, bytes.
    pub bytes: u64,
    /// SHA-256 of all that it wrote, after redaction.
    pub digest: Digest,
    /// How long it took, ms.
    pub duration_ms: u64,
}

/// What is known of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptState {
    /// Nobody has claimed it: it may be started.
    NotStarted,
    /// Its runner lives.
    Running,
    /// It ended.
    Exited(ScriptResult),
    /// Its runner is gone and left no result; what the script did cannot be told.
    Lost {
        /// Whether the script's own process still runs, without anyone who watches it.
        script_runs: bool,
    },
    /// The host that it runs on cannot be asked.
    Unseen {
        /// Why, for a sentence.
        why: String,
        /// Whether it may have begun there.
        begun: bool,
    },
}

impl ScriptState {
    fn unseen(error: &WorldError, begun: bool) -> Self {
        tracing::warn!(error = error as &dyn std::error::Error, "a run cannot be looked at");
        Self::Unseen { why: error.to_string(), begun }
    }
}

impl World {
    /// Starts a script in the run directory `at`, unless somebody has started it already. Returns when it is claimed.
    pub async fn start_script(&self, permit: &Permit, at: &Path, run: &ScriptRun) -> Result<(), WorldError> {
        if script_state(at) != ScriptState::NotStarted {
            return Ok(());
        }
        let io = |e| WorldError::io("prepare the run of a script", e);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(at).map_err(io)?;
        let home = at.join("home");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&home).map_err(io)?;
        raise_fence(at, permit.fence())?;
        let spec = serde_json::to_vec(&Spec { run: run.clone(), fence: permit.fence() })
            .map_err(|e| io(std::io::Error::other(e)))?;
        write_durably(&at.join("spec.json"), &spec)?;
        let mut secrets = Vec::new();
        for name in &run.secrets {
            secrets.push(self.secret(permit, name).await?);
        }
        let mut invocation = Invocation::new(&self.runner, at, Duration::from_secs(u64::from(run.timeout_s)));
        invocation.arguments = vec!["detached-run".into(), at.into()];
        invocation.environment = Environment::default().grant(secrets).ours("HOME", &home);
        invocation.leftovers = Leftovers::Stay;
        let runner = process::spawn_detached(invocation)?;
        let deadline = tokio::time::Instant::now() + STARTUP;
        while script_state(at) == ScriptState::NotStarted {
            let gone = instance::start_time(runner).is_none();
            if (gone && script_state(at) == ScriptState::NotStarted)
                || (tokio::time::Instant::now() > deadline && runner::withdraw(at)?)
            {
                return Err(WorldError::new(
                    Code::WorldFailed,
                    "start a script",
                    "its runner ended, or did not claim the run in time",
                    "Nothing was run. Look at the server's log, then try again.",
                ));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// What is known of the run in directory `at`.
    pub fn script_state(&self, at: &Path) -> ScriptState {
        script_state(at)
    }

    /// The redacted output from `offset`, at most `limit` bytes, and the offset behind it.
    pub fn script_log(&self, at: &Path, offset: u64, limit: u64) -> Result<(String, u64), WorldError> {
        let io = |e| WorldError::io("read the output of a script", e);
        let mut file = match File::open(at.join("log")) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((String::new(), offset)),
            Err(error) => return Err(io(error)),
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        file.take(limit).read_to_end(&mut bytes).map_err(io)?;
        let end = offset + bytes.len() as u64;
        Ok((String::from_utf8_lossy(&bytes).into_owned(), end))
    }

    /// The last `limit` bytes of the redacted output.
    pub fn script_log_end(&self, at: &Path, limit: u64) -> Result<String, WorldError> {
        let size = fs::metadata(at.join("log")).map_or(0, |m| m.len());
        self.script_log(at, size.saturating_sub(limit), limit).map(|(text, _)| text)
    }

    /// Waits until the run is over and tells every new line. Returns the last state: `Exited` or `Lost`, or `NotStarted` when
    /// nobody has begun it.
    pub async fn wait_for_script(&self, at: &Path, line: &(dyn Fn(String) + Send + Sync)) -> ScriptState {
        let (mut lines, mut pause) = (Lines::default(), 5);
        loop {
            let state = script_state(at);
            // Read after the state: what was written before the end is then told before the end.
            lines.tell(*self, at, line);
            if state != ScriptState::Running {
                lines.finish(line);
                return state;
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
            pause = (pause * 2).min(250);
        }
    }
}

/// What the files of a run say.
pub(crate) fn script_state(at: &Path) -> ScriptState {
    if let Some(result) = read_json(&at.join("rc")) {
        return ScriptState::Exited(result);
    }
    if !at.join("claim").exists() {
        return ScriptState::NotStarted;
    }
    let alive = |name: &str| read_json::<Process>(&at.join("claim").join(name)).is_some_and(|p| p.is_alive());
    if alive("runner") {
        return ScriptState::Running;
    }
    // It may have ended between the first look and this one: its result counts then.
    match read_json(&at.join("rc")) {
        Some(result) => ScriptState::Exited(result),
        None => ScriptState::Lost { script_runs: alive("script") },
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn fence_of(at: &Path) -> i64 {
    fs::read_to_string(at.join("fence")).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(i64::MIN)
}

fn raise_fence(at: &Path, fence: i64) -> Result<(), WorldError> {
    if fence_of(at) > fence {
        return Err(end::overtaken("start a script"));
    }
    write_durably(&at.join("fence"), fence.to_string().as_bytes())
}

/// Writes a small file so that it is there whole or not at all, also after a power cut.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    let io = |e| WorldError::io("write a file of ours", e);
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&partial, path).map_err(io)?;
    path.parent().map_or(Ok(()), tree::sync_directory)
}
