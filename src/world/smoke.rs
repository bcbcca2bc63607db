//! Smoke checks: is the service there, seen from outside?

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::StreamExt;
use url::Url;

use super::{
    Reader, WorldError,
    database::refuses_login,
    http::HttpRequest,
    mail::Fault,
    process::{self, Environment, Invocation},
    scripts::{Placeholders, argv},
};
use crate::domain::{
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::{OnCancel, Script, Service, SmokeCheck, SmokeKind, Target},
    name::MailboxName,
    refusal::Code,
    step::ScriptCall,
};

/// How many checks of a service run at once.
const AT_ONCE: usize = 16;
/// The pause before the second attempt; each further one is longer by as much.
const PAUSE: Duration = Duration::from_millis(250);
/// The attempts at a target's own URL, which may need a moment after a switch, and at a mailbox by itself.
const OWN_ATTEMPTS: u32 = 3;
/// How long each may take to answer, ms.
const OWN_TIMEOUT_MS: u32 = 10_000;
/// How much of a check's output is kept, bytes.
const OUTPUT: usize = 4 * 1024;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// Its name; `url` is the check of the target's own URL.
    pub name: String,
    /// `http`, `database`, `mailbox` or `script`.
    pub kind: &'static str,
    /// `Inconclusive` when it could not be made.
    pub outcome: Outcome,
    /// One sentence.
    pub detail: String,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// How long the last attempt took, ms.
    pub time_ms: u64,
    /// How many attempts were made.
    pub attempts: u32,
    /// Some headers of the answer, when there was one; others wrote them.
    pub headers: BTreeMap<String, String>,
    /// What the check's script or page wrote, when it failed; others wrote it.
    pub untrusted_text: Option<String>,
}

