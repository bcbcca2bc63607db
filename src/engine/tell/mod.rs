//! Telling GitHub, without being asked, how operations go.
//!
//! The ledger is the outbox: an operation that is to be told gets an entry before its first step, and another one when everything
//! is said. What stands between the two is owed, whatever becomes of this process or of GitHub. One walk through it: [`keep_telling`]
//! looks for what is owed; [`draft`] makes a plan of it, as a tool would; [`say`] runs its steps under the lock of the service's issues,
//! inside a permit of the policy; [`owed`] says, without reading anything, what is wanted and when the next attempt is.
//!
//! Nothing waits for it: an operation goes on and ends as if nobody were told.
//!
//! [`keep_telling`]: Engine::keep_telling

mod draft;
mod owed;
mod say;

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use futures::FutureExt;
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use super::{
    Engine,
    outbox::{IDLE, Keeper, OWED_S, SOON, last_words, rest_while_away},
};
use crate::{
    domain::{
        inventory::{GitHubAccess, Service},
        operation::{Operation, OperationId, OperationKind},
        refusal::Refusal,
        time::Time,
    },
    ledger::{Ledger, LedgerError, Telling},
};
use say::Outcome;

pub(super) use say::REASON;

/// What the engine remembers of telling.
#[derive(Debug, Default)]
pub(super) struct Teller {
    keeper: Keeper,
    memory: Mutex<Memory>,
}

/// What need not outlive the process: after a restart everything is tried once more.
#[derive(Debug, Default)]
struct Memory {
    operations: HashMap<OperationId, Remembered>,
    /// Attempts in a row that found GitHub away.
    away: u32,
    /// Until when nobody is asked because of that.
    rest: Option<Instant>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// When it was told last, and what it was about then.
    said: Option<(Instant, String)>,
    /// What GitHub refused while it ran: that is tried again at its end.
    refused: BTreeSet<&'static str>,
    /// Until when it is left alone after a refusal.
    rest: Option<Instant>,
}

/// An operation that GitHub is owed something about.
#[derive(Debug)]
struct Owed<'e> {
    operation: Operation,
    service: &'e Service,
    /// How often its last words were refused.
    refusals: u64,
    /// What can be said, in short.
    about: String,
    /// How long it is left alone; nothing when it is due.
    later: Option<Duration>,
}

impl Owed<'_> {
    fn ended(&self) -> bool {
        self.operation.state.is_terminal()
    }

    fn is_beside(&self, other: &Self) -> bool {
        let place = |one: &Self| (one.operation.service.clone(), one.operation.environment.clone());
        place(self) == place(other)
    }
}

impl Remembered {
    /// What was said or refused, and how long the rest of it is left alone.
    fn remember(&mut self, outcome: Outcome, one: &Owed<'_>) -> Duration {
        self.said = Some((Instant::now(), one.about.clone()));
        let Outcome::Refused { parts, times } = outcome else { return IDLE };
        self.refused.extend(parts);
        if !one.ended() {
            return IDLE;
        }
        let rest = owed::rest_after_refusal(times);
        self.rest = Some(Instant::now() + rest);
        rest
    }
}

impl Teller {
    /// Something happened that may have to be told. Never waits.
    pub(super) fn news(&self) {
        self.keeper.news();
    }
}

impl Engine {
    /// How GitHub is reached, when any environment is told.
    fn tells(&self) -> Option<&GitHubAccess> {
        let access = self.inventory().github.as_ref()?;
        (!access.tell.is_empty() && !self.0.options.read_only && !self.0.options.look_only).then_some(access)
    }

    /// The service whose repository is told of an operation.
    fn told_about(&self, operation: &Operation) -> Option<&Service> {
        let kind = matches!(operation.kind, OperationKind::Deploy | OperationKind::Rollback);
        let told = kind && self.tells()?.tell.contains(&operation.environment);
        let service = self.inventory().services.get(operation.service.as_ref().filter(|_| told)?)?;
        service.github.is_some().then_some(service)
    }

    /// Makes durable that an operation is to be told, before its first step.
    pub(super) async fn owe(&self, ledger: &Ledger, operation: &Operation) -> Result<(), LedgerError> {
        if self.told_about(operation).is_none() || ledger.telling(&operation.id).await?.is_some() {
            return Ok(());
        }
        self.note(ledger, Telling::Owed.kind(), operation, json!({})).await?;
        self.0.teller.news();
        Ok(())
    }

    /// Tells what is owed, again and again, for as long as there is an engine.
    pub(super) fn keep_telling(&self) {
        if self.tells().is_some() {
            self.0.teller.keeper.keep(self, |engine| async move { engine.tell_all(false).await }.boxed());
        }
    }

    /// The last words before this process ends: what is owed is tried once more.
    pub(super) async fn last_words(&self) {
        if self.0.ledger.get().is_some() && self.tells().is_some() {
            last_words(self.tell_all(true)).await;
        }
    }

