//! `Tests  1 failed | 3 passed | 1 skipped (5)`, with lines of the same shape about files and unhandled errors.

use super::{TestReport, counted, items};

pub(super) fn read(lines: &[&str]) -> Option<TestReport> {
    let (last, mut report) =
        lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, counts(line.strip_prefix("Tests  ")?)?)))?;
    let before = lines.get(..last).unwrap_or_default();
    let files = before.iter().rev().find_map(|line| counts(line.strip_prefix("Test Files  ")?));
    if let Some(files) = files
        && report.failed == 0
    {
        // A file that could not be loaded has no test that failed.
        report.errors += files.failed;
    }
    let behind = lines.get(last + 1..).unwrap_or_default();
    let unhandled = behind.iter().find_map(|line| counted(line.strip_prefix("Errors  ")?));
    report.errors += unhandled.map_or(0, |(count, _)| count);
    Some(report)
}

fn counts(line: &str) -> Option<TestReport> {
    let mut report = TestReport::default();
    let line = line.trim();
    if line == "no tests" {
        return Some(report);
    }
    let (counts, total) = line.strip_suffix(')')?.rsplit_once(" (")?;
    for (count, word) in items(counts, " | ")? {
        match word {
            "passed" => report.passed += count,
            "failed" => report.failed += count,
            "skipped" | "todo" | "expected fail" => report.skipped += count,
            _ => return None,
        }
    }
    report.compare("tests in its summary", Some(total.parse().ok()?), report.total());
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, doubted, none};

    #[test]
    fn examples() {
        let all = " Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 3 passed | 1 skipped | 1 todo (6)\n   Start at  10:00:00\n   Duration  1.20s";
        check(all, (3, 1, 2, 0));
        check(" Test Files  2 passed (2)\n      Tests  4 passed (4)", (4, 0, 0, 0));
        check(" Test Files  1 failed | 1 passed (2)\n      Tests  4 passed (4)", (4, 0, 0, 1));
        check(" Test Files  1 passed (1)\n      Tests  4 passed (4)\n     Errors  2 errors\n", (4, 0, 0, 2));
        check(" Test Files  1 failed (1)\n      Tests  no tests", (0, 0, 0, 1));
        doubted("      Tests  4 passed (5)");
        none("      Tests  are good (4)");
    }
}
