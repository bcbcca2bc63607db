//! Issues with their comments and labels.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, repository::Repository, shelf::Shelf, site::user, world::World};

/// Characters.
const LONGEST_BODY: usize = 65_536;

#[derive(Debug, Default)]
pub(crate) struct Issues {
    /// Each as the API shows it, in the order of their numbers; pull requests are among them.
    pub(crate) issues: Shelf,
    pub(crate) pulls: Shelf,
    /// Each with the number of its pull request as `pull`.
    pub(crate) reviews: Shelf,
    pub(super) files: Shelf,
    /// The same with the `sha` of each commit.
    pub(super) commits: Shelf,
    /// Each with the number of its issue as `issue`.
    pub(crate) comments: Shelf,
    labels: Shelf,
}

impl Issues {
    /// Issues and pull requests are numbered together.
    pub(super) fn next_number(&self) -> u64 {
        self.issues.all().len() as u64 + 1
    }
}

impl Repository {
    /// Somebody's open issue with these labels; its number.
    pub(crate) fn issue(&mut self, login: &str, title: &str, labels: &[&str]) -> u64 {
        let number = self.issues.next_number();
        self.put_issue(number, login, title, labels);
        number
    }

    /// An issue, as the API shows it.
    pub(crate) fn issue_mut(&mut self, number: u64) -> &mut Value {
        self.issues.issues.find_mut("number", number).unwrap()
    }

    /// Somebody's comment; its id.
    pub(crate) fn comment(&mut self, issue: u64, login: &str, body: &str) -> u64 {
        let (id, at) = (self.site.id(), self.site.stamp());
        let url = self.url(&format!("/issues/comments/{id}"));
        let issue_url = self.url(&format!("/issues/{issue}"));
        let html_url = self.page(&format!("/issues/{issue}#issuecomment-{id}"));
        self.issues.comments.put(json!({
            "id": id, "issue": issue, "user": user(login), "body": body, "created_at": at, "updated_at": at, "url": url,
            "issue_url": issue_url, "html_url": html_url, "author_association": "MEMBER",
        }));
        let count = self.comments(issue).len();
        self.issue_mut(issue)["comments"] = count.into();
        id
    }

    /// The comments of an issue, oldest first.
    pub(crate) fn comments(&self, issue: u64) -> Vec<Arc<Value>> {
        self.issues.comments.select(|it| it["issue"] == issue)
    }

    pub(super) fn put_issue(&mut self, number: u64, login: &str, title: &str, labels: &[&str]) {
        let (id, at) = (self.site.id(), self.site.stamp());
        let labels: Vec<_> = labels.iter().map(|name| self.label(name)).collect();
        let url = self.url(&format!("/issues/{number}"));
        let html_url = self.page(&format!("/issues/{number}"));
        self.issues.issues.put(json!({
            "id": id, "number": number, "title": title, "body": null, "state": "open", "state_reason": null,
            "locked": false,
            "user": user(login), "labels": labels, "comments": 0, "created_at": at, "updated_at": at,
            "closed_at": null, "url": url,
            "html_url": html_url, "repository_url": self.url(""), "author_association": "MEMBER", "assignees": [],
        }));
    }

    /// A label of the repository, which is made if it is not there.
    fn label(&mut self, name: &str) -> Value {
        if let Some(label) = self.issues.labels.find("name", name) {
            return label.as_ref().clone();
        }
        let id = self.site.id();
        let url = self.url(&format!("/labels/{name}"));
        let label =
            json!({ "id": id, "name": name, "color": "ededed", "default": false, "description": null, "url": url });
        self.issues.labels.put(label).clone()
    }

    /// Sets the labels of an issue.
    fn set_labels(&mut self, number: u64, names: &[&str]) {
        let labels: Vec<_> = names.iter().map(|name| self.label(name)).collect();
        self.issue_mut(number)["labels"] = labels.into();
    }
}

pub(super) fn list(repository: &mut Repository, call: &Call) -> Answer {
    let mut found = repository.issues.issues.select(|issue| {
        let in_state = match call.asked("state").unwrap_or("open") {
            "all" => true,
            state => issue["state"] == state,
        };
        let names = label_names(issue);
        let labelled = call.asked("labels").is_none_or(|all| all.split(',').all(|it| names.contains(&it)));
        let changed = call.asked("since").is_none_or(|since| issue["updated_at"].as_str() >= Some(since));
        in_state && labelled && changed && call.wants("creator", &issue["user"]["login"])
    });
    if call.asked("direction") != Some("asc") {
        found.reverse();
    }
    Answer::List(found)
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.issues.issues.find("number", call.number("issue_number")))
}

pub(super) fn create(repository: &mut Repository, call: &Call) -> Answer {
    if let Some(refused) = too_long(call) {
        return refused;
    }
    let title = match &call.body["title"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let number = repository.issue(&call.login, &title, &names_of(&call.body["labels"]));
    let issue = repository.issue_mut(number);
    issue["body"] = call.body["body"].clone();
    Answer::One(201, issue.clone())
}

pub(super) fn update(repository: &mut Repository, call: &Call) -> Answer {
    let number = call.number("issue_number");
    if repository.issues.issues.find("number", number).is_none() {
        return Answer::not_found();
    }
    if let Some(refused) = too_long(call) {
        return refused;
    }
    if call.body.get("labels").is_some() {
        repository.set_labels(number, &names_of(&call.body["labels"]));
    }
    let now = repository.site.stamp();
    let issue = repository.issue_mut(number);
    for field in ["title", "body", "state", "state_reason"] {
        if let Some(value) = call.body.get(field) {
            issue[field] = value.clone();
        }
    }
    issue["closed_at"] = if issue["state"] == "closed" { json!(now) } else { Value::Null };
    issue["updated_at"] = now.into();
    Answer::One(200, issue.clone())
}

pub(super) fn comments(repository: &mut Repository, call: &Call) -> Answer {
    let number = call.number("issue_number");
    if repository.issues.issues.find("number", number).is_none() {
        return Answer::not_found();
    }
    let since = call.asked("since");
    let new = |it: &Arc<Value>| since.is_none_or(|since| it["updated_at"].as_str() >= Some(since));
    Answer::List(repository.comments(number).into_iter().filter(new).collect())
}

pub(super) fn create_comment(repository: &mut Repository, call: &Call) -> Answer {
    let number = call.number("issue_number");
    if repository.issues.issues.find("number", number).is_none() {
        return Answer::not_found();
    }
    if let Some(refused) = too_long(call) {
        return refused;
    }
    let id = repository.comment(number, &call.login, call.body["body"].as_str().unwrap_or_default());
    Answer::One(201, repository.issues.comments.find("id", id).unwrap().as_ref().clone())
}

pub(super) fn comment(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.issues.comments.find("id", call.number("comment_id")))
}

