//! `OK (5 tests, 9 assertions)`, or `Tests: 5, Assertions: 9, Failures: 1, Skipped: 1.`

use super::{TestReport, counted};

pub(super) fn read(lines: &[&str]) -> Option<TestReport> {
    lines.iter().rev().find_map(|line| all_good(line).or_else(|| with_issues(line)))
}

fn all_good(line: &str) -> Option<TestReport> {
    if line == "No tests executed!" {
        return Some(TestReport::default());
    }
    let (tests, assertions) = line.strip_prefix("OK (")?.strip_suffix(')')?.split_once(", ")?;
    let (passed, "test" | "tests") = counted(tests)? else { return None };
    let (_, "assertion" | "assertions") = counted(assertions)? else { return None };
    Some(TestReport { passed, ..TestReport::default() })
}

fn with_issues(line: &str) -> Option<TestReport> {
    let mut report = TestReport::default();
    let mut tests = None;
    for item in line.strip_suffix('.')?.split(", ") {
        let (word, count) = item.split_once(": ")?;
        let count: u64 = count.parse().ok()?;
        match word {
            "Tests" => tests = Some(count),
            "Failures" => report.failed += count,
            "Errors" => report.errors += count,
            "Skipped" | "Incomplete" => report.skipped += count,
            // Of a test that counts elsewhere.
            _ => {}
        }
    }
    let tests = tests.filter(|_| line.contains("Assertions: "))?;
    match tests.checked_sub(report.total()) {
        Some(passed) => report.passed = passed,
        None => report.problem("its summary counts more outcomes than tests"),
    }
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, doubted, none};

    #[test]
    fn examples() {
        check("OK (5 tests, 9 assertions)", (5, 0, 0, 0));
        check("OK (1 test, 1 assertion)", (1, 0, 0, 0));
        let issues = "OK, but incomplete, skipped, or risky tests!\nTests: 5, Assertions: 9, Skipped: 1, Risky: 1.";
        check(issues, (4, 0, 1, 0));
        check("FAILURES!\nTests: 7, Assertions: 9, Errors: 1, Failures: 2, Warnings: 1, Incomplete: 1.", (3, 2, 1, 1));
        check("No tests executed!", (0, 0, 0, 0));
        doubted("Tests: 1, Assertions: 9, Failures: 2.");
        none("OK (it seems)");
        none("Tests: 5, Suites: 1.");
    }
}
