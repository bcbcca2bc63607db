//! Files of the repository, as CODEOWNERS and workflows.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{answer::Answer, call::Call, repository::Repository, site::sha_of};

impl Repository {
    /// A text at a path, the same in every commit.
    pub(crate) fn file(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.to_owned());
    }

    fn entry(&self, path: &str, kind: &str, text: &str) -> Value {
        let url = self.url(&format!("/contents/{path}"));
        json!({
            "type": kind, "path": path, "name": path.rsplit('/').next(), "size": text.len(),
            "sha": sha_of(text.as_bytes()),
            "url": url, "html_url": url, "git_url": url, "download_url": url,
            "_links": { "self": url, "git": url, "html": url },
        })
    }
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    let path = call.part("path");
    if call.asked("ref").is_some_and(|name| repository.resolve(name).is_none()) {
        return Answer::Refused(404, format!("No commit found for the ref {}", call.asked("ref").unwrap_or_default()));
    }
    if let Some(text) = repository.files.get(path) {
        let mut file = repository.entry(path, "file", text);
        file["encoding"] = "base64".into();
        file["content"] = BASE64_STANDARD.encode(text).into();
        return Answer::One(200, file);
    }
    let inside = format!("{path}/");
    let below =
        repository.files.iter().filter(|(file, _)| file.strip_prefix(&inside).is_some_and(|rest| !rest.contains('/')));
    let entries: Vec<_> = below.map(|(file, text)| Arc::new(repository.entry(file, "file", text))).collect();
    if entries.is_empty() { Answer::not_found() } else { Answer::One(200, json!(entries)) }
}

/// None, if there is such a file at all.
pub(super) fn codeowners_errors(repository: &mut Repository, _: &Call) -> Answer {
    let places = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
    if places.iter().any(|place| repository.files.contains_key(*place)) {
        Answer::One(200, json!({ "errors": [] }))
    } else {
        Answer::not_found()
    }
}
