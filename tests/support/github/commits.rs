//! Commits and how they follow each other.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    refs::Target,
    repository::Repository,
    site::{sha_of, unsigned, user},
};

/// Whose commits are that are made without an author.
pub(super) const AUTHOR: &str = "ada";

impl Repository {
    /// Adds a commit to a branch, which is made if it is not there; its object name.
    pub(crate) fn commit(&mut self, branch: &str, message: &str) -> String {
        self.commit_by(AUTHOR, branch, message)
    }

    /// The same by somebody.
    pub(crate) fn commit_by(&mut self, login: &str, branch: &str, message: &str) -> String {
        let reference = format!("heads/{branch}");
        let default = format!("heads/{}", self.default_branch());
        let parent = self.refs.names.get(&reference).or_else(|| self.refs.names.get(&default)).map(|it| it.sha.clone());
        let sha = self.site.sha();
        self.put_commit(&sha, login, message, parent.as_slice());
        self.refs.names.insert(reference, Target::commit(&sha));
        sha
    }

    /// Adds a commit of a real repository, by its own object name, and sets a branch to it.
    pub(crate) fn known_commit(&mut self, branch: &str, sha: &str, tree: &str) -> &mut Value {
        let reference = format!("heads/{branch}");
        let parent = self.refs.names.get(&reference).map(|it| it.sha.clone());
        self.refs.names.insert(reference, Target::commit(sha));
        let commit = self.put_commit(sha, AUTHOR, "Known from elsewhere", parent.as_slice());
        commit["commit"]["tree"]["sha"] = tree.into();
        commit
    }

    /// What a commit is, as the API shows it.
    pub(crate) fn commit_mut(&mut self, sha: &str) -> &mut Value {
        self.commits.find_mut("sha", sha).unwrap()
    }

    fn put_commit(&mut self, sha: &str, login: &str, message: &str, parents: &[String]) -> &mut Value {
        let at = self.site.stamp();
        let who = json!({ "name": login, "email": format!("{login}@example.org"), "date": at });
        let tree = sha_of(format!("tree of {sha}").as_bytes());
        let parents: Vec<_> =
            parents.iter().map(|sha| json!({ "sha": sha, "url": self.url(&format!("/commits/{sha}")) })).collect();
        let url = self.url(&format!("/commits/{sha}"));
        self.commits.replace(
            "sha",
            json!({
                "sha": sha, "url": url, "html_url": self.page(&format!("/commit/{sha}")),
                "commit": {
                    "message": message, "author": who, "committer": who, "tree": { "sha": tree }, "comment_count": 0,
                    "verification": unsigned(),
                },
                "author": user(login), "committer": user(login), "parents": parents,
            }),
        )
    }

    /// The commit that a name means: an object name, a branch, a tag, or a reference with `heads/` or `tags/`.
    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        if let Some(commit) = self.commits.find("sha", name) {
            return commit["sha"].as_str().map(str::to_owned);
        }
        let name = name.strip_prefix("refs/").unwrap_or(name);
        let names = [name.to_owned(), format!("heads/{name}"), format!("tags/{name}")];
        let target = names.iter().find_map(|name| self.refs.names.get(name))?;
        Some(self.refs.peel(target))
    }

    /// A commit with all that came before it.
    fn history(&self, sha: &str) -> Vec<Arc<Value>> {
        let mut wanted = BTreeSet::from([sha.to_owned()]);
        let newest_first = self.commits.all().iter().rev();
        let known = newest_first.filter(|commit| {
            let known = wanted.contains(commit["sha"].as_str().unwrap());
            if known {
                let parents = commit["parents"].as_array().unwrap().iter();
                wanted.extend(parents.map(|it| it["sha"].as_str().unwrap().to_owned()));
            }
            known
        });
        known.cloned().collect()
    }
}

pub(super) fn list(repository: &mut Repository, call: &Call) -> Answer {
    let from = call.asked("sha").unwrap_or(repository.default_branch());
    repository.resolve(from).map_or_else(Answer::not_found, |sha| Answer::List(repository.history(&sha)))
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    match repository.resolve(call.part("ref")) {
        Some(sha) => Answer::found(repository.commits.find("sha", sha)),
        None => Answer::Refused(422, format!("No commit found for SHA: {}", call.part("ref"))),
    }
}

pub(super) fn git_commit(repository: &mut Repository, call: &Call) -> Answer {
    let Some(commit) = repository.commits.find("sha", call.part("commit_sha")) else { return Answer::not_found() };
    let mut answer = commit["commit"].clone();
    for field in ["sha", "parents", "html_url"] {
        answer[field] = commit[field].clone();
    }
    Answer::One(200, answer)
}

pub(super) fn compare(repository: &mut Repository, call: &Call) -> Answer {
    let ends = call.part("basehead").split_once("...");
    let Some((base, head)) = ends.and_then(|(base, head)| Some((repository.resolve(base)?, repository.resolve(head)?)))
    else {
        return Answer::not_found();
    };
    let (before, after) = (repository.history(&base), repository.history(&head));
    let without = |all: &[Arc<Value>], other: &[Arc<Value>]| -> Vec<_> {
        all.iter().rev().filter(|commit| !other.contains(commit)).cloned().collect()
    };
    let (ahead, behind) = (without(&after, &before), without(&before, &after).len());
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let meeting = before.iter().find(|commit| after.contains(commit));
    Answer::One(
        200,
        json!({
            "status": status, "ahead_by": ahead.len(), "behind_by": behind, "total_commits": ahead.len(),
            "base_commit": repository.commits.find("sha", base), "merge_base_commit": meeting, "commits": ahead,
            "files": [],
        }),
    )
}
