//! What a gate's run proves. Nothing but agreement is a pass.

use std::collections::BTreeMap;

use super::TestReport;
use crate::domain::evidence::Outcome;

/// A command that ran to its end, with what it reported.
#[derive(Debug, Clone, Copy)]
pub struct Ran<'a> {
    /// How it ended when that was not with exit code 0, for example `exit code 1`.
    pub ended_badly: Option<&'a str>,
    /// What its reports say together; `None` when no report is wanted.
    pub reported: Option<&'a TestReport>,
    /// What its output says in the summary of one test tool.
    pub printed: Option<&'a TestReport>,
    /// How many tests must have passed at least.
    pub minimum_tests: Option<u32>,
}

/// What a run proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The outcome.
    pub outcome: Outcome,
    /// Why, as the rest of a sentence, in our own words.
    pub reason: String,
    /// What was counted.
    pub counters: BTreeMap<String, u64>,
}

/// What a run proves.
///
/// A command that ended badly failed, whatever it reports. One that ended well passes when its report agrees: readable, without
/// contradiction, nothing failed, something passed. What disagrees is inconclusive.
pub fn judge(ran: &Ran<'_>) -> Judged {
    let report = ran.reported.or(ran.printed);
    let counters = report.map(counters).unwrap_or_default();
    let judged = |outcome, reason| Judged { outcome, reason, counters: counters.clone() };
    if let Some(how) = ran.ended_badly {
        let counted = report.filter(|report| report.problems.is_empty() && !is_good(report)).map(told);
        return judged(
            Outcome::Fail,
            format!("ended by {how}{}", counted.map(|c| format!(": {c}")).unwrap_or_default()),
        );
    }
    let Some(report) = report else {
        return match ran.minimum_tests {
            None => judged(Outcome::Pass, "is green".to_owned()),
            Some(_) => judged(Outcome::Inconclusive, "proves nothing: no test was counted".to_owned()),
        };
    };
    if let Some(findings) = report.findings.filter(|found| found.errors > 0 && report.problems.is_empty()) {
        // Analysers tell what they found in the report, not by their exit code.
        return judged(Outcome::Fail, format!("found {} errors", findings.errors));
    }
    match doubt(report, ran) {
        Some(doubt) => judged(Outcome::Inconclusive, format!("proves nothing: {doubt}")),
        None => judged(Outcome::Pass, format!("is green: {}", told(report))),
    }
}

/// Why a run that ended well is no proof.
fn doubt(report: &TestReport, ran: &Ran<'_>) -> Option<String> {
    if let [first, rest @ ..] = report.problems.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(" (and {} more problems)", rest.len()) };
        let what =
            if ran.reported.is_some() { "its report cannot be believed" } else { "its output contradicts itself" };
        return Some(format!("{what}: {first}{more}"));
    }
    if report.bad() > 0 {
        return Some(format!("it ended with exit code 0, and {}", told(report)));
    }
    if let Some(printed) = ran.printed.filter(|printed| !agree(report, printed)) {
        return Some(format!("it printed that {}, and reported that {}", told(printed), told(report)));
    }
    if report.findings.is_none() && report.good() == 0 {
        return Some(format!("no test passed; {} were left out", report.skipped));
    }
    let wanted = u64::from(ran.minimum_tests.unwrap_or(0));
    (report.good() < wanted).then(|| format!("{} tests passed, and at least {wanted} must", report.good()))
}

/// Whether a good report and a summary that was printed say the same. A report of findings knows nothing of the tests that passed.
fn agree(report: &TestReport, printed: &TestReport) -> bool {
    let counts_tests = report.findings.is_none() || report.total() > 0;
    printed.problems.is_empty() && printed.bad() == 0 && (!counts_tests || printed.good() == report.good())
}

fn is_good(report: &TestReport) -> bool {
    report.bad() == 0 && report.findings.is_none_or(|found| found.errors == 0)
}

/// The counts for a sentence.
fn told(report: &TestReport) -> String {
    let of = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let mut parts: Vec<String> = match report.findings {
        Some(found) => [of(found.errors, "errors"), of(found.warnings, "warnings"), of(found.notes, "notes")]
            .into_iter()
            .flatten()
            .collect(),
        None => Vec::new(),
    };
    if report.findings.is_some() && parts.is_empty() {
        parts.push("nothing was found".to_owned());
    }
    if report.findings.is_none() || report.total() > 0 {
        parts.push(format!("{} of {} tests passed", report.good(), report.total()));
    }
    parts.extend(of(report.flaky, "of them only when repeated"));
    parts.extend(of(report.failed, "failed"));
    parts.extend(of(report.errors, "could not be run to their end"));
    parts.extend(of(report.skipped, "left out"));
    parts.join(", ")
}

