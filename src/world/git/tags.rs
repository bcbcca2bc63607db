//! The one thing that is ever written to a service's repository: a tag that was made on GitHub.

use super::{super::github::TagObject, Repository, WorldError};
use crate::domain::{refusal::Code, step::CreateTag, version::Version};

impl Repository {
    /// Gives the repository a tag that GitHub has: the same object, byte for byte. Returns false when it cannot be made of what
    /// GitHub says, or must not be written here; whoever looks after the repository fetches it then.
    pub(in crate::world) async fn keep_tag(
        &self,
        step: &CreateTag,
        object: Option<&TagObject>,
    ) -> Result<bool, WorldError> {
        match self.find(&step.tag).await? {
            Some(found) if found.commit == step.commit => return Ok(true),
            Some(_) => {
                return Err(WorldError::new(
                    Code::TagRefused,
                    format!("keep tag {} in the repository", step.tag),
                    "there is such a tag here, and it names another commit",
                    "Remove it here, or choose another name.",
                ));
            }
            None => {}
        }
        let Some(object) = object else { return Ok(false) };
        // A tag of what only the mirror has would lead nowhere here.
        let Ok(commit) = step.commit.parse::<Version>() else { return Ok(false) };
        if self.find(&commit).await?.is_none() {
            return Ok(false);
        }
        match self.rebuilt(object).await {
            Some(text) => Ok(self.write_tag(step, object, &text).await),
            None => Ok(false),
        }
    }

    /// The object's text, when its name is that of what we know of it. Its last line end is one that GitHub may not keep, or not tell.
    pub(in crate::world) async fn rebuilt(&self, object: &TagObject) -> Option<String> {
        let message = object.message.as_str();
        for message in [message, &format!("{message}\n"), message.trim_end_matches('\n')] {
            let text = text_of(object, message);
            match self.text(&["hash-object", "-t", "tag", "--stdin"], Some(text.as_bytes())).await {
                Ok(name) if name.trim_end() == object.name => return Some(text),
                _ => {}
            }
        }
        None
    }

    async fn write_tag(&self, step: &CreateTag, object: &TagObject, text: &str) -> bool {
        let reference = format!("refs/tags/{}", step.tag);
        let none = "0".repeat(object.name.len());
        let written = async {
            self.text(&["hash-object", "-w", "-t", "tag", "--stdin"], Some(text.as_bytes())).await?;
            // Only where no tag is.
            self.text(&["update-ref", &reference, &object.name, &none], None).await
        };
        match written.await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a tag was not written to the repository");
                false
            }
        }
    }
}

/// The object as git hashes it (git-mktag(1)). GitHub gives times in UTC.
pub(super) fn text_of(object: &TagObject, message: &str) -> String {
    let TagObject { commit, tag, tagger, email, at, .. } = object;
    let second = at.as_millis() / 1000;
    format!("object {commit}\ntype commit\ntag {tag}\ntagger {tagger} <{email}> {second} +0000\n\n{message}")
}
