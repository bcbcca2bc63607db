//! The JSON reporter of Playwright Test: its statistics are compared with its tests.

use std::time::Duration;

use serde::Deserialize;

use super::{Attachment, AttachmentKind, Case, CasePlace, CaseStatus, TestReport};

/// Whether a JSON text has the keys of such a report.
pub(super) fn is_it(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "suites")]
        _suites: serde::de::IgnoredAny,
        #[serde(rename = "stats")]
        _stats: serde::de::IgnoredAny,
    }
    serde_json::from_str::<Head>(text).is_ok()
}

pub(super) fn read(text: &str) -> TestReport {
    // What serde_json reads is nested at most 128 deep.
    let Ok(whole) = serde_json::from_str::<Whole>(text) else {
        return TestReport::unreadable("it is not a Playwright report, or it was cut");
    };
    let mut report = TestReport::default();
    whole.suites.iter().for_each(|suite| suite.count("", &mut report));
    let Stats { expected, unexpected, flaky, skipped } = whole.stats;
    for (what, claimed, counted) in [
        ("expected tests", expected, report.passed),
        ("unexpected tests", unexpected, report.failed),
        ("flaky tests", flaky, report.flaky),
        ("skipped tests", skipped, report.skipped),
    ] {
        report.compare(what, Some(claimed), counted);
    }
    if !whole.errors.is_empty() {
        report.problem(format!("it tells {} errors outside of tests", whole.errors.len()));
    }
    report
}

#[derive(Deserialize)]
struct Whole {
    suites: Vec<Suite>,
    stats: Stats,
    #[serde(default)]
    errors: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Stats {
    expected: u64,
    unexpected: u64,
    flaky: u64,
    skipped: u64,
}

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    title: String,
    #[serde(default)]
    specs: Vec<Spec>,
    #[serde(default)]
    suites: Vec<Suite>,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    title: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    line: u64,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    status: String,
    #[serde(default)]
    expected_status: String,
    #[serde(default)]
    project_name: String,
    timeout: Option<u64>,
    #[serde(default)]
    annotations: Vec<Annotation>,
    #[serde(default)]
    results: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Attempt {
    /// Absent while an attempt goes on.
    status: Option<String>,
    /// ms; -1 of an attempt that did not end.
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    errors: Vec<Trouble>,
    #[serde(default)]
    attachments: Vec<File>,
}

#[derive(Deserialize)]
struct Trouble {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    name: String,
    #[serde(default)]
    content_type: String,
    path: Option<String>,
}

impl File {
    /// What it is, by its type and by the names that Playwright gives.
    fn attachment(&self) -> Option<Attachment> {
        let kind = match (self.content_type.as_str(), self.name.as_str()) {
            ("image/png", _) => AttachmentKind::Screenshot,
            ("video/webm", _) => AttachmentKind::Video,
            ("application/zip", "trace") => AttachmentKind::Trace,
            _ => return None,
        };
        Some(Attachment { kind, path: self.path.clone()? })
    }
}

impl Suite {
    fn count(&self, above: &str, report: &mut TestReport) {
        let path = if above.is_empty() { self.title.clone() } else { format!("{above} › {}", self.title) };
        for spec in &self.specs {
            spec.tests.iter().for_each(|test| test.count(&path, spec, report));
        }
        self.suites.iter().for_each(|suite| suite.count(&path, report));
    }
}

impl Test {
    fn count(&self, path: &str, spec: &Spec, report: &mut TestReport) {
        let ended_as = |wanted: &str| self.results.iter().any(|attempt| attempt.status.as_deref() == Some(wanted));
        if ended_as("interrupted") || self.results.iter().any(|attempt| attempt.status.is_none()) {
            report.problem("a test was interrupted");
        }
        let name = format!("{path} › {}", spec.title);
        let status = match self.status.as_str() {
            "expected" if self.results.is_empty() => return report.problem("a test is as expected and never ran"),
            "expected" => CaseStatus::Passed,
            "flaky" => CaseStatus::Flaky,
            // Left out although nobody said so: a test before it failed, or the run was ended early.
            "skipped" if self.expected_status == "passed" && !self.is_marked() => CaseStatus::NotRun,
            "skipped" => CaseStatus::Skipped,
            "unexpected" => CaseStatus::Failed,
            _ => return report.problem("a test has a status that Playwright does not know"),
        };
        match status {
            CaseStatus::Passed => report.passed += 1,
            CaseStatus::Flaky => report.flaky += 1,
            CaseStatus::Skipped => report.skipped += 1,
            CaseStatus::NotRun => {
                report.skipped += 1;
                report.not_run += 1;
            }
            CaseStatus::Failed => {
                report.failed += 1;
                report.name(&name);
            }
        }
        report.cases.push(self.case(name, spec, status));
    }

