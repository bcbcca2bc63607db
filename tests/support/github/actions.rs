//! Workflows, their runs, and the artifacts that runs leave.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    repository::Repository,
    shelf::Shelf,
    site::{hex, user},
};

#[derive(Debug, Default)]
pub(crate) struct Actions {
    /// Each as the API shows it, oldest first.
    pub(crate) workflows: Shelf,
    pub(crate) runs: Shelf,
    pub(crate) jobs: Shelf,
    pub(crate) artifacts: Shelf,
    /// Reviews of environments, each with the `run_id` it belongs to.
    approvals: Shelf,
    /// Environments that wait for a review, each with the `run_id`.
    pending: Shelf,
}

impl Repository {
    /// A workflow that is defined in this file below `.github/workflows/`; its id.
    pub(crate) fn workflow(&mut self, name: &str, file: &str) -> u64 {
        let (id, at) = (self.site.id(), self.site.stamp());
        let url = self.url(&format!("/actions/workflows/{id}"));
        self.actions.workflows.put(json!({
            "id": id, "name": name, "path": format!(".github/workflows/{file}"), "state": "active", "created_at": at,
            "updated_at": at, "url": url,
        }));
        id
    }

    /// A run of a workflow for a commit: its conclusion, or its status if it is not over; its id.
    pub(crate) fn run(&mut self, workflow: u64, sha: &str, state: &str) -> u64 {
        let (id, at) = (self.site.id(), self.site.stamp());
        let runs = ["queued", "in_progress", "waiting", "requested", "pending"].contains(&state);
        let (status, conclusion) = if runs { (state, Value::Null) } else { ("completed", json!(state)) };
        let its = self.actions.workflows.find("id", workflow).unwrap();
        let (name, path) = (its["name"].clone(), its["path"].clone());
        let branch = self.default_branch().to_owned();
        let (url, brief) = (self.url(&format!("/actions/runs/{id}")), self.brief());
        let number = self.actions.runs.all().len() + 1;
        self.actions.runs.put(json!({
            "id": id, "name": name, "path": path, "workflow_id": workflow, "run_number": number, "run_attempt": 1,
            "event": "push",
            "status": status, "conclusion": conclusion, "head_sha": sha, "head_branch": branch,
            "display_title": "A change",
            "created_at": at, "updated_at": at, "run_started_at": at, "actor": user("ada"),
            "triggering_actor": user("ada"),
            "repository": brief, "head_repository": brief, "pull_requests": [], "url": url,
            "artifacts_url": format!("{url}/artifacts"),
        }));
        id
    }

    /// A job of a run.
    pub(crate) fn job(&mut self, run: u64, name: &str, conclusion: &str) -> &mut Value {
        let (id, at) = (self.site.id(), self.site.stamp());
        let sha = self.actions.runs.find("id", run).unwrap()["head_sha"].clone();
        self.actions.jobs.put(json!({
            "id": id, "run_id": run, "name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion,
            "created_at": at, "started_at": at, "completed_at": at,
        }))
    }

    /// What a run left, as a zip archive's bytes; its id.
    pub(crate) fn artifact(&mut self, run: u64, name: &str, archive: &[u8]) -> u64 {
        let (id, at) = (self.site.id(), self.site.stamp());
        let its = self.actions.runs.find("id", run).unwrap();
        let run = json!({
            "id": run, "repository_id": self.id, "head_repository_id": self.id, "head_branch": its["head_branch"],
            "head_sha": its["head_sha"],
        });
        let url = self.url(&format!("/actions/artifacts/{id}"));
        self.stored.insert(id, archive.to_owned());
        self.actions.artifacts.put(json!({
            "id": id, "name": name, "size_in_bytes": archive.len(), "digest": format!("sha256:{}", hex(archive)),
            "expired": false,
            "url": url, "archive_download_url": format!("{url}/zip"), "created_at": at, "updated_at": at,
            "expires_at": null,
            "workflow_run": run,
        }));
        id
    }

    /// Somebody's review of an environment for a run: `approved` or `rejected`.
    pub(crate) fn approve_run(&mut self, run: u64, environment: &str, login: &str, state: &str, comment: &str) {
        self.actions.approvals.put(json!({
            "run_id": run, "state": state, "comment": comment, "user": user(login),
            "environments": [{ "name": environment }],
        }));
    }

    /// Lets a run wait for the review of an environment.
    pub(crate) fn pend_run(&mut self, run: u64, environment: &str, reviewers: &[&str]) {
        let reviewers: Vec<_> =
            reviewers.iter().map(|login| json!({ "type": "User", "reviewer": user(login) })).collect();
        self.actions.pending.put(json!({
            "run_id": run, "environment": { "name": environment }, "wait_timer": 0, "wait_timer_started_at": null,
            "reviewers": reviewers,
        }));
    }
}

