//! Branches and tags.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, commits::AUTHOR, repository::Repository, shelf::Shelf, site::unsigned};

/// What names point at objects.
#[derive(Debug, Default)]
pub(super) struct Refs {
    /// By name without `refs/`: `heads/main`, `tags/v1.0.0`.
    pub(super) names: BTreeMap<String, Target>,
    tag_objects: Shelf,
    /// What becomes of the messages of new tags, when they are not kept as they are.
    rewrite: Option<fn(&str) -> String>,
    /// How branches are protected, by name.
    protections: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) sha: String,
    kind: &'static str,
}

impl Target {
    pub(super) fn commit(sha: &str) -> Self {
        Self { sha: sha.to_owned(), kind: "commit" }
    }

    fn object(&self, repository: &Repository) -> Value {
        let Self { sha, kind } = self;
        json!({ "type": kind, "sha": sha, "url": repository.url(&format!("/git/{kind}s/{sha}")) })
    }
}

impl Refs {
    /// The commit that is reached in the end.
    pub(super) fn peel(&self, target: &Target) -> String {
        match self.tag_objects.find("sha", target.sha.as_str()) {
            Some(tag) => tag["object"]["sha"].as_str().unwrap().to_owned(),
            None => target.sha.clone(),
        }
    }

    /// What an object is, if there is one of that name.
    fn kind(&self, commits: &Shelf, sha: &str) -> Option<Target> {
        let tag = self.tag_objects.find("sha", sha).map(|_| "tag");
        let kind = tag.or_else(|| commits.find("sha", sha).map(|_| "commit"))?;
        Some(Target { sha: sha.to_owned(), kind })
    }
}

impl Repository {
    /// Sets a branch to a commit, whether it is there or not.
    pub(crate) fn branch(&mut self, name: &str, sha: &str) {
        self.refs.names.insert(format!("heads/{name}"), Target::commit(sha));
    }

    /// Sets a lightweight tag, or moves it.
    pub(crate) fn tag(&mut self, name: &str, sha: &str) {
        self.refs.names.insert(format!("tags/{name}"), Target::commit(sha));
    }

    /// Sets an annotated tag, or moves it; the name of the tag's object.
    pub(crate) fn annotated_tag(&mut self, name: &str, sha: &str) -> String {
        let object = self.site.sha();
        let tagger = json!({ "name": AUTHOR, "email": format!("{AUTHOR}@example.org"), "date": self.site.stamp() });
        self.put_tag_object(&object, name, "A release", Target::commit(sha), tagger);
        self.refs.names.insert(format!("tags/{name}"), Target { sha: object.clone(), kind: "tag" });
        object
    }

    /// The object of an annotated tag, as the API shows it.
    pub(crate) fn tag_object_mut(&mut self, object: &str) -> &mut Value {
        self.refs.tag_objects.find_mut("sha", object).unwrap()
    }

    /// Lets the messages of new tags not be kept as they are.
    pub(crate) fn rewrite_tag_messages(&mut self, rewrite: fn(&str) -> String) {
        self.refs.rewrite = Some(rewrite);
    }

    /// Removes a tag; whether it was there.
    pub(crate) fn delete_tag(&mut self, name: &str) -> bool {
        self.refs.names.remove(&format!("tags/{name}")).is_some()
    }

    /// The object that a tag points at: a commit's, or an annotated tag's own.
    pub(crate) fn tag_target(&self, name: &str) -> Option<&str> {
        self.refs.names.get(&format!("tags/{name}")).map(|it| it.sha.as_str())
    }

    /// Protects a branch; what the API shows of it, with these checks and this many approvals.
    pub(crate) fn protect_branch(&mut self, name: &str, checks: &[&str], approvals: u64) -> &mut Value {
        let contexts: Vec<_> = checks.iter().map(|name| json!({ "context": name, "app_id": null })).collect();
        let url = self.url(&format!("/branches/{name}/protection"));
        let protection = json!({
            "url": url,
            "required_status_checks": { "strict": true, "contexts": checks, "checks": contexts },
            "required_pull_request_reviews": {
                "dismiss_stale_reviews": true, "require_code_owner_reviews": false,
                "required_approving_review_count": approvals,
            },
            "enforce_admins": { "enabled": true, "url": format!("{url}/enforce_admins") },
        });
        self.refs.protections.insert(name.to_owned(), protection);
        self.refs.protections.get_mut(name).unwrap()
    }

    fn put_tag_object(&mut self, sha: &str, name: &str, message: &str, object: Target, tagger: Value) -> &mut Value {
        let object = object.object(self);
        let url = self.url(&format!("/git/tags/{sha}"));
        self.refs.tag_objects.replace(
            "sha",
            json!({
                "sha": sha, "tag": name, "message": message, "tagger": tagger, "object": object, "url": url,
                "verification": unsigned(),
            }),
        )
    }

    fn reference(&self, name: &str, target: &Target) -> Value {
        let url = self.url(&format!("/git/refs/{name}"));
        json!({ "ref": format!("refs/{name}"), "object": target.object(self), "url": url })
    }

