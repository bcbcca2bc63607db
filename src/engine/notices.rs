//! Telling channels of an operation by itself, where its environment says so. Nothing waits for it.
//!
//! The ledger is the outbox: a notice is an entry before the operation goes on, and another one when somebody took it. What stands between
//! the two is owed, whatever becomes of this process or of the channel, and goes out under the same key again. A channel hears of one
//! thing after another; while it is down it is left alone for longer and longer.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures::{FutureExt, future::join_all};
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use super::{
    Engine, Point,
    journal::Run,
    outbox::{IDLE, Keeper, OWED_S, SOON, last_words, rest_while_away},
};
use crate::{
    domain::{
        facts::Facts,
        inventory::{Channel, Event},
        name::ChannelName,
        notice::Notify,
        operation::{Operation, OperationId, Phase},
        plan::{Draft, Purpose},
        principal::Principal,
        refusal::{Code, Refusal},
        step::Step,
        time::Time,
    },
    ledger::{Ledger, LedgerError, Noticed, OwedNotice},
    policy::Permit,
    tools::Proposal,
    world::instance::{self, Fate},
};

/// How long a notice is tried that a channel does not take, s.
const TRIED_S: u64 = 24 * 60 * 60;
/// How long a notice is left to the server that owes it, where nobody can see whether that one runs, s.
const LEFT_S: u64 = 60;

/// What the engine remembers of notices.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    keeper: Keeper,
    /// Channels that are left alone.
    rests: Mutex<HashMap<ChannelName, Rest>>,
}

/// A channel that did not take what it was sent.
#[derive(Debug, Clone, Copy)]
struct Rest {
    /// How often in a row.
    times: u32,
    until: Instant,
}

/// What came of telling a channel.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// Everything that it was owed has an end.
    All,
    /// It does not take anything now.
    Away,
    /// The operator has halted all changes.
    Halted,
}

impl Run<'_> {
    /// Makes durable that every channel is owed the news of `event`.
    pub(super) async fn tell_channels(&self, operation: &Operation, event: Event) -> Result<(), LedgerError> {
        let channels = self.channels(event);
        if channels.is_empty() {
            return Ok(());
        }
        let known = self.ledger.notices(&operation.id).await?;
        for channel in channels {
            let notice = Notify::new(channel, operation, event, None);
            if known.iter().any(|kept| kept.notice.is_same(&notice)) {
                continue;
            }
            match self.engine.note(self.ledger, Noticed::Owed.kind(), operation, notice.owed()).await {
                // An operation comes to its end, whoever hears of it.
                Err(error) if error.is_refusal() => {
                    tracing::error!(operation = %operation.id, channel = %channel.name, "a notice is not stored: {error}");
                }
                stored => stored?,
            }
        }
        self.engine.0.notifier.keeper.news();
        Ok(())
    }

    /// The channels that the plan's environment tells of an event of its deployments and rollbacks.
    fn channels(&self, event: Event) -> Vec<&Channel> {
        let (body, inventory) = (self.permit.plan().body(), self.engine.inventory());
        if !body.purpose.changes_service() {
            return Vec::new();
        }
        let telling = inventory.environments.get(&body.environment).map(|environment| environment.notify.as_slice());
        let telling = telling.unwrap_or_default();
        let wants =
            |channel: &&Channel| telling.iter().any(|one| one.channel == channel.name && one.on.contains(&event));
        inventory.channels.values().filter(wants).collect()
    }
}

impl Engine {
    fn notifies(&self) -> bool {
        let told = self.inventory().environments.values().any(|environment| !environment.notify.is_empty());
        told && !self.0.options.read_only && !self.0.options.look_only
    }

    /// Sends what is owed, again and again, for as long as there is an engine.
    pub(super) fn keep_notifying(&self) {
        if self.notifies() {
            self.0.notifier.keeper.keep(self, |engine| async move { engine.notify_all(false).await }.boxed());
        }
    }

    /// Before this process ends, what is owed is tried once more.
    pub(super) async fn last_notices(&self) {
        if self.0.ledger.get().is_some() && self.notifies() {
            last_words(self.notify_all(true)).await;
        }
    }

    /// Sends what is owed and due; how long until something may be due again. `at_once` also to channels that are left alone.
    async fn notify_all(&self, at_once: bool) -> Duration {
        let mut rests = self.0.notifier.rests.lock().await;
        // On the heap: the compiler cannot lay out a future of such depth.
        match self.notify_each(&mut rests, at_once).boxed().await {
            Ok(wait) => wait,
            Err(refusal) => {
                tracing::warn!("what channels are owed waits: {}", refusal.message);
                SOON
            }
        }
    }

