//! The runner: what `deploy-ops detached-run <directory>` does, in a process and session of its own.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use super::{Log, OVER, Process, ScriptResult, Spec, fence_of, read_json, write_durably};
use crate::{
    redact::{Redactor, Secret},
    world::{
        WorldError,
        process::{self, Ending, Environment, Invocation, Leftovers, Sink, Stop},
    },
};

/// How often a runner looks whether it is to end its script.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the script of a run directory, if nobody else does. The caller's process should do nothing else: it gets a session of
/// its own and lives as long as the script.
pub fn detached_run(directory: &Path) -> ExitCode {
    // It fails only when we lead a process group already, that is, when somebody runs us by hand.
    let _ = rustix::process::setsid();
    // What a deployment creates must be readable by the web server; scripts that want less set it themselves.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let directory = directory.to_owned();
    // A thread of its own: the caller may already be inside an asynchronous runtime.
    match std::thread::spawn(move || run(&directory)).join() {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[expect(clippy::disallowed_methods, reason = "the runner gets its secrets in its environment, from the server alone")]
fn run(at: &Path) -> Result<(), WorldError> {
    let io = |e| WorldError::io("run a script detached", e);
    let Some(Spec { run, fence }) = read_json(&at.join("spec.json")) else {
        return Err(io(std::io::ErrorKind::NotFound.into()));
    };
    if fence_of(at) > fence || !claim(at)? {
        return Ok(());
    }
    let redactor = Redactor::default();
    // Exactly the granted secrets, under their names: this process was given no others.
    let secrets: Vec<Secret> = run
        .secrets
        .iter()
        .filter_map(|name| Some(Secret::new(name.as_str(), std::env::var(name.as_str()).ok()?)))
        .collect();
    redactor.add(secrets.clone());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(at.join("log")).map_err(io)?;
    let mut log = Log::new(file, redactor);
    let ended = execute(at, &run, secrets, &mut log);
    let (ending, duration_ms) = ended.unwrap_or_else(|error| {
        log.take(format!("[{error}. {}]\n", error.fix).as_bytes());
        // As a shell answers when it cannot start a command.
        (Ending::Code(127), 0)
    });
    let (bytes, digest) = log.finish();
    let result = serde_json::to_vec(&ScriptResult { ending, bytes, digest, duration_ms })
        .map_err(|e| io(std::io::Error::other(e)))?;
    write_durably(&at.join("rc"), &result)
}

fn execute(
    at: &Path,
    run: &super::ScriptRun,
    secrets: Vec<Secret>,
    log: &mut Log,
) -> Result<(Ending, u64), WorldError> {
    let mut invocation = Invocation::of(&run.argv, &run.directory, Duration::from_secs(u64::from(run.timeout_s)))?;
    invocation.environment =
        Environment::default().declare(&run.environment).grant(secrets).ours("HOME", at.join("home"));
    // A deployment may start a server that stays.
    invocation.leftovers = Leftovers::Stay;
    let over = at.join(OVER);
    invocation.stop = Some(Stop::when(async move {
        while !over.exists() {
            tokio::time::sleep(LOOK).await;
        }
    }));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| WorldError::io("run a script detached", e))?;
    runtime.block_on(process::run_into(invocation, log, |pid| {
        // Only for the sentence that a human gets when this runner is killed.
        if let Some(text) = Process::of(pid).and_then(|script| serde_json::to_vec(&script).ok()) {
            let _ = write_durably(&at.join("claim/script"), &text);
        }
    }))
}

/// Takes a run back that no runner claimed in time: claimed by us, it can never begin. False when a runner was faster.
pub(super) fn withdraw(at: &Path) -> Result<bool, WorldError> {
    if !claim(at)? {
        return Ok(false);
    }
    // As a shell answers when it cannot execute a command.
    let result = ScriptResult {
        ending: Ending::Code(126),
        bytes: 0,
        digest: crate::domain::digest::Digest::of(b""),
        duration_ms: 0,
    };
    let result =
        serde_json::to_vec(&result).map_err(|e| WorldError::io("take a run back", std::io::Error::other(e)))?;
    write_durably(&at.join("rc"), &result)?;
    Ok(true)
}

/// Claims the run. Of all runners one gets it: renaming a directory onto one that is not empty fails (rename(2)).
fn claim(at: &Path) -> Result<bool, WorldError> {
    let io = |e| WorldError::io("claim the run of a script", e);
    let mine = at.join(format!("claim.{}", std::process::id()));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&mine).map_err(io)?;
    let me = Process::of(std::process::id()).ok_or_else(|| io(std::io::ErrorKind::Unsupported.into()))?;
    write_durably(&mine.join("runner"), &serde_json::to_vec(&me).map_err(|e| io(std::io::Error::other(e)))?)?;
    if let Ok(()) = fs::rename(&mine, at.join("claim")) {
        crate::world::tree::sync_directory(at)?;
        Ok(true)
    } else {
        let _ = fs::remove_dir_all(&mine);
        Ok(false)
    }
}
