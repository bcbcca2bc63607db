//! Test Anything Protocol, versions 12 to 14: the tests are counted and compared with the plans.

use std::collections::BTreeMap;

use super::TestReport;

/// Subtests within subtests.
const DEPTH: usize = 32;
/// How far a subtest is indented, spaces.
const INDENT: usize = 4;

/// Whether a text is TAP: it says so, or it holds a plan and a test.
pub(super) fn is_it(text: &str) -> bool {
    let (mut plan, mut test) = (false, false);
    for line in text.lines() {
        match Line::of(line) {
            Line::Version => return true,
            Line::Plan(_) => plan = true,
            Line::Test(_) => test = true,
            Line::BailOut | Line::Other => {}
        }
    }
    plan && test
}

pub(super) fn read(text: &str) -> TestReport {
    let levels = BTreeMap::from([(0, Level::default())]);
    let mut run = Run { report: TestReport::default(), levels, yaml: None };
    for line in text.lines() {
        if let Err(problem) = run.line(line) {
            return TestReport::unreadable(problem);
        }
    }
    run.finish()
}

/// A test as its line says.
#[derive(Debug, PartialEq)]
struct Test<'a> {
    ok: bool,
    number: Option<u64>,
    name: &'a str,
    left_out: bool,
}

#[derive(Debug, PartialEq)]
enum Line<'a> {
    Version,
    Plan(u64),
    Test(Test<'a>),
    BailOut,
    Other,
}

impl<'a> Line<'a> {
    /// A line without its indentation.
    fn of(line: &'a str) -> Self {
        if line.starts_with("TAP version ") {
            return Self::Version;
        }
        if line.starts_with("Bail out!") {
            return Self::BailOut;
        }
        if let Some(rest) = line.strip_prefix("1..") {
            let digits = rest.split([' ', '#']).next().unwrap_or_default();
            return digits.parse().map_or(Self::Other, Self::Plan);
        }
        let (ok, rest) = match (line.strip_prefix("ok"), line.strip_prefix("not ok")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Self::Other,
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            return Self::Other;
        }
        let rest = rest.trim();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, rest) = rest.split_at(digits);
        let (name, directive) = directive(rest.trim_start().trim_start_matches("- "));
        let begins = |word: &str| directive.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
        Self::Test(Test { ok, number: number.parse().ok(), name, left_out: begins("skip") || begins("todo") })
    }
}

/// A description and what stands behind its last `#`; `\#` is part of a description.
fn directive(text: &str) -> (&str, &str) {
    match text.rfind('#').map(|at| text.split_at(at)) {
        Some((before, directive)) if !before.ends_with('\\') => {
            (before.trim_end(), directive.trim_start_matches('#').trim())
        }
        _ => (text.trim_end(), ""),
    }
}

/// The tests of one indentation.
#[derive(Debug, Default)]
struct Level {
    plan: Option<u64>,
    tests: u64,
    bad: u64,
}

struct Run {
    report: TestReport,
    /// By depth: the stream itself, and the subtests that are open.
    levels: BTreeMap<usize, Level>,
    /// How far the diagnosis is indented that is open.
    yaml: Option<usize>,
}

impl Run {
    fn line(&mut self, whole: &str) -> Result<(), String> {
        let line = whole.trim_start_matches(' ');
        let indentation = whole.len() - line.len();
        if let Some(open) = self.yaml {
            if indentation == open && line.trim_end() == "..." {
                self.yaml = None;
            }
            return Ok(());
        }
        if line.trim_end() == "---" && indentation % INDENT == 2 {
            self.yaml = Some(indentation);
            return Ok(());
        }
        let line = Line::of(line);
        if !indentation.is_multiple_of(INDENT) || matches!(line, Line::Other) {
            return Ok(());
        }
        let depth = indentation / INDENT;
        if depth > DEPTH {
            return Err(format!("its subtests are nested more than {DEPTH} deep"));
        }
        match line {
            Line::BailOut => self.report.problem("the run bailed out"),
            Line::Version if depth == 0 && self.levels.values().any(|level| level.tests > 0) => {
                self.report.problem("it holds more than one run");
            }
            Line::Version | Line::Other => {}
            Line::Plan(count) => {
                let level = self.levels.entry(depth).or_default();
                if level.plan.replace(count).is_some() {
                    self.report.problem("it has two plans");
                }
            }
            Line::Test(test) => self.test(depth, &test),
        }
        Ok(())
    }

