//! Locks: leases on a resource, with a fencing number that only grows.
//!
//! A lease that has run out does not prove that its holder has stopped; the fence does: every write that matters carries it, and
//! an older one is refused. A resource that an unfinished operation holds is therefore never given to anybody else, lease or not:
//! somebody has to take the operation over.

use serde_json::json;

use super::{Ledger, change::Note, error::LedgerError, record, seal, sql::query};
use crate::domain::{
    operation::{Operation, OperationId},
    principal::Principal,
    time::Time,
};

const WHAT: &str = "lock";

/// A lock that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The fencing number; higher than any that was given out for the resource before.
    pub fence: i64,
    /// Until when it is held without being renewed (UTC).
    pub expires_at: Time,
}

/// A lock that somebody else holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// Who: a plan or an operation.
    pub holder: String,
    /// What for.
    pub reason: String,
    /// Since when (UTC).
    pub since: Time,
    /// Until when, unless it is renewed (UTC).
    pub expires_at: Time,
}

/// Why an operation may be taken from its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The server has ended, or has let go of the operation.
    Ended,
    /// It did not renew its lease in time. It may live: then its next write is refused.
    LeaseOver,
}

type Row = (i64, Option<String>, Option<String>, String, i64, i64);

impl Ledger {
    /// Takes the lock of a resource, or says who holds it.
    pub async fn acquire(
        &self,
        resource: &str,
        holder: &str,
        reason: &str,
        now: Time,
        lease_s: u32,
    ) -> Result<Result<Lease, Busy>, LedgerError> {
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        let now = change.present(now);
        let (resource, holder, reason) = (change.redact(resource), change.redact(holder), change.redact(reason));
        let found: Option<Row> = change
            .find(
                query(
                    "SELECT fence, holder, (SELECT id FROM operations WHERE id = locks.operation AND terminal = 0), reason, since, \
                     expires_at FROM locks WHERE resource = $1",
                )
                .bind(resource.clone()),
            )
            .await?;
        let last = match found {
            Some((_, Some(holder), operation, reason, since, until))
                if operation.is_some() || now < Time::from_millis(until) =>
            {
                change.abandon().await?;
                let (since, expires_at) = (Time::from_millis(since), Time::from_millis(until));
                return Ok(Err(Busy { holder, reason, since, expires_at }));
            }
            Some((fence, ..)) => fence,
            None => 0,
        };
        let fence = last.checked_add(1).ok_or(LedgerError::Corrupt { what: WHAT })?;
        let expires_at = now.plus_s(i64::from(lease_s));
        change
            .run(
                query(
                    "INSERT INTO locks (resource, fence, holder, operation, reason, since, expires_at, entry) \
                     VALUES ($1, $2, $3, NULL, $4, $5, $6, $7) ON CONFLICT (resource) DO UPDATE SET fence = excluded.fence, \
                     holder = excluded.holder, operation = NULL, reason = excluded.reason, since = excluded.since, \
                     expires_at = excluded.expires_at, entry = excluded.entry",
                )
                .bind(resource.clone())
                .bind(fence)
                .bind(holder.clone())
                .bind(reason.clone())
                .bind(now.as_millis())
                .bind(expires_at.as_millis())
                .bind(entry),
            )
            .await?;
        let what = json!({ "resource": resource, "holder": holder, "reason": reason, "fence": fence });
        let note = Note { kind: "lock_acquired", operation: None, actor: &Principal::server(), at: Some(now), what };
        change.commit(&[&seal::LOCKS], note).await?;
        Ok(Ok(Lease { fence, expires_at }))
    }

