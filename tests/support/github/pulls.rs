//! Pull requests with their reviews. An issue of the same number stands beside each.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, repository::Repository, site::user};

impl Repository {
    /// Somebody's open pull request with a head commit that is there; its number.
    pub(crate) fn pull(&mut self, login: &str, title: &str, head: &str) -> u64 {
        let number = self.issues.next_number();
        let (id, at, brief) = (self.site.id(), self.site.stamp(), self.brief());
        let base_sha = self.resolve(self.default_branch()).unwrap_or_default();
        let owner = brief["owner"]["login"].as_str().unwrap();
        let end = |name: &str, sha: &str| {
            let label = format!("{owner}:{name}");
            json!({ "label": label, "ref": name, "sha": sha, "repo": brief, "user": brief["owner"] })
        };
        let url = self.url(&format!("/pulls/{number}"));
        let html_url = self.page(&format!("/pull/{number}"));
        let link = |href: &str| json!({ "href": href });
        let links = json!({
            "self": link(&url), "html": link(&html_url), "issue": link(&url), "comments": link(&url),
            "commits": link(&url), "review_comment": link(&url), "review_comments": link(&url), "statuses": link(&url),
        });
        let pull = json!({
            "id": id, "number": number, "title": title, "body": null, "state": "open", "locked": false, "draft": false,
            "user": user(login), "head": end("change", head), "base": end(self.default_branch(), &base_sha), "url": url,
            "html_url": html_url, "created_at": at, "updated_at": at, "closed_at": null, "merged_at": null,
            "merge_commit_sha": null,
            "merged": false, "mergeable": true, "mergeable_state": "clean", "commits": 1, "labels": [], "_links": links,
            "author_association": "MEMBER", "requested_reviewers": [], "requested_teams": [],
        });
        self.issues.pulls.put(pull);
        self.put_issue(number, login, title, &[]);
        let issue = self.issues.issues.find_mut("number", number).unwrap();
        issue["pull_request"] =
            json!({ "url": url, "html_url": html_url, "diff_url": html_url, "patch_url": html_url });
        number
    }

    /// A pull request that somebody merged as this commit, which is there.
    pub(crate) fn merged_pull(&mut self, login: &str, title: &str, merge_commit: &str, merged_by: &str) -> u64 {
        let number = self.pull(login, title, merge_commit);
        let at = self.site.stamp();
        let pull = self.pull_mut(number);
        pull["state"] = "closed".into();
        pull["merged"] = true.into();
        pull["merge_commit_sha"] = merge_commit.into();
        pull["closed_at"] = at.clone().into();
        pull["merged_at"] = at.into();
        pull["merged_by"] = user(merged_by);
        self.issues.issues.find_mut("number", number).unwrap()["state"] = "closed".into();
        number
    }

    /// A pull request, as the API shows it.
    pub(crate) fn pull_mut(&mut self, number: u64) -> &mut Value {
        self.issues.pulls.find_mut("number", number).unwrap()
    }

    /// Somebody's review of the head of a pull request: `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`,
    /// `PENDING`.
    pub(crate) fn review(&mut self, number: u64, login: &str, state: &str) -> &mut Value {
        let (id, at) = (self.site.id(), self.site.stamp());
        let pull = self.issues.pulls.find("number", number).unwrap();
        let url = pull["url"].clone();
        let review = json!({
            "id": id, "pull": number, "user": user(login), "state": state, "body": "", "commit_id": pull["head"]["sha"],
            "submitted_at": at, "author_association": "MEMBER", "pull_request_url": url,
            "_links": { "html": { "href": pull["html_url"] }, "pull_request": { "href": url } },
        });
        self.issues.reviews.put(review)
    }

    /// Says which commits a pull request brings, oldest first; otherwise its head alone.
    pub(crate) fn pull_commits(&mut self, number: u64, shas: &[&str]) {
        for sha in shas {
            self.issues.commits.put(json!({ "pull": number, "sha": sha }));
        }
        self.pull_mut(number)["commits"] = shas.len().into();
    }

    /// Says which files a pull request changes.
    pub(crate) fn pull_files(&mut self, number: u64, paths: &[&str]) {
        for path in paths {
            self.issues.files.put(json!({
                "pull": number, "filename": path, "status": "modified", "additions": 1, "deletions": 1, "changes": 2,
                "sha": null,
            }));
        }
        self.pull_mut(number)["changed_files"] = paths.len().into();
    }
}

pub(super) fn list(repository: &mut Repository, call: &Call) -> Answer {
    let mut pulls = repository.issues.pulls.select(|pull| {
        let in_state = match call.asked("state").unwrap_or("open") {
            "all" => true,
            state => pull["state"] == state,
        };
        in_state && call.wants("base", &pull["base"]["ref"]) && call.wants("head", &pull["head"]["label"])
    });
    if call.asked("direction") != Some("asc") {
        pulls.reverse();
    }
    Answer::List(pulls)
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.issues.pulls.find("number", call.number("pull_number")))
}

/// Pull requests that brought a commit, as its merge or its head.
pub(super) fn with_commit(repository: &mut Repository, call: &Call) -> Answer {
    let sha = call.part("commit_sha");
    Answer::List(repository.issues.pulls.select(|pull| pull["merge_commit_sha"] == sha || pull["head"]["sha"] == sha))
}

pub(super) fn commits(repository: &mut Repository, call: &Call) -> Answer {
    let Some(pull) = repository.issues.pulls.find("number", call.number("pull_number")) else {
        return Answer::not_found();
    };
    let mut shas: Vec<_> = of_pull(repository.issues.commits.all(), call).iter().map(|it| it["sha"].clone()).collect();
    if shas.is_empty() {
        shas.push(pull["head"]["sha"].clone());
    }
    Answer::List(shas.into_iter().filter_map(|sha| repository.commits.find("sha", sha)).cloned().collect())
}

pub(super) fn files(repository: &mut Repository, call: &Call) -> Answer {
    Answer::List(of_pull(repository.issues.files.all(), call))
}

/// Oldest first.
pub(super) fn reviews(repository: &mut Repository, call: &Call) -> Answer {
    match repository.issues.pulls.find("number", call.number("pull_number")) {
        Some(_) => Answer::List(of_pull(repository.issues.reviews.all(), call)),
        None => Answer::not_found(),
    }
}

fn of_pull(all: &[Arc<Value>], call: &Call) -> Vec<Arc<Value>> {
    let number = call.number("pull_number");
    all.iter().filter(|it| it["pull"] == number).cloned().collect()
}