    fn brief_branch(&self, name: &str, sha: &str) -> Value {
        json!({
            "name": name, "commit": { "sha": sha, "url": self.url(&format!("/commits/{sha}")) },
            "protected": self.refs.protections.contains_key(name),
        })
    }
}

pub(super) fn branches(repository: &mut Repository, call: &Call) -> Answer {
    let all = repository.refs.names.iter().filter_map(|(name, target)| Some((name.strip_prefix("heads/")?, target)));
    let all = all.map(|(name, target)| Arc::new(repository.brief_branch(name, &target.sha)));
    let wanted = |branch: &Arc<Value>| call.asked("protected").is_none_or(|it| branch["protected"] == (it == "true"));
    Answer::List(all.filter(wanted).collect())
}

pub(super) fn branch(repository: &mut Repository, call: &Call) -> Answer {
    let name = call.part("branch");
    let Some(target) = repository.refs.names.get(&format!("heads/{name}")) else {
        return Answer::Refused(404, "Branch not found".to_owned());
    };
    let mut answer = repository.brief_branch(name, &target.sha);
    answer["commit"] =
        repository.commits.find("sha", target.sha.as_str()).map_or(Value::Null, |it| it.as_ref().clone());
    answer["protection"] = json!({ "enabled": answer["protected"] });
    Answer::One(200, answer)
}

pub(super) fn protection(repository: &mut Repository, call: &Call) -> Answer {
    match repository.refs.protections.get(call.part("branch")) {
        Some(protection) => Answer::One(200, protection.clone()),
        None => Answer::Refused(404, "Branch not protected".to_owned()),
    }
}

pub(super) fn tags(repository: &mut Repository, _: &Call) -> Answer {
    let newest_first = repository.refs.names.iter().rev();
    let tags = newest_first.filter_map(|(name, target)| {
        let (name, sha) = (name.strip_prefix("tags/")?, repository.refs.peel(target));
        let url = repository.url(&format!("/commits/{sha}"));
        Some(Arc::new(json!({ "name": name, "commit": { "sha": sha, "url": url } })))
    });
    Answer::List(tags.collect())
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    let name = call.part("ref");
    match repository.refs.names.get(name) {
        Some(target) => Answer::One(200, repository.reference(name, target)),
        None => Answer::not_found(),
    }
}

pub(super) fn matching(repository: &mut Repository, call: &Call) -> Answer {
    let found = repository.refs.names.iter().filter(|(name, _)| name.starts_with(call.part("ref")));
    Answer::List(found.map(|(name, target)| Arc::new(repository.reference(name, target))).collect())
}

pub(super) fn tag_object(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.refs.tag_objects.find("sha", call.part("tag_sha")))
}

pub(super) fn create(repository: &mut Repository, call: &Call) -> Answer {
    let [name, sha] = ["ref", "sha"].map(|field| call.body[field].as_str().unwrap_or_default());
    let Some(name) = name.strip_prefix("refs/").filter(|name| name.contains('/')) else {
        return Answer::invalid("Reference name must start with 'refs/' and have at least two slashes.");
    };
    if repository.refs.names.contains_key(name) {
        return Answer::Refused(422, "Reference already exists".to_owned());
    }
    let Some(target) = repository.refs.kind(&repository.commits, sha) else {
        return Answer::Refused(422, "Object does not exist".to_owned());
    };
    let answer = repository.reference(name, &target);
    repository.refs.names.insert(name.to_owned(), target);
    Answer::One(201, answer)
}

pub(super) fn create_tag(repository: &mut Repository, call: &Call) -> Answer {
    let text = |field: &str| call.body[field].as_str().unwrap_or_default().to_owned();
    let Some(target) = repository.refs.kind(&repository.commits, &text("object")) else {
        return Answer::Refused(422, "Could not verify object".to_owned());
    };
    if target.kind != text("type") {
        return Answer::invalid("the object is of another type");
    }
    let at = repository.site.stamp();
    let tagger = match &call.body["tagger"] {
        Value::Null => json!({ "name": call.login, "email": format!("{}@example.org", call.login), "date": at }),
        given => {
            json!({ "name": given["name"], "email": given["email"], "date": given.get("date").unwrap_or(&json!(at)) })
        }
    };
    let message = repository.refs.rewrite.map_or_else(|| text("message"), |rewrite| rewrite(&text("message")));
    let sha = object_name(&target, &text("tag"), &tagger, &message);
    Answer::One(201, repository.put_tag_object(&sha, &text("tag"), &message, target, tagger).clone())
}

/// The name that git gives to a tag's object, so that who has the same bytes has the same name.
fn object_name(target: &Target, tag: &str, tagger: &Value, message: &str) -> String {
    let field = |name: &str| tagger[name].as_str().unwrap_or_default();
    let second = field("date").parse::<jiff::Timestamp>().unwrap().as_second();
    let Target { sha, kind } = target;
    let (name, email) = (field("name"), field("email"));
    let body = format!("object {sha}\ntype {kind}\ntag {tag}\ntagger {name} <{email}> {second} +0000\n\n{message}");
    let whole = format!("tag {}\0{body}", body.len());
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, whole.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
