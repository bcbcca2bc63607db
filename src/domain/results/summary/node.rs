//! `ℹ tests 5`, `ℹ pass 3` and so on, one line each; with `#` instead in TAP.

use super::TestReport;

pub(super) fn read(lines: &[&str]) -> Option<TestReport> {
    let last = lines.iter().rposition(|line| number(line, "tests").is_some())?;
    let of = |what| lines.get(last..)?.iter().find_map(|line| number(line, what));
    let mut report = TestReport {
        passed: of("pass")?,
        failed: of("fail")?,
        skipped: of("skipped")? + of("todo").unwrap_or(0),
        errors: of("cancelled").unwrap_or(0),
        ..TestReport::default()
    };
    report.compare("tests in its summary", of("tests"), report.total());
    Some(report)
}

fn number(line: &str, what: &str) -> Option<u64> {
    let rest = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?;
    rest.strip_prefix(what)?.strip_prefix(' ')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, doubted, none};

    const SPEC: &str = "✔ adds (0.5ms)\nℹ tests 5\nℹ suites 1\nℹ pass 2\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 1\nℹ duration_ms 382.777102\n";

    #[test]
    fn examples() {
        check(SPEC, (2, 1, 2, 0));
        check(&SPEC.replace('ℹ', "#"), (2, 1, 2, 0));
        check(&SPEC.replace("cancelled 0", "cancelled 1").replace("fail 1", "fail 0"), (2, 0, 2, 1));
        doubted(&SPEC.replace("pass 2", "pass 3"));
        none("# tests are good");
    }
}