    fn test(&mut self, depth: usize, test: &Test<'_>) {
        let below = self.close(depth + 1);
        let level = self.levels.entry(depth).or_default();
        level.tests += 1;
        level.bad += u64::from(!test.ok && !test.left_out);
        let expected = level.tests;
        if test.number.is_some_and(|number| number != expected) {
            self.report.problem("its tests are not numbered in order");
        }
        match below {
            // A test that has subtests is not counted beside them.
            Some(bad) if !test.left_out && test.ok != (bad == 0) && (test.ok || bad > 0) => {
                self.report.problem("a test is ok and one of its subtests is not");
            }
            Some(bad) if bad > 0 || test.ok => {}
            _ if test.left_out => self.report.skipped += 1,
            _ if test.ok => self.report.passed += 1,
            _ => {
                self.report.failed += 1;
                self.report.name(test.name);
            }
        }
    }

    /// Ends what is open at `depth` and below it. Says how many of its tests are bad, when it had any.
    fn close(&mut self, depth: usize) -> Option<u64> {
        let closed = self.levels.split_off(&depth);
        for level in closed.values().rev() {
            match level.plan {
                None => self.report.problem("it has no plan"),
                plan => self.report.compare("tests in a plan", plan, level.tests),
            }
        }
        closed.values().next().map(|level| level.bad)
    }

    fn finish(mut self) -> TestReport {
        if self.yaml.is_some() || self.levels.len() > 1 {
            self.report.problem("it was cut");
        }
        self.close(0);
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> (u64, u64, u64) {
        let report = read(text);
        assert_eq!(report.problems, Vec::<String>::new(), "{text}");
        (report.passed, report.failed, report.skipped)
    }

    #[track_caller]
    fn doubted(text: &str, wanted: &str) {
        let report = read(text);
        assert!(report.problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {:?}", report.problems);
    }

    /// Node.js 24.
    const NODE: &str = "TAP version 13
# Subtest: adds
ok 1 - adds
  ---
  duration_ms: 0.5
  stack: |-
    not ok 7 - inside a diagnosis
  ...
# Subtest: group
    # Subtest: one
    ok 1 - one
      ---
      type: 'test'
      ...
    # Subtest: two
    ok 2 - two # SKIP
    # Subtest: three
    not ok 3 - three # TODO later
    1..3
ok 2 - group
# Subtest: fails
not ok 3 - fails
1..3
# tests 5
";

    #[test]
    fn tests_are_counted_without_those_that_hold_others() {
        assert_eq!(counts(NODE), (2, 1, 2));
        assert_eq!(read(NODE).failing, ["fails"]);
        assert_eq!(counts("1..4\nok\nnot ok\nok - a \\# b\nok 4 # skip no database\n"), (2, 1, 1));
        assert_eq!(counts("ok 1\nok 2\n1..2"), (2, 0, 0));
        assert_eq!(counts("1..0 # Skipped: not here"), (0, 0, 0));
        assert_eq!(counts("noise: ok\nokay then\n1..1\nok 1 - é # time=3ms\n"), (1, 0, 0));
        // The subtests are good and the test is not: that is a failure of its own.
        assert_eq!(counts("    ok 1\n    1..1\nnot ok 1 - teardown\n1..1"), (1, 1, 0));
    }

    #[test]
    fn plans_and_tests_that_disagree_are_told() {
        doubted("1..3\nok 1\nok 2\n", "claims 3 tests in a plan and holds 2");
        doubted("1..1\nok 1\nok 2\n", "claims 1 tests in a plan and holds 2");
        doubted("TAP version 14\nok 1\n", "no plan");
        doubted("1..2\n1..2\nok 1\nok 2\n", "two plans");
        doubted("1..2\nok 1\nok 1\n", "numbered");
        doubted("1..3\nok 1\nBail out! no database\n", "bailed out");
        doubted("    1..2\n    ok 1\nok 1\n1..1", "claims 2 tests in a plan and holds 1");
        doubted("    1..1\n    not ok 1\nok 1\n1..1", "one of its subtests is not");
        doubted("TAP version 14\n1..1\nok 1\nTAP version 14\n1..1\nok 1\n", "more than one run");
        doubted(&format!("{}ok 1", " ".repeat(400)), "nested");
        doubted("1..1\nok 1\n  ---\n  duration_ms: 1\n", "it was cut");
        doubted("1..1\nok 1\n    ok 1\n    1..1\n", "it was cut");
    }

    #[test]
    fn every_cut_is_noticed() {
        // Behind the last plan there are only comments.
        for end in 15..NODE.len() - 12 {
            let report = read(NODE.get(..end).unwrap());
            assert!(!report.problems.is_empty(), "cut at {end}: {report:?}");
        }
    }
}
