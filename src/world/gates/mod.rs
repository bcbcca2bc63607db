//! Quality gates, by what they look at: [`command`] runs here, [`signed_tag`] asks git, [`place`] looks where the commit is to go, the
//! others ask GitHub.
//!
//! Fetching and judging are two things: each judge is a plain function over what was fetched.

mod alerts;
mod checks;
pub(super) mod command;
mod owners;
mod place;
pub(super) mod report;
mod review;
mod signed_tag;

use super::{
    Reader, WorldError,
    github::GitHubError,
    process::{Capture, Captured, Sink},
};
use crate::domain::{
    clean::{clean, clean_line},
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{Gate, GateKind, Service, Target},
    name::{EnvironmentName, GateName},
    time::Time,
    version::Revision,
};

/// Where a commit is to go, for gates that look there.
#[derive(Debug, Clone, Copy)]
pub struct Aim<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The service's place there.
    pub target: &'a Target,
}

/// A gate that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRun {
    /// What it proves; its subject is `<gate>@<commit>`.
    pub evidence: Evidence,
    /// What it wrote; others wrote it, and it is not redacted.
    pub output: Option<Captured>,
    /// The tests that failed, by name, as far as they are known; others wrote it, and it is not redacted.
    pub failing: Vec<String>,
}

/// How many tests that failed are named.
const NAMED: usize = 20;
/// How much of the output of a gate is shown that is not green, bytes.
const SHOWN: usize = 1000;

impl GateRun {
    /// What a gate that is not green has to say: the tests that failed, or else the end of its output. Others wrote it; it is cleaned
    /// and not redacted.
    pub fn complaint(&self) -> Option<String> {
        if self.evidence.outcome == Outcome::Pass {
            return None;
        }
        let gate = self.evidence.subject.split('@').next().unwrap_or_default();
        if self.failing.is_empty() {
            let end = self.output.as_ref().map(|output| clean(&output.last(SHOWN)))?;
            return (!end.trim().is_empty()).then(|| format!("Gate {gate} wrote:\n{end}"));
        }
        let mut lines = vec![format!("Gate {gate}, tests that failed:")];
        lines.extend(self.failing.iter().take(NAMED).map(|name| clean_line(name)));
        if self.failing.len() > NAMED {
            lines.push("[and more]".to_owned());
        }
        Some(lines.join("\n"))
    }
}

/// What a gate that others keep comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Judged {
    outcome: Outcome,
    /// Why it is not green: our words, and numbers that do not change by themselves. Plans are bound to it.
    why: String,
    counters: Vec<(&'static str, usize)>,
    /// What is not green, in the words of others.
    details: Vec<String>,
}

/// Why a gate could not be looked at, in our words.
#[derive(Debug)]
struct Unseen(String);

impl Judged {
    fn new(outcome: Outcome, why: impl Into<String>) -> Self {
        Self { outcome, why: why.into(), counters: Vec::new(), details: Vec::new() }
    }
    fn fail(why: impl Into<String>) -> Self {
        Self::new(Outcome::Fail, why)
    }
    fn unclear(why: impl Into<String>) -> Self {
        Self::new(Outcome::Inconclusive, why)
    }

    fn settle(self, name: &GateName, mut evidence: Evidence) -> GateRun {
        evidence.outcome = self.outcome;
        evidence.summary = match self.outcome {
            Outcome::Pass => format!("Gate {name} is green."),
            Outcome::Fail => format!("Gate {name} is not green: {}.", self.why),
            Outcome::Inconclusive => format!("Gate {name} cannot be told: {}.", self.why),
        };
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        evidence.counters.extend(self.counters.into_iter().map(|(what, number)| (what.to_owned(), count(number))));
        let output = (!self.details.is_empty()).then(|| {
            let mut capture = Capture::default();
            for detail in &self.details {
                capture.take(format!("{}\n", clean_line(detail)).as_bytes());
            }
            capture.finish()
        });
        evidence.raw_digest = output.as_ref().map(|output| output.digest);
        GateRun { evidence, output, failing: Vec::new() }
    }
}

impl From<GitHubError> for Unseen {
    fn from(error: GitHubError) -> Self {
        Self(format!("could not {}: {}", error.doing, error.trouble.lasting()))
    }
}

impl From<WorldError> for Unseen {
    fn from(error: WorldError) -> Self {
        Self(format!("could not {}: {}", error.doing, error.problem))
    }
}

impl Reader<'_> {
    /// Looks at a gate. What could not be seen to its end is inconclusive.
    pub async fn run_gate(
        &self,
        service: &Service,
        gate: &Gate,
        revision: &Revision,
        aim: Option<Aim<'_>>,
        valid_s: u32,
    ) -> Result<GateRun, WorldError> {
        let subject = format!("{}@{}", gate.name, revision.commit);
        let mut evidence = self.evidence(gate.kind.evidence(), &subject, Outcome::Inconclusive, valid_s);
        evidence.collector.push_str("run_gate");
        let judged = match &gate.kind {
            GateKind::Command(command) => {
                return self.run_command(service, &gate.name, command, revision, evidence).await;
            }
            GateKind::Checks(checks) => self.checks_of(service, checks, revision).await,
            GateKind::Review(review) => self.review_of(service, review, revision).await,
            GateKind::Alerts(alerts) => self.alerts_of(service, alerts).await,
            GateKind::SignedTag(signed) => self.signature_of(service, signed, revision).await,
            GateKind::Space | GateKind::Snapshots | GateKind::Notice(_) => match (&gate.kind, aim) {
                (_, None) => Err(Unseen("the commit has no place to go to".to_owned())),
                (GateKind::Notice(notice), Some(aim)) => self.notice_of(aim, notice),
                (GateKind::Snapshots, Some(aim)) => self.snapshots_of(aim),
                (_, Some(aim)) => self.space_of(aim).await,
            },
        };
        Ok(judged.unwrap_or_else(|unseen| Judged::unclear(unseen.0)).settle(&gate.name, evidence))
    }

    /// An evidence collected now, to be filled in.
    pub(crate) fn evidence(self, kind: EvidenceKind, subject: &str, outcome: Outcome, valid_s: u32) -> Evidence {
        let now: Time = self.now();
        Evidence {
            kind,
            subject: subject.to_owned(),
            outcome,
            summary: String::new(),
            counters: std::collections::BTreeMap::new(),
            collected_at: now,
            valid_until: now.plus_s(i64::from(valid_s)),
            collector: String::new(),
            raw_digest: None,
        }
    }
}
