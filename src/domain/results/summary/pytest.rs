//! `== 1 failed, 3 passed, 1 skipped in 0.05s ==`, and the same without the rulers.

use super::{TestReport, items};

pub(super) fn read(lines: &[&str]) -> Option<TestReport> {
    lines.iter().rev().find_map(|line| summary(line))
}

fn summary(line: &str) -> Option<TestReport> {
    let line = line.trim_matches('=').trim();
    let (counts, time) = line.rsplit_once(" in ")?;
    // `0.05s`, and `83.20s (0:01:23)` when it took a minute.
    let seconds = time.split(' ').next()?.strip_suffix('s')?;
    seconds.parse::<f64>().ok()?;
    let mut report = TestReport::default();
    if counts == "no tests ran" {
        return Some(report);
    }
    for (count, word) in items(counts, ", ")? {
        match word {
            "passed" | "xpassed" => report.passed += count,
            "failed" => report.failed += count,
            "skipped" | "xfailed" => report.skipped += count,
            "error" | "errors" => report.errors += count,
            "warning" | "warnings" | "deselected" | "rerun" => {}
            // Parts of a test that are counted beside it.
            "subtests passed" | "subtests failed" | "subtests skipped" => {}
            _ => return None,
        }
    }
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, none};

    #[test]
    fn examples() {
        check("========== 1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error in 0.03s ==========", (1, 1, 2, 1));
        check("3 passed in 0.01s", (3, 0, 0, 0));
        check("=== 120 passed, 2 warnings in 83.20s (0:01:23) ===", (120, 0, 0, 0));
        check("=== 5 deselected in 0.01s ===", (0, 0, 0, 0));
        check("=== no tests ran in 0.00s ===", (0, 0, 0, 0));
        none("2 files changed in 0.1s");
        none("3 passed in time");
    }
}
