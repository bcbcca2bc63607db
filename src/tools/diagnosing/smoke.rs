//! How the service answers, with some headers of its answers.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, causes};
use crate::{
    domain::{
        evidence::Outcome,
        refusal::{Code, Refusal},
    },
    world::{scripts::Placeholders, smoke::CheckResult},
};

/// How much of headers and page is quoted, bytes.
const QUOTED: usize = 1000;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let live = patient.live.as_ref();
    let live =
        live.map(|live| Placeholders::new(&live.version, &live.commit, patient.environment, patient.target, None));
    let checks = context.reader.smoke_once(patient.service, patient.target, live.as_ref()).await;
    if checks.is_empty() {
        return Ok(None);
    }
    if let (Some(first), true) = (checks.first(), checks.iter().all(|check| check.outcome == Outcome::Inconclusive)) {
        let fix = "Call run_smoke to see each check.";
        return Err(Refusal::new(Code::WorldFailed, format!("No check could be made. {}", first.detail), fix));
    }
    let passed = checks.iter().filter(|check| check.outcome == Outcome::Pass).count();
    let at = format!("{passed} of {} checks passed", checks.len());
    let failed = checks.iter().filter(|check| check.outcome == Outcome::Fail);
    Ok(Some(Looked { findings: failed.flat_map(findings).collect(), at }))
}

/// The failed check, and the cause that its page tells.
fn findings(check: &CheckResult) -> Vec<Finding> {
    let seen = format!("Check {} fails: {}", check.name, check.detail);
    let symptom = Finding::new(Part::Symptom, Sure::Certain, seen, fix(check)).next(Next::Smoke).quoting(quoted(check));
    let text = check.untrusted_text.as_deref().unwrap_or_default();
    let cause = causes::recognise(text, &format!("the answer to check {}", check.name));
    std::iter::once(symptom).chain(cause).collect()
}

fn fix(check: &CheckResult) -> &'static str {
    if check.kind == "mailbox" {
        return "Do what the check says of each server; verify_secret with probe tries the password by itself.";
    }
    match check.status {
        Some(500..) => "Read the service's error log; compare keys, databases and permissions below.",
        Some(401 | 403) => "See whether the page wants a login, and whether the web server may read the files.",
        Some(404) => "See whether what is live holds that page, and whether the web server's root is the live release.",
        Some(300..=399) => "Give the final address as url in deploy-ops.toml, or mend the redirect.",
        Some(_) => "Compare the page with the text that the check wants.",
        None => "See whether the service runs, and whether its URL in deploy-ops.toml is right.",
    }
}

/// The begin of what others wrote.
fn quoted(check: &CheckResult) -> String {
    let text = check.untrusted_text.as_deref().unwrap_or_default();
    text.get(..text.floor_char_boundary(QUOTED)).unwrap_or_default().to_owned()
}
