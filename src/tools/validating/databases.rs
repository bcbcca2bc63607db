//! Can each database be logged in to? One that several services use is asked once.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;

use super::{Seen, Subject};
use crate::domain::{
    evidence::{Evidence, EvidenceKind, Outcome},
    name::DatabaseName,
    refusal::{Code, NextCall, Refusal},
};

/// How long a database may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn look(subjects: &[Subject<'_>]) -> Vec<Seen> {
    let all: BTreeMap<&DatabaseName, Subject<'_>> =
        subjects.iter().flat_map(|subject| subject.target.databases.iter().map(move |name| (name, *subject))).collect();
    join_all(all.into_iter().map(|(name, subject)| one(subject, name))).await
}

async fn one(subject: Subject<'_>, name: &DatabaseName) -> Seen {
    let asked = tokio::time::timeout(PATIENCE, subject.context.reader.database_identity(name)).await;
    let (outcome, found) = match asked {
        Ok(Ok(identity)) => (Outcome::Pass, format!("DB connection successful to {name} ✓ ({}).", identity.engine)),
        Ok(Err(error)) => (Outcome::Fail, format!("Could not {}: {}.", error.doing, error.problem)),
        Err(_) => (Outcome::Fail, format!("{name} did not answer within {} s.", PATIENCE.as_secs())),
    };
    let evidence = Evidence { subject: name.to_string(), ..subject.evidence(EvidenceKind::Connection, outcome, found) };
    let blocker = (outcome != Outcome::Pass).then(|| {
        let next = NextCall::new("inspect_db", serde_json::json!({ "databases": [name] }), "look at the database");
        Refusal::new(Code::NotHealthy, evidence.summary.clone(), "Mend the database or the way to it.").with_next(next)
    });
    Seen { evidence, blocker, wrote: None }
}
