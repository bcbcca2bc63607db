//! Suites of end-to-end tests, run here against the URL of a target. What they leave behind is kept by [`keep`].
//!
//! A suite that cannot be run, or whose report is no proof, fails nothing: what it would have said is inconclusive.

mod keep;
mod picture;
mod room;
mod trace;
mod video;

use std::collections::BTreeMap;

use keep::Found;
use room::Ready;

use super::{
    Reader, WorldError,
    blocking::blocking,
    files::open::Forbidden,
    gates::report::Reports,
    process::{self, Ending, Finished, Invocation},
};
use crate::domain::{
    e2e::{self, Judged, SuiteRun, TestId},
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{EndToEndSuite, Service, Target},
    name::{EnvironmentName, FlowName},
    results::{AttachmentKind, CasePlace, Format, TestReport},
};

/// How much is kept of the output of a run that proves nothing, bytes.
const OUTPUT: usize = 4000;

/// A suite, and against what it is run.
#[derive(Debug, Clone, Copy)]
pub struct SuiteCall<'a> {
    /// The service.
    pub service: &'a Service,
    /// Where it runs.
    pub environment: &'a EnvironmentName,
    /// The same.
    pub target: &'a Target,
    /// The suite.
    pub suite: &'a EndToEndSuite,
    /// The commit whose export it runs in, unless it has a directory of its own.
    pub commit: Option<&'a str>,
    /// Whether it may have its secrets: the code of a commit that nobody deployed gets none.
    pub trusted: bool,
}

/// Which of its tests are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All.
    Whole,
    /// Those of a flow.
    Flow(FlowName),
    /// One that failed, with everything recorded.
    Test(TestId, CasePlace),
}

impl SuiteCall<'_> {
    /// The commit that counts: of a suite in a directory it is not known.
    fn commit(&self) -> Option<&str> {
        self.commit.filter(|_| self.suite.directory.is_none())
    }

    /// What evidence about a part of it is about.
    fn subject(&self, part: &Part) -> String {
        let commit = self.commit().map(|commit| format!(" {}", commit.get(..12).unwrap_or(commit)));
        format!("{}{} in {}", self.name(part), commit.unwrap_or_default(), self.environment)
    }

    /// What a part of it is called.
    fn name(&self, part: &Part) -> String {
        let suite = format!("{}/{}", self.service.name, self.suite.name);
        match part {
            Part::Whole => suite,
            Part::Flow(flow) => format!("{suite}/{flow}"),
            Part::Test(test, _) => format!("{suite}/{test}"),
        }
    }

    /// What is added to its command to run a part of it.
    fn arguments(&self, part: &Part) -> Vec<String> {
        match part {
            Part::Whole => Vec::new(),
            Part::Flow(flow) => self.suite.flows.get(flow).cloned().unwrap_or_default(),
            Part::Test(_, place) => {
                // The file is a regular expression to Playwright, and never an option.
                let mut arguments = vec![format!("{}:{}", regex::escape(&place.file), place.line)];
                if !place.project.is_empty() {
                    arguments.push(format!("--project={}", place.project));
                }
                arguments.extend(["--trace=on", "--retries=0", "--workers=1"].map(str::to_owned));
                arguments
            }
        }
    }
}