    /// Holds the lock for another `lease_s` seconds. The only write without an entry in the chain: nothing rests on it.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] when the lock was lost.
    pub async fn renew(&self, resource: &str, fence: i64, now: Time, lease_s: u32) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        self.inner.latest.at(Some(now));
        let until = change.present(now).plus_s(i64::from(lease_s));
        let resource = change.redact(resource);
        let sql = "UPDATE locks SET expires_at = $3 WHERE resource = $1 AND fence = $2 AND holder IS NOT NULL";
        let renewed = change.run(query(sql).bind(resource).bind(fence).bind(until.as_millis())).await?;
        if renewed == 0 {
            change.abandon().await?;
            return Err(LedgerError::Fenced);
        }
        change.settle().await
    }

    /// Takes over an operation that its server has lost: a new fence for the lock and the operation, and this instance as its own.
    ///
    /// Of several that try with the same view of the operation one succeeds.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] when `operation.fence` is no longer the newest, somebody else holds the resource, or a lease that is
    /// said to be over was renewed;
    /// [`LedgerError::Ended`] when the operation has ended.
    pub async fn take_over(
        &self,
        resource: &str,
        operation: &Operation,
        loss: Loss,
        now: Time,
        lease_s: u32,
    ) -> Result<i64, LedgerError> {
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        let now = change.present(now);
        let resource = change.redact(resource);
        let id = operation.id.as_str().to_owned();
        let found: Option<(String, i64, i64)> =
            change.find(query("SELECT record, fence, terminal FROM operations WHERE id = $1").bind(id.clone())).await?;
        let mut taken: Operation = match found {
            None => return Err(LedgerError::Missing { what: "operation" }),
            Some((_, fence, _)) if fence != operation.fence => return Err(LedgerError::Fenced),
            Some((_, _, 1)) => return Err(LedgerError::Ended),
            Some((text, ..)) => record::read("operation", &text)?,
        };
        let sql = "SELECT fence, holder, operation, reason, since, expires_at FROM locks WHERE resource = $1";
        let lock: Option<Row> = change.find(query(sql).bind(resource.clone())).await?;
        let last = match lock {
            Some((_, Some(_), Some(other), ..)) if other != id => return Err(LedgerError::Fenced),
            Some((_, Some(_), operation, _, _, until))
                if (operation.is_none() || loss == Loss::LeaseOver) && now < Time::from_millis(until) =>
            {
                return Err(LedgerError::Fenced);
            }
            Some((fence, ..)) => fence,
            None => 0,
        };
        let fence = last.max(taken.fence).checked_add(1).ok_or(LedgerError::Corrupt { what: WHAT })?;
        taken.fence = fence;
        let reason = match loss {
            Loss::Ended => "taken over after its server ended",
            Loss::LeaseOver => "taken over after its lease ran out",
        };
        let text = change.record(&taken)?.text;
        let instance = self.inner.instance.as_str().to_owned();
        let sql = "UPDATE operations SET fence = $2, instance = $3, record = $4, entry = $5 WHERE id = $1";
        change.run(query(sql).bind(id.clone()).bind(fence).bind(instance).bind(text).bind(entry)).await?;
        change
            .run(
                query(
                    "INSERT INTO locks (resource, fence, holder, operation, reason, since, expires_at, entry) \
                     VALUES ($1, $2, $3, $3, $4, $5, $6, $7) ON CONFLICT (resource) DO UPDATE SET fence = excluded.fence, \
                     holder = excluded.holder, operation = excluded.operation, reason = excluded.reason, since = excluded.since, \
                     expires_at = excluded.expires_at, entry = excluded.entry",
                )
                .bind(resource.clone())
                .bind(fence)
                .bind(id)
                .bind(reason)
                .bind(now.as_millis())
                .bind(now.plus_s(i64::from(lease_s)).as_millis())
                .bind(entry),
            )
            .await?;
        let note = Note {
            kind: "operation_taken_over",
            operation: Some(&operation.id),
            actor: &Principal::server(),
            at: Some(now),
            what: json!({ "resource": resource, "fence": fence }),
        };
        change.commit(&[&seal::LOCKS, &seal::OPERATIONS], note).await?;
        Ok(fence)
    }

    /// Gives the lock back. Giving it back twice changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] when somebody with a higher fence holds it.
    pub async fn release(&self, resource: &str, fence: i64) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        let resource = change.redact(resource);
        let sql = "SELECT fence, holder, operation, reason, since, expires_at FROM locks WHERE resource = $1";
        let operation: Option<OperationId> = match change.find::<Row>(query(sql).bind(resource.clone())).await? {
            Some((newest, ..)) if newest != fence => {
                change.abandon().await?;
                return Err(LedgerError::Fenced);
            }
            None | Some((_, None, ..)) => return change.abandon().await,
            Some((_, _, operation, ..)) => operation.map(|id| record::parse(WHAT, id)).transpose()?,
        };
        let sql = "UPDATE locks SET holder = NULL, operation = NULL, entry = $3 WHERE resource = $1 AND fence = $2";
        change.run(query(sql).bind(resource.clone()).bind(fence).bind(entry)).await?;
        let note = Note {
            kind: "lock_released",
            operation: operation.as_ref(),
            actor: &Principal::server(),
            at: None,
            what: json!({ "resource": resource, "fence": fence }),
        };
        change.commit(&[&seal::LOCKS], note).await.map(drop)
    }
}
