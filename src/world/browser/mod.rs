//! Pages of the inventory, seen in a browser: as pictures, and compared with what the operator accepted.
//!
//! A picture cannot be redacted. So the page is searched before it is shown: what can be read on it by both layers of the
//! redactor, everything else in it for the values that we hold. A page in which anything is found has no picture.

mod baseline;
mod chromium;
mod compare;
mod judge;
mod keep;
mod lighthouse;
mod memory;
mod picture;
mod reach;
mod seen;
mod text;
mod version;
mod visit;
mod wire;

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

pub use baseline::{Baseline, BaselineKey};
pub(in crate::world) use keep::pictures;
pub use lighthouse::Measurement;

use super::{Reader, WorldError, smoke::below};
use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind, Outcome},
        inventory::{Page, Service, Target},
        name::{EnvironmentName, PageName, ViewportName},
        refusal::Code,
    },
    redact::Redacted,
};
use chromium::Door;

/// How long all pictures of a call may take: no call waits longer than 40 s.
const ALTOGETHER: Duration = Duration::from_secs(33);
/// How long the browser may live.
const LIFE: Duration = Duration::from_secs(36);

/// A picture in whose page the redactor found nothing.
pub type Image = Redacted<Picture>;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// PNG.
    pub png: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What can be read on it; others wrote it.
    pub text: String,
}

/// What was seen of a page in one viewport.
#[derive(Debug)]
pub struct Shot {
    /// The page.
    pub page: PageName,
    /// What it was shown on.
    pub viewport: ViewportName,
    /// `Pass` only when it is there and looks as it was accepted.
    pub outcome: Outcome,
    /// One sentence.
    pub detail: String,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// How long it took, ms.
    pub time_ms: u64,
    /// How much differs from the accepted picture, thousandths of the pixels; absent without one.
    pub changed_permille: Option<u32>,
    /// Errors of its scripts.
    pub console_errors: u64,
    /// Requests of its parts that failed.
    pub failed_requests: u64,
    /// Requests to hosts that are closed; they were not made.
    pub closed_requests: u64,
    /// What its scripts and requests told; others wrote it.
    pub untrusted_text: Option<String>,
    /// The picture; absent when there is none, or when it would show a secret.
    pub picture: Option<Image>,
    /// The picture as a chat can take it, maybe smaller.
    pub shown: Option<Image>,
    /// What was accepted, where it looks otherwise now; as `shown`.
    pub accepted: Option<Image>,
    /// What differs, in red; as `shown`.
    pub difference: Option<Image>,
}

/// What was seen of the pages of a service.
#[derive(Debug)]
pub struct Look {
    /// The pages, in the order that was asked for.
    pub shots: Vec<Shot>,
    /// What they prove. Counters: `wanted`, `passed`, `failed`, `changed_permille`, `console_errors`, `failed_requests`. The digest is that
    /// of the record of what is kept.
    pub evidence: Evidence,
}

impl Reader<'_> {
    /// Looks at pages of a service, one after another, each in its viewports.
    pub async fn look_at_pages(
        &self,
        service: &Service,
        environment: &EnvironmentName,
        target: &Target,
        wanted: &[(&Page, &ViewportName)],
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Look, WorldError> {
        let doing = format!("look at {} in {environment}", service.name);
        let url = url_of(target, &doing)?;
        let reach = self.reach_of(target, url).await?;
        let end = Instant::now() + ALTOGETHER;
        let shots = self.with_chromium(&reach, LIFE, Door::Pipe, async |wire, _| {
            let mut shots = Vec::with_capacity(wanted.len());
            for (page, viewport) in wanted {
                let begun = Instant::now();
                let size = self.inventory().browser.viewports.get(*viewport).copied();
                let patience = Duration::from_secs(u64::from(self.inventory().browser.timeout_s));
                let shot = Shot::new(page, viewport);
                let unclear = Outcome::Inconclusive;
                let mut shot = match size {
                    None => shot.ended(unclear, format!("There is no viewport {viewport}.")),
                    Some(_) if begun >= end => {
                        shot.ended(unclear, "Not looked at: no time was left; ask for fewer.".to_owned())
                    }
                    Some(size) => {
                        let limit = end.min(begun + patience);
                        let visit = visit::visit(wire, &reach, &below(url, &page.path), page, size, limit).await?;
                        let key = BaselineKey {
                            service: service.name.clone(),
                            environment: environment.clone(),
                            page: page.name.clone(),
                            viewport: (*viewport).clone(),
                        };
                        self.shot_of(shot, page, &key, visit, patience).await?
                    }
                };
                shot.time_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                progress(format!("{} on {viewport}: {}", page.name, shot.detail));
                shots.push(shot);
            }
            Ok(shots)
        });
        let shots = shots.await?;
        let subject = format!("{} in {environment}", service.name);
        let mut evidence = self.proved(&shots, &subject);
        match self.keep_look(service, environment, wanted, &shots).await {
            Ok(digest) => evidence.raw_digest = Some(digest),
            // What was seen counts all the same.
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a look at pages is not kept"),
        }
        Ok(Look { shots, evidence })
    }

    fn proved(self, shots: &[Shot], subject: &str) -> Evidence {
        let count = |wanted: Outcome| shots.iter().filter(|shot| shot.outcome == wanted).count() as u64;
        let (passed, failed) = (count(Outcome::Pass), count(Outcome::Fail));
        let outcome = if failed > 0 {
            Outcome::Fail
        } else if passed == shots.len() as u64 && passed > 0 {
            Outcome::Pass
        } else {
            Outcome::Inconclusive
        };
        let mut evidence = self.evidence(EvidenceKind::Visual, subject, outcome, 0);
        evidence.summary = format!("{passed} of {} pages look as they were accepted.", shots.len());
        evidence.collector.push_str("take_screenshot");
        evidence.counters = [
            ("wanted", shots.len() as u64),
            ("passed", passed),
            ("failed", failed),
            ("changed_permille", shots.iter().filter_map(|shot| shot.changed_permille).max().unwrap_or(0).into()),
            ("console_errors", shots.iter().map(|shot| shot.console_errors).sum()),
            ("failed_requests", shots.iter().map(|shot| shot.failed_requests).sum()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        evidence
    }
}

/// The URL of a target that a browser can look at.
fn url_of<'t>(target: &'t Target, doing: &str) -> Result<&'t Url, WorldError> {
    let refuse = |problem, fix| Err(WorldError::new(Code::Unsupported, doing, problem, fix));
    match &target.url {
        None => refuse("its target has no URL", "Set url in deploy-ops.toml."),
        Some(_) if target.through_host => refuse(
            "its URL answers only on its host, and the browser runs here",
            "Remove through_host where the URL answers from here as well.",
        ),
        Some(url) => Ok(url),
    }
}

impl Shot {
    fn new(page: &Page, viewport: &ViewportName) -> Self {
        Self {
            page: page.name.clone(),
            viewport: viewport.clone(),
            outcome: Outcome::Inconclusive,
            detail: String::new(),
            status: None,
            time_ms: 0,
            changed_permille: None,
            console_errors: 0,
            failed_requests: 0,
            closed_requests: 0,
            untrusted_text: None,
            picture: None,
            shown: None,
            accepted: None,
            difference: None,
        }
    }

    fn ended(self, outcome: Outcome, detail: String) -> Self {
        Self { outcome, detail, ..self }
    }
}