impl Reader<'_> {
    /// Runs parts of a suite, one after the other; each has its evidence, whose raw digest is the key of what is kept of it.
    pub async fn run_suite(
        &self,
        call: SuiteCall<'_>,
        parts: &[Part],
        say: &(dyn Fn(String) + Send + Sync),
    ) -> Vec<Evidence> {
        let mut seen = Vec::with_capacity(parts.len());
        let ready = match parts {
            [] => return seen,
            _ => self.make_ready(call).await,
        };
        for (index, part) in parts.iter().enumerate() {
            say(format!("running {}", call.name(part)));
            let begun = self.now();
            let ran = match &ready {
                Ok(ready) => self.run_part(call, ready, part, index).await.unwrap_or_else(|error| unseen(why(&error))),
                Err(unready) => Ran::clone(unready),
            };
            let mut evidence = self.evidence(EvidenceKind::EndToEnd, &call.subject(part), ran.judged.outcome, 0);
            let duration_ms = self.now().millis_since(begun);
            evidence.collector.push_str("run_e2e");
            evidence.summary = format!("{}: {}.", call.name(part), ran.judged.reason);
            evidence.counters = ran.judged.counters;
            evidence.counters.insert("duration_ms".to_owned(), duration_ms);
            say(evidence.summary.clone());
            let run = SuiteRun {
                service: call.service.name.clone(),
                environment: call.environment.clone(),
                suite: call.suite.name.clone(),
                flow: if let Part::Flow(flow) = part { Some(flow.clone()) } else { None },
                test: if let Part::Test(test, _) = part { Some(test.clone()) } else { None },
                commit: call.commit().map(str::to_owned),
                base_url: call.target.url.as_ref().map(ToString::to_string).unwrap_or_default(),
                outcome: evidence.outcome,
                summary: evidence.summary.clone(),
                started_at: begun,
                duration_ms,
                tests: Vec::new(),
                left_out: 0,
                untrusted_text: ran.output,
            };
            let found = Found { cases: ran.report.cases, below: ready.as_ref().ok().map(Ready::directory) };
            match self.keep_run(call, run, found).await {
                Ok(digest) => evidence.raw_digest = Some(digest),
                // What was counted counts all the same.
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a run of tests is not kept"),
            }
            seen.push(evidence);
        }
        seen
    }

    async fn run_part(&self, call: SuiteCall<'_>, ready: &Ready, part: &Part, index: usize) -> Result<Ran, WorldError> {
        let suite = call.suite;
        let (export, wanted) = (ready.directory(), vec![suite.report.clone()]);
        let mark = ready.mark(index);
        let reports = blocking(move || Reports::before(&export, &wanted, &mark)).await?;
        let mut command = suite.command.clone();
        command.extend(call.arguments(part));
        let mut invocation = Invocation::of(&command, &ready.directory(), ready.left)?.confined(&self.world.runner);
        let recorder = match part {
            Part::Test(..) => ready.recorder(suite, index).await?,
            _ => Err(String::new()),
        };
        invocation.environment = ready.environment(call, part, recorder.as_deref().ok());
        let finished = process::run(invocation).await?;
        let ended_badly = match finished.ending {
            Ending::Code(0) => None,
            // What shells say, and what we say, when a program is not there or cannot be started.
            Ending::Code(code @ (126 | 127)) => {
                let problem = format!("a program that it needs cannot be started (exit code {code})");
                return Ok(self.cut(problem, &finished));
            }
            Ending::Code(_) => Some(finished.ending.describe()),
            Ending::TimedOut => {
                let problem = format!("it did not end within {} s", suite.timeout_s);
                return Ok(self.cut(problem, &finished));
            }
            Ending::Signal(_) | Ending::Cancelled => {
                let problem = format!("it was interrupted by {}", finished.ending.describe());
                return Ok(self.cut(problem, &finished));
            }
        };
        let (format, forbidden) = (suite.format, Forbidden::of(self.world));
        let report = blocking(move || Ok(reports.read(Some(format), &forbidden))).await?;
        let mut judged = e2e::judge(ended_badly.as_deref(), &report);
        let recorded = report.cases.iter().flat_map(|case| &case.files).any(|file| file.kind == AttachmentKind::Video);
        if let (Part::Test(..), false) = (part, recorded) {
            let unasked = || "playwright.config asks for none (video: process.env.E2E_VIDEO ? 'on' : 'off')".to_owned();
            judged.reason.push_str(&format!("; no video: {}", recorder.err().unwrap_or_else(unasked)));
        }
        let output = (judged.outcome == Outcome::Inconclusive).then(|| self.said(&finished.output.last(OUTPUT)));
        Ok(Ran { judged, report, output })
    }

    /// A run that was not seen to its end.
    fn cut(self, problem: String, finished: &Finished) -> Ran {
        Ran { output: Some(self.said(&finished.output.last(OUTPUT))), ..unseen(problem) }
    }
}

/// A run, before it is kept.
#[derive(Clone)]
struct Ran {
    judged: Judged,
    report: TestReport,
    output: Option<String>,
}

/// A run of which nothing is known but why.
fn unseen(reason: impl Into<String>) -> Ran {
    let judged = Judged { outcome: Outcome::Inconclusive, reason: reason.into(), counters: BTreeMap::new() };
    Ran { judged, report: TestReport::default(), output: None }
}

fn why(error: &WorldError) -> String {
    format!("could not {}: {}", error.doing, error.problem)
}

/// Whether one test of a report of this format can be run alone.
pub fn runs_alone(format: Format) -> bool {
    format == Format::Playwright
}
