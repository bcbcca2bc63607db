//! `12 passing (34ms)`, then `1 pending` and `2 failing` when there are some.

use super::{TestReport, counted};

pub(super) fn read(lines: &[&str]) -> Option<TestReport> {
    let (at, passed) = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, passing(line)?)))?;
    let mut report = TestReport { passed, ..TestReport::default() };
    for line in lines.get(at + 1..).unwrap_or_default() {
        match counted(line) {
            Some((count, "pending")) => report.skipped += count,
            Some((count, "failing")) => report.failed += count,
            _ => break,
        }
    }
    Some(report)
}

fn passing(line: &str) -> Option<u64> {
    let (count, rest) = counted(line)?;
    let time = rest.strip_prefix("passing")?.trim();
    (time.starts_with('(') && time.ends_with(')')).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, none};

    #[test]
    fn examples() {
        check("  12 passing (34ms)\n  1 pending\n  2 failing\n\n  1) adds:\n", (12, 2, 1, 0));
        check("  2 passing (1m)", (2, 0, 0, 0));
        check("  0 passing (1ms)\n", (0, 0, 0, 0));
        none("12 passing grades");
    }
}
