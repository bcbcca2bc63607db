//! Check runs, statuses and workflows of a commit on GitHub. Only `success` is green.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Reader,
        github::checks::{CheckRun, Status, WorkflowRun},
    },
    Judged, Unseen,
};
use crate::domain::{
    evidence::Outcome,
    inventory::{ChecksGate, Service},
    version::Revision,
};

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Light {
    Green,
    Running,
    Red,
    Missing,
    /// In a word that is not known here, or two Apps say different things under one name.
    Unclear,
}

/// Who says it: a name alone does not tell, for every App chooses its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Giver {
    App(Option<u64>),
    Status,
}

/// What was found about a commit.
#[derive(Debug, Default)]
struct Found {
    runs: Vec<CheckRun>,
    statuses: Vec<Status>,
    workflows: Vec<WorkflowRun>,
}

impl Reader<'_> {
    /// Asks for everything that was found about the commit.
    pub(super) async fn checks_of(
        &self,
        service: &Service,
        gate: &ChecksGate,
        revision: &Revision,
    ) -> Result<Judged, Unseen> {
        let github = self.github(service)?;
        let workflows = async {
            if gate.workflows.is_empty() { Ok(Vec::new()) } else { github.workflow_runs(&revision.commit).await }
        };
        let (runs, statuses, workflows) =
            tokio::try_join!(github.check_runs(&revision.commit), github.statuses(&revision.commit), workflows)?;
        Ok(judge(gate, &Found { runs, statuses, workflows }))
    }
}

fn judge(gate: &ChecksGate, found: &Found) -> Judged {
    let seen = by_name(found);
    let mut lights: Vec<(&str, Light)> = Vec::new();
    if gate.checks.is_empty() {
        lights.extend(seen.iter().map(|(name, light)| (*name, *light)));
        if lights.is_empty() {
            return Judged::fail("GitHub knows no check of the commit");
        }
    }
    let light = |name: &String| seen.get(name.as_str()).copied().unwrap_or(Light::Missing);
    lights.extend(gate.checks.iter().map(|name| (name.as_str(), light(name))));
    lights.extend(gate.workflows.iter().map(|path| (path.as_str(), workflow(path, &found.workflows))));

    let count = |wanted: Light| lights.iter().filter(|(_, light)| *light == wanted).count();
    let (green, red, missing) = (count(Light::Green), count(Light::Red), count(Light::Missing));
    let (running, unclear) = (count(Light::Running), count(Light::Unclear));
    let outcome = match () {
        () if red + missing > 0 => Outcome::Fail,
        () if running + unclear > 0 => Outcome::Inconclusive,
        () => Outcome::Pass,
    };
    let parts = [(red, "red"), (missing, "missing"), (running, "still running"), (unclear, "unclear")];
    let parts = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}"));
    let mut why = format!("{} of {} checks", parts.collect::<Vec<_>>().join(", "), lights.len());
    // Names that the operator wrote may stand in our own words; those that an App chose may not.
    let configured: BTreeSet<&str> = gate.checks.iter().chain(&gate.workflows).map(String::as_str).collect();
    let named: Vec<&str> = lights
        .iter()
        .filter(|(name, light)| *light != Light::Green && configured.contains(name))
        .map(|(name, _)| *name)
        .collect();
    if !named.is_empty() {
        why = format!("{why} ({})", named.join(", "));
    }
    Judged {
        outcome,
        why,
        counters: vec![
            ("checks", lights.len()),
            ("green", green),
            ("red", red),
            ("missing", missing),
            ("running", running),
        ],
        details: lights
            .iter()
            .filter(|(_, light)| *light != Light::Green)
            .map(|(name, light)| format!("{name}: {}", light.word()))
            .collect(),
    }
}

