//! `Tests:       1 failed, 2 skipped, 3 passed, 6 total`, with a line of the same shape about the files above it.

use super::{TestReport, items};

pub(super) fn read(lines: &[&str]) -> Option<TestReport> {
    let last = lines.iter().rposition(|line| line.starts_with("Tests:") && line.ends_with(" total"))?;
    let mut report = counts(lines.get(last)?.strip_prefix("Tests:")?)?;
    let before = lines.get(..last).unwrap_or_default();
    let files = before.iter().rev().find_map(|line| counts(line.strip_prefix("Test Suites:")?));
    if let Some(files) = files {
        report.problems.extend(files.problems);
        // A file that could not be loaded has no test that failed.
        if report.failed == 0 {
            report.errors += files.failed;
        }
    }
    Some(report)
}

fn counts(line: &str) -> Option<TestReport> {
    let mut report = TestReport::default();
    let mut total = None;
    for (count, word) in items(line, ", ")? {
        match word {
            "passed" => report.passed += count,
            "failed" => report.failed += count,
            "skipped" | "todo" | "pending" => report.skipped += count,
            "total" => total = Some(count),
            "obsolete" => {}
            // `2 of 3 total`, when files were left out.
            _ => total = Some(word.strip_prefix("of ")?.strip_suffix(" total")?.parse().ok()?),
        }
    }
    report.compare("tests in its summary", Some(total?), report.total());
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, doubted, none};

    #[test]
    fn examples() {
        let all = "Test Suites: 1 failed, 1 passed, 2 total\nTests:       1 failed, 2 skipped, 1 todo, 3 passed, 7 total\nSnapshots:   0 total\nTime:        1.2 s";
        check(all, (3, 1, 3, 0));
        check("Test Suites: 1 passed, 1 total\nTests:       2 passed, 2 total", (2, 0, 0, 0));
        check("Test Suites: 1 failed, 1 passed, 2 total\nTests:       2 passed, 2 total", (2, 0, 0, 1));
        check("Test Suites: 1 failed, 1 total\nTests:       0 total", (0, 0, 0, 1));
        // One of 3 suites was skipped: jest counts `2 of 3 total`.
        check("Test Suites: 1 skipped, 2 passed, 2 of 3 total\nTests:       2 passed, 2 total", (2, 0, 0, 0));
        doubted("Tests:       2 passed, 3 total");
        none("Tests: a total");
    }
}
