//! Chromium as a child: started for one look, in a profile that is thrown away, and ended with everybody it began.

use std::{
    fs::File,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use tokio::{
    net::unix::pipe::{Receiver, Sender},
    sync::oneshot,
};

use super::{
    super::{
        Reader, WorldError,
        process::{self, Capture, Environment, Invocation},
        scratch::OF_CHROMIUM,
    },
    memory,
    reach::Reach,
    wire::{Fault, Wire},
};
use crate::domain::refusal::Code;

/// What the browser is called, and where it is looked for.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const DIRECTORIES: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/snap/bin"];
/// The browser speaks on descriptors 3 and 4, and a child of ours has only its standard streams.
const PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#;
/// How long it may take to end by itself.
const CLOSING: Duration = Duration::from_secs(3);

/// Flags that do not depend on what is looked at.
const FLAGS: &[&str] = &[
    "--headless=new",
    // Nothing in the background, nobody else's servers.
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--no-proxy-server",
    "--no-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-quic",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=AutofillServerCommunication,DialMediaRouteProvider,MediaRouter,OptimizationHints,Translate",
    // No windows, prompts, sounds.
    "--block-new-web-contents",
    "--deny-permission-prompts",
    "--disable-notifications",
    "--mute-audio",
    "--noerrdialogs",
    "--autoplay-policy=user-gesture-required",
    // The same picture every time, on every machine.
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-gpu",
    "--blink-settings=imageAnimationPolicy=2",
    // Little shared memory in containers; no more of a page's own memory than this, MiB.
    "--disable-dev-shm-usage",
    "--js-flags=--max-old-space-size=512",
];

/// How the browser is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// By our pipe alone.
    Pipe,
    /// By the loopback as well, for a program that knows only that. Which port it is stands in the profile.
    Port,
}

impl Reader<'_> {
    /// The browser's program.
    pub fn chromium(&self) -> Result<PathBuf, WorldError> {
        if let Some(named) = &self.inventory().browser.chromium {
            return Ok(named.clone());
        }
        let places = DIRECTORIES.iter().flat_map(|directory| NAMES.map(|name| Path::new(directory).join(name)));
        places.into_iter().find(|path| is_program(path)).ok_or_else(|| {
            WorldError::new(
                Code::Unsupported,
                "start the browser",
                "there is no Chromium in the usual directories",
                "Install chromium, or name the program in deploy-ops.toml: [browser] chromium = \"/path\".",
            )
        })
    }

    /// Starts a browser, does `work` with it and its directory, and ends it.
    pub(super) async fn with_chromium<T>(
        self,
        reach: &Reach,
        limit: Duration,
        door: Door,
        work: impl AsyncFnOnce(&mut Wire, &Path) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        let program = self.chromium()?;
        let scratch = self.scratch_for_sockets("browser-", OF_CHROMIUM)?;
        let io = |error| WorldError::io("prepare the browser", error);
        let (commands, to) = std::io::pipe().map_err(io)?;
        let (from, events) = std::io::pipe().map_err(io)?;
        let mut invocation = Invocation::new("/bin/sh", scratch.path(), limit);
        invocation.environment = Environment::default().ours("HOME", scratch.path()).ours("TMPDIR", scratch.path());
        invocation.grace = Duration::ZERO;
        invocation.input = Some(File::from(OwnedFd::from(commands)));
        invocation.output = Some(File::from(OwnedFd::from(events)));
        let invocation = invocation
            .args(&["-c", PIPES, "browser"])
            .args(&[program.as_os_str()])
            .args(&flags(scratch.path(), reach, door))
            .confined(&self.world.runner);
        let mut wire =
            Wire::new(Sender::from_owned_fd(to.into()).map_err(io)?, Receiver::from_owned_fd(from.into()).map_err(io)?);
        // What it says on stderr is about buses and keyrings that are not there; and pages can make it say things.
        let mut said = Capture::default();
        // Its number is that of its process group.
        let (started, group) = oneshot::channel();
        let process = process::run_into(invocation, &mut said, |pid| {
            // It is waited for below, in any case.
            let _ = started.send(pid);
        });
        tokio::pin!(process);
        let done = tokio::select! {
            done = work(&mut wire, scratch.path()) => done,
            ended = &mut process => return Err(ended_early(ended)),
            Some(error) = too_large(group) => return Err(error),
        };
        // One that does not end by itself is ended when its future is dropped.
        let _ = wire.send("", "Browser.close", json!({})).await;
        let closed = tokio::time::timeout(CLOSING, &mut process).await;
        match (done, closed) {
            // The work saw no more than a pipe that closed.
            (Err(_), Ok(Ok((ending, _)))) if !ending.is_success() => Err(ended_early(Ok((ending, 0)))),
            (done, _) => done,
        }
    }
}

/// Ends when the browser takes too much memory.
async fn too_large(group: oneshot::Receiver<u32>) -> Option<WorldError> {
    Some(memory::exceeded(group.await.ok()?).await)
}

fn flags(scratch: &Path, reach: &Reach, door: Door) -> Vec<String> {
    let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    flags.push("--remote-debugging-pipe".to_owned());
    flags.push(format!("--user-data-dir={}", scratch.join("profile").display()));
    flags.push(format!("--host-resolver-rules={}", reach.rules));
    // Only this one key, whose certificate we have verified, is not verified again.
    flags.extend(reach.key.as_ref().map(|key| format!("--ignore-certificate-errors-spki-list={key}")));
    flags.extend((door == Door::Port).then(|| "--remote-debugging-port=0".to_owned()));
    // Root cannot have the sandbox.
    flags.extend(rustix::process::geteuid().is_root().then(|| "--no-sandbox".to_owned()));
    flags.push("about:blank".to_owned());
    flags
}

fn ended_early(ended: Result<(process::Ending, u64), WorldError>) -> WorldError {
    let fix = "Start the program by hand as the server's account: chromium --headless=new --dump-dom about:blank.";
    match ended {
        Err(error) => error,
        Ok((process::Ending::TimedOut, _)) => WorldError::new(
            Code::WorldFailed,
            "look at pages",
            "the browser took too long and was ended",
            "Ask for fewer pages.",
        ),
        Ok((ending, _)) => {
            let problem = format!("it ended at once by {}", ending.describe());
            WorldError::new(Code::WorldFailed, "start the browser", problem, fix)
        }
    }
}

impl From<Fault> for WorldError {
    fn from(fault: Fault) -> Self {
        WorldError::new(Code::WorldFailed, "look at a page", fault.to_string(), "Try again; see `deploy-ops doctor`.")
            .because(fault)
    }
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
