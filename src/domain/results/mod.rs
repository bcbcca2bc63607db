//! What a run of tests reported, read from what test tools write: JUnit's XML, TAP, SARIF, Playwright's JSON, summary lines.
//!
//! Reading never fails. A report that is cut, that contradicts itself or that is something else is a report with problems, and one
//! with problems proves nothing, whatever its counts are.

mod case;
mod judge;
mod junit;
mod playwright;
mod sarif;
mod summary;
mod tap;

use serde::Serialize;

pub use case::{Attachment, AttachmentKind, Case, CasePlace, CaseStatus};
pub use judge::{Judged, Ran, judge};

/// How many problems are told; the first ones explain the others.
const PROBLEMS: usize = 5;
/// How many failing tests are named.
const NAMED: usize = 50;
/// A longer name is not shown, bytes. It is not cut: what is cut may no longer be recognised as a secret.
const NAME_MAX: usize = 300;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JUnit's XML, in the dialects of Maven, pytest, PHPUnit, Jest, Node.js and others.
    Junit,
    /// Test Anything Protocol, versions 12 to 14.
    Tap,
    /// SARIF 2.1.0, of static analysis.
    Sarif,
    /// The JSON reporter of Playwright Test.
    Playwright,
    /// The summary lines of pytest, PHPUnit, Jest, Vitest, Mocha and Node.js.
    Text,
}

impl Format {
    /// The format that a text seems to have.
    pub fn of(text: &str) -> Option<Self> {
        let begin = text.trim_start_matches('\u{feff}').trim_start();
        if begin.starts_with('<') {
            return Some(Self::Junit);
        }
        if begin.starts_with('{') {
            return if sarif::is_it(text) {
                Some(Self::Sarif)
            } else if playwright::is_it(text) {
                Some(Self::Playwright)
            } else {
                None
            };
        }
        if tap::is_it(text) {
            return Some(Self::Tap);
        }
        summary::read(text).map(|_| Self::Text)
    }
}

/// What static analysis found, by level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Findings {
    /// Level `error`.
    pub errors: u64,
    /// Level `warning`.
    pub warnings: u64,
    /// Level `note`.
    pub notes: u64,
    /// Accepted by somebody: they do not count.
    pub suppressed: u64,
}

/// What a run reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestReport {
    /// Passed at the first attempt.
    pub passed: u64,
    /// A wanted result was not there.
    pub failed: u64,
    /// Left out, or not expected to pass yet.
    pub skipped: u64,
    /// Passed only when repeated.
    pub flaky: u64,
    /// Could not be run to their end.
    pub errors: u64,
    /// Of those that were left out, the ones that were to run.
    pub not_run: u64,
    /// What static analysis found; absent in reports of tests.
    pub findings: Option<Findings>,
    /// The tests that failed, by name. Others wrote it: it is untrusted and not redacted.
    pub failing: Vec<String>,
    /// The tests one by one, of formats that tell what went wrong: Playwright's and JUnit's.
    pub cases: Vec<Case>,
    /// Why the counts cannot be believed, in our own words: nothing of the report is repeated.
    pub problems: Vec<String>,
}

impl TestReport {
    /// All tests, those that were left out too.
    pub fn total(&self) -> u64 {
        self.passed + self.failed + self.skipped + self.flaky + self.errors
    }

    /// Tests that are not as they should be.
    pub fn bad(&self) -> u64 {
        self.failed + self.errors
    }

    /// Tests that passed, at whichever attempt.
    pub fn good(&self) -> u64 {
        self.passed + self.flaky
    }

