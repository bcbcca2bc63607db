//! One page of what smoke checks found: counts of everything, and the worst first as far as there is room.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Describe, run_smoke::RunSmoke};
use crate::{
    domain::{
        evidence::Outcome,
        name::{EnvironmentName, ServiceName},
        refusal::NextCall,
    },
    world::smoke::{self, SmokeReport, SmokeRun},
};

/// How many services, and how many mailboxes, a page shows.
const ENTRIES: usize = 20;
/// How many checks a page shows of all its services; of one service alone it shows all.
const CHECKS: usize = 20;
/// How much of what others wrote a page shows, and of what one of them wrote, bytes.
const WORDS: usize = 3000;
const WORDS_OF_ONE: usize = 800;

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page {
    /// `PASS` only when every check of every service passed.
    outcome: Outcome,
    /// Checks that were made.
    checks: u64,
    /// Checks that passed.
    passed: u64,
    /// Checks that passed, but will not for long.
    warnings: u64,
    /// HTTP checks that were made.
    http_checks: u64,
    /// HTTP checks that passed.
    http_passed: u64,
    /// `http_passed` of `http_checks`, 0 to 1; absent without HTTP checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_200_rate: Option<f64>,
    /// From the first check to the last answer, ms.
    duration_ms: u64,
    /// One line per service, the worst first.
    services: Vec<ServiceResult>,
    /// Mailboxes that did not pass, and those that were named; all of them with all_checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mailboxes: Vec<CheckResult>,
    /// Services and mailboxes that come behind these.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<u64>,
    /// Shows them; it is good until four other answers had a rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// One service in one environment.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceResult {
    service: ServiceName,
    environment: EnvironmentName,
    outcome: Outcome,
    passed: u64,
    checks: u64,
    /// Checks that did not pass, or not for long; all of them with all_checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<CheckResult>,
    /// Further such checks; call run_smoke for this service to see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<u64>,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
struct CheckResult {
    check: String,
    outcome: Outcome,
    /// What was found, in one sentence.
    found: String,
    /// What will make it fail before long.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    /// Of the last attempt.
    duration_ms: u64,
    /// The attempts before the last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier_attempts: Vec<Attempt>,
    /// Headers and page, or what a server or script wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<String>,
}

/// An attempt that did not pass.
#[derive(Debug, Serialize, JsonSchema)]
struct Attempt {
    found: String,
    duration_ms: u64,
}

/// What is shown besides what did not pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// Checks that passed.
    pub(super) passed: bool,
    /// Mailboxes that passed.
    pub(super) mailboxes: bool,
}

impl Page {
    pub(super) fn has_more(&self) -> bool {
        self.cursor.is_some()
    }
}

/// The run and the place that a cursor names.
pub(super) fn place(cursor: &str) -> Option<(u32, usize)> {
    let (run, from) = cursor.split_once('.')?;
    Some((u32::from_str_radix(run, 16).ok()?, from.parse().ok()?))
}

/// What a run found, from this entry on.
pub(super) fn answer(run: &SmokeRun, from: usize, shown: Shown) -> Answer<Page> {
    let counter = |report: &SmokeReport, name: &str| report.evidence.counters.get(name).copied().unwrap_or(0);
    let sum = |name: &str| run.services.iter().map(|(.., report)| counter(report, name)).sum::<u64>();
    let count = |all: usize| u64::try_from(all).unwrap_or(u64::MAX);
    let good = run.mailboxes.iter().filter(|mailbox| mailbox.outcome == Outcome::Pass).count();
    let (checks, passed) = (sum("wanted") + count(run.mailboxes.len()), sum("passed") + count(good));
    let (http_checks, http_passed) = (sum("http_wanted"), sum("http_passed"));
    let outcomes = run.services.iter().map(|(.., report)| report.evidence.outcome);
    let outcome = worst(outcomes.chain(run.mailboxes.iter().map(|mailbox| mailbox.outcome)), checks);

    let mut room = Room { checks: if run.services.len() == 1 { usize::MAX } else { CHECKS }, words: WORDS };
    let services =
        run.services.iter().skip(from).take(ENTRIES).map(|entry| room.service(entry, shown.passed)).collect();
    let with_good = shown.passed || shown.mailboxes;
    let mailboxes = run.mailboxes.iter().filter(|mailbox| with_good || mailbox.outcome != Outcome::Pass);
    let behind = |all: usize| all.saturating_sub(from.saturating_add(ENTRIES));
    let not_shown = behind(run.services.len()) + behind(mailboxes.clone().count());
    let mailboxes = mailboxes.skip(from).take(ENTRIES).map(|mailbox| room.check(mailbox)).collect();
    let cursor = (not_shown > 0).then(|| format!("{:x}.{}", run.id, from + ENTRIES));
    #[expect(clippy::cast_precision_loss, reason = "counts of checks are far below 2^52")]
    let http_200_rate = (http_checks > 0).then(|| http_passed as f64 / http_checks as f64);
    let status = status(run, outcome, passed, checks, sum("warnings"));
    let next = next(run, cursor.as_deref(), shown);
    let output = Page {
        outcome,
        checks,
        passed,
        warnings: sum("warnings"),
        http_checks,
        http_passed,
        http_200_rate,
        duration_ms: run.duration_ms,
        services,
        mailboxes,
        not_shown: (not_shown > 0).then(|| count(not_shown)),
        cursor,
    };
    Answer { status, output, next }
}