/// What all checks of a service found.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeReport {
    /// The checks, in the order of the inventory.
    pub checks: Vec<CheckResult>,
    /// What they prove. Counters: `wanted`, `passed`, `failed`, `http_wanted`, `http_passed`, `duration_ms`.
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
        let checks = self.checks(service, target, live, Wanted::of_all(service, target)).await;
        let count = |wanted: &dyn Fn(&CheckResult) -> bool| checks.iter().filter(|c| wanted(c)).count() as u64;
        let passed = count(&|c| c.outcome == Outcome::Pass);
        let failed = count(&|c| c.outcome == Outcome::Fail);
        let outcome = if failed > 0 {
            Outcome::Fail
        } else if passed == checks.len() as u64 && passed > 0 {
            Outcome::Pass
        } else {
            Outcome::Inconclusive
        };
        let mut evidence = self.evidence(EvidenceKind::Smoke, subject, outcome, valid_s);
        evidence.summary = format!("{passed} of {} smoke checks passed.", checks.len());
        evidence.collector.push_str("run_smoke");
        evidence.counters = [
            ("wanted", checks.len() as u64),
            ("passed", passed),
            ("failed", failed),
            ("http_wanted", count(&|c| c.kind == "http")),
            ("http_passed", count(&|c| c.kind == "http" && c.outcome == Outcome::Pass)),
            ("duration_ms", u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        Ok(SmokeReport { checks, evidence })
    }

    /// Makes every check of a service once: how it answers now, without another chance.
    pub async fn smoke_once(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
    ) -> Vec<CheckResult> {
        let mut wanted = Wanted::of_all(service, target);
        for check in &mut wanted {
            check.attempts = 1;
        }
        self.checks(service, target, live, wanted).await
    }

    async fn checks(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
        wanted: Vec<Wanted<'_>>,
    ) -> Vec<CheckResult> {
        let checks: Vec<_> = wanted.into_iter().map(|check| self.check(service, target, live, check)).collect();
        futures::stream::iter(checks).buffered(AT_ONCE).collect().await
    }

    /// Logs in to a mailbox of the inventory, with the attempts that a target's own URL has.
    pub async fn smoke_mailbox(&self, mailbox: &MailboxName) -> CheckResult {
        let attempt = || self.check_mailbox(mailbox, OWN_TIMEOUT_MS);
        repeated(mailbox.as_str(), "mailbox", OWN_ATTEMPTS, attempt).await
    }

    async fn check(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
        check: Wanted<'_>,
    ) -> CheckResult {
        let attempt = || self.attempt(service, target, live, &check);
        repeated(check.name, kind(&check.kind), check.attempts, attempt).await
    }

    async fn attempt(
        &self,
        service: &Service,
        target: &Target,
        live: Option<&Placeholders>,
        check: &Wanted<'_>,
    ) -> Found {
        match &check.kind {
            SmokeKind::Http { path, status, contains, through_host } => {
                let asked = Asked {
                    path,
                    contains: contains.clone(),
                    timeout: Duration::from_millis(u64::from(check.timeout_ms)),
                    through_host: through_host.unwrap_or(target.through_host),
                };
                self.check_http(target, asked, *status).await
            }
            SmokeKind::Database { database } => {
                let wait = Duration::from_millis(u64::from(check.timeout_ms));
                match tokio::time::timeout(wait, self.database_identity(database)).await {
                    Ok(Ok(identity)) => {
                        Found::pass(format!("DB connection successful to {database} ✓ ({})", identity.engine))
                    }
                    Ok(Err(error)) => Found { settled: refuses_login(&error), ..Found::error(&error) },
                    Err(_) => Found::fail(format!("{database} did not answer within {} ms.", check.timeout_ms)),
                }
            }
            SmokeKind::Mailbox { mailbox } => self.check_mailbox(mailbox, check.timeout_ms).await,
            SmokeKind::Script { script } => self
                .check_script(service, script, live, check.timeout_ms)
                .await
                .unwrap_or_else(|error| Found::error(&error)),
        }
    }

    async fn check_mailbox(&self, name: &MailboxName, timeout_ms: u32) -> Found {
        let Ok(mailbox) = self.inventory().mailbox(name) else {
            return Found::inconclusive(format!("Mailbox {name} is not in the inventory."));
        };
        let found = match self.log_in_to_mailbox(mailbox, Duration::from_millis(u64::from(timeout_ms))).await {
            Ok(found) => found,
            Err(error) => return Found::error(&error),
        };
        let says_nothing = |fault: &Fault| match fault {
            Fault::Way(error) => is_of_the_way(error),
            fault => matches!(fault, Fault::Later(_)),
        };
        let outcome = if found.lacks_alias() || found.faults().any(|fault| !says_nothing(fault)) {
            Outcome::Fail
        } else if found.faults().next().is_some() {
            Outcome::Inconclusive
        } else {
            Outcome::Pass
        };
        let settled = !found.faults().any(Fault::may_pass);
        Found { settled, untrusted_text: found.said(), ..Found::new(outcome, format!("{}.", found.describe())) }
    }

    async fn check_http(&self, target: &Target, asked: Asked<'_>, wanted: u16) -> Found {
        let Some(base) = &target.url else {
            return Found::inconclusive("The target has no URL; set url in deploy-ops.toml.".to_owned());
        };
        let request = HttpRequest {
            url: below(base, asked.path),
            timeout: asked.timeout,
            contains: asked.contains,
            follow: !(300..400).contains(&wanted),
            through: asked.through_host.then(|| target.host.clone()),
        };
        let from = request.through.as_ref().map_or_else(String::new, |host| format!(" through host {host}"));
        match self.http_check(&request).await {
            Err(error) if is_of_the_way(&error) => Found::inconclusive(format!("Not asked{from}: {}.", error.problem)),
            Err(error) => Found::fail(format!("No answer{from}: {}.", error.problem)),
            Ok(answer) => {
                let found = match answer.contains {
                    _ if answer.status != wanted && answer.redirects_away => {
                        Found::fail(format!("HTTP {}{from} to another host, wanted {wanted}.", answer.status))
                    }
                    _ if answer.status != wanted => {
                        Found::fail(format!("HTTP {}{from}, wanted {wanted}.", answer.status))
                    }
                    Some(false) => Found::fail(format!("HTTP {wanted}{from}, but the wanted text is missing.")),
                    _ => Found::pass(format!("HTTP {wanted}{from} in {} ms.", answer.time_ms)),
                };
                let body = answer.body.get(..answer.body.len().min(OUTPUT)).unwrap_or_default();
                let text = (found.outcome != Outcome::Pass).then(|| String::from_utf8_lossy(body).into_owned());
                Found { status: Some(answer.status), headers: answer.headers, untrusted_text: text, ..found }
            }
        }
    }

    /// The exit code decides, whatever the script prints. It gets no secret.
    async fn check_script(
        &self,
        service: &Service,
        script: &Script,
        live: Option<&Placeholders>,
        timeout_ms: u32,
    ) -> Result<Found, WorldError> {
        let Some(live) = live else {
            return Ok(Found::inconclusive("It is not known which commit is live.".to_owned()));
        };
        let file = self.file_at(service, &live.commit, &script.path).await?.ok_or_else(|| {
            WorldError::new(
                Code::NotFound,
                format!("run {}", script.path),
                "the live commit does not hold it",
                "Correct the path of the check in deploy-ops.toml.",
            )
        })?;
        let scratch = self.scratch("smoke-")?;
        let export = scratch.path().join("export");
        self.export_to(service, &live.commit, None, &export).await?;
        let call = ScriptCall {
            path: script.path.clone(),
            commit: live.commit.clone(),
            digest: file.digest,
            interpreter: file.interpreter(),
            arguments: live.fill(&script.arguments),
            environment: script.environment.clone(),
            secrets: Vec::new(),
            timeout_s: script.timeout_s,
            host: None,
            on_cancel: OnCancel::Wait,
        };
        let place = self.place_script(service, &call, &export, "smoke").await?;
        let limit = Duration::from_secs(u64::from(script.timeout_s)).min(Duration::from_millis(u64::from(timeout_ms)));
        let mut invocation = Invocation::of(&argv(&call, &place), &export, limit)?;
        invocation.environment = Environment::default().declare(&script.environment);
        let run = process::run(invocation).await?;
        Ok(if run.ending.is_success() {
            Found::pass(format!("{} ended with exit code 0.", script.path))
        } else {
            let found = Found::fail(format!("{} ended by {}.", script.path, run.ending.describe()));
            Found { untrusted_text: Some(run.output.last(OUTPUT)), ..found }
        })
    }
}

