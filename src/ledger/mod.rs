//! What happened: plans, approvals, operations, journal, evidence, locks, in one append-only, hash-chained ledger.
//!
//! Everything that is stored as text is [`Redacted`](crate::redact::Redacted), plans excepted: they hold names only, and are
//! refused when they do not.

pub mod error;

pub use error::LedgerError;

use crate::{
    domain::{
        approval::Approval,
        evidence::Evidence,
        name::{DatabaseName, EnvironmentName, ServiceName},
        operation::{AttemptState, JournalEntry, Operation, OperationId, Phase},
        plan::{Plan, PlanId},
        principal::Principal,
        release::Deployment,
        snapshot::SnapshotManifest,
        time::Time,
    },
    redact::{Redacted, Redactor},
};