pub(super) fn update_comment(repository: &mut Repository, call: &Call) -> Answer {
    if let Some(refused) = too_long(call) {
        return refused;
    }
    let now = repository.site.stamp();
    let Some(comment) = repository.issues.comments.find_mut("id", call.number("comment_id")) else {
        return Answer::not_found();
    };
    comment["body"] = call.body["body"].clone();
    comment["updated_at"] = now.into();
    Answer::One(200, comment.clone())
}

pub(super) fn labels(repository: &mut Repository, call: &Call) -> Answer {
    match repository.issues.issues.find("number", call.number("issue_number")) {
        Some(issue) => Answer::List(issue["labels"].as_array().unwrap().iter().cloned().map(Arc::new).collect()),
        None => Answer::not_found(),
    }
}

pub(super) fn add_labels(repository: &mut Repository, call: &Call) -> Answer {
    let given = names_of(call.body.get("labels").unwrap_or(&call.body));
    change_labels(repository, call, |names| given.iter().chain(names).map(ToString::to_string).collect())
}

pub(super) fn remove_label(repository: &mut Repository, call: &Call) -> Answer {
    let name = call.part("name");
    match repository.issues.issues.find("number", call.number("issue_number")) {
        Some(issue) if !label_names(issue).contains(&name) => Answer::Refused(404, "Label does not exist".to_owned()),
        _ => change_labels(repository, call, |names| {
            names.iter().filter(|it| **it != name).map(ToString::to_string).collect()
        }),
    }
}

fn change_labels(
    repository: &mut Repository,
    call: &Call,
    changed: impl FnOnce(&[&str]) -> BTreeSet<String>,
) -> Answer {
    let number = call.number("issue_number");
    let Some(issue) = repository.issues.issues.find("number", number) else { return Answer::not_found() };
    let names = changed(&label_names(issue));
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    repository.set_labels(number, &names);
    Answer::One(200, repository.issue_mut(number)["labels"].clone())
}

pub(super) fn known_labels(repository: &mut Repository, _: &Call) -> Answer {
    Answer::List(repository.issues.labels.all().to_vec())
}

pub(super) fn create_label(repository: &mut Repository, call: &Call) -> Answer {
    let name = call.body["name"].as_str().unwrap_or_default();
    if repository.issues.labels.find("name", name).is_some() {
        return Answer::invalid("already_exists");
    }
    Answer::One(201, repository.label(name))
}

/// Understands `repo:`, `is:`, `state:`, `label:` and `in:`; other words must be in the title or the body.
pub(super) fn search(world: &mut World, call: &Call) -> Answer {
    let words: Vec<_> = call.asked("q").unwrap_or_default().split_whitespace().collect();
    let issues = world.repositories().iter().flat_map(|repository| {
        let words = words.clone();
        repository.issues.issues.select(move |issue| words.iter().all(|word| fits(repository, issue, word)))
    });
    let found = issues.map(|issue| {
        let mut issue = issue.as_ref().clone();
        issue["score"] = json!(1.0);
        issue["body"] = json!(issue["body"].as_str().unwrap_or_default());
        Arc::new(issue)
    });
    Answer::Listed("items", found.collect(), json!({ "incomplete_results": false }))
}

fn fits(repository: &Repository, issue: &Value, word: &str) -> bool {
    let text = |field: &str| issue[field].as_str().unwrap_or_default();
    match word.split_once(':') {
        Some(("repo", name)) => repository.full_name() == name,
        Some(("is", "issue")) => issue.get("pull_request").is_none(),
        Some(("is", "pr")) => issue.get("pull_request").is_some(),
        Some(("is" | "state", state)) => issue["state"] == state,
        Some(("label", name)) => label_names(issue).contains(&name.trim_matches('"')),
        Some(("in", _)) => true,
        _ => [text("title"), text("body")].iter().any(|it| it.contains(word.trim_matches('"'))),
    }
}

/// The refusal of a text that is longer than GitHub keeps.
fn too_long(call: &Call) -> Option<Answer> {
    let length = call.body["body"].as_str().map_or(0, |text| text.chars().count());
    (length > LONGEST_BODY).then(|| Answer::invalid("body is too long (maximum is 65536 characters)"))
}

fn label_names(issue: &Value) -> Vec<&str> {
    issue["labels"].as_array().into_iter().flatten().filter_map(|label| label["name"].as_str()).collect()
}

/// Labels as they may be written: names, or objects with names.
fn names_of(labels: &Value) -> Vec<&str> {
    let all = labels.as_array().into_iter().flatten();
    all.filter_map(|label| label.as_str().or_else(|| label["name"].as_str())).collect()
}
