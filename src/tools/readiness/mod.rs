//! What `check_readiness` looks at, one check per file. A check says what it saw; what is not green has a fix and a next call.

mod artifact;
mod backups;
mod env_keys;
pub(super) mod gates;
mod room;
mod schedule;
mod secrets;
mod way_back;

use futures::future::join_all;

use super::{Context, UNTIL_STAMPED};
use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind, Outcome},
        inventory::{Service, Target},
        name::EnvironmentName,
        refusal::{Code, NextCall, Refusal},
        version::Revision,
    },
    world::gates::Aim,
};

/// A deployment that is asked about.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'c> {
    pub(super) context: Context<'c>,
    pub(super) service: &'c Service,
    pub(super) environment: &'c EnvironmentName,
    pub(super) target: &'c Target,
    pub(super) revision: &'c Revision,
    /// Gates that were green a short while ago and still count, newest first.
    pub(super) earlier: &'c [Evidence],
    /// How many commands may run at once: they share this machine.
    pub(super) turns: &'c tokio::sync::Semaphore,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) evidence: Evidence,
    /// What stands in the way, when it is not green.
    pub(super) blocker: Option<Refusal>,
    /// The last of what others wrote about it.
    pub(super) wrote: Option<String>,
}

impl Candidate<'_> {
    /// Where it would go.
    fn aim(&self) -> Aim<'_> {
        Aim { environment: self.environment, target: self.target }
    }

    /// Looks at everything at once.
    pub(super) async fn look(self) -> Vec<Seen> {
        let (schedule, gates, artifact, secrets, env_keys, backups, way_back, room) = tokio::join!(
            schedule::look(self),
            gates::look(self),
            artifact::look(self),
            secrets::look(self),
            env_keys::look(self),
            backups::look(self),
            way_back::look(self),
            room::look(self),
        );
        [schedule, gates, artifact, secrets, env_keys, backups, way_back, room].into_iter().flatten().collect()
    }

    /// What was seen of one thing; the subject begins with the service.
    fn seen(&self, kind: EvidenceKind, what: &str, outcome: Outcome, found: impl Into<String>) -> Evidence {
        let subject = if what.is_empty() {
            format!("{} in {}", self.service.name, self.environment)
        } else {
            format!("{} in {}: {what}", self.service.name, self.environment)
        };
        Evidence {
            summary: found.into(),
            collector: "check_readiness".to_owned(),
            ..self.context.reader.evidence(kind, &subject, outcome, UNTIL_STAMPED)
        }
    }

    /// A refusal of the world as something that could not be seen.
    fn unseen(&self, kind: EvidenceKind, what: &str, refusal: Refusal) -> Seen {
        Seen {
            evidence: self.seen(kind, what, Outcome::Inconclusive, refusal.message.clone()),
            blocker: Some(self.named(refusal)),
            wrote: None,
        }
    }

    /// A blocker that says whose it is.
    fn blocker(&self, code: Code, found: impl AsRef<str>, fix: impl Into<String>, next: Option<NextCall>) -> Refusal {
        let refusal = self.named(Refusal::new(code, found.as_ref(), fix));
        match next {
            Some(next) => refusal.with_next(next),
            None => refusal,
        }
    }

    fn named(&self, mut refusal: Refusal) -> Refusal {
        refusal.message = format!("{}: {}", self.service.name, refusal.message);
        refusal
    }
}

/// Green, or not and what to do.
fn judged(evidence: Evidence, blocker: impl FnOnce(&Evidence) -> Refusal) -> Seen {
    let blocker = (evidence.outcome != Outcome::Pass).then(|| blocker(&evidence));
    Seen { evidence, blocker, wrote: None }
}

async fn each<T, F: Future<Output = Seen>>(things: impl IntoIterator<Item = T>, look: impl Fn(T) -> F) -> Vec<Seen> {
    join_all(things.into_iter().map(look)).await
}
