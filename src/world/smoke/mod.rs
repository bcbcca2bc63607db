//! Smoke checks: is the service there, seen from outside?

mod dns;
mod http;
mod mailbox;
mod pace;
mod runs;
mod script;
mod webhook;

use std::{borrow::Cow, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{Reader, WorldError, database::refuses_login, scripts::Placeholders};
use crate::domain::{
    clean::clean,
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{HttpCheck, Service, SmokeCheck, SmokeKind, Target},
    name::{DatabaseName, MailboxName},
    refusal::Code,
};
pub(in crate::world) use http::below;
pub(in crate::world) use pace::Pace;
pub(in crate::world) use runs::Runs;
pub use runs::SmokeRun;

/// The pause before the second attempt; each further one is longer by as much.
const PAUSE: Duration = Duration::from_millis(250);
/// How much is shown of what others wrote, bytes.
const OUTPUT: usize = 4 * 1024;
/// How many checks that did not pass a summary names.
const NAMED: usize = 3;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// Its name; `url` is the check of the target's own URL.
    pub name: String,
    /// `http`, `dns`, `webhook`, `database`, `mailbox` or `script`.
    pub kind: &'static str,
    /// `Inconclusive` when it could not be made.
    pub outcome: Outcome,
    /// One sentence.
    pub detail: String,
    /// What will make it fail before long, when it passed.
    pub warning: Option<String>,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// How long the last attempt took, ms.
    pub time_ms: u64,
    /// The attempts before the last one, which did not pass.
    pub earlier: Vec<Attempt>,
    /// What others wrote, when it failed: headers and page, the output of a script, the words of a server.
    pub untrusted_text: Option<String>,
}

/// An attempt that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What it found, in one sentence.
    pub detail: String,
    /// How long it took, ms.
    pub time_ms: u64,
}

/// What all checks of a service found.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeReport {
    /// The checks, in the order of the inventory.
    pub checks: Vec<CheckResult>,
    /// What they prove. Counters: `wanted`, `passed`, `failed`, `warnings`, `http_wanted`, `http_passed`, `duration_ms`.
    pub evidence: Evidence,
}