pub(super) fn workflows(repository: &mut Repository, _: &Call) -> Answer {
    Answer::listed("workflows", repository.actions.workflows.all().to_vec())
}

pub(super) fn workflow(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(find_workflow(repository, call).and_then(|id| repository.actions.workflows.find("id", id)))
}

pub(super) fn dispatch(repository: &mut Repository, call: &Call) -> Answer {
    let Some(workflow) = find_workflow(repository, call) else { return Answer::not_found() };
    let name = call.body["ref"].as_str().unwrap_or_default();
    let Some(sha) = repository.resolve(name) else { return Answer::Refused(422, format!("No ref found for: {name}")) };
    let run = repository.run(workflow, &sha, "queued");
    repository.actions.runs.find_mut("id", run).unwrap()["event"] = "workflow_dispatch".into();
    Answer::Done
}

pub(super) fn runs(repository: &mut Repository, call: &Call) -> Answer {
    list_runs(repository, call, |_| true)
}

pub(super) fn runs_of_workflow(repository: &mut Repository, call: &Call) -> Answer {
    match find_workflow(repository, call) {
        Some(id) => list_runs(repository, call, |run| run["workflow_id"] == id),
        None => Answer::not_found(),
    }
}

pub(super) fn run(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.actions.runs.find("id", call.number("run_id")))
}

pub(super) fn jobs(repository: &mut Repository, call: &Call) -> Answer {
    Answer::listed("jobs", of_run(&repository.actions.jobs, call))
}

pub(super) fn approvals(repository: &mut Repository, call: &Call) -> Answer {
    Answer::One(200, json!(of_run(&repository.actions.approvals, call)))
}

pub(super) fn pending_deployments(repository: &mut Repository, call: &Call) -> Answer {
    let mut waiting = of_run(&repository.actions.pending, call);
    for it in &mut waiting {
        let may = it["reviewers"].as_array().unwrap().iter().any(|one| one["reviewer"]["login"] == call.login.as_str());
        Arc::make_mut(it)["current_user_can_approve"] = may.into();
    }
    Answer::One(200, json!(waiting))
}

pub(super) fn artifacts(repository: &mut Repository, call: &Call) -> Answer {
    let mut found = repository.actions.artifacts.select(|it| call.wants("name", &it["name"]));
    found.reverse();
    Answer::listed("artifacts", found)
}

pub(super) fn artifacts_of_run(repository: &mut Repository, call: &Call) -> Answer {
    let run = call.number("run_id");
    let mine = |it: &Value| it["workflow_run"]["id"] == run && call.wants("name", &it["name"]);
    Answer::listed("artifacts", repository.actions.artifacts.select(mine))
}

pub(super) fn artifact(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.actions.artifacts.find("id", call.number("artifact_id")))
}

pub(super) fn download(repository: &mut Repository, call: &Call) -> Answer {
    match repository.actions.artifacts.find("id", call.number("artifact_id")) {
        _ if call.part("archive_format") != "zip" => Answer::not_found(),
        None => Answer::not_found(),
        Some(it) if it["expired"] == true => Answer::Refused(410, "Artifact has expired".to_owned()),
        Some(it) => Answer::Elsewhere(format!("{}/{}/{}", repository.site.storage, repository.id, it["id"])),
    }
}

/// A workflow by its id or the name of its file.
fn find_workflow(repository: &Repository, call: &Call) -> Option<u64> {
    let path = format!(".github/workflows/{}", call.part("workflow_id"));
    let workflows = &repository.actions.workflows;
    workflows.find("path", path).or_else(|| workflows.find("id", call.number("workflow_id")))?["id"].as_u64()
}

fn list_runs(repository: &Repository, call: &Call, mine: impl Fn(&Value) -> bool) -> Answer {
    let mut found = repository.actions.runs.select(|run| {
        let in_state = call.wants("status", &run["status"]) || call.wants("status", &run["conclusion"]);
        let right_place = call.wants("branch", &run["head_branch"]) && call.wants("head_sha", &run["head_sha"]);
        mine(run)
            && in_state
            && right_place
            && call.wants("event", &run["event"])
            && call.wants("actor", &run["actor"]["login"])
    });
    found.reverse();
    Answer::listed("workflow_runs", found)
}

fn of_run(shelf: &Shelf, call: &Call) -> Vec<Arc<Value>> {
    let run = call.number("run_id");
    shelf.select(|it| it["run_id"] == run)
}
