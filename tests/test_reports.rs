//! Gates whose commands run tests: honest ones, lying ones, a real npm project and a real pytest project, through the front door.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::{Value, json};

use crate::support::mcp::{Answer, Client, House};

/// A house whose forum is deployed behind these gates: name, the text of its script, and further keys.
async fn house(gates: &[(&str, &str, &str)]) -> House {
    let house = House::staging().await;
    let scripts: Vec<(String, String)> =
        gates.iter().map(|(name, script, _)| (format!("gate-{name}.sh"), format!("#!/bin/sh\n{script}\n"))).collect();
    let files: Vec<(&str, &str)> = scripts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    house.commit(&files, "v3");
    let sections = gates.iter().map(|(name, _, keys)| {
        format!(
            "[gates.{name}]\ncommand = [\"sh\", \"gate-{name}.sh\"]\ntimeout_s = 60\n{}\n",
            keys.replace("; ", "\n")
        )
    });
    let names: Vec<String> = gates.iter().map(|(name, ..)| format!("{name:?}")).collect();
    behind(&house, &names.join(", "), &sections.collect::<String>());
    house
}

/// Puts every service behind these gates.
fn behind(house: &House, names: &str, sections: &str) {
    house.configure(|text| {
        text.replace("[gates.scripts]", &format!("{sections}[gates.scripts]"))
            .replace("gates = [\"scripts\"]", &format!("gates = [{names}]"))
    });
}

/// A path that `tests/run` gives.
fn given(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from).unwrap_or_default();
    assert!(path.exists(), "{variable} names nothing that exists: run `tests/run --setup`");
    path
}

async fn dry_run(client: &Client, version: &str) -> Answer {
    let dry = client.call("deploy_service", json!({ "service": "forum", "version": version, "wait_s": 40 })).await;
    assert_eq!(dry.get("/operation/state"), "succeeded", "{}", dry.text);
    dry
}

/// Outcome and summary of each gate.
fn seen(dry: &Answer) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let gate = |evidence: &Value| {
        let (name, _) = evidence["what"].as_str()?.strip_prefix("gate ")?.split_once('@')?;
        Some((name.to_owned(), (text(&evidence["outcome"]), text(&evidence["summary"]))))
    };
    dry.structured["evidence"].as_array().unwrap().iter().filter_map(gate).collect()
}