/// Makes a check until it passes, is settled, or has had its attempts.
async fn repeated<F: Future<Output = Found>>(
    name: &str,
    kind: &'static str,
    attempts: u32,
    attempt: impl Fn() -> F,
) -> CheckResult {
    let mut made = 0;
    loop {
        made += 1;
        let begin = Instant::now();
        let found = attempt().await;
        if found.outcome == Outcome::Pass || found.settled || made >= attempts {
            return CheckResult {
                name: name.to_owned(),
                kind,
                outcome: found.outcome,
                detail: found.detail,
                status: found.status,
                time_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
                attempts: made,
                headers: found.headers,
                untrusted_text: found.untrusted_text,
            };
        }
        tokio::time::sleep(PAUSE * made).await;
    }
}

/// A check of the inventory, or the one of the target's own URL.
struct Wanted<'a> {
    name: &'a str,
    kind: SmokeKind,
    timeout_ms: u32,
    attempts: u32,
}

impl<'a> Wanted<'a> {
    /// The check of the target's URL, and those of the inventory in their order.
    fn of_all(service: &'a Service, target: &Target) -> Vec<Self> {
        let own = target.url.as_ref().map(|_| Self {
            name: "url",
            kind: SmokeKind::Http { path: String::new(), status: 200, contains: None, through_host: None },
            timeout_ms: OWN_TIMEOUT_MS,
            attempts: OWN_ATTEMPTS,
        });
        own.into_iter().chain(service.smoke.iter().map(Self::of)).collect()
    }
    fn of(check: &'a SmokeCheck) -> Self {
        Self {
            name: check.name.as_str(),
            kind: check.kind.clone(),
            timeout_ms: check.timeout_ms,
            attempts: check.attempts,
        }
    }
}

/// What an HTTP check asks.
struct Asked<'a> {
    path: &'a str,
    contains: Option<String>,
    timeout: Duration,
    through_host: bool,
}

struct Found {
    outcome: Outcome,
    detail: String,
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    untrusted_text: Option<String>,
    /// Whether another attempt would end the same way, or do harm.
    settled: bool,
}

impl Found {
    fn new(outcome: Outcome, detail: String) -> Self {
        Self { outcome, detail, status: None, headers: BTreeMap::new(), untrusted_text: None, settled: false }
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

fn kind(kind: &SmokeKind) -> &'static str {
    match kind {
        SmokeKind::Http { .. } => "http",
        SmokeKind::Database { .. } => "database",
        SmokeKind::Mailbox { .. } => "mailbox",
        SmokeKind::Script { .. } => "script",
    }
}

/// Path and query below a URL. Nothing in `path` can change the host: it is set as path and query, never parsed as a URL.
pub(in crate::world) fn below(base: &Url, path: &str) -> Url {
    if path.is_empty() {
        return base.clone();
    }
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/')));
    url.set_query(query);
    url.set_fragment(None);
    url
}
