//! The JSON reporter of Playwright Test: its statistics are compared with its tests.

use serde::Deserialize;

use super::TestReport;

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
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    status: String,
    #[serde(default)]
    results: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Attempt {
    /// Absent while an attempt goes on.
    status: Option<String>,
}

impl Suite {
    fn count(&self, above: &str, report: &mut TestReport) {
        let path = if above.is_empty() { self.title.clone() } else { format!("{above} › {}", self.title) };
        for spec in &self.specs {
            spec.tests.iter().for_each(|test| test.count(&path, &spec.title, report));
        }
        self.suites.iter().for_each(|suite| suite.count(&path, report));
    }
}

impl Test {
    fn count(&self, path: &str, title: &str, report: &mut TestReport) {
        let ended_as = |wanted: &str| self.results.iter().any(|attempt| attempt.status.as_deref() == Some(wanted));
        if ended_as("interrupted") || self.results.iter().any(|attempt| attempt.status.is_none()) {
            report.problem("a test was interrupted");
        }
        match self.status.as_str() {
            "expected" if self.results.is_empty() => report.problem("a test is as expected and never ran"),
            "expected" => report.passed += 1,
            "flaky" => report.flaky += 1,
            "skipped" => report.skipped += 1,
            "unexpected" => {
                report.failed += 1;
                report.name(&format!("{path} › {title}"));
            }
            _ => report.problem("a test has a status that Playwright does not know"),
        }
    }
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
