//! JUnit's XML. There is no standard, so the cases are counted and the attributes of the suites are compared with them.

use std::{borrow::Cow, time::Duration};

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

use super::{Case as Told, CaseStatus, TestReport};

/// Elements within elements.
const DEPTH: usize = 64;
/// Attributes of an element; more of them are no report, and looking for doubles among them would take for ever.
const ATTRIBUTES: usize = 64;

pub(super) fn read(text: &str) -> TestReport {
    let mut walk = Walk::default();
    match walk.whole(text) {
        Ok(()) => walk.report,
        // What was counted up to there is not what there was.
        Err(problem) => TestReport::unreadable(problem),
    }
}

/// What suites say about themselves in attributes, and what is counted to compare it with.
#[derive(Debug, Clone, Copy, Default)]
struct Tally<T> {
    tests: T,
    failures: T,
    errors: T,
    skipped: T,
}

#[derive(Debug, Default)]
struct Suite {
    claimed: Tally<Option<u64>>,
    /// Every case below.
    below: Tally<u64>,
    /// Cases and suites that stand in this one: Node.js counts so.
    direct: Tally<u64>,
}

#[derive(Debug, Default)]
struct Case {
    name: String,
    failure: bool,
    error: bool,
    skipped: bool,
    /// It is expected to fail for now.
    to_do: bool,
    flaky: bool,
    duration_ms: u64,
    /// What stands in its failures.
    said: String,
}

#[derive(Debug)]
enum Open {
    Suite(Suite),
    Case(Case),
    /// A failure or an error of a case.
    Trouble,
    Other,
}

#[derive(Debug, Default)]
struct Walk {
    open: Vec<Open>,
    has_root: bool,
    report: TestReport,
}

