//! How the operator has set up the engine.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    domain::{effect::Effect, name::SecretName},
    ledger::Location,
    tools::Tool,
};

/// Switches of the engine. None of them can be changed by a client.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the ledger is, without the password of its server.
    pub state: Location,
    /// The secret that holds the password.
    pub state_password: Option<SecretName>,
    /// Refuse every tool that is not `Observe`.
    pub read_only: bool,
    /// Only tools of these groups; empty means all.
    pub toolsets: BTreeSet<String>,
    /// Only these tools; empty means all.
    pub tools: BTreeSet<String>,
    /// Not these tools.
    pub exclude_tools: BTreeSet<String>,
    /// Why there is no configuration, when there is none: calls are refused with it.
    pub unconfigured: Option<String>,
    /// Leave interrupted operations to a server: for commands that end at once.
    pub look_only: bool,
    /// Masked known secrets after which a session is stopped; 0 means never.
    pub session_stop_hits: u64,
    /// How long calls wait for their operations.
    pub waits: Waits,
}

/// How long a call waits for its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// When the caller does not say, s.
    pub default_s: u32,
    /// Whatever the caller says, s. Clients give up on calls that take longer than a minute, so 40 at most.
    pub most_s: u32,
}

impl Default for Waits {
    fn default() -> Self {
        Self { default_s: 20, most_s: 40 }
    }
}

impl Waits {
    /// How long a call waits that asked for so many seconds.
    pub fn of(self, asked_s: Option<u32>) -> Duration {
        Duration::from_secs(u64::from(asked_s.unwrap_or(self.default_s).min(self.most_s)))
    }
}

impl Options {
    /// Whether the tool is listed. What is not listed is refused at the call as well.
    pub fn offers(&self, tool: &Tool) -> bool {
        (self.toolsets.is_empty() || self.toolsets.contains(tool.toolset.name()))
            && (self.tools.is_empty() || self.tools.contains(tool.name))
            && !self.exclude_tools.contains(tool.name)
            && !(self.read_only && tool.effect != Effect::Observe)
    }
}
