//! A run of end-to-end tests as callers see it: what did not pass, and where the rest is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{
    digest::Digest,
    e2e::{Hint, SuiteRun, TestId, TestRun},
    evidence::Outcome,
    name::{FlowName, ServiceName, SuiteName},
    results::{AttachmentKind, CaseStatus},
};

/// How much is shown of what a test or its suite wrote, bytes.
const SHOWN: usize = 500;

/// A run of a suite, of one of its flows, or of one of its tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteView {
    /// The service.
    pub service: ServiceName,
    /// The suite.
    pub suite: SuiteName,
    /// The flow, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowName>,
    /// What it proves.
    pub outcome: Outcome,
    /// The resource that holds every test of it.
    pub resource: String,
    /// The tests that failed or passed only when repeated, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestView>,
    /// Such tests that are not shown; the resource has them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// The end of what it wrote, when it proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted_text: Option<String>,
}

/// A test that failed, or passed only when repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestView {
    /// Its id.
    pub test: TestId,
    /// How it ended.
    pub status: CaseStatus,
    /// All attempts together, ms.
    pub duration_ms: u64,
    /// How often it was tried.
    pub attempts: u64,
    /// Whether it can be run alone.
    pub runs_alone: bool,
    /// What its error usually means, and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// The resource that holds its screenshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screenshot: Option<String>,
    /// The resource that holds its video (WebM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<String>,
    /// The resource that holds its trace, redacted, for Playwright's trace viewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Whole traces, and what is not shown: where the operator finds them, below the server's data directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operator_files: Vec<String>,
    /// Its name, and what went wrong.
    pub untrusted_text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A run that was kept under `digest`, with at most `limit` of its tests.
pub fn view(digest: &Digest, run: SuiteRun, limit: usize) -> SuiteView {
    let bad: Vec<TestRun> = run.tests.into_iter().filter(|test| test.status.is_bad()).collect();
    let left_out = bad.len().saturating_sub(limit);
    SuiteView {
        resource: format!("deploy-ops://e2e/{digest}"),
        tests: bad.into_iter().take(limit).map(|test| of_test(digest, test)).collect(),
        service: run.service,
        suite: run.suite,
        flow: run.flow,
        outcome: run.outcome,
        left_out,
        untrusted_text: run.untrusted_text.map(begin),
    }
}

fn of_test(digest: &Digest, test: TestRun) -> TestView {
    let (shown, others): (Vec<_>, Vec<_>) = test.files.into_iter().partition(|file| file.shown);
    let resource = |kind: AttachmentKind| {
        let file = shown.iter().find(|file| file.kind == kind)?;
        Some(format!("deploy-ops://e2e/{digest}/{}", file.name))
    };
    TestView {
        screenshot: resource(AttachmentKind::Screenshot),
        video: resource(AttachmentKind::Video),
        trace: resource(AttachmentKind::Trace),
        operator_files: others.iter().map(|file| format!("e2e/{digest}/{}", file.name)).collect(),
        hints: test.hints.iter().map(Hint::sentence).collect(),
        untrusted_text: begin(test.untrusted_text),
        runs_alone: test.place.is_some(),
        test: test.id,
        status: test.status,
        duration_ms: test.duration_ms,
        attempts: test.attempts,
    }
}

/// The begin of a text that was redacted; a name and the first lines of an error say most.
fn begin(mut text: String) -> String {
    if text.len() > SHOWN {
        let mut end = SHOWN;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("\n[the resource has the rest]");
    }
    text
}
