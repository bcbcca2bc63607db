//! SARIF 2.1.0: results of static analysis, counted by level.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Findings, TestReport};

/// Whether a JSON text says that it is SARIF.
pub(super) fn is_it(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Head {
        version: String,
        #[serde(rename = "runs")]
        _runs: serde::de::IgnoredAny,
    }
    serde_json::from_str::<Head>(text).is_ok_and(|head| head.version.starts_with("2."))
}

pub(super) fn read(text: &str) -> TestReport {
    let Ok(log) = serde_json::from_str::<Log>(text) else {
        return TestReport::unreadable("it is not SARIF, or it was cut");
    };
    if log.version != "2.1.0" {
        return TestReport::unreadable("it is not of SARIF's version 2.1.0");
    }
    let mut report = TestReport { findings: Some(Findings::default()), ..TestReport::default() };
    // A list that is missing or null says that there was no analysis (SARIF 2.1.0, 3.13.4).
    match log.runs.unwrap_or_default().as_slice() {
        [] => report.problem("it holds no run"),
        runs => runs.iter().for_each(|run| run.count(&mut report)),
    }
    report
}

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: Option<Vec<Run>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    #[serde(default)]
    tool: Tool,
    results: Option<Vec<Found>>,
    #[serde(default)]
    invocations: Vec<Invocation>,
    external_property_file_references: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
struct Tool {
    #[serde(default)]
    driver: Driver,
}

#[derive(Deserialize, Default)]
struct Driver {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    #[serde(default)]
    default_configuration: Configuration,
}

#[derive(Deserialize, Default)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    kind: Option<String>,
    level: Option<String>,
    baseline_state: Option<String>,
    #[serde(default)]
    suppressions: Vec<Suppression>,
}

#[derive(Deserialize)]
struct Suppression {
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(default)]
    tool_execution_notifications: Vec<Configuration>,
}

impl Run {
    fn count(&self, report: &mut TestReport) {
        if self.external_property_file_references.is_some() {
            report.problem("parts of it are in other files");
        }
        let failed = |invocation: &Invocation| {
            let notes = &invocation.tool_execution_notifications;
            !invocation.execution_successful || notes.iter().any(|note| note.level.as_deref() == Some("error"))
        };
        if self.invocations.iter().any(failed) {
            report.problem("the tool says that its run did not succeed");
        }
        let Some(results) = &self.results else {
            return report.problem("a run holds no list of results");
        };
        let rules: BTreeMap<&str, &Rule> = self.tool.driver.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        let mut found = report.findings.unwrap_or_default();
        for result in results {
            match self.level(&rules, result) {
                _ if result.baseline_state.as_deref() == Some("absent") => {}
                _ if result.is_suppressed() => found.suppressed += 1,
                "error" => {
                    found.errors += 1;
                    report.name(result.rule_id.as_deref().unwrap_or("a result without a rule"));
                }
                "warning" => found.warnings += 1,
                "note" => found.notes += 1,
                "none" => {}
                _ => report.problem("a result has a level that SARIF does not know"),
            }
        }
        report.findings = Some(found);
    }

    /// The level of a result: its own, else that of its rule, else `warning` (SARIF 2.1.0, 3.27.10).
    fn level<'a>(&'a self, rules: &BTreeMap<&str, &'a Rule>, result: &'a Found) -> &'a str {
        if result.kind.as_deref().is_some_and(|kind| kind != "fail") {
            return "none";
        }
        let index = result.rule_index.and_then(|index| usize::try_from(index).ok());
        let by_index = index.and_then(|index| self.tool.driver.rules.get(index));
        let by_id = || result.rule_id.as_deref().and_then(|id| rules.get(id).copied());
        let of_rule = || by_index.or_else(by_id).and_then(|rule| rule.default_configuration.level.as_deref());
        result.level.as_deref().or_else(of_rule).unwrap_or("warning")
    }
}

impl Found {
    /// Whether somebody accepted it (SARIF 2.1.0, 3.27.23): one that is under review or was rejected still counts.
    fn is_suppressed(&self) -> bool {
        let accepted = |one: &Suppression| one.status.as_deref().is_none_or(|status| status == "accepted");
        !self.suppressions.is_empty() && self.suppressions.iter().all(accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(run: &str) -> String {
        format!(
            r#"{{"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [{run}]}}"#
        )
    }

    fn found(run: &str) -> (u64, u64, u64, u64) {
        let report = read(&log(run));
        assert_eq!(report.problems, Vec::<String>::new(), "{run}");
        let found = report.findings.unwrap();
        (found.errors, found.warnings, found.notes, found.suppressed)
    }

    #[track_caller]
    fn doubted(text: &str, wanted: &str) {
        let report = read(text);
        assert!(report.problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {:?}", report.problems);
    }

    #[test]
    fn a_level_is_that_of_the_result_or_of_its_rule_or_warning() {
        assert_eq!(found(r#"{"results": []}"#), (0, 0, 0, 0));
        assert_eq!(
            found(r#"{"results": [{"level": "error", "ruleId": "no-eval"}, {"level": "note"}, {}]}"#),
            (1, 1, 1, 0)
        );
        let rules = r#""tool": {"driver": {"name": "x", "rules": [{"id": "a"}, {"id": "b", "defaultConfiguration": {"level": "error"}}]}}"#;
        let results = r#"[{"ruleId": "b"}, {"ruleIndex": 1}, {"ruleId": "a"}, {"ruleId": "b", "level": "none"}, {"ruleIndex": -1}]"#;
        assert_eq!(found(&format!(r#"{{{rules}, "results": {results}}}"#)), (2, 2, 0, 0));
    }

    #[test]
    fn what_is_no_finding_or_was_accepted_does_not_count() {
        let results = r#"[{"kind": "pass", "level": "error"}, {"level": "error", "baselineState": "absent"},
            {"level": "error", "suppressions": [{"kind": "inSource"}]},
            {"level": "error", "suppressions": [{"kind": "external", "status": "underReview"}]}]"#;
        assert_eq!(found(&format!(r#"{{"results": {results}}}"#)), (1, 0, 0, 1));
    }

    #[test]
    fn a_run_that_did_not_end_well_or_is_not_whole_is_told() {
        doubted(&log(r#"{"results": [], "invocations": [{"executionSuccessful": false}]}"#), "did not succeed");
        let notes = r#"[{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "error"}]}]"#;
        doubted(&log(&format!(r#"{{"results": [], "invocations": {notes}}}"#)), "did not succeed");
        doubted(&log(r#"{"results": null}"#), "no list of results");
        doubted(&log(r#"{"results": [], "externalPropertyFileReferences": {}}"#), "other files");
        doubted(&log(r#"{"results": [{"level": "fatal"}]}"#), "does not know");
        doubted(&log(""), "no run");
        doubted(r#"{"version": "2.1.0", "runs": null}"#, "no run");
        doubted(r#"{"version": "2.0.0", "runs": []}"#, "version");
        doubted(&log(r#"{"results": []"#), "cut");
        assert!(is_it(&log("")) && !is_it(r#"{"version": "2.1.0"}"#));
    }
}
