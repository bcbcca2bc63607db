//! Answers that need not be made twice.
//!
//! The answer of a tool that reads the inventory, the ledger and what was last seen of hosts stays the same while they do. It is kept as
//! it was sent, redacted, and goes with the first entry of the chain or secret that comes after it.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::MutexGuard;

use super::Reply;
use crate::ledger::Head;

/// Answers that are kept; the one that was made first makes room.
const KEPT: usize = 8;

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basis {
    /// Everything that the ledger says.
    pub(super) head: Head,
    /// How many secrets the redactor knows; it never forgets one.
    pub(super) secrets: usize,
    /// When a host was last looked at, by whatever process.
    pub(super) hosts: Option<(i64, i64)>,
}

/// The answers of the present basis.
#[derive(Debug, Default)]
pub(super) struct Memo {
    kept: Mutex<Vec<Kept>>,
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    tool: &'static str,
    arguments: Map<String, Value>,
    basis: Basis,
    reply: Arc<Reply>,
}

impl Memo {
    /// The answer to this call, when it was given before.
    pub(super) fn recall(&self, tool: &str, arguments: &Map<String, Value>, basis: Basis) -> Option<Arc<Reply>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |kept: &&Kept| kept.basis == basis && kept.tool == tool && kept.arguments == *arguments;
        kept.iter().find(same).map(|kept| kept.reply.clone())
    }

    /// The right to make an answer. Whoever waited for it looks again first: many who ask at once are given one answer.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.making.lock().await
    }

    /// Keeps an answer, and shares it with whoever made it.
    pub(super) fn keep(
        &self,
        tool: &'static str,
        arguments: Map<String, Value>,
        basis: Basis,
        reply: Reply,
    ) -> Arc<Reply> {
        let reply = Arc::new(reply);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.basis == basis);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(Kept { tool, arguments, basis, reply: reply.clone() });
        reply
    }
}