fn status(run: &SmokeRun, outcome: Outcome, passed: u64, checks: u64, warnings: u64) -> String {
    let (services, mailboxes) = (run.services.len(), run.mailboxes.len());
    let warned = if warnings > 0 { format!("; {warnings} with a warning") } else { String::new() };
    match (outcome, run.mailboxes.as_slice()) {
        (Outcome::Pass, [one]) if services == 0 => format!("PASS: {}", one.detail),
        (Outcome::Pass, []) => format!("PASS: {services} services answer, {passed} of {checks} checks ✓{warned}"),
        (Outcome::Pass, _) => {
            format!("PASS: {services} services and {mailboxes} mailboxes answer, {passed} of {checks} checks ✓{warned}")
        }
        (Outcome::Fail | Outcome::Inconclusive, all) => {
            let word = if outcome == Outcome::Fail { "FAIL" } else { "INCONCLUSIVE" };
            let bad = run.services.iter().filter(|(.., report)| report.evidence.outcome != Outcome::Pass);
            let names = bad.map(|(service, ..)| service.as_str());
            let mailboxes = all.iter().filter(|one| one.outcome != Outcome::Pass).map(|one| one.name.as_str());
            let names: Vec<&str> = names.chain(mailboxes).take(10).collect();
            format!("{word}: {passed} of {checks} checks passed; look at {}{warned}", names.join(", "))
        }
    }
}

/// Why the worst service does not answer, that service once more, and the rest of the answer.
fn next(run: &SmokeRun, cursor: Option<&str>, shown: Shown) -> Vec<NextCall> {
    let worst = run.services.first().filter(|(.., report)| report.evidence.outcome != Outcome::Pass);
    let worst = worst.map(|(service, environment, _)| {
        let place = serde_json::json!({ "service": service, "environment": environment });
        let again = serde_json::json!({ "services": [service], "environment": environment, "all_checks": true });
        [
            NextCall::new("diagnose", place, "find out why"),
            NextCall::new(RunSmoke::NAME, again, "check it again, with every check"),
        ]
    });
    let rest = cursor.map(|cursor| {
        let arguments = serde_json::json!({ "cursor": cursor, "all_checks": shown.passed });
        NextCall::new(RunSmoke::NAME, arguments, "see the services that are not shown")
    });
    worst.into_iter().flatten().chain(rest).collect()
}

/// Good only when everything is, and something was checked.
fn worst(outcomes: impl Iterator<Item = Outcome> + Clone, checks: u64) -> Outcome {
    let any = |wanted: Outcome| outcomes.clone().any(|outcome| outcome == wanted);
    if any(Outcome::Fail) {
        Outcome::Fail
    } else if checks == 0 || any(Outcome::Inconclusive) {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    }
}

/// The room that is left on a page.
struct Room {
    checks: usize,
    words: usize,
}

impl Room {
    fn service(
        &mut self,
        (service, environment, report): &(ServiceName, EnvironmentName, SmokeReport),
        passed: bool,
    ) -> ServiceResult {
        let counter = |name: &str| report.evidence.counters.get(name).copied().unwrap_or(0);
        let is_shown =
            |check: &&smoke::CheckResult| passed || check.outcome != Outcome::Pass || check.warning.is_some();
        let mut wanted = report.checks.iter().filter(is_shown);
        let details: Vec<_> = wanted.by_ref().take(self.checks).map(|check| self.check(check)).collect();
        self.checks = self.checks.saturating_sub(details.len());
        let rest = u64::try_from(wanted.count()).unwrap_or(u64::MAX);
        ServiceResult {
            service: service.clone(),
            environment: environment.clone(),
            outcome: report.evidence.outcome,
            passed: counter("passed"),
            checks: counter("wanted"),
            details,
            not_shown: (rest > 0).then_some(rest),
        }
    }

    fn check(&mut self, check: &smoke::CheckResult) -> CheckResult {
        let attempt =
            |earlier: &smoke::Attempt| Attempt { found: earlier.detail.clone(), duration_ms: earlier.time_ms };
        CheckResult {
            check: check.name.clone(),
            outcome: check.outcome,
            found: check.detail.clone(),
            warning: check.warning.clone(),
            duration_ms: check.time_ms,
            earlier_attempts: check.earlier.iter().map(attempt).collect(),
            untrusted_text: check.untrusted_text.as_deref().map(|text| self.words(text)),
        }
    }

    /// As much of a text as there is room for; it was redacted whole.
    fn words(&mut self, text: &str) -> String {
        let most = WORDS_OF_ONE.min(self.words);
        let kept = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
        self.words -= kept.len();
        if kept.len() == text.len() {
            text.to_owned()
        } else {
            format!("{kept}\n({} bytes more)", text.len() - kept.len())
        }
    }
}