    /// The same with what another report of the same run says.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.flaky += other.flaky;
        self.errors += other.errors;
        self.not_run += other.not_run;
        self.cases.extend(other.cases);
        self.findings = match (self.findings, other.findings) {
            (Some(a), Some(b)) => Some(Findings {
                errors: a.errors + b.errors,
                warnings: a.warnings + b.warnings,
                notes: a.notes + b.notes,
                suppressed: a.suppressed + b.suppressed,
            }),
            (a, b) => a.or(b),
        };
        other.failing.into_iter().for_each(|name| self.name(&name));
        other.problems.into_iter().for_each(|problem| self.problem(problem));
        self
    }

    /// A report of which nothing is known but why.
    pub fn unreadable(problem: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()], ..Self::default() }
    }

    fn problem(&mut self, problem: impl Into<String>) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem.into());
        }
    }

    /// Two counts of one thing must be the same.
    fn compare(&mut self, what: &str, claimed: Option<u64>, counted: u64) {
        if let Some(claimed) = claimed.filter(|claimed| *claimed != counted) {
            self.problem(format!("it claims {claimed} {what} and holds {counted}"));
        }
    }

    fn name(&mut self, name: &str) {
        match self.failing.len() {
            0..NAMED if name.len() <= NAME_MAX => self.failing.push(name.to_owned()),
            0..NAMED => self.failing.push(format!("[a name of {} bytes]", name.len())),
            _ => {}
        }
    }
}

/// What a report says. Without a format it is recognised by its content.
pub fn read(format: Option<Format>, bytes: &[u8]) -> TestReport {
    let Ok(text) = std::str::from_utf8(bytes) else { return TestReport::unreadable("it is not UTF-8") };
    if text.trim().is_empty() {
        return TestReport::unreadable("it is empty");
    }
    match format.or_else(|| Format::of(text)) {
        Some(Format::Junit) => junit::read(text),
        Some(Format::Tap) => tap::read(text),
        Some(Format::Sarif) => sarif::read(text),
        Some(Format::Playwright) => playwright::read(text),
        Some(Format::Text) => summary::read(text)
            .map_or_else(|| TestReport::unreadable("it holds no summary of a known test tool"), |(report, _)| report),
        None => TestReport::unreadable("it is no JUnit, TAP, SARIF or Playwright report and holds no known summary"),
    }
}

/// What the output of a run says in its summary lines, and how many test tools wrote some; `None` without any.
pub fn printed(output: &str) -> Option<(TestReport, usize)> {
    summary::read(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_content() {
        for (text, format) in [
            ("<?xml version=\"1.0\"?><testsuites/>", Some(Format::Junit)),
            ("\u{feff}\n<testsuite/>", Some(Format::Junit)),
            ("TAP version 14\n1..0", Some(Format::Tap)),
            ("noise\n1..2\nok 1\nok 2\n", Some(Format::Tap)),
            (r#"{"version": "2.1.0", "runs": []}"#, Some(Format::Sarif)),
            (r#"{"suites": [], "stats": {"expected": 1}}"#, Some(Format::Playwright)),
            (r#"{"some": "thing"}"#, None),
            ("===== 3 passed in 0.1s =====", Some(Format::Text)),
            ("all is well, ok, PASS", None),
        ] {
            assert_eq!(Format::of(text), format, "{text}");
        }
    }

    #[test]
    fn what_is_nothing_is_a_problem() {
        for bytes in [&b""[..], b"  \n", b"\xff\xfe<\0t\0", b"PASS", b"{}", b"[1, 2]"] {
            let report = read(None, bytes);
            assert!(!report.problems.is_empty() && report.total() == 0, "{bytes:?}");
        }
        assert!(!read(Some(Format::Text), b"fine").problems.is_empty());
    }

    #[test]
    fn reports_add_up_and_names_and_problems_are_few() {
        let one = TestReport { passed: 2, failed: 1, failing: vec!["a".to_owned()], ..TestReport::default() };
        let two = TestReport { skipped: 3, flaky: 1, errors: 1, problems: vec!["cut".to_owned()], ..one.clone() };
        let both = one.and(two);
        assert_eq!((both.total(), both.good(), both.bad()), (11, 5, 3));
        assert_eq!((both.failing.len(), both.problems.len()), (2, 1));
        let mut many = TestReport::default();
        for index in 0..100 {
            many.name(&"x".repeat(index * 10));
            many.problem("again");
        }
        assert_eq!((many.failing.len(), many.problems.len()), (NAMED, PROBLEMS));
        assert!(many.failing.iter().all(|name| name.len() <= NAME_MAX));
    }
}