impl Walk {
    fn whole(&mut self, text: &str) -> Result<(), String> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
        loop {
            let event = reader.read_event().map_err(|_| "it is not well-formed XML, or it was cut".to_owned())?;
            match event {
                Event::Start(start) => self.begin(&start)?,
                Event::Empty(start) => {
                    self.begin(&start)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::DocType(_) => return Err("it has a document type, which no test tool writes".to_owned()),
                Event::GeneralRef(name) if !name.is_char_ref() && resolve_predefined_entity(&name).is_none() => {
                    return Err("it refers to an entity that XML does not know".to_owned());
                }
                Event::Text(text) => self.said(&text.xml10_content()),
                Event::CData(text) => self.said(&text.xml10_content()),
                Event::GeneralRef(name) => {
                    let character = name.resolve_char_ref().ok().flatten().map(String::from);
                    let text = character.or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                    self.said(&text.unwrap_or_default());
                }
                Event::Eof if !self.open.is_empty() => return Err("it was cut".to_owned()),
                Event::Eof if !self.has_root => return Err("it is not a JUnit report".to_owned()),
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.open.len() == DEPTH {
            return Err(format!("it is nested more than {DEPTH} deep"));
        }
        let element = start.local_name();
        let opened = match (element.as_ref(), self.open.last_mut()) {
            ("testsuites" | "testsuite", None) if !self.has_root => {
                self.has_root = true;
                Open::Suite(Suite { claimed: claims(start)?, ..Suite::default() })
            }
            (_, None) => return Err("it is not one JUnit report".to_owned()),
            ("testsuite", Some(Open::Suite(_))) => Open::Suite(Suite { claimed: claims(start)?, ..Suite::default() }),
            ("testcase", Some(Open::Suite(_))) => Open::Case(case(start)?),
            ("testsuites" | "testsuite" | "testcase", Some(_)) => {
                return Err("a suite or a case stands where none can be".to_owned());
            }
            (outcome, Some(Open::Case(case))) => {
                match outcome {
                    "failure" | "error" => {
                        case.failure |= outcome == "failure";
                        case.error |= outcome == "error";
                        for message in attribute(start, "message")?.into_iter().filter(|text| !text.is_empty()) {
                            case.said.extend([&*message, "\n"]);
                        }
                        self.open.push(Open::Trouble);
                        return Ok(());
                    }
                    "skipped" | "disabled" => {
                        case.skipped = true;
                        case.to_do = attribute(start, "type")?.is_some_and(|kind| kind == "todo");
                    }
                    "flakyFailure" | "flakyError" => case.flaky = true,
                    _ => {}
                }
                Open::Other
            }
            _ => Open::Other,
        };
        self.open.push(opened);
        Ok(())
    }

    fn end(&mut self) {
        let below = match self.open.pop() {
            Some(Open::Case(case)) => self.case(case),
            Some(Open::Suite(suite)) => self.suite(&suite),
            Some(Open::Trouble | Open::Other) | None => return,
        };
        let direct = Tally {
            tests: 1,
            failures: below.failures.min(1),
            errors: below.errors.min(1),
            skipped: below.skipped.min(1),
        };
        if let Some(Open::Suite(parent)) = self.open.last_mut() {
            parent.below.add(below);
            parent.direct.add(direct);
        }
    }

    /// Text in the failure of a case.
    fn said(&mut self, text: &str) {
        if let [.., Open::Case(case), Open::Trouble] = self.open.as_mut_slice() {
            case.said.push_str(text);
        }
    }

    fn case(&mut self, case: Case) -> Tally<u64> {
        let report = &mut self.report;
        let counted = match &case {
            Case { to_do: true, .. } => &mut report.skipped,
            Case { error: true, .. } => &mut report.errors,
            Case { failure: true, .. } => &mut report.failed,
            Case { skipped: true, .. } => &mut report.skipped,
            Case { flaky: true, .. } => &mut report.flaky,
            _ => &mut report.passed,
        };
        *counted += 1;
        let status = match &case {
            Case { to_do: true, .. } => CaseStatus::Skipped,
            Case { failure: true, .. } | Case { error: true, .. } => CaseStatus::Failed,
            Case { skipped: true, .. } => CaseStatus::Skipped,
            Case { flaky: true, .. } => CaseStatus::Flaky,
            _ => CaseStatus::Passed,
        };
        if status == CaseStatus::Failed {
            report.name(&case.name);
        }
        let tally =
            Tally { tests: 1, failures: case.failure.into(), errors: case.error.into(), skipped: case.skipped.into() };
        let (name, duration_ms, error) = (case.name, case.duration_ms, case.said);
        report.cases.push(Told { name, status, duration_ms, attempts: 1, error, ..Told::default() });
        tally
    }

    fn suite(&mut self, suite: &Suite) -> Tally<u64> {
        let Suite { claimed, below, direct } = suite;
        for (what, claimed, below, direct) in [
            ("tests", claimed.tests, below.tests, direct.tests),
            ("failures", claimed.failures, below.failures, direct.failures),
            ("errors", claimed.errors, below.errors, direct.errors),
            ("skipped tests", claimed.skipped, below.skipped, direct.skipped),
        ] {
            if claimed != Some(direct) {
                self.report.compare(what, claimed, below);
            }
        }
        *below
    }
}

impl Tally<u64> {
    fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

fn claims(start: &BytesStart<'_>) -> Result<Tally<Option<u64>>, String> {
    let number = |name| -> Result<Option<u64>, String> {
        let parse = |text: Cow<'_, str>| text.trim().parse().map_err(|_| format!("its attribute {name} is no number"));
        attribute(start, name)?.map(parse).transpose()
    };
    Ok(Tally {
        tests: number("tests")?,
        failures: number("failures")?,
        errors: number("errors")?,
        skipped: number("skipped")?,
    })
}

fn case(start: &BytesStart<'_>) -> Result<Case, String> {
    let text = |name| Ok::<_, String>(attribute(start, name)?.unwrap_or_default());
    let (class, name, status) = (text("classname")?, text("name")?, text("status")?);
    let name = if class.is_empty() { name.into_owned() } else { format!("{class} › {name}") };
    // GoogleTest says so of tests that are switched off.
    let skipped = matches!(status.as_ref(), "notrun" | "disabled" | "skipped");
    let duration_ms = attribute(start, "time")?.and_then(|time| time.trim().parse().ok()).map_or(0, millis);
    Ok(Case { name, skipped, duration_ms, ..Case::default() })
}

/// Whole milliseconds of a time in seconds that may be anything.
fn millis(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).ok().and_then(|time| u64::try_from(time.as_millis()).ok()).unwrap_or(0)
}

fn attribute<'s>(start: &'s BytesStart<'_>, wanted: &str) -> Result<Option<Cow<'s, str>>, String> {
    let mut found = None;
    for (count, attribute) in start.attributes().with_checks(false).enumerate() {
        let attribute = attribute.map_err(|_| "it is not well-formed XML".to_owned())?;
        if count == ATTRIBUTES {
            return Err(format!("an element has more than {ATTRIBUTES} attributes"));
        }
        if attribute.key.as_ref() == wanted {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            found = Some(value.map_err(|_| "it refers to an entity that XML does not know".to_owned())?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> (u64, u64, u64, u64, u64) {
        let report = read(text);
        assert_eq!(report.problems, Vec::<String>::new(), "{text}");
        (report.passed, report.failed, report.skipped, report.flaky, report.errors)
    }

    #[track_caller]
    fn doubted(text: &str, wanted: &str) {
        let report = read(text);
        assert!(report.problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {:?}", report.problems);
    }

    /// pytest 9: xfail is skipped, a fixture that fails is an error.
    const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1"
        failures="1" skipped="2" tests="5"><testcase classname="test_x" name="test_a" /><testcase classname="test_x" name="test_b">
        <failure message="assert 0">&gt; def test_b(): &#10; assert 0</failure></testcase><testcase classname="test_x" name="test_c"><skipped
        type="pytest.skip" /></testcase><testcase classname="test_x" name="test_d"><skipped type="pytest.xfail" message="" />
        </testcase><testcase classname="test_x" name="test_e"><error message="failed on setup">x</error></testcase></testsuite></testsuites>"#;

    /// Node.js 24: suites count their direct children, and a `todo` that fails is skipped and failed.
    const NODE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
        <testsuites>
            <testcase name="adds" classname="test"/>
            <testsuite name="group" disabled="0" errors="0" tests="3" failures="1" skipped="2">
                <testcase name="one" classname="test"/>
                <testcase name="two" classname="test"><skipped type="skipped" message="true"/></testcase>
                <testcase name="three" classname="test" failure="x"><skipped type="todo" message="later"/><failure message="x"/></testcase>
            </testsuite>
            <testsuite name="outer" tests="1" failures="0" errors="0" skipped="0"><testsuite name="inner" tests="2" failures="0">
                <testcase name="a"/><testcase name="b"/></testsuite></testsuite>
            <!-- tests 6 -->
        </testsuites>"#;

    /// PHPUnit: suites within suites, each with everything below it.
    const PHPUNIT: &str = r#"<testsuites><testsuite name="all" tests="3" assertions="4" errors="0" failures="1" skipped="0">
        <testsuite name="ATest" tests="2" failures="1"><testsuite name="ATest::data" tests="2" failures="1"><testcase name="a with data set #0"/>
        <testcase name="a with data set #1" classname="ATest"><failure type="X"><![CDATA[<no> & "markup"]]></failure></testcase></testsuite></testsuite>
        <testsuite name="BTest" tests="1"><testcase name="b"/></testsuite></testsuite></testsuites>"#;

    #[test]
    fn cases_are_counted_in_every_dialect() {
        assert_eq!(counts(PYTEST), (1, 1, 2, 0, 1));
        assert_eq!(read(PYTEST).failing, ["test_x › test_b", "test_x › test_e"]);
        assert_eq!(counts(NODE), (4, 0, 2, 0, 0));
        assert_eq!(counts(PHPUNIT), (2, 1, 0, 0, 0));
        let surefire = r#"<testsuite tests="2" failures="1"><testcase name="a"><flakyFailure/></testcase><testcase name="b"><failure/><rerunFailure/></testcase></testsuite>"#;
        assert_eq!(counts(surefire), (0, 1, 0, 1, 0));
        let told: Vec<_> = read(PYTEST).cases.into_iter().map(|case| (case.status, case.error)).collect();
        let (text, quoted) = ("assert 0\n> def test_b(): \n assert 0", "<no> & \"markup\"");
        assert_eq!(told.get(1), Some(&(CaseStatus::Failed, text.to_owned())));
        assert_eq!(told.get(4), Some(&(CaseStatus::Failed, "failed on setup\nx".to_owned())));
        assert_eq!(read(PHPUNIT).cases.get(1).map(|case| case.error.as_str()), Some(quoted));
        let google = r#"<testsuites tests="2"><testsuite tests="2"><testcase name="a" status="run"/><testcase name="b" status="notrun"/></testsuite></testsuites>"#;
        assert_eq!(counts(google), (1, 0, 1, 0, 0));
        assert_eq!(counts("<testsuites tests=\"0\"/>"), (0, 0, 0, 0, 0));
    }

    #[test]
    fn attributes_that_say_something_else_than_the_cases_are_told() {
        doubted(&PYTEST.replace("tests=\"5\"", "tests=\"6\""), "claims 6 tests and holds 5");
        doubted(&PYTEST.replace("failures=\"1\"", "failures=\"0\""), "claims 0 failures and holds 1");
        doubted(&PYTEST.replace("errors=\"1\"", "errors=\"0\""), "claims 0 errors and holds 1");
        doubted(&PYTEST.replace("skipped=\"2\"", "skipped=\"0\""), "claims 0 skipped tests and holds 2");
        doubted(
            "<testsuites tests=\"3\"><testsuite><testcase/></testsuite></testsuites>",
            "claims 3 tests and holds 1",
        );
        doubted("<testsuite tests=\"many\"/>", "tests is no number");
    }

    #[test]
    fn what_is_cut_or_no_report_counts_nothing() {
        for end in 1..PYTEST.len() {
            let report = read(PYTEST.get(..end).unwrap());
            assert!(report.total() == 0 && report.problems.len() == 1, "cut at {end}: {report:?}");
        }
        doubted("<html><body/></html>", "not one JUnit report");
        doubted("<testsuite/><testsuite/>", "not one JUnit report");
        doubted("<testsuite><testcase><testcase/></testcase></testsuite>", "where none can be");
        doubted("<testsuite><testcase></testsuite>", "well-formed");
        doubted("<!-- nothing -->", "not a JUnit report");
    }

    #[test]
    fn no_entity_is_expanded_and_nothing_is_endless() {
        let laughs = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
            <testsuite tests="1"><testcase name="&b;"/></testsuite>"#;
        doubted(laughs, "document type");
        doubted("<testsuite><testcase name=\"&a;\"/></testsuite>", "entity");
        doubted("<testsuite><system-out>&a;</system-out></testsuite>", "entity");
        doubted(&"<testsuite>".repeat(100_000), "nested more than 64");
        let attributes: String = (0..200_000).map(|n| format!(" a{n}=\"\"")).collect();
        doubted(&format!("<testsuite{attributes}/>"), "more than 64 attributes");
    }
}