    async fn notify_each(&self, rests: &mut HashMap<ChannelName, Rest>, at_once: bool) -> Result<Duration, Refusal> {
        let ledger = self.ledger().await?;
        let now = self.world().now();
        let mut due: BTreeMap<ChannelName, Vec<OwedNotice>> = BTreeMap::new();
        for owed in ledger.owed_notices(now.plus_s(-OWED_S)).await? {
            if is_ours(&owed, ledger.is_shared(), now) {
                due.entry(owed.kept.notice.channel.clone()).or_default().push(owed);
            }
        }
        rests.retain(|channel, _| due.contains_key(channel));
        let begun = Instant::now();
        let left = |channel: &ChannelName| rests.get(channel).filter(|rest| rest.until > begun && !at_once);
        let mut wait = due.keys().filter_map(left).map(|rest| rest.until - begun).fold(IDLE, Duration::min);
        let rested: Vec<ChannelName> = due.keys().filter(|channel| left(channel).is_some()).cloned().collect();
        due.retain(|channel, _| !rested.contains(channel));
        let telling = due.into_iter().map(async |(channel, owed)| (channel, self.notify_channel(ledger, owed).await));
        for (channel, told) in join_all(telling).await {
            match told? {
                Told::All => drop(rests.remove(&channel)),
                Told::Halted => wait = wait.min(SOON),
                Told::Away => {
                    let times = rests.get(&channel).map_or(1, |rest| rest.times.saturating_add(1));
                    let rest = rest_while_away(times);
                    rests.insert(channel, Rest { times, until: Instant::now() + rest });
                    wait = wait.min(rest);
                }
            }
        }
        Ok(wait)
    }

    /// Sends a channel what it is owed, one after the other, until it takes no more.
    async fn notify_channel(&self, ledger: &Ledger, owed: Vec<OwedNotice>) -> Result<Told, Refusal> {
        for one in owed {
            let (operation, notice) = (&one.operation, &one.kept.notice);
            let permit = match self.permit_to_notify(ledger, operation, notice).await {
                Err(refusal) if refusal.code == Code::Halted => return Ok(Told::Halted),
                other => other?,
            };
            let hooks = &self.0.hooks;
            hooks.at(Phase::Do, 0, Step::Notify(notice.clone()).name(), Point::AfterIntent);
            let sent = self.world().notify(&permit, notice).await;
            hooks.at(Phase::Do, 0, Step::Notify(notice.clone()).name(), Point::AfterEffect);
            let too_long = self.world().now().seconds_since(one.kept.since) > TRIED_S;
            let mut what = notice.named();
            let noticed = match &sent {
                Ok(attempt) => {
                    what.insert("attempt".to_owned(), json!(attempt));
                    Noticed::Told
                }
                Err(undelivered) => {
                    what.insert("why".to_owned(), json!(undelivered.error.problem));
                    if undelivered.passes && !too_long { Noticed::Tried } else { Noticed::GivenUp }
                }
            };
            self.note(ledger, noticed.kind(), operation, what.into()).await?;
            if noticed == Noticed::Tried {
                return Ok(Told::Away);
            }
        }
        Ok(Told::All)
    }

    /// The right to send it: a plan of the server's own, judged like any other.
    async fn permit_to_notify(
        &self,
        ledger: &Ledger,
        operation: &Operation,
        notice: &Notify,
    ) -> Result<Permit, Refusal> {
        let mut facts = Facts::default();
        facts.set("channel", notice.channel.as_str());
        let draft = Draft {
            purpose: Purpose::Notice,
            service: operation.service.clone(),
            environment: operation.environment.clone(),
            revision: None,
            facts,
            requirements: Vec::new(),
            steps: vec![Step::Notify(notice.clone())],
            rollback: None,
            warnings: Vec::new(),
        };
        let plan = self.seal(&Proposal { draft, evidence: Vec::new(), untrusted_text: None }, &Principal::server())?;
        self.permit_to_tell(ledger, operation, plan, operation.fence).await
    }

    /// How far channels were told of an operation, a sentence for each notice.
    pub(super) async fn noticed(&self, ledger: &Ledger, id: &OperationId) -> Result<Vec<String>, LedgerError> {
        let notices = ledger.notices(id).await?;
        Ok(notices.iter().map(|kept| in_words(&kept.notice, kept.noticed, &kept.last)).collect())
    }

    /// What channels are still owed about operations of the last days; for `doctor`.
    pub async fn unnoticed(&self, now: Time) -> Result<Vec<(OperationId, String)>, Refusal> {
        let owed = self.ledger().await?.owed_notices(now.plus_s(-OWED_S)).await?;
        let words = |owed: &OwedNotice| in_words(&owed.kept.notice, owed.kept.noticed, &owed.kept.last);
        Ok(owed.iter().map(|owed| (owed.operation.id.clone(), words(owed))).collect())
    }
}

/// Whether it is for this server to send it: its own, or that of one that has ended.
fn is_ours(owed: &OwedNotice, shared: bool, now: Time) -> bool {
    let by = owed.by.as_str();
    by == instance::current()
        || match instance::fate(by) {
            Fate::Ended => true,
            Fate::Elsewhere => !shared || now.seconds_since(owed.kept.since) > LEFT_S,
            Fate::Running => false,
        }
}

fn in_words(notice: &Notify, noticed: Noticed, last: &serde_json::Value) -> String {
    let why = last.get("why").and_then(serde_json::Value::as_str).unwrap_or_default();
    let what = format!("tell channel {}: {}", notice.channel, notice.about());
    match noticed {
        Noticed::Owed => format!("{what}: not told yet"),
        Noticed::Tried => format!("{what}: not told yet: {why}"),
        Noticed::Told => match last.get("attempt").and_then(serde_json::Value::as_u64) {
            Some(attempt) if attempt > 1 => format!("{what}: told at attempt {attempt}"),
            _ => format!("{what}: told"),
        },
        Noticed::GivenUp => format!("{what}: given up: {why}"),
    }
}
