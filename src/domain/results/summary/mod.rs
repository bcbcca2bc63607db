//! The summaries that test tools print. Of each tool the last one counts: a runner that watches files prints several.

mod jest;
mod mocha;
mod node;
mod phpunit;
mod pytest;
mod vitest;

use super::TestReport;
use crate::domain::clean::clean;

/// Every tool: what its last summary says, if there is one among the lines.
const TOOLS: [fn(&[&str]) -> Option<TestReport>; 6] =
    [pytest::read, phpunit::read, jest::read, vitest::read, mocha::read, node::read];

/// What the last summary of each tool says together, and how many tools there are.
pub(super) fn read(text: &str) -> Option<(TestReport, usize)> {
    // Without colours.
    let text = clean(text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let found: Vec<TestReport> = TOOLS.iter().filter_map(|tool| tool(&lines)).collect();
    let tools = found.len();
    found.into_iter().reduce(TestReport::and).map(|report| (report, tools))
}

/// `3 failed` as its number and its word.
fn counted(item: &str) -> Option<(u64, &str)> {
    let (number, word) = item.trim().split_once(' ')?;
    Some((number.parse().ok()?, word.trim()))
}

/// Items like `3 failed` between separators; `None` when one of them is something else.
fn items<'a>(text: &'a str, separator: &str) -> Option<Vec<(u64, &'a str)>> {
    text.split(separator).map(counted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passed, failed, skipped and errors in a summary without problems.
    #[track_caller]
    pub(super) fn check(text: &str, wanted: (u64, u64, u64, u64)) {
        let Some((report, 1)) = read(text) else { panic!("not the summary of one tool: {text}") };
        assert_eq!(report.problems, Vec::<String>::new(), "{text}");
        assert_eq!((report.passed, report.failed, report.skipped, report.errors), wanted, "{text}");
    }

    /// No summary.
    #[track_caller]
    pub(super) fn none(text: &str) {
        assert_eq!(read(text), None, "{text}");
    }

    /// A summary that contradicts itself.
    #[track_caller]
    pub(super) fn doubted(text: &str) {
        assert!(read(text).is_some_and(|(report, _)| !report.problems.is_empty()), "{text}");
    }

    #[test]
    fn the_last_summary_of_each_tool_counts() {
        check("1 failed, 2 passed in 0.10s\nagain\n3 passed in 0.10s\n", (3, 0, 0, 0));
        check("\u{1b}[32m\u{1b}[1m3 passed\u{1b}[0m\u{1b}[32m in 0.01s\u{1b}[0m", (3, 0, 0, 0));
        let (both, tools) = read("3 passed in 0.10s\nOK (2 tests, 2 assertions)").unwrap();
        assert_eq!((both.passed, tools), (5, 2));
        none("PASS: all good\nok\nsuccess\n0 errors\n");
    }
}