/// Each gate has this outcome and a summary with these words.
#[track_caller]
fn check(dry: &Answer, wanted: &[(&str, &str, &str)]) {
    let seen = seen(dry);
    let mut wrong = Vec::new();
    for (name, outcome, words) in wanted {
        let found = seen.get(*name).cloned().unwrap_or_default();
        if found.0 != *outcome || !found.1.contains(words) {
            wrong.push(format!("{name}: wanted {outcome} with {words:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty() && seen.len() == wanted.len(), "{}\n{seen:#?}", wrong.join("\n"));
    let all_green = wanted.iter().all(|(_, outcome, _)| *outcome == "PASS");
    assert_eq!(!dry.blockers().contains(&"GATES_NOT_GREEN"), all_green, "{}", dry.text);
}

/// Three good cases.
const GOOD: &str = r#"<testsuites tests="3"><testsuite name="unit" tests="3" failures="0"><testcase name="a"/><testcase name="b"/><testcase name="c"/></testsuite></testsuites>"#;

fn writes(report: &str) -> String {
    format!("cat > report.xml <<'END'\n{report}\nEND")
}

const REPORT: &str = "report = \"report.xml\"";

#[tokio::test]
async fn a_report_that_agrees_is_green_and_its_counts_are_evidence() {
    let good = writes(GOOD);
    let several = format!("{good}\nmkdir -p out/b\ncp report.xml out/b/TEST-a.xml\ncp report.xml out/b/TEST-b.xml");
    let tap = "echo noise >&2; printf '1..2\\nok 1 - a\\nok 2 - b # SKIP no database\\n'";
    let sandbox = r#"set -e
        grep -Eq '^Max core file size +0 +0' /proc/self/limits
        grep -Eq '^Max file size +8589934592 +8589934592' /proc/self/limits
        [ "$HOME" != "$TMPDIR" ]
        touch "$HOME/x" "$TMPDIR/x"
        [ "$PATH" != "${PATH#/opt/first:}" ]"#;
    let house = house(&[
        ("junit", &good, REPORT),
        ("several", &several, "report = [\"out/*/TEST-?.xml\"]; format = \"junit\"; minimum_tests = 6"),
        ("tap", tap, "format = \"tap\""),
        ("plain", "echo done", ""),
        ("sandbox", sandbox, "path = [\"/opt/first\"]"),
        ("prepared", "[ -f made ] && echo '3 passed in 0.01s'", "prepare = [\"touch\", \"made\"]"),
    ])
    .await;
    let dry = dry_run(&house.server().await, "v3").await;
    check(
        &dry,
        &[
            ("junit", "PASS", "is green: 3 of 3 tests passed."),
            ("several", "PASS", "6 of 6 tests passed"),
            ("tap", "PASS", "1 of 2 tests passed, 1 left out"),
            ("plain", "PASS", "Gate plain is green."),
            ("sandbox", "PASS", "is green"),
            ("prepared", "PASS", "3 of 3"),
        ],
    );
}

#[tokio::test]
async fn a_report_that_disagrees_proves_nothing() {
    let failing = GOOD.replace(r#"<testcase name="c"/>"#, r#"<testcase name="c"><failure/></testcase>"#);
    let failing = writes(&failing.replace("failures=\"0\"", "failures=\"1\""));
    let claims = writes(&GOOD.replace("tests=\"3\"", "tests=\"7\""));
    let printed = format!("{}\necho '2 passed, 1 failed in 0.10s'", writes(GOOD));
    let half = format!("{}\ntruncate -s 150 report.xml", writes(GOOD));
    let few = writes(GOOD);
    let none = writes("<testsuites tests=\"0\"/>");
    let house = house(&[
        ("failures", &failing, REPORT),
        ("claims", &claims, REPORT),
        ("printed", &printed, REPORT),
        ("cut", &half, REPORT),
        ("empty", ": > report.xml", REPORT),
        ("none", &none, REPORT),
        ("few", &few, "report = \"report.xml\"; minimum_tests = 4"),
        ("missing", "true", REPORT),
        ("shouts", "echo PASS; echo 'OK (5 tests, 5 assertions)'; exit 1", ""),
        ("whispers", "echo '2 passed, 1 failed in 0.10s'", ""),
    ])
    .await;
    check(
        &dry_run(&house.server().await, "v3").await,
        &[
            ("failures", "INCONCLUSIVE", "it ended with exit code 0, and 2 of 3 tests passed, 1 failed"),
            ("claims", "INCONCLUSIVE", "it claims 7 tests and holds 3"),
            ("printed", "INCONCLUSIVE", "it printed that 2 of 3"),
            ("cut", "INCONCLUSIVE", "cut"),
            ("empty", "INCONCLUSIVE", "it is empty"),
            ("none", "INCONCLUSIVE", "no test passed"),
            ("few", "INCONCLUSIVE", "at least 4 must"),
            ("missing", "INCONCLUSIVE", "there is none at report.xml"),
            ("shouts", "FAIL", "exit code 1"),
            ("whispers", "INCONCLUSIVE", "1 failed"),
        ],
    );
}

#[tokio::test]
async fn a_report_from_elsewhere_or_from_before_is_not_read() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("report.xml"), GOOD).unwrap();
    let outside = outside.path().display();
    let link = format!("ln -s {outside}/report.xml report.xml; touch {outside}/report.xml");
    let directory = format!("ln -s {outside} out; touch {outside}/report.xml");
    let copied = format!(
        "touch -d 2020-01-01 {outside}/old.xml; cat {outside}/report.xml > {outside}/old.xml; touch -d 2020-01-01 {outside}/old.xml; cp -p {outside}/old.xml report.xml"
    );
    let laughs = writes(
        r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><testsuite tests="1"><testcase name="&b;"/></testsuite>"#,
    );
    let house = house(&[
        ("link", &link, REPORT),
        ("directory", &directory, "report = \"out/*.xml\""),
        ("copied", &copied, REPORT),
        ("committed", "true", "report = \"committed.xml\""),
        ("fifo", "mkfifo report.xml", REPORT),
        ("laughs", &laughs, REPORT),
        ("unprepared", "true", "prepare = [\"sh\", \"-c\", \"exit 7\"]"),
        ("absent", "no-such-program-at-all", ""),
    ])
    .await;
    std::fs::write(house.path("repository/committed.xml"), GOOD).unwrap();
    house.commit(&[], "v4");
    check(
        &dry_run(&house.server().await, "v4").await,
        &[
            ("link", "INCONCLUSIVE", "symbolic link"),
            ("directory", "INCONCLUSIVE", "symbolic link"),
            ("copied", "INCONCLUSIVE", "older than the run"),
            ("committed", "INCONCLUSIVE", "older than the run"),
            ("fifo", "INCONCLUSIVE", "not a regular file"),
            ("laughs", "INCONCLUSIVE", "document type"),
            ("unprepared", "INCONCLUSIVE", "could not be prepared (exit code 7)"),
            ("absent", "INCONCLUSIVE", "cannot be started (exit code 127)"),
        ],
    );
}

#[tokio::test]
async fn what_failed_is_named_without_secrets_and_without_tricks() {
    let house = House::staging().await;
    let canary = house.sandbox.canary.clone();
    let failing = format!(
        "<testsuite tests=\"2\" failures=\"2\"><testcase classname=\"Login\" name=\"with {canary}\"><failure/></testcase>\
         <testcase name=\"turns &#x202e;round\"><failure/></testcase></testsuite>"
    );
    let sarif = r#"{"version": "2.1.0", "runs": [{"results": [{"level": "error", "ruleId": "no-eval"}, {"level": "warning"}]}]}"#;
    let script = |report: &str| format!("#!/bin/sh\ncat > report <<'END'\n{report}\nEND\n");
    let failing = script(&failing) + "exit 1\n";
    house.commit(
        &[("gate-a.sh", &failing), ("gate-b.sh", &script(sarif)), ("gate-c.sh", "echo why it failed; exit 3\n")],
        "v3",
    );
    let section = |name: &str, keys: &str| format!("[gates.{name}]\ncommand = [\"sh\", \"gate-{name}.sh\"]\n{keys}\n");
    let sections = section("a", "report = \"report\"") + &section("b", "report = \"report\"") + &section("c", "");
    behind(&house, "\"a\", \"b\", \"c\"", &sections);
    let dry = dry_run(&house.server().await, "v3").await;
    check(
        &dry,
        &[
            ("a", "FAIL", "ended by exit code 1: 0 of 2 tests passed, 2 failed"),
            ("b", "FAIL", "found 1 errors"),
            ("c", "FAIL", "ended by exit code 3"),
        ],
    );
    assert!(!dry.raw.contains(&canary), "a secret in a test's name came out");
    let text = dry.get("/untrusted_text");
    for shown in
        ["Gate a, tests that failed:\nLogin › with [redacted]\nturns round", "no-eval", "Gate c wrote:\nwhy it failed"]
    {
        assert!(text.contains(shown), "{shown:?} is not in {text:?}");
    }
}

#[tokio::test]
async fn a_real_npm_project_is_believed_as_far_as_its_tests_go() {
    let house = House::staging().await;
    let node = given("DEPLOY_OPS_TEST_NODE");
    let wheel = node.parent().unwrap().parent().unwrap();
    let programs = house.path("programs");
    std::fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(&node, programs.join("node")).unwrap();
    std::os::unix::fs::symlink(wheel.join("lib/node_modules/npm/bin/npm-cli.js"), programs.join("npm")).unwrap();
    let package = |more: &str| {
        format!(
            r#"{{"name": "adder", "version": "1.0.0", "private": true, "dependencies": {{"plus": "file:plus"}},
                "scripts": {{"quality:gates": "node --test --test-reporter=junit --test-reporter-destination=report.xml --test-reporter=spec --test-reporter-destination=stdout{more}"}}}}"#
        )
    };
    let lock = r#"{"name": "adder", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
        "": {"name": "adder", "version": "1.0.0", "dependencies": {"plus": "file:plus"}},
        "node_modules/plus": {"resolved": "plus", "link": true}, "plus": {"version": "1.0.0"}}}"#;
    let tests = "const test = require('node:test');\nconst assert = require('node:assert');\nconst plus = require('plus');\n\
                 test('adds', () => assert.equal(plus(1, 2), 3));\ntest('adds nothing', () => assert.equal(plus(1, 0), 1));\n";
    std::fs::create_dir(house.path("repository/plus")).unwrap();
    let plus = |sum: &str| format!("module.exports = (a, b) => {sum};\n");
    house.commit(
        &[
            ("package.json", &package("")),
            ("package-lock.json", lock),
            (".npmrc", "offline=true\naudit=false\nfund=false\nupdate-notifier=false\n"),
            ("adder.test.js", tests),
            ("plus/package.json", r#"{"name": "plus", "version": "1.0.0", "main": "index.js"}"#),
            ("plus/index.js", &plus("a + b")),
        ],
        "v3",
    );
    let lying = package(" || true");
    house.commit(&[("plus/index.js", &plus("a || b")), ("package.json", &lying)], "v4");
    let unlocked = lying.replace(r#""plus": "file:plus""#, r#""plus": "file:plus", "minus": "1.0.0""#);
    house.commit(&[("package.json", &unlocked)], "v5");
    let section = format!(
        "[gates.npm]\ncommand = \"npm run quality:gates\"\nprepare = \"npm ci\"\npath = [{:?}]\nreport = \"report.xml\"\nformat = \"junit\"\n",
        programs.display().to_string()
    );
    behind(&house, "\"npm\"", &section);
    let client = house.server().await;
    for (version, outcome, words) in [
        ("v3", "PASS", "is green: 2 of 2 tests passed"),
        ("v4", "INCONCLUSIVE", "it ended with exit code 0, and 1 of 2 tests passed, 1 failed"),
        ("v5", "INCONCLUSIVE", "could not be prepared (exit code 1)"),
    ] {
        let dry = dry_run(&client, version).await;
        check(&dry, &[("npm", outcome, words)]);
        assert_eq!(dry.get("/untrusted_text").contains("test › adds"), version == "v4", "{}", dry.text);
    }
}

#[tokio::test]
async fn a_real_pytest_project_is_believed_as_far_as_its_tests_go() {
    let house = House::staging().await;
    let python = given("DEPLOY_OPS_TEST_TOOLS").join("python/bin");
    let tests = "import pytest\n\n\ndef test_adds():\n    assert 1 + 1 == 2\n\n\n@pytest.mark.skip\ndef test_later():\n    pass\n";
    house.commit(&[("test_adder.py", tests)], "v3");
    let lie = "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n";
    house.commit(&[("test_adder.py", &tests.replace("== 2", "== 3"))], "v4");
    house.commit(&[("conftest.py", lie)], "v5");
    let section = |name: &str, more: &str| {
        format!(
            "[gates.{name}]\ncommand = \"python3 -m pytest -p no:cacheprovider{more}\"\npath = [{:?}]\n",
            python.display().to_string()
        )
    };
    let sections =
        section("printed", "") + &section("reported", " -q --junit-xml=report.xml") + "report = \"report.xml\"\n";
    behind(&house, "\"printed\", \"reported\"", &sections);
    let client = house.server().await;
    for (version, outcome, words) in [
        ("v3", "PASS", "is green: 1 of 2 tests passed, 1 left out"),
        ("v4", "FAIL", "ended by exit code 1: 0 of 2 tests passed, 1 failed, 1 left out"),
        ("v5", "INCONCLUSIVE", "it ended with exit code 0, and 0 of 2 tests passed, 1 failed"),
    ] {
        let dry = dry_run(&client, version).await;
        check(&dry, &[("printed", outcome, words), ("reported", outcome, words)]);
        assert_eq!(dry.get("/untrusted_text").contains("test_adder › test_adds"), version != "v3", "{}", dry.text);
    }
}
