//! How old the newest verified snapshot of each database is. A deployment takes its own; this says whether backups are kept.

use super::{super::inspecting::snapshots, Candidate, Seen, each, judged};
use crate::domain::{
    evidence::EvidenceKind,
    name::DatabaseName,
    refusal::{Code, NextCall, Refusal},
};

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    each(&candidate.target.databases, |name| one(candidate, name)).await
}

async fn one(candidate: Candidate<'_>, name: &DatabaseName) -> Seen {
    let found = async {
        let database = candidate.context.reader.inventory().database(name)?;
        snapshots::look(candidate.context, database).await
    };
    let found: Result<_, Refusal> = found.await;
    match found {
        Ok(seen) => {
            let evidence =
                candidate.seen(EvidenceKind::Backup, name.as_str(), seen.outcome, format!("{}.", seen.found));
            judged(evidence, |evidence| {
                let next = NextCall::new("snapshot_db", serde_json::json!({ "databases": [name] }), "take one now");
                let fix = "Take a verified snapshot.";
                candidate.blocker(Code::BackupMissing, &evidence.summary, fix, Some(next))
            })
        }
        Err(refusal) => candidate.unseen(EvidenceKind::Backup, name.as_str(), refusal),
    }
}
