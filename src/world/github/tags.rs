//! Tags: what a name points at, and new ones (<https://docs.github.com/rest/git/tags>).

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::json;

use super::{
    super::{World, WorldError, git},
    Repository,
    error::{GitHubError, Trouble},
    once::{Once, once, patiently},
};
use crate::{
    domain::{inventory::Service, refusal::Code, step::CreateTag, time::Time, version::Version},
    policy::Permit,
};

/// How many tags of tags are followed.
const DEPTH: u32 = 5;

/// A tag on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagThere {
    /// The commit that it names in the end.
    pub commit: String,
    /// Its own object, when it is annotated and names a commit at once.
    pub(in crate::world) object: Option<TagObject>,
}

/// The object of an annotated tag, as far as git makes its name of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world) struct TagObject {
    pub(in crate::world) name: String,
    pub(in crate::world) tag: String,
    pub(in crate::world) commit: String,
    pub(in crate::world) tagger: String,
    pub(in crate::world) email: String,
    pub(in crate::world) at: Time,
    pub(in crate::world) message: String,
}

/// What came of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tagged {
    /// Whether GitHub did not have it.
    pub new: bool,
    /// Whether the repository here has it now.
    pub here: bool,
}

#[derive(Debug, Deserialize)]
struct Reference {
    object: Target,
}

#[derive(Debug, Deserialize)]
struct Target {
    #[serde(rename = "type")]
    kind: String,
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Object {
    sha: String,
    tag: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    tagger: Option<Tagger>,
    object: Target,
}

#[derive(Debug, Deserialize)]
struct Tagger {
    name: String,
    email: String,
    date: Time,
}

#[derive(Debug, Deserialize)]
struct Commit {}

impl Repository<'_> {
    /// Whether GitHub has a commit, given by its full object name.
    pub async fn has_commit(&self, commit: &str) -> Result<bool, GitHubError> {
        let doing = format!("look for a commit in {}", self.name());
        present(self.get::<Commit>(&doing, &format!("/git/commits/{commit}")).await).map(|found| found.is_some())
    }

    /// What a tag names; nothing when there is none.
    pub async fn tag(&self, name: &Version) -> Result<Option<TagThere>, GitHubError> {
        let doing = format!("look for tag {name} of {}", self.name());
        let below = format!("/git/ref/tags/{}", in_a_path(name));
        let Some(reference) = present(self.get::<Reference>(&doing, &below).await)? else { return Ok(None) };
        let (mut target, mut object) = (reference.object, None);
        for depth in 0..DEPTH {
            if target.kind == "commit" {
                return Ok(Some(TagThere { commit: target.sha, object }));
            }
            if target.kind != "tag" {
                break;
            }
            let found: Object = self.get(&doing, &format!("/git/tags/{}", target.sha)).await?;
            object = (depth == 0).then(|| found.plain()).flatten();
            target = found.object;
        }
        Err(Trouble::Unreadable { what: "the tag names no commit" }.at(&doing))
    }

    /// The same; a name that GitHub shows late is given time.
    pub async fn tag_in_the_end(&self, name: &Version) -> Result<Option<TagThere>, GitHubError> {
        patiently(|| self.tag(name)).await
    }
}

impl Object {
    fn plain(&self) -> Option<TagObject> {
        let tagger = self.tagger.as_ref()?;
        (self.object.kind == "commit").then(|| TagObject {
            name: self.sha.clone(),
            tag: self.tag.clone(),
            commit: self.object.sha.clone(),
            tagger: tagger.name.clone(),
            email: tagger.email.clone(),
            at: tagger.date,
            message: self.message.clone(),
        })
    }
}

impl World {
    /// Gives a commit an annotated tag on GitHub, and the same object to the repository here. A tag that names another commit
    /// stays as it is, and is an error.
    pub async fn create_tag(&self, permit: &Permit, service: &Service, step: &CreateTag) -> Result<Tagged, WorldError> {
        let writer = self.github(permit, service)?;
        let there = writer.reading();
        let doing = format!("create tag {} of {}", step.tag, there.name());
        let here = git::Repository::new(&service.repository);
        let signed = match &step.signer {
            Some(tagger) => Some(git::sign(there.reader, step, tagger).await?),
            None => None,
        };
        let signed_as = OnceLock::new();
        let make = || async {
            let tagger = signed.as_ref().map(|TagObject { tagger, email, at, .. }| {
                json!({ "name": tagger, "email": email, "date": at.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string() })
            });
            let message = signed.as_ref().map_or(&step.message, |signed| &signed.message);
            let mut wanted = json!({ "tag": step.tag, "message": message, "object": step.commit, "type": "commit" });
            if let (Some(wanted), Some(tagger)) = (wanted.as_object_mut(), tagger) {
                wanted.insert("tagger".to_owned(), tagger);
            }
            let made: Object = writer.post(&doing, "/git/tags", &wanted).await?;
            let object = match &signed {
                // The signature is of these bytes: a tag of others would be none of the signer's.
                Some(signed) => {
                    let object = TagObject { name: made.sha.clone(), ..signed.clone() };
                    if here.rebuilt(&object).await.is_none() {
                        return Err(Trouble::Altered.at(&doing));
                    }
                    let _ = signed_as.set(object.name.clone());
                    Some(object)
                }
                None => made.plain(),
            };
            let reference = json!({ "ref": format!("refs/tags/{}", step.tag), "sha": made.sha });
            let named: Reference = writer.post(&doing, "/git/refs", &reference).await?;
            if named.object.sha != made.sha {
                return Err(Trouble::Unreadable { what: "the tag names another object" }.at(&doing));
            }
            Ok(TagThere { commit: made.object.sha, object })
        };
        let (new, tag) = match once(|| there.tag(&step.tag), make).await? {
            // Somebody else may have made it meanwhile, on the same commit.
            Once::Made(tag) => {
                let ours = signed.is_none() || tag.object.as_ref().map(|object| &object.name) == signed_as.get();
                (ours, tag)
            }
            Once::Found(tag) => (false, tag),
        };
        if tag.commit != step.commit {
            return Err(WorldError::new(
                Code::TagRefused,
                doing,
                "there is such a tag, and it names another commit",
                "Choose another name: tags are never moved.",
            ));
        }
        let here = here.keep_tag(step, tag.object.as_ref()).await?;
        Ok(Tagged { new, here })
    }
}

/// What is not there is no error.
fn present<T>(found: Result<T, GitHubError>) -> Result<Option<T>, GitHubError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A version holds nothing else that means something in a path.
fn in_a_path(name: &Version) -> String {
    name.as_str().replace('+', "%2B")
}