    /// Tells what is owed and due; how long until something may be due again. `at_once` also when GitHub was away lately.
    async fn tell_all(&self, at_once: bool) -> Duration {
        let mut memory = self.0.teller.memory.lock().await;
        let now = Instant::now();
        if let Some(rest) = memory.rest.filter(|rest| *rest > now && !at_once) {
            return rest - now;
        }
        // On the heap: the compiler cannot lay out a future of such depth.
        match self.tell_each(&mut memory).boxed().await {
            Ok(wait) => wait,
            Err(refusal) => {
                tracing::warn!("what GitHub is owed waits: {}", refusal.message);
                SOON
            }
        }
    }

    async fn tell_each(&self, memory: &mut Memory) -> Result<Duration, Refusal> {
        let ledger = self.ledger().await?;
        let untold = ledger.untold(self.world().now().plus_s(-OWED_S)).await?;
        memory.operations.retain(|id, _| untold.iter().any(|(operation, ..)| operation.id == *id));
        let mut owed = Vec::new();
        for (operation, telling, last) in untold {
            let Some(service) = self.told_about(&operation).filter(|_| telling != Telling::GivenUp) else { continue };
            let ended = operation.state.is_terminal();
            // What runs is told by the server that runs it.
            if !ended && self.0.live.get(&operation.id).is_none() {
                continue;
            }
            let about = draft::standing(ledger, &operation).await?;
            let known = memory.operations.entry(operation.id.clone()).or_default();
            let later = self.not_yet(known, ended, &about);
            owed.push(Owed { operation, service, refusals: owed::refusals(&last), about, later });
        }
        let mut wait = IDLE;
        for at in 0..owed.len() {
            let Some((one, newer)) = owed.get(at..).and_then(<[_]>::split_first) else { break };
            // Oldest first, and with each operation what was refused before it: an incident has to be open to be closed.
            let due = |newer: &Owed<'_>| newer.ended() && newer.later.is_none() && newer.is_beside(one);
            let goes_along = one.ended() && newer.iter().any(due);
            if let Some(later) = one.later.filter(|_| !goes_along) {
                wait = wait.min(later);
                continue;
            }
            let known = memory.operations.entry(one.operation.id.clone()).or_default();
            match self.tell_one(ledger, one, known).boxed().await {
                Ok(Outcome::Busy) => wait = wait.min(SOON),
                Ok(Outcome::Away) => {
                    // The others would find the same.
                    memory.away += 1;
                    let rest = rest_while_away(memory.away);
                    memory.rest = Some(Instant::now() + rest);
                    return Ok(rest);
                }
                Ok(outcome) => {
                    memory.away = 0;
                    wait = wait.min(known.remember(outcome, one));
                }
                Err(refusal) => {
                    // A defect of one operation, or the ledger: the others are not kept from being told.
                    tracing::warn!(operation = %one.operation.id, "GitHub is not told: {}", refusal.message);
                    known.rest = Some(Instant::now() + IDLE);
                }
            }
        }
        Ok(wait)
    }

    async fn tell_one(&self, ledger: &Ledger, one: &Owed<'_>, known: &Remembered) -> Result<Outcome, Refusal> {
        let mut parts = draft::parts(self, ledger, &one.operation, one.service).await?;
        parts.retain(|part| one.ended() || !known.refused.contains(part.name));
        self.say(ledger, &one.operation, one.service, parts, one.refusals).await
    }

    /// How long an operation is left alone; nothing when it is due.
    fn not_yet(&self, known: &Remembered, ended: bool, about: &str) -> Option<Duration> {
        let now = Instant::now();
        if let Some(rest) = known.rest.filter(|rest| *rest > now) {
            return Some(rest - now);
        }
        // The last state is always told, and at once.
        let (at, last) = known.said.as_ref().filter(|_| !ended)?;
        let every = Duration::from_secs(u64::from(self.tells()?.tell_every_s));
        if last == about { Some(IDLE) } else { every.checked_sub(at.elapsed()).filter(|left| !left.is_zero()) }
    }

    /// How far GitHub was told of an operation, in a sentence; nothing where it is not to be told.
    pub(super) async fn told(&self, ledger: &Ledger, operation: &Operation) -> Result<Option<String>, LedgerError> {
        if !matches!(operation.kind, OperationKind::Deploy | OperationKind::Rollback) {
            return Ok(None);
        }
        Ok(ledger.telling(&operation.id).await?.map(|(telling, last)| owed::in_words(telling, &last)))
    }

    /// The operations that GitHub was not told all about lately, each with how far it was; for `doctor`.
    pub async fn untold(&self, now: Time) -> Result<Vec<(OperationId, String)>, Refusal> {
        let untold = self.ledger().await?.untold(now.plus_s(-OWED_S)).await?;
        let ended = untold.into_iter().filter(|(operation, ..)| operation.state.is_terminal());
        Ok(ended.map(|(operation, telling, last)| (operation.id, owed::in_words(telling, &last))).collect())
    }
}