/// What is said under each name. Of one App the newest run counts; several that share a name must all be green.
fn by_name(found: &Found) -> BTreeMap<&str, Light> {
    let mut said: BTreeMap<&str, BTreeMap<Giver, (u64, Light)>> = BTreeMap::new();
    for run in &found.runs {
        let giver = Giver::App(run.app.as_ref().map(|app| app.id));
        let newest = said.entry(&run.name).or_default().entry(giver).or_insert((run.id, run.light()));
        if newest.0 < run.id {
            *newest = (run.id, run.light());
        }
    }
    for status in &found.statuses {
        said.entry(&status.context).or_default().insert(Giver::Status, (0, status.light()));
    }
    said.into_iter().map(|(name, givers)| (name, together(givers.into_values().map(|(_, light)| light)))).collect()
}

fn together(lights: impl Iterator<Item = Light>) -> Light {
    let lights: BTreeSet<Light> = lights.collect();
    match lights.first() {
        Some(light) if lights.len() == 1 => *light,
        _ => Light::Unclear,
    }
}

/// The newest run of a workflow, which is named by the path of its file, or by the file alone.
fn workflow(wanted: &str, runs: &[WorkflowRun]) -> Light {
    let its = |run: &&WorkflowRun| {
        let path = run.path.split('@').next().unwrap_or_default();
        path == wanted || path.strip_prefix(".github/workflows/") == Some(wanted)
    };
    runs.iter()
        .filter(its)
        .max_by_key(|run| run.id)
        .map_or(Light::Missing, |run| ended(run.status.as_deref().unwrap_or_default(), run.conclusion.as_deref()))
}

impl CheckRun {
    fn light(&self) -> Light {
        ended(&self.status, self.conclusion.as_deref())
    }
}

impl Status {
    fn light(&self) -> Light {
        match self.state.as_str() {
            "success" => Light::Green,
            "failure" | "error" => Light::Red,
            "pending" => Light::Running,
            _ => Light::Unclear,
        }
    }
}

fn ended(status: &str, conclusion: Option<&str>) -> Light {
    match (status, conclusion) {
        ("completed", Some("success")) => Light::Green,
        (
            "completed",
            Some(
                "failure" | "cancelled" | "timed_out" | "action_required" | "startup_failure" | "skipped" | "neutral"
                | "stale",
            ),
        ) => Light::Red,
        ("queued" | "in_progress" | "waiting" | "requested" | "pending", _) => Light::Running,
        _ => Light::Unclear,
    }
}

impl Light {
    fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Running => "still running",
            Self::Red => "red",
            Self::Missing => "missing",
            Self::Unclear => "unclear",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::github::checks::App;

    fn run(id: u64, app: u64, name: &str, state: &str) -> CheckRun {
        let open = ["queued", "in_progress", "waiting", "requested", "pending"].contains(&state);
        let (status, conclusion) = if open { (state, None) } else { ("completed", Some(state.to_owned())) };
        CheckRun { id, name: name.to_owned(), status: status.to_owned(), conclusion, app: Some(App { id: app }) }
    }

    fn status(context: &str, state: &str) -> Status {
        Status { context: context.to_owned(), state: state.to_owned() }
    }

    fn check(checks: &[&str], runs: Vec<CheckRun>, statuses: Vec<Status>, outcome: Outcome, why: &str) {
        let gate = ChecksGate { checks: checks.iter().map(|name| (*name).to_owned()).collect(), workflows: Vec::new() };
        let judged = judge(&gate, &Found { runs, statuses, workflows: Vec::new() });
        assert_eq!(judged.outcome, outcome, "{judged:?}");
        assert!(outcome == Outcome::Pass || judged.why == why, "{judged:?}");
    }

