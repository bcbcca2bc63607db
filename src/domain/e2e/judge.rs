//! What a run of end-to-end tests proves. Only a run that came to its end and agrees with itself proves anything.

use std::collections::BTreeMap;

use crate::domain::{evidence::Outcome, results::TestReport};

/// What a run proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// `Pass` without a failed test. How many failed tests are too many is the verdict's to say.
    pub outcome: Outcome,
    /// Why, as the rest of a sentence, in our own words.
    pub reason: String,
    /// `expected`, `unexpected`, `flaky`, `skipped` and `not_run` tests.
    pub counters: BTreeMap<String, u64>,
}

/// What a run proves that ended by itself: `ended_badly` says how, when that was not with exit code 0.
///
/// Test tools end with another exit code when, and only when, a test failed. What contradicts that is inconclusive, and so is a run
/// without a test, or one that was ended early, unless more than a tenth of all its tests failed already.
pub fn judge(ended_badly: Option<&str>, report: &TestReport) -> Judged {
    let (bad, ran) = (report.bad(), report.bad() + report.good());
    let (outcome, reason) = match (report.problems.as_slice(), ended_badly) {
        ([first, ..], _) => (Outcome::Inconclusive, format!("its report cannot be believed: {first}")),
        _ if ran == 0 => (Outcome::Inconclusive, format!("no test ran; {} were left out", report.skipped)),
        ([], None) if bad > 0 => {
            (Outcome::Inconclusive, format!("it ended with exit code 0 and reports {bad} failed tests"))
        }
        ([], Some(how)) if bad == 0 => (Outcome::Inconclusive, format!("it ended by {how} and reports no failed test")),
        _ if report.not_run > 0 && 10 * bad <= ran + report.not_run => {
            (Outcome::Inconclusive, format!("{} tests did not run; {bad} of {ran} failed", report.not_run))
        }
        _ if bad > 0 => (Outcome::Fail, told(report)),
        _ => (Outcome::Pass, told(report)),
    };
    let counters = [
        ("expected", report.passed),
        ("unexpected", bad),
        ("flaky", report.flaky),
        ("skipped", report.skipped - report.not_run.min(report.skipped)),
        ("not_run", report.not_run),
    ];
    Judged { outcome, reason, counters: counters.map(|(name, count)| (name.to_owned(), count)).into() }
}

fn told(report: &TestReport) -> String {
    let ran = report.bad() + report.good();
    let of = |count: u64, what: &str| if count > 0 { format!(", {count} {what}") } else { String::new() };
    let first = match report.bad() {
        0 => format!("{} of {ran} tests passed", report.good()),
        bad => format!("{bad} of {ran} tests failed"),
    };
    let skipped = report.skipped - report.not_run.min(report.skipped);
    first + &of(report.flaky, "flaky") + &of(skipped, "left out") + &of(report.not_run, "did not run")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(passed: u64, failed: u64, flaky: u64, skipped: u64) -> TestReport {
        TestReport { passed, failed, skipped, flaky, ..TestReport::default() }
    }

    #[track_caller]
    fn check(ended_badly: Option<&str>, report: &TestReport, outcome: Outcome, reason: &str) {
        let judged = judge(ended_badly, report);
        assert_eq!((judged.outcome, judged.reason.as_str()), (outcome, reason));
    }

    const BAD: Option<&str> = Some("exit code 1");

    #[test]
    fn exit_code_and_report_have_to_agree() {
        check(None, &report(3, 0, 1, 2), Outcome::Pass, "4 of 4 tests passed, 1 flaky, 2 left out");
        check(BAD, &report(91, 9, 0, 0), Outcome::Fail, "9 of 100 tests failed");
        check(None, &report(3, 1, 0, 0), Outcome::Inconclusive, "it ended with exit code 0 and reports 1 failed tests");
        check(BAD, &report(3, 0, 0, 0), Outcome::Inconclusive, "it ended by exit code 1 and reports no failed test");
    }

    #[test]
    fn what_was_not_seen_proves_nothing() {
        check(None, &report(0, 0, 0, 4), Outcome::Inconclusive, "no test ran; 4 were left out");
        let cut = TestReport { problems: vec!["it was cut".to_owned()], ..report(9, 0, 0, 0) };
        check(None, &cut, Outcome::Inconclusive, "its report cannot be believed: it was cut");
        check(BAD, &cut, Outcome::Inconclusive, "its report cannot be believed: it was cut");
    }

    #[test]
    fn a_run_that_was_ended_early_fails_only_when_that_is_certain() {
        let early = |failed, not_run| TestReport { not_run, ..report(10, failed, 0, not_run) };
        check(BAD, &early(1, 5), Outcome::Inconclusive, "5 tests did not run; 1 of 11 failed");
        check(BAD, &early(2, 8), Outcome::Inconclusive, "8 tests did not run; 2 of 12 failed");
        check(BAD, &early(2, 7), Outcome::Fail, "2 of 12 tests failed, 7 did not run");
    }

    #[test]
    fn errors_are_failed_tests() {
        let report = TestReport { errors: 1, ..report(1, 1, 0, 0) };
        assert_eq!(judge(BAD, &report).counters.get("unexpected"), Some(&2));
    }
}