impl Reader<'_> {
    /// Makes every check of a service, each with its attempts. `live` says what is live, for script checks; without it they
    /// are inconclusive. The evidence is about `subject` and counts for `valid_s` seconds.
    pub async fn smoke(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
        subject: &str,
        valid_s: u32,
    ) -> Result<SmokeReport, WorldError> {
        let begin = Instant::now();
        let checks = self.checks(service, target, live, self.all(service, target), None).await;
        Ok(self.smoke_report(checks, subject, valid_s, begin))
    }

    /// The same until a moment; what has no answer then is inconclusive. The evidence counts for nothing.
    pub async fn smoke_until(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
        subject: &str,
        until: Instant,
    ) -> SmokeReport {
        let begin = Instant::now();
        let checks = self.checks(service, target, live, self.all(service, target), Some(until)).await;
        self.smoke_report(checks, subject, 0, begin)
    }

    /// Makes every check of a service once: how it answers now, without another chance.
    pub async fn smoke_once(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
    ) -> Vec<CheckResult> {
        let mut wanted = self.all(service, target);
        for check in &mut wanted {
            check.attempts = 1;
        }
        self.checks(service, target, live, wanted, None).await
    }

    /// Looks at a mailbox of the inventory, with the attempts that are usual, until a moment.
    pub async fn smoke_mailbox(&self, mailbox: &MailboxName, until: Instant) -> CheckResult {
        let rules = &self.inventory().smoke;
        let attempt = || async {
            let _turn = self.world.pace.work().await;
            Timed::of(mailbox::attempt(self, mailbox, millis(rules.timeout_ms))).await
        };
        let found = repeated(mailbox.as_str(), "mailbox", rules.attempts, Some(until), attempt).await;
        self.without_secrets(found)
    }

    /// Redacted before it is cut: half a secret would not be known as one.
    fn without_secrets(self, check: CheckResult) -> CheckResult {
        let untrusted_text = check.untrusted_text.map(|text| {
            let mut text = clean(&self.world.redactor.text(&text));
            if text.len() > OUTPUT {
                text.truncate(text.floor_char_boundary(OUTPUT));
                text.push_str("\n(The rest is left out.)");
            }
            text
        });
        CheckResult { untrusted_text, ..check }
    }

    /// The check of the target's URL, and those of the inventory in their order.
    fn all<'a>(self, service: &'a Service, target: &Target) -> Vec<Wanted<'a>> {
        let rules = &self.inventory().smoke;
        let own = target.url.as_ref().map(|_| Wanted {
            name: "url",
            kind: Cow::Owned(SmokeKind::Http(HttpCheck::of_url(rules))),
            timeout_ms: rules.timeout_ms,
            attempts: rules.attempts,
        });
        own.into_iter().chain(service.smoke.iter().map(Wanted::of)).collect()
    }

    async fn checks(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
        wanted: Vec<Wanted<'_>>,
        until: Option<Instant>,
    ) -> Vec<CheckResult> {
        let checks = wanted.into_iter().map(|check| {
            // Many wait at once: on the heap.
            Box::pin(async move {
                let attempt = || self.attempt(service, target, live, &check);
                repeated(check.name, kind(&check.kind), check.attempts, until, attempt).await
            })
        });
        let found = futures::future::join_all(checks).await;
        found.into_iter().map(|check| self.without_secrets(check)).collect()
    }

    fn smoke_report(self, checks: Vec<CheckResult>, subject: &str, valid_s: u32, begin: Instant) -> SmokeReport {
        let count = |wanted: &dyn Fn(&CheckResult) -> bool| checks.iter().filter(|c| wanted(c)).count() as u64;
        let passed = count(&|c| c.outcome == Outcome::Pass);
        let failed = count(&|c| c.outcome == Outcome::Fail);
        let warnings = count(&|c| c.warning.is_some());
        let outcome = if failed > 0 {
            Outcome::Fail
        } else if passed == checks.len() as u64 && passed > 0 {
            Outcome::Pass
        } else {
            Outcome::Inconclusive
        };
        let mut evidence = self.evidence(EvidenceKind::Smoke, subject, outcome, valid_s);
        evidence.summary = format!("{passed} of {} smoke checks passed.", checks.len());
        if let Some(first) = checks.iter().find_map(|check| check.warning.as_ref().map(|warning| (check, warning))) {
            evidence.summary =
                format!("{} {warnings} of them with a warning: {}: {}.", evidence.summary, first.0.name, first.1);
        }
        evidence.summary.push_str(&not_passed(&checks));
        evidence.collector.push_str("run_smoke");
        evidence.counters = [
            ("wanted", checks.len() as u64),
            ("passed", passed),
            ("failed", failed),
            ("warnings", warnings),
            ("http_wanted", count(&|c| c.kind == "http")),
            ("http_passed", count(&|c| c.kind == "http" && c.outcome == Outcome::Pass)),
            ("duration_ms", u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        SmokeReport { checks, evidence }
    }

    async fn attempt(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
        check: &Wanted<'_>,
    ) -> Timed {
        let limit = millis(check.timeout_ms);
        // Most of two thousand checks wait for their turn: what is made has its own place on the heap, from then on.
        match &*check.kind {
            SmokeKind::Http(http) => http::attempt(self, target, http, limit).await,
            SmokeKind::Webhook(webhook) => webhook::attempt(self, webhook, limit).await,
            SmokeKind::Dns(dns) => {
                let _turn = self.world.pace.question(None).await;
                let found = async {
                    let found = tokio::time::timeout(limit, dns::attempt(&self.world.http.names, dns)).await;
                    found.unwrap_or_else(|_| {
                        Found::inconclusive(format!("No DNS server answered within {} ms.", check.timeout_ms))
                    })
                };
                Timed::of(found).await
            }
            SmokeKind::Database { database } => {
                let _turn = self.world.pace.work().await;
                Timed::of(Box::pin(self.check_database(database, limit))).await
            }
            SmokeKind::Mailbox { mailbox } => {
                let _turn = self.world.pace.work().await;
                Timed::of(Box::pin(mailbox::attempt(self, mailbox, limit))).await
            }
            SmokeKind::Script { script } => {
                let _turn = self.world.pace.work().await;
                let found = async {
                    let found = script::attempt(self, service, script, live, limit).await;
                    found.unwrap_or_else(|error| Found::error(&error))
                };
                Timed::of(Box::pin(found)).await
            }
        }
    }

    async fn check_database(&self, database: &DatabaseName, limit: Duration) -> Found {
        match tokio::time::timeout(limit, self.database_identity(database)).await {
            Ok(Ok(identity)) => Found::pass(format!("DB connection successful to {database} ✓ ({})", identity.engine)),
            Ok(Err(error)) => Found { settled: refuses_login(&error), ..Found::error(&error) },
            Err(_) => Found::fail(format!("{database} did not answer within {} ms.", limit.as_millis())),
        }
    }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

/// Makes a check until it passes, is settled, or has had its attempts or its time.
async fn repeated<F: Future<Output = Timed>>(
    name: &str,
    kind: &'static str,
    attempts: u32,
    until: Option<Instant>,
    attempt: impl Fn() -> F,
) -> CheckResult {
    let mut earlier: Vec<Attempt> = Vec::new();
    let made = async {
        loop {
            let Timed { found, time_ms } = attempt().await;
            let made = u32::try_from(earlier.len()).unwrap_or(u32::MAX).saturating_add(1);
            if found.passed() || found.settled || made >= attempts {
                return Timed { found, time_ms };
            }
            earlier.push(Attempt { detail: found.detail, time_ms });
            tokio::time::sleep(PAUSE * made).await;
        }
    };
    let last = match until {
        None => made.await,
        Some(until) => timeout_at(until, made).await.unwrap_or_else(|_| {
            Found::inconclusive("No answer yet when the time of this call was over.".to_owned()).at_once()
        }),
    };
    let Timed { found, time_ms } = last;
    CheckResult {
        name: name.to_owned(),
        kind,
        outcome: found.outcome,
        detail: found.detail,
        warning: found.warning,
        status: found.status,
        time_ms,
        earlier,
        untrusted_text: found.untrusted_text,
    }
}

/// A check of the inventory, or the one of the target's own URL.
struct Wanted<'a> {
    name: &'a str,
    kind: Cow<'a, SmokeKind>,
    timeout_ms: u32,
    attempts: u32,
}

impl<'a> Wanted<'a> {
    fn of(check: &'a SmokeCheck) -> Self {
        Self {
            name: check.name.as_str(),
            kind: Cow::Borrowed(&check.kind),
            timeout_ms: check.timeout_ms,
            attempts: check.attempts,
        }
    }
}

/// What an attempt found, and how long it took since it was its turn, ms.
struct Timed {
    found: Found,
    time_ms: u64,
}

impl Timed {
    async fn of(found: impl Future<Output = Found>) -> Self {
        let begin = Instant::now();
        let found = found.await;
        Self { found, time_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX) }
    }
}

