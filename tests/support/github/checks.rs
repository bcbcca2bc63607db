//! What was found about a commit: check runs, which Apps write, and statuses, which anybody may.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, repository::Repository, shelf::Shelf, site::user};

/// The App that runs workflows.
const ACTIONS: (&str, u64) = ("github-actions", 15_368);

#[derive(Debug, Default)]
pub(crate) struct Checks {
    /// Each as the API shows it, oldest first.
    pub(crate) runs: Shelf,
    /// The same; the newest of a context counts.
    pub(crate) statuses: Shelf,
}

impl Repository {
    /// A check run of a commit, as `success`, `failure`, `skipped`: its conclusion, or its status if it is not over:
    /// `queued`,
    /// `in_progress`, `waiting`, `requested`, `pending`. A further one of the same name is the latest.
    pub(crate) fn check_run(&mut self, sha: &str, name: &str, state: &str) -> &mut Value {
        let (id, at) = (self.site.id(), self.site.stamp());
        let runs = ["queued", "in_progress", "waiting", "requested", "pending"].contains(&state);
        let (status, conclusion, end) =
            if runs { (state, Value::Null, Value::Null) } else { ("completed", json!(state), json!(at)) };
        let (app, app_id) = ACTIONS;
        let url = self.url(&format!("/check-runs/{id}"));
        self.checks.runs.put(json!({
            "id": id, "name": name, "head_sha": sha, "status": status, "conclusion": conclusion, "url": url,
            "started_at": at, "completed_at": end, "check_suite": { "id": 1 }, "pull_requests": [],
            "app": { "id": app_id, "slug": app, "name": "GitHub Actions", "owner": user("github") },
            "output": { "title": null, "summary": null, "text": null, "annotations_count": 0, "annotations_url": url },
        }))
    }

    /// A status of a commit: `error`, `failure`, `pending` or `success`. A further one of the same context is the
    /// latest.
    pub(crate) fn status(&mut self, sha: &str, context: &str, state: &str) -> &mut Value {
        let (id, at) = (self.site.id(), self.site.stamp());
        let url = self.url(&format!("/statuses/{sha}"));
        self.checks.statuses.put(json!({
            "id": id, "context": context, "state": state, "url": url, "creator": user("ci-bot"), "head_sha": sha,
            "created_at": at, "updated_at": at, "description": null, "target_url": null,
        }))
    }

    /// The newest of each name for a commit, in the order of the names.
    fn latest(shelf: &Shelf, name: &str, sha: &str) -> Vec<Arc<Value>> {
        let of_commit = shelf.all().iter().filter(|it| it["head_sha"] == sha);
        let by_name: BTreeMap<_, _> = of_commit.map(|it| (it[name].to_string(), it.clone())).collect();
        by_name.into_values().collect()
    }

    /// Whether something that was found about a commit is not green.
    pub(super) fn not_green(&self, sha: &str) -> bool {
        let red_run = |run: &Arc<Value>| !["success", "neutral", "skipped"].iter().any(|it| run["conclusion"] == *it);
        Self::latest(&self.checks.runs, "name", sha).iter().any(red_run)
            || Self::latest(&self.checks.statuses, "context", sha).iter().any(|status| status["state"] != "success")
    }
}

pub(super) fn runs(repository: &mut Repository, call: &Call) -> Answer {
    let Some(sha) = repository.resolve(call.part("ref")) else { return no_commit(call) };
    let mut runs = match call.asked("filter") {
        Some("all") => repository.checks.runs.select(|run| run["head_sha"] == sha.as_str()),
        _ => Repository::latest(&repository.checks.runs, "name", &sha),
    };
    runs.retain(|run| {
        let of_app = call.asked("app_id").is_none_or(|id| id.parse::<u64>().is_ok_and(|id| run["app"]["id"] == id));
        of_app && call.wants("check_name", &run["name"]) && call.wants("status", &run["status"])
    });
    Answer::listed("check_runs", runs)
}

/// One suite, which holds every run of the commit.
pub(super) fn suites(repository: &mut Repository, call: &Call) -> Answer {
    let Some(sha) = repository.resolve(call.part("ref")) else { return no_commit(call) };
    let runs = Repository::latest(&repository.checks.runs, "name", &sha);
    let open = runs.iter().find(|run| run["status"] != "completed");
    let red = runs.iter().find(|run| run["conclusion"] == "failure");
    let suite = runs.first().map(|first| {
        let conclusion = if open.is_some() { Value::Null } else { red.unwrap_or(first)["conclusion"].clone() };
        Arc::new(json!({
            "id": 1, "head_sha": sha, "head_branch": repository.default_branch(), "app": first["app"],
            "status": open.map_or("completed", |run| run["status"].as_str().unwrap()), "conclusion": conclusion,
            "latest_check_runs_count": runs.len(), "pull_requests": [], "repository": repository.brief(),
            "head_commit": { "id": sha }, "created_at": first["started_at"], "updated_at": first["started_at"],
        }))
    });
    Answer::listed("check_suites", suite.into_iter().collect())
}

pub(super) fn statuses(repository: &mut Repository, call: &Call) -> Answer {
    let Some(sha) = repository.resolve(call.part("ref")) else { return no_commit(call) };
    let mut statuses = repository.checks.statuses.select(|status| status["head_sha"] == sha.as_str());
    statuses.reverse();
    Answer::List(statuses)
}

pub(super) fn combined_status(repository: &mut Repository, call: &Call) -> Answer {
    let Some(sha) = repository.resolve(call.part("ref")) else { return no_commit(call) };
    let statuses = Repository::latest(&repository.checks.statuses, "context", &sha);
    let any = |states: &[&str]| statuses.iter().any(|status| states.iter().any(|state| status["state"] == *state));
    let state = if any(&["failure", "error"]) {
        "failure"
    } else if statuses.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    };
    let url = repository.url(&format!("/commits/{sha}"));
    let more = json!({
        "state": state, "sha": sha, "repository": repository.brief(), "commit_url": url, "url": format!("{url}/status"),
    });
    Answer::Listed("statuses", statuses, more)
}

fn no_commit(call: &Call) -> Answer {
    Answer::Refused(422, format!("No commit found for SHA: {}", call.part("ref")))
}
