//! The issue about all deployments of a service, and the comment of one operation in it.

use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::{
    super::{World, WorldError},
    Commented,
    issues::Found,
    once::{Once, once},
};
use crate::{
    domain::{
        inventory::Service,
        issue::{CommentIssue, TellProgress},
    },
    policy::Permit,
};

impl World {
    /// Tells in the issue about all deployments of a service how an operation goes: the issue's number, and what came of the comment.
    /// The issue is found with its label alone: whoever takes that away gets a new one.
    pub async fn tell_progress(
        &self,
        permit: &Permit,
        service: &Service,
        step: &TellProgress,
    ) -> Result<(u64, Commented), WorldError> {
        let writer = self.github(permit, service)?;
        let there = writer.reading();
        let doing = format!("open an issue of {}", there.name());
        let about = format!("Deployments of {} to {}", step.service, step.environment);
        let body = "Each deployment and each rollback has a comment here, which follows it to its end.";
        let issue = json!({
            "title": there.reader.title_for_github(&about),
            "body": there.marked(&step.marker(), body),
            "labels": [step.label],
        });
        let filter: String = byte_serialize(step.label.as_bytes()).collect();
        let (filter, marker) = (format!("labels={filter}"), step.marker());
        let make = || async { Ok(writer.post::<Found>(&doing, "/issues", &issue).await?.number) };
        let made = once(|| there.first_marked(&filter, &marker), make).await?;
        let (Once::Found(number) | Once::Made(number)) = made;
        let comment = CommentIssue { issue: number, about: step.about.clone(), body: step.body.clone() };
        Ok((number, self.comment_issue(permit, service, &comment).await?))
    }
}