/// What an attempt found.
struct Found {
    outcome: Outcome,
    detail: String,
    warning: Option<String>,
    status: Option<u16>,
    untrusted_text: Option<String>,
    /// Whether another attempt would end the same way, or do harm.
    settled: bool,
}

impl Found {
    fn new(outcome: Outcome, detail: String) -> Self {
        Self { outcome, detail, warning: None, status: None, untrusted_text: None, settled: false }
    }
    fn pass(detail: String) -> Self {
        Self::new(Outcome::Pass, detail)
    }
    fn fail(detail: String) -> Self {
        Self::new(Outcome::Fail, detail)
    }
    fn inconclusive(detail: String) -> Self {
        Self::new(Outcome::Inconclusive, detail)
    }
    fn error(error: &WorldError) -> Self {
        let detail = format!("Could not {}: {}.", error.doing, error.problem);
        if is_of_the_way(error) { Self::inconclusive(detail) } else { Self::fail(detail) }
    }
    fn passed(&self) -> bool {
        self.outcome == Outcome::Pass
    }
    /// Found without asking anybody.
    fn at_once(self) -> Timed {
        Timed { found: self, time_ms: 0 }
    }
}

/// Whether a failure says nothing about the service: this build cannot ask it, or the way to it is closed.
fn is_of_the_way(error: &WorldError) -> bool {
    matches!(
        error.code,
        Code::Unsupported
            | Code::HostUnreachable
            | Code::ConnectionLost
            | Code::HostKeyMismatch
            | Code::HostKeyUnknown
            | Code::Forbidden
    )
}

/// Which checks did not pass and why, in our words: whoever reads the summary alone knows where to look.
fn not_passed(checks: &[CheckResult]) -> String {
    let bad: Vec<&CheckResult> = checks.iter().filter(|check| check.outcome != Outcome::Pass).collect();
    let named = bad.iter().take(NAMED).map(|check| format!(" {}: {}", check.name, check.detail));
    let more = bad.len().saturating_sub(NAMED);
    named.chain((more > 0).then(|| format!(" And {more} more."))).collect()
}

fn kind(kind: &SmokeKind) -> &'static str {
    match kind {
        SmokeKind::Http(_) => "http",
        SmokeKind::Dns(_) => "dns",
        SmokeKind::Webhook(_) => "webhook",
        SmokeKind::Database { .. } => "database",
        SmokeKind::Mailbox { .. } => "mailbox",
        SmokeKind::Script { .. } => "script",
    }
}