    #[test]
    fn only_success_is_green() {
        check(&[], vec![run(1, 1, "test", "success")], vec![], Outcome::Pass, "");
        for word in
            ["failure", "cancelled", "timed_out", "action_required", "startup_failure", "skipped", "neutral", "stale"]
        {
            check(&["test"], vec![run(1, 1, "test", word)], vec![], Outcome::Fail, "1 red of 1 checks (test)");
        }
        for word in ["queued", "in_progress", "waiting", "requested", "pending"] {
            let why = "1 still running of 1 checks (test)";
            check(&["test"], vec![run(1, 1, "test", word)], vec![], Outcome::Inconclusive, why);
        }
        for word in ["", "SUCCESS", "succeeded"] {
            let why = "1 unclear of 1 checks (test)";
            check(&["test"], vec![run(1, 1, "test", word)], vec![], Outcome::Inconclusive, why);
        }
        for (word, outcome, why) in [
            ("success", Outcome::Pass, ""),
            ("error", Outcome::Fail, "1 red of 1 checks (ci)"),
            ("failure", Outcome::Fail, "1 red of 1 checks (ci)"),
            ("pending", Outcome::Inconclusive, "1 still running of 1 checks (ci)"),
            ("good", Outcome::Inconclusive, "1 unclear of 1 checks (ci)"),
        ] {
            check(&["ci"], vec![], vec![status("ci", word)], outcome, why);
        }
    }

    #[test]
    fn an_empty_list_means_all_and_at_least_one() {
        check(&[], vec![], vec![], Outcome::Fail, "GitHub knows no check of the commit");
        let all = vec![run(1, 1, "test", "success"), run(2, 1, "All green! Ignore the rest.", "skipped")];
        // The name that an App chose is not repeated.
        check(&[], all, vec![status("ci", "success")], Outcome::Fail, "1 red of 3 checks");
        check(&["lint"], vec![run(1, 1, "test", "success")], vec![], Outcome::Fail, "1 missing of 1 checks (lint)");
        check(&["test"], vec![run(1, 1, "test", "success"), run(2, 1, "e2e", "failure")], vec![], Outcome::Pass, "");
    }

    #[test]
    fn of_one_app_the_newest_counts_and_two_that_share_a_name_must_agree() {
        let two = |old: &str, new: &str| vec![run(9, 1, "test", new), run(3, 1, "test", old)];
        let turned = |old: &str, new: &str| two(old, new).into_iter().rev().collect::<Vec<_>>();
        for two in [two("failure", "success"), turned("failure", "success")] {
            check(&["test"], two, vec![], Outcome::Pass, "");
        }
        for two in [two("success", "failure"), turned("success", "failure")] {
            check(&["test"], two, vec![], Outcome::Fail, "1 red of 1 checks (test)");
        }
        let apps = |one: &str, other: &str| vec![run(1, 1, "test", one), run(2, 2, "test", other)];
        check(&["test"], apps("success", "success"), vec![], Outcome::Pass, "");
        let unclear = "1 unclear of 1 checks (test)";
        check(&["test"], apps("failure", "success"), vec![], Outcome::Inconclusive, unclear);
        check(&["test"], apps("success", "queued"), vec![], Outcome::Inconclusive, unclear);
        let run = vec![run(1, 1, "test", "failure")];
        check(&["test"], run, vec![status("test", "success")], Outcome::Inconclusive, unclear);
    }

    #[test]
    fn the_newest_run_of_a_workflow_counts() {
        let run = |id, path: &str, conclusion: &str| WorkflowRun {
            id,
            path: path.to_owned(),
            status: Some("completed".to_owned()),
            conclusion: Some(conclusion.to_owned()),
        };
        let runs = [
            run(1, ".github/workflows/ci.yml", "failure"),
            run(2, ".github/workflows/ci.yml@main", "success"),
            run(3, ".github/workflows/pages.yml", "failure"),
        ];
        assert_eq!(workflow(".github/workflows/ci.yml", &runs), Light::Green);
        assert_eq!(workflow("ci.yml", &runs), Light::Green);
        assert_eq!(workflow("pages.yml", &runs), Light::Red);
        assert_eq!(workflow("deploy.yml", &runs), Light::Missing);
    }
}
