//! Releases with their files.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    repository::Repository,
    shelf::Shelf,
    site::{hex, user},
};

#[derive(Debug, Default)]
pub(crate) struct Releases {
    /// Each as the API shows it, oldest first.
    pub(crate) all: Shelf,
}

impl Repository {
    /// A release of a tag; as the API shows it.
    pub(crate) fn release(&mut self, tag: &str) -> &mut Value {
        let (id, at) = (self.site.id(), self.site.stamp());
        let url = self.url(&format!("/releases/{id}"));
        self.releases.all.put(json!({
            "id": id, "tag_name": tag, "name": tag, "body": "", "draft": false, "prerelease": false,
            "target_commitish": "main",
            "author": user("ada"), "created_at": at, "published_at": at, "assets": [], "url": url,
            "assets_url": format!("{url}/assets"), "upload_url": format!("{url}/assets{{?name,label}}"),
        }))
    }

    /// A file of a release that is there; its id.
    pub(crate) fn asset(&mut self, tag: &str, name: &str, content: &[u8]) -> u64 {
        let (id, at) = (self.site.id(), self.site.stamp());
        let url = self.url(&format!("/releases/assets/{id}"));
        let browser_url = format!("{}/{}/{id}", self.site.storage, self.id);
        let release = self.releases.all.find_mut("tag_name", tag).unwrap();
        release["assets"].as_array_mut().unwrap().push(json!({
            "id": id, "name": name, "label": null, "size": content.len(), "digest": format!("sha256:{}", hex(content)),
            "content_type": "application/octet-stream", "state": "uploaded", "download_count": 0, "created_at": at,
            "updated_at": at, "uploader": user("ada"), "url": url, "browser_download_url": browser_url,
        }));
        self.stored.insert(id, content.to_owned());
        id
    }

    /// Puts other bytes in the place of a file, as somebody who may write can; what the API says of it stays.
    pub(crate) fn swap_bytes(&mut self, file: u64, content: &[u8]) {
        self.stored.insert(file, content.to_owned()).unwrap();
    }
}

pub(super) fn list(repository: &mut Repository, _: &Call) -> Answer {
    Answer::List(repository.releases.all.all().iter().rev().cloned().collect())
}

pub(super) fn create(repository: &mut Repository, call: &Call) -> Answer {
    let tag = call.body["tag_name"].as_str().unwrap_or_default();
    if repository.releases.all.find("tag_name", tag).is_some() {
        return Answer::invalid("already_exists");
    }
    let login = call.login.clone();
    let release = repository.release(tag);
    release["author"] = user(&login);
    for field in ["name", "body", "draft", "prerelease", "target_commitish"] {
        if let Some(value) = call.body.get(field) {
            release[field] = value.clone();
        }
    }
    Answer::One(201, release.clone())
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.releases.all.find("id", call.number("release_id")))
}

pub(super) fn by_tag(repository: &mut Repository, call: &Call) -> Answer {
    let all = repository.releases.all.select(|it| it["draft"] == false);
    Answer::found(all.iter().find(|it| it["tag_name"] == call.part("tag")))
}

pub(super) fn latest(repository: &mut Repository, _: &Call) -> Answer {
    Answer::found(repository.releases.all.select(|it| it["draft"] == false && it["prerelease"] == false).last())
}

pub(super) fn assets(repository: &mut Repository, call: &Call) -> Answer {
    match repository.releases.all.find("id", call.number("release_id")) {
        Some(release) => Answer::List(release["assets"].as_array().unwrap().iter().cloned().map(Into::into).collect()),
        None => Answer::not_found(),
    }
}

/// What it is, or where its bytes are if those are wanted.
pub(super) fn asset(repository: &mut Repository, call: &Call) -> Answer {
    let id = call.number("asset_id");
    let assets = repository.releases.all.all().iter().flat_map(|it| it["assets"].as_array().unwrap());
    match assets.into_iter().find(|it| it["id"] == id) {
        None => Answer::not_found(),
        Some(asset) if call.accept.contains("octet-stream") => {
            Answer::Elsewhere(asset["browser_download_url"].as_str().unwrap().to_owned())
        }
        Some(asset) => Answer::One(200, asset.clone()),
    }
}
