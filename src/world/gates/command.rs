//! Commands that must end with exit code 0 in a clean export of the commit, and whose reports must agree with that.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    super::{
        Reader, WorldError,
        blocking::blocking,
        files::open::Forbidden,
        process::{self, Captured, Ending, Environment, Finished, Invocation},
        scratch::OF_CHROMIUM,
    },
    GateRun,
    report::Reports,
};
use crate::domain::{
    evidence::{Evidence, Outcome},
    inventory::{CommandGate, Service},
    name::GateName,
    results::{self, Format, Judged, Ran, TestReport},
    version::Revision,
};

/// What the browser of a test may want below such a place, bytes.
pub(in crate::world) const IN_A_ROOM: usize = "/tmp".len() + OF_CHROMIUM;

/// Where a command runs: an export, a home and a directory for temporary files, all of them new and thrown away.
pub(in crate::world) struct Room {
    pub(in crate::world) export: PathBuf,
    pub(in crate::world) home: PathBuf,
    temporary: PathBuf,
}

impl Room {
    pub(in crate::world) fn new(scratch: &Path) -> Result<Self, WorldError> {
        let room = Self { export: scratch.join("export"), home: scratch.join("home"), temporary: scratch.join("tmp") };
        for directory in [&room.home, &room.temporary] {
            let made = DirBuilder::new().mode(0o700).create(directory);
            made.map_err(|error| WorldError::io("make a directory for a command", error))?;
        }
        Ok(room)
    }

    /// No secret and nothing of our own environment is in it.
    pub(in crate::world) fn environment(&self, path: &[PathBuf]) -> Environment {
        Environment::default().search(path).ours("HOME", &self.home).ours("TMPDIR", &self.temporary)
    }
}

impl Reader<'_> {
    /// Runs the command without any secret.
    pub(super) async fn run_command(
        &self,
        service: &Service,
        name: &GateName,
        gate: &CommandGate,
        revision: &Revision,
        mut evidence: Evidence,
    ) -> Result<GateRun, WorldError> {
        let scratch = self.scratch_for_sockets("gate-", IN_A_ROOM)?;
        let room = Room::new(scratch.path())?;
        self.export_to(service, &revision.commit, Some(&revision.tree), &room.export).await?;
        let mut left = Duration::from_secs(u64::from(gate.timeout_s));
        if let Some(prepare) = &gate.prepare {
            let prepared = self.run_in(&room, gate, prepare, left).await;
            if let Some(why) = unprepared(&prepared) {
                evidence.summary = format!("Gate {name} proves nothing: it could not be prepared ({why}).");
                return Ok(GateRun { evidence, output: prepared.ok().map(|run| run.output), failing: Vec::new() });
            }
            left = left.saturating_sub(Duration::from_millis(prepared.map_or(0, |run| run.duration_ms)));
        }
        let (export, wanted, mark) = (room.export.clone(), gate.reports.clone(), scratch.path().join("started"));
        let reports = blocking(move || Reports::before(&export, &wanted, &mark)).await?;
        let ran = self.run_in(&room, gate, &gate.command, left).await;
        let (judged, failing) = match &ran {
            Err(error) => (inconclusive(format!("could not run: {}", error.problem)), Vec::new()),
            Ok(run) => match run.ending {
                Ending::TimedOut => (inconclusive(format!("did not end within {} s", gate.timeout_s)), Vec::new()),
                // What shells say, and what we say, when a program is not there or cannot be started.
                Ending::Code(code @ (126 | 127)) => {
                    let what = format!("proves nothing: a program that it needs cannot be started (exit code {code})");
                    (inconclusive(what), Vec::new())
                }
                ending => self.judge(gate, reports, ending, &run.output).await?,
            },
        };
        evidence.outcome = judged.outcome;
        evidence.summary = format!("Gate {name} {}.", judged.reason);
        evidence.counters.extend(judged.counters);
        let output = ran.ok().map(|run| {
            evidence.counters.insert("duration_ms".to_owned(), run.duration_ms);
            evidence.raw_digest = Some(run.output.digest);
            run.output
        });
        Ok(GateRun { evidence, output, failing })
    }

    async fn run_in(
        &self,
        room: &Room,
        gate: &CommandGate,
        command: &[String],
        timeout: Duration,
    ) -> Result<Finished, WorldError> {
        let mut invocation = Invocation::of(command, &room.export, timeout)?.confined(&self.world.runner);
        invocation.environment = room.environment(&gate.path);
        process::run(invocation).await
    }

    /// What a command proves that ended by itself, and the tests that failed.
    async fn judge(
        &self,
        gate: &CommandGate,
        reports: Reports,
        ending: Ending,
        output: &Captured,
    ) -> Result<(Judged, Vec<String>), WorldError> {
        let text = output.text();
        let reported = if gate.reports.is_empty() {
            of_output(gate.format, output, &text)
        } else {
            let (format, forbidden) = (gate.format, Forbidden::of(self.world));
            Some(blocking(move || Ok(reports.read(format, &forbidden))).await?)
        };
        let printed = results::printed(&text);
        // Several tools may have run, of which only some wrote reports.
        let printed = printed.filter(|(_, tools)| reported.is_none() || *tools == 1).map(|(printed, _)| printed);
        let badly = (!ending.is_success()).then(|| ending.describe());
        let judged = results::judge(&Ran {
            ended_badly: badly.as_deref(),
            reported: reported.as_ref(),
            printed: printed.as_ref(),
            minimum_tests: gate.minimum_tests,
        });
        Ok((judged, reported.or(printed).map(|report| report.failing).unwrap_or_default()))
    }
}

/// What the output says when it is the report itself: because it is meant to be, or because it is TAP.
fn of_output(format: Option<Format>, output: &Captured, text: &str) -> Option<TestReport> {
    let is_tap = || !output.truncated && Format::of(text) == Some(Format::Tap);
    match format {
        None => is_tap().then(|| results::read(Some(Format::Tap), text.as_bytes())),
        // A summary stands at the end, which is always kept.
        Some(format) if format != Format::Text && output.truncated => Some(TestReport::unreadable(
            "the output is longer than what is kept of it; write it to a file and name that",
        )),
        Some(format) => Some(results::read(Some(format), text.as_bytes())),
    }
}

fn inconclusive(reason: String) -> Judged {
    Judged { outcome: Outcome::Inconclusive, reason, counters: std::collections::BTreeMap::new() }
}

/// Why an export is not ready.
fn unprepared(prepared: &Result<Finished, WorldError>) -> Option<String> {
    match prepared {
        Ok(run) if run.ending.is_success() => None,
        Ok(run) => Some(run.ending.describe()),
        Err(error) => Some(error.problem.clone()),
    }
}
