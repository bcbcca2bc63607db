//! End-to-end tests that ran: what each came to, what it left behind, and what its error usually means.

mod hints;
mod judge;

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use hints::Hint;
pub use judge::{Judged, judge};

use super::{
    digest::Digest,
    evidence::Outcome,
    name::{EnvironmentName, FlowName, InvalidName, ServiceName, SuiteName},
    results::{AttachmentKind, Case, CasePlace, CaseStatus},
    time::Time,
};

/// The id of a test: the same for the same test in every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TestId(String);

impl TestId {
    /// The id of a test by where it stands and what it is called. Lines move: they are not part of it.
    pub fn new(service: &ServiceName, suite: &SuiteName, case: &Case) -> Self {
        let (file, project) = case.place.as_ref().map_or(("", ""), |place| (&place.file, &place.project));
        let parts = [service.as_str(), suite.as_str(), file, project, &case.name];
        Self(format!("test_{}", Digest::of_domain("deployops/test/v1", parts.join("\0").as_bytes()).short()))
    }
}

impl FromStr for TestId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let digits = |id: &str| id.len() == 12 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.strip_prefix("test_").is_some_and(digits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName { kind: "test id", rule: "use an id that run_e2e showed: test_ and 12 characters" })
        }
    }
}

impl TryFrom<String> for TestId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<TestId> for String {
    fn from(id: TestId) -> String {
        id.0
    }
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One run of a suite, of one of its flows, or of one of its tests, as it is kept. What others wrote in it is redacted and cleaned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuiteRun {
    /// The service.
    pub service: ServiceName,
    /// Where.
    pub environment: EnvironmentName,
    /// The suite.
    pub suite: SuiteName,
    /// The flow, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowName>,
    /// The test, when it was run alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestId>,
    /// The commit that it ran from; absent when it ran in a directory of the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The URL that it tested.
    pub base_url: String,
    /// What it proves.
    pub outcome: Outcome,
    /// One sentence.
    pub summary: String,
    /// When it began (UTC).
    pub started_at: Time,
    /// From its begin to its end, ms.
    pub duration_ms: u64,
    /// Its tests, the worst first.
    pub tests: Vec<TestRun>,
    /// Tests that are not kept, because there are too many.
    #[serde(default)]
    pub left_out: u64,
    /// The end of what it wrote, when it proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted_text: Option<String>,
}

/// One test, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// The id.
    pub id: TestId,
    /// How it ended.
    pub status: CaseStatus,
    /// All attempts together, ms.
    pub duration_ms: u64,
    /// How often it was tried.
    pub attempts: u64,
    /// Where it stands, where it can be run alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CasePlace>,
    /// What its error usually means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
    /// Its name, and what went wrong; others wrote it.
    pub untrusted_text: String,
    /// What it left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<KeptFile>,
}

/// A file that a test left behind, under a name of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Its name in the directory of the run.
    pub name: String,
    /// What it is.
    pub kind: AttachmentKind,
    /// Whether clients may see it.
    pub shown: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_keeps_its_id_when_its_line_moves_and_shares_it_with_no_other() {
        let (shop, ui): (ServiceName, SuiteName) = ("shop".parse().unwrap(), "ui".parse().unwrap());
        let place = CasePlace { file: "a.spec.ts".to_owned(), line: 7, project: "chromium".to_owned() };
        let case = Case { name: "logs in".to_owned(), place: Some(place.clone()), ..Case::default() };
        let id = TestId::new(&shop, &ui, &case);
        assert_eq!(id.to_string().parse::<TestId>().unwrap(), id);
        let moved = Case { place: Some(CasePlace { line: 9, ..place.clone() }), ..case.clone() };
        assert_eq!(TestId::new(&shop, &ui, &moved), id);
        let elsewhere = Case { place: Some(CasePlace { project: "firefox".to_owned(), ..place }), ..case.clone() };
        let others =
            [TestId::new(&"forum".parse().unwrap(), &ui, &case), TestId::new(&shop, &"api".parse().unwrap(), &case)];
        assert!(!others.contains(&id) && TestId::new(&shop, &ui, &elsewhere) != id);
        for wrong in ["", "test_", "test_XYZXYZXYZXYZ", "--grep", "test_0123456789abc", "0123456789ab"] {
            assert!(wrong.parse::<TestId>().is_err(), "{wrong}");
        }
    }
}