fn counters(report: &TestReport) -> BTreeMap<String, u64> {
    let found = report.findings.unwrap_or_default();
    let always = [("tests", report.total()), ("passed", report.good()), ("failed", report.failed)];
    let seldom = [
        ("errors", report.errors),
        ("skipped", report.skipped),
        ("flaky", report.flaky),
        ("suppressed", found.suppressed),
    ];
    let findings = [("found_errors", found.errors), ("found_warnings", found.warnings), ("found_notes", found.notes)];
    always
        .into_iter()
        .filter(|_| report.findings.is_none() || report.total() > 0)
        .chain(seldom.into_iter().filter(|(_, count)| *count > 0))
        .chain(findings.into_iter().filter(|_| report.findings.is_some()))
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::Findings, *};

    fn report(passed: u64, failed: u64, skipped: u64) -> TestReport {
        TestReport { passed, failed, skipped, ..TestReport::default() }
    }

    fn outcome(ended_badly: Option<&str>, reported: Option<&TestReport>, printed: Option<&TestReport>) -> Outcome {
        judge(&Ran { ended_badly, reported, printed, minimum_tests: None }).outcome
    }

    const BAD: Option<&str> = Some("exit code 1");

    #[test]
    fn a_command_that_ended_badly_failed_whatever_it_says() {
        let (good, bad, broken) = (report(3, 0, 0), report(2, 1, 0), TestReport::unreadable("cut"));
        for said in [None, Some(&good), Some(&bad), Some(&broken)] {
            assert_eq!(outcome(BAD, said, None), Outcome::Fail);
            assert_eq!(outcome(BAD, None, said), Outcome::Fail);
        }
        let judged = judge(&Ran { ended_badly: BAD, reported: Some(&bad), printed: None, minimum_tests: None });
        assert_eq!(judged.reason, "ended by exit code 1: 2 of 3 tests passed, 1 failed");
    }

    #[test]
    fn only_agreement_is_a_pass() {
        let good = report(3, 0, 1);
        assert_eq!(outcome(None, None, None), Outcome::Pass);
        assert_eq!(outcome(None, Some(&good), None), Outcome::Pass);
        assert_eq!(outcome(None, None, Some(&good)), Outcome::Pass);
        assert_eq!(outcome(None, Some(&good), Some(&good)), Outcome::Pass);
        let flaky = TestReport { flaky: 1, ..report(2, 0, 0) };
        assert_eq!(outcome(None, Some(&flaky), Some(&good)), Outcome::Pass, "three passed, one of them late");
        let errors = TestReport { errors: 1, ..report(3, 0, 0) };
        let broken = TestReport { problems: vec!["it was cut".to_owned()], ..good.clone() };
        for doubtful in [&report(2, 1, 0), &errors, &report(0, 0, 0), &report(0, 0, 4), &broken] {
            assert_eq!(outcome(None, Some(doubtful), None), Outcome::Inconclusive, "{doubtful:?}");
            assert_eq!(outcome(None, None, Some(doubtful)), Outcome::Inconclusive, "{doubtful:?}");
            assert_eq!(outcome(None, Some(&good), Some(doubtful)), Outcome::Inconclusive, "{doubtful:?}");
            assert_eq!(outcome(None, Some(doubtful), Some(&good)), Outcome::Inconclusive, "{doubtful:?}");
        }
        assert_eq!(outcome(None, Some(&good), Some(&report(4, 0, 0))), Outcome::Inconclusive);
    }

    #[test]
    fn fewer_tests_than_wanted_prove_nothing() {
        let with = |reported, minimum| {
            judge(&Ran { ended_badly: None, reported, printed: None, minimum_tests: Some(minimum) })
        };
        let three = report(3, 0, 5);
        assert_eq!(with(Some(&three), 3).outcome, Outcome::Pass);
        assert_eq!(with(Some(&three), 4).outcome, Outcome::Inconclusive);
        assert_eq!(with(None, 1).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn findings_fail_by_level_and_none_is_good() {
        let with = |findings| TestReport { findings: Some(findings), ..TestReport::default() };
        assert_eq!(outcome(None, Some(&with(Findings::default())), None), Outcome::Pass);
        assert_eq!(outcome(None, Some(&with(Findings { warnings: 9, ..Findings::default() })), None), Outcome::Pass);
        let none = with(Findings::default());
        assert_eq!(outcome(None, Some(&none), Some(&report(3, 0, 0))), Outcome::Pass, "it knows nothing of tests");
        assert_eq!(outcome(None, Some(&none), Some(&report(3, 1, 0))), Outcome::Inconclusive);
        let error = with(Findings { errors: 1, ..Findings::default() });
        assert_eq!(outcome(None, Some(&error), None), Outcome::Fail);
        let doubted = TestReport { problems: vec!["cut".to_owned()], ..error };
        assert_eq!(outcome(None, Some(&doubted), None), Outcome::Inconclusive);
    }

    #[test]
    fn what_was_counted_is_told() {
        let judged = judge(&Ran {
            ended_badly: None,
            reported: Some(&TestReport { flaky: 1, ..report(11, 0, 2) }),
            printed: None,
            minimum_tests: None,
        });
        assert_eq!(judged.reason, "is green: 12 of 14 tests passed, 1 of them only when repeated, 2 left out");
        let counters: Vec<(&str, u64)> = judged.counters.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(counters, [("failed", 0), ("flaky", 1), ("passed", 12), ("skipped", 2), ("tests", 14)]);
    }
}
