//! A plan as a human sees it before they answer: everything that was hashed, and then what matters most.

use std::fmt::Write;

use super::live::Live;
use crate::{
    domain::{
        effect::Effect,
        plan::{DatabaseStrategy, PlanBody},
        refusal::Refusal,
        time::Time,
    },
    engine::PlanForApproval,
    policy,
    redact::{Redacted, Redactor},
};

/// The whole plan, never cut, and a summary below it, where the eye is when the question comes.
pub(crate) fn whole(redactor: &Redactor, shown: &PlanForApproval, live: &Live, now: Time) -> Redacted<String> {
    let mut text = String::from("=== The plan, as it was hashed ===\n");
    let body = serde_json::to_value(shown.plan.body()).unwrap_or_default();
    let body = redactor.json(body);
    text.push_str(&serde_json::to_string_pretty(&*body).unwrap_or_default());
    text.push_str("\n\n=== What it means ===\n");
    for (name, value) in facts(shown, now) {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name:<14} {value}");
    }
    text.push_str(&difference(shown.plan.body(), live));
    text.push_str(&blockers(&shown.blockers));
    redactor.text(&text)
}

/// What has to be typed to approve: it makes the human look at what it is about.
pub(crate) fn word(body: &PlanBody) -> &str {
    body.service.as_ref().map_or("databases", |service| service.as_str())
}

fn facts(shown: &PlanForApproval, now: Time) -> Vec<(&'static str, String)> {
    let body = shown.plan.body();
    let left = body.expires_at.seconds_since(now);
    let expiry = if left == 0 { "expired".to_owned() } else { format!("{} min {} s from now", left / 60, left % 60) };
    let version = body.revision.as_ref().map_or_else(
        || "none".to_owned(),
        |revision| format!("{} (commit {}, tree {})", revision.version, revision.commit, revision.tree),
    );
    let mut facts = vec![
        ("plan", body.id.to_string()),
        ("digest", shown.plan.digest().to_string()),
        ("purpose", format!("{:?} of {} in {} ({:?})", body.purpose, word(body), body.environment, body.tier)),
        ("version", version),
        ("requested by", body.requester.to_string()),
        ("made", body.created_at.to_string()),
        ("expires", format!("{} ({expiry})", body.expires_at)),
    ];
    let wait = policy::wait_s(&shown.plan, &shown.environment);
    if wait > 0 {
        facts.push(("waits", format!("{wait} s after its approval; in that time it can still be denied")));
    }
    facts.extend([("reversible", reversible(shown)), ("data", loss(body))]);
    facts.extend(body.steps.iter().map(|step| ("step", step.summary())));
    facts.extend(body.warnings.iter().map(|warning| ("warning", warning.clone())));
    facts
}

fn reversible(shown: &PlanForApproval) -> String {
    let body = shown.plan.body();
    if shown.plan.only_adds() {
        return "nothing to take back: it only adds".to_owned();
    }
    let Some(rollback) = &body.rollback else {
        return "NO: there is no way back in this plan".to_owned();
    };
    let target = match &rollback.to {
        _ if !shown.plan.can_be_taken_back() => "NO".to_owned(),
        Some(revision) => format!("yes, to {}", revision.version),
        None => "only to nothing: this is the first deployment".to_owned(),
    };
    let rebuilt = if rollback.rebuilt { "; the old release has to be REBUILT" } else { "" };
    let destroys = if shown.plan.effect() == Effect::Destroy { "; a step DESTROYS data" } else { "" };
    format!("{target}: {}{rebuilt}{destroys}", rollback.code)
}

fn loss(body: &PlanBody) -> String {
    match body.rollback.as_ref().map(|rollback| &rollback.database) {
        Some(DatabaseStrategy::Restore { snapshots, loss_window_s, losses }) => {
            let names: Vec<&str> = snapshots.iter().map(crate::domain::snapshot::SnapshotId::as_str).collect();
            format!(
                "LOSS OF DATA: databases are restored from {}; every write of the last {loss_window_s} s and until then is lost.{} \
                 To approve is to accept that",
                names.join(", "),
                losses.iter().map(|loss| format!(" {}.", loss.summary())).collect::<String>()
            )
        }
        Some(DatabaseStrategy::Keep) => "databases stay as they are, also when the code goes back".to_owned(),
        Some(DatabaseStrategy::NotTouched) | None => "no database is changed".to_owned(),
    }
}

fn difference(body: &PlanBody, live: &Live) -> String {
    let mut text = String::from("\n=== Against the live release ===\n");
    let Some(deployment) = &live.deployment else {
        text.push_str("Nothing is live there according to the ledger.\n");
        return text;
    };
    let _ = writeln!(
        text,
        "live           {} (commit {}) since {}, by {}",
        deployment.version, deployment.commit, deployment.at, deployment.operation
    );
    if let Some(revision) = &body.revision {
        let same = if revision.commit == deployment.commit { " (the same commit)" } else { "" };
        let _ = writeln!(text, "then           {} (commit {}){same}", revision.version, revision.commit);
    }
    for drift in &live.differences {
        let _ = writeln!(
            text,
            "  {}: {} -> {}",
            drift.fact,
            drift.planned.as_deref().unwrap_or("(none)"),
            drift.found.as_deref().unwrap_or("(none)")
        );
    }
    text
}

fn blockers(blockers: &[Refusal]) -> String {
    let mut text = String::from("\n=== What else stands in the way ===\n");
    let others: Vec<&Refusal> =
        blockers.iter().filter(|blocker| blocker.code != crate::domain::refusal::Code::ApprovalRequired).collect();
    if others.is_empty() {
        text.push_str("Nothing but this approval.\n");
    }
    for blocker in others {
        let _ = writeln!(text, "- {blocker}");
    }
    text.push('\n');
    text
}
