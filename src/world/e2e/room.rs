//! Where a suite runs, made ready: its files, its environment, and the page that it is to test.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use super::{
    super::{
        Reader, WorldError,
        blocking::blocking,
        gates::command::{IN_A_ROOM, Room},
        http::HttpRequest,
        process::{self, Environment, Invocation, Strays},
    },
    Part, Ran, SuiteCall, unseen, video, why,
};
use crate::{
    domain::{
        inventory::{EndToEndSuite, HttpCheck},
        results::Format,
    },
    redact::Secret,
};

/// How long the page may take to answer, before any test runs.
const ANSWERS: Duration = Duration::from_secs(15);

/// Where a suite runs. Nothing survives it: neither processes nor files, but in a directory of the operator's.
pub(super) struct Ready {
    // Dropped first: who still runs must not find its directory gone.
    _strays: Strays,
    _alone: Option<File>,
    room: Room,
    secrets: Vec<Secret>,
    /// How long a part of it may take.
    pub(super) left: Duration,
    scratch: TempDir,
}

impl Ready {
    pub(super) fn directory(&self) -> PathBuf {
        self.room.export.clone()
    }

    /// Where it is noted when a part begins.
    pub(super) fn mark(&self, index: usize) -> PathBuf {
        self.scratch.path().join(format!("started-{index}"))
    }

    /// Makes it possible to record a video; the directory in which Playwright finds what it needs, or why there can be none.
    pub(super) async fn recorder(
        &self,
        suite: &EndToEndSuite,
        index: usize,
    ) -> Result<Result<PathBuf, String>, WorldError> {
        let (suite, export, home) = (suite.clone(), self.room.export.clone(), self.room.home.clone());
        let new = self.scratch.path().join(format!("browsers-{index}"));
        blocking(move || {
            let place = video::Place { suite: &suite, export: &export, home: &home, new: &new };
            Ok(place.recorder(video::of_system()))
        })
        .await
    }

    /// With `browsers` a video can be recorded, by what is in there.
    pub(super) fn environment(&self, call: SuiteCall<'_>, part: &Part, browsers: Option<&Path>) -> Environment {
        let url = call.target.url.as_ref().map(ToString::to_string).unwrap_or_default();
        let environment = self.room.environment(&call.suite.path).declare(&call.suite.environment);
        let environment = environment.grant(self.secrets.clone()).ours("BASE_URL", url).ours("CI", "1");
        let environment = match call.suite.format {
            Format::Playwright => environment
                .ours("PLAYWRIGHT_JSON_OUTPUT_FILE", call.suite.report.below(&self.room.export))
                .ours("PLAYWRIGHT_HTML_OPEN", "never"),
            _ => environment,
        };
        let Part::Test(..) = part else { return environment };
        let environment = environment.ours("E2E_DEBUG", "1");
        // What a configuration cannot be told on the command line, it can be told here. Asking for a video that cannot be recorded would
        // fail the test before it begins.
        match browsers {
            Some(browsers) => environment.ours("E2E_VIDEO", "1").ours(video::BROWSERS, browsers),
            None => environment,
        }
    }
}

/// What its runs come to when it cannot run.
fn unready(reason: impl Into<String>) -> Box<Ran> {
    Box::new(unseen(reason))
}

impl Reader<'_> {
    /// Makes a suite ready; else what its runs come to.
    pub(super) async fn make_ready(&self, call: SuiteCall<'_>) -> Result<Ready, Box<Ran>> {
        if !call.suite.secrets.is_empty() && !call.trusted {
            return Err(unready(
                "it gets secrets, and those only from a commit that is deployed; nothing is deployed yet",
            ));
        }
        self.answers(call).await.map_err(unready)?;
        self.room(call).await.unwrap_or_else(|error| Err(unready(why(&error))))
    }

    async fn room(&self, call: SuiteCall<'_>) -> Result<Result<Ready, Box<Ran>>, WorldError> {
        let suite = call.suite;
        let scratch = self.scratch_for_sockets("e2e-", IN_A_ROOM)?;
        let strays = Strays::of(scratch.path());
        let mut room = Room::new(scratch.path())?;
        let mut alone = None;
        match (&suite.directory, call.commit) {
            (Some(directory), _) => {
                let opened = File::open(directory);
                let opened = opened.map_err(|error| WorldError::io("open the directory of the suite", error))?;
                if flock(&opened, FlockOperation::NonBlockingLockExclusive).is_err() {
                    return Ok(Err(unready("another run is under way in its directory")));
                }
                (room.export, alone) = (directory.clone(), Some(opened));
            }
            (None, Some(commit)) => {
                self.export_to(call.service, commit, None, &room.export).await?;
            }
            (None, None) => return Ok(Err(unready("it is not known which commit it is to run from"))),
        }
        let mut left = Duration::from_secs(u64::from(suite.timeout_s));
        if let Some(prepare) = &suite.prepare {
            let mut invocation = Invocation::of(prepare, &room.export, left)?.confined(&self.world.runner);
            invocation.environment = room.environment(&suite.path);
            let prepared = process::run(invocation).await?;
            if !prepared.ending.is_success() {
                let problem = format!("it could not be prepared ({})", prepared.ending.describe());
                return Ok(Err(Box::new(self.cut(problem, &prepared))));
            }
            left = left.saturating_sub(Duration::from_millis(prepared.duration_ms));
        }
        let mut secrets = Vec::with_capacity(suite.secrets.len());
        for name in &suite.secrets {
            secrets.push(self.secret_value(name).await?);
        }
        Ok(Ok(Ready { _strays: strays, _alone: alone, room, secrets, left, scratch }))
    }

    /// Whether there is a page to test. One that answers with an error is tested: then that is what fails.
    async fn answers(&self, call: SuiteCall<'_>) -> Result<(), String> {
        let Some(url) = call.target.url.clone() else {
            return Err("the target has no url that could be BASE_URL".to_owned());
        };
        if call.target.through_host {
            return Err("BASE_URL answers only on its host, and tests run here".to_owned());
        }
        let (private_network, ca) = (call.target.private_network, call.target.ca.clone());
        let request =
            HttpRequest { redirects: HttpCheck::REDIRECTS, private_network, ca, ..HttpRequest::get(url, ANSWERS) };
        match self.http_check(&request).await {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("BASE_URL does not answer: {}", error.problem)),
        }
    }
}