    /// Whether somebody said that it is left out.
    fn is_marked(&self) -> bool {
        self.annotations.iter().any(|annotation| matches!(annotation.kind.as_str(), "skip" | "fixme"))
    }

    fn case(&self, name: String, spec: &Spec, status: CaseStatus) -> Case {
        let error = self.results.iter().find(|attempt| !attempt.errors.is_empty());
        let messages = error.into_iter().flat_map(|attempt| &attempt.errors).map(|trouble| trouble.message.as_str());
        let files = self.results.iter().rev().flat_map(|attempt| &attempt.attachments).filter_map(File::attachment);
        Case {
            name,
            place: Some(CasePlace { file: spec.file.clone(), line: spec.line, project: self.project_name.clone() }),
            status,
            duration_ms: self.results.iter().map(|attempt| millis(attempt.duration)).sum(),
            attempts: self.results.len() as u64,
            timeout_ms: self.timeout,
            error: messages.collect::<Vec<_>>().join("\n"),
            files: files.collect(),
        }
    }
}

/// Whole milliseconds of a time that may be anything.
fn millis(duration: f64) -> u64 {
    let time = Duration::try_from_secs_f64(duration / 1000.0);
    time.ok().and_then(|time| u64::try_from(time.as_millis()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Playwright 1.5x: a file with a group in it; one test per project.
    const REPORT: &str = r#"{"config": {"rootDir": "e2e"}, "suites": [{"title": "cart.spec.ts", "file": "cart.spec.ts", "specs": [
        {"title": "adds", "ok": true, "tests": [{"projectName": "chromium", "expectedStatus": "passed", "status": "expected", "results": [{"status": "passed", "retry": 0}]},
            {"projectName": "firefox", "expectedStatus": "passed", "status": "flaky", "results": [{"status": "failed"}, {"status": "passed", "retry": 1}]}]}],
        "suites": [{"title": "coupons", "specs": [
            {"title": "expire", "ok": false, "tests": [{"expectedStatus": "passed", "status": "unexpected", "results": [{"status": "timedOut"}]}]},
            {"title": "stack", "ok": true, "tests": [{"expectedStatus": "skipped", "status": "skipped", "results": [{"status": "skipped"}]}]}]}]}],
        "errors": [], "stats": {"startTime": "2025-01-15T10:00:00.000Z", "duration": 12.5, "expected": 1, "skipped": 1, "unexpected": 1, "flaky": 1}}"#;

    #[track_caller]
    fn doubted(text: &str, wanted: &str) {
        let report = read(text);
        assert!(report.problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {:?}", report.problems);
    }

    #[test]
    fn tests_are_counted_by_status_and_flaky_ones_apart() {
        let report = read(REPORT);
        assert_eq!((report.passed, report.failed, report.flaky, report.skipped), (1, 1, 1, 1));
        assert_eq!(report.problems, Vec::<String>::new());
        assert_eq!(report.failing, ["cart.spec.ts › coupons › expire"]);
        assert!(is_it(REPORT));
    }

    #[test]
    fn statistics_that_say_something_else_than_the_tests_are_told() {
        doubted(&REPORT.replace(r#""unexpected": 1"#, r#""unexpected": 0"#), "claims 0 unexpected tests and holds 1");
        doubted(&REPORT.replace(r#""expected": 1"#, r#""expected": 9"#), "claims 9 expected tests and holds 1");
        doubted(&REPORT.replace(r#""flaky": 1"#, r#""flaky": 0"#), "claims 0 flaky tests and holds 1");
    }

    #[test]
    fn each_test_is_told_with_its_place_its_error_and_what_it_left_behind() {
        let text = REPORT
            .replace(r#""title": "expire","#, r#""title": "expire", "file": "cart.spec.ts", "line": 7,"#)
            .replace(
                r#"{"status": "timedOut"}"#,
                r#"{"status": "timedOut", "duration": 4242.5, "errors": [{"message": "Test timeout of 4000ms exceeded."}], "attachments": [
                    {"name": "screenshot", "contentType": "image/png", "path": "/x/a.png"}, {"name": "trace", "contentType": "application/zip", "path": "/x/t.zip"},
                    {"name": "error-context", "contentType": "text/markdown", "path": "/x/e.md"}, {"name": "inline", "contentType": "image/png", "body": "AA=="}]},
                {"status": "failed", "duration": 8, "attachments": [{"name": "video", "contentType": "video/webm", "path": "/x/v.webm"}]}"#,
            )
            .replace(r#"{"expectedStatus": "passed", "status": "unexpected""#, r#"{"projectName": "chromium", "timeout": 4000, "expectedStatus": "passed", "status": "unexpected""#);
        let report = read(&text);
        let case = report.cases.iter().find(|case| case.status == CaseStatus::Failed).unwrap();
        assert_eq!(case.name, "cart.spec.ts › coupons › expire");
        let place = CasePlace { file: "cart.spec.ts".to_owned(), line: 7, project: "chromium".to_owned() };
        assert_eq!((case.place.as_ref(), case.duration_ms, case.attempts), (Some(&place), 4250, 2));
        assert_eq!((case.timeout_ms, case.error.as_str()), (Some(4000), "Test timeout of 4000ms exceeded."));
        let files: Vec<_> = case.files.iter().map(|file| (file.kind, file.path.as_str())).collect();
        assert_eq!(
            files,
            [
                (AttachmentKind::Video, "/x/v.webm"),
                (AttachmentKind::Screenshot, "/x/a.png"),
                (AttachmentKind::Trace, "/x/t.zip")
            ]
        );
        assert_eq!(report.cases.len(), 4);
    }

    #[test]
    fn what_did_not_run_is_told_apart_from_what_was_left_out() {
        let text = REPORT.replace(r#"{"expectedStatus": "skipped""#, r#"{"expectedStatus": "passed""#);
        let report = read(&text);
        assert_eq!((report.skipped, report.not_run), (1, 1));
        let text = text.replace(
            r#""status": "skipped", "results""#,
            r#""annotations": [{"type": "skip"}], "status": "skipped", "results""#,
        );
        assert_eq!((read(&text).skipped, read(&text).not_run), (1, 0));
        assert_eq!(read(REPORT).not_run, 0);
    }

    #[test]
    fn a_run_that_did_not_end_is_told() {
        doubted(&REPORT.replace("timedOut", "interrupted"), "interrupted");
        doubted(&REPORT.replace(r#"{"status": "timedOut"}"#, "{}"), "interrupted");
        doubted(&REPORT.replace(r#""errors": []"#, r#""errors": [{"message": "no config"}]"#), "1 errors outside");
        doubted(&REPORT.replace(r#"[{"status": "passed", "retry": 0}]"#, "[]"), "never ran");
        doubted(&REPORT.replace(r#""status": "flaky""#, r#""status": "fine""#), "does not know");
        doubted(REPORT.get(..REPORT.len() - 1).unwrap(), "cut");
        doubted(r#"{"suites": [], "stats": {"expected": -1, "unexpected": 0, "flaky": 0, "skipped": 0}}"#, "cut");
    }
}
